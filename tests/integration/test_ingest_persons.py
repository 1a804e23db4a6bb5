"""Whose number is it: a sender's id is the sender's, and only agreement joins persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

Take = Callable[..., dict[str, Any]]
AT_TWO = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", medicalRecordNumber="X9")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


@pytest.fixture
def take(session: Session, tmp_path: Path) -> Take:
    files = iter(range(100))

    def load(*patients: Any, sender: str | None = None, **header: Any) -> dict[str, Any]:
        path = write(tmp_path / f"file{next(files)}.xml", *patients, **header)
        return dict(session.run("ingest.file", path=path, sender=sender))

    return load


def ids(session: Session) -> list[int]:
    return session._store.query("SELECT patient_id FROM patient ORDER BY 1")["patient_id"].to_list()


def kinds(session: Session) -> list[str]:
    return list(session.run("tasks.list")["kind"])


def test_two_facilities_one_number_two_persons(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    take((OTHER_PERSON, [AT_TWO]))
    assert ids(session) == [1, 2]
    assert kinds(session) == []


def test_one_file_two_facilities_one_number_two_persons(session: Session, take: Take) -> None:
    result = take((PERSON, [TUMOR]), (OTHER_PERSON, [AT_TWO]))
    assert (result["patients"], result["new_patients"], len(ids(session))) == (2, 2, 2)


def test_strict_agreement_joins_across_facilities_and_numbers(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    result = take((changed(PERSON, patientIdNumber="77777777"), [AT_TWO]))
    assert (result["accepted"], result["new_patients"]) == (1, 0)
    assert ids(session) == [1]
    rules = session._store.query("SELECT rule FROM link_event ORDER BY event_id")["rule"].to_list()
    assert rules == ["new-patient", "strict-agreement"]
    # The same site, histology, behaviour, laterality and diagnosis date: one tumor with two abstracts.
    assert session.run("overview.summary")["tumors"] == 1
    assert session.run("overview.summary")["abstracts"] == 2


@pytest.mark.parametrize(
    "item", ["nameLast", "nameFirst", "dateOfBirth", "sexAssignedAtBirth", "socialSecurityNumber"]
)
def test_strict_agreement_needs_every_item(session: Session, take: Take, item: str) -> None:
    take((PERSON, [TUMOR]))
    take((changed(PERSON, patientIdNumber="77777777", **{item: None}), [AT_TWO]))
    assert len(ids(session)) == 2
    assert kinds(session) == ["possible-same-person"]


@pytest.mark.parametrize(
    "other", [{"nameLast": "Brooks"}, {"dateOfBirth": "19500215"}, {"sexAssignedAtBirth": "1"}]
)
def test_same_ssn_with_a_difference_is_doubtful(session: Session, take: Take, other: dict[str, str]) -> None:
    take((PERSON, [TUMOR]))
    take((changed(PERSON, patientIdNumber="77777777", **other), [AT_TWO]))
    assert len(ids(session)) == 2
    task = session.run("tasks.list").row(0, named=True)
    assert task["kind"] == "possible-same-person"
    assert "patient 2 and patient 1" in task["detail"]
    assert not {"Alvarez", "078051120", "19500214"} & set(task["detail"].split())


def test_hyphens_case_and_marks_do_not_part_a_person(session: Session, take: Take) -> None:
    take((changed(PERSON, nameLast="O'Neil-Roe"), [TUMOR]))
    take((changed(PERSON, nameLast="ONEIL ROE", nameFirst="MARIA", patientIdNumber="5"), [AT_TWO]))
    assert ids(session) == [1]


def test_an_ssn_that_is_nobodys_joins_nobody(session: Session, take: Take) -> None:
    nobody = changed(PERSON, socialSecurityNumber="999999999")
    take((nobody, [TUMOR]))
    take((changed(nobody, nameLast="Brooks", patientIdNumber="5"), [AT_TWO]))
    assert len(ids(session)) == 2
    assert kinds(session) == []


def test_partial_birth_date_does_not_contradict_but_never_joins_across(session: Session, take: Take) -> None:
    take((changed(PERSON, dateOfBirth="1950"), [TUMOR]))
    same_sender = changed(
        TUMOR, accessionNumberHosp="202400002", primarySite="C341", dateOfDiagnosis="20240101"
    )
    take((changed(PERSON), [same_sender]))
    assert ids(session) == [1]  # same sender, same id, same SSN; 1950 begins 19500214
    take((changed(PERSON, dateOfBirth="195002", patientIdNumber="9"), [AT_TWO]))
    assert len(ids(session)) == 2  # a partial date is not strict agreement
    assert kinds(session).count("possible-same-person") == 1


def test_same_sender_and_number_but_another_person(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    elsewhere = changed(TUMOR, accessionNumberHosp="202400002", tumorRecordNumber="02")
    take((OTHER_PERSON, [elsewhere]))
    assert len(ids(session)) == 2


def test_sender_unknown(session: Session, take: Take) -> None:
    anonymous = changed(TUMOR, reportingFacility=None, accessionNumberHosp=None, sequenceNumberHospital=None)
    take((PERSON, [anonymous]))
    take((OTHER_PERSON, [changed(anonymous, primarySite="C619")]))
    assert len(ids(session)) == 2
    again = take((changed(PERSON, vitalStatus="0"), [anonymous]))
    assert (again["new_versions"], len(ids(session))) == (1, 2)


def test_the_sender_of_a_file_counts_when_it_does_not_say(session: Session, take: Take) -> None:
    anonymous = changed(TUMOR, reportingFacility=None, accessionNumberHosp=None, sequenceNumberHospital=None)
    take((PERSON, [anonymous]), sender="STATE A")
    take(
        (changed(PERSON, socialSecurityNumber=None), [changed(anonymous, tumorRecordNumber="02")]),
        sender="STATE B",
    )
    assert len(ids(session)) == 2
    senders = session._store.query("SELECT sender FROM abstract ORDER BY abstract_id")["sender"].to_list()
    assert senders == ["STATE A", "STATE B"]


def test_same_person_twice_in_one_file(session: Session, take: Take) -> None:
    second = changed(
        TUMOR, sequenceNumberHospital="01", tumorRecordNumber="02", primarySite="C341", dateOfDiagnosis="2024"
    )
    result = take((PERSON, [TUMOR]), (PERSON, [second]))
    assert (result["patients"], result["new_patients"], result["accepted"]) == (2, 1, 2)
    assert ids(session) == [1]


def test_same_record_twice_in_one_file_is_a_duplicate(session: Session, take: Take) -> None:
    result = take((PERSON, [TUMOR]), (PERSON, [TUMOR]))
    assert (result["accepted"], result["duplicates"]) == (1, 1)
    assert session.run("overview.summary")["abstracts"] == 1


def test_one_number_for_everybody_is_quick_and_joins_nobody(session: Session, take: Take) -> None:
    """A sender that writes one id into all records must not make them wait for one another."""
    people = [
        (
            changed(PERSON, nameLast=f"Name{chr(97 + n // 26)}{chr(97 + n % 26)}", dateOfBirth=f"1950{n % 12 + 1:02}{n % 28 + 1:02}",
                    socialSecurityNumber=f"07805{n:04}", patientIdNumber="00000000"),
            [changed(TUMOR, accessionNumberHosp="000000000", medicalRecordNumber=f"M{n}")],
        )
        for n in range(60)
    ]  # fmt: skip
    result = take(*people)
    assert (result["new_patients"], result["accepted"]) == (60, 60)
    assert kinds(session) == []


def test_a_changed_name_and_a_new_tumor_in_one_patient_element(session: Session, take: Take) -> None:
    """The facility resends a tumor under the new name beside a new one: still one person."""
    take((changed(PERSON, socialSecurityNumber=None), [TUMOR]))
    new = changed(
        TUMOR,
        sequenceNumberHospital="02",
        tumorRecordNumber="02",
        primarySite="C341",
        dateOfDiagnosis="20250101",
    )
    take((changed(PERSON, socialSecurityNumber=None, nameLast="Brooks"), [TUMOR, new]))
    assert ids(session) == [1]


def test_ids_are_never_reused(session: Session, take: Take, tmp_path: Path) -> None:
    take((PERSON, [TUMOR]))
    session.run("records.status", abstract_id=1, to="void", reason="sent by mistake")
    session.close()
    with Session.open(tmp_path / "r.duckdb", key=KEY) as again:
        path = write(tmp_path / "later.xml", (OTHER_PERSON, [AT_TWO]))
        again.run("ingest.file", path=path)
        kept = again._store.query(
            "SELECT abstract_id, tumor_id, patient_id, source_id FROM abstract ORDER BY 1"
        )
    for column in kept.columns:
        assert kept[column].n_unique() == 2
        assert kept[column][1] > kept[column][0]


def test_a_patient_without_tumors_is_kept(session: Session, take: Take) -> None:
    result = take((PERSON, []))
    assert (result["patients"], result["tumors"], result["accepted"]) == (1, 0, 0)
    assert ids(session) == [1]
    assert session._store.query("SELECT count(*) FROM source_record").item() == 1


def test_numbers_of_the_sender_stay_on_the_abstract(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]), registry_id="0000005555")
    kept = session._store.query(
        'SELECT "patientIdNumber", "tumorRecordNumber", "registryId", sender FROM abstract'
    )
    assert kept.row(0) == ("00000001", "01", "0000005555", "0000005555")
    assert session._store.query('SELECT "patientIdNumber" FROM patient').item() is None
    assert isinstance(session.run("records.patient", patient_id=1)["abstracts"], pl.DataFrame)
    assert ONE in session.run("records.patient", patient_id=1)["abstracts"]["facility_id"].to_list()
