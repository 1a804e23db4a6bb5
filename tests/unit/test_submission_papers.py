"""What goes with a file and what comes back: seals, manifests, letters, receivers' reports, required status."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput, NotFound
from registry.submissions import (
    Request,
    as_text,
    count_letter,
    cover_sheet,
    cover_sheet_html,
    make_manifest,
    match_answers,
    new_key,
    plan,
    profiles,
    read_acknowledgement,
    read_key,
    read_required,
    required_of,
    seal_file,
    select,
    submission_file,
    unseal_file,
    write_deletions,
    write_key,
    zip_file,
)
from registry.submissions.sealing import PIECE

NOON = dt.datetime(2026, 10, 31, 12, 0)
KEY = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_sealed_and_opened(tmp_path: Path, size: int) -> None:
    content = bytes(n % 251 for n in range(1000)) * (size // 1000 + 1)
    plain = tmp_path / "ny.xml"
    plain.write_bytes(content[:size])
    for name in ("a", "b"):
        seal_file(plain, KEY, tmp_path / f"{name}.sealed")
    assert (tmp_path / "a.sealed").read_bytes() == (tmp_path / "b.sealed").read_bytes(), (
        "equal bytes, no clock"
    )
    plain.unlink()
    assert unseal_file(tmp_path / "a.sealed", KEY) == plain
    assert plain.read_bytes() == content[:size]
    (tmp_path / "out").mkdir()
    assert unseal_file(tmp_path / "a.sealed", KEY, tmp_path / "out") == tmp_path / "out" / "ny.xml"


def test_a_changed_seal_stays_shut(tmp_path: Path) -> None:
    plain = tmp_path / "ny.xml"
    plain.write_bytes(b"<patient>" * 300_000)
    seal_file(plain, KEY, tmp_path / "s")
    sealed = (tmp_path / "s").read_bytes()
    assert b"<patient>" not in sealed
    end = len(sealed)
    pieces = 8 + 16 + 2 + len("ny.xml")
    broken = {
        "one bit": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "the name": sealed[:26] + b"cx" + sealed[28:],
        "the salt": sealed[:8] + bytes([sealed[8] ^ 1]) + sealed[9:],
        "cut at a piece": sealed[: pieces + PIECE + 16],
        "cut": sealed[: end // 2],
        "longer": sealed + b"x",
        "swapped": sealed[:pieces] + sealed[pieces + PIECE + 16 : pieces + 2 * PIECE + 32]
        + sealed[pieces : pieces + PIECE + 16] + sealed[pieces + 2 * PIECE + 32 :],
        "no seal": b"<NaaccrData/>",
        "nothing": b"",
    }  # fmt: skip
    for what, data in broken.items():
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(BadInput):
            unseal_file(tmp_path / "x", KEY, tmp_path / "opened")
        assert not (tmp_path / "opened").exists(), what
    with pytest.raises(BadInput, match="does not open it"):
        unseal_file(tmp_path / "s", bytes(32), tmp_path / "opened")
    assert {path.name for path in tmp_path.iterdir()} == {"ny.xml", "s", "x"}


def test_a_sealed_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    seal_file(Path(__file__), KEY, tmp_path / "s")
    data = (tmp_path / "s").read_bytes()
    assert unseal_file(tmp_path / "s", KEY, tmp_path).parent == tmp_path
    assert data[26:].startswith(Path(__file__).name.encode())


def test_keys(tmp_path: Path) -> None:
    key = new_key()
    write_key(tmp_path / "k", key)
    assert read_key(tmp_path / "k") == key and key != new_key()
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput, match="there already"):
        write_key(tmp_path / "k", key)
    (tmp_path / "bad").write_text("12ab")
    with pytest.raises(BadInput, match="64 hexadecimal"):
        read_key(tmp_path / "bad")
    with pytest.raises(NotFound):
        read_key(tmp_path / "none")


def test_zip_has_no_clock(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"x" * 3_000_000)
    one = zip_file(tmp_path / "a.xml").read_bytes()
    assert zip_file(tmp_path / "a.xml", tmp_path / "b.zip").read_bytes() == one and len(one) < 10_000


PATIENTS = pl.DataFrame(
    {"patient_id": [1, 2], "nameLast": ["Rivera", "Brooks"], "vitalStatus": ["1", "0"], "race1": ["01", None]}
)
TUMORS = pl.DataFrame(
    {
        "tumor_id": [1, 2, 3], "patient_id": [1, 1, 2], "dateOfDiagnosis": ["20200115", "2021", ""],
        "primarySite": ["C504", "C509", "C341"], "addrAtDxState": ["CT", "CT", "CT"],
        "reportingFacilityRestrictionFlag": ["00", "", "02"], "textRemarks": ["Rivera again", None, None],
        "behaviorCodeIcdO3": ["3", "3", "3"], "histologicTypeIcdO3": ["8500", "8500", "8140"],
    }
)  # fmt: skip


def papers(folder: Path, profile: str = "IDE") -> tuple[dict[str, object], bytes]:
    request = Request(profiles()[profile], NOON, home_state="NY", state="CT", remark="SYNTHETIC")
    selection = select(request, TUMORS)
    chosen = TUMORS.join(selection.taken.select("tumor_id"), on="tumor_id", how="semi")
    asked = pl.DataFrame({"item": ["race1", "primarySite", "laterality"], "code": ["R", "R", "R"]})
    path = folder / "out.xml"
    with submission_file(path, request, required=asked) as file:
        file.add(PATIENTS.join(chosen, on="patient_id", how="semi"), chosen)
    found = make_manifest(
        file.written, request, plan=plan(request, [*PATIENTS.columns, *TUMORS.columns]), selection=selection,
        changes={"new": 2, "deleted": 1}, edits={"edit_set": "submission", "errors": 0}, extra={"submission": 12},
    )  # fmt: skip
    return found, path.read_bytes()


def test_a_manifest_says_what_the_file_holds(tmp_path: Path) -> None:
    found, data = papers(tmp_path)
    assert found["bytes"] == len(data) and found["patients"] == 1 and found["records"] == 2
    assert found["records_by_diagnosis_year"] == {"2020": 1, "2021": 1}
    assert found["records_by_site"] == {"C50": 2}
    assert found["held_back"] == [{"reason": "restricted", "detail": "02", "records": 1}]
    assert found["required"] == [
        {"item": "laterality", "code": "R", "records": 2, "blank": 2},
        {"item": "primarySite", "code": "R", "records": 2, "blank": 0},
        {"item": "race1", "code": "R", "records": 2, "blank": 0},
    ]
    assert found["items_not_sent"]["textRemarks"] == "not part of record type C"  # type: ignore[index]
    assert found["items"]["nameLast"] == 1  # type: ignore[index]
    text = as_text(found)
    assert json.loads(text) == json.loads(as_text(papers(tmp_path)[0]))
    for paper in (
        text,
        cover_sheet(found),
        cover_sheet_html(found),
        count_letter(found, "New York", "Connecticut"),
    ):
        assert "Rivera" not in paper
    assert next(iter(found)) == "submission"


def test_papers_for_people(tmp_path: Path) -> None:
    found, _ = papers(tmp_path)
    sheet, page = cover_sheet(found), cover_sheet_html({**found, "receiver": "<b>x</b>"})
    assert "restricted, 02" in sheet and str(found["sha256"]) in sheet and "SYNTHETIC" in sheet
    assert "<b>x</b>" not in page and "&lt;b&gt;x&lt;/b&gt;" in page
    letter = count_letter(found, "New York registry", "Connecticut registry")
    assert "2 tumors of 1 patient living" in letter and str(found["sha256"]) in letter and "deleted" in letter


def test_deletions(tmp_path: Path) -> None:
    rows = pl.DataFrame({"patientIdNumber": ["00000002", "00000001"], "tumorRecordNumber": ["01", "02"]})
    digest, size = write_deletions(tmp_path / "d.csv", rows)
    lines = (tmp_path / "d.csv").read_text().splitlines()
    assert lines == [
        "patientIdNumber,tumorRecordNumber,reportingFacility,accessionNumberHosp",
        "00000001,02,,",
        "00000002,01,,",
    ]
    assert len(digest) == 64 and size == (tmp_path / "d.csv").stat().st_size


SENT = pl.DataFrame(
    {
        "tumor_id": [1, 2, 3], "patientIdNumber": ["00000001", "00000001", "00000002"],
        "tumorRecordNumber": ["01", "02", "01"], "accessionNumberHosp": ["202300001", "202300001", "202300009"],
        "reportingFacility": ["0000000001"] * 3,
    }
)  # fmt: skip
HEAD = "patientIdNumber,tumorRecordNumber,accessionNumberHosp,reportingFacility,answer,reason\n"


def test_answers_of_records() -> None:
    report = read_acknowledgement(
        "a.csv",
        ("# receipt: R-17\n# submission_id: 12\n" + HEAD + "1,1,,,accepted,\n1,01,,,Rejected,bad site\n,,202300009,1,R,late\n"
         "9,1,,,accepted,\n,,202300001,1,A,\n").encode(),
    )  # fmt: skip
    assert (report.submission_id, report.receipt, report.answer) == (12, "R-17", None)
    answers, unmatched = match_answers(report, SENT)
    assert answers.rows() == [(1, "rejected", "bad site"), (3, "rejected", "late")]
    assert unmatched.rows() == [(7, "fits no record sent"), (8, "fits several records sent")]


def test_an_answer_for_the_whole_file() -> None:
    report = read_acknowledgement("a.csv", ("# answer: accepted\n" + HEAD + "2,1,,,rejected,why\n").encode())
    assert match_answers(report, SENT)[0].rows() == [
        (1, "accepted", None),
        (2, "accepted", None),
        (3, "rejected", "why"),
    ]
    same = {
        "receipt": "7",
        "answer": "accepted",
        "records": [{"patientIdNumber": 2, "tumorRecordNumber": 1, "answer": "rejected", "reason": "why"}],
    }
    again = read_acknowledgement("a.json", json.dumps(same).encode())
    assert (
        match_answers(again, SENT)[0].rows() == match_answers(report, SENT)[0].rows() and again.receipt == "7"
    )
    assert read_acknowledgement("b.csv", b"answer\naccepted\n").answer == "accepted"
    assert read_acknowledgement("b.csv", b"# answer: rejected\n").answer == "rejected"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "holds no answer"),
        (b"\xff\xfe", "UTF-8"),
        (b"patientIdNumber\n1\n", "no column answer"),
        (HEAD.encode() + b"1,1,,,perhaps,\n", "a.csv:2: has no answer"),
        (b"{", "is not JSON"),
        (b'{"records": 3}', "no list"),
        (b'{"answer": "accepted", "submission_id": "x"}', "is no number"),
        (b"answer\naccepted\nrejected\n", "twice, and differently"),
    ],
)
def test_a_report_that_cannot_be_read(content: bytes, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        read_acknowledgement("a.csv", content)


def test_required_status_in_both_forms() -> None:
    long = read_required(
        "r.csv",
        b"item,naaccr_version,agency,code\nprimarySite,26,NPCR,R\n2230,260,NPCR,R\nlaterality,26,CoC,RS\n",
        source="page",
    )
    wide = read_required(
        "r.csv",
        b"Item #;Item Name;NPCR Collect;CoC Collect\n400;Primary Site;R;\n2230;x;R;.\n410;x;;RS\n",
        "260",
        source="page",
    )
    assert long.rows() == wide.filter(pl.col("code") != ".").rows()
    request = Request(profiles()["NPCR_CSS"], NOON, state="NY")
    assert required_of(wide, request).rows() == [("primarySite", "R")], "no name is asked of a type I file"
    assert required_of(wide, Request(profiles()["COC_RCRS"], NOON)).is_empty(), (
        "with a condition: the edits' work"
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "no rows"),
        (b"code,agency\nR,NPCR\n", "no column item"),
        (b"item,note\n400,x\n", "neither agency and code"),
        (b"item,NPCR\n400,yes!\n", "r.csv:2: NPCR 'YES!'"),
        (b"item,NPCR\n99999,R\n", "r.csv:2"),
        (b"item,NPCR\nnobodysItem,R\n", "r.csv:2"),
        (b"item,NPCR\n400,\n", "holds no status"),
        (b"item,naaccr_version,NPCR\n400,99,R\n", "r.csv:2"),
    ],
)
def test_a_required_table_that_cannot_be_read(content: bytes, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        read_required("r.csv", content, "260")
    with pytest.raises(BadInput, match="names no NAACCR version"):
        read_required("r.csv", b"item,NPCR\n400,R\n")
