"""Decision tables over any number of axes, first matching rule wins, as one dense look-up.

Unlike a `RangeTable` the axes may hold the signs `&` and `-` of the punched cards on which the oldest
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


def values(text: str) -> np.ndarray:
    """Which values of an axis a condition such as "0-9 & -" means.

    >>> np.flatnonzero(values("0-2 5 &")).tolist()
    [0, 1, 2, 5, 10001]
    """
    mask = np.zeros(_VALUES, dtype=bool)
    for part in text.split():
        if part in SIGNS:
            mask[SIGNS[part]] = True
        else:
            low, _, high = part.partition("-")
            mask[int(low) : int(high or low) + 1] = True
    return mask


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
        rules: conditions by axis (all rules name the same axes) and the result, first match wins.
    """

    def __init__(self, rules: Sequence[tuple[Mapping[str, str], int]]) -> None:
        self.axes = tuple(dict.fromkeys(axis for conditions, _ in rules for axis in conditions))
        self._classes: list[pl.Series] = []
        groups: list[np.ndarray] = []
        for axis in self.axes:
            texts = [conditions.get(axis, f"0-{_VALUES - 1}") for conditions, _ in rules]
            masks = {text: values(text) for text in dict.fromkeys(texts)}
            distinct, place = np.unique(np.stack(list(masks.values())), axis=1, return_inverse=True)
            self._classes.append(pl.Series(axis, place.reshape(-1).astype(np.uint32)))
            rows = {text: position for position, text in enumerate(masks)}
            groups.append(distinct[[rows[text] for text in texts]])
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
    return DecisionTable([(conditions(text), int(result)) for text, result in rows])
