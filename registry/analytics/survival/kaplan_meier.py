"""Kaplan-Meier: survival with Greenwood's error and confidence limits, quantiles, values at given times.

Sources: Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457-481; Greenwood M 1926; limits on the log and
log(-log) scales: Kalbfleisch JD, Prentice RL, The Statistical Analysis of Failure Time Data, 2002, 1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By, count_table, names
from registry.errors import BadInput

Confidence = Literal["log-log", "log", "plain"]
NEAR = 1e-9
"""Two survival values closer than this are the same number reached by another order of factors."""


def kaplan_meier(
    frame: pl.DataFrame,
    time: str = "months",
    event: str = "dead",
    by: By = None,
    confidence: Confidence = "log-log",
    level: float = 0.95,
) -> pl.DataFrame:
    """Kaplan-Meier estimate for each group, one row at time 0 and at each distinct time observed.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed, in any unit.
        event: column that is true when the event ended the observation.
        by: grouping column(s).
        confidence: scale of the limits; log-log is never outside 0-1, plain and log are cut there.
        level: confidence level between 0 and 1.

    Returns:
        `by`, time, at_risk (just before), events, censored, survival (just after), std_error (Greenwood,
        survival scale), lower, upper. Where survival is 0 the last three are null: they are not defined.
        Sorted by group and time.

    Raises:
        BadInput: a column is missing, a time or event is unknown, or the method has no such name.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> curve = kaplan_meier(frame)
    >>> curve.select("time", "at_risk", "events", pl.col("survival", "std_error").round(6)).rows()[1:]
    [(2, 4, 1, 0.75, 0.216506), (5, 3, 1, 0.5, 0.25), (9, 1, 0, 0.5, 0.25)]
    """
    if confidence not in ("log-log", "log", "plain"):
        raise BadInput("survival", f'"{confidence}" is no kind of limits', "use log-log, log or plain")
    if not 0 < level < 1:
        raise BadInput("survival", f"confidence level {level} is not between 0 and 1")
    groups = names(by)
    table = count_table(frame, time, event, by)
    died, at_risk = pl.col("events"), pl.col("at_risk")
    kept = ((at_risk - died) / at_risk).cum_prod()
    variance = (died / (at_risk * (at_risk - died))).cum_sum()
    if groups:
        kept, variance = kept.over(groups), variance.over(groups)
    curve = table.with_columns(kept.alias("survival"), variance.alias("variance"))
    error, lower, upper = limits(
        curve["survival"].to_numpy(), curve["variance"].to_numpy(), confidence, level
    )
    return curve.drop("variance").with_columns(
        pl.Series(name, values, nan_to_null=True)
        for name, values in (("std_error", error), ("lower", lower), ("upper", upper))
    )


def limits(
    survival: np.ndarray, variance: np.ndarray, confidence: Confidence, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard error (survival scale), lower and upper limit; NaN where survival is 0.

    Args:
        survival: estimates between 0 and 1.
        variance: of log survival (Greenwood's sum).
        confidence: "log-log", "log" or "plain".
        level: confidence level between 0 and 1.

    >>> _, lower, upper = limits(np.array([0.5]), np.array([0.04]), "plain", 0.95)
    >>> [float(round(value[0], 4)) for value in (lower, upper)]
    [0.304, 0.696]
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(variance)
        error = np.where(survival > 0, survival * root, np.nan)
        if confidence == "plain":
            lower, upper = survival - z * error, survival + z * error
        elif confidence == "log":
            lower, upper = survival * np.exp(-z * root), survival * np.exp(z * root)
        else:
            log = np.log(survival)
            width = z * root / -log
            lower, upper = survival ** np.exp(width), survival ** np.exp(-width)
    unmoved = survival == 1  # nobody had the event yet
    lower, upper = (np.where(unmoved, 1.0, np.clip(value, 0, 1)) for value in (lower, upper))
    gone = survival <= 0
    return error, np.where(gone, np.nan, lower), np.where(gone, np.nan, upper)


def survival_at(
    curve: pl.DataFrame, times: Sequence[float], by: By = None, *, extend: bool = False
) -> pl.DataFrame:
    """The curve's values at given times.

    Args:
        curve: result of `kaplan_meier`.
        times: increasing, in the curve's unit.
        by: the grouping column(s) the curve was made with.
        extend: carry the last value on beyond the group's last observed time.

    Returns:
        `by`, time (Float64), at_risk (observed for at least that time), events (after the time before up to and
        including this one), survival, std_error, lower, upper; the last four are null beyond the group's
        last observed time, unless nobody survived or `extend` is asked for. Sorted by group and time.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> survival_at(kaplan_meier(frame), [6, 12]).select("time", "at_risk", "events", "survival").rows()
    [(6.0, 1, 2, 0.5), (12.0, 0, 0, None)]
    """
    groups = names(by)
    before = [float("-inf"), *map(float, times)][:-1] if len(times) else []
    if not len(times) or any(late <= early for early, late in zip(before, times, strict=True)):
        raise BadInput("survival", "the times must be given and increase")
    values = ["survival", "std_error", "lower", "upper"]
    rows = []
    for early, late in zip(before, map(float, times), strict=True):
        past = pl.col("time") <= late
        known = pl.lit(extend) | (pl.col("time").max() >= late) | (pl.col("survival").last() <= 0)
        wanted = [
            pl.lit(late).alias("time"),
            (pl.col("events") + pl.col("censored")).filter(pl.col("time") >= late).sum().alias("at_risk"),
            pl.col("events").filter(past & (pl.col("time") > early)).sum(),
            *(pl.when(known).then(pl.col(value).filter(past).last()).alias(value) for value in values),
        ]
        rows.append(
            curve.group_by(groups, maintain_order=True).agg(wanted) if groups else curve.select(wanted)
        )
    return pl.concat(rows).sort([*groups, "time"], nulls_last=True)


def quantiles(
    curve: pl.DataFrame, shares: Sequence[float] = (0.25, 0.5, 0.75), by: By = None
) -> pl.DataFrame:
    """Time by which a share of the group has had the event, with limits where the curve's limits cross.

    Args:
        curve: result of `kaplan_meier`.
        shares: between 0 and 1; 0.5 is the median.
        by: the grouping column(s) the curve was made with.

    Returns:
        `by`, share, time, lower, upper (Float64): the first time with survival (lower limit, upper limit)
        <= 1 - share; the middle of the stretch where the curve runs at exactly that height (as R's survival
        does, and as a median of uncensored numbers is); null when it was not reached. Sorted by group and share.

    >>> frame = pl.DataFrame({"months": [2, 5, 6, 9], "dead": [True, True, False, False]})
    >>> quantiles(kaplan_meier(frame), (0.2, 0.25, 0.75)).select("share", "time").rows()
    [(0.2, 2.0), (0.25, 3.5), (0.75, None)]
    """
    groups = names(by)
    if any(not 0 < share < 1 for share in shares) or not len(shares):
        raise BadInput("survival quantiles", "the shares must lie between 0 and 1")
    rows = []
    for share in sorted(shares):
        wanted = [pl.lit(float(share)).alias("share")]
        wanted += [
            _crossing(value, 1 - share).alias(name)
            for name, value in (("time", "survival"), ("lower", "lower"), ("upper", "upper"))
        ]
        rows.append(
            curve.group_by(groups, maintain_order=True).agg(wanted) if groups else curve.select(wanted)
        )
    return pl.concat(rows).sort([*groups, "share"], nulls_last=True)


def _crossing(value: str, height: float) -> pl.Expr:
    """First time at which a column comes down to a height, or the middle of its stretch at that height."""
    time, level = pl.col("time").cast(pl.Float64), pl.col(value)
    first, below = time.filter(level <= height + NEAR).first(), time.filter(level < height - NEAR).first()
    flat = (level - height).abs().filter(level <= height + NEAR).first() <= NEAR
    return pl.when(flat).then((first + pl.coalesce(below, time.max())) / 2).otherwise(first)


def median_survival(curve: pl.DataFrame, by: By = None) -> pl.DataFrame:
    """Median survival time of each group with its limits: `by`, time, lower, upper.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, True, False]})
    >>> median_survival(kaplan_meier(frame))["time"].item()
    5.0
    """
    return quantiles(curve, (0.5,), by).drop("share")
