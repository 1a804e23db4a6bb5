"""Ages in an extract: 90 and over is one group, also where an interval or a date would tell a higher age.

Source: 45 CFR 164.514(b)(2)(i)(C): all ages over 89 and all elements of dates (year included) that tell such an age, except
that they may be put into one group of 90 and older.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from registry.security.allow_list import Profile
from registry.standards import dates

DAYS_PER_MONTH: Final = 365.25 / 12
TOP_AGE: Final = 90
OLDEST: Final = 120
UNKNOWN_MONTHS: Final = 9999


def known_ages(joined: pl.DataFrame, start: pl.Expr) -> list[pl.Expr]:
    """Age at diagnosis in whole years, and whole months from diagnosis to the 90th birthday.

    Args:
        joined: tumors with ageAtDiagnosis (as stated, which wins) or dateOfBirth.
        start: day of diagnosis.

    Returns:
        Expressions `_age` and `_to_90` (null when nothing is known; the earlier day where birth is unknown or
        does not agree with the stated age).
    """
    stated = _whole(joined, "ageAtDiagnosis")
    stated = pl.when(stated.is_between(0, OLDEST)).then(stated)
    born = _born(joined)
    to_come = start.dt.strftime("%m%d") < born.dt.strftime("%m%d")
    years = start.dt.year() - born.dt.year() - to_come.cast(pl.Int32)
    age = pl.coalesce(stated, pl.when(years.is_between(0, OLDEST)).then(years))
    by_birth = (born.dt.offset_by(f"{TOP_AGE}y") - start).dt.total_days() / DAYS_PER_MONTH
    by_age = (TOP_AGE - 1 - stated) * 12  # a stated 85 may turn 86 the day after
    agree = stated.is_null() | (stated == years).fill_null(False)
    months = pl.when(agree).then(by_birth).otherwise(pl.min_horizontal(by_birth, by_age))
    return [age.alias("_age"), months.floor().cast(pl.Int32).alias("_to_90")]


def released_age(rule: Profile) -> pl.Expr:
    """The age that leaves, from `_age`: the start of its step, 90 and over as 90 except in a limited data set."""
    age = pl.col("_age") if rule.limited else pl.col("_age").clip(upper_bound=TOP_AGE)
    return (age // rule.age_step * rule.age_step).cast(pl.Int32)


def months_limit(rule: Profile) -> pl.Expr:
    """Months since diagnosis that stand for "after the 90th birthday"; for who was 90 at diagnosis 12, "a year or more"."""
    age = released_age(rule)
    return pl.when(age >= TOP_AGE).then(12).otherwise((TOP_AGE - age) * 12)


def too_old(months: pl.Expr, rule: Profile) -> pl.Expr:
    """True where so many months after diagnosis tell an age beyond the group; False when nothing is known."""
    if rule.limited:
        return pl.lit(False)
    at_start = released_age(rule) >= TOP_AGE
    later = pl.when(at_start).then(months > 12).otherwise(months >= pl.col("_to_90"))
    return (later & released_age(rule).is_not_null()).fill_null(False)


def top_coded(months: pl.Expr, rule: Profile) -> pl.Expr:
    """Months since diagnosis, those of `too_old` at the limit.

    >>> from registry.security.allow_list import PROFILES
    >>> frame = pl.DataFrame({"_age": [85, 85, 93], "_to_90": [50, 50, -40], "months": [49, 72, 30]})
    >>> frame.select(top_coded(pl.col("months"), PROFILES["DEID"])).to_series().to_list()
    [49, 60, 12]
    """
    return pl.when(too_old(months, rule)).then(months_limit(rule)).otherwise(months).cast(pl.Int32)


def survival_months(text: pl.Expr, rule: Profile) -> pl.Expr:
    """A survival time of four digits, top-coded; 9999 (unknown) stays."""
    months = text.cast(pl.Int32, strict=False)
    known = pl.when(months != UNKNOWN_MONTHS).then(months)
    coded = top_coded(known, rule).cast(pl.String).str.zfill(4)
    return pl.when(too_old(known, rule)).then(coded).otherwise(text)


def _born(joined: pl.DataFrame) -> pl.Expr:
    if "dateOfBirth" not in joined.columns:
        return pl.lit(None, dtype=pl.Date)
    return dates.earliest(pl.col("dateOfBirth").cast(pl.String).str.strip_chars())


def _whole(joined: pl.DataFrame, item: str) -> pl.Expr:
    if item not in joined.columns:
        return pl.lit(None, dtype=pl.Int32)
    return pl.col(item).cast(pl.String).str.strip_chars().cast(pl.Int32, strict=False)
