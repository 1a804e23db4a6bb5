"""Accession and sequence numbers over a real database: one for life, never reused, shown before they change."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.paths import ROOT
from tests.received import KEY, ONE, PERSON, TUMOR, TWO, changed, write


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


def person(number: int) -> dict[str, str]:
    return changed(
        PERSON, patientIdNumber=f"{number:08d}", nameLast=f"Name{chr(65 + number // 26)}{chr(65 + number % 26)}",
        dateOfBirth=f"19{30 + number:02d}0214", socialSecurityNumber=f"{500000000 + number * 1111}",
    )  # fmt: skip


def bare(**items: str | None) -> dict[str, str]:
    return changed(TUMOR, accessionNumberHosp=None, sequenceNumberHospital=None, **items)


def take(session: Session, folder: Path, *patients: Any) -> None:
    """Load abstracts and open them for change."""
    session.run("ingest.file", path=write(folder / "file.xml", *patients))
    for row in session._store.query(
        "SELECT abstract_id FROM abstract WHERE status = 'complete' ORDER BY 1"
    ).rows():
        session.run("records.status", abstract_id=row[0], to="reopened", reason="number it")


def give(session: Session, abstract_id: int) -> dict[str, Any]:
    version = session.run("records.abstract", abstract_id=abstract_id)["version"]
    return dict(session.run("numbering.accession", abstract_id=abstract_id, expected_version=version))


def test_one_number_a_patient_and_facility(session: Session, tmp_path: Path) -> None:
    second = bare(
        primarySite="C619", dateOfDiagnosis="20240101", dateOf1stContact="20240105", tumorRecordNumber="02"
    )
    elsewhere = bare(reportingFacility=TWO, dateOf1stContact="20220606")
    take(session, tmp_path, (person(1), [bare(), second, elsewhere]), (person(2), [bare()]))
    given = {number: give(session, number) for number in (2, 1, 3)}
    assert [answer["accessionNumberHosp"] for answer in given.values()] == [
        "202300001",
        "202300001",
        "202200001",
    ]
    assert [answer["how"] for answer in given.values()] == ["issued", "known", "issued"]
    assert give(session, 4)["accessionNumberHosp"] == "202300002"
    assert give(session, 4)["how"] == "kept"
    history = session.run("records.history", abstract_id=1)
    assert ("accessionNumberHosp", None, "202300001") in history.select("item", "before", "after").rows()
    assert session.run("audit.verify")["ok"]


def test_a_sender_s_number_stays_and_counts_as_used(session: Session, tmp_path: Path) -> None:
    sent = changed(TUMOR, accessionNumberHosp="202300007", sequenceNumberHospital="00")
    also = bare(primarySite="C619", tumorRecordNumber="02")
    take(session, tmp_path, (person(1), [sent, also]), (person(2), [bare()]))
    assert give(session, 1)["how"] == "kept"
    assert give(session, 2)["accessionNumberHosp"] == "202300007"
    assert give(session, 3)["accessionNumberHosp"] == "202300008"
    assert session.run("numbering.gaps").rows() == [(ONE, 2023, "202300001", "202300006", 6)]


def test_a_number_is_not_used_again_after_void_or_change(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, *[(person(n), [bare()]) for n in range(1, 5)])
    assert give(session, 1)["accessionNumberHosp"] == "202300001"
    version = give(session, 2)["version"]
    session.run("records.status", abstract_id=1, to="void", reason="not reportable")
    session.run(
        "records.save",
        abstract_id=2,
        changes={"accessionNumberHosp": "202300001"},
        expected_version=version,
        reason="x",
    )
    assert give(session, 3)["accessionNumberHosp"] == "202300003"
    assert session.run("numbering.gaps").is_empty()


def test_a_number_that_was_taken_out_comes_back_to_its_patient(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (person(1), [TUMOR]), (person(2), [bare()]))
    version = session.run("records.abstract", abstract_id=1)["version"]
    session.run("records.save", abstract_id=1, changes={"accessionNumberHosp": ""}, expected_version=version)
    assert give(session, 2)["accessionNumberHosp"] == "202300002"
    assert give(session, 1)["accessionNumberHosp"] == "202300001"


def test_one_patient_with_two_and_one_number_of_two(session: Session, tmp_path: Path) -> None:
    numbered = {n: changed(TUMOR, accessionNumberHosp=f"20230000{n}") for n in (1, 2)}
    other = changed(numbered[2], primarySite="C619", tumorRecordNumber="02")
    take(session, tmp_path, (person(1), [numbered[1], other]), (person(2), [numbered[1]]))
    found = session.run("numbering.doubles").select("problem", "accessionNumberHosp", "patient_id").rows()
    assert found == [
        ("one number, several patients", "202300001", 1), ("one number, several patients", "202300001", 2),
        ("one patient, several numbers", "202300001", 1), ("one patient, several numbers", "202300002", 1),
    ]  # fmt: skip


def test_what_is_missing_is_said(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (person(1), [bare(dateOf1stContact=None)]))
    with pytest.raises(BadInput, match="first contact is not known"):
        give(session, 1)
    session.run("records.status", abstract_id=1, to="complete")
    with pytest.raises(Denied, match="locked"):
        give(session, 1)
    with pytest.raises(NotFound):
        give(session.as_actor(Actor("anna", "registrar", frozenset({TWO}))), 1)


def test_threads_never_share_a_number(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, *[(person(n), [bare()]) for n in range(1, 25)])
    given: list[str] = []
    failed: list[Exception] = []

    def some(numbers: range) -> None:
        for number in numbers:
            try:
                given.append(give(session, number)["accessionNumberHosp"])
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=some, args=(range(start, 25, 4),)) for start in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(given) == [f"2023{n:05d}" for n in range(1, 25)]
    assert session.run("numbering.gaps").is_empty()
    assert session.run("audit.verify")["ok"]


def test_the_same_patient_asked_for_twice_at_once_has_one_number(session: Session, tmp_path: Path) -> None:
    tumors = [
        bare(primarySite=f"C{n}9", tumorRecordNumber=f"{n}", dateOfDiagnosis=f"20{n}0101")
        for n in range(15, 21)
    ]
    take(session, tmp_path, (person(1), tumors))
    given: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: given.append(give(session, n)["accessionNumberHosp"]))
        for n in range(1, 7)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == ["202300001"] * 6


def test_processes_never_share_a_number(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    with Session.create(path, key=KEY) as session:
        take(session, tmp_path, *[(person(n), [bare()]) for n in range(1, 7)])
    command = [sys.executable, "-m", "tests.integration.numbering_child", str(path)]
    children = [
        subprocess.Popen([*command, *numbers], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for numbers in (["1", "3", "5"], ["2", "4", "6"])
    ]
    given = [number for child in children for number in json.loads(child.communicate(timeout=120)[0])]
    assert sorted(given) == [f"2023{n:05d}" for n in range(1, 7)]


def sequences(session: Session, patient_id: int = 1) -> dict[str, Any]:
    return dict(session.run("numbering.proposal", patient_id=patient_id))


def two(session: Session, folder: Path) -> None:
    first = changed(TUMOR, sequenceNumberHospital="00", sequenceNumberCentral="00")
    second = changed(
        TUMOR,
        sequenceNumberHospital=None,
        primarySite="C619",
        dateOfDiagnosis="20250101",
        tumorRecordNumber="02",
    )
    session.run("ingest.file", path=write(folder / "one.xml", (PERSON, [first])))
    session.run("ingest.file", path=write(folder / "two.xml", (PERSON, [second])))


def test_a_second_tumor_is_shown_confirmed_and_written(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    shown = sequences(session)
    rows = shown["rows"].select("abstract_id", "kind", "old", "new").rows()
    assert rows == [
        (1, "central", "00", "01"),
        (2, "central", None, "02"),
        (1, "hospital", "00", "01"),
        (2, "hospital", None, "02"),
    ]
    answer = session.run("numbering.confirm", patient_id=1, shown=shown["shown"], reason="prostate in 2025")
    assert answer["changed"] == 2 and sequences(session)["changes"] == 0
    kept = session._store.query(
        'SELECT "sequenceNumberHospital", "sequenceNumberCentral", version, status FROM abstract ORDER BY abstract_id'
    )
    assert kept.rows() == [("01", "01", 2, "complete"), ("02", "02", 2, "complete")]
    assert session._store.query('SELECT "sequenceNumberCentral" FROM tumor ORDER BY 1').rows() == [
        ("01",),
        ("02",),
    ]
    history = session.run("records.history", abstract_id=1)
    assert (
        set(history["reason"]) == {"prostate in 2025"} and "dateCaseLastChanged" in history["item"].to_list()
    )
    assert session.run("numbering.proposals").is_empty()


def test_an_exported_abstract_that_changes_goes_out_again(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    session.run("records.status", abstract_id=1, to="exported")
    session.run("numbering.confirm", patient_id=1, shown=sequences(session)["shown"])
    statuses = session._store.query("SELECT status FROM abstract ORDER BY abstract_id")["status"].to_list()
    assert statuses == ["complete", "complete"]
    assert ("status", "exported", "complete") in session.run("records.history", abstract_id=1).select(
        "item", "before", "after"
    ).rows()


def test_what_changed_since_it_was_shown_is_not_written(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    shown = sequences(session)["shown"]
    version = session.run("records.status", abstract_id=2, to="reopened", reason="date")["version"]
    session.run(
        "records.save", abstract_id=2, changes={"dateOfDiagnosis": "20200101"}, expected_version=version
    )
    with pytest.raises(Conflict, match="since they were shown"):
        session.run("numbering.confirm", patient_id=1, shown=shown)
    new = sequences(session)["rows"].filter(pl.col("kind") == "hospital").select("abstract_id", "new").rows()
    assert sorted(new) == [(1, "02"), (2, "01")]


def test_tumors_of_other_facilities_count_for_central_staff_alone(session: Session, tmp_path: Path) -> None:
    mine = changed(TUMOR, sequenceNumberHospital="00")
    theirs = changed(
        TUMOR, reportingFacility=TWO, primarySite="C619", dateOfDiagnosis="20100101", sequenceNumberHospital="00",
        accessionNumberHosp="201000001",
    )  # fmt: skip
    session.run("ingest.file", path=write(tmp_path / "one.xml", (PERSON, [mine, theirs])))
    rows = sequences(session)["rows"].filter(pl.col("kind") == "hospital")
    assert dict(rows.select("facility_id", "new").iter_rows()) == {ONE: "02", TWO: "01"}
    anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    own = sequences(anna)["rows"]
    assert own.select("facility_id", "kind", "old", "new").rows() == [(ONE, "hospital", "00", "00")]
    with pytest.raises(NotFound):
        sequences(session.as_actor(Actor("new", "registrar", frozenset({"3"}))))


def test_a_void_tumor_no_longer_counts(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    session.run("numbering.confirm", patient_id=1, shown=sequences(session)["shown"])
    session.run("records.status", abstract_id=2, to="void", reason="the same primary")
    rows = sequences(session)["rows"].select("abstract_id", "kind", "new").rows()
    assert rows == [(1, "central", "00"), (1, "hospital", "00")]


def test_an_auditor_may_not_number(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    for role in ("auditor", "researcher", "manager"):
        with pytest.raises(Denied):
            session.as_actor(Actor("x", role)).run("numbering.confirm", patient_id=1, shown="x")


def test_a_resend_with_the_old_number_is_still_the_same_abstract(session: Session, tmp_path: Path) -> None:
    """The sender does not know of the new numbers: its record must not become a second abstract."""
    two(session, tmp_path)
    session.run("numbering.confirm", patient_id=1, shown=sequences(session)["shown"])
    again = changed(TUMOR, sequenceNumberHospital="00", sequenceNumberCentral="00", rxSummChemo="02")
    answer = session.run("ingest.file", path=write(tmp_path / "again.xml", (PERSON, [again])))
    assert (answer["new_versions"], session._store.query("SELECT count(*) FROM abstract").item()) == (1, 2)
    kept = session._store.query(
        'SELECT "sequenceNumberHospital", "sequenceNumberCentral", "rxSummChemo" FROM abstract WHERE abstract_id = 1'
    )
    assert kept.row(0) == ("01", "01", "02")
    new = changed(TUMOR, sequenceNumberHospital="01", sequenceNumberCentral="01", rxSummChemo="03")
    assert session.run("ingest.file", path=write(tmp_path / "new.xml", (PERSON, [new])))["new_versions"] == 1


def test_a_resend_after_two_numbers_changed_places(session: Session, tmp_path: Path) -> None:
    """Both numbers fit both abstracts, by present or former number: tumor record number, else site, tells."""
    first = changed(TUMOR, sequenceNumberHospital="01", dateOfDiagnosis="20240101")
    second = changed(
        TUMOR,
        sequenceNumberHospital="02",
        primarySite="C619",
        dateOfDiagnosis="20200101",
        tumorRecordNumber="02",
    )
    session.run("ingest.file", path=write(tmp_path / "both.xml", (PERSON, [first, second])))
    session.run("numbering.confirm", patient_id=1, shown=sequences(session)["shown"])
    for name, gone in (("numbered", {}), ("bare", {"tumorRecordNumber": None})):
        records = [changed(tumor, rxSummChemo="02" if gone else "01", **gone) for tumor in (first, second)]
        session.run("ingest.file", path=write(tmp_path / f"{name}.xml", (PERSON, records)))
        kept = session._store.query(
            'SELECT "primarySite", "sequenceNumberHospital", "rxSummChemo" FROM abstract ORDER BY abstract_id'
        )
        chemo = "02" if gone else "01"
        assert kept.rows() == [("C504", "02", chemo), ("C619", "01", chemo)]


def test_another_tumor_under_a_number_that_was_changed_here_is_new(session: Session, tmp_path: Path) -> None:
    two(session, tmp_path)
    session.run("numbering.confirm", patient_id=1, shown=sequences(session)["shown"])
    other = changed(
        TUMOR,
        sequenceNumberHospital="00",
        primarySite="C341",
        dateOfDiagnosis="20260101",
        tumorRecordNumber="03",
    )
    answer = session.run("ingest.file", path=write(tmp_path / "third.xml", (PERSON, [other])))
    assert (answer["new_versions"], session._store.query("SELECT count(*) FROM abstract").item()) == (0, 3)
