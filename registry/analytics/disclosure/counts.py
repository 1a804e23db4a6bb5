"""Publish tables of counts, rates and proportions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.disclosure.lines import Lines, Parents, Totals, lines_of
from registry.analytics.disclosure.profile import Profile
from registry.analytics.disclosure.profile import profile as profile_of
from registry.analytics.disclosure.protection import protect
from registry.analytics.disclosure.rounding import round_counts
from registry.errors import BadInput

DENOMINATOR = 20.0
"""A denominator is hidden only when that spares so many others."""


def publish_counts(
    frame: pl.DataFrame,
    count: str = "count",
    *,
    by: By = (),
    totals: Totals | None = None,
    parents: Parents | None = None,
    margins: Sequence[By] = (),
    profile: str | int | Profile = "default",
    also: Sequence[str] = (),
    more: Sequence[str] = (),
    rounding: int | None = None,
    scaled: Sequence[str] = (),
) -> pl.DataFrame:
    """A table of counts that may leave the registry: small ones hidden, and what would give them away.

    Args:
        frame: one row a cell, totals among them. An unknown (null) count is treated as 0 and stays null.
        count: column of the counts, whole numbers >= 0.
        by: columns that name a cell; needed with totals or parents.
        totals: label of the total row in a column, `{"sex": "Both", "county": None}`.
        parents: for columns with levels the label that each label adds up to, `{"county": {"01001": "AL"}}`.
        margins: totals that are published elsewhere and so cannot be hidden here, by the columns they keep
            (`["year", None]`: totals by year and the grand total); those below the threshold are taken as not published.
        profile: name, threshold or Profile.
        also: columns worked out from the count (percentages, rates, limits), hidden with it.
        more: further columns of counts on which `also` rests; where one of them is small, it and `also` are hidden.
        rounding: instead of hiding, round to multiples of this (5, 10); then `also` is hidden except `scaled`.
        scaled: columns in proportion to the count, which follow the rounded count.

    Returns:
        The frame in its order, what is hidden as null, and `hidden` (Boolean).

    Guarantee: to a reader who knows the rule, every published number and that no count is negative, each hidden small
    cell may be anything from 1 (0 when the profile hides zeros) to threshold - 1, and no other hidden cell is fixed.
    It is proven by linear programming for each table. With `margins`, which stay as they are, it cannot always be had:
    then hidden cells are open as far as these let them be.

    >>> table = pl.DataFrame({"sex": ["1", "2", "all"], "count": [4, 70, 74], "rate": [1.0, 20.0, 9.0]})
    >>> publish_counts(table, by="sex", totals={"sex": "all"}, also=["rate"]).rows()
    [('1', None, None, True), ('2', None, None, True), ('all', 74, 9.0, False)]
    """
    rule = profile_of(profile)
    values = _whole(frame, count)
    lines, cells = lines_of(frame, values, by, totals, parents, margins)
    if rounding is not None:
        return _rounded(frame, count, also, more, scaled, round_counts(cells, lines, rounding), values)
    hidden = _hidden(cells, frame.height, lines, rule)
    for name in more:
        hidden = np.asarray(hidden | rule.small(_whole(frame, name)))
    return hide(frame, hidden, [count, *also, *more])


def publish_rates(
    frame: pl.DataFrame,
    count: str = "count",
    rates: Sequence[str] = ("rate", "se", "lower", "upper"),
    **words: Any,
) -> pl.DataFrame:
    """A table of rates: rate, error and limits are hidden with the count that they rest on.

    Args:
        frame: one row a rate with its count. count: cases. rates: columns worked out from it; those that are missing
            do not matter. words: as in `publish_counts`; with `rounding` the first of the rates follows the count.

    >>> rates = pl.DataFrame({"year": [1, 2], "count": [8, 40], "rate": [0.8, 4.0]})
    >>> publish_rates(rates)["rate"].to_list(), publish_rates(rates, rounding=5)["rate"].to_list()
    ([None, 4.0], [1.0, 4.0])
    """
    there = [name for name in rates if name in frame.columns]
    also = [*there, *(name for name in words.pop("also", ()) if name not in there)]
    return publish_counts(frame, count, also=also, scaled=words.pop("scaled", there[:1]), **words)


def publish_proportions(
    frame: pl.DataFrame,
    numerator: str,
    denominator: str,
    *,
    by: By = (),
    totals: Totals | None = None,
    parents: Parents | None = None,
    profile: str | int | Profile = "default",
    also: Sequence[str] = ("percent", "lower", "upper"),
) -> pl.DataFrame:
    """A table of shares (a measure, the treated, a stage): those with, those without, and all may not be worked out.

    Args:
        frame: one row a share. numerator, denominator: columns of whole numbers, numerator <= denominator.
        by, totals, parents, profile: as in `publish_counts`, for rows that add up.
        also: columns worked out from the two, as far as the frame has them.

    Returns:
        The frame in its order; the numerator and `also` null where numerator, rest or denominator is small or protects
        another row; the denominator null where it is hidden itself; `hidden` where anything is.

    >>> table = pl.DataFrame({"facility": ["a", "b"], "met": [38, 3], "of": [40, 30], "percent": [95.0, 10.0]})
    >>> publish_proportions(table, "met", "of").rows()
    [('a', None, 40, None, True), ('b', None, 30, None, True)]
    """
    rule = profile_of(profile)
    with_it, everybody = _whole(frame, numerator), _whole(frame, denominator)
    if (with_it > everybody).any():
        raise BadInput("suppression", f"{numerator} is greater than {denominator}")
    lines, _ = lines_of(frame, everybody, by, totals, parents)
    size = frame.height
    cells = np.concatenate([with_it, everybody - with_it, everybody])
    three = _three_parts(lines, size)
    dear = np.repeat([1.0, 1.0, DENOMINATOR], size)
    hidden = protect(cells, rule.small(cells), np.ones(cells.size, dtype=bool), three, rule, dear)[0].reshape(
        3, size
    )
    part = np.asarray(hidden[:2].any(axis=0))
    shown = hide(frame, part, [numerator, *(name for name in also if name in frame.columns)])
    gone = pl.Series(hidden[2])
    return shown.with_columns(
        pl.when(~gone).then(pl.col(denominator)).alias(denominator), (pl.col("hidden") | gone).alias("hidden")
    )


def total_may_be_told(counts: pl.Series, hidden: pl.Series, profile: str | int | Profile = "default") -> bool:
    """Whether the sum of a table's counts may stand beside it (in an exclusion flow, a sentence).

    Complementary suppression against a total that cannot be hidden ends where nothing is left to hide: twelve cells of
    one case each are all hidden, and a total of twelve would tell each of them.

    Args:
        counts: true counts of cells that add up to the total. hidden: which of them are.

    >>> total_may_be_told(pl.Series([1] * 12), pl.Series([True] * 12)), total_may_be_told(pl.Series([4, 30]), pl.Series([True, True]))
    (False, True)
    """
    rule = profile_of(profile)
    inside = counts.fill_null(0).filter(hidden)
    # the largest that one hidden cell may be, where the others are as small as a reader must reckon with
    return not len(inside) or int(inside.sum()) - (len(inside) - 1) * rule.floor >= rule.threshold - 1


def _three_parts(lines: Lines, size: int) -> Lines:
    """The lines of a table for those with, those without and all; and with + without = all in each row."""
    line = [lines.line + k * lines.lines for k in range(3)] + [np.tile(np.arange(size), 3) + 3 * lines.lines]
    cell = [lines.cell + k * size for k in range(3)] + [np.arange(3 * size)]
    sign = [lines.sign] * 3 + [np.repeat([1.0, 1.0, -1.0], size)]
    return Lines(
        np.concatenate(line), np.concatenate(cell), np.concatenate(sign), 3 * lines.lines + size, 3 * size
    )


def _whole(frame: pl.DataFrame, name: str) -> np.ndarray:
    """A column of counts as numbers; unknown ones are 0."""
    if name not in frame.columns:
        raise BadInput("suppression", f"there is no column {name}")
    values = frame[name].cast(pl.Float64).fill_nan(None).fill_null(0).to_numpy()
    if values.size and (values.min() < 0 or (values != np.floor(values)).any()):
        raise BadInput("suppression", f"{name} has negative numbers or fractions", "give whole counts")
    return values.astype(np.int64)


def _hidden(cells: np.ndarray, size: int, lines: Lines, rule: Profile) -> np.ndarray:
    """Which of the first `size` cells are hidden; the others are totals that stand elsewhere."""
    free = np.arange(cells.size) < size
    hidden, _ = protect(cells, rule.small(cells), free, lines, rule)
    return hidden[:size]


def hide(frame: pl.DataFrame, hidden: np.ndarray, columns: Sequence[str]) -> pl.DataFrame:
    """The frame with these columns null where hidden, and the flag."""
    flag = pl.Series("hidden", hidden, dtype=pl.Boolean)
    return frame.with_columns(flag).with_columns(
        pl.when(pl.col("hidden").not_()).then(pl.col(name)).alias(name) for name in columns
    )


def _rounded(
    frame: pl.DataFrame,
    count: str,
    also: Sequence[str],
    more: Sequence[str],
    scaled: Sequence[str],
    rounded: np.ndarray,
    values: np.ndarray,
) -> pl.DataFrame:
    """Counts rounded, what is in proportion with them, the rest of what was worked out from them gone."""
    factor = np.divide(rounded[: values.size], values, out=np.zeros(values.size), where=values > 0)
    unknown = frame[count].is_null()
    columns = [pl.Series(count, rounded[: values.size]).set(unknown, None)]
    columns += [(frame[name].cast(pl.Float64) * pl.Series(factor)).alias(name) for name in scaled]
    gone = [name for name in (*also, *more) if name not in scaled]
    return frame.with_columns(
        *columns, *(pl.lit(None, frame.schema[name]).alias(name) for name in gone), hidden=pl.lit(False)
    )
