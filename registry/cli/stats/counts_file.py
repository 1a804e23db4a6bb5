"""Files of counts and populations by age, and standard populations: read and judged for rates and trends."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from registry.analytics import incidence
from registry.analytics.incidence import ages
from registry.cli.stats.tables import Faults, Table, choose, listed, read_csv
from registry.errors import BadInput

CELL = ["group", "year"]


def standards_named(text: str | None) -> dict[str, incidence.Standard]:
    """The standards asked for by the name they have in the results: known ones, or files by their path."""
    names = listed(text, "--standard") or ["us2000"]
    known = incidence.standards()["standard"].to_list()
    found: dict[str, incidence.Standard] = {}
    for name in names:
        if name in known:
            found[name] = incidence.standard(name)
            continue
        if not Path(name).exists():
            choose([name], known, "--standard")
        faults = Faults()
        table = read_csv(name, faults)
        table.need("age_group", "weight")
        weights = pl.DataFrame({"age_group": table.text("age_group"), "weight": table.numbers("weight")})
        if faults.exit_code:
            raise BadInput(name, "some rows have too many cells", "give age_group and weight")
        try:
            own = incidence.standard(weights)
        except BadInput as error:
            raise BadInput(name, str(error)) from None
        found[name] = incidence.Standard(name, own.age_groups, own.weights)
    return found


def read_counts(path: str, faults: Faults, *, grouped: bool = True) -> tuple[pl.DataFrame, list[str]]:
    """Rows of a file of counts that can be used, and its groups in the order of results.

    Args:
        path: CSV with group, year, age_group, count, population.
        faults: gets the rows that can't be used.
        grouped: the column group is needed; else all rows are one group "" where it is missing.

    Returns:
        frame[line, group, year, count, population, age_group] (group String, year Int64, numbers Float64, age groups in
        one spelling), each group, year and age group once; the names of the groups.

    Raises:
        BadInput: a column is missing, or the age groups of a group overlap.
    """
    table = read_csv(path, faults)
    table.need("group" if grouped else None, "year", "age_group", "count", "population")
    labels, groups = pl.repeat("", table.frame.height, eager=True), [""]
    if "group" in table.frame.columns:
        labels, groups = table.labels("group")
    frame = pl.DataFrame({
        "line": table.lines, "group": labels, "year": table.numbers("year"), "age_text": table.text("age_group"),
        "count": table.numbers("count"), "population": table.numbers("population"),
    })  # fmt: skip
    frame = frame.with_columns(_age_groups(table).alias("age_group"))
    kept = pl.lit(True)
    for wrong, why in _rules():
        bad = wrong.fill_null(True)
        faults.add(frame.filter(bad)["line"], why)
        kept = kept & ~bad
    frame = frame.with_columns(kept.alias("_kept")).filter("_kept").drop("_kept", "age_text")
    again = frame.select("group", "year", "age_group").with_row_index().select(
        pl.col("index") != pl.col("index").min().over("group", "year", "age_group")
    ).to_series()  # fmt: skip
    faults.add(frame.filter(again)["line"], "is a second row of its group, year and age group")
    frame = frame.filter(~again).with_columns(pl.col("year").cast(pl.Int64))
    frame = _without_strays(frame, faults)
    _one_division(frame, path)
    present = set(frame["group"])
    return frame, [name for name in groups if name in present]


def _rules() -> list[tuple[pl.Expr, str]]:
    """What makes a row useless, and how it is said; unknown counts as wrong."""
    count, population = pl.col("count"), pl.col("population")
    return [
        (pl.col("group").is_null(), "has no group"),
        (pl.col("year").is_null() | (pl.col("year") != pl.col("year").floor()), "year is no whole number"),
        (pl.col("age_group").is_null(), "age group is not one such as 00, 01-04, 05-09 or 85+"),
        (count.is_null(), "count is missing or no number"),
        (count.is_not_null() & ((count < 0) | (count != count.floor())), "count is no whole number of at least 0"),
        (population.is_null(), "population is missing or no number"),
        (population.is_not_null() & (population < 0), "population is below 0"),
        ((population == 0).fill_null(False) & (count > 0).fill_null(False), "has cases in a population of 0"),
    ]  # fmt: skip


def _age_groups(table: Table) -> pl.Series:
    texts = table.text("age_group")
    names = {text: ages.name(*span) for text in texts.drop_nulls().unique() if (span := ages.bounds(text))}
    return texts.replace_strict(names, default=None, return_dtype=pl.String)


def _without_strays(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Rows without those of a single age beside its age group: 99 for an unknown age, say."""
    kept = []
    for part in frame.partition_by("group", maintain_order=True):
        stray = part["age_group"].is_in(ages.inside_others(part["age_group"]))
        faults.add(part["line"].filter(stray), "age group lies in another age group of the file")
        kept.append(part.filter(~stray))
    return pl.concat(kept) if kept else frame


def tell_gaps(
    division: list[str], standards: Iterable[incidence.Standard], groups: list[str], faults: Faults
) -> None:
    """Remark that groups have no rows at all for ages of a standard: their rates are adjusted over the others."""
    for standard in standards:
        weighted = [
            age for age, weight in zip(standard.age_groups, standard.weights, strict=True) if weight > 0
        ]
        if missing := ages.uncovered(division, weighted):
            whose = ", ".join(f'"{name}"' for name in groups[:3]) + (" and others" if len(groups) > 3 else "")
            faults.remark(
                f"{whose}: no rows for {', '.join(missing)}; adjusted over the other ages of the standard"
            )


def _one_division(frame: pl.DataFrame, path: str) -> None:
    """Refuse a group whose age groups overlap (00-04 in one year, 00 in another)."""
    for texts in frame.group_by("group").agg(pl.col("age_group").unique())["age_group"]:
        try:
            ages.order(texts)
        except BadInput as error:
            raise BadInput(path, str(error)) from None


def complete(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Rows of the groups and years that have every age group of their group; the others are named."""
    expected = frame.select("group", "age_group").unique()
    cells = frame.select(CELL).unique().join(expected, on="group")
    missing = cells.join(frame, on=[*CELL, "age_group"], how="anti")
    if missing.is_empty():
        return frame
    first = frame.group_by(CELL).agg(pl.col("line").min())
    lacking = missing.group_by(CELL).agg(pl.col("age_group").sort()).join(first, on=CELL)
    for line, texts in lacking.select("line", "age_group").sort("line").iter_rows():
        faults.add([line], f"its group and year have no usable row for {', '.join(texts)}: all ages together")
    return frame.join(missing.select(CELL).unique(), on=CELL, how="anti", maintain_order="left")
