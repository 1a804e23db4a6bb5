"""Values of an item whose number became longer from one version to another: which get zeros on the left.

A number does ("07" of two digits is "007" of three). A code that means something else than its number does not,
unless the longer one is a code as well: 99 for unknown is 999 there, and never 099.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Lengthening:
    """The rule for one item.

    Args:
        short, long: lengths before and now.
        codes_before, codes: codes known before and now (special ones too).

    >>> rule = Lengthening(2, 3, frozenset({"20", "99"}), frozenset({"020", "999"}))
    >>> values = pl.DataFrame({"value": ["07", "20", "99", "7", "A1", None]})
    >>> values.select(rule.applied(pl.col("value"))).to_series().to_list()
    ['007', '020', '99', '7', 'A1', None]
    """

    short: int
    long: int
    codes_before: Set[str] = frozenset()
    codes: Set[str] = frozenset()

    def applied(self, value: pl.Expr) -> pl.Expr:
        """The value in its new form."""
        return pl.when(self.grows(value)).then(value.str.zfill(self.long)).otherwise(value)

    def grows(self, value: pl.Expr) -> pl.Expr:
        """Whether a value gets zeros."""
        is_number = self._fills(value) & value.str.contains(r"^[0-9]+$")
        longer = value.str.zfill(self.long)
        is_code = value.is_in(sorted(self.codes_before)) & ~longer.is_in(sorted(self.codes))
        return is_number & ~is_code

    def stays_short(self, value: pl.Expr) -> pl.Expr:
        """Whether a value that filled the old length keeps it: it has no form of the new one."""
        return self._fills(value) & ~self.grows(value)

    def why(self) -> str:
        """What is said of values that stay short."""
        return f"a value of {self.short} characters that has no form of {self.long}"

    def _fills(self, value: pl.Expr) -> pl.Expr:
        return value.str.len_chars() == self.short
