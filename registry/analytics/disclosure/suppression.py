"""The first names of disclosure control, which say `suppressed` where the newer ones say `hidden`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.disclosure.counts import publish_counts
from registry.analytics.disclosure.curves import publish_at_risk
from registry.analytics.disclosure.profile import Profile, profile


def suppress(
    frame: pl.DataFrame,
    counts: str = "count",
    threshold: str | int | Profile = 11,
    *,
    margins: Sequence[By] = (),
    also: Sequence[str] = (),
) -> pl.DataFrame:
    """Hide small counts and, within each published total, enough others that none can be worked out.

    Args:
        frame: one row a cell of a table.
        counts: column of the counts (whole numbers >= 0).
        threshold: a profile's name, a Profile, or the smallest count that may be shown.
        margins: totals that are published too, each given by the columns it keeps: `["year", None]` = totals by year
            and the grand total; one below the threshold must not be published.
        also: columns made from the count (rates, percentages, limits) that are hidden with it.

    Returns:
        The frame in its order with hidden values null, and `suppressed` (Boolean). See `publish_counts`.

    >>> table = pl.DataFrame({"stage": ["1", "2", "3", "4"], "count": [120, 4, 31, 15]})
    >>> suppress(table, margins=[None])["count"].to_list()
    [120, None, 31, None]
    """
    shown = publish_counts(frame, counts, margins=margins, profile=threshold, also=also)
    return shown.rename({"hidden": "suppressed"})


def suppress_curve(curve: pl.DataFrame, by: By = None, threshold: str | int | Profile = 11) -> pl.DataFrame:
    """A survival curve that may be shown: cut where fewer than the threshold are at risk, without counts.

    Args:
        curve: result of `kaplan_meier`.
        by: the grouping column(s) the curve was made with; a group that starts below the threshold disappears.
        threshold: a profile's name, a Profile, or the smallest number at risk that may be shown.

    Returns:
        `by`, time, survival, std_error, lower, upper of the rows with at_risk >= threshold.

    >>> from registry.analytics.survival import kaplan_meier
    >>> people = pl.DataFrame({"months": [1, 2, 3, 4], "dead": [True] * 4})
    >>> suppress_curve(kaplan_meier(people), threshold=3)["time"].to_list()
    [0, 1, 2]
    """
    shown = curve.filter(pl.col("at_risk") >= profile(threshold).threshold)
    return shown.select(*names(by), "time", "survival", "std_error", "lower", "upper")


def suppress_at_risk(table: pl.DataFrame, threshold: str | int | Profile = 11) -> pl.DataFrame:
    """`publish_at_risk` with the flag `suppressed`.

    >>> table = pl.DataFrame({"time": [0, 12], "at_risk": [40, 9], "events": [0, 20], "censored": [0, 20]})
    >>> suppress_at_risk(table).select("at_risk", "events", "suppressed").rows()
    [(40, 0, False), (None, 20, True)]
    """
    return publish_at_risk(table, None, threshold).rename({"hidden": "suppressed"})
