"""What is wrong with values, judged on the distinct values of each item.

Data types are those of the NAACCR XML dictionary specification: digits, alpha and mixed fill the item's
length, a date is YYYYMMDD, YYYYMM or YYYY. Code lists are those of `registry.standards.code_lists`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from registry import standards
from registry.formats.naaccr.data import SEVERITIES
from registry.standards.suggestions import LOOKALIKES

PATTERNS = {
    "digits": (r"^[0-9]+$", "digits only"),
    "alpha": (r"^[A-Z]+$", "capital letters only"),
    "mixed": (r"^[A-Z0-9]+$", "capital letters and digits only"),
    "numeric": (r"^[0-9]+(\.[0-9]+)?$", "a number such as 12 or 1.5"),
    "date": (
        r"^(18|19|20)[0-9]{2}((0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])?)?$",
        "a date as YYYYMMDD, YYYYMM or YYYY",
    ),
    "dateTime": (
        r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$",
        "a date and time such as 2026-01-31T12:00:00Z",
    ),
}
FULL_LENGTH = ("digits", "alpha", "mixed")
BLANKS = " \t\r\n"
SHOWN = 60
PAIR_FAULTS: dict[str, Any] = dict.fromkeys(("item", "value", "code", "severity", "message"), pl.String)


def judge_pairs(pairs: pl.DataFrame, version: str) -> pl.DataFrame:
    """Every fault of distinct values; one value may have several.

    Args:
        pairs: distinct `item, value` (as it stands in the file, not null) with the item's definition:
            `length, data_type, padding, trim, unlimited`. Rows without a data type are not judged.
        version: NAACCR version, for code lists.

    Returns:
        `item, value, code, severity, message`, in no particular order.

    >>> pairs = pl.DataFrame({"item": ["primarySite"], "value": [" C5O4"], "length": [4],
    ...     "data_type": ["mixed"], "padding": ["none"], "trim": ["all"], "unlimited": [False]})
    >>> judge_pairs(pairs, "260").select("code", "message").sort("code").rows()
    [('code-list', 'primarySite "C5O4" is not in the code list (did you mean C504?)'), ('leading-space', 'primarySite has blanks before its value')]
    """
    known = pairs.filter(pl.col("data_type").is_not_null() & (pl.col("value") != ""))
    known = known.with_columns(pl.col("value").str.strip_chars(BLANKS).alias("bare"))
    judged = known.with_columns(pl.col("bare").str.len_chars().cast(pl.Int64).alias("size"))
    spaced = judged.filter((pl.col("value") != pl.col("bare")) & (pl.col("trim") != "none"))
    filled = judged.filter(pl.col("bare") != "")
    item, size, wanted = pl.col("item"), pl.col("size"), pl.col("length").cast(pl.Int64)
    starts, ends = pl.col("value").str.contains(r"^[ \t\r\n]"), pl.col("value").str.contains(r"[ \t\r\n]$")
    unlimited, kind = pl.col("unlimited").fill_null(False), pl.col("data_type")
    expected = kind.replace_strict({name: words for name, (_, words) in PATTERNS.items()}, default="")
    tests = [
        (spaced, "leading-space", starts, pl.format("{} has blanks before its value", item)),
        (spaced, "trailing-space", ends, pl.format("{} has blanks after its value", item)),
        (filled, "too-long", (size > wanted) & ~unlimited, _length("at most")),
        (filled, "too-short", (size < wanted) & kind.is_in(FULL_LENGTH), _length("expected")),
        (filled, "data-type", _wrong_type(), pl.format("{} must be {}", _quoted(), expected)),
        (filled, "impossible-date", (kind == "date") & _off_calendar(), _not_a_day()),
    ]
    found = [
        rows.filter(test).select(
            "item",
            "value",
            pl.lit(code).alias("code"),
            pl.lit(SEVERITIES[code]).alias("severity"),
            message.alias("message"),
        )
        for rows, code, test, message in tests
    ]
    return pl.concat([*found, _unlisted(filled, version)])


def _quoted() -> pl.Expr:
    """The item and its value, cut to a readable length, for a one-line message."""
    value = pl.col("bare").str.replace_all(r"\s+", " ")
    return pl.format('{} "{}"', pl.col("item"), value.str.slice(0, SHOWN))


def _length(words: str) -> pl.Expr:
    return pl.format("{} has {} characters, {} {}", _quoted(), "size", pl.lit(words), "length")


def _not_a_day() -> pl.Expr:
    return pl.format("{} is not a day of the calendar", _quoted())


def _wrong_type() -> pl.Expr:
    kind, bare = pl.col("data_type"), pl.col("bare")
    return pl.any_horizontal(
        (kind == name) & ~bare.str.contains(pattern) for name, (pattern, _) in PATTERNS.items()
    )


def _off_calendar() -> pl.Expr:
    """True for 4, 6 or 8 digits whose month or day no calendar has."""
    bare, size = pl.col("bare"), pl.col("size")
    year, month, day = (
        bare.str.slice(start, length).cast(pl.Int32, strict=False)
        for start, length in ((0, 4), (4, 2), (6, 2))
    )
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = (
        pl.when(month.is_in([4, 6, 9, 11]))
        .then(30)
        .when(month == 2)
        .then(pl.when(leap).then(29).otherwise(28))
        .otherwise(31)
    )
    is_digits = bare.str.contains(r"^(?:[0-9]{6}|[0-9]{8})$")
    bad_day = (size == 8) & ~day.is_between(1, days)
    return (is_digits & (~month.is_between(1, 12) | bad_day)).fill_null(False)


@cache
def _closed(version: str) -> pl.Series:
    return pl.Series(standards.closed_items(version), dtype=pl.String)


@cache
def _allowed(version: str) -> pl.DataFrame:
    """Every code of every closed list: item, bare."""
    return pl.concat(
        [
            standards.codes(item, version).select(pl.lit(item).alias("item"), pl.col("code").alias("bare"))
            for item in _closed(version)
        ]
    )


def _unlisted(values: pl.DataFrame, version: str) -> pl.DataFrame:
    """Distinct values that a closed code list does not allow."""
    suspects = (
        values.filter(pl.col("item").is_in(_closed(version).implode()))
        .join(_allowed(version), on=["item", "bare"], how="anti")
        .sort("item", "bare", "value")
    )
    rows: list[tuple[str, ...]] = []
    for (name,), group in suspects.group_by("item", maintain_order=True):
        item = str(name)
        bad = group.filter(~standards.in_list(item, pl.col("bare"), version)).select("value", "bare").rows()
        for value, bare in bad:
            hint = standards.did_you_mean(_meant(item, bare, version))
            shown = " ".join(bare.split())[:SHOWN]
            message = f'{item} "{shown}" is not in the code list{hint}'
            rows.append((item, value, "code-list", SEVERITIES["code-list"], message))
    return pl.DataFrame(rows, schema=PAIR_FAULTS, orient="row")


def _meant(item: str, value: str, version: str) -> str | None:
    """The code that differs only in case, points, leading zeros or look-alike letters, or None.

    A nearest spelling (`standards.nearest`) would cost milliseconds a value, too much for a file of nonsense.
    """
    same, alike = _shapes(item, version)
    return same.get(_fold(value)) or alike.get(_fold(value.translate(LOOKALIKES)))


@cache
def _shapes(item: str, version: str) -> tuple[dict[str, str], dict[str, str]]:
    known = sorted(standards.code_set(item, version), reverse=True)
    return {_fold(code): code for code in known}, {_fold(code.translate(LOOKALIKES)): code for code in known}


def _fold(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum()).lstrip("0")
