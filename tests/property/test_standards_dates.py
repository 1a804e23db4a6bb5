"""Every date expression has a scalar twin that says the same."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from registry.standards import dates

DIGITS = st.text("0123456789", min_size=0, max_size=9)
WRITTEN = st.one_of(
    st.dates(dt.date(1800, 1, 1), dt.date(2099, 12, 31)).flatmap(
        lambda day: st.sampled_from([f"{day:%Y%m%d}", f"{day:%Y%m}", f"{day:%Y}"])
    ),
    DIGITS.filter(lambda text: not text.startswith("0000")),
    st.text(max_size=9),
    st.just("20230229"),
)


def scalar(expression: pl.Expr, text: str | None) -> object:
    return pl.DataFrame({"date": [text]}, schema={"date": pl.String}).select(expression).item()


@given(WRITTEN)
def test_twins_agree(text: str) -> None:
    text = text.encode("utf-8", errors="ignore").decode()
    first, last = dates.earliest_date(text), dates.latest_date(text)
    assert scalar(dates.earliest("date"), text) == first
    assert scalar(dates.latest("date"), text) == last
    assert scalar(dates.year("date"), text) == (first.year if first else None)
    assert scalar(dates.is_full("date"), text) == (
        first is not None and first == last and len(text.strip()) == 8
    )
    if text.strip():
        assert scalar(dates.is_valid("date"), text) == (first is not None)
    if first and last:
        assert first <= last and first.year == last.year


@given(st.dates(dt.date(1900, 1, 1), dt.date(2090, 12, 31)), st.integers(-600, 600))
def test_months_agree_and_keep_the_day_or_the_months_end(day: dt.date, months: int) -> None:
    moved = dates.months_after(day, months)
    frame = pl.DataFrame({"day": [day]})
    assert frame.select(dates.add_months(pl.col("day"), months)).item() == moved
    assert moved.day == day.day or (moved + dt.timedelta(days=1)).day == 1
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months


def test_blank_dates_are_neither_valid_nor_wrong() -> None:
    for blank in (None, "", "   "):
        assert scalar(dates.is_valid("date"), blank) is None
        assert scalar(dates.is_full("date"), blank) is False
        assert scalar(dates.earliest("date"), blank) is None
