"""Letters that are answered, bars on contact and consents on a real database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput, Denied, NotFound
from registry.service import Session
from tests.integration.followup_store import ANNA, BEN, JUNE, copied, make, patient


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(made, tmp_path) as opened:
        yield opened


# letters


def _letter(session: Session, state: str, letter_id: int = 1) -> None:
    with session._store.unit_of_work("c", "letters") as work:
        batch = {"batch_id": letter_id, "run": "r", "as_of": dt.date(2026, 9, 1), "addressee": "physician", "letters": 1, "state": "sent", "sent_on": dt.date(2026, 9, 2)}  # fmt: skip
        work.insert("letter_batch", pl.DataFrame([batch]))
        letter = {"letter_id": letter_id, "batch_id": letter_id, "patient_id": 1, "addressee": "physician", "recipient": "P7", "state": state}  # fmt: skip
        work.insert("letter", pl.DataFrame([letter]))


def test_a_letter_is_answered_or_comes_back(session: Session) -> None:
    _letter(session, "sent")
    with pytest.raises(BadInput, match="postmark: is before the letter was sent"):
        session.run("followup.record", patient_id=1, postmark="2026-09-01", letter_id=1)
    answer = session.run("followup.record", patient_id=1, postmark="2026-09-20", letter_id=1)
    state = session._store.query("SELECT state, contact_id FROM letter").row(0)
    assert state == ("answered", answer["contact_id"])
    kept = session.run("followup.contacts").row(0, named=True)
    assert (kept["addressee"], kept["physician_id"], kept["follow_up_source"]) == ("physician", "P7", "2/40")
    assert patient(session) == ("1", "20260920")  # the postmark, not the day it was sent
    _letter(session, "sent", 2)
    session.run("followup.record", patient_id=1, outcome="returned undeliverable", letter_id=2)
    assert session._store.query("SELECT state FROM letter WHERE letter_id = 2").item() == "returned"
    _letter(session, "made", 3)
    with pytest.raises(BadInput, match="not sent"):
        session.run("followup.record", patient_id=1, letter_id=3, **JUNE)
    with pytest.raises(NotFound):
        session.run("followup.record", patient_id=2, letter_id=2, **JUNE)
    assert session.run("followup.history", patient_id=1)["letters"]["letter_id"].to_list() == [2, 1]


# bars and consents


def test_bars_say_who_when_why_and_stay_in_the_history(session: Session) -> None:
    first = session.run(
        "followup.bar", patient_id=1, reason="asked not to be written to", requested_by="the daughter"
    )
    assert session.run("followup.bar", patient_id=1, reason="asked not to be written to", requested_by="the daughter") == {**first, "already": True}  # fmt: skip
    row = session.run("followup.bars").row(0, named=True)
    assert (row["reason"], row["requested_by"], row["set_by"]) == ("asked not to be written to", "the daughter", session.actor.name)  # fmt: skip
    assert session.as_actor(BEN).run("followup.history", patient_id=1)["barred"]
    assert session.as_actor(BEN).run("followup.bars").is_empty()
    with pytest.raises(NotFound):
        session.as_actor(BEN).run("followup.lift_bar", patient_id=1, reason="x")
    with pytest.raises(BadInput, match="reason"):
        session.run("followup.lift_bar", patient_id=1, reason=" ")
    assert session.run("followup.lift_bar", patient_id=1, reason="wants letters") == {
        "lifted": [first["bar_id"]]
    }
    assert not session.run("followup.history", patient_id=1)["barred"]
    assert session.run("followup.bars", every=True)["lifted_reason"].to_list() == ["wants letters"]
    with pytest.raises(NotFound):
        session.run("followup.lift_bar", patient_id=1, reason="again")


def test_consents_and_refusals_with_their_history(session: Session) -> None:
    from registry.service.followup.contacts import consents_in_force

    every = session.run("followup.consent", physician_id="P7", given_on="2026-01-01")["consent_id"]
    own = session.run("followup.consent", patient_id=1, physician_id="P7", given=False, given_on="2026-02-01", valid_until="2026-12-31")["consent_id"]  # fmt: skip
    session.run("followup.consent", patient_id=1, physician_id="P7", given=True, given_on="2026-01-15")
    force = consents_in_force(session._store.query, dt.date(2026, 3, 1))
    assert force.rows() == [(None, "P7", True), (1, "P7", False)]
    assert consents_in_force(session._store.query, dt.date(2027, 1, 1)).rows() == [
        (None, "P7", True),
        (1, "P7", True),
    ]
    assert consents_in_force(session._store.query, dt.date(2025, 1, 1)).is_empty()
    session.run("followup.withdraw_consent", consent_id=own, reason="called")
    assert session.run("followup.consents", every=True).filter(consent_id=own)[
        "withdrawn_reason"
    ].to_list() == ["called"]
    with pytest.raises(NotFound):
        session.run("followup.withdraw_consent", consent_id=own, reason="again")
    anna = session.as_actor(ANNA)
    for name, told in (("followup.consent", {"physician_id": "P7"}), ("followup.withdraw_consent", {"consent_id": every, "reason": "x"})):  # fmt: skip
        with pytest.raises(Denied, match="whole registry"):
            anna.run(name, **told)
    anna.run("followup.consent", patient_id=1, physician_id="P8")
    with pytest.raises(NotFound):
        anna.run("followup.consent", patient_id=2, physician_id="P8")
    for told in ({}, {"physician_id": "P7", "given_on": "2026-11-01"}, {"physician_id": "P7", "valid_until": "2025-01-01"}):  # fmt: skip
        with pytest.raises(BadInput):
            session.run("followup.consent", **told)
    assert session.as_actor(BEN).run("followup.consents", patient_id=2)["patient_id"].to_list() == [None]


def test_a_patient_who_refuses_is_left_alone_at_once(session: Session) -> None:
    said = session.run("followup.record", patient_id=1, outcome="refused", addressee="patient")
    bars = session.run("followup.bars", patient_id=1)
    assert bars.select("reason", "requested_by").rows() == [("the patient wants no more contact", "patient")]
    assert any("barred" in line for line in said["warnings"])
    assert session.run("followup.history", patient_id=1)["barred"]


def test_a_physician_who_refuses_bars_nobody(session: Session) -> None:
    session.run("followup.record", patient_id=1, outcome="refused", addressee="physician")
    assert session.run("followup.bars", patient_id=1).is_empty()
