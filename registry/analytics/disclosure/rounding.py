"""Rounding instead of hiding: every count becomes a multiple of 5 or 10, without chance.

The cells of the table are rounded by their running sum, in their order, so that no sum of neighbours is off by a whole
step; totals are sums of rounded cells and tell nothing more than these. A zero stays a zero.

Source: Willenborg L, de Waal T, Elements of Statistical Disclosure Control, Springer 2001, chapter 9 (controlled rounding).
"""

from __future__ import annotations

import numpy as np

from registry.analytics.disclosure.lines import Lines
from registry.errors import BadInput

BASES = (3, 5, 10, 100)


def round_counts(values: np.ndarray, lines: Lines, base: int) -> np.ndarray:
    """Rounded counts of all cells, totals as sums of rounded parts.

    Args:
        values: counts >= 0. lines: which cells add up to which. base: 3, 5, 10 or 100.

    >>> table = Lines(np.zeros(4, int), np.arange(4), np.array([1.0, 1, 1, -1]), 1, 4)
    >>> round_counts(np.array([4, 4, 13, 21]), table, 5).tolist()
    [5, 5, 10, 20]
    """
    if base not in BASES:
        raise BadInput("rounding", f"{base} is no base", f"use one of {', '.join(map(str, BASES))}")
    part = lines.sign > 0
    total = np.zeros(values.size, dtype=bool)
    total[lines.cell[~part]] = True
    rounded = np.zeros(values.size, dtype=np.int64)
    sums = np.cumsum(values[~total])
    steps = (2 * sums + base) // (2 * base) * base
    rounded[~total] = np.diff(steps, prepend=0)
    if not lines.lines:
        return rounded
    line_total = np.zeros(lines.lines, dtype=np.int64)
    line_total[lines.line[~part]] = lines.cell[~part]
    whole = np.full(lines.lines, True)
    known = ~total
    while not known.all():  # totals of cells first, then totals of totals
        whole = np.bincount(lines.line[part], ~known[lines.cell[part]], lines.lines) == 0
        ready = whole & ~known[line_total]
        if not ready.any():
            break
        sums = np.bincount(lines.line[part], rounded[lines.cell[part]], lines.lines)
        rounded[line_total[ready]] = sums[ready]
        known[line_total[ready]] = True
    return rounded
