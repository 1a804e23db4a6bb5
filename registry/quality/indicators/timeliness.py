"""Timeliness: how long a case takes from the first contact to the registry, and a year to its submission."""

from __future__ import annotations

import calendar
import datetime as dt

import polars as pl

from registry.quality.indicators.definition import Formula, Measure, outside, records
from registry.quality.indicators.vocabulary import full_day
from registry.standards import dates


def _median_days(start: str, end: str) -> Formula:
    days = (full_day(end) - full_day(start)).dt.total_days()
    return Formula(None, among=days.is_not_null(), median_of=days)


@records(
    "abstract_lag_median",
    "Median days from first contact to abstract completed",
    group="timeliness",
    formula="median(dateCaseCompleted - dateOf1stContact) in days",
    source="NAACCR items 580 and 2090",
    population="facility, abstractor, year",
    items="dateOf1stContact dateCaseCompleted",
    examples=[
        "20200101|20200111 / 20200101|20200131 / 20200101| => -/2 = 20",
        "20200101|20200111 / 202001|20200131 / 20200230|20200301 => -/1 = 10",
        "20200111|20200101 => -/1 = -10",
        "2020|2021 => -/0 = none",
    ],
    notes="Full dates only. A completion before the first contact counts with its negative days; edits report it. "
    "The denominator is the number of records with both dates.",
)
def abstract_lag_median() -> Formula:
    """Days until the facility had finished its abstract."""
    return _median_days("dateOf1stContact", "dateCaseCompleted")


@records(
    "report_lag_median",
    "Median days from abstract completed to received",
    group="timeliness",
    formula="median(dateCaseReportReceived - dateCaseCompleted) in days",
    source="NAACCR items 2090 and 2111",
    population="facility",
    items="dateCaseCompleted dateCaseReportReceived",
    examples=["20200101|20200103 / 20200101|20200104 => -/2 = 2.5", "20200101|202001 => -/0 = none"],
    notes="As abstract_lag_median.",
)
def report_lag_median() -> Formula:
    """Days from the finished abstract to its arrival."""
    return _median_days("dateCaseCompleted", "dateCaseReportReceived")


def deadline(diagnosis_year: int, months: int) -> dt.date:
    """Last day of the month that lies so many months after the end of the diagnosis year.

    >>> deadline(2024, 23), deadline(2024, 12), deadline(2024, 14)
    (datetime.date(2026, 11, 30), datetime.date(2025, 12, 31), datetime.date(2026, 2, 28))
    """
    day = dates.months_after(dt.date(diagnosis_year, 12, 31), months)
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


@outside(
    "timeliness_23m",
    "Submitted within 23 months",
    group="timeliness",
    formula="submission date <= last day of the diagnosis year + 23 months",
    source="NAACCR certification criteria",
    needs="diagnosis year and day of the submission",
    notes="Yes is 1 of 1 (100), no is 0 of 1 (0), so that it can be compared with a threshold of 100.",
)
def timeliness_23m(diagnosis_year: int, submitted: dt.date) -> Measure:
    """Whether a year's file was submitted by the end of November of the second year after it.

    >>> timeliness_23m(2024, dt.date(2026, 11, 30)).value, timeliness_23m(2024, dt.date(2026, 12, 1)).value
    (100.0, 0.0)
    """
    on_time = submitted <= deadline(diagnosis_year, 23)
    return Measure(100.0 * on_time, int(on_time), 1)


@outside(
    "timeliness_12m",
    "12-month (advanced) completeness",
    group="timeliness",
    formula="100 * cases in the registry 12 months after the close of the diagnosis year / expected",
    source="CDC NPCR standards",
    needs="expected cases of the year",
)
def timeliness_12m(cases: float, expected: float) -> Measure:
    """Cases of a year that the registry held twelve months after its close, of those expected.

    Args:
        cases: see `received_by`.
        expected: see `completeness_naaccr_imr`.

    >>> timeliness_12m(930, 1000).value
    93.0
    """
    return Measure(100 * cases / expected if expected else None, cases, expected)


def received_by(tumors: pl.DataFrame, day: dt.date) -> int:
    """Records that had arrived on a day, by dateCaseReportReceived; a partial date arrives on its last day.

    >>> tumors = pl.DataFrame({"dateCaseReportReceived": ["20251231", "20260101", "202512", None]})
    >>> received_by(tumors, dt.date(2025, 12, 31))
    2
    """
    return int(tumors.select((dates.latest("dateCaseReportReceived") <= day).sum()).item())
