"""Drift: has the mix of an item's codes changed against the year before more than chance would change it?

Population stability index: sum over codes of (p - q) ln(p / q); total variation: half the sum of |p - q|, the share of
records whose code moved. Small years drift by chance: with n and m records and k codes the index is about
(1/n + 1/m) times a chi-square with k - 1 degrees of freedom when nothing has changed (Yurdakul, Western Michigan
University 2018), so what lies below the 99.9 % point of that is set aside.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import polars as pl

from registry.edits.engine import joined
from registry.quality.completeness import DATA, diagnosis_year, reported

COLUMNS = (
    "item",
    "year",
    "records",
    "previous_records",
    "codes",
    "psi",
    "psi_by_chance",
    "psi_excess",
    "total_variation",
    "judged",
)
FEWEST = 30
"""Years with fewer records are not compared."""

NORMAL_999 = 3.090232306
SMOOTHING = 0.5
"""Added to each code's count, so that a code that one year lacks has no infinite weight."""


@cache
def drift_items() -> pl.DataFrame:
    """`item, length, year_min, year_max` in print order."""
    return pl.read_csv(
        DATA / "drift_items.csv",
        comment_prefix="#",
        schema={"item": pl.String, "length": pl.Int32, "year_min": pl.Int32, "year_max": pl.Int32},
    )


def distributions(patients: pl.DataFrame | None, tumors: pl.DataFrame) -> pl.DataFrame:
    """Records of each code: frame[item, year, code, records], sorted; blank is a code of its own ("").

    Only items that the frames have, and the diagnosis years in which they are collected.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2020", "2020"], "laterality": ["1", None]})
    >>> distributions(None, tumors).rows()
    [('laterality', 2020, '', 1), ('laterality', 2020, '1', 1)]
    """
    records, _ = joined(patients, tumors)
    records = records.with_columns(diagnosis_year(records).alias("@year"))
    parts = []
    for item, length, first, last in drift_items().rows():
        sent = item in records.columns or (item == "sexAssignedAtBirth" and "sex" in records.columns)
        if not sent:
            continue
        code = reported(records, item).cast(pl.String).str.strip_chars().fill_null("")
        counted = records.select(year="@year", code=code.str.slice(0, length) if length else code)
        counted = counted.filter(pl.col("year").is_between(first or 0, last or 9999))
        parts.append(
            counted.group_by("year", "code")
            .agg(records=pl.len().cast(pl.Int64))
            .select(pl.lit(item).alias("item"), "year", "code", "records")
        )
    if not parts:
        return pl.DataFrame(
            schema={"item": pl.String, "year": pl.Int32, "code": pl.String, "records": pl.Int64}
        )
    return pl.concat(parts).sort("item", "year", "code")


def drift(counts: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Each item and year against the year before.

    Args:
        counts: from `distributions`.
        as_of: years that have ended a year before this day are `judged`, the newest of them of each item.

    Returns:
        One row per item and year that has a year before it, both of thirty records or more: `records, previous_records, codes`
        (of either year), `psi, psi_by_chance, psi_excess` (never below 0), `total_variation` (0 to 1), `judged`; sorted.

    >>> counts = pl.DataFrame({"item": ["laterality"] * 4, "year": [2020, 2020, 2021, 2021], "code": ["1", "2"] * 2,
    ...                        "records": [500, 500, 900, 100]}, schema_overrides={"year": pl.Int32})
    >>> drift(counts, dt.date(2026, 11, 1)).select("year", pl.col("psi").round(2), "total_variation", "judged").row(0)
    (2021, 0.88, 0.4, True)
    """
    years = counts.group_by("item", "year").agg(total=pl.col("records").sum())
    pairs = years.join(
        years.select("item", year=pl.col("year") + 1, previous_total="total"), on=["item", "year"]
    ).filter(pl.col("total") >= FEWEST, pl.col("previous_total") >= FEWEST)
    earlier = counts.select("item", "code", year=pl.col("year") + 1, previous="records")
    both = (
        counts.join(earlier, on=["item", "year", "code"], how="full", coalesce=True)
        .with_columns(pl.col("records", "previous").fill_null(0))
        .join(pairs, on=["item", "year"])
        .with_columns(codes=pl.len().over("item", "year"))
    )
    p, q = (
        (pl.col(count) + SMOOTHING) / (pl.col(total) + SMOOTHING * pl.col("codes"))
        for count, total in (("records", "total"), ("previous", "previous_total"))
    )
    moved = (pl.col("records") / pl.col("total") - pl.col("previous") / pl.col("previous_total")).abs()
    found = both.group_by("item", "year").agg(
        records=pl.col("total").first(),
        previous_records=pl.col("previous_total").first(),
        codes=pl.col("codes").first().cast(pl.Int64),
        psi=((p - q) * (p / q).log()).sum(),
        total_variation=moved.sum() / 2,
    )
    found = found.with_columns(psi_by_chance=_by_chance())
    excess = (pl.col("psi") - pl.col("psi_by_chance")).clip(lower_bound=0)
    newest = pl.col("year").filter(pl.col("year") < as_of.year).max().over("item")
    judged = (pl.col("year") == newest).fill_null(value=False)
    return found.with_columns(psi_excess=excess, judged=judged).sort("item", "year").select(COLUMNS)


def _by_chance() -> pl.Expr:
    """99.9 % point of the index when nothing has changed (chi-square by Wilson and Hilferty)."""
    free = pl.max_horizontal(pl.col("codes") - 1, 1).cast(pl.Float64)
    part = 2 / (9 * free)
    point = free * (1 - part + NORMAL_999 * part.sqrt()).pow(3)
    return point * (1 / pl.col("records") + 1 / pl.col("previous_records"))
