"""Edits hold for any input: one record is judged as in a frame, fast dates are right dates."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry import edits
from registry.edits import terms
from registry.standards import dates

AS_OF = dt.date(2026, 11, 1)
VALUES = {
    "primarySite": ["C509", "C619", "C421", "C710", "C779", "C809", "C99", None],
    "histologicTypeIcdO3": ["8500", "8140", "9861", "9680", "8000", "0000", None],
    "behaviorCodeIcdO3": ["0", "1", "2", "3", "6", None],
    "sexAssignedAtBirth": ["1", "2", "9", "5", None],
    "sex": ["1", "2", "4", None],
    "dateOfBirth": ["19580301", "1958", "20210101", "x", None],
    "dateOfDiagnosis": ["20200115", "2018", "202313", "20170101", None],
    "dateOfLastContact": ["20200115", "2017", "20260901", None],
    "ageAtDiagnosis": ["062", "999", "10", "012", None],
    "laterality": ["0", "1", "5", "9", "7", None],
    "vitalStatus": ["0", "1", "4", None],
    "causeOfDeath": ["0000", "C509", "7777", "bad!", None],
    "summaryStage2018": ["0", "1", "7", "8", "9", None],
    "diagnosticConfirmation": ["1", "3", "7", "9", None],
    "typeOfReportingSource": ["1", "6", "7", None],
    "race1": ["01", "02", "99", None],
    "race2": ["88", "01", "99", None],
    "rxSummSurgPrimSite": ["00", "30", "98", None],
    "rxSummSurgPrimSite2023": ["A000", "A200", "Z1", None],
    "rxSummChemo": ["00", "03", "85", None],
    "rxDateChemo": ["20200201", "2019", None],
    "overRideSiteType": ["1", None],
}
RECORDS = st.fixed_dictionaries({item: st.sampled_from(values) for item, values in VALUES.items()})
IDS = [e.id for e in edits.all_edits().values() if e.level != "inter-record"]


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_one_record_is_judged_as_in_a_frame(records: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(records, schema=dict.fromkeys(VALUES, pl.String)).with_row_index("tumor_id")
    together = edits.run(None, frame, IDS, as_of=AS_OF)
    for row, record in enumerate(records):
        alone = {
            (f.edit, f.severity, f.state, f.message) for f in edits.check_record(record, IDS, as_of=AS_OF)
        }
        in_frame = together.filter(pl.col("tumor_id") == row).select("edit", "severity", "state", "message")
        assert alone == set(in_frame.rows())


DATES = st.one_of(
    st.none(),
    st.text(alphabet="0123456789-/ X", max_size=9),
    st.dates(min_value=dt.date(1800, 1, 1), max_value=dt.date(2100, 12, 31)).map(lambda d: f"{d:%Y%m%d}"),
    st.integers(180000, 210099).map(str),
    st.integers(18000000, 21009999).map(str),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DATES, min_size=1, max_size=20))
@example(["0000", "00000101", "0999", "1000"])
def test_fast_dates_equal_the_standards_dates(values: list[str | None]) -> None:
    frame = pl.DataFrame({"d": pl.Series(values, dtype=pl.String)})
    for name in ("d@digits", "d@day"):
        frame = frame.with_columns(terms.definition(name).alias(name))
    fast = frame.select(terms.is_real_date("d").fill_null(value=False).alias("fast"))["fast"]
    known = frame.select(dates.is_valid("d").fill_null(value=False).alias("slow"))["slow"]
    written = pl.Series([bool(v) and v.strip() == v for v in values])
    assert (fast == (known & written)).all()
    first = frame.filter(known & written).select(
        "d@day", slow=dates.earliest("d").dt.strftime("%Y%m%d").cast(pl.Int32)
    )
    assert first["d@day"].to_list() == first["slow"].to_list()
