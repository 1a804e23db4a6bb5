"""Pathology messages and treatments: kept with their bytes, joined on agreement, corrected, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.service import Session
from tests.received import (
    FACILITIES,
    KEY,
    ONE,
    OTHER_PERSON,
    PERSON,
    TREATMENT_HEADER,
    TUMOR,
    hl7,
    treatment,
    write,
)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        (tmp_path / "facilities.csv").write_text(FACILITIES)
        opened.run("ingest.file", path=str(tmp_path / "facilities.csv"))
        opened.run("ingest.file", path=write(tmp_path / "one.xml", (PERSON, [TUMOR])))
        yield opened


def take(session: Session, path: Path, text: str) -> dict[str, object]:
    path.write_bytes(text.encode())
    return dict(session.run("ingest.file", path=str(path)))


def reports(session: Session) -> list[tuple[object, ...]]:
    return session._store.query(
        "SELECT patient_id, facility_id, status, final_diagnosis FROM pathology_report ORDER BY report_id"
    ).rows()


def test_a_report_finds_its_patient(session: Session, tmp_path: Path) -> None:
    message = hl7()
    result = take(session, tmp_path / "a.hl7", message)
    assert (result["kind"], result["accepted"], result["joined"], result["quarantined"]) == ("hl7", 1, 1, 0)
    assert reports(session) == [(1, ONE, "final", "Invasive ductal carcinoma.")]
    source = session._store.query("SELECT source_id FROM pathology_report").item()
    assert session._store.received_bytes(source).decode().strip("\r") == message.strip("\r")


def test_a_stranger_waits_for_casefinding(session: Session, tmp_path: Path) -> None:
    result = take(session, tmp_path / "a.hl7", hl7(person={**OTHER_PERSON, "sexAssignedAtBirth": "2"}))
    assert (result["accepted"], result["joined"]) == (1, 0)
    assert reports(session)[0][0] is None
    assert session.run("overview.summary")["patients"] == 1


def test_the_same_report_again_is_a_duplicate(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path / "a.hl7", hl7())
    assert take(session, tmp_path / "b.hl7", hl7())["duplicates"] == 1  # the same bytes
    result = take(session, tmp_path / "c.hl7", hl7() + hl7(control="M2", text="Another."))
    assert (result["accepted"], result["duplicates"]) == (1, 1)
    assert len(reports(session)) == 2


@pytest.mark.parametrize(
    ("status", "earlier", "later"), [("C", "superseded", "corrected"), ("X", "cancelled", "cancelled")]
)
def test_a_correction_keeps_what_stood_before(
    session: Session, tmp_path: Path, status: str, earlier: str, later: str
) -> None:
    take(session, tmp_path / "a.hl7", hl7())
    take(session, tmp_path / "b.hl7", hl7(control="M2", status=status, text="Lobular carcinoma."))
    assert [row[2:] for row in reports(session)] == [
        (earlier, "Invasive ductal carcinoma."),
        (later, "Lobular carcinoma."),
    ]
    assert session.run("audit.verify")["ok"]


def test_treatments_join_the_facility_s_abstract(session: Session, tmp_path: Path) -> None:
    stranger = treatment(mrn="UNKNOWN").replace("ALVAREZ,MARIA,19500214", "DOE,JANE,19330101")
    unreadable = treatment(start="2023-99-99")
    text = "\n".join([TREATMENT_HEADER, treatment(), stranger, unreadable]) + "\n"
    result = take(session, tmp_path / "t.csv", text)
    assert (result["accepted"], result["joined"], result["quarantined"], result["review_tasks"]) == (
        2,
        1,
        1,
        1,
    )
    kept = session._store.query(
        "SELECT patient_id, abstract_id, facility_id, dose_cgy FROM treatment ORDER BY treatment_id"
    )
    assert kept.rows() == [(1, 1, ONE, 5000.0), (None, None, ONE, 5000.0)]
    assert session.run("tasks.list")["kind"].to_list() == ["unmatched-treatment"]
    entry = session.run("quarantine.list").row(0, named=True)
    piece = session.run("quarantine.show", quarantine_id=entry["quarantine_id"])["content"].decode()
    assert "2023-99-99" in piece
    again = take(
        session,
        tmp_path / "t2.csv",
        "\n".join([TREATMENT_HEADER, treatment(), treatment(start="20230601")]) + "\n",
    )
    assert (again["accepted"], again["duplicates"]) == (1, 1)
