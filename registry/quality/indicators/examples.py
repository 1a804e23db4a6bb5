"""Examples beside the indicators, turned into records: the spec tests run them, the reference page prints them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from registry.quality.indicators.definition import Indicator, Measure
from registry.quality.indicators.run import of_prepared
from registry.quality.indicators.vocabulary import prepare

AS_OF = dt.date(2026, 11, 1)
"""The reference date of all examples."""


@dataclass(frozen=True)
class Example:
    """One line: records, and what the indicator says of them."""

    indicator: Indicator
    text: str
    expected: Measure

    def records(self) -> pl.DataFrame:
        """The records as they would be reported; columns that start with @ are made by a run of the edits."""
        rows = [_cells(part, self.indicator.items) for part in self.text.split(" / ")]
        return pl.DataFrame(rows, schema=dict.fromkeys(self.indicator.items, pl.String), orient="row")

    def found(self) -> Measure:
        """The indicator's measure of the example's records.

        >>> from registry.quality.indicators import find
        >>> next(examples(find("cup_pct"))).found()
        Measure(value=25.0, numerator=1, denominator=4)
        """
        reported = self.records()
        counts = [name for name in reported.columns if name.startswith("@")]
        items = (
            reported.drop(counts)
            if len(counts) < reported.width
            else reported.select(primarySite=pl.col(counts[0]))
        )
        prepared = prepare(None, items, AS_OF, None)
        return of_prepared(
            self.indicator,
            prepared.with_columns(reported.select(pl.col(counts).cast(pl.Int64)).get_columns()),
        )


def _cells(text: str, columns: tuple[str, ...]) -> list[str | None]:
    cells = [cell.strip() or None for cell in text.split("|")] if len(columns) > 1 else [text.strip() or None]
    if len(cells) != len(columns):
        raise ValueError(f"example {text!r} has {len(cells)} cells for {len(columns)} columns")
    return cells


def examples(indicator: Indicator) -> Iterator[Example]:
    """The examples of an indicator of records; none for one of outside figures, whose doctest is its example."""
    for text in indicator.examples:
        shown, _, result = text.partition(" => ")
        counts, _, value = result.partition("=")
        above, _, below = counts.strip().partition("/")
        expected = Measure(
            None if value.strip() == "none" else float(value),
            None if above == "-" else int(above),
            int(below),
        )
        yield Example(indicator, shown, expected)
