"""Running the indicators over records: one pass, then sums by whatever the records are split by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations

import polars as pl

from registry.errors import BadInput
from registry.quality.indicators.ascertainment import completeness_dup_adj
from registry.quality.indicators.definition import (
    CATALOGUE,
    DIMENSIONS,
    Formula,
    Indicator,
    Measure,
    all_indicators,
)
from registry.quality.indicators.vocabulary import prepare
from registry.quality.thresholds import thresholds

Given = Mapping[str, "float | tuple[float | None, ...] | Measure"]
"""Figures from outside by indicator: a value, or (value, numerator, denominator)."""

ALL, UNKNOWN = "all", "unknown"
FIGURES = ("numerator", "denominator", "value")
_ALWAYS = ("facility", "year")


def indicators(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    as_of: dt.date,
    failures: pl.DataFrame | None = None,
    *,
    by: Sequence[str] = ("year",),
    by_facility: bool = False,
    given: Given | None = None,
) -> pl.DataFrame:
    """Indicators of records, split as asked, with NAACCR's thresholds.

    Args:
        patients: Patient-level items, None when the tumors carry them.
        tumors: one row a record, blank = null or empty text.
        as_of: day whose thresholds apply, and the reference date of follow-up.
        failures: what `edits.run` found on the same frames, overridden failures included; without it the indicators of
            edits are left out.
        by: facility, county, site, sex, year, abstractor: every combination of these, and the totals over each.
        by_facility: the same as adding facility to `by`.
        given: figures from outside, for the line of all records.

    Returns:
        One row per indicator and group: `indicator, name, group, facility, year`, any other of `by`, `numerator,
        denominator, value` (null when the denominator is 0), `threshold_gold, threshold_silver` and `status`: gold, silver,
        below, or null without thresholds. "all" (year: null) means not split; "unknown" that the record does not say. Records
        without a year are in the lines of all years only. Sorted in catalogue order, totals first.

    Raises:
        BadInput: `by` names something else.

    >>> tumors = pl.DataFrame({"primarySite": ["C809", "C509"], "dateOfDiagnosis": ["2020", "2020"]})
    >>> found = indicators(None, tumors, dt.date(2026, 11, 1))
    >>> found.filter(pl.col("indicator") == "cup_pct").select("year", "value").rows()
    [(None, 50.0), (2020, 50.0)]
    """
    split = _dimensions([*by, "facility"] if by_facility else by)
    shown = _computable(failures is not None)
    counted = _counted(prepare(patients, tumors, as_of, failures), shown)
    subsets = chain.from_iterable(combinations(split, size) for size in range(len(split), -1, -1))
    parts = [_long(_summed(counted, shown, group), shown, group, split) for group in subsets]
    parts.append(_outside(given or {}, parts[-1], split))
    long = pl.concat(parts, how="diagonal_relaxed").join(_names(), on="indicator")
    return _judged(long, as_of, split)


def indicator_values(
    tumors: pl.DataFrame,
    as_of: dt.date,
    failures: pl.DataFrame | None = None,
    *,
    patients: pl.DataFrame | None = None,
    given: Given | None = None,
) -> pl.DataFrame:
    """All indicators over all records as one population.

    Args:
        tumors: one row a record, with the patient's items unless `patients` has them.
        as_of: the reference date of follow-up.
        failures: see `indicators`.
        patients: Patient-level items.
        given: figures from outside.

    Returns:
        frame[indicator_id, value, numerator, denominator], one row for each indicator of the catalogue, in its order. What
        needs figures that are not there, or has nothing below the line, has no value.

    >>> tumors = pl.DataFrame({"primarySite": ["C809", "C509"]})
    >>> found = indicator_values(tumors, dt.date(2026, 11, 1))
    >>> found.height, found.filter(pl.col("indicator_id") == "cup_pct").row(0)
    (41, ('cup_pct', 50.0, 1, 2))
    """
    shown = _computable(failures is not None)
    counted = _counted(prepare(patients, tumors, as_of, failures), shown)
    rows = _long(_summed(counted, shown, ()), shown, (), [])
    rows = pl.concat([rows, _outside(given or {}, rows, [])], how="diagonal_relaxed")
    order = pl.DataFrame({"indicator": CATALOGUE})
    return order.join(rows, on="indicator", how="left", maintain_order="left").select(
        pl.col("indicator").alias("indicator_id"), "value", "numerator", "denominator"
    )


def of_prepared(indicator: Indicator, records: pl.DataFrame) -> Measure:
    """One indicator of records over a prepared frame (see `vocabulary.prepare`)."""
    row = _long(_summed(_counted(records, [indicator]), [indicator], ()), [indicator], (), []).row(
        0, named=True
    )
    return Measure(*(row[name] for name in ("value", "numerator", "denominator")))


def _dimensions(by: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(by))
    if wrong := [name for name in wanted if name not in DIMENSIONS]:
        raise BadInput("indicators", f"cannot be split by {', '.join(wrong)}", f"use {', '.join(DIMENSIONS)}")
    return [name for name in DIMENSIONS if name in wanted]


def _computable(edited: bool) -> list[Indicator]:
    return [one for one in all_indicators().values() if one.of_records and (edited or not one.needs_failures)]


def _counted(records: pl.DataFrame, shown: Sequence[Indicator]) -> pl.DataFrame:
    """One row a record: groups, `@patient` and the columns that the sums are made from."""
    columns: list[pl.Expr] = []
    for one in shown:
        formula: Formula = one.make()
        among = formula.among.cast(pl.Boolean).fill_null(value=False)
        if formula.part is not None:
            part = pl.when(among).then(formula.part.cast(pl.Int64)).fill_null(0)
            columns.append(part.alias(f"{one.id}@numerator"))
        columns.append(formula.among.cast(pl.Int64).fill_null(0).alias(f"{one.id}@denominator"))
        if formula.median_of is not None:
            columns.append(pl.when(among).then(formula.median_of).alias(f"{one.id}@value"))
    unknown = [pl.col(name).fill_null(UNKNOWN) for name in DIMENSIONS if name != "year"]
    return records.select(*unknown, "year", "@patient", *columns)


def _sums(one: Indicator) -> list[pl.Expr]:
    formula: Formula = one.make()
    names = [f"{one.id}@denominator"] + ([f"{one.id}@numerator"] if formula.part is not None else [])
    if formula.patients:
        sums = [
            pl.col("@patient").filter(pl.col(name) > 0).n_unique().cast(pl.Int64).alias(name)
            for name in names
        ]
    else:
        sums = [pl.col(name).sum() for name in names]
    return sums + ([pl.col(f"{one.id}@value").median()] if formula.median_of is not None else [])


def _summed(counted: pl.DataFrame, shown: Sequence[Indicator], group: Sequence[str]) -> pl.DataFrame:
    sums = [each for one in shown for each in _sums(one)]
    if not group:
        return counted.select(sums)
    known = counted.filter(pl.col("year").is_not_null()) if "year" in group else counted
    return known.group_by(group).agg(sums)


def _long(
    wide: pl.DataFrame, shown: Sequence[Indicator], group: Sequence[str], split: Sequence[str]
) -> pl.DataFrame:
    """One row an indicator and group; what is not split by reads "all" (year: null)."""
    kept = [pl.col(name) for name in group] + [
        pl.lit(None, pl.Int32).alias(name) if name == "year" else pl.lit(ALL).alias(name)
        for name in dict.fromkeys([*_ALWAYS, *split])
        if name not in group
    ]
    parts = []
    for one in shown:
        formula: Formula = one.make()
        below = pl.col(f"{one.id}@denominator")
        if formula.part is None:
            above, value = pl.lit(None, pl.Int64), pl.col(f"{one.id}@value")
        else:
            above = pl.col(f"{one.id}@numerator")
            value = pl.when(below > 0).then(formula.per * above / below)
        parts.append(
            wide.select(
                *kept,
                indicator=pl.lit(one.id),
                numerator=above,
                denominator=below,
                value=value.cast(pl.Float64),
            )
        )
    return pl.concat(parts)


def _outside(given: Given, rows: pl.DataFrame, split: Sequence[str]) -> pl.DataFrame:
    """Rows of figures from outside, and of what follows from them."""
    measures = {name: _measure(name, figure) for name, figure in given.items()}
    complete = measures.get("completeness_oe")
    if complete is not None and complete.value is not None and "completeness_dup_adj" not in measures:
        copies = rows.filter(pl.col("indicator") == "duplicate_per_1000")["value"].drop_nulls().to_list()
        if copies:
            measures["completeness_dup_adj"] = completeness_dup_adj(complete.value, copies[0])
    made = [
        {"indicator": name, "value": value, "numerator": above, "denominator": below}
        for name, (value, above, below) in measures.items()
    ]
    whole = all(
        figure is None or float(figure).is_integer()
        for row in made
        for figure in (row["numerator"], row["denominator"])
    )
    count = pl.Int64 if whole else pl.Float64
    frame = pl.DataFrame(
        [tuple(row.values()) for row in made],
        schema={
            "indicator": pl.String,
            "value": pl.Float64,
            "numerator": pl.Float64,
            "denominator": pl.Float64,
        },
        orient="row",
    ).with_columns(pl.col("numerator", "denominator").cast(count))
    return frame.with_columns(
        [
            pl.lit(None, pl.Int32).alias(name) if name == "year" else pl.lit(ALL).alias(name)
            for name in dict.fromkeys([*_ALWAYS, *split])
        ]
    )


def _measure(name: str, figure: float | tuple[float | None, ...] | Measure) -> Measure:
    known = all_indicators().get(name)
    if known is None or known.of_records:
        raise BadInput("indicators", f"{name} is not an indicator of outside figures")
    return Measure(*figure) if isinstance(figure, tuple) else Measure(float(figure))


def _names() -> pl.DataFrame:
    known = all_indicators().values()
    return pl.DataFrame(
        {
            "indicator": [one.id for one in known],
            "name": [one.name for one in known],
            "group": [one.group for one in known],
            "position": range(len(known)),
        }
    )


def _judged(long: pl.DataFrame, as_of: dt.date, split: Sequence[str]) -> pl.DataFrame:
    naaccr = thresholds(as_of).filter(pl.col("programme") == "NAACCR")
    for level in ("gold", "silver"):
        limit = naaccr.filter(pl.col("level") == level).select(
            "indicator", pl.col("value").alias(f"threshold_{level}"), pl.col("operator").alias(level)
        )
        long = long.join(limit, on="indicator", how="left")
    known = pl.col("value").is_not_null() & pl.col("threshold_silver").is_not_null()
    status = (
        pl.when(known & meets(pl.col("value"), pl.col("gold"), pl.col("threshold_gold")))
        .then(pl.lit("gold"))
        .when(known & meets(pl.col("value"), pl.col("silver"), pl.col("threshold_silver")))
        .then(pl.lit("silver"))
        .when(known)
        .then(pl.lit("below"))
    )
    dimensions = list(dict.fromkeys([*_ALWAYS, *split]))
    totals_first = chain.from_iterable(
        [pl.col(name)] if name == "year" else [pl.col(name) != ALL, pl.col(name)] for name in dimensions
    )
    return (
        long.with_columns(status=status)
        .sort("position", *totals_first, nulls_last=False)
        .select(
            "indicator",
            "name",
            "group",
            *dimensions,
            *FIGURES,
            "threshold_gold",
            "threshold_silver",
            "status",
        )
    )


def meets(value: pl.Expr, operator: pl.Expr, limit: pl.Expr) -> pl.Expr:
    """Whether the value is on the good side of the limit; False when any of them is null.

    >>> frame = pl.DataFrame({"v": [3.0, 3.0], "o": ["<", "<="], "l": [3.0, 3.0]})
    >>> frame.select(meets(pl.col("v"), pl.col("o"), pl.col("l"))).to_series().to_list()
    [False, True]
    """
    return (
        pl.when(operator == "<")
        .then(value < limit)
        .when(operator == "<=")
        .then(value <= limit)
        .when(operator == ">")
        .then(value > limit)
        .when(operator == ">=")
        .then(value >= limit)
        .fill_null(value=False)
    )
