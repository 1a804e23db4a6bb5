"""Limited-duration prevalence by the counting method.

Who is known to be alive on the day counts as one; who was lost to follow-up before counts with the probability of having
lived until then, given survival up to the loss, estimated from similar patients.

Sources: Feldman AR et al., The prevalence of cancer, N Engl J Med 1986;315:1394-1397; Gail MH et al., Two approaches for
estimating disease prevalence, Biometrics 1999;55:1137-1144; SEER*Stat help, Limited-Duration Prevalence Session (survival
cohorts by sex, age below 60, 60-69 and 70 and over, and site).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By, code_groups, names
from registry.analytics.incidence.cells import columns_of
from registry.analytics.incidence.poisson import exact_limits
from registry.analytics.survival import kaplan_meier
from registry.errors import BadInput

Which = Literal["persons", "first", "tumors"]
WHICH = ("persons", "first", "tumors")


def limited_duration_prevalence(
    frame: pl.DataFrame,
    at: dt.date,
    durations: Sequence[int] = (1, 3, 5, 10, 20),
    by: By = None,
    which: Which = "persons",
    alike: By = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """People alive on a day who were diagnosed within the years before it.

    Args:
        frame: one row a tumor: patient_id, start (Date of diagnosis), end (Date last known; none = the start), dead (at
            the end; none = alive), and the columns of `by` and `alike`; with which="first" also first_primary (Boolean).
        at: the day, at its beginning: who died or was seen on it was alive; who was diagnosed on it does not count.
        durations: whole years before the day; the counts are cumulative.
        by: grouping column(s) of the result.
        which: persons: everybody once in each group; first: only people whose first tumor it is; tumors: every tumor.
        alike: columns of the groups in which survival is estimated for those lost; None = all together.
        level: confidence level.

    Returns:
        `by`, years, known (alive, Int64), lost (number lost to follow-up, Int64), lost_alive (expected alive of them),
        prevalent = known + lost_alive, se and limits lower, upper (the count taken as Poisson). Sorted by group and years.

    Raises:
        BadInput: a column is missing, no duration above 0, or no such choice.

    >>> day = dt.date
    >>> frame = pl.DataFrame({"patient_id": [1, 2, 3], "start": [day(2019, 5, 1), day(2018, 3, 1), day(2010, 1, 1)],
    ...     "end": [day(2021, 1, 1), day(2019, 1, 1), day(2021, 1, 1)], "dead": [False, True, False]})
    >>> limited_duration_prevalence(frame, day(2020, 1, 1), [1, 5, 20]).select("years", "known", "prevalent").rows()
    [(1, 1, 1.0), (5, 1, 1.0), (20, 2, 2.0)]
    """
    groups, cohort = names(by), names(alike)
    needed = ["patient_id", "start", "end", "dead", *groups, *cohort]
    columns_of(frame, [*needed, *(["first_primary"] if which == "first" else [])])
    if which not in WHICH:
        raise BadInput("prevalence", f'"{which}" is no way to count', f"use {', '.join(WHICH)}")
    if not durations or any(years < 1 or years != int(years) for years in durations):
        raise BadInput("prevalence", "the durations are whole years of at least 1", "such as 1, 5, 10")
    cases = frame.filter(pl.col("start").is_not_null() & (pl.col("start") < at)).with_columns(
        pl.max_horizontal(pl.col("end").fill_null(pl.col("start")), "start").alias("end"),
        pl.col("dead").fill_null(False),
    )
    if which == "first":
        cases = cases.filter(pl.col("first_primary").fill_null(False))
    alive = _chances(cases.select(list(dict.fromkeys(needed))), at, cohort)
    alive = alive.select("patient_id", "start", *groups, "known", "gone", "chance").sort(
        "start", maintain_order=True
    )
    parts = []
    for years in sorted(set(map(int, durations))):
        chosen = alive.filter(pl.col("start") >= _years_before(at, years))
        if which != "tumors":
            chosen = chosen.unique(subset=["patient_id", *groups], keep="first", maintain_order=True)
        sums = [
            pl.col("known").sum().cast(pl.Int64).alias("known"),
            (~pl.col("known") & ~pl.col("gone")).sum().cast(pl.Int64).alias("lost"),
            pl.col("chance").filter(~pl.col("known")).sum().alias("lost_alive"),
        ]
        summed = chosen.group_by(groups, maintain_order=True).agg(sums) if groups else chosen.select(sums)
        parts.append(summed.with_columns(pl.lit(years, pl.Int64).alias("years")))
    table = pl.concat(parts)
    if groups:  # a group whose people were all diagnosed long ago has nobody in the short durations
        every = cases.select(groups).unique().join(table.select("years").unique(), how="cross")
        table = every.join(table, on=[*groups, "years"], how="left", nulls_equal=True).with_columns(
            pl.col("known", "lost", "lost_alive").fill_null(0)
        )
    return _limits(table.select(*groups, "years", "known", "lost", "lost_alive"), level).sort(
        [*groups, "years"], nulls_last=True
    )


def _years_before(day: dt.date, years: int) -> dt.date:
    """The same day so many years before; 1 March for 29 February."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return dt.date(day.year - years, 3, 1)


def _chances(cases: pl.DataFrame, at: dt.date, cohort: list[str]) -> pl.DataFrame:
    """Each case with known (alive on the day), gone (died before) and chance (of being alive)."""
    known, gone = pl.col("end") >= at, (pl.col("end") < at) & pl.col("dead")
    marked = cases.with_columns(
        known.alias("known"),
        gone.alias("gone"),
        (pl.col("end") - pl.col("start")).dt.total_days().alias("_seen"),
        (pl.lit(at) - pl.col("start")).dt.total_days().alias("_wanted"),
        pl.Series("_cohort", code_groups(cases, cohort)[0]),
    ).with_row_index("_row")  # fmt: skip
    lost = marked.filter(~pl.col("known") & ~pl.col("gone"))
    chance = pl.when(pl.col("known")).then(1.0).when(pl.col("gone")).then(0.0)
    if lost.is_empty():
        return marked.with_columns(chance.alias("chance"))
    # Survival of one's like: only cohorts that somebody was lost from, everybody's whole follow-up.
    like = marked.join(lost.select("_cohort").unique(), on="_cohort", how="semi")
    curve = kaplan_meier(like, time="_seen", event="dead", by="_cohort").select("_cohort", "time", "survival")
    curve = curve.with_columns(pl.col("time").cast(pl.Int64)).sort("time")
    for column, name in (("_seen", "_then"), ("_wanted", "_now")):
        lost = lost.sort(column).join_asof(
            curve.rename({"time": column, "survival": name}), on=column, by="_cohort", strategy="backward",
            check_sortedness=False,
        )  # fmt: skip
    ratio = pl.when(pl.col("_then") > 0).then(pl.col("_now") / pl.col("_then")).otherwise(0.0)
    return marked.join(lost.select("_row", ratio.alias("_ratio")), on="_row", how="left").with_columns(
        chance.otherwise("_ratio").alias("chance")
    )


def _limits(table: pl.DataFrame, level: float) -> pl.DataFrame:
    total = table["known"].to_numpy() + table["lost_alive"].to_numpy()
    lower, upper = exact_limits(total, level)
    values = {"prevalent": total, "se": np.sqrt(total), "lower": lower, "upper": upper}
    return table.with_columns(pl.Series(name, value) for name, value in values.items())
