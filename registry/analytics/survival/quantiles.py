"""Quantiles of a survival curve: the time by which a share has had the event, with confidence limits.

Sources: Brookmeyer R, Crowley J, Biometrics 1982;38:29-41 (limits where the curve's limits cross); the middle of
a flat stretch: as the median of numbers is taken, and as R's survival takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from registry.analytics.counts import Array, By
from registry.analytics.survival.kaplan_meier import curve_runs
from registry.errors import BadInput

NEAR = 1.490116119384766e-08
"""Two survival values closer than this are the same number reached by another order of factors."""


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

    >>> from registry.analytics import kaplan_meier
    >>> frame = pl.DataFrame({"months": [2, 5, 6, 9], "dead": [True, True, False, False]})
    >>> quantiles(kaplan_meier(frame), (0.2, 0.25, 0.75)).select("share", "time").rows()
    [(0.2, 2.0), (0.25, 3.5), (0.75, None)]
    """
    if any(not 0 < share < 1 for share in shares) or not len(shares):
        raise BadInput("survival quantiles", "the shares must lie between 0 and 1")
    wanted = np.array(sorted(shares), dtype=float)
    first, groups = curve_runs(curve, by)
    time = curve["time"].cast(pl.Float64).to_numpy()
    columns: dict[str, Array] = {}
    for name, source in (("time", "survival"), ("lower", "lower"), ("upper", "upper")):
        level = curve[source].cast(pl.Float64).to_numpy()
        rows = [
            crossings(time[start:end], level[start:end], wanted) for start, end in pairwise(first.tolist())
        ]
        columns[name] = np.array(rows).reshape(len(rows), len(wanted))
    size = len(first) - 1
    own = [groups[name].gather(np.repeat(np.arange(size), len(wanted))) for name in groups.columns]
    values = [pl.Series(name, one.ravel(), nan_to_null=True) for name, one in columns.items()]
    return pl.DataFrame([*own, pl.Series("share", np.tile(wanted, size)), *values])


def crossings(time: Array, level: Array, shares: Array) -> Array:
    """Times at which a falling step curve comes down to 1 - share (shares); NaN where it never does.

    Limits of few people may rise again: the value that counts is then the highest one at or below that height, at
    its first time, as in R.

    Args:
        time: rising (rows).
        level: value from that time on (rows); NaN where it is not defined.
        shares: between 0 and 1 (shares).

    >>> crossings(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.75, 0.5, 0.25, 0.0]), np.array([0.3, 0.5])).tolist()
    [2.0, 2.5]
    """
    steps, moments = np.append(0.0, 1.0 - level), np.append(0.0, time)
    defined = np.flatnonzero(~np.isnan(steps))
    heights, first = np.unique(steps[defined], return_index=True)
    reached = np.append(moments[defined[first]], np.nan)
    down = np.searchsorted(heights, shares - NEAR)
    found = (reached[down] + reached[np.searchsorted(heights, shares + NEAR)]) / 2
    if defined[-1] == len(steps) - 1:  # else the curve ends undefined, and a stretch before that has no end
        lowest = heights[np.argmax(first)]
        flat = np.abs(shares - lowest) < NEAR
        found[flat] = (reached[down[flat]] + moments[-1]) / 2
    return found


def median_survival(curve: pl.DataFrame, by: By = None) -> pl.DataFrame:
    """Median survival time of each group with its limits: `by`, time, lower, upper.

    >>> from registry.analytics import kaplan_meier
    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, True, False]})
    >>> median_survival(kaplan_meier(frame))["time"].item()
    5.0
    """
    return quantiles(curve, (0.5,), by).drop("share")
