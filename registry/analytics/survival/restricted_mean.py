"""Restricted mean survival time: how long people live on average within a given time, the area under the curve.

Source: Irwin JO, J Hyg 1949;47:188-189; variance from Greenwood's: Klein JP, Moeschberger ML, Survival Analysis,
2003, 4.5.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist

import numpy as np
import polars as pl

from registry.analytics.counts import By, tally_frame
from registry.analytics.survival.kaplan_meier import check_limits, product_limit
from registry.errors import BadInput


def restricted_mean(
    frame: pl.DataFrame,
    until: float,
    time: str = "months",
    event: str = "dead",
    by: By = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Mean time lived within `until`, for each group.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        until: end of the window, in the unit of `time`; beyond a group's last time its curve is carried on level.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        by: grouping column(s).
        level: confidence level between 0 and 1.

    Returns:
        `by`, until, mean, std_error, lower, upper (normal limits, within 0 and `until`). Sorted by group.

    Raises:
        BadInput: `until` is not above 0, or the input as in `kaplan_meier`.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> restricted_mean(frame, 6)["mean"].item(), restricted_mean(frame, 1)["mean"].item()
    (4.75, 1.0)
    """
    check_limits("plain", level)
    if not 0 < until < float("inf"):
        raise BadInput("restricted mean", "the time is not above 0", "give the end of the window")
    counted, groups = tally_frame(frame, time, event, by)
    survival, _ = product_limit(counted)
    lived = counted.at_risk - counted.events
    with np.errstate(divide="ignore"):
        step = counted.events / (counted.at_risk.astype(float) * lived)
    step[(counted.events == 0) | (lived == 0)] = 0.0
    means, errors = np.empty(counted.groups), np.empty(counted.groups)
    for group, (start, end) in enumerate(pairwise(counted.first.tolist())):
        stop = start + int(np.searchsorted(counted.time[start:end], until, side="right"))
        widths = np.diff(np.append(counted.time[start:stop], until))
        beyond = np.cumsum((widths * survival[start:stop])[::-1])[::-1]
        means[group] = beyond[0]
        errors[group] = np.sqrt(np.sum(beyond**2 * step[start:stop]))
    wide = NormalDist().inv_cdf(0.5 + level / 2) * errors
    columns = {
        "until": np.full(len(means), float(until)),
        "mean": means,
        "std_error": errors,
        "lower": np.maximum(means - wide, 0.0),
        "upper": np.minimum(means + wide, until),
    }
    return pl.DataFrame([*groups.get_columns(), *(pl.Series(name, one) for name, one in columns.items())])
