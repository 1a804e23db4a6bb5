"""Follow-up work on a real database: replies, tumor by tumor, deaths, corrections, scope, conflicts."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound, RegistryError
from registry.followup.contact_codes import CONTACT_AFTER_DEATH, DEATH_BEFORE_CONTACT, NEW_PRIMARY
from registry.followup.last_contact import Known, surely_after
from registry.security.roles import Actor
from registry.service import Session
from registry.standards.dates import earliest_date
from tests.integration.followup_store import ANNA, BEN, JUNE, abstracts, copied, make, patient, tasks
from tests.received import ONE, TWO


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(made, tmp_path) as opened:
        yield opened


def test_a_reply_updates_every_tumors_last_contact_but_cancer_status_tumor_by_tumor(session: Session) -> None:
    before = session.run("followup.history", patient_id=1)
    assert len(abstracts(session, 1, "status")) == 3
    answer = session.run(
        "followup.record", patient_id=1, vital_status="1", items={"telephone": "5185550101"}, **JUNE,
        tumors=[{"tumor_id": 1, "cancerStatus": "1"}, {"tumor_id": 2, "cancerStatus": "2"}], expected_version=before["version"],
    )  # fmt: skip
    assert (answer["effect"], answer["abstracts"], answer["date_of_last_contact"]) == ("moved", 3, "20260601")
    items = (
        "tumor_id",
        "dateOfLastContact",
        "vitalStatus",
        "telephone",
        "followUpSource",
        "followUpSourceCentral",
    )
    told = ("20260601", "1", "5185550101", "2", "40")
    assert abstracts(session, 1, *items) == [(1, *told), (2, *told), (1, *told)]
    status = ("cancerStatus", "dateOfLastCancerStatus", "dateCaseLastChanged")
    assert abstracts(session, 1, *status) == [("1", "20260601", "20261031"), ("2", "20260601", "20261031"), ("1", "20260601", "20261031")]  # fmt: skip
    assert session._store.query('SELECT "cancerStatus" FROM tumor WHERE patient_id = 1 ORDER BY tumor_id').rows() == [("1",), ("2",)]  # fmt: skip
    assert patient(session) == ("1", "20260601")
    assert abstracts(session, 2, "dateOfLastContact") == [("20240301",)]


def test_complete_and_exported_abstracts_are_written_without_reopening_void_ones_stay(
    session: Session,
) -> None:
    session.run("records.status", abstract_id=2, to="exported")
    session.run("records.status", abstract_id=3, to="void", reason="twice")
    session.run("followup.record", patient_id=1, **JUNE)
    assert abstracts(session, 1, "status", "dateOfLastContact") == [
        ("complete", "20260601"), ("exported", "20260601"), ("void", "20240301"),
    ]  # fmt: skip


def test_history_of_the_abstract_and_audit_say_what_changed(session: Session) -> None:
    answer = session.run("followup.record", patient_id=1, note="rang back", **JUNE)
    rows = session.run("records.history", abstract_id=1)
    assert rows.filter(item="dateOfLastContact").select("version", "before", "after", "reason").rows() == [
        (2, "20240301", "20260601", f"follow-up contact {answer['contact_id']}")
    ]
    kept = session.run("followup.contacts", patient_id=1).row(0, named=True)
    assert (kept["outcome"], kept["contact_type"], kept["note"], kept["contacted_by"]) == ("reply", "reply", "rang back", session.actor.name)  # fmt: skip
    assert json.loads(kept["changes"])["1"]["dateOfLastContact"] == ["20240301", "20260601"]


def test_the_same_key_answers_the_same_and_changes_nothing(session: Session) -> None:
    first = session.run("followup.record", patient_id=1, idempotency_key="form-1", **JUNE)
    assert session.run("followup.record", patient_id=1, idempotency_key="form-1", **JUNE) == first
    assert session.run("followup.contacts").height == 1
    assert abstracts(session, 1, "version") == [(2,), (2,), (2,)]


def test_two_people_with_the_same_version_one_wins(session: Session) -> None:
    version = session.run("followup.history", patient_id=1)["version"]
    session.run(
        "followup.record",
        patient_id=1,
        tumors=[{"tumor_id": 2, "cancerStatus": "1"}],
        expected_version=version,
        **JUNE,
    )
    with pytest.raises(Conflict, match="changed by somebody"):
        session.run(
            "followup.record", patient_id=1, expected_version=version, **{**JUNE, "stated_date": "2026-07-01"}
        )
    session.run("records.status", abstract_id=1, to="reopened", reason="x")
    with pytest.raises(Conflict):
        session.run("followup.check", patient_id=1, expected_version=version + 3, **JUNE)


def test_many_at_once_end_at_the_latest_day(session: Session) -> None:
    faults: list[BaseException] = []

    def enter(month: int) -> None:
        asked = session.as_actor(Actor(f"person-{month}", "admin"))
        for _ in range(50):
            try:
                asked.run(
                    "followup.record",
                    patient_id=1,
                    stated_date=f"2026-0{month}-01",
                    idempotency_key=f"m{month}",
                )
                return
            except (Conflict, RegistryError) as error:
                last = error
        faults.append(last)

    threads = [threading.Thread(target=enter, args=(month,)) for month in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert patient(session) == ("1", "20260601")
    assert session.run("followup.contacts").height == 6
    assert set(abstracts(session, 1, "dateOfLastContact")) == {("20260601",)}
    assert session._store.verify_audit().ok


def test_a_death_overrides_and_a_later_contact_opens_a_review(session: Session) -> None:
    died = session.run(
        "followup.record", patient_id=1, stated_date="2026-05", vital_status="0", addressee="contact"
    )
    assert (died["effect"], patient(session)) == ("died", ("0", "202605"))
    again = session.run("followup.record", patient_id=1, **JUNE, items={"telephone": "5185550199"})
    assert (again["effect"], again["abstracts"], patient(session)) == ("review", 0, ("0", "202605"))
    assert abstracts(session, 1, "telephone") == [(None,)] * 3
    assert "after the recorded death" in again["warnings"][0]
    assert tasks(session) == [(CONTACT_AFTER_DEATH, None)]  # of two facilities: central staff's
    twice = session.run("followup.record", patient_id=1, stated_date="2026-07-01")
    assert twice["task_ids"] == again["task_ids"]
    assert session.run("followup.history", patient_id=1)["tasks"]["kind"].to_list() == [CONTACT_AFTER_DEATH]


def test_a_death_before_a_known_contact_is_for_review(session: Session) -> None:
    session.run("followup.record", patient_id=1, **JUNE)
    answer = session.run("followup.record", patient_id=1, stated_date="2026-05-31", vital_status="0")
    assert (answer["effect"], patient(session)) == ("review", ("1", "20260601"))
    assert tasks(session) == [(DEATH_BEFORE_CONTACT, None)]


def test_a_correction_goes_back_with_a_reason_both_dates_stay_and_the_review_is_closed(
    session: Session,
) -> None:
    session.run("followup.record", patient_id=1, stated_date="2026-05", vital_status="0")
    session.run("followup.record", patient_id=1, **JUNE)
    with pytest.raises(BadInput, match="reason"):
        session.run(
            "followup.record", patient_id=1, correction=True, stated_date="2026-06-01", vital_status="1"
        )
    answer = session.run(
        "followup.record", patient_id=1, correction=True, stated_date="2025-12-01", vital_status="1", reason="another Maria Alvarez"
    )  # fmt: skip
    assert (answer["effect"], patient(session)) == ("corrected", ("1", "20251201"))
    assert tasks(session) == []
    change = session.run("records.history", abstract_id=1).filter(item="dateOfLastContact").row(0, named=True)
    assert (change["before"], change["after"], change["reason"]) == (
        "202605",
        "20251201",
        "another Maria Alvarez",
    )
    contact = session.run("followup.contacts", patient_id=1).row(0, named=True)
    assert contact["contact_type"] == "correction"
    assert json.loads(contact["changes"])["1"]["dateOfLastContact"] == ["202605", "20251201"]


def test_an_older_reply_is_kept_and_moves_nothing(session: Session) -> None:
    answer = session.run("followup.record", patient_id=1, stated_date="2023-12-01")
    assert (answer["effect"], answer["abstracts"], patient(session)) == ("not_later", 0, ("1", "20240301"))
    assert session.run("followup.contacts")["date_of_last_contact"].to_list() == [None]


def test_recurrence_and_a_new_primary(session: Session) -> None:
    answer = session.run(
        "followup.record", patient_id=1, **JUNE, new_primary="lung, 2026",
        tumors=[{"tumor_id": 2, "recurrenceType1st": "13", "recurrenceDate1st": "2026-04", "subsqRx2ndCourseDate": "2026-05", "subsqRx2ndCourseChemo": "1"}],
    )  # fmt: skip
    assert len(answer["task_ids"]) == 1
    assert tasks(session) == [(NEW_PRIMARY, None)]
    items = ("recurrenceType1st", "recurrenceDate1st", "subsqRx2ndCourseChemo")
    assert abstracts(session, 1, *items) == [(None,) * 3, ("13", "202604", "1"), (None,) * 3]
    with pytest.raises(BadInput, match="tumor 2: recurrenceType1st: a first recurrence is recorded already"):
        session.run(
            "followup.record",
            patient_id=1,
            stated_date="2026-07-01",
            tumors=[{"tumor_id": 2, "recurrenceType1st": "00"}],
        )


def test_a_refused_reply_leaves_no_trace(session: Session) -> None:
    before = session._store.query("SELECT max(seq) FROM audit_event").item()
    for told in (
        {"stated_date": "2026-11-01"}, {"stated_date": "1949"}, {"stated_date": "2026-05", "tumors": [{"tumor_id": 9, "cancerStatus": "1"}]},
        {"stated_date": "2026-05", "items": {"nameLast": "X"}}, {"stated_date": "2026-05", "colour": "red"}, {"letter_id": 5, "stated_date": "2026-05"},
        {"stated_date": "2026-05", "next_date": "soon"},
    ):  # fmt: skip
        with pytest.raises((BadInput, NotFound)):
            session.run("followup.record", patient_id=1, **told)
    assert session._store.query("SELECT max(seq) FROM audit_event").item() == before
    assert abstracts(session, 1, "version") == [(1,)] * 3


def test_check_says_everything_and_writes_nothing(session: Session) -> None:
    found = session.run("followup.check", patient_id=1, **JUNE, tumors=[{"tumor_id": 1, "cancerStatus": "1"}])
    assert (found["ok"], found["effect"], found["date_of_last_contact"]) == (True, "moved", "20260601")
    assert found["changes"].filter(item="cancerStatus")["abstract_id"].to_list() == [1, 3]
    wrong = session.run("followup.check", patient_id=1, postmark="2026-11-05", vital_status="0", letter_id=4)
    assert wrong["problems"][0]["field"] == "letter"
    assert {"postmark", "stated_date"} <= {problem["field"] for problem in wrong["problems"]}
    assert abstracts(session, 1, "version") == [(1,)] * 3
    assert session.run("followup.contacts").is_empty()
    noted = session._store.query(
        "SELECT after_value FROM audit_event WHERE entity_id = 'followup.check' ORDER BY seq"
    )
    assert "20260601" not in str(noted["after_value"].to_list())


# scope


def test_whoever_is_held_to_a_facility_writes_its_abstracts_alone(session: Session) -> None:
    answer = session.as_actor(ANNA).run("followup.record", patient_id=1, **JUNE)
    assert (answer["effect"], answer["abstracts"]) == ("moved", 2)
    assert abstracts(session, 1, "facility_id", "dateOfLastContact") == [(ONE, "20260601"), (ONE, "20260601"), (TWO, "20240301")]  # fmt: skip
    assert patient(session) == ("1", "20260601")
    assert session.as_actor(ANNA).run("followup.contacts").height == 1
    assert session.as_actor(BEN).run("followup.contacts").is_empty()
    with pytest.raises(NotFound):
        session.as_actor(ANNA).run("followup.record", patient_id=2, **JUNE)
    with pytest.raises(NotFound):
        session.as_actor(ANNA).run("followup.history", patient_id=2)


def test_what_another_facility_knows_is_neither_shown_nor_undone(session: Session) -> None:
    anna, ben = session.as_actor(ANNA), session.as_actor(BEN)
    ben.run("followup.record", patient_id=1, stated_date="2026-05-10", vital_status="0")
    answer = anna.run("followup.record", patient_id=1, **JUNE)
    assert (answer["effect"], answer["abstracts"], answer["vital_status"]) == ("review", 0, "1")
    assert "20260510" not in str(answer)
    assert patient(session) == ("0", "20260510")
    assert tasks(session) == [(CONTACT_AFTER_DEATH, None)]
    assert anna.run("tasks.list", kind=CONTACT_AFTER_DEATH).is_empty()
    assert anna.run("followup.history", patient_id=1)["patient"]["vitalStatus"] == "1"


def test_a_death_at_one_facility_never_moves_the_patient_back(session: Session) -> None:
    session.as_actor(BEN).run("followup.record", patient_id=1, **JUNE)
    answer = session.as_actor(ANNA).run(
        "followup.record", patient_id=1, stated_date="2025-01-01", vital_status="0"
    )
    assert (answer["effect"], patient(session)) == ("review", ("1", "20260601"))
    assert tasks(session) == [(DEATH_BEFORE_CONTACT, None)]


def test_roles_that_only_read_record_nothing(session: Session) -> None:
    for role in ("quality", "manager"):
        asked = session.as_actor(Actor("q", role))
        assert asked.run("followup.history", patient_id=1)["version"] > 0
        for name in ("followup.record", "followup.bar"):
            with pytest.raises(Denied):
                asked.run(name, patient_id=1, **({"reason": "x"} if name.endswith("bar") else JUNE))


# any sequence


@pytest.mark.parametrize("seed", range(3))
def test_no_sequence_of_entries_moves_back_or_undoes_a_death(session: Session, seed: int) -> None:
    """By three people, two of them held to facilities; what the registry says together never goes back."""
    draw = random.Random(seed)
    actors = [session, session.as_actor(ANNA), session.as_actor(BEN)]
    before = Known(False, "20240301")
    for _ in range(25):
        day = dt.date(2023, 6, 1) + dt.timedelta(days=draw.randrange(1240))
        told: dict[str, Any] = {"stated_date": f"{day:%Y%m%d}"[: draw.choice([8, 8, 6, 4])]}
        if draw.random() < 0.4:
            told["vital_status"] = draw.choice("01")
        try:
            draw.choice(actors).run("followup.record", patient_id=1, **told)
        except BadInput:
            continue
        vital, last = patient(session)
        after = Known(vital == "0", last)
        assert after.dead or not before.dead
        assert not surely_after(before.last, after.last)
        if not after.dead:
            assert (earliest_date(after.last) or dt.date.min) >= (earliest_date(before.last) or dt.date.min)
        before = after
