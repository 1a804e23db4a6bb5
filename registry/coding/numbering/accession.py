"""The accession number: year of a patient's first reportable contact at a facility, and a counter.

Source: NAACCR Data Standards and Data Dictionary, item 550; STORE, "Accession Number": nine digits, the
first four the year (1944 or later) in which the facility first saw the patient for the cancer, the last five
the order of entry; one number a patient and facility for all primaries, never given to another patient.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from registry.errors import BadInput
from registry.standards import dates

FIRST_YEAR = 1944
LAST_COUNTER = 99_999
_WRITTEN = r"^\d{9}$"
_PLACEHOLDER = r"^(0+|9+)$"


def parts(item: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Year and counter (Int32) of an accession number; null when it is not nine digits or a placeholder.

    >>> frame = pl.DataFrame({"n": ["202300017", "999999999", "23-17", "202300000", None]})
    >>> year, counter = parts(pl.col("n"))
    >>> frame.select(year.alias("year"), counter.alias("counter")).rows()
    [(2023, 17), (None, None), (None, None), (None, None), (None, None)]
    """
    text = item.str.strip_chars()
    good = text.str.contains(_WRITTEN) & ~text.str.contains(_PLACEHOLDER) & ~text.str.ends_with("00000")
    year = text.str.slice(0, 4).cast(pl.Int32, strict=False)
    counter = text.str.slice(4, 5).cast(pl.Int32, strict=False)
    return pl.when(good).then(year), pl.when(good).then(counter)


def is_number(item: pl.Expr) -> pl.Expr:
    """Whether a value tells a patient apart: any text but blanks, all zeros and all nines.

    >>> pl.DataFrame({"n": ["202300017", "999999999", "23-17", " ", None]}).select(is_number(pl.col("n")))["n"].to_list()
    [True, False, True, False, False]
    """
    text = item.str.strip_chars()
    return ((text != "") & ~text.str.contains(_PLACEHOLDER)).fill_null(False)


def year_of(first_contacts: Collection[str | None]) -> int:
    """Year of the earliest first contact of a patient's abstracts at one facility.

    Args:
        first_contacts: `dateOf1stContact` of each abstract, full or partial; others don't count.

    Raises:
        BadInput: none of them is a date, or the year is before 1944.

    >>> year_of(["20230411", "2021", None])
    2021
    """
    years = [day.year for text in first_contacts if (day := dates.earliest_date(text)) is not None]
    if not years:
        raise BadInput(
            "accession number", "the date of first contact is not known", "fill in dateOf1stContact first"
        )
    if min(years) < FIRST_YEAR:
        raise BadInput(
            "accession number",
            f"the first contact was in {min(years)}, before {FIRST_YEAR}",
            "check dateOf1stContact",
        )
    return min(years)


def next_counter(used: Collection[int]) -> int:
    """The next counter of a year: after the highest used one that still has a free one after it.

    So numbers go on after the last, and one number far above the others (a sender's own) does not end the year.

    Args:
        used: every counter of the facility and year that was ever seen, also of void records.

    Raises:
        BadInput: all 99,999 are used.

    >>> next_counter([]), next_counter([1, 2, 7]), next_counter([1, 2, 99_999])
    (1, 8, 3)
    """
    taken = {0, *used}
    for counter in sorted(taken, reverse=True):
        if counter < LAST_COUNTER and counter + 1 not in taken:
            return counter + 1
    raise BadInput(
        "accession number", "all numbers of this facility and year are used", "ask the standard setter"
    )


def number(year: int, counter: int) -> str:
    """Nine digits.

    >>> number(2023, 17)
    '202300017'
    """
    return f"{year:04d}{counter:05d}"


def gaps(used: pl.DataFrame) -> pl.DataFrame:
    """Runs of counters that nobody has, below the highest one of each facility and year.

    Args:
        used: frame[facility_id, accessionNumberHosp], every number ever seen, in any order, repeats allowed.

    Returns:
        frame[facility_id, year, first, last, missing], `first` and `last` as accession numbers, sorted.

    >>> used = pl.DataFrame({"facility_id": ["1"] * 3, "accessionNumberHosp": ["202300001", "202300002", "202300005"]})
    >>> gaps(used).rows()
    [('1', 2023, '202300003', '202300004', 2)]
    """
    year, counter = parts(pl.col("accessionNumberHosp"))
    seen = (
        used.select("facility_id", year=year, counter=counter)
        .drop_nulls("counter")
        .unique()
        .sort("facility_id", "year", "counter")
    )
    before = pl.col("counter").shift(1).over("facility_id", "year").fill_null(0)
    missing = pl.col("counter") - before - 1
    text = "{}{}"

    def written(value: pl.Expr) -> pl.Expr:
        return pl.format(text, pl.col("year"), value.cast(pl.String).str.zfill(5))

    return (
        seen.with_columns(before=before, missing=missing)
        .filter(pl.col("missing") > 0)
        .select(
            "facility_id",
            "year",
            first=written(pl.col("before") + 1),
            last=written(pl.col("counter") - 1),
            missing="missing",
        )
    )
