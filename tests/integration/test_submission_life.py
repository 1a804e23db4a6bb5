"""The life of a submission: prepared, sealed, sent, answered, corrected, sent again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, NotFound
from registry.formats import read_naaccr_xml
from registry.service import Session
from tests.integration.submitted import AS_OF, registry, tumor
from tests.received import changed, write

FULL = {"profile": "STATE_FULL", "as_of": AS_OF}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with registry(tmp_path) as opened:
        yield opened


def sealed(session: Session, out: Path, **request: Any) -> dict[str, Any]:
    made = session.run("submission.prepare", seal=True, out=str(out), **{**FULL, **request})
    assert made["state"] == "SEALED", made["problems"]
    return dict(made)


def sent(session: Session, out: Path, **request: Any) -> int:
    number = int(sealed(session, out, **request)["submission_id"])
    session.run("submission.send", submission_id=number)
    return number


def data_of(made: dict[str, Any]) -> Path:
    return Path(made["folder"]) / made["files"][-1]["name"]


def report(rows: str) -> str:
    return f"patientIdNumber,tumorRecordNumber,answer,reason\n{rows}"


def correct(session: Session, abstract_id: int, **items: str) -> None:
    status = session._store.query("SELECT status, version FROM abstract WHERE abstract_id = ?", [abstract_id])
    version = status["version"].item()
    if status["status"].item() in ("complete", "exported"):
        session.run("records.status", abstract_id=abstract_id, to="reopened", reason="to be corrected")
        version += 1
    session.run("records.save", abstract_id=abstract_id, changes=items, expected_version=version)
    session.run("records.status", abstract_id=abstract_id, to="complete")


def test_a_submission_from_end_to_end(session: Session, tmp_path: Path) -> None:
    made = sealed(session, tmp_path / "out")
    assert (made["records"], made["held"], made["changes"]) == (3, 0, {"new": 3, "same": 0})
    read = read_naaccr_xml(data_of(made))
    assert read.patients["patientIdNumber"].to_list() == ["00000001", "00000002", "00000003"]
    assert read.header.time_generated == "2026-11-01T12:00:00"
    number = made["submission_id"]
    went = session.run("submission.send", submission_id=number, on="2026-11-01")
    assert (went["disclosed"], went["exported"], went["state"]) == (3, 3, "SENT")
    assert session._store.query("SELECT DISTINCT status FROM abstract")["status"].to_list() == ["exported"]
    given = session.run("disclosures.of_patient", patient_id=2, as_of="2026-11-01")
    assert given["recipient"].to_list() == ["central cancer registry of the state"]
    answer = session.run(
        "submission.acknowledge",
        submission_id=number,
        content=report("2,1,rejected,sequence number is wrong\n"),
    )
    assert (answer["state"], answer["accepted"], answer["rejected"], answer["tasks"]) == (
        "PARTLY_REJECTED",
        2,
        1,
        1,
    )
    tasks = session.run("tasks.list", kind="submission rejected")
    assert tasks.select("patient_id", "abstract_id").rows() == [(2, 2)]
    assert tasks["detail"].item() == f"submission {number}, STATE_FULL: sequence number is wrong"

    # not corrected yet: it would be rejected again
    waiting = session.run("submission.resubmit", submission_id=number, as_of="2026-11-02")
    assert (waiting["state"], waiting["records"], waiting["held"]) == ("DRAFT", 0, 1)
    assert waiting["held_back"]["reason"].to_list() == ["rejected before, not corrected"]

    correct(session, 2, sequenceNumberHospital="60", behaviorCodeIcdO3="3", laterality="1")
    again = session.run(
        "submission.resubmit",
        submission_id=number,
        as_of="2026-11-03",
        seal=True,
        out=str(tmp_path / "again"),
    )
    assert again["state"] == "SEALED", again["held_back"].rows()
    assert read_naaccr_xml(data_of(again)).patients["patientIdNumber"].to_list() == ["00000002"]
    assert (again["first_submission_id"], again["previous_submission_id"]) == (number, number)
    closed = session.run("submission.send", submission_id=again["submission_id"])
    assert closed["tasks_closed"] == 1
    assert session.run("tasks.list", kind="submission rejected").is_empty()
    assert session.run("submission.show", submission_id=number)["submission"]["state"] == "RESUBMITTED"
    session.run(
        "submission.acknowledge", submission_id=again["submission_id"], answer="accepted", receipt="R-9"
    )
    shown = session.run("submission.show", submission_id=again["submission_id"])
    assert shown["submission"]["state"] == "ACKNOWLEDGED"
    assert shown["events"]["state"].to_list() == ["DRAFT", "VALIDATED", "SEALED", "SENT", "ACKNOWLEDGED"]
    nothing = session.run("submission.preview", **{**FULL, "as_of": "2026-11-04"})
    assert (nothing["going"], nothing["same"], len(nothing["problems"])) == (0, 3, 1)
    assert session.run("audit.verify")["ok"]


def test_the_same_request_gives_the_same_submission_and_bytes(session: Session, tmp_path: Path) -> None:
    one, two = (sealed(session, tmp_path / name) for name in ("one", "two"))
    assert (one["repeated"], two["repeated"]) == (False, True)
    assert one["submission_id"] == two["submission_id"]
    assert one["files"] == two["files"]
    assert data_of(one).read_bytes() == data_of(two).read_bytes()
    later = session.run("submission.prepare", **{**FULL, "as_of": "2026-11-05"})
    assert later["submission_id"] != one["submission_id"]


def test_only_what_changed_leaves_and_what_is_gone_is_listed(session: Session, tmp_path: Path) -> None:
    number = sent(session, tmp_path / "one")
    session.run("submission.acknowledge", submission_id=number, answer="accepted")
    correct(session, 1, laterality="1")
    session.run("records.status", abstract_id=3, to="void", reason="not reportable")
    session.run(
        "ingest.file",
        path=write(
            tmp_path / "new.xml",
            (
                changed(
                    {
                        "nameLast": "Diaz",
                        "dateOfBirth": "19400101",
                        "sexAssignedAtBirth": "1",
                        "vitalStatus": "1",
                        "dateOfLastContact": "20240301",
                    }
                ),
                [tumor(4)],
            ),
        ),
    )
    made = sealed(session, tmp_path / "two", as_of="2026-11-02")
    assert made["changes"] == {"changed": 1, "deleted": 1, "new": 1, "same": 1}
    assert read_naaccr_xml(data_of(made)).patients["patientIdNumber"].to_list() == ["00000001", "00000004"]
    gone = next(path for path in data_of(made).parent.iterdir() if "deletions" in path.name).read_text()
    assert gone.splitlines()[1:] == ["00000003,01,0009990028,202300003"]
    manifest = json.loads(data_of(made).with_name(data_of(made).name + ".manifest.json").read_text())
    assert manifest["changes"] == {"new": 1, "changed": 1, "deleted": 1, "same": 1}
    session.run("submission.send", submission_id=made["submission_id"])
    session.run("submission.acknowledge", submission_id=made["submission_id"], answer="accepted")
    assert session.run("submission.preview", **{**FULL, "as_of": "2026-11-03"})["deleted"] == 0
    whole = session.run("submission.preview", **{**FULL, "as_of": "2026-11-03", "full": True})
    assert dict(whole["changes"].iter_rows()) == {"same": 3}


def test_what_was_not_accepted_is_no_base(session: Session, tmp_path: Path) -> None:
    number = sent(session, tmp_path / "one")
    assert session.run("submission.preview", **{**FULL, "as_of": "2026-11-02"})["going"] == 3
    session.run("submission.acknowledge", submission_id=number, answer="rejected")
    shown = session.run("submission.show", submission_id=number)["submission"]
    assert (shown["state"], shown["rejected"]) == ("REJECTED", 3)
    assert session.run("submission.preview", **{**FULL, "as_of": "2026-11-02"})["held"] == 3
    for task in session.run("tasks.list", kind="submission rejected")["task_id"]:
        session.run("tasks.close", task_id=task, outcome="right as it stands, the receiver was told")
    assert session.run("submission.preview", **{**FULL, "as_of": "2026-11-02"})["going"] == 3


def test_a_sealed_file_is_never_changed(session: Session, tmp_path: Path) -> None:
    made = sealed(session, tmp_path / "out")
    number, data = made["submission_id"], data_of(made)
    data.write_bytes(data.read_bytes().replace(b"Alvarez", b"Alvarer"))
    with pytest.raises(BadInput, match="changed since it was sealed"):
        session.run("submission.send", submission_id=number)
    with pytest.raises(BadInput, match="changed since it was sealed"):
        session.run("submission.file", submission_id=number, name=data.name)
    assert (
        session.run("submission.show", submission_id=number)["files"]["present"].to_list().count(False) == 1
    )
    again = session.run("submission.seal", submission_id=number, out=str(tmp_path / "out"))
    assert again["files"] == made["files"]
    assert session.run("submission.send", submission_id=number)["state"] == "SENT"
    with pytest.raises(BadInput, match="SENT"):
        session.run("submission.seal", submission_id=number)


def test_records_that_changed_since_are_not_sealed(session: Session, tmp_path: Path) -> None:
    made = session.run("submission.prepare", **FULL)
    correct(session, 1, laterality="1")
    with pytest.raises(Conflict, match="prepare it again"):
        session.run("submission.seal", submission_id=made["submission_id"], out=str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []
    assert session.run("submission.show", submission_id=made["submission_id"])["may"] == ["seal"]
    session.run("submission.prepare", **FULL)
    assert (
        session.run("submission.show", submission_id=made["submission_id"])["submission"]["state"]
        == "DISCARDED"
    )


def test_answers_in_pieces_and_twice(session: Session, tmp_path: Path) -> None:
    number = sent(session, tmp_path / "out")
    first = session.run(
        "submission.acknowledge", submission_id=number, content=report("1,1,accepted,\n9,1,rejected,who\n")
    )
    assert (first["state"], first["accepted"], first["unanswered"], first["unmatched"]) == ("SENT", 1, 2, 1)
    rows = report("2,1,accepted,\n3,1,rejected,no such county\n")
    second = session.run("submission.acknowledge", submission_id=number, content=rows)
    assert (second["state"], second["tasks"]) == ("PARTLY_REJECTED", 1)
    same = session.run("submission.acknowledge", submission_id=number, content=rows)
    assert (same["tasks"], same["version"]) == (0, second["version"])
    assert session.run("tasks.list", kind="submission rejected").height == 1
    late = session.run("submission.acknowledge", submission_id=number, content=report("3,1,accepted,\n"))
    assert (late["state"], late["rejected"]) == ("ACKNOWLEDGED", 0)
    assert session.run("tasks.list", kind="submission rejected").is_empty()


def test_answers_by_accession_number_and_facility_in_json(session: Session, tmp_path: Path) -> None:
    number = sent(session, tmp_path / "out")
    records = [
        {
            "accessionNumberHosp": "202300003",
            "reportingFacility": "0009990028",
            "answer": "rejected",
            "reason": "E1",
        }
    ]
    text = json.dumps({"submission_id": number, "receipt": "R-17", "answer": "accepted", "records": records})
    told = session.run("submission.acknowledge", submission_id=number, content=text)
    assert (told["accepted"], told["rejected"]) == (2, 1)
    rejected = session.run("submission.records", submission_id=number, answer="rejected")
    assert rejected.select("patient_id", "reason", "task_state").rows() == [(3, "E1", "open")]
    assert session.run("submission.show", submission_id=number)["submission"]["receipt"] == "R-17"
    other = json.dumps({"submission_id": number + 1, "answer": "accepted"})
    with pytest.raises(BadInput, match=f"about submission {number + 1}"):
        session.run("submission.acknowledge", submission_id=number, content=other)


def test_steps_out_of_order_are_refused(session: Session, tmp_path: Path) -> None:
    number = session.run("submission.prepare", **FULL)["submission_id"]
    for step, arguments, why in (
        ("send", {}, "only what is sealed"),
        ("acknowledge", {"answer": "accepted"}, "waits for no answer"),
        ("resubmit", {}, "only what was answered"),
    ):
        with pytest.raises(BadInput, match=why):
            session.run(f"submission.{step}", submission_id=number, **arguments)
    with pytest.raises(Conflict, match="read it again"):
        session.run("submission.seal", submission_id=number, expected_version=7)
    with pytest.raises(NotFound):
        session.run("submission.show", submission_id=number + 100)
    session.run("submission.seal", submission_id=number, out=str(tmp_path / "x"))
    with pytest.raises(BadInput, match="future"):
        session.run("submission.send", submission_id=number, on="2026-12-01")


def test_a_file_of_the_linkage_stays_here(session: Session, tmp_path: Path) -> None:
    made = sealed(session, tmp_path / "out", profile="VPR")
    with pytest.raises(BadInput, match="never leaves"):
        session.run("submission.send", submission_id=made["submission_id"])


def test_files_without_identifiers_need_no_accounting(session: Session, tmp_path: Path) -> None:
    number = int(sealed(session, tmp_path / "out", profile="NPCR_CSS")["submission_id"])
    assert session.run("submission.send", submission_id=number)["disclosed"] == 0
    assert session.run("disclosures.list", as_of="2026-11-01").is_empty()


def test_files_are_ours_alone_and_all_or_none(session: Session, tmp_path: Path) -> None:
    made = sealed(session, tmp_path / "deep")
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "deep").iterdir()} == {0o600}
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == sorted(
        one["name"] for one in made["files"]
    )
    number = session.run("submission.prepare", **{**FULL, "as_of": "2026-11-02"})["submission_id"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / f"STATE_FULL-{number}.xml.cover.txt").mkdir()  # a name that is taken
    with pytest.raises(IsADirectoryError):
        session.run("submission.seal", submission_id=number, out=str(tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == [f"STATE_FULL-{number}.xml.cover.txt"]
    assert session.run("submission.show", submission_id=number)["submission"]["state"] == "VALIDATED"
    gz = session.run("submission.seal", submission_id=number, out=str(tmp_path / "state.xml.gz"))
    assert gz["files"][-1]["name"] == "state.xml.gz"
    downloaded = session.run("submission.file", submission_id=number, name="state.xml.gz")
    assert (downloaded["media_type"], downloaded["content"][:2]) == ("application/gzip", b"\x1f\x8b")


def test_an_exchange_makes_one_sealed_file_a_state(tmp_path: Path) -> None:
    from pipelines.submit import make
    from registry import submissions
    from tests.integration.submitted import RECORDS

    away = [
        (changed(RECORDS[n][0], nameLast=name, socialSecurityNumber=f"30{n}225555"), [tumor(10 + n, addrAtDxState=state, countyAtDx="001", addrAtDxPostalCode=zipcode)])
        for n, name, state, zipcode in ((0, "Eaton", "CT", "06001"), (1, "Fox", "NJ", "07001"), (2, "Gray", "CT", "06001"))
    ]  # fmt: skip
    submissions.write_key(tmp_path / "key", submissions.new_key())
    with registry(tmp_path, *RECORDS, *away) as session:
        with pytest.raises(BadInput, match="--file-key-file"):
            make(session, "IDE", out=str(tmp_path / "none"), as_of=AS_OF)
        made = make(session, "IDE", out=str(tmp_path / "out"), as_of=AS_OF, file_key=str(tmp_path / "key"))
        assert [(one["region"], one["records"]) for one in made] == [("CT", 2), ("NJ", 1)], made
        assert not list((tmp_path / "out").glob("*.xml"))
        held = data_of(made[0])
        plain = submissions.unseal_file(held, submissions.read_key(tmp_path / "key"), tmp_path)
        assert set(read_naaccr_xml(plain).tumors["addrAtDxState"]) == {"CT"}
        assert b"Eaton" not in held.read_bytes()
        letter = next(
            path
            for path in (tmp_path / "out").iterdir()
            if path.name.endswith(".letter.txt") and "CT" in path.name
        )
        assert "2 tumors of 2 patients" in letter.read_text()
        assert (
            make(session, "IDE", out=str(tmp_path / "two"), as_of=AS_OF, file_key=str(tmp_path / "key"))[0][
                "files"
            ]
            == made[0]["files"]
        )
        session.run("submission.send", submission_id=made[1]["submission_id"], recipient_address="Trenton")
        assert session.run("disclosures.list", as_of="2026-11-01").select(
            "kind", "patients", "recipient_address"
        ).rows() == [("exchange", 1, "Trenton")]


def test_corrections_of_what_was_sent_go_as_modified_records(session: Session, tmp_path: Path) -> None:
    modified = {"profile": "STATE_MODIFIED"}
    number = sent(session, tmp_path / "full")
    session.run("submission.acknowledge", submission_id=number, answer="accepted")
    assert session.run("submission.preview", as_of="2026-11-02", **modified)["going"] == 0
    correct(session, 1, laterality="1")
    made = sealed(session, tmp_path / "m", as_of="2026-11-03", **modified)
    assert made["changes"] == {"changed": 1, "same": 2}
    read = read_naaccr_xml(data_of(made))
    assert (read.header.record_type, read.patients["patientIdNumber"].to_list()) == ("M", ["00000001"])
    session.run("submission.send", submission_id=made["submission_id"])
    session.run("submission.acknowledge", submission_id=made["submission_id"], answer="accepted")
    assert session.run("submission.preview", **{**FULL, "as_of": "2026-11-04"})["going"] == 0, (
        "the state has it"
    )
    session.run("records.status", abstract_id=3, to="void", reason="not reportable")
    gone = session.run("submission.preview", as_of="2026-11-05", **modified)
    assert (gone["going"], gone["deleted"]) == (0, 1)


def test_a_record_that_moves_to_another_patient_is_sent_under_its_new_number(
    session: Session, tmp_path: Path
) -> None:
    number = sent(session, tmp_path / "one", profile="NPCR_CSS")
    session.run("submission.acknowledge", submission_id=number, answer="accepted")
    with session._store.unit_of_work("test", "join two patients") as work:
        for table in ("tumor", "abstract"):
            version = work.query(f"SELECT version FROM {table} WHERE {table}_id = 3").item()
            work.update(table, 3, {"patient_id": 2}, expected_version=version)
        work.tombstone("patient", 3, expected_version=1, reason="the same person as patient 2")
    made = sealed(session, tmp_path / "two", profile="NPCR_CSS", as_of="2026-11-02")
    assert made["changes"] == {"changed": 1, "same": 2}
    assert read_naaccr_xml(data_of(made)).tumors["tumorRecordNumber"].to_list() == ["01", "01", "02"]
    gone = data_of(made).with_name(data_of(made).name + ".deletions.csv").read_text()
    assert [line[:11] for line in gone.splitlines()[1:]] == ["00000003,01"]


def test_what_became_restricted_is_to_be_deleted_there(session: Session, tmp_path: Path) -> None:
    number = sent(session, tmp_path / "one", profile="CI5")
    session.run("submission.acknowledge", submission_id=number, answer="accepted")
    correct(session, 2, reportingFacilityRestrictionFlag="02")
    found = session.run("submission.preview", profile="CI5", as_of="2026-11-02")
    assert (found["going"], found["deleted"], found["held"]) == (2, 1, 1)
    only = session.run("submission.preview", profile="CI5", as_of="2026-11-02", from_year=2023)
    assert (only["going"], only["deleted"]) == (2, 0), "other years are not asked about"


def test_what_somebody_prepares_is_left_alone(session: Session) -> None:
    from pipelines.submit import due

    session.run("settings.change", submission_profiles="STATE_FULL")
    mine = session.run("submission.prepare", **FULL)["submission_id"]
    told = due(session, dt.date(2026, 11, 1))
    assert [(one["submission_id"], one["note"]) for one in told] == [
        (None, f"submission {mine} is being prepared: send or replace it")
    ]
    assert session.run("submission.show", submission_id=mine)["submission"]["state"] == "VALIDATED"


def test_the_calendar_knows_what_was_prepared(session: Session) -> None:
    from pipelines.submit import due

    session.run("settings.change", submission_profiles="STATE_FULL NPCR_CSS IDE")
    made = due(session, dt.date(2026, 11, 1))
    assert [(one["profile"], str(one["due_on"]), one["state"]) for one in made] == [
        ("STATE_FULL", "2026-11-15", "VALIDATED"), ("NPCR_CSS", "2026-11-30", "VALIDATED"),
    ]  # fmt: skip
    assert due(session, dt.date(2026, 11, 1)) == []
    shown = session.run("submission.calendar", as_of="2026-11-20").filter(pl.col("used"))
    late = shown.filter(pl.col("profile") == "STATE_FULL").row(0, named=True)
    assert (str(late["due_on"]), late["days"], late["state"]) == ("2026-11-15", -5, "VALIDATED")
