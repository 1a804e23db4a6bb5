"""The follow-up engine over a real database: list, next steps, rates, trend, settings, scope."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Denied, NotFound
from registry.followup import LIST_COLUMNS, STEPS
from registry.followup.sources import FLAG_WORDS
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, PERSON, TUMOR, TWO, changed, write

AS_OF = "2026-10-31"
PHYSICIANS = """physician_id,npi,name,active
P7,1234567893,DR SEVEN,true
00000043,,DR FORTYTHREE,true
"""
LAST = {"anna": "20250615", "bea": "20250901", "cora": "20240101", "dora": "20260801", "ella": "20250701"}
"""Family name → last contact: four to contact, one heard of lately."""


def person(number: int, name: str, **items: str | None) -> dict[str, str]:
    own = {
        "patientIdNumber": f"{number:08}", "nameLast": name.title(), "nameFirst": "Maria",
        "dateOfBirth": f"1950{number:02}11", "socialSecurityNumber": None, "dateOfLastContact": LAST[name],
        "telephone": "5550001234",
    }  # fmt: skip
    return changed(PERSON, **(own | items))


def tumor(number: int, **items: str | None) -> dict[str, str]:
    own = {"accessionNumberHosp": f"2023{number:05}", "medicalRecordNumber": f"MRN{number}"}
    return changed(TUMOR, **(own | items))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "physicians.csv").write_text(PHYSICIANS)
    at_two = {"reportingFacility": TWO, "classOfCase": "00", "accessionNumberHosp": "202300009"}
    path = write(
        folder / "all.xml",
        (person(1, "anna"), [tumor(1, npiPhysicianFollowUp="1234567893", npiPhysicianManaging="1999999984")]),
        (person(2, "bea", noPatientContactFlag="1"), [tumor(2, physicianFollowUp="00000043")]),
        (person(3, "cora"), [tumor(3, physicianFollowUp="99999999", npiPhysicianFollowUp="9999999999")]),
        (person(4, "dora"), [tumor(4)]),
        (person(5, "ella", vitalStatus="0"), [tumor(5, **at_two)]),
    )
    (folder / "store").mkdir()
    with Session.create(folder / "store" / "r.duckdb", key=KEY, reference_date="2007-01-01") as opened:
        opened.run("ingest.file", path=str(folder / "physicians.csv"))
        opened.run("ingest.file", path=path)
    return folder / "store"


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(made, tmp_path / "store")
    with Session.open(tmp_path / "store" / "r.duckdb", key=KEY) as opened:
        yield opened


def patient_ids(session: Session) -> dict[str, int]:
    rows = session._store.query('SELECT lower("nameLast") AS name, patient_id FROM patient ORDER BY 2')
    return dict(rows.iter_rows())


def insert(session: Session, table: str, **values: Any) -> None:
    with session._store.unit_of_work("test", "test") as work:
        work.insert(table, pl.DataFrame([values]))


def steps(session: Session, **asked: Any) -> dict[str, str]:
    listed = session.run("followup.list", as_of=AS_OF, **asked)
    return dict(zip(listed["nameLast"].str.to_lowercase(), listed["nextSource"], strict=True))


def attempt(session: Session, number: int, patient_id: int, day: str, **values: Any) -> None:
    row = {
        "method": "letter",
        "contact_type": "attempt",
        "outcome": "sent",
        "contacted_at": dt.datetime.fromisoformat(day),
    }
    insert(session, "follow_up_contact", contact_id=number, patient_id=patient_id, **(row | values))


def searched(session: Session, day: str) -> None:
    insert(
        session, "follow_up_import", import_id=1, kind="pathology", created_at=dt.datetime.fromisoformat(day)
    )


def test_the_list_says_who_and_what_next(session: Session) -> None:
    listed = session.run("followup.list", as_of=AS_OF)
    assert listed.columns[: len(LIST_COLUMNS) + 1] == ["patient_id", *LIST_COLUMNS]
    assert {"telephone", "followUpContactSuppl", "npiPhysician4", "physicianName", "nextSourceFrom"} <= set(
        listed.columns
    )
    assert listed["nameLast"].to_list() == ["Cora", "Anna", "Bea"]
    assert listed["status"].to_list() == ["DELINQUENT", "DELINQUENT", "OVERDUE"]
    assert listed["lettersTo"].to_list() == ["PATIENT", "PHYSICIAN", "REGISTRY_ONLY"]
    assert listed["physician"].to_list() == [None, "1234567893", "00000043"]
    assert listed["physicianName"].to_list() == [None, "DR SEVEN", "DR FORTYTHREE"]
    assert listed["barredWhy"].to_list() == ["", "", FLAG_WORDS]
    assert set(listed["nextSource"]) == {"passive_pathology"}
    assert listed.equals(session.run("followup.worklist", as_of=AS_OF))
    assert session.run("followup.list", as_of=AS_OF, status="overdue")["nameLast"].to_list() == ["Bea"]
    assert session.run("followup.list", as_of=AS_OF, physician="1234567893")["nameLast"].to_list() == ["Anna"]
    assert session.run("followup.list", as_of=AS_OF, limit=1).height == 1
    assert session.run("followup.list", as_of=AS_OF, facility=TWO).is_empty()
    for wrong in (
        {"status": "LATE"},
        {"as_of": "soon"},
        {"limit": -1},
        {"reference_date": "x"},
        {"as_of": "0001-01-01"},
    ):
        with pytest.raises(BadInput):
            session.run("followup.list", **({"as_of": AS_OF} | wrong))
    with pytest.raises(NotFound):
        session.run("followup.list", as_of=AS_OF, facility="4711")


def test_one_pass_gives_the_same_as_its_parts(session: Session) -> None:
    whole = session.run("followup.annual", as_of=AS_OF)
    assert whole["list"].equals(session.run("followup.list", as_of=AS_OF))
    assert whole["rates"].equals(session.run("followup.rates", as_of=AS_OF))
    assert whole["summary"] == session.run("followup.summary", as_of=AS_OF)
    assert whole["summary"]["exclusions"] == {"": 4, "CLASS00": 1}
    assert whole["summary"]["list"] == {"DELINQUENT": 2, "OVERDUE": 1, "DUE": 0}


def test_steps_follow_one_another(session: Session) -> None:
    """Passive source, physician, patient, another physician, telephone; then the patient is lost and stays listed."""
    anna = patient_ids(session)["anna"]
    searched(session, "2026-09-01")
    assert steps(session) == {"anna": "physician_letter", "bea": "registry_only", "cora": "patient_letter"}
    rounds = [
        ("2026-05-01", {"addressee": "physician", "physician_id": "P7"}, "patient_letter"),
        ("2026-06-01", {"addressee": "patient"}, "second_physician"),
        ("2026-07-01", {"addressee": "physician", "physician_id": "X"}, "phone"),
        ("2026-09-20", {"method": "phone", "addressee": "patient", "outcome": "no answer"}, "lost"),
    ]
    for number, (day, values, following) in enumerate(rounds, 1):
        attempt(session, number, anna, day, **values)
        listed = session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")
        assert listed.select("nextSource", "attempts").row(0) == (following, number)
    assert listed["lastAttempt"].item() == "2026-09-20 phone no answer"
    attempt(session, 9, anna, "2026-10-20", addressee="patient")
    waiting = session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")
    assert waiting["nextSourceFrom"].item() == dt.date(2026, 11, 20)
    assert set(session.run("followup.list", as_of=AS_OF)["nextSource"]) <= set(STEPS)


def test_what_was_before_the_last_contact_or_after_the_day_is_no_attempt(session: Session) -> None:
    anna = patient_ids(session)["anna"]
    for number, day in enumerate(("2025-06-15", "2024-01-01", "2026-11-01"), 1):
        attempt(session, number, anna, day, addressee="physician")
    attempt(session, 4, anna, "2026-02-01", contact_type="reply")
    listed = session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")
    assert listed.select("attempts", "lastAttempt").row(0) == (0, None)


def test_a_bar_stops_letters_until_it_is_lifted(session: Session) -> None:
    anna = patient_ids(session)["anna"]
    session.run("followup.bar", patient_id=anna, reason="asked not to be written to")
    listed = session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")
    assert listed.select("barred", "barredWhy", "lettersTo").row(0) == (
        True,
        "asked not to be written to",
        "REGISTRY_ONLY",
    )
    session.run("followup.lift_bar", patient_id=anna, reason="asked again")
    assert session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")["barred"].item() is False


def test_consents_by_setting(session: Session) -> None:
    """The physician is known by NPI in the abstract, by number in the consent."""
    ids = patient_ids(session)
    searched(session, "2026-09-01")
    attempt(session, 1, ids["anna"], "2026-05-01", addressee="physician")
    assert steps(session)["anna"] == "patient_letter"
    session.run("followup.consent", physician_id="P7", given=False, given_on="2026-01-01")
    assert steps(session)["anna"] == "second_physician"
    session.run(
        "followup.consent", patient_id=ids["anna"], physician_id="P7", given=True, given_on="2025-01-01"
    )
    listed = session.run("followup.list", as_of=AS_OF).filter(nameLast="Anna")
    assert listed.select("nextSource", "patientLetterConsent").row(0) == ("patient_letter", "given")
    session.run("settings.change", patient_letters_need_consent="required")
    assert steps(session) == {"anna": "patient_letter", "bea": "registry_only", "cora": "phone"}


def test_settings_of_a_registry(session: Session) -> None:
    table = session.run("followup.configuration", as_of=AS_OF)
    rows = {row["setting"]: row for row in table.iter_rows(named=True)}
    assert (rows["reference_date"]["value"], rows["reference_date"]["own"]) == ("2007-01-01", True)
    assert (rows["tries_before_lost"]["value"], rows["tries_before_lost"]["own"]) == ("5", False)
    assert rows["last_five_years"]["value"] == "90"
    session.run(
        "settings.change", patient_contact_flag_bars_letters="no", passive_sources="visits", tries_before_lost="1",
        follow_anyway="CLASS00", windows_count_from="completed_year", followup_floor="none",
    )  # fmt: skip
    searched(session, "2026-09-01")
    listed = session.run("followup.list", as_of=AS_OF)
    assert set(listed["nextSource"]) == {"passive_visits"}
    assert "REGISTRY_ONLY" not in listed["lettersTo"].to_list()
    starts = dict(session.run("followup.rates", as_of=AS_OF).select("window", "from").iter_rows())
    assert starts["last_five_years"] == dt.date(2021, 1, 1)
    session.run("settings.change", passive_sources="none", patient_contact_flag_bars_letters="")
    assert steps(session) == {"anna": "physician_letter", "bea": "registry_only", "cora": "patient_letter"}
    before = session.run("settings.show")
    for name, text in (
        ("tries_before_lost", "many"), ("follow_anyway", "EVERYBODY"), ("windows_count_from", "noon"),
        ("passive_sources", "a;DROP"), ("followup_floor", "2005"), ("patient_letter_month", "0"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=name):
            session.run("settings.change", **{name: text})
    assert session.run("settings.show") == before


def test_rates_by_group(session: Session) -> None:
    """A facility's rate goes by its own class of case; a physician by licence number, else NPI."""
    by_facility = session.run("followup.rates", as_of=AS_OF, by="facility").filter(
        window="since_reference", unit="patient"
    )
    assert by_facility.select("facility", "A_eligible", "D_current", "E_lost").rows() == [(ONE, 4, 2, 2)]
    by_physician = session.run("followup.rates", as_of=AS_OF, by="physician").filter(
        window="since_reference", unit="tumor"
    )
    assert by_physician["physician"].to_list() == [None, "00000043", "1234567893"]
    bands = session.run("followup.rates", as_of=AS_OF, by="age_band")
    assert bands.filter(age_band="invasive, age 65 and over")["A_eligible"].item() == 4
    assert {"unit", "window", "goal_met"} <= set(bands.columns)
    with pytest.raises(BadInput, match="choose of facility"):
        session.run("followup.rates", by="colour")


def test_the_trend_is_made_of_kept_rates(session: Session) -> None:
    """What is found out later does not change what was known then."""
    session._now = lambda: dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
    assert session.run("followup.keep_rates", as_of="2026-09-01") == {
        "as_of": dt.date(2026, 9, 1),
        "kept": 12,
        "already": False,
    }
    cora = patient_ids(session)["cora"]
    session.run(
        "followup.record", patient_id=cora, outcome="reply", stated_date="2026-10-01", vital_status="1"
    )
    assert session.run("followup.keep_rates", as_of="2026-09-01")["already"] is True
    whole = session.run("followup.trend", every="month", periods=3, as_of="2026-10-31").filter(
        unit="patient", window="since_reference"
    )
    assert whole["period"].to_list() == ["2026-08", "2026-09", "2026-10"]
    assert whole["source"].to_list() == ["none", "kept", "now"]
    assert whole["E_lost"].to_list() == [None, 1, 1]
    assert whole["D_current"].to_list() == [None, 3, 3]
    assert whole["note"].to_list() == [
        "not kept: before the first kept run (2026-09-01)",
        "",
        "as it stands today",
    ]
    assert session.run("followup.keep_rates", as_of="2026-09-01", again=True)["kept"] == 12
    anew = session.run("followup.trend", periods=2, as_of="2026-10-31").filter(
        period="2026-09", unit="patient"
    )
    assert anew["E_lost"].to_list()[0] == 0
    one = session.run("followup.trend", every="quarter", periods=2, facility=ONE).filter(unit="tumor")
    assert one["period"].unique(maintain_order=True).to_list() == ["2026Q3", "2026Q4"]
    with pytest.raises(BadInput, match="is to come"):
        session.run("followup.keep_rates", as_of="2026-11-01")
    with pytest.raises(BadInput, match="choose of month"):
        session.run("followup.trend", every="week")


def test_staff_of_a_facility(session: Session) -> None:
    session._now = lambda: dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
    session.run("followup.keep_rates")
    ids = patient_ids(session)
    asked = session.as_actor(Actor("olga", "registrar", frozenset({ONE})))
    insert(session, "contact_bar", bar_id=77, patient_id=ids["anna"], facility_id=TWO, reason="told TWO so", set_by="x",
           set_at=dt.datetime(2026, 1, 1))  # fmt: skip
    attempt(session, 5, ids["anna"], "2026-05-01", addressee="physician", facility_id=TWO)
    listed = asked.run("followup.list", as_of=AS_OF)
    assert listed["nameLast"].to_list() == ["Cora", "Anna", "Bea"]
    assert listed.filter(nameLast="Anna").select("barred", "barredWhy", "attempts").row(0) == (
        True, "barred at another facility", 0,
    )  # fmt: skip
    assert asked.run("followup.trend", periods=1)["source"].unique().to_list() == ["kept"]
    assert asked.run("followup.annual", as_of=AS_OF)["summary"]["tumors"] == 4
    with pytest.raises(NotFound):
        asked.run("followup.trend", facility=TWO)
    with pytest.raises(Denied, match="whole registry"):
        asked.run("followup.keep_rates")
    two = session.as_actor(Actor("tom", "registrar", frozenset({TWO})))
    assert two.run("followup.list", as_of=AS_OF).is_empty()
    both = session.as_actor(Actor("bo", "registrar", frozenset({ONE, TWO})))
    with pytest.raises(BadInput, match="name the facility"):
        both.run("followup.trend")
