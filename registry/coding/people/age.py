"""Age at diagnosis and age groups."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from registry.coding.derivation import derivation
from registry.standards import dates

STARTS = (0, 1, *range(5, 90, 5))
"""First age of each of the 19 groups: 0, 1-4, 5-9 … 80-84, 85+."""

UNKNOWN_AGE, UNKNOWN_GROUP = "999", "99"


def completed_years(birth: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whole years from one Date to another (Int32), negative when the day is before birth.

    Somebody born on 29 February has a birthday on 1 March of ordinary years.
    """
    day_of_year, birthday = (d.dt.month().cast(pl.Int32) * 100 + d.dt.day() for d in (day, birth))
    had_birthday = day_of_year >= birthday
    return (day.dt.year() - birth.dt.year() - (~had_birthday).cast(pl.Int32)).cast(pl.Int32)


@derivation(
    "age-at-diagnosis",
    version="2026.1",
    inputs=["dateOfBirth", "dateOfDiagnosis"],
    outputs=["ageAtDiagnosis"],
    source="NAACCR Data Dictionary version 26, item 230",
    examples=[
        "19580301 | 20200301 | 062",
        "19580302 | 20200301 | 061",
        "20040229 | 20230228 | 018",
        "195803 | 20200415 | 062",
        "195803 | 20200315 | 999",
        "1958 | 20201231 | 062",
        "1958 | 20200601 | 999",
        "20200601 | 20200105 | 000",
        "20210601 | 20200105 | 999",
        "18900101 | 20200105 | 999",
        " | 20200105 | 999",
        "19580301 | 20201301 | 999",
    ],
)
def age_at_diagnosis() -> list[dict[str, pl.Expr]]:
    """Completed years from birth to diagnosis, three digits; 999 when unknown.

    With partial dates the age is given only when it is unambiguous, that is when the earliest and
    the latest day that both dates can mean give the same number of years. A diagnosis up to ten
    months before birth is one in utero (000); earlier than that, or above 120, the dates are wrong
    and the age is unknown.
    """
    days = {
        "@birth_first": dates.earliest("dateOfBirth"),
        "@birth_last": dates.latest("dateOfBirth"),
        "@dx_first": dates.earliest("dateOfDiagnosis"),
        "@dx_last": dates.latest("dateOfDiagnosis"),
    }
    years = {
        "@least": completed_years(pl.col("@birth_last"), pl.col("@dx_first")),
        "@most": completed_years(pl.col("@birth_first"), pl.col("@dx_last")),
    }
    least, most = pl.col("@least"), pl.col("@most")
    in_utero = (most < 0) & (dates.add_months(pl.col("@dx_last"), 10) >= pl.col("@birth_first"))
    age = pl.when((least == most) & most.is_between(0, 120)).then(most)
    text = age.cast(pl.String).str.zfill(3)
    outcome = pl.when(in_utero).then(pl.lit("000")).otherwise(text).fill_null(pl.lit(UNKNOWN_AGE))
    return [days, years, {"ageAtDiagnosis": outcome}]


@derivation(
    "age-group",
    version="19 groups",
    inputs=["ageAtDiagnosis"],
    outputs=["age_group"],
    source="SEER: Age recode with <1 year olds",
    examples=[
        "000 | 00",
        "004 | 01",
        "005 | 02",
        "062 | 13",
        "084 | 17",
        "085 | 18",
        "120 | 18",
        "121 | 99",
        "62 | 99",
        "+62 | 99",
        "999 | 99",
        " | 99",
    ],
)
def age_group() -> pl.Expr:
    """Five-year groups with infants apart: 00 (0), 01 (1-4), 02 (5-9) … 18 (85+); 99 unknown."""
    age = pl.col("ageAtDiagnosis").cast(pl.Int32, strict=False)
    group = pl.when(age == 0).then(0).when(age < 85).then(age // 5 + 1).otherwise(18)
    known = pl.col("ageAtDiagnosis").str.contains("^[0-9]{3}$") & age.is_between(0, 120)
    return pl.when(known).then(group.cast(pl.String).str.zfill(2)).otherwise(pl.lit(UNKNOWN_GROUP))


def age_group_labels() -> dict[str, str]:
    """Group code → years, such as "13" → "60-64".

    >>> age_group_labels()["00"], age_group_labels()["13"], age_group_labels()["18"]
    ('0', '60-64', '85+')
    """
    labels = {f"{n:02d}": f"{a}-{b - 1}" for n, (a, b) in enumerate(pairwise(STARTS))}
    return {**labels, "00": "0", "18": "85+", UNKNOWN_GROUP: "Unknown"}
