"""Resent records after follow-up work: last contact goes forward by date, a contradiction about death is reviewed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.service import Session
from tests.integration.followup_store import ANNA, NOW, tasks
from tests.received import FACILITIES, KEY, ONE, PERSON, TUMOR, TWO, changed, write

HOME = {"addrCurrentNoStreet": "12 ELM ST", "addrCurrentCity": "ALBANY", "addrCurrentState": "NY"}
MOVED_TO = {"addrCurrentNoStreet": "9 OAK AVE", "addrCurrentCity": "BOISE", "addrCurrentState": "ID"}
SENT = changed(PERSON, **HOME, addrCurrentSupplementl="APT 4", telephone="5185550101")
CASE = changed(
    TUMOR, followUpSource="1", cancerStatus="1", dateOfLastCancerStatus="20240301", dateCaseLastChanged="20240401"
)  # fmt: skip
REPLY = {"patient_id": 1, "addressee": "patient"}
QUIET = "resent; older than what is known here"
Take = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "facilities.csv").write_text(FACILITIES)
    with Session.create(folder / "r.duckdb", key=KEY) as opened:
        opened.run("ingest.file", path=str(folder / "facilities.csv"))
        opened.run("ingest.file", path=write(folder / "first.xml", (SENT, [CASE])))
    return folder


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(made, tmp_path / "store")
    with Session.open(tmp_path / "store" / "r.duckdb", key=KEY) as opened:
        yield Session(opened._store, opened.actor, now=lambda: NOW)


@pytest.fixture
def take(session: Session, tmp_path: Path) -> Take:
    """Sends the record again, with other items of the patient and (`tumor`) of the tumor."""
    files = iter(range(100))

    def load(tumor: dict[str, str | None] | None = None, **items: str | None) -> dict[str, Any]:
        record = (changed(SENT, **items), [changed(CASE, **(tumor or {}))])
        return dict(
            session.run("ingest.file", path=write(tmp_path / f"{next(files)}.xml", record, record_type="M"))
        )

    return load


def values(session: Session, table: str = "abstract") -> dict[str, Any]:
    return session._store.query(f"SELECT * FROM {table} WHERE {table}_id = 1").row(0, named=True)


def resent(session: Session) -> dict[str, tuple[str | None, str | None, str]]:
    rows = session.run("records.history", abstract_id=1).select("item", "before", "after", "reason").rows()
    return {item: (before, after, why) for item, before, after, why in rows if why.startswith("resent")}


def test_a_later_contact_is_applied_with_all_that_belongs_to_it(session: Session, take: Take) -> None:
    told = {**MOVED_TO, "telephone": "2085550199"}
    session.run("followup.record", stated_date="2026-06-01", items=told, **REPLY)
    assert (values(session)["dateOfLastContact"], values(session)["followUpSource"]) == ("20260601", "3")
    result = take(
        {"dateCaseLastChanged": "20261101"}, dateOfLastContact="20260815", addrCurrentCity="TROY", addrCurrentSupplementl=None
    )  # fmt: skip
    assert (result["new_versions"], tasks(session)) == (1, [])
    expected = {"dateOfLastContact": "20260815", **HOME, "addrCurrentCity": "TROY", "telephone": "5185550101"}
    for table in ("abstract", "patient"):
        found = values(session, table)
        assert {item: found[item] for item in expected} == expected
        assert found["addrCurrentSupplementl"] is None
    assert (values(session)["followUpSource"], values(session)["version"]) == ("1", 3)
    assert {row[2] for row in resent(session).values()} == {"resent by the facility"}
    assert session.run("audit.verify")["ok"]


def test_an_older_contact_is_left_out_and_kept_and_the_rest_is_applied(session: Session, take: Take) -> None:
    session.run("followup.record", stated_date="2026-06-01", **REPLY)
    before = values(session)
    result = take(
        {"rxSummChemo": "03", "dateCaseLastChanged": "20250301"}, dateOfLastContact="20250201", **MOVED_TO
    )
    assert (result["accepted"], tasks(session)) == (1, [])
    after = values(session)
    assert {item for item in after if after[item] != before[item]} - {"changed_at", "changed_by"} == {
        "rxSummChemo", "version", "source_id",
    }  # fmt: skip
    assert resent(session) == {
        "rxSummChemo": (None, "03", "resent by the facility"),
        "dateOfLastContact": ("20260601", "20250201", QUIET),
        "dateCaseLastChanged": ("20261031", "20250301", QUIET),
        **{item: (HOME[item], value, QUIET) for item, value in MOVED_TO.items()},
    }
    assert values(session, "patient")["addrCurrentCity"] == "ALBANY"
    # the address that was left out is told again with a later contact: it is not lost
    take({"rxSummChemo": "03"}, dateOfLastContact="20260701", **MOVED_TO)
    assert (values(session, "patient")["addrCurrentCity"], tasks(session)) == ("BOISE", [])


@pytest.mark.parametrize("date", ["20240301", "20260601"])
def test_a_record_that_brings_no_news_of_the_patient_opens_nothing(
    session: Session, take: Take, date: str
) -> None:
    session.run(
        "followup.record", stated_date="2026-06-01", tumors=[{"tumor_id": 1, "cancerStatus": "2"}], **REPLY
    )
    take({"rxSummChemo": "03"}, dateOfLastContact=date)
    found = values(session)
    assert (found["dateOfLastContact"], found["rxSummChemo"], tasks(session)) == ("20260601", "03", [])
    assert (found["cancerStatus"], found["dateOfLastCancerStatus"]) == ("2", "20260601")


@pytest.mark.parametrize(
    ("date", "stands", "reviewed"),
    [
        ("202607", "202607", False), ("2027", "2027", False), ("202605", "20260601", False), ("2025", "20260601", False),
        ("202606", "20260601", True), ("2026", "20260601", True), (None, "20260601", True),
    ],
)  # fmt: skip
def test_partial_dates_go_forward_when_no_day_of_theirs_contradicts(
    session: Session, take: Take, date: str | None, stands: str, reviewed: bool
) -> None:
    session.run("followup.record", stated_date="2026-06-01", **REPLY)
    take(dateOfLastContact=date)
    assert values(session)["dateOfLastContact"] == stands
    assert tasks(session) == [("resent-critical", ONE)] * reviewed


def test_alive_after_a_known_death_is_reviewed_and_changes_nothing(session: Session, take: Take) -> None:
    session.run("followup.record", stated_date="2026-06-01", vital_status="0", **REPLY)
    before = values(session)
    take(dateOfLastContact="20260815", **MOVED_TO)
    after = values(session)
    assert tasks(session) == [("resent-critical", ONE)]
    assert {item for item in after if after[item] != before[item]} == {"source_id"}
    assert {row[2] for row in resent(session).values()} == {"resent; held for review"}
    held = session.run("tasks.list")["detail"].to_list()
    assert held == [
        "resent record; held, because it was edited here: addrCurrentCity, addrCurrentNoStreet, addrCurrentState, dateOfLastContact"
    ]


def test_an_earlier_contact_of_the_dead_is_only_older(session: Session, take: Take) -> None:
    session.run("followup.record", stated_date="2026-06-01", vital_status="0", **REPLY)
    take(dateOfLastContact="20260515")
    assert (values(session, "patient")["vitalStatus"], tasks(session)) == ("0", [])
    assert resent(session) == {"dateOfLastContact": ("20260601", "20260515", QUIET)}


def test_a_death_before_a_known_contact_is_reviewed_as_a_whole(session: Session, take: Take) -> None:
    session.run("followup.record", stated_date="2026-06-01", **REPLY)
    take(dateOfLastContact="20250815", vitalStatus="0", causeOfDeath="C509")
    found = values(session)
    assert (found["vitalStatus"], found["dateOfLastContact"], found["causeOfDeath"]) == (
        "1",
        "20260601",
        None,
    )
    assert tasks(session) == [("resent-critical", ONE)]


def test_a_death_after_the_known_contact_is_applied_and_listed_as_ever(session: Session, take: Take) -> None:
    session.run("followup.record", stated_date="2026-06-01", **REPLY)
    take(dateOfLastContact="20260815", vitalStatus="0", causeOfDeath="C509")
    patient = values(session, "patient")
    assert (patient["vitalStatus"], patient["dateOfLastContact"], patient["causeOfDeath"]) == ("0", "20260815", "C509")  # fmt: skip
    assert session.run("tasks.list")["detail"].to_list() == ["resent record; changed: vitalStatus"]


def test_a_visit_that_was_imported_goes_by_date_too(session: Session, take: Take, tmp_path: Path) -> None:
    visits = tmp_path / "visits.csv"
    visits.write_text(f"facility,medicalRecordNumber,nameLast,visit_date\n{ONE},MRN1,ALVAREZ,2026-06-01\n")
    assert session.run("followup.import", kind="visits", path=str(visits))["moved"] == 1
    take(dateOfLastContact="20250201")
    assert (values(session)["dateOfLastContact"], tasks(session)) == ("20260601", [])
    take(dateOfLastContact="20260602")
    assert (values(session)["dateOfLastContact"], tasks(session)) == ("20260602", [])


def test_what_a_registrar_edited_is_held_beside_follow_up_that_is_applied(
    session: Session, take: Take
) -> None:
    session.run("records.status", abstract_id=1, to="reopened", reason="path report says left")
    session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=2)
    session.run("followup.record", stated_date="2026-06-01", **REPLY)
    take({"laterality": "9"}, dateOfLastContact="20260815")
    assert (values(session)["laterality"], values(session)["dateOfLastContact"]) == ("1", "20260815")
    details = session.run("tasks.list")["detail"].to_list()
    assert details == ["resent record; held, because it was edited here: laterality"]


def test_a_correction_made_here_stands_until_there_is_news(session: Session, take: Take) -> None:
    status = {"tumor_id": 1, "cancerStatus": "1", "dateOfLastCancerStatus": "2023-06-01"}
    typo = {"correction": True, "reason": "typed wrongly", "tumors": [status]}
    session.run("followup.record", stated_date="2023-06-01", **typo, **REPLY)
    take({"rxSummChemo": "03"})
    assert (values(session)["dateOfLastContact"], tasks(session)) == ("20230601", [])
    take({"rxSummChemo": "03"}, dateOfLastContact="20260815")
    assert (values(session)["dateOfLastContact"], tasks(session)) == ("20260815", [])


def test_a_new_address_is_not_lost_to_the_older_one_of_another_facility(
    session: Session, tmp_path: Path
) -> None:
    """A registrar of one facility writes its own abstract alone; the other facility's comes first in other items."""
    other = changed(SENT, patientIdNumber="900", addrCurrentPostalCode="12207", countyCurrent="001")
    at_two = changed(
        CASE,
        reportingFacility=TWO,
        accessionNumberHosp="202300777",
        classOfCase="00",
        dateOf1stContact="2022",
    )
    session.run("ingest.file", path=write(tmp_path / "two.xml", (other, [at_two])))
    assert values(session, "patient")["addrCurrentPostalCode"] == "12207"
    of_one = Session(session._store, ANNA, now=lambda: NOW)
    of_one.run("followup.record", stated_date="2026-06-01", items=MOVED_TO, **REPLY)
    patient = values(session, "patient")
    assert {item: patient[item] for item in MOVED_TO} == MOVED_TO
    assert (patient["addrCurrentPostalCode"], patient["countyCurrent"]) == (None, None)
    assert patient["telephone"] == "5185550101"
