"""Trends from a file of yearly rates, or of counts and populations: what `registry stats trend --input` writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click
import polars as pl

from registry.analytics.trend import annual_percent_change, joinpoint, poisson_percent_change
from registry.cli.options import Options
from registry.cli.stats.tables import Faults, choose, finish, listed, read_csv
from registry.cli.stats.trend import METHODS
from registry.errors import BadInput

HEADER = (
    "method", "group", "joinpoints", "segment", "first_year", "last_year", "apc", "lower", "upper", "p", "se_log_slope",
)  # fmt: skip
WEIGHTED = ("apc", "joinpoint")
POISSON = "apc-poisson"
Row = tuple[Any, ...]


@dataclass
class Asked:
    """What the file holds: a frame of each group (in order), and what was wrong with rows or whole series."""

    path: str
    series: dict[str, pl.DataFrame]
    faults: Faults
    refused: list[str] = field(default_factory=list)

    def refuse(self, error: BadInput) -> None:
        """Name a series without a trend, once."""
        if str(error) not in self.refused:
            self.refused.append(str(error))

    def tell(self, *, quiet: bool) -> int:
        """Faults on stderr; the exit code."""
        self.faults.tell(self.path, quiet=quiet)
        for line in self.refused:
            click.echo(f"{self.path}: {line}; left out", err=True)
        return 1 if self.refused else self.faults.exit_code


def answer(options: Options, given: dict[str, Any]) -> int:
    """Read, fit, write; the exit code."""
    methods = listed(given["method"], "--method")
    if not methods:
        raise BadInput("--method", "is needed with --input", f"choose from {', '.join(METHODS)}")
    choose(methods, METHODS, "--method")
    _check_options(given, methods)
    asked = read(given, methods)
    rows = [row for method in methods for row in _rows(asked, method, given)]
    finish(HEADER, rows, given["out"], source=given["input"], as_json=options.as_json)
    return asked.tell(quiet=options.quiet)


def _check_options(given: dict[str, Any], methods: list[str]) -> None:
    for name in ("joinpoints", "max_joinpoints", "select", "permutations", "seed"):
        if given[name] is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if "joinpoint" not in methods:
            raise BadInput(option, "goes with --method joinpoint", "leave it out")
        if given["joinpoints"] is not None and name != "joinpoints":
            raise BadInput(option, "does not go with --joinpoints", "give the number, or how it is chosen")
        if name in ("permutations", "seed") and given["select"] != "permutation":
            raise BadInput(option, "goes with --select permutation", "leave it out")


def _rows(asked: Asked, method: str, given: dict[str, Any]) -> Iterator[Row]:
    """One row a segment: series in the order of their groups."""
    for group, series in asked.series.items():
        try:
            segments = _segments(series, method, group, given)
        except BadInput as error:
            asked.refuse(error)
            continue
        for order, one in enumerate(segments, start=1):
            yield method, group, len(segments) - 1, order, *(one[name] for name in HEADER[4:])


def _segments(series: pl.DataFrame, method: str, group: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    if method == POISSON:
        return [poisson_percent_change(series, name=group)]
    if method != "joinpoint":
        return [annual_percent_change(series, weighted=method == "apc", name=group)]
    names = ("joinpoints", "max_joinpoints", "select", "permutations", "seed")
    model = joinpoint(series, name=group, **{name: given[name] for name in names if given[name] is not None})
    return model.segments.to_dicts()


def read(given: dict[str, Any], methods: list[str]) -> Asked:
    """The series of a file: a frame of rates (a column `rate`), or of counts brought to rates.

    Raises:
        BadInput: the file or its columns do not fit the methods.
    """
    faults = Faults()
    path = given["input"]
    columns = read_csv(path, Faults()).frame.columns
    if "count" in columns and (given["standard"] or "rate" not in columns or POISSON in methods):
        return Asked(path, _counted(given, methods, faults), faults)
    if given["standard"] is not None:
        raise BadInput("--standard", "goes with counts and populations", f"{path} has no column count")
    if POISSON in methods:
        raise BadInput(f"--method {POISSON}", "needs counts and populations", f"{path} has no column count")
    return Asked(path, _rated(given, methods, faults), faults)


def _rated(given: dict[str, Any], methods: list[str], faults: Faults) -> dict[str, pl.DataFrame]:
    table = read_csv(given["input"], faults)
    weighted = any(method in WEIGHTED for method in methods)
    column = given["by"] or ("group" if "group" in table.frame.columns else None)
    table.need(column, "year", "rate", "se" if weighted else None)
    groups, names = table.labels(column) if column else (pl.repeat("", len(table.lines), eager=True), [""])
    frame = pl.DataFrame({
        "line": table.lines, "group": groups, "year": table.numbers("year"), "rate": table.numbers("rate"),
        "se": table.numbers("se") if weighted else pl.repeat(None, len(table.lines), dtype=pl.Float64, eager=True),
    })  # fmt: skip
    nothing = pl.col("rate") == 0  # the series will be refused by name, whatever its standard error
    rules = [
        (pl.col("group").is_null(), "has no group"),
        (pl.col("year").is_null(), "year is missing or no number"),
        (pl.col("rate").is_null(), "rate is missing or no number"),
        (pl.col("rate") < 0, "rate is below 0"),
    ]
    if weighted:
        rules += [
            (pl.col("se").is_null() & ~nothing, "se is missing or no number"),
            ((pl.col("se") <= 0) & ~nothing, "se is not above 0"),
        ]
    kept = _sound(frame, rules, faults)
    again = ~pl.struct("group", "year").is_first_distinct()
    faults.add(kept.filter(again)["line"], "is a second row of its group and year")
    return _by_group(kept.filter(~again).sort("year"), names)


def _sound(frame: pl.DataFrame, rules: list[tuple[pl.Expr, str]], faults: Faults) -> pl.DataFrame:
    """The rows that no rule names."""
    wrong = [rule.fill_null(False) for rule, _ in rules]
    for rule, (_, why) in zip(wrong, rules, strict=True):
        faults.add(frame.filter(rule)["line"], why)
    return frame.filter(~pl.any_horizontal(wrong))


def _by_group(frame: pl.DataFrame, names: list[str]) -> dict[str, pl.DataFrame]:
    parts = frame.partition_by("group", as_dict=True)
    return {name: parts[(name,)] for name in names if (name,) in parts}


def _counted(given: dict[str, Any], methods: list[str], faults: Faults) -> dict[str, pl.DataFrame]:
    """Age-adjusted rates (when a method needs them) beside the counts and populations of each year."""
    from registry.analytics import incidence
    from registry.cli.stats.counts_file import CELL, complete, read_counts, standards_named, tell_gaps

    adjusted = [method for method in methods if method != POISSON]
    if adjusted and given["standard"] is None:
        raise BadInput(f"--method {adjusted[0]}", "needs --standard with counts", "give one, such as us2000")
    if given["by"] not in (None, "group"):
        raise BadInput("--by", "goes with a file of rates", "call the column of the groups group")
    standards = list(standards_named(given["standard"]).values())
    if len(standards) > 1:
        raise BadInput("--standard", "takes one standard for a trend", "run the command once for each")
    frame, names = read_counts(given["input"], faults, grouped=False)
    groups = _by_group(complete(frame, faults), names)
    for name, one in groups.items() if adjusted else ():
        tell_gaps(one["age_group"].unique().to_list(), standards, [name], faults)
    return {name: incidence.age_adjusted_rates(one, standards[0], CELL) for name, one in groups.items()}
