"""Answers on the terminal: tables for people, JSON for programs, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl

WIDEST = 44
PLAIN = ("_id", "year", "number", "line", "seq", "_version")
"""Endings of columns whose numbers are names: no thousands separator."""


def as_json(value: Any) -> str:
    """One line of JSON; frames become lists of objects, dates ISO text."""

    def plain(thing: Any) -> Any:
        if hasattr(thing, "to_dicts"):
            return thing.to_dicts()
        if isinstance(thing, set | frozenset):
            return sorted(thing)
        return str(thing)

    return json.dumps(value, default=plain, ensure_ascii=False)


def cell(value: Any, widest: int = WIDEST) -> str:
    """A value as a table shows it; longer text is cut.

    >>> cell(None), cell(1234567), cell(90.98712), cell(True)
    ('', '1,234,567', '90.99', 'yes')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    text = " ".join(str(value).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"


def table(
    frame: pl.DataFrame,
    *,
    limit: int = 40,
    widest: int = WIDEST,
    formats: Mapping[str, Callable[[Any], str]] | None = None,
) -> str:
    """A frame as text: columns aligned, numbers to the right, the rest counted.

    `formats` says how the values of a column are written in place of `cell`.

    >>> import polars as pl
    >>> print(table(pl.DataFrame({"site": ["C50", "C61"], "tumors": [1200, 7]})))
    site  tumors
    ----  ------
    C50    1,200
    C61        7
    """
    shown = frame.head(limit)
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    own = [(formats or {}).get(name) or (str if name.endswith(PLAIN) else None) for name in frame.columns]
    rows = [
        [
            cell(value, widest) if form is None or value is None else form(value)
            for value, form in zip(row, own, strict=True)
        ]
        for row in shown.rows()
    ]
    widths = [max([len(name), *(len(row[i]) for row in rows)]) for i, name in enumerate(frame.columns)]

    def line(cells: list[str]) -> str:
        pairs = zip(cells, widths, numeric, strict=True)
        return "  ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in pairs).rstrip()

    lines = [line(list(frame.columns)), line(["-" * width for width in widths]), *(line(row) for row in rows)]
    if frame.height > limit:
        lines.append(f"... and {frame.height - limit:,} more (--json or --out gives all)")
    return "\n".join(lines)


def pairs(values: dict[str, Any]) -> str:
    """Names and values, aligned, nothing cut: a path that is cut opens no file.

    >>> print(pairs({"patients": 5000, "open failures": 12}))
    patients       5,000
    open failures  12
    """
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{name.ljust(width)}  {cell(value, sys.maxsize)}" for name, value in values.items())


def progress_line(what: str, done: int, total: int) -> None:
    """One updating line on a terminal's stderr; nothing when stderr is not a terminal."""
    if not sys.stderr.isatty():
        return
    share = f"{100 * done // total}%" if total else f"{done:,}"
    end = "\n" if total and done >= total else ""
    click.echo(f"\r{what} {share}   {end}", err=True, nl=False)
