"""Completeness suite: are the required items known, everywhere, and as well as the year before?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.checks import CRITICAL, INFO, WARNING, Figures, Suite
from expectations.frames import ALL, Frames
from expectations.programmes import add_thresholds, judged_years

if TYPE_CHECKING:
    import pandas as pd

THRESHOLDS = Path(__file__).with_name("thresholds.csv")
FEWEST_RECORDS = 20
"""A facility with fewer records of an item is not judged on it: one record would move it by 5 % and more."""

MOST_FALL = 5.0
"""Percentage points by which an item may be known less often than the year before."""


@dataclass(frozen=True)
class Least:
    """Least percent known over all records, least in any facility, and what is lost below the first."""

    percent: float
    facility: float
    severity: str = INFO


def thresholds(as_of: dt.date | None = None) -> dict[str, Least]:
    """Limits by item; "*" stands for every other item.

    Args:
        as_of: the newest line of an item that holds on that day counts; None = the newest.
    """
    import pandas as pd

    table = pd.read_csv(THRESHOLDS, parse_dates=["valid_from"]).sort_values("valid_from", kind="stable")
    if as_of is not None:
        table = table[table["valid_from"] <= pd.Timestamp(as_of)]
    return {
        row.item: Least(float(row.least_percent), float(row.least_percent_facility), str(row.severity))
        for row in table.itertuples(index=False)
    }


def suite(frames: Frames) -> Suite:
    """Do the counts make sense; is each item known overall, in each facility, and no worse than before; limits."""
    figures = Figures("completeness", "Items are complete")
    complete = frames["completeness"]
    _sense(figures, complete)
    judged = complete[complete["diagnosis_year"].isin(judged_years(complete["diagnosis_year"], frames.as_of))]
    limits = thresholds(frames.as_of)
    _overall(figures, judged, limits)
    _facilities(figures, judged, limits)
    _trend(figures, judged)
    add_thresholds(figures, frames, ("missing", "completeness"))
    return figures.suite()


def _sense(figures: Figures, complete: pd.DataFrame) -> None:
    """Possible counts, each line once. Only lines that break a rule become figures: there can be many lines."""
    lines = complete.rename(columns={"facility_id": "facility", "diagnosis_year": "year", "item": "subject"})
    names = ("facility", "year", "subject")
    twice = lines[lines.duplicated(list(names))].drop_duplicates(list(names))
    rules = {
        "lines told twice": ("Each facility, year and item occurs once", twice),
        "lines without item": ("Every line names its item", lines[lines["subject"].isna()].head(1)),
        "lines without records": ("Counts of records are above zero", lines[lines["records"] < 1]),
        "more filled than records": (
            "Not more values filled than there are records", lines[lines["filled"] > lines["records"]],
        ),
        "more unknown than filled": (
            "Not more values unknown than filled", lines[lines["unknown"] > lines["filled"]],
        ),
        "impossible percentages": (
            "Percentages lie between 0 and 100", lines[~lines["percent"].between(0, 100)],
        ),
        "impossible years": (
            "Diagnosis years lie between 1900 and 2100",
            lines[lines["year"].notna() & ~lines["year"].fillna(1900).between(1900, 2100)],
        ),
    }  # fmt: skip
    for figure, (plain, broken) in rules.items():
        once = broken.drop_duplicates(list(names))
        figures.none_of(figure, plain, once.drop(columns=["records"]), names, CRITICAL)


def _overall(figures: Figures, judged: pd.DataFrame, limits: dict[str, Least]) -> None:
    total = judged["facility_id"] == ALL
    for row in _known(judged[total] if total.any() else judged, ["item"]).to_dict("records"):
        least = limits.get(row["item"], limits["*"])
        figure = f"{row['item']} known"
        figures.add(figure, [{"subject": row["item"], "value": row["percent"]}])
        plain = f"{row['item']} is known in at least {least.percent:g} % of the records"
        figures.between(figure, plain, least.percent, severity=least.severity)


def _facilities(figures: Figures, judged: pd.DataFrame, limits: dict[str, Least]) -> None:
    known = _known(judged[judged["facility_id"] != ALL], ["facility_id", "item"])
    known = known[known["records"] >= FEWEST_RECORDS]
    for item, rows in known.groupby("item", sort=True):
        least = limits.get(str(item), limits["*"]).facility
        figure = f"{item} known by facility"
        figures.table(figure, rows, facility="facility_id", subject="item", value="percent")
        plain = f"{item} is known in at least {least:g} % of the records of each facility"
        figures.between(figure, plain, least, severity=INFO, names=("facility",))


def _trend(figures: Figures, judged: pd.DataFrame) -> None:
    """The newest year of each item against the one before it."""
    yearly = _known(judged[judged["facility_id"] == ALL], ["item", "diagnosis_year"])
    yearly = yearly[yearly["records"] >= FEWEST_RECORDS]
    for item, rows in yearly.groupby("item", sort=True):
        years = dict(zip(rows["diagnosis_year"], rows["percent"], strict=True))
        newest = max(years)
        if newest - 1 not in years:
            continue
        figure = f"{item} against the year before"
        change = years[newest] - years[newest - 1]
        figures.add(figure, [{"subject": str(item), "year": newest, "value": change}])
        plain = f"{item} is not known less often than the year before by more than {MOST_FALL:g} points"
        figures.between(figure, plain, -MOST_FALL, severity=WARNING, names=("year",))


def _known(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Percent known (filled and not unknown, of the records) by group."""
    sums = frame.groupby(by, sort=True)[["records", "filled", "unknown"]].sum().reset_index()
    sums = sums[sums["records"] > 0].reset_index(drop=True)
    return sums.assign(percent=100 * (sums["filled"] - sums["unknown"]) / sums["records"])
