"""The suites as data: which figure must be at least (or at most) what, said in plain words.

Frames (Parquet, aggregates only; more columns are ignored):
    completeness: facility_id ("all" = every record), diagnosis_year, item, records, filled (not blank), unknown (filled
        with a code that says unknown), percent (filled of records).
    indicators: indicator, name, group, year (null = all years), numerator, denominator, value, threshold_gold,
        threshold_silver, status.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

THRESHOLDS = Path(__file__).with_name("thresholds.csv")
COMPLETENESS = ("facility_id", "diagnosis_year", "item", "records", "filled", "unknown", "percent")
INDICATORS = (
    "indicator", "name", "group", "year", "numerator", "denominator", "value", "threshold_gold", "threshold_silver",
    "status",
)  # fmt: skip
ALL = "all"
FEWEST_RECORDS = 20
"""A facility with fewer records of an item is not judged on it: one record would move it by 5 % and more."""


@dataclass(frozen=True)
class Check:
    """One expectation: kind and arguments as Great Expectations names them, and the sentence a person reads.

    `names` are the columns that tell which rows failed.
    """

    kind: str
    plain: str
    arguments: dict[str, Any]
    names: tuple[str, ...] = ()
    value: str | None = None


@dataclass(frozen=True)
class Suite:
    """A named list of checks over one frame."""

    name: str
    title: str
    frame: pd.DataFrame
    checks: list[Check] = field(default_factory=list)


def thresholds(as_of: dt.date | None = None) -> dict[str, tuple[float, float]]:
    """Item → (least percent known, least percent in any facility); "*" stands for every other item.

    Args:
        as_of: the newest line of an item that holds on that day counts; None = the newest.
    """
    import pandas as pd

    table = pd.read_csv(THRESHOLDS, parse_dates=["valid_from"]).sort_values("valid_from", kind="stable")
    if as_of is not None:
        table = table[table["valid_from"] <= pd.Timestamp(as_of)]
    return {
        row.item: (float(row.least_percent), float(row.least_percent_facility))
        for row in table.itertuples(index=False)
    }


def all_suites(frames: Path) -> list[Suite]:
    """Suites for the frames of a folder: three on completeness, one on indicators when they are there."""
    complete = read(frames / "completeness.parquet", COMPLETENESS)
    suites = [figures(complete), by_item(complete), by_facility(complete)]
    if (frames / "indicators.parquet").exists():
        suites.append(indicators(read(frames / "indicators.parquet", INDICATORS)))
    return suites


def read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A frame with the expected columns, or BadInput naming the file and what is wrong."""
    import pandas as pd

    if not path.is_file():
        raise BadInput(path.name, "there is no such file in the folder of frames", "write it first")
    try:
        frame = pd.read_parquet(path)
    except Exception:
        raise BadInput(path.name, "not a readable Parquet file", "write it again") from None
    if missing := [name for name in columns if name not in frame.columns]:
        raise BadInput(
            path.name, f"column {', '.join(missing)} is missing", f"expected: {', '.join(columns)}"
        )
    counts = [name for name in ("records", "filled", "unknown") if name in columns]
    years = [name for name in ("diagnosis_year", "year") if name in columns]
    kinds = dict.fromkeys(counts, "int64") | dict.fromkeys(
        years, "Int64"
    )  # unsigned counts wrap when subtracted
    try:
        return frame[list(columns)].astype(kinds)
    except (TypeError, ValueError):
        raise BadInput(path.name, f"{', '.join(kinds)} must be whole numbers") from None


def figures(frame: pd.DataFrame) -> Suite:
    """Do the figures make sense at all? Each facility, year and item once; counts and percents possible."""
    judged = frame.assign(
        excess_filled=frame["filled"] - frame["records"], excess_unknown=frame["unknown"] - frame["filled"]
    )
    key = ("facility_id", "diagnosis_year", "item")
    checks = [
        Check(
            "ExpectCompoundColumnsToBeUnique",
            "Each facility, year and item occurs once",
            {"column_list": list(key)},
            key,
        ),
        Check("ExpectColumnValuesToNotBeNull", "Every line names its item", {"column": "item"}, key),
        _between("records", "Counts of records are above zero", 1, None, key),
        _between("percent", "Percentages lie between 0 and 100", 0, 100, key),
        _between("excess_filled", "Not more values filled than there are records", None, 0, key),
        _between("excess_unknown", "Not more values unknown than filled", None, 0, key),
        _between("diagnosis_year", "Diagnosis years lie between 1900 and 2100", 1900, 2100, key),
    ]
    return Suite("figures", "The figures make sense", judged, checks)


def by_item(frame: pd.DataFrame) -> Suite:
    """Known values of each item over all facilities and years, against its threshold."""
    total = frame["facility_id"] == ALL
    known = _known(frame[total] if total.any() else frame, ["item"])
    limits = thresholds()
    checks = [
        _between(
            "percent", f"{item} is known in at least {limits.get(item, limits['*'])[0]:g} % of the records",
            limits.get(item, limits["*"])[0], None, (), item,
        )
        for item in known["item"]
    ]  # fmt: skip
    return Suite("completeness", "Items are complete", known, checks)


def by_facility(frame: pd.DataFrame) -> Suite:
    """Known values of each item in every facility with enough records, against the facility threshold."""
    known = _known(frame[frame["facility_id"] != ALL], ["facility_id", "item"])
    known = known[known["records"] >= FEWEST_RECORDS].reset_index(drop=True)
    limits = thresholds()
    checks = []
    for item in sorted(set(known["item"])):
        least = limits.get(item, limits["*"])[1]
        plain = f"{item} is known in at least {least:g} % of the records of each facility"
        checks.append(_between("percent", plain, least, None, ("facility_id",), item))
    return Suite("completeness-by-facility", "Items are complete in every facility", known, checks)


def indicators(frame: pd.DataFrame) -> Suite:
    """Each indicator against its silver (else gold) limit; a gold limit below the silver one means less is better.

    Years are judged one by one where the frame has them. One without denominator has no value and is not judged.
    """
    import numpy as np

    if frame["year"].notna().any():
        frame = frame[frame["year"].notna()].reset_index(drop=True)
    gold, silver = frame["threshold_gold"].astype(float), frame["threshold_silver"].astype(float)
    limit = silver.fillna(gold)
    less_is_better = gold < silver
    value = frame["value"].astype(float)
    margin = np.where(less_is_better, limit - value, value - limit)
    unsure = gold.isna() | silver.isna() | (gold == silver)  # one limit does not tell which way is better
    missed = frame["status"].astype("string").str.lower().isin(MISSED).fillna(False)
    margin = np.where(unsure, np.where(missed, -1.0, 0.0), margin)
    judged = frame.assign(limit=limit, distance_from_limit=np.where(value.isna(), np.nan, margin))
    checks = []
    for indicator, rows in judged.groupby("indicator", sort=True):
        first = rows.iloc[0]
        if rows["limit"].isna().all() and not missed[rows.index].any():
            continue
        word = "at most" if bool(less_is_better[rows.index[0]]) else "at least"
        told = first["limit"] == first["limit"] and not unsure[rows.index[0]]
        aim = f"should be {word} {first['limit']:g}" if told else "should meet its limit"
        checks.append(
            Check(
                "ExpectColumnValuesToBeBetween", f"{first['name']} {aim}",
                {"column": "distance_from_limit", "min_value": 0, **_where("indicator", str(indicator))}, ("year",), "value",
            )
        )  # fmt: skip
    return Suite("indicators", "Indicators meet their limits", judged.reset_index(drop=True), checks)


MISSED = ("below", "fail", "failed", "missed", "not met", "none", "red", "not reached")
"""Words in `status` that say that no limit was met."""


def _known(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Percent known (filled and not unknown, of the records) by group."""
    sums = frame.groupby(by, sort=True)[["records", "filled", "unknown"]].sum().reset_index()
    sums = sums[sums["records"] > 0].reset_index(drop=True)
    return sums.assign(percent=100 * (sums["filled"] - sums["unknown"]) / sums["records"])


def _between(
    column: str,
    plain: str,
    least: float | None,
    most: float | None,
    names: tuple[str, ...],
    item: str | None = None,
) -> Check:
    arguments: dict[str, Any] = {"column": column, "min_value": least, "max_value": most}
    if item is not None:
        arguments |= _where("item", item)
    return Check("ExpectColumnValuesToBeBetween", plain, arguments, names, column)


def _where(column: str, value: str) -> dict[str, str]:
    safe = value.replace("\\", "").replace('"', "")
    return {"row_condition": f'{column}=="{safe}"', "condition_parser": "pandas"}
