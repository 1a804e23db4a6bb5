"""How an answer of the registry is told to people: digits that matter, whole reasons, the table as CSV when asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import click
import polars as pl

from registry.cli import output
from registry.cli.options import Options
from registry.cli.stats.tables import finish

MOST_ROWS = 500
DIGITS = 4
WIDEST = 160
"""Reasons are sentences: they are not cut."""

Format = Callable[[Any], str]


def significant(value: float) -> str:
    """A published number with the four digits that it has.

    >>> significant(476.9), significant(0.0123456), significant(1332.0), significant(0.0)
    ('476.9', '0.01235', '1,332', '0')
    """
    if not value:
        return "0"
    return f"{value:,.{max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))}f}"


def whole(value: float) -> str:
    """A number of people; halves, as of two years' mean, stay.

    >>> whole(47185.0), whole(52407.5)
    ('47,185', '52,407.5')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def decimals(places: int) -> Format:
    """A fixed number of decimals.

    >>> decimals(3)(0.80789)
    '0.808'
    """
    return lambda value: f"{value:,.{places}f}"


def figures(frame: pl.DataFrame, **special: Format) -> str:
    """A table of figures: numbers with fractions by `significant`, populations whole, `special` columns as they say."""
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    usual = {name: whole if name == "population" else significant for name in floats}
    return output.table(frame, limit=MOST_ROWS, formats={**usual, **special})


def tell(
    options: Options,
    found: Mapping[str, Any],
    *parts: str,
    table: pl.DataFrame,
    out: str | None = None,
    methods: bool = False,
) -> int:
    """Print an answer.

    Args:
        options: of the call; with --json the answer is one line and nothing else.
        found: the answer, with exclusions, note, methods and perhaps missing.
        parts: tables as text.
        table: the main table; with `out` it is written there as CSV in place of the printed tables.
        out: a file.
        methods: print the text for a methods section too.

    Returns:
        the exit code.
    """
    if out:
        finish(table.columns, table.rows(), out)
    if options.as_json:
        click.echo(output.as_json(found))
        return 0
    said = [*([] if out else parts), *_missing(found), exclusions(found["exclusions"])]
    said += [found["note"]] if found.get("note") else list(found.get("notes") or ())
    if methods:
        said += ["", found["methods"]]
    click.echo("\n".join(said))
    return 0


def exclusions(flow: pl.DataFrame) -> str:
    """The exclusion flow: who was left out, in order, and who remained; small steps are told together.

    >>> print(exclusions(pl.DataFrame({"step": [0], "reason": ["tumors in the registry"], "excluded": [0], "remaining": [9]})))
    left out                excluded  remaining
    ----------------------  --------  ---------
    tumors in the registry         0          9
    """
    shown = flow.select(pl.col("reason").alias("left out"), "excluded", "remaining")
    return output.table(shown, limit=100, widest=WIDEST)


def _missing(found: Mapping[str, Any]) -> list[str]:
    """What has no denominator, each reason once.

    >>> years = pl.DataFrame({"what": ["2007", "2008"], "reason": ["no population is loaded"] * 2})
    >>> _missing({"missing": years})
    ['no rate for 2007-2008: no population is loaded']
    """
    missing = found.get("missing")
    if missing is None or not missing.height:
        return []
    by_reason = missing.group_by("reason", maintain_order=True).agg(pl.col("what"))
    return [f"no rate for {_spans(whats)}: {reason}" for reason, whats in by_reason.iter_rows()]


def _spans(whats: list[str]) -> str:
    """Years that follow each other as first-last.

    >>> _spans(["2007", "2008", "2009", "2012"])
    '2007-2009, 2012'
    """
    if not all(what.isdigit() for what in whats):
        return ", ".join(whats)
    spans: list[list[int]] = []
    for year in map(int, whats):
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
