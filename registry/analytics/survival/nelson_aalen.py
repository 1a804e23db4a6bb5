"""Nelson–Aalen: the cumulative hazard, the sum of events over people at risk.

Sources: Nelson W, Technometrics 1972;14:945-966; Aalen O, Ann Stat 1978;6:701-726 (variance sum d/n²).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from registry.analytics.counts import By, count_columns, tally_frame, with_groups
from registry.analytics.survival.kaplan_meier import values_at


def nelson_aalen(
    frame: pl.DataFrame, time: str = "months", event: str = "dead", by: By = None
) -> pl.DataFrame:
    """Cumulative hazard of each group, one row at time 0 and at each distinct time observed.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed, in any unit.
        event: column that is true when the event ended the observation.
        by: grouping column(s).

    Returns:
        `by`, time, at_risk, events, censored, hazard (sum of d/n up to and including that time), std_error (root of
        the sum of d/n²). Sorted by group and time.

    Raises:
        BadInput: a column is missing, or a time or event is unknown, not a number or negative.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> nelson_aalen(frame).select("time", pl.col("hazard", "std_error").round(4)).rows()[1:3]
    [(2, 0.25, 0.25), (5, 0.5833, 0.4167)]
    """
    counted, groups = tally_frame(frame, time, event, by)
    hazard = counted.events / counted.at_risk
    variance = hazard / counted.at_risk
    for start, end in pairwise(counted.first.tolist()):
        np.add.accumulate(hazard[start:end], out=hazard[start:end])
        np.add.accumulate(variance[start:end], out=variance[start:end])
    columns = count_columns(counted, frame.schema[time])
    return with_groups(counted, groups, {**columns, "hazard": hazard, "std_error": np.sqrt(variance)})


def hazard_at(curve: pl.DataFrame, times: Sequence[float], by: By = None) -> pl.DataFrame:
    """The cumulative hazard at given times, carried on beyond a group's last time.

    Args:
        curve: result of `nelson_aalen`.
        times: increasing, in the curve's unit.
        by: the grouping column(s) the curve was made with.

    Returns:
        `by`, time, at_risk, events (since the time before), hazard, std_error. Sorted by group and time.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> hazard_at(nelson_aalen(frame), [4])["hazard"].item()
    0.25
    """
    return values_at(curve, times, by, ("hazard", "std_error"))
