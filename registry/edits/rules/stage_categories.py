"""T, N, M and stage groups as NAACCR writes them, reduced to the questions that edits ask.

Items of 2018 and later hold the manual's own words (`pT1a`, `cM0(i+)`, group `2A`); the older ones
hold `p1A`, `c0I+` or just `1A`. What says nothing (X, 88, 99, blank) is null.
"""

from __future__ import annotations

import polars as pl

_PREFIX = "^(?:[yra]*[cp])?"
_ROMAN_END = "(?:$|[A-E])"
_END = "(?:$|[A-Za-z])"


def _true_false(yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    return pl.when(yes).then(pl.lit(value=True)).when(no).then(pl.lit(value=False))


def t_in_situ(value: pl.Expr) -> pl.Expr:
    """True for Tis and Ta, False for T0 to T4, null for anything else."""
    numbered = value.str.contains(f"{_PREFIX}T?[0-4]") & (value != "88")
    return _true_false(value.str.contains(f"{_PREFIX}T?(?:[iI][sS]|[aA]$)"), numbered)


def n_positive(value: pl.Expr) -> pl.Expr:
    """True for N1 to N4, False for N0, null for anything else."""
    return _true_false(value.str.contains(f"{_PREFIX}N?[1-4]"), value.str.contains(f"{_PREFIX}N?0"))


def m_positive(value: pl.Expr) -> pl.Expr:
    """True for M1 and its parts, False for M0, null for anything else."""
    return _true_false(value.str.contains(f"{_PREFIX}M?1"), value.str.contains(f"{_PREFIX}M?0"))


def group_zero(value: pl.Expr) -> pl.Expr:
    """True for stage group 0 (0, 0A, 0IS), False for I to IV in digits or letters, null when not staged."""
    staged = value.str.contains(f"^(?:[1-4]{_END}|(?:IV|I{{1,3}}){_ROMAN_END})")
    return _true_false(value.str.contains(f"^0{_END}"), staged)


def group_early(value: pl.Expr) -> pl.Expr:
    """True for stage groups 0, I and II and their parts; False or null for anything else."""
    return value.str.contains(f"^(?:[0-2]{_END}|I{{1,2}}{_ROMAN_END})")
