"""Tables of ranges, the shape in which SEER publishes recodes, as one dense look-up.

Each rule names ranges of sites, histologies, behaviors or years and a code; the first rule that
matches wins. The axes are cut into classes of values that no rule tells apart, so that the whole
table becomes a few thousand cells and a lookup is one array access per axis, however many rules
there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

AXIS_SIZE = 10_000
"""Every axis counts from 0 to 9999: sites to 809, histologies, behaviors, years."""


@dataclass(frozen=True)
class Condition:
    """Ranges of one axis: included ones if there are any, else everything but the excluded."""

    included: tuple[tuple[int, int], ...] = ()
    excluded: tuple[tuple[int, int], ...] = ()

    def mask(self) -> np.ndarray:
        """Whether each number of the axis is meant.

        >>> bool(Condition(included=((500, 509),), excluded=((505, 505),)).mask()[505])
        True
        """
        if self.included:
            return _mask(self.included)
        return ~_mask(self.excluded)


def _mask(ranges: Sequence[tuple[int, int]]) -> np.ndarray:
    mask = np.zeros(AXIS_SIZE, dtype=bool)
    for low, high in ranges:
        mask[low : high + 1] = True
    return mask


def ranges(text: str | None) -> tuple[tuple[int, int], ...]:
    """Number ranges of "8720-8790 9140" (blank-separated, as in this room's tables).

    >>> ranges("8720-8790 9140")
    ((8720, 8790), (9140, 9140))
    """
    pairs = (part.partition("-") for part in (text or "").split())
    return tuple((int(low), int(high or low)) for low, _, high in pairs)


class RangeTable:
    """Rules over named axes, compiled.

    Args:
        axes: the axes' names, in the order of the expressions given to `lookup`.
        rules: conditions by axis (an axis left out means any value) and the code, first match wins.
    """

    def __init__(self, axes: Sequence[str], rules: Sequence[tuple[Mapping[str, Condition], str]]) -> None:
        self.axes = tuple(axes)
        self._classes: list[pl.Series] = []
        distinct: list[np.ndarray] = []
        for axis in axes:
            masks = np.stack([conditions.get(axis, Condition()).mask() for conditions, _ in rules])
            groups, number = np.unique(masks, axis=1, return_inverse=True)
            self._classes.append(pl.Series(axis, number.reshape(-1).astype(np.uint32)))
            distinct.append(groups)
        self._sizes = [groups.shape[1] for groups in distinct]
        cells = np.full(self._sizes, -1, dtype=np.int32)
        for position in reversed(range(len(rules))):
            cells[np.ix_(*[groups[position] for groups in distinct])] = position
        codes = [code for _, code in rules]
        self._codes = pl.Series("code", [codes[c] if c >= 0 else None for c in cells.ravel()], pl.String)

    def lookup(self, *numbers: pl.Expr) -> pl.Expr:
        """Code of each row; null where no rule matches or a number is null.

        Args:
            numbers: one expression per axis, numbers 0 to 9999.
        """
        index: pl.Expr | None = None
        for number, classes, size in zip(numbers, self._classes, self._sizes, strict=True):
            one = pl.lit(classes).gather(number)
            index = one if index is None else index * size + one
        assert index is not None
        return pl.lit(self._codes).gather(index)
