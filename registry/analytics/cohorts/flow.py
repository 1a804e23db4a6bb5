"""The exclusion flow: who was left out at each step (to be shown by `disclosure.publish_flow`)."""

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
