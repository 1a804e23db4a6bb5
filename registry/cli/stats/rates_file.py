"""Rates from a file of counts and populations: what `registry stats rates --input` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from registry.analytics import incidence
from registry.cli.options import Options
from registry.cli.stats.counts_file import complete, read_counts, standards_named, tell_gaps
from registry.cli.stats.tables import Faults, finish
from registry.errors import BadInput

HEADER = ("measure", "group", "year", "age_group", "standard", "stat", "value")
Row = tuple[str, str, str, str, str, str, float | int | None]
BY = ["group", "year"]


def answer(options: Options, given: dict[str, Any]) -> int:
    """Read, compute, write; the exit code."""
    standards = standards_named(given["standard"])
    faults = Faults()
    frame, groups = read_counts(given["input"], faults)
    rows = list(results(frame, groups, standards, given["reference_year"], faults))
    finish(HEADER, rows, given["out"], source=given["input"], as_json=options.as_json)
    faults.tell(given["input"], quiet=options.quiet)
    return faults.exit_code


def results(
    frame: pl.DataFrame,
    groups: list[str],
    standards: dict[str, incidence.Standard],
    reference: int | None,
    faults: Faults,
) -> Iterator[Row]:
    """All rows of the answer: by measure, group, year, and standards as asked."""
    if frame.is_empty():
        return
    if reference is not None and reference not in frame["year"]:
        raise BadInput("--reference-year", f"there are no rows of {reference}", "choose a year of the file")
    whole = complete(frame, faults)
    crude, specific, adjusted, ratios, observed = [], [], [], [], []
    for part, usable in _divisions(frame, whole):
        specific.append(_age_specific(part))
        if usable.is_empty():
            continue
        mine = [name for name in groups if name in set(usable["group"])]
        tell_gaps(usable["age_group"].unique().to_list(), standards.values(), mine, faults)
        crude.append(incidence.crude_rates(usable, BY))
        rates = incidence.age_adjusted_rates(usable, list(standards.values()), BY)
        adjusted.append(rates)
        if reference is not None:
            ratios.append(_ratios(rates, reference))
            observed.append(_sir(usable, reference))
    order, names = pl.Enum(groups), list(standards)
    yield from _long("crude", crude, order, ("rate", "se", "lower", "upper"))
    yield from _long("age_specific", specific, order, ("rate",))
    limits = ("lower", "upper_fay_feuer", "upper_tiwari")
    yield from _long("age_adjusted", adjusted, order, ("rate", "se", *limits), names)
    yield from _long("rate_ratio", ratios, order, ("rr", "lower", "upper"), names)
    yield from _long("sir", observed, order, ("observed", "expected", "sir", "lower", "upper"))


def _divisions(frame: pl.DataFrame, whole: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The groups that have the same age groups, together: their rows, and those of complete years."""
    spans = (
        frame.group_by("group")
        .agg(pl.col("age_group").unique().sort().str.join(",").alias("ages"))
        .sort("ages")
    )
    for alike in spans.partition_by("ages", maintain_order=True):
        names = alike["group"].to_list()
        wanted = pl.col("group").is_in(names)
        yield frame.filter(wanted), whole.filter(wanted)


def _age_specific(part: pl.DataFrame) -> pl.DataFrame:
    """Rates of the cells that the file has, with their order by age."""
    rates = incidence.age_specific_rates(part, BY).with_columns(
        pl.col("age_group").to_physical().alias("_age"), pl.col("age_group").cast(pl.String)
    )
    return rates.join(part.select(*BY, "age_group"), on=[*BY, "age_group"], how="semi", maintain_order="left")


def _ratios(rates: pl.DataFrame, reference: int) -> pl.DataFrame:
    """Log-normal ratios of later years; nothing where a rate is 0 or the group lacks the reference year."""
    there = rates.filter(pl.col("year") == reference)["group"].unique()
    mine = rates.filter(pl.col("group").is_in(there.to_list()) & (pl.col("year") >= reference))
    if mine.is_empty():
        return pl.DataFrame()
    found = incidence.rate_ratios(mine, {"year": reference}, "group").rename({"rate_ratio": "rr"})
    return found.filter(pl.col("lower").is_not_null())


def _sir(part: pl.DataFrame, reference: int) -> pl.DataFrame:
    """Observed over expected of later years, at each group's rates of the reference year."""
    base = part.filter(pl.col("year") == reference)
    later = part.filter(
        pl.col("group").is_in(base["group"].unique().to_list()) & (pl.col("year") > reference)
    )
    if later.is_empty():
        return pl.DataFrame()
    return incidence.standardised_incidence_ratios(later, base, BY, "group").with_columns(
        pl.col("observed").cast(pl.Int64)
    )


def _long(
    measure: str,
    parts: Iterable[pl.DataFrame],
    order: pl.Enum,
    stats: tuple[str, ...],
    standards: list[str] | None = None,
) -> Iterator[Row]:
    """One row a number: by group, year, age, standard as asked, and stat as listed."""
    filled = [part for part in parts if not part.is_empty()]
    if not filled:
        return
    table = pl.concat(filled).with_columns(pl.col("group").cast(order))
    if standards is None:
        table = table.with_columns(pl.lit("").alias("standard"))
    table = table.with_columns(
        pl.col("standard").cast(pl.Enum(standards or [""])),
        *(
            pl.lit(0 if name == "_age" else "").alias(name)
            for name in ("age_group", "_age")
            if name not in table.columns
        ),
    )
    columns = ("group", "year", "age_group", "standard", *stats)
    for group, year, age, standard, *values in (
        table.sort("group", "year", "_age", "standard").select(columns).iter_rows()
    ):
        for stat, value in zip(stats, values, strict=True):
            yield measure, group, str(year), age, standard, stat, value
