"""Official results: found by their numbers, on the board until a newer report does not name them, before the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied
from registry.formats.edit_results import ROWS, read_edit_results, read_mapping
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

HEADER = "facility,accession,sequence,patient,tumor,tag,edit,message,severity\n"
MAPPING = b"""source = "State"
[columns]
facility = 1
accession = 2
sequence = 3
patient = 4
tumor = 5
tag = 6
edit = 7
message = 8
severity = 9
[severity]
E = "error"
W = "warning"
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A patient with two tumors at ONE (accession 202300001, sequence 00 and 02), another patient at TWO."""
    second = changed(TUMOR, primarySite="C341", sequenceNumberHospital="02", tumorRecordNumber="02")
    theirs = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202300009")
    person = changed(OTHER_PERSON, patientIdNumber="00000002")
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        opened.run(
            "ingest.file", path=write(tmp_path / "a.xml", (PERSON, [TUMOR, second]), (person, [theirs]))
        )
        opened.run("quality.run", edit_set=["laterality-valid"])
        yield opened


def report(*lines: str) -> dict[str, pl.DataFrame]:
    found = read_edit_results("\n".join(lines).encode() or b"\n ", read_mapping(MAPPING))
    return {"rows": found.rows, "bad": found.bad}


def take(session: Session, *lines: str, day: str = "2026-10-01", **more: Any) -> dict[str, Any]:
    frames = report(*lines) if lines else {"rows": pl.DataFrame(schema=ROWS)}
    done: dict[str, Any] = session.run(
        "quality.import_official", **frames, **{"source_name": "State", **more}, run_date=day
    )
    return done


def official(session: Session, **words: Any) -> list[tuple[Any, ...]]:
    found = session.run("quality.failures", source="official", **words)
    return found.select("abstract_id", "edit", "tag", "severity").rows()


SITE = "9990010,202300001,0,,,N0045,Site and morphology,They contradict,E"
SECOND = "9990010,202300001,02,,,N0046,Laterality,Blank,W"
THEIRS = ",,,2,01,N0045,Site and morphology,They contradict,E"
"""By the numbers that our files carry."""


def test_results_find_their_records(session: Session) -> None:
    lost = [
        "9990010,209900001,00,,,N0045,Name,M,E",
        "9990010,202300001,,,,N0045,Name,M,E",
        ",,,99,01,N0045,Name,M,E",
    ]
    done = take(session, SITE, SECOND, THEIRS, *lost, "9990010,,,,,N0045,Name,M,E")
    assert {name: done[name] for name in ("rows", "matched", "unmatched", "unreadable", "failures", "new")} == {
        "rows": 6, "matched": 3, "unmatched": 3, "unreadable": 1, "failures": 3, "new": 3,
    }  # fmt: skip
    assert official(session) == [
        (1, "Site and morphology", "N0045", "error"), (2, "Laterality", "N0046", "warning"),
        (3, "Site and morphology", "N0045", "error"),
    ]  # fmt: skip
    unmatched = session.run("quality.unmatched")
    assert unmatched.select("line", "accession", "problem").rows() == [
        (4, "209900001", "no record has these numbers"),
        (5, "202300001", "several records have these numbers"),
        (6, None, "no record has these numbers"),
    ]
    kept = session.run("quarantine.list").filter(pl.col("kind") == "edit result")
    assert kept["reason"].to_list() == ["names no record"]
    whole = session.run("quarantine.show", quarantine_id=kept["quarantine_id"][0])
    assert bytes(whole["content"]) == b"9990010,,,,,N0045,Name,M,E"
    assert session._store.query("SELECT count(*) FROM official_result").item() == 6
    assert session.run("audit.verify")["ok"]


def test_our_own_runs_leave_official_failures_alone(session: Session) -> None:
    take(session, SITE)
    for full in (False, True):
        session.run("quality.run", edit_set="all", full=full)
        session.run("quality.rerun", abstract_id=1)
        assert len(official(session)) == 1
    with pytest.raises(BadInput, match="official result"):
        number = session.run("quality.failures", source="official")["failure_id"][0]
        session.run("quality.override", failure_id=number, reason="no")
    assert session.run("quality.assign", failure_ids=[number], to=session.actor.name)["assigned"] == 1


def test_a_newer_report_closes_what_it_does_not_name_and_reopens_what_it_names_again(
    session: Session,
) -> None:
    take(session, SITE, SECOND)
    first = session.run("quality.failures", source="official")["failure_id"].to_list()
    done = take(session, SECOND, day="2026-10-08")
    assert (done["new"], done["fixed"], done["reopened"]) == (0, 1, 0)
    closed = session.run("quality.failures", source="official", state="fixed").row(0, named=True)
    assert (closed["failure_id"], closed["closed_as"]) == (first[0], "not reported")
    done = take(session, SITE, day="2026-10-15")
    assert (done["new"], done["fixed"], done["reopened"]) == (0, 1, 1)
    assert session.run("quality.failures", source="official")["failure_id"].to_list() == first[:1]
    with pytest.raises(Conflict, match="2026-10-15 was imported already"):
        take(session, SECOND, day="2026-10-08")
    assert take(session, day="2026-10-22")["fixed"] == 1  # a run without failures
    assert official(session) == []


def test_a_report_closes_nothing_that_it_did_not_cover(session: Session) -> None:
    take(session, SITE, SECOND, THEIRS)
    done = take(session, SITE, day="2026-10-08", covers="records")
    assert done["fixed"] == 0
    assert (
        take(session, SITE, day="2026-10-09", covers="facilities")["fixed"] == 1
    )  # SECOND, of the same facility
    assert [row[0] for row in official(session)] == [1, 3]
    assert take(session, SITE, day="2026-10-10", source_name="Another")["fixed"] == 0
    assert len(official(session)) == 3


def test_official_failures_hold_a_submission_back(session: Session) -> None:
    take(session, SECOND)
    assert session.run("quality.gate")["official"] == 0  # a warning
    take(session, SITE, SECOND, day="2026-10-02")
    gate = session.run("quality.gate", facility=ONE)
    assert (gate["ready"], gate["official"]) == (False, 1)
    assert gate["by_edit"].row(0)[:3] == ("official", "Site and morphology", "error")
    assert session.run("quality.gate", facility=TWO)["official"] == 0
    session.run("records.status", abstract_id=1, to="void", reason="reported twice")
    assert session.run("quality.gate", facility=ONE)["official"] == 0
    take(session, day="2026-10-03")
    assert session.run("quality.gate")["official"] == 0


def test_an_edit_is_ours_when_its_official_name_is_known(session: Session) -> None:
    from registry import edits

    name, edit = next((name, edit) for name, edit in edits.all_edits().items() if edit.naaccr_name)
    take(session, f'9990010,202300001,00,,,N9999,"{edit.naaccr_name}",M,E')
    row = session.run("quality.failures", source="official").row(0, named=True)
    assert row["own_edit"] is not None
    assert row["items"].split(";") == list(edits.find(row["own_edit"]).items)
    found = session.run("quality.failure", failure_id=row["failure_id"])
    assert [item["item"] for item in found["record"]["items"] if item["involved"]]
    assert name in edits.all_edits()


def test_several_messages_of_one_edit_are_one_failure(session: Session) -> None:
    take(session, SITE, SITE.replace("They contradict,E", "Look at the side,W"), SITE)
    rows = session.run("quality.failures", source="official").select("message", "severity").rows()
    assert rows == [("They contradict; Look at the side", "error")]


def test_a_file_of_tumors_numbers_tumors(session: Session) -> None:
    done = take(session, ",,,1,02,N0045,Name,M,E", sent="tumors")
    assert (done["matched"], official(session)[0][0]) == (1, 2)


def test_who_may_import_and_what_is_refused(session: Session) -> None:
    with pytest.raises(Denied):
        take(session.as_actor(Actor("quinn", "quality", frozenset({ONE}))), SITE)
    with pytest.raises(Denied):
        take(session.as_actor(Actor("anna", "registrar")), SITE)
    for wrong in (
        {"rows": 1},
        {"rows": pl.DataFrame()},
        {"source_name": " "},
        {"covers": "some"},
        {"sent": "letters"},
    ):
        words: dict[str, Any] = {**report(SITE), "source_name": "State", **wrong}
        with pytest.raises(BadInput):
            session.run("quality.import_official", **words)
    with pytest.raises(BadInput, match="not a date"):
        take(session, SITE, day="yesterday")
    assert session.run("quality.runs", kind="official").is_empty()
