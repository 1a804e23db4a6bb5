"""Decision tables over any number of axes, first matching rule wins, as one dense look-up.

The axes may hold the signs `&` and `-` of the punched cards on which the oldest
extent codes were kept, results are numbers (so that one table's result is the next one's input) and
cells take one or two bytes: the largest table here has four million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import polars as pl

from registry.coding import reference

OTHER = 10_000
"""Stands for any value that no rule names: not a number, above 9999, blank."""
SIGNS = {"&": 10_001, "-": 10_002}
"""Overpunched characters of the old extent codes, as values of an axis."""

_VALUES = 10_003
ANY = f"0-{_VALUES - 1}"
"""Condition that every value meets, `OTHER` too."""


def spans(text: str) -> list[tuple[int, int]]:
    """First and last value of the parts of a condition.

    >>> spans("0-2 5 &")
    [(0, 2), (5, 5), (10001, 10001)]
    """
    pairs = ((SIGNS[part],) * 2 if part in SIGNS else _span(part) for part in text.split())
    return [(low, high) for low, high in pairs]


def _span(part: str) -> tuple[int, int]:
    low, _, high = part.partition("-")
    return int(low), int(high or low)


def _classes(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cuts an axis into classes of values that no condition tells apart.

    Returns:
        class of each value of the axis, and one row a text: which classes it means.
    """
    parts = {text: spans(text) for text in dict.fromkeys(texts)}
    edges = {edge for part in parts.values() for low, high in part for edge in (low, high + 1)}
    starts = np.array(sorted({0, *edges} - {_VALUES}))
    masks = np.zeros((len(parts), len(starts)), dtype=bool)
    for mask, part in zip(masks, parts.values(), strict=True):
        for low, high in part:
            mask[np.searchsorted(starts, low) : np.searchsorted(starts, high + 1)] = True
    distinct, place = np.unique(masks, axis=1, return_inverse=True)
    of_value = np.repeat(place.reshape(-1), np.diff([*starts, _VALUES])).astype(np.uint32)
    rows = {text: position for position, text in enumerate(parts)}
    return of_value, distinct[[rows[text] for text in texts]]


def number(item: str) -> pl.Expr:
    """An item as a value of an axis; `OTHER` unless it is digits only."""
    return whole_number(pl.col(item)).clip(upper_bound=OTHER).fill_null(OTHER)


def whole_number(text: pl.Expr) -> pl.Expr:
    """Digits as a number (leading zeros are none); null when there is anything else.

    >>> pl.DataFrame({"a": ["010", "+1", " 1", "1A"]}).select(whole_number(pl.col("a"))).to_series().to_list()
    [10, None, None, None]
    """
    return pl.when(~text.str.starts_with("+")).then(text.cast(pl.UInt32, strict=False))


def sign(text: pl.Expr) -> pl.Expr:
    """One character, a digit or `&` or `-`, as a value of an axis; anything else is `OTHER`.

    >>> pl.select(sign(pl.Series(["7", "&", " ", None]))).to_series().to_list()
    [7, 10001, 10000, 10000]
    """
    return text.replace_strict(
        [*"0123456789", *SIGNS], [*range(10), *SIGNS.values()], default=OTHER, return_dtype=pl.UInt32
    )


class DecisionTable:
    """Rules compiled to cells.

    Args:
        axes: the axes' names, in the order of the expressions given to `lookup`.
        rules: conditions by axis (an axis left out means any value) and the result, first match wins.
    """

    def __init__(self, axes: Sequence[str], rules: Sequence[tuple[Mapping[str, str], int]]) -> None:
        self.axes = tuple(axes)
        self._classes: list[pl.Series] = []
        groups: list[np.ndarray] = []
        for axis in self.axes:
            of_value, group = _classes([conditions.get(axis, ANY) for conditions, _ in rules])
            self._classes.append(pl.Series(axis, of_value))
            groups.append(group)
        self._sizes = [group.shape[1] for group in groups]
        none = max(result for _, result in rules) + 1
        cells = np.full(self._sizes, none, dtype=np.uint8 if none < 256 else np.uint16)
        for position in reversed(range(len(rules))):
            cells[np.ix_(*[group[position] for group in groups])] = rules[position][1]
        results = pl.Series("result", cells.ravel())
        self._results = results.to_frame().select(pl.when(results != none).then(results)).to_series()

    def lookup(self, *numbers: pl.Expr) -> pl.Expr:
        """Result of each row; null where no rule matches.

        Args:
            numbers: one expression per axis in their order, values as `number` and `sign` give them;
                null matches no rule.
        """
        index: pl.Expr | None = None
        for value, classes, size in zip(numbers, self._classes, self._sizes, strict=True):
            one = pl.lit(classes).gather(value.fill_null(OTHER))
            index = one if index is None else index * size + one
        assert index is not None
        return pl.lit(self._results).gather(index)


def conditions(text: str) -> dict[str, str]:
    """Conditions of a row as the tables write them.

    >>> conditions("site=160-169; digit_4=0-9 & -")
    {'site': '160-169', 'digit_4': '0-9 & -'}
    """
    parts = (part.partition("=") for part in text.split(";"))
    return {axis.strip(): condition for axis, _, condition in parts}


@cache
def decision_table(file: str, table: str) -> DecisionTable:
    """A table of a reference file with columns `table, step, conditions, result`."""
    every = reference.table(file)
    rows = every.filter(pl.col("table") == table).select("conditions", "result").rows()
    rules = [(conditions(text), int(result)) for text, result in rows]
    return DecisionTable(tuple(rules[0][0]), rules)
