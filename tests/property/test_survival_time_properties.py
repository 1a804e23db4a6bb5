"""Survival time: all patients at once gives what one patient after the other gives."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import coding
from registry.coding.survival.survival_time import INPUTS, OUTPUTS
from tests import slow_survival
from tests.slow_survival import Row

YEARS = st.integers(2014, 2018)
MONTHS = st.sampled_from([1, 2, 2, 2, 6, 6, 11, 12])
DAYS = st.integers(1, 28)
CLEAN = st.one_of(
    st.builds("{:04}{:02}{:02}".format, YEARS, MONTHS, DAYS),
    st.builds("{:04}{:02}".format, YEARS, MONTHS),
    st.builds("{:04}".format, YEARS),
    st.none(),
)
DIRTY = st.one_of(
    st.builds(
        "{:04}{:02}{:02}".format,
        YEARS,
        st.sampled_from([0, 2, 4, 13, 99]),
        st.sampled_from([0, 29, 30, 31, 99]),
    ),
    st.builds("{:04}  {:02}".format, YEARS, DAYS),
    st.builds("{:04}{:02} 1".format, YEARS, MONTHS),
    st.builds("{:04}xx{:02}x".format, YEARS, DAYS),
    st.sampled_from(
        ["9999", "99999999", "201", "20153", "2015039", "00120304", "18991231", "abcd0101", "+2015010"]
    ),
    st.builds("2035{:02}{:02}".format, MONTHS, DAYS),
    st.text("0129 x", max_size=9),
)
DATES = st.one_of(CLEAN, CLEAN, DIRTY)
STATUS = st.sampled_from(["0", "1", "4", "9", "01", "x", None])
NUMBERS = st.one_of(st.builds("{:02}".format, st.integers(0, 99)), st.sampled_from([None, "XX", "1"]))
SOURCES = st.sampled_from(["1", "1", "1", "6", "7", None])


@st.composite
def patients(draw: st.DrawFn, *, distinct: bool = False) -> list[Row]:
    """Rows of one patient; with `distinct`, sequence numbers that differ."""
    birth, contact, status = draw(DATES), draw(DATES), draw(STATUS)
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=6, unique=distinct))
    rows: list[Row] = [
        {
            "patientIdNumber": None,
            "dateOfBirth": birth,
            "dateOfLastContact": contact,
            "vitalStatus": status,
            "dateOfDiagnosis": draw(DATES),
            "sequenceNumberCentral": number,
            "typeOfReportingSource": draw(SOURCES),
        }
        for number in numbers
    ]
    if draw(st.integers(0, 19)) == 0:
        rows[-1]["dateOfLastContact"] = draw(DATES)
    return rows


def together(people: list[list[Row]]) -> list[Row]:
    return [{**row, "patientIdNumber": f"{at:08}"} for at, rows in enumerate(people) for row in rows]


def derived(rows: list[Row], as_of: dt.date, cutoff_year: int) -> list[Row]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(INPUTS, pl.String))
    made = coding.derive(frame, ["survival-time"], as_of=as_of, cutoff_year=cutoff_year)
    return made.select(OUTPUTS).to_dicts()


def as_read(rows: list[Row]) -> list[Row]:
    """Blanks as the engine gives them to a derivation."""
    return [{name: value if value and value.strip() else None for name, value in row.items()} for row in rows]


AS_OF = st.sampled_from([dt.date(2016, 2, 29), dt.date(2018, 6, 15), dt.date(2026, 11, 1)])
CUTOFF = st.sampled_from([2015, 2016, 2023])


@settings(max_examples=150, deadline=None)
@given(st.lists(patients(), min_size=1, max_size=12), AS_OF, CUTOFF, st.randoms())
def test_like_one_patient_after_the_other(
    people: list[list[Row]], as_of: dt.date, cutoff_year: int, random: object
) -> None:
    rows = together(people)
    random.shuffle(rows)  # type: ignore[attr-defined]
    expected = slow_survival.survival(as_read(rows), as_of, cutoff_year)
    for row, made, wanted in zip(rows, derived(rows, as_of, cutoff_year), expected, strict=True):
        assert made == {name: wanted[name] for name in OUTPUTS}, row


@settings(max_examples=60, deadline=None)
@given(st.lists(patients(distinct=True), min_size=1, max_size=6), AS_OF, CUTOFF, st.randoms())
def test_row_order_does_not_matter(
    people: list[list[Row]], as_of: dt.date, cutoff_year: int, random: object
) -> None:
    # The patient's items agree, and sequence numbers are unlike (`1` and `01` are alike).
    rows = together(
        [[{**row, "dateOfLastContact": one[0]["dateOfLastContact"]} for row in one] for one in people]
    )
    rows = [row for row in rows if row["sequenceNumberCentral"] not in ("1", "XX")]
    places = list(range(len(rows)))
    random.shuffle(places)  # type: ignore[attr-defined]
    made = derived(rows, as_of, cutoff_year)
    shuffled = derived([rows[place] for place in places], as_of, cutoff_year)
    assert shuffled == [made[place] for place in places]


@settings(max_examples=60, deadline=None)
@given(st.lists(patients(), min_size=1, max_size=6), patients(), AS_OF, CUTOFF)
def test_an_unrelated_patient_changes_nothing(
    people: list[list[Row]], stranger: list[Row], as_of: dt.date, cutoff_year: int
) -> None:
    rows = together(people)
    strange = [{**row, "patientIdNumber": "stranger"} for row in stranger]
    with_stranger = derived([*strange, *rows], as_of, cutoff_year)
    assert with_stranger[len(strange) :] == derived(rows, as_of, cutoff_year)


@settings(max_examples=60, deadline=None)
@given(st.lists(patients(), min_size=1, max_size=6), AS_OF, CUTOFF)
def test_months_days_dates_and_flags_fit_together(
    people: list[list[Row]], as_of: dt.date, cutoff_year: int
) -> None:
    for row in derived(together(people), as_of, cutoff_year):
        for name in ("ActiveFollowup", "PresumedAlive"):
            months, days, flag = (row[f"surv{part}{name}"] for part in ("Mos", "Days", "Flag"))
            assert (months == "9999") == (days == "99999") == (flag in ("8", "9"))
            if flag not in ("8", "9"):
                first, last = (
                    dt.datetime.strptime(str(row[item]), "%Y%m%d")
                    for item in ("survDateDxRecode", f"survDate{name}")
                )
                assert f"{(last - first).days:05}" == days
                assert int(str(months)) == int((last - first).days / (365.24 / 12))
