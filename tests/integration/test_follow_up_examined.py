"""Orders of events that follow-up work must survive: deaths told by new abstracts, deaths taken back, names in windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.errors import BadInput
from registry.service import Session
from tests import letters_world
from tests.integration.followup_store import copied, make, patient, tasks
from tests.received import PERSON, TUMOR, TWO, changed, write

NEW_TUMOR = changed(
    TUMOR, reportingFacility=TWO, accessionNumberHosp="202300999", medicalRecordNumber="X99", primarySite="C341",
    sequenceNumberHospital="03", laterality="1", dateOfDiagnosis="20240401", dateOf1stContact="20240401",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(made, tmp_path) as opened:
        yield opened


def take(session: Session, folder: Path, **person: str) -> None:
    told = changed(PERSON, patientIdNumber="903", **person)
    session.run("ingest.file", path=write(folder / "new.xml", (told, [NEW_TUMOR])))


@pytest.mark.parametrize(
    ("seen", "opened"),
    [
        ("20260601", [("contact after death", None)]),
        ("202604", [("contact after death", None)]),
        ("202603", []),
        ("2026", []),
        ("20260301", []),
        ("20260228", []),
    ],
)
def test_a_new_abstract_that_saw_the_patient_after_the_death_opens_a_review(
    session: Session, tmp_path: Path, seen: str, opened: list[tuple[str, str | None]]
) -> None:
    session.run("followup.record", patient_id=1, vital_status="0", stated_date="2026-03-01")
    take(session, tmp_path, dateOfLastContact=seen)
    assert session.run("records.patient", patient_id=1)["abstracts"].height == 4
    assert tasks(session) == opened
    assert patient(session)[0] == "0"


def test_a_new_abstract_with_a_death_before_a_known_contact_opens_a_review(
    session: Session, tmp_path: Path
) -> None:
    session.run("followup.record", patient_id=1, stated_date="2026-06-01")
    take(session, tmp_path, dateOfLastContact="20260501", vitalStatus="0")
    assert tasks(session) == [("death before last contact", None)]


def test_a_death_that_is_taken_back_takes_its_date_along(session: Session) -> None:
    session.run("followup.record", patient_id=1, vital_status="0", stated_date="2026-03-01")
    back: dict[str, Any] = {
        "patient_id": 1,
        "vital_status": "1",
        "correction": True,
        "reason": "another Maria Alvarez",
    }
    with pytest.raises(BadInput, match="the date of the death goes with it"):
        session.run("followup.record", **back)
    assert not session.run("followup.check", **back)["ok"]
    assert patient(session) == ("0", "20260301")
    session.run("followup.record", stated_date="2024-03-01", **back)
    assert patient(session) == ("1", "20240301")


def test_a_contact_named_as_an_institution_of_the_disease_gets_no_letter(tmp_path: Path) -> None:
    named = {1: "ST MARY CANCER HOSPICE", 2: "Hans Krebs", 3: "TUMOR CLINIC, DEPT 4", 4: "TUMOR, EVA"}
    people = [
        letters_world.somebody(
            number,
            "KREBS" if number == 2 else "CHEN",
            items=None,
            **letters_world.CONTACT | {"followUpContactName": name},
        )
        for number, name in named.items()
    ]
    with letters_world.registry_of(tmp_path, *people) as session:
        session.run("letters.configure", **letters_world.OFFICE)
        plan = session.run("letters.prepare", as_of=letters_world.AS_OF, addressee="contact")
    assert sorted(plan["letters"]["recipient_name"]) == ["Eva Tumor", "Hans Krebs"]
    assert plan["not_written"]["why"].to_list() == ["ADDRESS_WORDS"] * 2


def test_spanish_letters_read_well_with_a_month_or_a_year_alone(tmp_path: Path) -> None:
    person = letters_world.somebody(
        1, "CHEN", items={"dateOfBirth": "1941", "dateOfLastContact": "202507"}, physicianFollowUp="11111111",
        dateOfDiagnosis="202301",
    )  # fmt: skip
    with letters_world.registry_of(tmp_path, person) as session:
        session.run("letters.configure", **letters_world.OFFICE)
        (letter,) = letters_world.made(session, "physician", language="es")
    read = letters_world.said(letter)
    assert "fecha de nacimiento: 1941" in read
    assert "fecha del diagnóstico: enero de 2023" in read
