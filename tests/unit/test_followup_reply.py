"""Replies as pure functions: which day counts, what contradicts, what a death does, recurrence tumor by tumor."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from registry.errors import BadInput
from registry.followup import reply as replies
from registry.followup import reply_plan, tumor_status
from registry.followup.contact_codes import (
    CONTACT_AFTER_DEATH,
    DEATH_BEFORE_CONTACT,
    DEATH_DIFFERS,
    METHODS,
    OUTCOMES,
    SILENT,
    TELLING,
    source_codes,
)
from registry.followup.last_contact import Known, Told, as_naaccr, correct, judge, surely_after
from registry.followup.reply_items import PATIENT_ITEMS, TUMOR_ITEMS, clean

TODAY = dt.date(2026, 10, 31)
ROW = {
    "abstract_id": 1, "tumor_id": 5, "dateOfDiagnosis": "20230115", "dateOf1stContact": "20230110", "vitalStatus": "1",
    "dateOfLastContact": "20250301", "causeOfDeath": "0000",
}  # fmt: skip
PATIENT = {"dateOfBirth": "19500214", "vitalStatus": "1", "dateOfLastContact": "20250301"}
TUMOR = {"dateOfDiagnosis": "20230115"}


def planned(
    row: dict[str, Any] = ROW,
    patient: dict[str, Any] = PATIENT,
    tumor: dict[str, Any] = TUMOR,
    elsewhere: Known | None = None,
    **told: Any,
) -> reply_plan.Plan:
    reply, problems = replies.read({"method": "letter", "outcome": "reply", **told}, TODAY)
    plan = reply_plan.plan(reply, [row], patient, {5: tumor}, TODAY, elsewhere)
    plan.problems[:0] = problems
    return plan


def fields(**told: Any) -> list[str]:
    """Fields that a reply is refused for."""
    return [problem.field for problem in planned(**told).problems]


@pytest.mark.parametrize(
    ("known", "told", "effect", "last", "dead"),
    [
        (Known(False, "20250301"), Told("20250302", False), "moved", "20250302", False),
        (Known(False, "20250301"), Told("20250301", False), "same", "20250301", False),
        (Known(False, "20250301"), Told("20250228", False), "not_later", "20250301", False),
        (Known(False, "20250301"), Told("202503", False), "not_later", "20250301", False),
        (Known(False, "20250301"), Told("2025", False), "not_later", "20250301", False),
        (Known(False, "20250301"), Told("202504", False), "moved", "202504", False),
        (Known(False, "202503"), Told("20250301", False), "refined", "20250301", False),
        (Known(False, "202503"), Told("20250310", False), "moved", "20250310", False),
        (Known(False, "2025"), Told("20241231", False), "not_later", "2025", False),
        (Known(None, None), Told("2020", False), "moved", "2020", False),
        (Known(None, "not a date"), Told("2020", False), "moved", "2020", False),
        (Known(False, "20250301"), Told("20250301", True), "died", "20250301", True),
        (Known(False, "20250301"), Told("2025", True), "died", "2025", True),
        (Known(False, "20250301"), Told("2024", True), "review", "20250301", False),
        (Known(False, "2025"), Told("202503", True), "died", "202503", True),
        (Known(None, None), Told("2019", True), "died", "2019", True),
        (Known(True, "20250301"), Told("20250301", True), "same", "20250301", True),
        (Known(True, "20250301"), Told("2025", True), "same", "20250301", True),
        (Known(True, "2025"), Told("20250301", True), "refined", "20250301", True),
        (Known(True, None), Told("2025", True), "refined", "2025", True),
        (Known(True, "20250301"), Told("20250302", True), "review", "20250301", True),
        (Known(True, "20250301"), Told("20250301", False), "not_later", "20250301", True),
        (Known(True, "20250301"), Told("20250302", False), "review", "20250301", True),
        (Known(True, "2025"), Told("20251231", False), "not_later", "2025", True),
        (Known(True, "2025"), Told("20260101", False), "review", "2025", True),
        (Known(True, None), Told("20260101", False), "not_later", None, True),
        (Known(True, "20250301"), Told(None, False), "nothing", "20250301", True),
    ],
)
def test_what_a_report_does(
    known: Known, told: Told, effect: str, last: str | None, dead: bool | None
) -> None:
    verdict = judge(known, told)
    assert (verdict.effect, verdict.last, verdict.dead) == (effect, last, dead)
    assert (verdict.review is not None) == (effect == "review")


def test_each_contradiction_about_a_death_has_its_own_kind_of_review() -> None:
    dead = Known(True, "20250301")
    assert judge(dead, Told("20250401", False)).review == CONTACT_AFTER_DEATH
    assert judge(dead, Told("20250401", True)).review == DEATH_DIFFERS
    assert judge(Known(False, "20250501"), Told("20250401", True)).review == DEATH_BEFORE_CONTACT


def test_a_correction_goes_anywhere_and_keeps_what_it_does_not_state() -> None:
    known = Known(True, "20250301")
    assert correct(known, Told("2020", False), vital_told=True)[1:3] == ("2020", False)
    assert correct(known, Told("2020", False), vital_told=False)[1:3] == ("2020", True)
    assert correct(known, Told(None, False), vital_told=True)[1:3] == ("20250301", False)


@pytest.mark.parametrize(
    "text", ["2026-13", "20260230", "31.10.2026", "2026-1-5", "0000", "202", "٢٠٢٦", "2026-10-3x"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a date"):
        as_naaccr(text, "stated_date")


def test_only_certain_contradictions_count() -> None:
    assert surely_after("20260301", "202602")
    assert not surely_after("202602", "20260228")
    assert not surely_after("2026", "20261231")
    assert not surely_after(None, "2020")
    assert not surely_after("rubbish", "2020")


# the day that counts


def test_the_day_stated_counts_before_the_postmark() -> None:
    assert planned(stated_date="2026-09-20", postmark="2026-10-01").verdict.last == "20260920"
    assert planned(postmark="2026-10-01").verdict.last == "20261001"


def test_without_a_day_nothing_is_taken_also_not_the_mailing_day() -> None:
    assert fields(mailed_on=dt.date(2026, 9, 1)) == ["stated_date"]
    assert fields(outcome="contacted", method="phone") == ["stated_date"]


@pytest.mark.parametrize("outcome", SILENT)
def test_silent_outcomes_move_nothing_and_take_no_news(outcome: str) -> None:
    plan = planned(outcome=outcome, items={"telephone": "5185550101"})
    assert plan.problems == []
    assert plan.verdict.effect == "nothing"
    assert set(plan.changes[1]) == {"telephone", "dateCaseLastChanged"}
    for news in ({"stated_date": "2026"}, {"vital_status": "1"}, {"tumors": [{"tumor_id": 5, "cancerStatus": "1"}]}, {"items": {"causeOfDeath": "C509"}}):  # fmt: skip
        assert fields(outcome=outcome, **news)[0] == "outcome"


def test_a_refusal_may_come_without_a_day() -> None:
    assert planned(outcome="refused").verdict.effect == "nothing"
    assert planned(outcome="refused", postmark="2026-10-01").verdict.last == "20261001"


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"stated_date": "2026-11-01"}, ["stated_date"]),
        ({"stated_date": "2026-11"}, ["stated_date"]),
        ({"stated_date": "2027"}, ["stated_date"]),
        ({"stated_date": "2026"}, []),
        ({"postmark": "2026-11-01"}, ["postmark"]),
        ({"postmark": "2026-10"}, ["postmark"]),
        ({"stated_date": "2026-10-02", "postmark": "2026-10-01"}, ["stated_date"]),
        ({"stated_date": "2026-10", "postmark": "2026-10-01"}, []),
        ({"postmark": "2026-10-20", "contacted_on": "2026-10-19"}, ["postmark"]),
        ({"stated_date": "2026-10-20", "contacted_on": "2026-10-19"}, ["stated_date"]),
        ({"stated_date": "2026-10-20", "contacted_on": "2026-11-01"}, ["contacted_on"]),
        ({"postmark": "2026-08-31", "mailed_on": dt.date(2026, 9, 1)}, ["postmark"]),
        ({"stated_date": "2026-08-31", "mailed_on": dt.date(2026, 9, 1)}, []),
        ({"stated_date": "1949"}, ["stated_date"]),
        ({"stated_date": "1950"}, []),
        ({"stated_date": "2020", "tumors": [{"tumor_id": 5, "cancerStatus": "1"}]}, ["stated_date"]),
        ({"stated_date": "2026-10-01", "tumors": [{"tumor_id": 6, "cancerStatus": "1"}]}, ["tumor 6"]),
        ({"stated_date": "2026-10-01", "vital_status": "9"}, ["vital_status"]),
        ({"postmark": "2026-10-01", "vital_status": "0"}, ["stated_date"]),
        ({"stated_date": "2026-10-01", "items": {"causeOfDeath": "C509"}}, ["causeOfDeath"]),
        ({"stated_date": "2026-10-01", "items": {"primarySite": "C509"}}, ["primarySite"]),
        ({"stated_date": "2026-10-01", "items": {"addrCurrentState": "XX?"}}, ["addrCurrentState"]),
        ({"stated_date": "2026-10-01", "method": "pigeon"}, ["method"]),
        ({"stated_date": "2026-10-01", "outcome": "maybe"}, ["outcome"]),
        ({"stated_date": "2026-10-01", "correction": True}, ["reason"]),
        ({"correction": True, "reason": "typing error"}, ["correction"]),
    ],
)
def test_dates_and_words_are_checked_against_each_other(told: dict[str, Any], refused: list[str]) -> None:
    assert fields(**told) == refused


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert fields(postmark="2026-11-05", contacted_on="2026-11-06", method="pigeon") == [
        "method",
        "contacted_on",
        "postmark",
    ]


def test_nobodys_first_known_contact_is_before_a_diagnosis() -> None:
    unknown = {**PATIENT, "dateOfLastContact": None, "vitalStatus": None}
    row = {**ROW, "dateOfLastContact": None, "vitalStatus": None}
    assert fields(patient=unknown, row=row, stated_date="2022-12-31") == ["stated_date"]
    assert fields(patient=unknown, row=row, stated_date="2023") == []


# what is written


def test_a_moved_contact_is_written_with_its_source_and_day_of_change() -> None:
    plan = planned(stated_date="2026-10-01", addressee="physician")
    assert plan.changes[1] == {
        "dateOfLastContact": ("20250301", "20261001"), "followUpSource": (None, "2"),
        "followUpSourceCentral": (None, "40"), "dateCaseLastChanged": (None, "20261031"),
    }  # fmt: skip


def test_a_source_that_is_stated_counts_before_the_usual_one() -> None:
    plan = planned(stated_date="2026-10-01", addressee="physician", items={"followUpSourceCentral": "41"})
    assert plan.changes[1]["followUpSourceCentral"] == (None, "41")


def test_a_death_takes_the_codes_of_the_living_away_and_a_correction_gives_them_back() -> None:
    plan = planned(stated_date="2026-10-01", vital_status="0")
    assert plan.changes[1]["causeOfDeath"] == ("0000", "7777")
    assert plan.changes[1]["vitalStatus"] == ("1", "0")
    dead = {
        **ROW,
        "vitalStatus": "0",
        "causeOfDeath": "C509",
        "icdRevisionNumber": "1",
        "placeOfDeathState": "NY",
    }
    gone = {**PATIENT, "vitalStatus": "0"}
    risen = planned(
        row=dead,
        patient=gone,
        stated_date="2026-10-01",
        vital_status="1",
        correction=True,
        reason="other person",
    )
    assert risen.verdict.effect == "corrected"
    assert {item: pair[1] for item, pair in risen.changes[1].items()} == {
        "dateOfLastContact": "20261001", "vitalStatus": "1", "causeOfDeath": "0000", "icdRevisionNumber": "0",
        "placeOfDeathState": None, "followUpSource": "9", "followUpSourceCentral": "99", "dateCaseLastChanged": "20261031",
    }  # fmt: skip


def test_a_flag_that_says_why_a_date_is_blank_goes_with_the_date() -> None:
    row = {**ROW, "dateOfLastContact": None, "dateOfLastContactFlag": "12"}
    plan = planned(row=row, patient={**PATIENT, "dateOfLastContact": None}, stated_date="2026-10-01")
    assert plan.changes[1]["dateOfLastContactFlag"] == ("12", None)


def test_an_older_reply_leaves_the_address_but_its_cancer_status_counts() -> None:
    plan = planned(
        stated_date="2024-06-01",
        items={"addrCurrentCity": "TROY"},
        tumors=[{"tumor_id": 5, "cancerStatus": "1"}],
    )
    assert plan.verdict.effect == "not_later"
    assert set(plan.changes[1]) == {"cancerStatus", "dateOfLastCancerStatus", "dateCaseLastChanged"}
    assert plan.changes[1]["dateOfLastCancerStatus"] == (None, "20240601")
    assert len(plan.remarks) == 1


def test_a_contact_after_death_writes_nothing_at_all() -> None:
    plan = planned(
        row={**ROW, "vitalStatus": "0"}, patient={**PATIENT, "vitalStatus": "0"}, stated_date="2026-10-01",
        items={"telephone": "5185550101"}, tumors=[{"tumor_id": 5, "cancerStatus": "1"}],
    )  # fmt: skip
    assert plan.verdict.review == CONTACT_AFTER_DEATH
    assert plan.changes == {}


@pytest.mark.parametrize(
    ("elsewhere", "told", "review"),
    [
        (Known(True, "2025"), {"stated_date": "2026-10-01"}, CONTACT_AFTER_DEATH),
        (Known(False, "20261015"), {"stated_date": "2026-10-01", "vital_status": "0"}, DEATH_BEFORE_CONTACT),
        (Known(False, "20261015"), {"stated_date": "2026-10-01"}, None),
        (Known(True, "20261001"), {"stated_date": "2026-10-01", "vital_status": "0"}, None),
    ],
)
def test_records_that_the_actor_does_not_see_contradict_too(
    elsewhere: Known, told: dict[str, Any], review: str | None
) -> None:
    plan = planned(elsewhere=elsewhere, **told)
    assert plan.verdict.review == review
    assert plan.elsewhere == (review is not None)
    assert (plan.changes == {}) == (review is not None)


def test_a_correction_back_must_not_leave_other_dates_after_it() -> None:
    tumor = {**TUMOR, "cancerStatus": "1", "dateOfLastCancerStatus": "20250301"}
    back = {"stated_date": "2024-05-01", "correction": True, "reason": "typing error"}
    assert fields(tumor=tumor, **back) == ["tumor 5: dateOfLastCancerStatus"]
    own = [{"tumor_id": 5, "cancerStatus": "1", "dateOfLastCancerStatus": "2024-05-01"}]
    plan = planned(tumor=tumor, tumors=own, **back)
    assert plan.problems == []
    assert plan.changes[1]["dateOfLastContact"] == ("20250301", "20240501")


# tumors


def of_tumor(
    known: dict[str, str | None], correction: bool = False, **told: str | None
) -> tumor_status.TumorPlan:
    return tumor_status.plan({**TUMOR, **known}, told, day="20261001", last="20261001", correction=correction)


@pytest.mark.parametrize(
    ("known", "told", "problems"),
    [
        ({}, {"recurrenceType1st": "13", "recurrenceDate1st": "202609"}, 0),
        ({}, {"recurrenceType1st": "13"}, 1),
        ({}, {"recurrenceType1st": "88"}, 0),
        ({}, {"recurrenceType1st": "99"}, 0),
        ({}, {"recurrenceType1st": "00", "recurrenceDate1st": "2025"}, 1),
        ({}, {"recurrenceType1st": "70", "recurrenceDate1st": "2025"}, 1),
        ({}, {"recurrenceDate1st": "2025"}, 1),
        ({}, {"recurrenceType1st": "13", "recurrenceDate1st": "2022"}, 1),
        ({}, {"recurrenceType1st": "13", "recurrenceDate1st": "2023"}, 0),
        ({}, {"recurrenceType1st": "13", "recurrenceDate1st": "20261002"}, 1),
        ({"recurrenceType1st": "00"}, {"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, 0),
        ({"recurrenceType1st": "70"}, {"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, 1),
        ({"recurrenceType1st": "70", "cancerStatus": "1"}, {"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, 0),
        ({"recurrenceType1st": "70"}, {"recurrenceType1st": "00"}, 0),
        ({"recurrenceType1st": "00"}, {"recurrenceType1st": "70"}, 1),
        ({"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, {"recurrenceType1st": "52", "recurrenceDate1st": "2026"}, 1),
        ({"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, {"recurrenceType1st": "13", "recurrenceDate1st": "202503"}, 0),
        ({"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, {"recurrenceType1st": "00"}, 1),
        ({"recurrenceType1st": "88"}, {"recurrenceType1st": "52", "recurrenceDate1st": "2026"}, 0),
        ({"recurrenceType1st": "88"}, {"recurrenceType1st": "00"}, 1),
        ({}, {"cancerStatus": "1", "recurrenceType1st": "70"}, 1),
        ({}, {"cancerStatus": "2", "recurrenceType1st": "00"}, 1),
        ({}, {"dateOfLastCancerStatus": "2026"}, 1),
        ({}, {"cancerStatus": "1", "dateOfLastCancerStatus": "2022"}, 1),
        ({}, {"cancerStatus": "1", "dateOfLastCancerStatus": "20261002"}, 1),
        ({}, {"subsqRx2ndCourseDate": "2022", "subsqRx2ndCourseChemo": "1"}, 1),
        ({}, {"subsqRx2ndCourseDate": "2025", "subsqRx2ndCourseChemo": "1"}, 0),
    ],
)  # fmt: skip
def test_recurrence_and_status_rules(known: dict[str, str], told: dict[str, str], problems: int) -> None:
    assert len(of_tumor(known, **told).problems) == problems


def test_a_recurrence_recorded_wrongly_is_corrected_with_a_reason() -> None:
    held = {"recurrenceType1st": "13", "recurrenceDate1st": "2025"}
    plan = of_tumor(held, correction=True, recurrenceType1st="00")
    assert plan.problems == []
    assert plan.changes == {"recurrenceType1st": "00", "recurrenceDate1st": None}


def test_status_moves_forward_only_and_unknown_says_nothing() -> None:
    held = {"cancerStatus": "1", "dateOfLastCancerStatus": "20260601"}
    assert of_tumor(held, cancerStatus="9").changes == {}
    assert of_tumor(held, cancerStatus="2", dateOfLastCancerStatus="20260531").changes == {}
    assert of_tumor(held, cancerStatus="1", dateOfLastCancerStatus="2026").changes == {}
    assert of_tumor(held, cancerStatus="2").changes == {
        "cancerStatus": "2",
        "dateOfLastCancerStatus": "20261001",
    }
    assert of_tumor({}, cancerStatus="9").changes == {
        "cancerStatus": "9",
        "dateOfLastCancerStatus": "20261001",
    }
    corrected = of_tumor(held, correction=True, cancerStatus="9", dateOfLastCancerStatus="2025")
    assert corrected.changes == {"cancerStatus": "9", "dateOfLastCancerStatus": "2025"}


def test_evidence_after_a_disease_free_time_reminds_of_the_recurrence() -> None:
    plan = of_tumor({"recurrenceType1st": "00"}, cancerStatus="2")
    assert plan.problems == []
    assert len(plan.remarks) == 1


def test_words_and_codes_are_what_the_dictionary_has() -> None:
    from registry import standards

    for method in METHODS:
        for addressee in (None, "physician", "patient", "contact", "nursing_home", "institution", "registry"):
            one, central = source_codes(method, addressee)
            assert standards.label("followUpSource", one)
            assert standards.label("followUpSourceCentral", central)
    for item in (*PATIENT_ITEMS, *TUMOR_ITEMS):
        assert standards.item(item).level in ("Patient", "Tumor")
    assert set(TELLING) | set(SILENT) <= set(OUTCOMES)


def test_values_are_written_as_the_dictionary_writes_them() -> None:
    items = {"telephone": "(518) 555-0101", "addrCurrentPostalCode": "12180-1234", "addrCurrentState": "ny", "countyCurrent": "083"}  # fmt: skip
    assert clean(items, PATIENT_ITEMS) == {
        "telephone": "5185550101", "addrCurrentPostalCode": "121801234", "addrCurrentState": "NY", "countyCurrent": "083",
    }  # fmt: skip
    for item, value in (("telephone", "12345678901234"), ("countyCurrent", "83"), ("cancerStatus", "7")):
        with pytest.raises(BadInput):
            clean({item: value}, (*PATIENT_ITEMS, *TUMOR_ITEMS))
