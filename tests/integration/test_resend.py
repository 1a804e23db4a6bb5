"""Resent and modified records: a new version of the abstract, never a second one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry import standards
from registry.service import Session
from tests.received import KEY, OTHER_PERSON, PERSON, TUMOR, changed, write

Take = Callable[..., dict[str, Any]]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


@pytest.fixture
def take(session: Session, tmp_path: Path) -> Take:
    files = iter(range(100))

    def load(*patients: Any, **header: Any) -> dict[str, Any]:
        path = write(tmp_path / f"file{next(files)}.xml", *patients, **header)
        return dict(session.run("ingest.file", path=path))

    return load


def values(session: Session, abstract_id: int = 1) -> dict[str, str]:
    row = session._store.query("SELECT * FROM abstract WHERE abstract_id = ?", [abstract_id]).row(
        0, named=True
    )
    return {name: value for name, value in row.items() if value is not None}


def history(session: Session) -> list[tuple[Any, ...]]:
    frame = session.run("records.history", abstract_id=1)
    return sorted(frame.select("version", "item", "before", "after", "reason").rows(), key=str)


def tasks(session: Session) -> list[tuple[str, str]]:
    return session.run("tasks.list").select("kind", "detail").rows()


def abstracts(session: Session) -> int:
    return int(session.run("overview.summary")["abstracts"])


@pytest.mark.parametrize("record_type", ["A", "M"])
def test_a_resend_is_a_new_version_with_its_differences(
    session: Session, take: Take, record_type: str
) -> None:
    take((PERSON, [TUMOR]))
    result = take((PERSON, [changed(TUMOR, laterality="1", rxSummChemo="03")]), record_type=record_type)
    assert (result["accepted"], result["new_versions"], result["duplicates"]) == (1, 1, 0)
    assert abstracts(session) == 1
    assert values(session)["version"] == 2
    assert (values(session)["laterality"], values(session)["rxSummChemo"]) == ("1", "03")
    assert history(session) == [
        (2, "laterality", "2", "1", "resent by the facility"),
        (2, "rxSummChemo", None, "03", "resent by the facility"),
    ]
    assert tasks(session) == [("resent-critical", "resent record; changed: laterality")]
    # the consolidated tumor follows
    assert session._store.query("SELECT laterality FROM tumor").item() == "1"


@pytest.mark.parametrize(
    ("item", "value", "of_patient"),
    [
        ("primarySite", "C509", False),
        ("histologicTypeIcdO3", "8520", False),
        ("behaviorCodeIcdO3", "2", False),
        ("dateOfDiagnosis", "20230220", False),
        ("summaryStage2018", "3", False),
        ("nameLast", "Brooks", True),
        ("dateOfBirth", "19500215", True),
        ("sexAssignedAtBirth", "1", True),
        ("socialSecurityNumber", "219099999", True),
    ],
)
def test_what_is_counted_or_names_the_person_is_listed(
    session: Session, take: Take, item: str, value: str, of_patient: bool
) -> None:
    take((PERSON, [TUMOR]))
    person = changed(PERSON, **{item: value}) if of_patient else PERSON
    take((person, [TUMOR if of_patient else changed(TUMOR, **{item: value})]), record_type="M")
    assert tasks(session) == [("resent-critical", f"resent record; changed: {item}")]
    assert values(session)[item] == value
    assert abstracts(session) == 1
    assert value not in " ".join(detail for _, detail in tasks(session))


def test_what_is_not_critical_is_only_kept(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    take((PERSON, [changed(TUMOR, rxSummSurgPrimSite="22")]), record_type="M")
    assert tasks(session) == []
    assert [row[1] for row in history(session)] == ["rxSummSurgPrimSite"]


def test_an_identical_record_in_another_file_is_a_duplicate(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    before = session._store.query("SELECT * FROM abstract")
    result = take((PERSON, [TUMOR]), record_type="M")
    assert (result["accepted"], result["duplicates"]) == (0, 1)
    after = session._store.query("SELECT * FROM abstract")
    assert after.drop("source_id").equals(before.drop("source_id"))
    assert history(session) == []


def test_an_item_taken_out_is_blanked(session: Session, take: Take) -> None:
    take((PERSON, [changed(TUMOR, rxSummChemo="03")]))
    take((PERSON, [TUMOR]), record_type="M")
    assert "rxSummChemo" not in values(session)
    assert history(session) == [(2, "rxSummChemo", "03", None, "resent by the facility")]


def test_an_edit_made_here_is_not_overwritten(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    session.run("records.status", abstract_id=1, to="reopened", reason="path report says left")
    session.run(
        "records.save", abstract_id=1, changes={"laterality": "1", "rxSummChemo": "02"}, expected_version=2
    )
    take((PERSON, [changed(TUMOR, laterality="9", rxSummSurgPrimSite="22")]), record_type="M")
    assert values(session)["laterality"] == "1"
    assert values(session)["rxSummChemo"] == "02"
    assert values(session)["rxSummSurgPrimSite"] == "22"
    assert tasks(session) == [
        ("resent-critical", "resent record; held, because it was edited here: laterality")
    ]
    held = [row for row in history(session) if row[4] == "resent; held for review"]
    assert [(row[1], row[2], row[3]) for row in held] == [("laterality", "1", "9")]


def test_what_was_held_is_held_once(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    session.run("records.status", abstract_id=1, to="reopened", reason="path report says left")
    session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=2)
    take((PERSON, [changed(TUMOR, laterality="9")]), record_type="M")
    version = values(session)["version"]
    again = take((PERSON, [changed(TUMOR, laterality="9")]), (OTHER_PERSON, []), record_type="M")
    assert (again["duplicates"], again["new_versions"], len(tasks(session))) == (1, 0, 1)
    assert values(session)["version"] == version == 3


def test_a_local_edit_to_what_then_arrives_is_no_difference(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    session.run("records.status", abstract_id=1, to="reopened", reason="path report says left")
    session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=2)
    result = take((PERSON, [changed(TUMOR, laterality="1")]), record_type="M")
    assert (result["duplicates"], tasks(session)) == (1, [])


def test_from_version_25_to_26_the_old_sex_item_stays(session: Session, take: Take) -> None:
    old = changed(PERSON, sexAssignedAtBirth=None, sex="2")
    take((old, [TUMOR]), version="250")
    assert (values(session)["sex"], values(session)["sexAssignedAtBirth"]) == ("2", "2")
    result = take((PERSON, [TUMOR]), version="260", record_type="M")
    assert (values(session)["sex"], values(session)["sexAssignedAtBirth"]) == ("2", "2")
    assert (result["duplicates"], tasks(session)) == (1, [])


def test_from_version_26_to_25_the_new_sex_item_follows(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    take((changed(PERSON, sexAssignedAtBirth=None, sex="1"), [TUMOR]), version="250", record_type="M")
    assert (values(session)["sex"], values(session)["sexAssignedAtBirth"]) == ("1", "1")
    assert "sexAssignedAtBirth" in tasks(session)[0][1]


def test_a_smaller_record_type_blanks_nothing_it_cannot_carry(session: Session, take: Take) -> None:
    state = "0000005555"
    take((PERSON, [changed(TUMOR, textRemarks="Seen in clinic.", rxSummChemo="03")]), registry_id=state)
    person = changed(PERSON, nameLast=None, nameFirst=None, socialSecurityNumber=None)
    legal = standards.dictionary("260").ids(record_type="I")
    tumor = {item: value for item, value in TUMOR.items() if item in legal}
    result = take((person, [changed(tumor, laterality="1")]), record_type="I", registry_id=state)
    assert (result["new_versions"], abstracts(session)) == (1, 1)
    kept = values(session)
    assert (kept["textRemarks"], kept["nameLast"], kept["laterality"]) == ("Seen in clinic.", "Alvarez", "1")
    assert "rxSummChemo" not in kept  # type I could have carried it: taken out by the sender


def test_another_person_under_the_same_accession_number_waits(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    result = take((changed(OTHER_PERSON, patientIdNumber="2"), [TUMOR]), record_type="M")
    assert abstracts(session) == 2
    assert result["new_patients"] == 1
    assert [kind for kind, _ in tasks(session)] == ["ambiguous-resend"]
    assert values(session)["nameLast"] == "Alvarez"


def test_two_candidates_wait_for_a_person(session: Session, take: Take) -> None:
    """A hospital that gives two tumors the same accession number and sequence, without record numbers."""
    one, two = (
        changed(TUMOR, tumorRecordNumber=None),
        changed(TUMOR, tumorRecordNumber=None, primarySite="C341"),
    )
    take((PERSON, [one, two]))
    take((PERSON, [changed(one, laterality="1")]), record_type="M")
    assert "ambiguous-resend" in [kind for kind, _ in tasks(session)]
    assert values(session, 1)["laterality"] == "2"
    assert values(session, 2)["laterality"] == "2"


def test_the_tumor_record_number_decides_between_two(session: Session, take: Take) -> None:
    two = changed(TUMOR, tumorRecordNumber="02", primarySite="C341")
    take((PERSON, [TUMOR, two]))
    result = take((PERSON, [changed(two, laterality="1")]), record_type="M")
    assert (result["new_versions"], abstracts(session)) == (1, 2)
    assert (values(session, 1)["laterality"], values(session, 2)["laterality"]) == ("2", "1")


def test_without_accession_the_patient_id_and_tumor_number_tell(session: Session, take: Take) -> None:
    bare = changed(TUMOR, accessionNumberHosp=None, sequenceNumberHospital=None)
    take((PERSON, [bare]))
    result = take((PERSON, [changed(bare, laterality="1")]), record_type="M")
    assert (result["new_versions"], abstracts(session)) == (1, 1)
    other = take((changed(OTHER_PERSON), [changed(bare, laterality="1")]), record_type="M")
    assert (other["new_versions"], abstracts(session)) == (0, 2)


def test_a_void_abstract_takes_nothing_and_says_so(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    session.run("records.status", abstract_id=1, to="void", reason="not a reportable case")
    take((PERSON, [changed(TUMOR, laterality="1")]), record_type="M")
    assert values(session)["laterality"] == "2"
    assert values(session)["status"] == "void"
    assert tasks(session) == [
        ("resent-critical", "resent record; held, because the abstract is void: laterality")
    ]


def test_two_corrections_in_one_file_apply_in_order(session: Session, take: Take) -> None:
    take((PERSON, [TUMOR]))
    result = take(
        (PERSON, [changed(TUMOR, laterality="1")]),
        (PERSON, [changed(TUMOR, laterality="9")]),
        record_type="M",
    )
    assert result["new_versions"] == 2
    assert values(session)["laterality"] == "9"
    assert [(row[0], row[3]) for row in history(session)] == [(2, "1"), (3, "9")]


def test_every_received_version_stays_word_for_word(session: Session, take: Take, tmp_path: Path) -> None:
    take((PERSON, [TUMOR]))
    take((PERSON, [changed(TUMOR, laterality="1")]), record_type="M")
    kept = session._store.query("SELECT source_id FROM source_record ORDER BY 1")["source_id"].to_list()
    texts = [session._store.received_bytes(source).decode() for source in kept]
    assert '"laterality">2<' in texts[0]
    assert '"laterality">1<' in texts[1]
    assert all(text.startswith("<Patient>") and text.endswith("</Patient>") for text in texts)
    assert session.run("audit.verify")["ok"]
