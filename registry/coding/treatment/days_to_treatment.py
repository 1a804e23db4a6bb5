"""Days from diagnosis to the first treatment."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import derivation

_LONGEST = 998


@derivation(
    "seer-days-to-treatment",
    version="1.0 (September 2022)",
    inputs=["dateOfDiagnosis", "dateInitialRxSeer"],
    outputs=["daysToTreatment"],
    source="https://seer.cancer.gov/seerstat/variables/seer/",
    examples=[
        "20200101 | 20200101 | 000",
        "20200101 | 20200102 | 001",
        "20200101 | 20200201 | 031",
        "20200101 | 20210101 | 366",
        "20200101 | 20220925 | 998",
        "20200101 | 20991231 | 998",
        "20200201 | 20200101 | 000",
        "202001   | 20200102 | 999",
        "20200101 | 202001   | 999",
        "20200101 | 20200230 | 999",
        "20200230 | 20210101 | 999",
        "20200101 | 00000000 | 999",
        "20200101 | 99999999 | 999",
        "20200101 |          | 999",
        "         | 20200102 | 999",
        "20200101 | 2020 1 2 | 999",
    ],
)
def days_to_treatment() -> pl.Expr:
    """Days from diagnosis to the first course of treatment (Date Initial RX SEER): 000 to 998, 999 unknown.

    998 is that many days or more; treatment before diagnosis counts as day 0. Both dates must be
    complete: a partial, impossible or blank date makes the interval unknown.
    """
    days = (_day("dateInitialRxSeer") - _day("dateOfDiagnosis")).dt.total_days()
    written = pl.Series([f"{count:03}" for count in range(_LONGEST + 1)])
    return pl.lit(written).gather(days.clip(0, _LONGEST)).fill_null("999")


def _day(item: str) -> pl.Expr:
    """A complete date; null when it is not eight digits or no day of the calendar."""
    text = pl.col(item)
    digits = (text.str.len_bytes() == 8) & text.cast(pl.UInt32, strict=False).is_not_null()
    return pl.when(digits & ~text.str.starts_with("+")).then(text.str.to_date("%Y%m%d", strict=False))
