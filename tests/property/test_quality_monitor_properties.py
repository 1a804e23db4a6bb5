"""Whatever was received, the monitor's totals add up."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.quality.monitor import RECEIPTS, facilities, months

KNOWN = pl.DataFrame(schema={"facility_id": pl.String, "name": pl.String, "closed": pl.Date})
FACILITY = st.sampled_from(["A", "B", "C", None])
DAY = st.dates(dt.date(2022, 1, 1), dt.date(2026, 12, 31))
ROW = st.tuples(
    FACILITY,
    DAY,
    st.sampled_from(["20240115", "2024", "", None, "20251231"]),
    st.booleans(),
    st.integers(1, 5),
)
FIGURE = st.tuples(st.sampled_from(["A", "B", "D"]), st.sampled_from([None, 2025, 2026]), st.integers(0, 400))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=40), st.lists(FIGURE, max_size=4, unique_by=lambda row: row[:2]), DAY)
def test_totals_add_up(
    rows: list[tuple[str | None, dt.date, str | None, bool, int]],
    figures: list[tuple[str, int | None, int]],
    as_of: dt.date,
) -> None:
    receipts = pl.DataFrame(rows, schema=RECEIPTS, orient="row")
    figure = pl.DataFrame(
        figures, schema={"facility_id": pl.String, "year": pl.Int64, "expected": pl.Int64}, orient="row"
    )
    table = facilities(receipts, KNOWN, figure, as_of)
    assert table["facility_id"].is_unique().all()
    this_year = [row for row in rows if row[1] <= as_of and row[1].year == as_of.year]
    assert table["received"].sum() == sum(row[4] for row in this_year)
    monthly = months(receipts, figure, as_of, count=as_of.month)
    assert monthly["received"].sum() == table["received"].sum()
    whose = monthly["facility_id"].n_unique()
    assert monthly.height == whose * as_of.month
    by_facility = dict(monthly.group_by("facility_id").agg(pl.col("received").sum()).iter_rows())
    for facility, received in table.select("facility_id", "received").iter_rows():
        assert by_facility.get(facility, 0) == received
    twelve = months(receipts, figure, dt.date(as_of.year, 12, 31), count=12)
    for facility, expected in (
        facilities(receipts, KNOWN, figure, dt.date(as_of.year, 12, 31))
        .select("facility_id", "expected")
        .iter_rows()
    ):
        of_months = twelve.filter(pl.col("facility_id").eq_missing(pl.lit(facility, pl.String)))["expected"]
        if expected is not None and of_months.len():
            assert of_months.sum() == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=30), DAY)
def test_counted_receipts_give_what_single_ones_give(
    rows: list[tuple[str | None, dt.date, str | None, bool, int]], as_of: dt.date
) -> None:
    receipts = pl.DataFrame(rows, schema=RECEIPTS, orient="row")
    single = (
        receipts.with_columns(pl.col("records").repeat_by("records"))
        .explode("records")
        .with_columns(records=pl.lit(1, pl.Int64))
    )
    figure = pl.DataFrame(schema={"facility_id": pl.String, "year": pl.Int64, "expected": pl.Int64})
    assert facilities(receipts, KNOWN, figure, as_of).equals(facilities(single, KNOWN, figure, as_of))
