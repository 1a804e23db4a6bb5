"""The reporting monitor: expected, received, late, silent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from registry.quality import casefinding_sources
from registry.quality.monitor import RECEIPTS, Rules, expected, facilities, months, reminders

DAY = dt.date(2026, 10, 31)
KNOWN = pl.DataFrame(
    {"facility_id": ["A"], "name": ["FIRST"], "closed": [None]},
    schema={"facility_id": pl.String, "name": pl.String, "closed": pl.Date},
)
NO_FIGURES = pl.DataFrame(schema={"facility_id": pl.String, "year": pl.Int64, "expected": pl.Int64})


def _receipts(
    *rows: tuple[str | None, str, int] | tuple[str | None, str, int, str | None, bool],
) -> pl.DataFrame:
    """(facility, day received, records[, first contact, failing])."""
    full = [(*row, None, False)[:5] if len(row) == 3 else row for row in rows]
    made = [(f, dt.date.fromisoformat(day), contact, failing, n) for f, day, n, contact, failing in full]
    return pl.DataFrame(made, schema=RECEIPTS, orient="row")


def _given(*rows: tuple[str, int | None, int]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=NO_FIGURES.schema, orient="row")


def _state(
    receipts: pl.DataFrame,
    given: pl.DataFrame = NO_FIGURES,
    known: pl.DataFrame = KNOWN,
    as_of: dt.date = DAY,
) -> str:
    return str(facilities(receipts, known, given, as_of).filter(pl.col("facility_id") == "A")["state"].item())


def _monthly(*months_: int, year: int = 2026, n: int = 10) -> pl.DataFrame:
    return _receipts(*[("A", f"{year}-{month:02}-15", n) for month in months_])


def test_the_figure_of_the_year_comes_before_the_standing_one_and_the_mean() -> None:
    receipts = pl.concat([_monthly(*range(1, 13), year=year) for year in (2022, 2023, 2024, 2025)])
    assert expected(receipts, NO_FIGURES, [2026]).rows() == [("A", 2026, 120.0, "mean of earlier years")]
    assert expected(receipts, _given(("A", None, 90)), [2026]).rows() == [("A", 2026, 90.0, "facility")]
    assert expected(receipts, _given(("A", None, 90), ("A", 2026, 80), ("A", 2025, 70)), [2025, 2026]).rows() == [
        ("A", 2025, 70.0, "table"), ("A", 2026, 80.0, "table"),
    ]  # fmt: skip


def test_the_mean_counts_empty_years_but_none_before_the_first_receipt() -> None:
    receipts = pl.concat([_monthly(1, year=2023, n=60), _monthly(1, year=2025, n=30)])
    assert expected(receipts, NO_FIGURES, [2026])["expected"].to_list() == [30.0]  # 2023, 2024 (none), 2025
    assert expected(receipts, NO_FIGURES, [2024])["expected"].to_list() == [60.0]
    assert expected(receipts, NO_FIGURES, [2023]).is_empty()


def test_received_against_expected_to_date() -> None:
    receipts = pl.concat([_monthly(*range(1, 11), n=10), _monthly(12, n=99)])
    row = facilities(receipts, KNOWN, _given(("A", 2026, 120)), DAY).row(0, named=True)
    assert (row["received"], row["expected"], row["expected_from"]) == (
        100,
        120.0,
        "table",
    )  # December is to come
    assert row["expected_to_date"] == pytest.approx(120 * 304 / 365)
    assert row["percent"] == pytest.approx(100 * 100 / (120 * 304 / 365))
    assert row["shortfall"] == 0
    assert row["state"] == "on time"


@pytest.mark.parametrize(
    ("receipts", "given", "state"),
    [
        (_monthly(*range(1, 11)), _given(("A", 2026, 120)), "on time"),
        (_monthly(*range(1, 11), n=8), _given(("A", 2026, 120)), "on time"),  # 80 of 99.9: just above 80 %
        (_monthly(*range(1, 11), n=7), _given(("A", 2026, 120)), "overdue"),
        (_monthly(*range(1, 11), n=7), NO_FIGURES, "no expectation"),
        (_monthly(*range(1, 9)), NO_FIGURES, "no expectation"),  # September and October silent: two months
        (_monthly(*range(1, 8)), NO_FIGURES, "silent"),  # three
        (_monthly(1, 4, 7), NO_FIGURES, "no expectation"),  # quarterly: three months are its rhythm
        (_monthly(1, 4), NO_FIGURES, "silent"),  # six months, twice its gap
        (_monthly(10, year=2025, n=1), NO_FIGURES, "silent"),
        (
            _receipts(("A", "2026-11-01", 5)),
            _given(("A", 2026, 120)),
            "silent",
        ),  # nothing yet, though expected
        (_receipts(("A", "2026-11-01", 5)), NO_FIGURES, "no expectation"),
        (_monthly(10, n=1), _given(("A", 2026, 2)), "on time"),  # one case short is no arrears
    ],
)
def test_states(receipts: pl.DataFrame, given: pl.DataFrame, state: str) -> None:
    assert _state(receipts, given) == state


def test_a_month_is_silent_only_when_it_is_over() -> None:
    receipts = _monthly(*range(1, 8))
    assert _state(receipts, as_of=dt.date(2026, 10, 30)) == "no expectation"
    assert _state(receipts, as_of=dt.date(2026, 10, 31)) == "silent"


def test_closed_facilities_are_not_reminded() -> None:
    closed = KNOWN.with_columns(closed=pl.lit(dt.date(2026, 5, 1)))
    assert _state(_monthly(1), known=closed) == "closed"
    assert (
        _state(_monthly(*range(1, 11)), known=KNOWN.with_columns(closed=pl.lit(dt.date(2026, 11, 1))))
        == "no expectation"
    )


def test_timeliness_counts_whole_dates_only() -> None:
    receipts = _receipts(
        ("A", "2026-06-30", 1, "20260531", False),  # 30 days
        ("A", "2026-07-31", 2, "20260131", True),  # 181 days, six months to the day
        ("A", "2026-08-01", 1, "20260131", False),  # one day late
        ("A", "2026-08-01", 5, "202601", False),
        ("A", "2026-08-01", 5, None, False),
        ("A", "2026-08-01", 1, "20260901", False),  # before first contact: no waiting time
        ("A", "2025-10-31", 7, "20250101", True),  # before the window
    )
    row = facilities(receipts, KNOWN, NO_FIGURES, DAY).row(0, named=True)
    assert (row["records"], row["dated"]) == (15, 4)
    assert (row["median_days"], row["p90_days"]) == (181.0, 182.0)
    assert row["timely_percent"] == pytest.approx(75)
    assert row["pass_percent"] == pytest.approx(100 * 13 / 15)


def test_months_are_there_also_when_nothing_came() -> None:
    receipts = pl.concat([_monthly(1, 3, n=6), _monthly(1, 2, year=2025, n=12)])
    table = months(receipts, _given(("A", 2026, 24), ("B", None, 12)), DAY, count=12)
    assert table.filter(pl.col("facility_id") == "A")["month"].to_list()[::11] == [
        dt.date(2025, 11, 1),
        dt.date(2026, 10, 1),
    ]
    of_a = table.filter(pl.col("facility_id") == "A").filter(pl.col("month") >= dt.date(2026, 1, 1))
    assert of_a["received"].to_list() == [6, 0, 6, 0, 0, 0, 0, 0, 0, 0]
    assert of_a["received_to_date"].to_list() == [6, 6, 12, 12, 12, 12, 12, 12, 12, 12]
    assert of_a["expected"].to_list() == [2.0] * 10
    assert of_a["expected_to_date"].to_list() == [2.0 * n for n in range(1, 11)]
    assert of_a["earlier_mean"].to_list()[:3] == [4.0, 4.0, None]
    of_b = table.filter(pl.col("facility_id") == "B")
    assert (of_b.height, of_b["received"].sum(), of_b["expected"].to_list()[-1]) == (12, 0, 1.0)


def test_reminders_are_of_silent_and_overdue_ones_with_their_last_contact() -> None:
    receipts = pl.concat([
        _monthly(*range(1, 11), n=7), _receipts(("B", "2026-01-05", 50), ("C", "2026-10-01", 1), (None, "2026-01-01", 1)),
    ])  # fmt: skip
    given = _given(("A", 2026, 120), ("B", 2026, 240), ("D", 2026, 12))
    contacts = pl.DataFrame(
        {"facility_id": ["B"], "contact_name": ["Ms B"], "contact_phone": ["1"], "contact_email": ["b@b"]}
    )
    sent = pl.DataFrame(
        {"facility_id": ["B", "B"], "reminded_on": [dt.date(2026, 9, 1), dt.date(2026, 10, 1)]}
    )
    table = reminders(facilities(receipts, KNOWN, given, DAY), contacts, sent)
    assert table.select("facility_id", "state", "last_reminded", "times_reminded").rows() == [
        ("B", "silent", dt.date(2026, 10, 1), 2), ("D", "silent", None, 0), ("A", "overdue", None, 0),
    ]  # fmt: skip
    assert table["why"].to_list() == [
        "nothing received for 9 months", "nothing ever received", "70 received of 100 expected by now",
    ]  # fmt: skip
    assert table["contact_email"][0] == "b@b"


def test_the_rhythm_stands_in_the_reason() -> None:
    table = facilities(_monthly(1, 2, 4), KNOWN, NO_FIGURES, DAY)
    empty = pl.DataFrame(schema={"facility_id": pl.String, "contact_name": pl.String, "contact_phone": pl.String,
                                 "contact_email": pl.String})  # fmt: skip
    sent = pl.DataFrame(schema={"facility_id": pl.String, "reminded_on": pl.Date})
    assert reminders(table, empty, sent)["why"].item() == "nothing received for 6 months (usually every 1.5)"


def test_rules_can_be_stricter() -> None:
    table = facilities(
        _monthly(*range(1, 10)), KNOWN, NO_FIGURES, DAY, Rules(silent_months=1, silent_rhythm=1)
    )
    assert table["state"].item() == "silent"


def test_nothing_received_at_all() -> None:
    empty = _receipts()
    table = facilities(empty, KNOWN, NO_FIGURES, DAY)
    assert table.select("facility_id", "state", "received").rows() == [("A", "no expectation", 0)]
    assert months(empty, NO_FIGURES, DAY).is_empty()


def _reviews(*rows: dict[str, Any]) -> pl.DataFrame:
    schema = {"source": pl.String, "month": pl.Int64, **casefinding_sources.REVIEW}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def test_casefinding_sources_by_month() -> None:
    done = {"reviewed_on": DAY, "open_items": 0}
    reviews = _reviews({"source": "index", "month": 1, **done}, {"source": "index", "month": 2, **done, "open_items": 3},
                       {"source": "own log", "month": 12, **done})  # fmt: skip
    table = casefinding_sources.calendar(reviews, ["pathology", "index"], 2026, dt.date(2026, 5, 1))
    assert table.height == 36
    assert table["source"].unique(maintain_order=True).to_list() == ["pathology", "index", "own log"]
    states = {
        source: rows["state"].to_list()
        for (source,), rows in table.partition_by("source", as_dict=True).items()
    }
    assert states["pathology"] == ["overdue"] * 3 + ["due"] + ["not yet"] * 8
    assert states["index"][:3] == ["reviewed", "open items", "overdue"]
    assert states["own log"][11] == "reviewed"
