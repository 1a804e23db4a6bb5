"""The exclusion flow: who was left out at each step, and how it looks where small counts are hidden."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

SCHEMA = {"step": pl.Int64, "reason": pl.String, "excluded": pl.Int64, "remaining": pl.Int64}
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def exclusion_flow(start: str, size: int, steps: Iterable[tuple[str, Mask]]) -> tuple[Mask, pl.DataFrame]:
    """Apply steps one after the other.

    Args:
        start: what the first line says. size: rows at the start.
        steps: reason, and the rows that stay.

    Returns:
        The rows that are left, and frame[step, reason, excluded, remaining].

    >>> kept, flow = exclusion_flow("tumors", 3, [("benign", np.array([True, False, True]))])
    >>> kept.tolist(), flow.rows()
    ([True, False, True], [(0, 'tumors', 0, 3), (1, 'benign', 1, 2)])
    """
    left = np.ones(size, dtype=np.bool_)
    rows, remaining = [(0, start, 0, size)], size
    for number, (reason, stays) in enumerate(steps, start=1):
        left &= stays
        now = int(np.count_nonzero(left))
        rows.append((number, reason, remaining - now, now))
        remaining = now
    return left, pl.DataFrame(rows, schema=SCHEMA, orient="row")


def hide_small(flow: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """The flow without small counts: a reason below the threshold is told together with the next one.

    Hiding a count alone would not do, because the remaining numbers around it give it away. A last line that is
    small itself is hidden with the number before it.

    >>> flow = pl.DataFrame({"step": [0, 1, 2], "reason": ["all", "a", "b"], "excluded": [0, 3, 20], "remaining": [100, 97, 77]})
    >>> hide_small(flow, 11).select("reason", "excluded", "remaining").rows()
    [('all', 0, 100), ('a; b', 23, 77)]
    >>> hide_small(flow.with_columns(remaining=pl.Series([27, 24, 4])), 11)["remaining"].to_list()
    [27, None]
    """
    start, *steps = flow.select(list(SCHEMA)).rows()
    shown: list[tuple[int, str, int | None, int | None]] = []
    reasons: list[str] = []
    waiting = 0
    for step, reason, excluded, remaining in steps:
        if waiting and not excluded:
            continue
        reasons, waiting = [*reasons, reason], waiting + excluded
        if waiting == 0 or waiting >= threshold:
            shown.append((step, "; ".join(reasons), waiting, remaining))
            reasons, waiting = [], 0
    if waiting:
        while shown and not shown[-1][2]:
            shown.pop()
        if shown:
            step, text, before, _ = shown.pop()
            shown.append((step, "; ".join([text, *reasons]), (before or 0) + waiting, flow["remaining"][-1]))
        else:
            start = (start[0], start[1], start[2], None)
            shown.append((1, "; ".join(reasons), None, flow["remaining"][-1]))
    table = pl.DataFrame([start, *shown], schema=SCHEMA, orient="row")
    return _without_small_remainders(table, threshold)


def _without_small_remainders(flow: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """A remaining number of 1 to threshold - 1 is hidden, and with it what was excluded in that step and after."""
    small = pl.col("remaining").is_between(1, threshold - 1)
    table = flow.with_columns(_small=small.fill_null(False), _before=small.shift(1).fill_null(False))
    return table.with_columns(
        remaining=pl.when("_small").then(None).otherwise("remaining"),
        excluded=pl.when(pl.col("_small") | pl.col("_before")).then(None).otherwise("excluded"),
    ).drop("_small", "_before")
