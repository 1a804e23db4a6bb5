"""Conditional survival: how those who have survived a time already go on.

S(t | s) = S(t) / S(s): the Kaplan–Meier estimate of the people still observed after s, so its error is Greenwood's
sum over the events after s alone.

Source: Davis FG, McCarthy BJ, Freels S, Kupelian V, Bondy ML, Cancer 1999;85:485-491.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.counts import By, point_table, rising, tally_frame
from registry.analytics.survival.kaplan_meier import (
    Confidence,
    check_limits,
    limits,
    product_limit,
)
from registry.errors import BadInput


def conditional_survival(
    frame: pl.DataFrame,
    given: float,
    times: Sequence[float],
    time: str = "months",
    event: str = "dead",
    by: By = None,
    confidence: Confidence = "log-log",
    level: float = 0.95,
) -> pl.DataFrame:
    """Survival to each of `times` of those who survived to `given`; both are counted from the start.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        given: time already survived, in the unit of `time`.
        times: increasing, none before `given`.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        by: grouping column(s).
        confidence: scale of the limits: log-log, log or plain.
        level: confidence level between 0 and 1.

    Returns:
        `by`, time, at_risk (observed beyond `given`), survival, std_error, lower, upper; null where nobody is
        observed beyond `given`; the last value is carried on beyond a group's last time. Sorted by group and time.

    Raises:
        BadInput: a time before `given`, or the input as in `kaplan_meier`.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> conditional_survival(frame, 3, [6]).select("at_risk", pl.col("survival", "std_error").round(4)).rows()
    [(3, 0.6667, 0.2722)]
    """
    check_limits(confidence, level)
    points = rising(times, "conditional survival")
    if not 0 <= given <= points[0]:
        raise BadInput(
            "conditional survival", "a time is before the time already survived", "give later ones"
        )
    counted, groups = tally_frame(frame, time, event, by)
    survival, variance = product_limit(counted)
    after = counted.places(np.append(float(given), points))[1]
    base, last = after[:, :1] - 1, after[:, 1:] - 1
    at_risk = np.where(after[:, :1] < counted.first[1:, None], np.append(counted.at_risk, 0)[after[:, :1]], 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(at_risk > 0, survival[last] / survival[base], np.nan)
        spread = variance[last] - variance[base]
    error, lower, upper = limits(ratio, spread, confidence, level)
    columns = {"at_risk": np.broadcast_to(at_risk, ratio.shape), "survival": ratio}
    return point_table(groups, points, {**columns, "std_error": error, "lower": lower, "upper": upper})
