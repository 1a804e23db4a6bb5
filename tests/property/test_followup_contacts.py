"""Any sequence of contacts without corrections: last contact never moves back, nobody rises from the dead."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.followup import passive, reply, reply_plan
from registry.followup.last_contact import Known, Told, judge, surely_after
from registry.standards.dates import earliest_date, latest_date

TODAY = dt.date(2026, 10, 31)
days = st.dates(dt.date(2022, 1, 1), TODAY)
told_dates = st.builds(
    lambda day, size: day.strftime("%Y%m%d")[:size], days, st.sampled_from([8, 8, 8, 6, 4])
)
known_dates = st.one_of(st.none(), told_dates)
deaths = st.sampled_from([False, False, False, True])
tolds = st.builds(Told, told_dates, deaths)
knowns = st.builds(Known, st.sampled_from([True, False, None]), known_dates)


def not_back(before: Known, after: Known) -> None:
    if before.dead:
        assert after.dead
    first, now = earliest_date(before.last), earliest_date(after.last)
    if first is None:
        return
    assert now is not None
    if after.dead and not before.dead:
        assert not surely_after(before.last, after.last)  # a death in part may hold the last contact in it
    elif before.dead:
        assert str(after.last).startswith(str(before.last))  # the same death, perhaps known more exactly
    else:
        assert now >= first


@given(knowns, st.lists(tolds, max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_sequence_of_reports_moves_back_or_undoes_a_death(known: Known, reports: list[Told]) -> None:
    state = known
    for told in reports:
        verdict = judge(state, told)
        after = Known(verdict.dead, verdict.last)
        not_back(state, after)
        if verdict.review is not None:
            assert after == state
        state = after


@given(knowns, tolds)
@settings(max_examples=300, deadline=None)
def test_the_same_report_again_changes_nothing(known: Known, told: Told) -> None:
    first = judge(known, told)
    state = Known(first.dead, first.last)
    again = judge(state, told)
    assert (again.dead, again.last) == (first.dead, first.last)


@given(known_dates, st.lists(told_dates, min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_living_contacts_does_not_matter(
    start: str | None, dates: list[str], random: Any
) -> None:
    def end(order: list[str]) -> dt.date | None:
        state = Known(False, start)
        for date in order:
            verdict = judge(state, Told(date, False))
            state = Known(verdict.dead, verdict.last)
        return earliest_date(state.last)

    shuffled = list(dates)
    random.shuffle(shuffled)
    assert end(dates) == end(shuffled) == max(filter(None, map(earliest_date, [start, *dates])))


contacts = st.fixed_dictionaries(
    {},
    optional={
        "outcome": st.sampled_from(["reply", "contacted", "refused", "no answer", "returned undeliverable"]),
        "stated_date": told_dates,
        "postmark": st.builds(lambda day: day.strftime("%Y%m%d"), days),
        "vital_status": st.sampled_from(["0", "1", "1"]),
        "items": st.fixed_dictionaries({}, optional={"telephone": st.just("5185550101"), "causeOfDeath": st.just("C509")}),
        "tumors": st.lists(
            st.fixed_dictionaries(
                {"tumor_id": st.sampled_from([5, 6])},
                optional={
                    "cancerStatus": st.sampled_from("129"),
                    "recurrenceType1st": st.sampled_from(["00", "13", "70", "88"]),
                    "recurrenceDate1st": told_dates,
                },
            ),
            max_size=2,
            unique_by=lambda one: one["tumor_id"],
        ),
    },
)  # fmt: skip


@given(known_dates, st.lists(contacts, max_size=8), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_sequence_of_replies_and_passive_lines_moves_back(
    start: str | None, entered: list[dict[str, Any]], mixed: bool
) -> None:
    row: dict[str, Any] = {"abstract_id": 1, "tumor_id": 5, "dateOfDiagnosis": "20220105", "vitalStatus": "1", "dateOfLastContact": start}  # fmt: skip
    rows = [row, {**row, "abstract_id": 2, "tumor_id": 6}]
    for number, told in enumerate(entered):
        before = reply_plan.known_of(rows[0])
        if mixed and number % 2 and "stated_date" in told:
            one = passive.Sighting(1, 7, told["stated_date"], told.get("vital_status") == "0")
            found = passive.forward(before, "19500101", ["20220105"], [one], TODAY)
            if found.verdict is not None:
                for each in rows:
                    each.update(reply_plan.standing(each, before, found.verdict))
        else:
            read, problems = reply.read({"method": "letter", "outcome": "reply", **told}, TODAY)
            patient = {
                "dateOfBirth": "19500101",
                **{name: rows[0].get(name) for name in ("vitalStatus", "dateOfLastContact")},
            }
            tumors = {each["tumor_id"]: each for each in rows}
            plan = reply_plan.plan(read, rows, patient, tumors, TODAY)
            if problems or plan.problems:
                continue
            for each in rows:
                each.update(
                    {item: after for item, (_, after) in plan.changes.get(each["abstract_id"], {}).items()}
                )
        not_back(before, reply_plan.known_of(rows[0]))
        _in_order(rows)


def _in_order(rows: list[dict[str, Any]]) -> None:
    """Both records stand alike, and no date of follow-up lies after the last contact or before the diagnosis."""
    assert len({(each["vitalStatus"], each["dateOfLastContact"]) for each in rows}) == 1
    for each in rows:
        for item in ("dateOfLastCancerStatus", "recurrenceDate1st"):
            assert not surely_after(each["dateOfDiagnosis"], each.get(item))
            assert not surely_after(each.get(item), each["dateOfLastContact"])
        if each.get("recurrenceType1st") in ("00", "70"):
            assert each.get("recurrenceDate1st") is None


@given(knowns, st.lists(st.tuples(told_dates, deaths), max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_file_gives_each_line_one_outcome_whatever_their_order(
    known: Known, lines: list[tuple[str, bool]], random: Any
) -> None:
    seen = [passive.Sighting(number, 7, date, dead) for number, (date, dead) in enumerate(lines)]
    found = passive.forward(known, None, [], seen, TODAY)
    assert [one.line for one in found.outcomes] == list(range(len(lines)))
    assert sum(one.outcome == passive.MOVED for one in found.outcomes) == (found.verdict is not None)
    if found.verdict is not None:
        not_back(known, Known(found.verdict.dead, found.verdict.last))
    mixed = list(seen)
    random.shuffle(mixed)
    assert passive.forward(known, None, [], mixed, TODAY) == found
    future = [one for one in seen if (latest_date(one.date) or TODAY) <= TODAY]
    assert all(
        one.outcome != passive.UNREADABLE for one in passive.forward(known, None, [], future, TODAY).outcomes
    )
