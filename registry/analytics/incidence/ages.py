"""Age groups: 0, 1-4, 5-9 ... 80-84, 85+, and the coarser ones that a file or a standard may have.

Source: SEER population files (19 age groups; 18 with 0-4 together), seer.cancer.gov/popdata/popdic.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import polars as pl

from registry.errors import BadInput

OPEN = 999
"""End of the last, open age group."""
LOWER = (0, 1, *range(5, 90, 5))
AGE_GROUPS = ("00", "01-04", *(f"{low:02d}-{low + 4:02d}" for low in range(5, 85, 5)), "85+")
AGE_GROUPS_18 = ("00-04", *AGE_GROUPS[2:])
_ONE, _RANGE, _LAST, _UNDER = (
    re.compile(text, re.ASCII) for text in (r"(\d{1,3})", r"(\d{1,3})\s*[-–]\s*(\d{1,3})", r"(\d{1,3})\s*\+", r"<\s*(\d{1,3})")
)  # fmt: skip


def age_code(age: pl.Expr | str) -> pl.Expr:
    """Place of an age in years in the 19 age groups, 0 to 18 (Int8); null for none or outside 0 to 125.

    >>> pl.select(age_code(pl.lit(pl.Series([0, 4, 5, 84, 85, 110, None, 999])))).to_series().to_list()
    [0, 1, 2, 17, 18, 18, None, None]
    """
    years = pl.col(age) if isinstance(age, str) else age
    number = years.cast(pl.Int32, strict=False)
    code = pl.when(number < 1).then(0).when(number < 5).then(1).otherwise(number // 5 + 1).clip(0, 18)
    return pl.when(number.is_between(0, 125)).then(code).cast(pl.Int8)


def age_group(age: pl.Expr | str, groups: int = 19) -> pl.Expr:
    """Age group of an age in years as an Enum in the order of age.

    Args:
        age: column or expression, whole or decimal years.
        groups: 19, or 18 with the first two together.

    >>> pl.select(age_group(pl.lit(pl.Series([0, 72, 101])))).to_series().to_list()
    ['00', '70-74', '85+']
    >>> pl.select(age_group(pl.lit(pl.Series([0, 3])), 18)).to_series().to_list()
    ['00-04', '00-04']
    """
    if groups not in (18, 19):
        raise BadInput("age groups", f"{groups} is neither 18 nor 19")
    code, names = age_code(age), AGE_GROUPS if groups == 19 else AGE_GROUPS_18
    place = code if groups == 19 else pl.when(code > 0).then(code - 1).otherwise(code)
    return place.replace_strict(dict(enumerate(names)), default=None, return_dtype=pl.Enum(names))


@lru_cache(maxsize=4096)
def bounds(text: str) -> tuple[int, int] | None:
    """First age and the first age after an age group, or None when the text is no age group.

    >>> bounds("00"), bounds("1-4"), bounds("05-09"), bounds("85+"), bounds("<1"), bounds("old")
    ((0, 1), (1, 5), (5, 10), (85, 999), (0, 1), None)
    """
    text = text.strip()
    if found := _ONE.fullmatch(text):
        return int(found[1]), int(found[1]) + 1
    if found := _LAST.fullmatch(text):
        return int(found[1]), OPEN
    if found := _UNDER.fullmatch(text):
        return (0, int(found[1])) if int(found[1]) else None
    if (found := _RANGE.fullmatch(text)) and int(found[1]) <= int(found[2]):
        return int(found[1]), int(found[2]) + 1
    return None


def name(low: int, high: int) -> str:
    """How an age group is written here.

    >>> name(0, 1), name(1, 5), name(85, OPEN)
    ('00', '01-04', '85+')
    """
    if high >= OPEN:
        return f"{low:02d}+"
    return f"{low:02d}" if high == low + 1 else f"{low:02d}-{high - 1:02d}"


def order(texts: Iterable[str]) -> list[str]:
    """Age groups by age, each once; groups that overlap are refused.

    Raises:
        BadInput: a text is no age group, or two groups share an age.

    >>> order(["85+", "5-9", "0-4", "05-09"])
    ['00-04', '05-09', '85+']
    """
    known: set[tuple[int, int]] = set()
    for text in texts:
        span = bounds(text)
        if span is None:
            raise BadInput("age group", f'"{text}" is not one', "write 00, 01-04, 05-09 ... 85+")
        known.add(span)
    spans = sorted(known)
    for (low, high), (after, end) in pairwise(spans):
        if after < high:
            raise BadInput(
                "age groups", f"{name(low, high)} and {name(after, end)} overlap", "use one division of ages"
            )
    return [name(*span) for span in spans]


def inside_others(texts: Iterable[str]) -> list[str]:
    """Single years of age that lie in a wider age group among them, such as 99 (unknown) beside 85+.

    >>> inside_others(["00", "01-04", "85+", "99"]), inside_others(["98", "99"])
    (['99'], [])
    """
    spans = {text: span for text in set(texts) if (span := bounds(text))}
    return sorted(
        text
        for text, (low, high) in spans.items()
        if high == low + 1 and any(start < low < end for start, end in spans.values())
    )


def uncovered(groups: Sequence[str], of: Sequence[str]) -> list[str]:
    """Age groups of `of` none of whose ages is in `groups`.

    >>> uncovered(["00-04", "05-09"], ["00", "01-04", "05-09", "10+"])
    ['10+']
    """
    spans = _stretches(groups)
    return [
        text
        for text in of
        if (span := bounds(text)) and not any(low < span[1] and span[0] < high for low, high in spans)
    ]


def common(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """The finest age groups that two divisions share, over the ages that both cover whole.

    Args:
        left: age groups of a file, in order of age.
        right: age groups of a standard, in order of age.

    Raises:
        BadInput: the two have no boundaries in common, or `left` covers ages that `right` does not.

    >>> [name(*span) for span in common(["00", "01-04", "05-09", "10+"], ["00-04", "05-09", "10+"])]
    ['00-04', '05-09', '10+']
    """
    ours, theirs = (_stretches(one) for one in (left, right))
    cuts = sorted({end for span in ours for end in span} & {end for span in theirs for end in span})
    shared = [
        span for span in pairwise(cuts)
        if _covers(ours, span) and _covers(theirs, span)
    ]  # fmt: skip
    lost = [
        name(*span) for span in ours if not any(low <= span[0] and span[1] <= high for low, high in shared)
    ]
    # Several of each side together would be neither's division of ages: rates would no longer be adjusted within it.
    lost += [name(*span) for span in shared if min(_parts(ours, span), _parts(theirs, span)) > 1]
    if lost:
        raise BadInput(
            "standard population",
            f"its age groups do not fit those of the counts ({', '.join(lost)})",
            "use a standard with the same boundaries",
        )
    return shared


def membership(groups: Sequence[str], spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """0/1 matrix [spans, groups]: which groups make up each span."""
    ends = [bounds(group) or (OPEN, OPEN) for group in groups]
    return np.array([[low <= one[0] and one[1] <= high for one in ends] for low, high in spans], dtype=float)


def _stretches(groups: Sequence[str]) -> list[tuple[int, int]]:
    return [span for span in map(bounds, groups) if span is not None]


def _covers(spans: Sequence[tuple[int, int]], wanted: tuple[int, int]) -> bool:
    """Whether the spans fill all ages of `wanted` without a gap."""
    low = wanted[0]
    for start, end in spans:
        if start == low and end <= wanted[1]:
            low = end
    return low == wanted[1]


def _parts(spans: Sequence[tuple[int, int]], wanted: tuple[int, int]) -> int:
    return sum(wanted[0] <= start and end <= wanted[1] for start, end in spans)
