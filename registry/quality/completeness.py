"""Completeness: how many records have each required item filled, by facility and diagnosis year.

The required items are data (`data/required_items.csv`): item, codes that say unknown, and the
diagnosis years in which it is collected.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from registry.edits.definition import ALTERNATIVES
from registry.edits.engine import joined

DATA = Path(__file__).parent / "data"
FACILITY_COLUMNS = ("facility_id", "reportingFacility")
COLUMNS = ("facility", "diagnosis_year", "item", "records", "filled", "unknown", "percent", "percent_known")


@cache
def required_items() -> pl.DataFrame:
    """`item, unknown` (list of codes)`, year_min, year_max, level`, in print order."""
    table = pl.read_csv(
        DATA / "required_items.csv", comment_prefix="#", schema_overrides={"unknown": pl.String}
    )
    return table.with_columns(
        pl.col("unknown").fill_null("").str.split(" ").list.filter(pl.element() != ""),
        pl.col("year_min", "year_max").cast(pl.Int32),
    )


def completeness(
    patients: pl.DataFrame | None, tumors: pl.DataFrame, *, by_facility: bool = True
) -> pl.DataFrame:
    """Filled and unknown values of the required items.

    Args:
        patients: Patient-level items, None when the tumors carry them.
        tumors: one row per record, blank = null; an item without a column is blank everywhere.
        by_facility: also count each facility (`facility_id`, else `reportingFacility`).

    Returns:
        One row per facility ("all" = every record), diagnosis year (null = unknown year) and item
        collected in that year: `records`, `filled` (not blank), `unknown` (filled with a code that
        says unknown), `percent` (filled of records), `percent_known` (filled and not unknown);
        sorted by facility ("all" first), year and item.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2020", "2020"], "countyAtDx": ["153", "999"]})
    >>> found = completeness(None, tumors).filter(pl.col("item") == "countyAtDx")
    >>> found.select("records", "filled", "unknown", "percent_known").row(0)
    (2, 2, 1, 50.0)
    """
    records, _ = joined(patients, tumors)
    items = required_items()
    counted = records.select(
        facility(records).alias("facility") if by_facility else pl.lit(None, pl.String).alias("facility"),
        diagnosis_year(records).alias("diagnosis_year"),
        *[_filled(records, item).alias(f"{item}@filled") for item in items.get_column("item")],
        *[
            _unknown(records, item, codes).alias(f"{item}@unknown")
            for item, codes in items.select("item", "unknown").rows()
        ],
    )
    sums = [pl.len().alias("records"), pl.col("^.*@.*$").sum()]
    everywhere = counted.group_by("diagnosis_year").agg(sums).with_columns(facility=pl.lit("all"))
    parts = [everywhere]
    if by_facility:
        known = counted.filter(pl.col("facility").is_not_null())
        parts.append(known.group_by("facility", "diagnosis_year").agg(sums))
    wide = pl.concat(parts, how="diagonal")
    return _long(wide, items)


def facility(records: pl.DataFrame) -> pl.Expr:
    """The facility's id: facility_id, else the reporting facility; null when the frame has neither."""
    have = [pl.col(column).cast(pl.String) for column in FACILITY_COLUMNS if column in records.columns]
    return pl.coalesce(have) if have else pl.lit(None, pl.String)


def diagnosis_year(records: pl.DataFrame) -> pl.Expr:
    """Year of diagnosis (Int32); null when blank or no year."""
    if "dateOfDiagnosis" not in records.columns:
        return pl.lit(None, pl.Int32)
    year = pl.col("dateOfDiagnosis").str.slice(0, 4)
    return pl.when(year.str.len_bytes() == 4).then(year.cast(pl.Int32, strict=False))


def reported(records: pl.DataFrame, item: str) -> pl.Expr:
    """The item's value, or that of the item it replaced (sex); null where nobody sent it."""
    names = next((pair for pair in ALTERNATIVES[:1] if item in pair), (item,))
    have = [pl.col(name) for name in names if name in records.columns]
    return pl.coalesce(have) if have else pl.lit(None, pl.String)


def _filled(records: pl.DataFrame, item: str) -> pl.Expr:
    return reported(records, item).is_not_null()


def _unknown(records: pl.DataFrame, item: str, codes: list[str]) -> pl.Expr:
    return reported(records, item).is_in(codes).fill_null(value=False)


def _long(wide: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    long = wide.unpivot(
        index=["facility", "diagnosis_year", "records"], variable_name="what", value_name="count"
    )
    return (
        long.with_columns(pl.col("what").str.split_exact("@", 1).struct.rename_fields(["item", "kind"]))
        .unnest("what")
        .pivot(
            "kind",
            on_columns=["filled", "unknown"],
            index=["facility", "diagnosis_year", "records", "item"],
            values="count",
        )
        .join(items.with_row_index("position"), on="item")
        .filter(
            (pl.col("year_min").is_null() | (pl.col("diagnosis_year") >= pl.col("year_min"))),
            (pl.col("year_max").is_null() | (pl.col("diagnosis_year") <= pl.col("year_max"))),
        )
        .with_columns(
            percent=100 * pl.col("filled") / pl.col("records"),
            percent_known=100 * (pl.col("filled").cast(pl.Int64) - pl.col("unknown")) / pl.col("records"),
        )
        .sort(pl.col("facility") != "all", "facility", "diagnosis_year", "position")
        .select(COLUMNS)
    )
