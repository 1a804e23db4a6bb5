"""Reporting monitor: what each facility sent, month by month, against what was expected of it.

A *receipt* is one abstract with the day on which it first came. Everything is counted in calendar months of that
day. `as_of` is the day of the question; what came later is not counted.

Sources: CoC practice (90 % abstracted within 6 months of first contact) and the reporting rules of central registries;
limits of this file are the project's own and stand in `Rules`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from registry.standards import dates

RECEIPTS = {
    "facility_id": pl.String, "received": pl.Date, "first_contact": pl.String, "failing": pl.Boolean, "records": pl.Int64,
}  # fmt: skip
"""Receipts may be counted already: `records` with the same facility, day, first contact and edit state."""
SILENT, OVERDUE, ON_TIME, NO_EXPECTATION, CLOSED = "silent", "overdue", "on time", "no expectation", "closed"
FROM_TABLE, FROM_FACILITY, FROM_MEAN = "table", "facility", "mean of earlier years"


@dataclass(frozen=True)
class Rules:
    """When a facility is late.

    Attributes:
        silent_months: at least so many whole months without a receipt, and
        silent_rhythm: so many times its usual gap between months with receipts, make it silent.
        overdue_share: received below this share of what was expected by now, and more than one case short.
        mean_years: earlier years whose mean is expected where nobody gave a figure.
        timely_months: first contact to receipt.
        window_months: timeliness and edits are judged on receipts of the last so many months.
    """

    silent_months: int = 3
    silent_rhythm: int = 2
    overdue_share: float = 0.8
    mean_years: int = 3
    timely_months: int = 6
    window_months: int = 12


RULES = Rules()


def month_number(day: dt.date) -> int:
    """Months since the year 0, so that months subtract.

    >>> month_number(dt.date(2026, 1, 31)) - month_number(dt.date(2025, 11, 1))
    2
    """
    return day.year * 12 + day.month - 1


def _number(day: str) -> pl.Expr:
    return pl.col(day).dt.year().cast(pl.Int64) * 12 + pl.col(day).dt.month().cast(pl.Int64) - 1


def _until(receipts: pl.DataFrame, as_of: dt.date, rules: Rules) -> pl.DataFrame:
    """Receipts up to the day, with their month, days from first contact (full dates, not negative) and whether timely."""
    first = pl.when(dates.is_full("first_contact")).then(dates.earliest("first_contact"))
    days = (pl.col("received") - first).dt.total_days()
    timely = pl.col("received") <= dates.add_months(first, rules.timely_months)
    return receipts.filter(pl.col("received") <= as_of).with_columns(
        month=_number("received"), year=pl.col("received").dt.year().cast(pl.Int64), timely=timely,
        days=pl.when(days >= 0).then(days),
    )  # fmt: skip


def _timeliness() -> list[pl.Expr]:
    """Aggregates of days from first contact to receipt; receipts are weighed by `records`."""
    known, n = pl.col("days").is_not_null(), pl.col("records")
    days = pl.col("days").repeat_by(n).explode().drop_nulls()
    return [
        n.filter(known).sum().alias("dated"),
        days.median().alias("median_days"),
        days.quantile(0.9, "higher").cast(pl.Float64).alias("p90_days"),
        pl.when(known.any())
        .then(100 * n.filter(known & pl.col("timely")).sum() / n.filter(known).sum())
        .alias("timely_percent"),
    ]


def _pass_percent() -> pl.Expr:
    n = pl.col("records")
    return (100 * n.filter(~pl.col("failing")).sum() / n.sum()).alias("pass_percent")


def expected(
    receipts: pl.DataFrame, given: pl.DataFrame, years: list[int], rules: Rules = RULES
) -> pl.DataFrame:
    """Cases expected of each facility in a year.

    The given figure of that year counts first, then the facility's own standing figure, then the mean of what came in
    the `mean_years` calendar years before (only years from its first receipt on).

    Args:
        receipts: frame of RECEIPTS.
        given: frame[facility_id, year (null: every year), expected].

    Returns:
        frame[facility_id, year, expected (Float64), expected_from], sorted; facilities without any figure are absent.

    >>> receipts = pl.DataFrame({"facility_id": ["A"] * 3, "received": [dt.date(2024, 5, 1), dt.date(2025, 1, 1),
    ...     dt.date(2025, 2, 1)], "records": [1, 1, 1]})
    >>> given = pl.DataFrame({"facility_id": ["B"], "year": [2026], "expected": [40]})
    >>> expected(receipts, given, [2026]).rows()
    [('A', 2026, 1.5, 'mean of earlier years'), ('B', 2026, 40.0, 'table')]
    """
    counted = (
        receipts.filter(pl.col("received").is_not_null())
        .group_by("facility_id", year=pl.col("received").dt.year().cast(pl.Int64))
        .agg(pl.col("records").sum())
    )
    started = counted.group_by("facility_id").agg(start=pl.col("year").min())
    parts = [_given(given, year) for year in years]
    for year in years:
        earlier = counted.filter(pl.col("year").is_between(year - rules.mean_years, year - 1))
        mean = (
            earlier.group_by("facility_id")
            .agg(total=pl.col("records").sum())
            .join(started, on="facility_id", nulls_equal=True)
            .select(
                "facility_id",
                year=pl.lit(year, pl.Int64),
                rank=pl.lit(2),
                expected=pl.col("total") / pl.min_horizontal(rules.mean_years, year - pl.col("start")),
                expected_from=pl.lit(FROM_MEAN),
            )
        )
        parts.append(mean)
    return (
        pl.concat(parts)
        .sort("facility_id", "year", "rank", nulls_last=True)
        .unique(["facility_id", "year"], keep="first", maintain_order=True)
        .drop("rank")
    )


def _given(given: pl.DataFrame, year: int) -> pl.DataFrame:
    own = pl.col("year").is_null()
    return (
        given.with_columns(pl.col("year").cast(pl.Int64))
        .filter((own | (pl.col("year") == year)) & pl.col("expected").is_not_null())
        .select(
            "facility_id", year=pl.lit(year, pl.Int64), rank=own.cast(pl.Int32),
            expected=pl.col("expected").cast(pl.Float64),
            expected_from=pl.when(own).then(pl.lit(FROM_FACILITY)).otherwise(pl.lit(FROM_TABLE)),
        )
    )  # fmt: skip


def year_share(as_of: dt.date) -> float:
    """Share of its year that has passed by the end of the day.

    >>> year_share(dt.date(2025, 12, 31)), round(year_share(dt.date(2026, 7, 1)), 3)
    (1.0, 0.499)
    """
    start, end = dt.date(as_of.year, 1, 1), dt.date(as_of.year, 12, 31)
    return ((as_of - start).days + 1) / ((end - start).days + 1)


def facilities(
    receipts: pl.DataFrame, known: pl.DataFrame, given: pl.DataFrame, as_of: dt.date, rules: Rules = RULES
) -> pl.DataFrame:
    """One row a facility: what came in the year of `as_of` against what was expected by then, and how timely.

    Args:
        receipts: frame of RECEIPTS; a null facility is one that nobody named.
        known: frame[facility_id, name, closed (Date)]; they appear also when nothing ever came.
        given: frame[facility_id, year, expected], see `expected`.

    Returns:
        frame[facility_id, name, state (silent, overdue, on time, no expectation, closed), received (this year),
        expected (this year), expected_from, expected_to_date, percent (of expected to date), shortfall, last_received,
        months_silent (whole months without receipts), usual_gap (months), records (of the window), dated, median_days,
        p90_days, timely_percent, pass_percent], sorted by facility_id, null last.
    """
    until = _until(receipts, as_of, rules)
    this_year = (
        until.filter(pl.col("year") == as_of.year)
        .group_by("facility_id")
        .agg(received=pl.col("records").sum())
    )
    since = dates.months_after(as_of, -rules.window_months)
    window = (
        until.filter(pl.col("received") > since)
        .group_by("facility_id")
        .agg(pl.col("records").sum().alias("in_window"), *_timeliness(), _pass_percent())
        .rename({"in_window": "records"})
    )
    figures = expected(until, given, [as_of.year], rules).drop("year")
    everybody = pl.concat(
        [known.select("facility_id"), until.select("facility_id"), figures.select("facility_id")]
    )
    frame = everybody.unique()
    for part in (known, this_year, _rhythm(until, as_of), window, figures):
        frame = frame.join(part, on="facility_id", how="left", nulls_equal=True)
    to_date = pl.col("expected") * year_share(as_of)
    frame = frame.with_columns(
        pl.col("received", "records", "dated").fill_null(0), expected_to_date=to_date.round(6)
    ).with_columns(
        percent=pl.when(pl.col("expected_to_date") > 0).then(
            100 * pl.col("received") / pl.col("expected_to_date")
        ),
        shortfall=(pl.col("expected_to_date") - pl.col("received")).clip(lower_bound=0),
    )
    return (
        frame.with_columns(state=_state(as_of, rules))
        .sort("facility_id", nulls_last=True)
        .select(
            "facility_id", "name", "state", "received", "expected", "expected_from", "expected_to_date", "percent",
            "shortfall", "last_received", "months_silent", "usual_gap", "records", "dated", "median_days", "p90_days",
            "timely_percent", "pass_percent",
        )
    )  # fmt: skip


def _rhythm(until: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Last receipt, whole months without one since, and the median gap between months with receipts (last 36)."""
    months = until.select("facility_id", "month").unique().sort("facility_id", "month", nulls_last=True)
    recent = pl.col("month") > pl.col("month").max() - 36
    gaps = months.group_by("facility_id").agg(
        usual_gap=pl.col("month").filter(recent).diff().drop_nulls().median(), newest=pl.col("month").max()
    )
    last = until.group_by("facility_id").agg(last_received=pl.col("received").max())
    # the month of `as_of` counts as silent only when it is over
    over = month_number(as_of + dt.timedelta(days=1)) - 1
    silent = (pl.lit(over, pl.Int64) - pl.col("newest")).clip(lower_bound=0)
    return last.join(gaps, on="facility_id", nulls_equal=True).select(
        "facility_id", "last_received", "usual_gap", months_silent=silent
    )


def _state(as_of: dt.date, rules: Rules) -> pl.Expr:
    never = pl.col("last_received").is_null() & (pl.col("expected_to_date") >= 1)
    limit = pl.max_horizontal(
        pl.lit(rules.silent_months), rules.silent_rhythm * pl.col("usual_gap").fill_null(0)
    )
    behind = (pl.col("received") < rules.overdue_share * pl.col("expected_to_date")) & (
        pl.col("shortfall") > 1
    )
    return (
        pl.when(pl.col("closed") <= as_of)
        .then(pl.lit(CLOSED))
        .when(never | (pl.col("months_silent") >= limit))
        .then(pl.lit(SILENT))
        .when(behind)
        .then(pl.lit(OVERDUE))
        .when(pl.col("expected").is_null())
        .then(pl.lit(NO_EXPECTATION))
        .otherwise(pl.lit(ON_TIME))
    )


def months(
    receipts: pl.DataFrame, given: pl.DataFrame, as_of: dt.date, *, count: int = 24, rules: Rules = RULES
) -> pl.DataFrame:
    """By facility and month: received against expected, the last `count` months, that of `as_of` included.

    Args:
        receipts, given: as in `facilities`; a facility of `given` has its rows also when nothing ever came.

    Returns:
        frame[facility_id, month (its first day), received, expected (a twelfth of the year's), earlier_mean (same month
        of the `mean_years` years before), received_to_date and expected_to_date (since January), dated, median_days,
        p90_days, timely_percent, pass_percent], a row for each month also when nothing came, sorted.
    """
    until = _until(receipts, as_of, rules)
    end = month_number(as_of)
    start = end - count + 1
    first_january = start // 12 * 12
    years = list(range(first_january // 12, as_of.year + 1))
    figures = expected(until, given, years, rules)
    who = pl.concat([until.select("facility_id"), given.select("facility_id")]).unique()
    calendar = pl.DataFrame({"month": range(first_january, end + 1)}, schema={"month": pl.Int64})
    monthly = until.group_by("facility_id", "month").agg(
        pl.col("records").sum().alias("received_records"), *_timeliness(), _pass_percent()
    )
    monthly = monthly.rename({"received_records": "received"})
    earlier = pl.concat(
        [monthly.select("facility_id", pl.col("month") + 12 * back, "received") for back in range(1, rules.mean_years + 1)]
    ).group_by("facility_id", "month").agg(earlier_mean=pl.col("received").sum() / rules.mean_years)  # fmt: skip
    keys = ["facility_id", "month"]
    frame = (
        who.join(calendar, how="cross")
        .join(monthly, on=keys, how="left", nulls_equal=True)
        .join(earlier, on=keys, how="left", nulls_equal=True)
        .with_columns(year=pl.col("month") // 12)
        .join(figures.drop("expected_from"), on=["facility_id", "year"], how="left", nulls_equal=True)
        .with_columns(pl.col("received", "dated").fill_null(0), expected=pl.col("expected") / 12)
        .sort(keys, nulls_last=True)
        .with_columns(
            received_to_date=pl.col("received").cum_sum().over("facility_id", "year"),
            expected_to_date=pl.col("expected").cum_sum().over("facility_id", "year"),
        )
        .filter(pl.col("month") >= start)
    )
    day = pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
    return frame.select(
        "facility_id", day.alias("month"), "received", "expected", "earlier_mean", "received_to_date",
        "expected_to_date", "dated", "median_days", "p90_days", "timely_percent", "pass_percent",
    )  # fmt: skip


def reminders(table: pl.DataFrame, contacts: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Facilities to remind, the most urgent first: silent ones, then by cases that are missing.

    Args:
        table: from `facilities`.
        contacts: frame[facility_id, contact_name, contact_phone, contact_email].
        sent: frame[facility_id, reminded_on (Date)], earlier reminders.

    Returns:
        frame[facility_id, name, state, why, shortfall, last_received, contact_name, contact_phone, contact_email,
        last_reminded, times_reminded].
    """
    known = contacts.unique("facility_id", keep="last", maintain_order=True)
    earlier = sent.group_by("facility_id").agg(
        last_reminded=pl.col("reminded_on").max(), times_reminded=pl.len().cast(pl.Int64)
    )
    gap = pl.col("usual_gap").round(1).cast(pl.String).str.strip_suffix(".0")
    silence = pl.concat_str(
        pl.format("nothing received for {} months", "months_silent"),
        pl.when(pl.col("usual_gap").is_not_null())
        .then(pl.format(" (usually every {})", gap))
        .otherwise(pl.lit("")),
    )
    silence = pl.coalesce(silence, pl.lit("nothing ever received"))
    behind = pl.format(
        "{} received of {} expected by now", "received", pl.col("expected_to_date").round(0).cast(pl.Int64)
    )
    return (
        table.filter(pl.col("state").is_in([SILENT, OVERDUE]) & pl.col("facility_id").is_not_null())
        .with_columns(why=pl.when(pl.col("state") == SILENT).then(silence).otherwise(behind))
        .join(known, on="facility_id", how="left")
        .join(earlier, on="facility_id", how="left")
        .sort(pl.col("state") != SILENT, pl.col("shortfall").fill_null(0), "facility_id", descending=[False, True, False])
        .select(
            "facility_id", "name", "state", "why", "shortfall", "last_received", "contact_name", "contact_phone",
            "contact_email", "last_reminded", pl.col("times_reminded").fill_null(0),
        )
    )  # fmt: skip
