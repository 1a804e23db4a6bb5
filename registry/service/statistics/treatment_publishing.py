"""Combinations of treatment and single modalities of one table, as they may leave together.

A modality's number is the sum of the combinations that it is part of, so both are one table to whoever holds both: they
are protected as one.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.analytics.disclosure import Profile
from registry.analytics.disclosure.lines import Lines
from registry.analytics.disclosure.protection import protect
from registry.analytics.outcomes.treatment import MODALITIES

REST = "Other combinations"
TOTAL = 20.0
"""A group's size is hidden only when that spares so many others."""


class _Table:
    """Cells and the lines that they stand in, as they are written down."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.dear: list[float] = []
        self.entries: list[tuple[int, int, float]] = []
        self.lines = 0

    def cell(self, value: int, dear: float = 1.0) -> int:
        self.values.append(value)
        self.dear.append(dear)
        return len(self.values) - 1

    def line(self, parts: list[int], total: int) -> None:
        self.entries += [(self.lines, part, 1.0) for part in parts] + [(self.lines, total, -1.0)]
        self.lines += 1

    def hidden(self, rule: Profile) -> np.ndarray:
        values = np.array(self.values, dtype=np.int64)
        line, cell, sign = (np.array(column) for column in zip(*self.entries, strict=True))
        lines = Lines(
            line.astype(np.int64), cell.astype(np.int64), sign.astype(float), self.lines, values.size
        )
        free = np.ones(values.size, dtype=bool)
        return protect(values, rule.small(values), free, lines, rule, np.array(self.dear))[0]


def hidden_together(
    combinations: pl.DataFrame, modalities: pl.DataFrame, rule: Profile
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """What is hidden of both tables.

    Args:
        combinations: group, treatment, count, total; every group has every combination.
        modalities: group, modality (words), count, total.

    Returns:
        Flags of combinations, of modalities (their number or its complement), and of totals by row of combinations.

    What combinations beside those named have of a modality stands nowhere, but a reader can subtract: it is protected too.
    """
    table = _Table()
    named = set(MODALITIES.values())
    groups = combinations.partition_by("group", as_dict=True, include_key=True)
    counts = {(row["group"], row["modality"]): row["count"] for row in modalities.iter_rows(named=True)}
    of_cell: dict[tuple[object, str], list[int]] = {}
    total_of: dict[object, int] = {}
    for (group,), part in groups.items():
        total = table.cell(int(part["total"][0]), TOTAL)
        cells = {row["treatment"]: table.cell(row["count"]) for row in part.iter_rows(named=True)}
        table.line(list(cells.values()), total)
        total_of[group] = total
        of_cell |= {(group, name): [cell] for name, cell in cells.items()}
        size = table.values[total]
        for words in named:
            given = counts.get((group, words))
            if given is None:
                continue
            with_it = [cell for name, cell in cells.items() if words in name.split(" + ")]
            yes, no = table.cell(given), table.cell(size - given)
            table.line([yes, no], total)
            beyond = given - sum(table.values[cell] for cell in with_it)
            if REST in cells:
                more = [table.cell(beyond), table.cell(table.values[cells[REST]] - beyond)]
                table.line(more, cells[REST])
                with_it.append(more[0])
            table.line(with_it, yes)
            of_cell[group, f"= {words}"] = [yes, no]
    if not table.entries:
        nothing = pl.Series([False] * combinations.height, dtype=pl.Boolean)
        return nothing, pl.Series([False] * modalities.height, dtype=pl.Boolean), nothing
    gone = table.hidden(rule)

    def flags(frame: pl.DataFrame, column: str, mark: str) -> pl.Series:
        keys = zip(frame["group"], frame[column], strict=True)
        return pl.Series(
            [bool(gone[of_cell[group, mark + name]].any()) for group, name in keys], dtype=pl.Boolean
        )

    totals = pl.Series([bool(gone[total_of[group]]) for group in combinations["group"]], dtype=pl.Boolean)
    return flags(combinations, "treatment", ""), flags(modalities, "modality", "= "), totals


def publish_treatment(
    combinations: pl.DataFrame, modalities: pl.DataFrame, rule: Profile, also: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both tables with hidden numbers null and `hidden`.

    Args:
        combinations: group, treatment, count, total and `also`. modalities: group, modality, count, no, unknown, total and `also`.
        also: columns worked out from the count.
    """
    text = pl.col("group").cast(pl.String)
    combined, single = combinations.with_columns(text), modalities.with_columns(text)
    hidden, few, untold = hidden_together(combined, single, rule)
    groups = combined.filter(untold)["group"].unique()
    no_total = single["group"].is_in(groups.implode())
    unknown = 100 * pl.col("unknown") / pl.col("total")
    vague = pl.any_horizontal(rule.is_small(pl.col(name)) for name in ("no", "unknown"))
    single = single.with_columns(pl.when(~vague).then(unknown).alias("unknown_percent"))
    return (
        _without(combined, hidden, untold, also),
        _without(single, few, no_total, (*also, "unknown_percent")).select(
            "group", "modality", "count", "total", *also, "unknown_percent", "hidden"
        ),
    )


def _without(
    table: pl.DataFrame, hidden: pl.Series, untold: pl.Series, also: tuple[str, ...]
) -> pl.DataFrame:
    """The table without hidden counts and totals, and what was worked out from either."""
    flagged = table.with_columns(hidden.alias("hidden"), untold.alias("_untold"))
    gone = pl.col("hidden") | pl.col("_untold")
    return flagged.with_columns(
        pl.when(~pl.col("hidden")).then("count").alias("count"),
        pl.when(~pl.col("_untold")).then("total").alias("total"),
        *(pl.when(~gone).then(name).alias(name) for name in also),
        gone.alias("hidden"),
    ).drop("_untold")
