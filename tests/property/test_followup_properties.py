"""What must hold for any cohort: A = B + D + E, nobody current is listed, order of rows does not matter."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.followup import FollowUpConfiguration, eligibility, follow_up_list, rates
from registry.followup.due import first_days, first_with
from registry.standards import dates

SETTINGS = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1))
KEY = "patientIdNumber"
days = st.dates(dt.date(1920, 1, 1), dt.date(2026, 12, 31))
naaccr_dates = st.one_of(
    st.none(),
    st.builds(lambda day, size: day.strftime("%Y%m%d")[:size], days, st.sampled_from([8, 8, 8, 6, 4])),
)
as_ofs = st.dates(dt.date(2008, 1, 1), dt.date(2027, 1, 1))


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    size = draw(st.integers(1, 12))
    people = [
        (str(n), draw(st.sampled_from("011")), draw(naaccr_dates), draw(naaccr_dates),
         draw(st.sampled_from(["USA", "CAN", None])))
        for n in range(size)
    ]  # fmt: skip
    tumors = [
        (draw(st.sampled_from(people))[0], f"{n:02}", draw(st.sampled_from(["00", "14", "22", "38", None])),
         draw(st.sampled_from(["C509", "C539", "C445"])), "8070", draw(st.sampled_from("0233")),
         draw(st.sampled_from(["0", "1", "3", None])), draw(naaccr_dates), draw(naaccr_dates))
        for n in range(draw(st.integers(0, 16)))
    ]  # fmt: skip
    return (
        pl.DataFrame(people, orient="row", schema=dict.fromkeys(
            (KEY, "vitalStatus", "dateOfLastContact", "dateOfBirth", "addrCurrentCountry"), pl.String)),
        pl.DataFrame(tumors, orient="row", schema=dict.fromkeys(
            (KEY, "tumorRecordNumber", "classOfCase", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3",
             "summaryStage2018", "dateOfDiagnosis", "dateOf1stContact"), pl.String)),
    )  # fmt: skip


@given(cohorts(), as_ofs, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_invariants(cohort, as_of, random) -> None:  # type: ignore[no-untyped-def]
    patients, tumors = cohort
    table = rates(patients, tumors, as_of, configuration=SETTINGS)
    assert (table["A_eligible"] == table["B_dead"] + table["D_current"] + table["E_lost"]).all()
    assert (table["C_living"] == table["A_eligible"] - table["B_dead"]).all()
    listed = follow_up_list(patients, tumors, as_of, configuration=SETTINGS)
    lost = table.filter(basis="patient", window="since_reference")["E_lost"].item()
    assert listed.filter(status="DELINQUENT").height == lost
    assert listed[KEY].is_unique().all()
    dead = set(patients.filter(vitalStatus="0")[KEY])
    assert not dead & set(listed[KEY])
    last = dict(patients.select(KEY, "dateOfLastContact").iter_rows())
    for line in listed.iter_rows(named=True):
        seen = dates.earliest_date(last[line[KEY]])
        expected = "DELINQUENT"
        if seen is not None:
            assert line["dueDate"] == dates.months_after(seen, 12) <= dates.months_after(as_of, 1)
            if dates.months_after(seen, 15) >= as_of:
                expected = "OVERDUE" if line["dueDate"] < as_of else "DUE"
        assert line["status"] == expected
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=random.randrange(99)) for frame in cohort]
    assert follow_up_list(*shuffled, as_of, configuration=SETTINGS).equals(listed)
    assert rates(*shuffled, as_of, configuration=SETTINGS).equals(table)


@given(cohorts(), as_ofs, days)
@settings(max_examples=60, deadline=None)
def test_a_later_contact_never_makes_anyone_delinquent(cohort, as_of, day) -> None:  # type: ignore[no-untyped-def]
    """Age 100 aside: somebody heard of again is followed again, and may then be overdue, not delinquent."""
    patients, tumors = cohort
    seen = dates.earliest("dateOfLastContact")
    later = patients.with_columns(
        pl.when(seen.is_null() | (seen < day)).then(pl.lit(f"{day:%Y%m%d}")).otherwise("dateOfLastContact")
        .alias("dateOfLastContact")
    )  # fmt: skip

    def delinquent(frame: pl.DataFrame) -> set[str]:
        return set(
            follow_up_list(frame, tumors, as_of, configuration=SETTINGS).filter(status="DELINQUENT")[KEY]
        )

    judged = eligibility(patients, tumors, as_of, configuration=SETTINGS)
    centenarians = set(judged.filter(exclusion="AGE_100_NO_CONTACT")[KEY])
    assert delinquent(later) - delinquent(patients) <= centenarians


@given(days, st.integers(0, 1300))
@settings(max_examples=300, deadline=None)
def test_one_comparison_stands_for_adding_months(day: dt.date, months: int) -> None:
    first = first_with(day, months)
    assert dates.months_after(first, months) >= day
    assert dates.months_after(first - dt.timedelta(days=1), months) < day


odd = st.text("0123456789 -+_.eEXx٣\t", max_size=10)
written = st.one_of(naaccr_dates, odd, st.builds(lambda text: f" {text} ", odd))


@given(st.lists(written, max_size=30))
@settings(max_examples=300, deadline=None)
def test_quick_dates_are_the_dates_of_the_standard(values: list[str | None]) -> None:
    """Same as the room of dates reads them, the year 9999 apart."""
    series = pl.Series("day", values, dtype=pl.String)
    expected = series.to_frame().select(dates.earliest("day")).to_series()
    never = dt.date(9999, 1, 1)
    assert first_days(series).to_list() == [day if day and day < never else None for day in expected]
