"""The flow method: completeness of registration from the registry's own times.

At a time t after diagnosis a patient who is not registered is either still alive (missing) or has died without the
cancer on the certificate (lost). Three curves say how many: survival, the chance that a certificate mentions
the cancer, and the share not yet registered among those who live on.

Source: Bullard, Coleman, Robinson, Lutz, Bell & Peto, Br J Cancer 2000;82:1111-1116.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.quality.indicators.definition import Measure, outside

YEAR = 365.25


def flow(curves: pl.DataFrame) -> pl.DataFrame:
    """Missing, lost and complete at each time.

    Args:
        curves: frame[time, survival, mention, unregistered], sorted or not: `time` in any unit, the first row at 0;
            `survival` = share alive at the time; `mention` = chance that the certificate of somebody who dies in
            the interval that ends at the time names the cancer (ignored at 0); `unregistered` = share not yet
            registered among those alive at the time. All between 0 and 1.

    Returns:
        `time, missing, lost, completeness` as proportions. Deaths of an interval take the mean of the shares unregistered at
        its two ends.

    Raises:
        BadInput: no row at time 0, or a share outside 0 to 1.

    >>> curves = pl.DataFrame({"time": [0, 1], "survival": [1.0, 0.6], "mention": [None, 0.75],
    ...                        "unregistered": [1.0, 0.1]})
    >>> [round(value, 6) for value in flow(curves).row(1)]
    [1.0, 0.06, 0.055, 0.885]
    """
    table = curves.sort("time").with_columns(pl.col("mention").fill_null(1.0))
    shares = table.select("survival", "mention", "unregistered").to_numpy().astype(float)
    if not table.height or table["time"][0] != 0 or not ((shares >= 0) & (shares <= 1)).all():
        raise BadInput("flow method", "curves need a row at time 0 and shares between 0 and 1")
    survival, mention, unregistered = shares.T
    unregistered_at_death = (unregistered[1:] + unregistered[:-1]) / 2
    lost = np.cumsum(-np.diff(survival) * unregistered_at_death * (1 - mention[1:]))
    lost, missing = np.concatenate([[0.0], lost]), survival * unregistered
    return table.select(pl.col("time").cast(pl.Float64)).with_columns(
        missing=pl.Series(missing), lost=pl.Series(lost), completeness=pl.Series(1 - missing - lost)
    )


@outside(
    "flow_completeness",
    "Flow method (Bullard)",
    group="completeness",
    formula="completeness(t) = 1 - M(t) - L(t)",
    source="Bullard et al., Br J Cancer 2000; precision: Silcocks & Robinson, J Public Health 2004",
    population="site x age x sex",
    needs="survival, certificate mention and time to registration",
    notes="A proportion at five years unless another time is asked for; `flow` has every time, `flow_curves` makes the "
    "curves from records, `flow_limits` resamples patients for limits.",
)
def flow_completeness(curves: pl.DataFrame, at: float = 5.0) -> Measure:
    """Completeness at a time, by the last row of `flow` not after it.

    Args:
        curves: see `flow`; time in years.
        at: years after diagnosis.

    >>> curves = pl.DataFrame({"time": [0, 1, 5], "survival": [1.0, 0.6, 0.4], "mention": [None, 0.75, 0.8],
    ...                        "unregistered": [1.0, 0.1, 0.0]})
    >>> round(flow_completeness(curves, at=1).value, 6), round(flow_completeness(curves).value, 6)
    (0.885, 0.943)
    """
    found = flow(curves).filter(pl.col("time") <= at)
    return Measure(float(found["completeness"][-1]))


def flow_curves(
    patients: pl.DataFrame, times: tuple[float, ...] = (0, 0.25, 0.5, 1, 2, 3, 4, 5)
) -> pl.DataFrame:
    """The three curves from patients with their times.

    Args:
        patients: frame[days, dead, mentioned, registered_after]: days from diagnosis to death or last contact; whether
            it was death; whether the certificate names the cancer (null for the living); days from diagnosis to
            registration by a source other than the certificate (null = never).
        times: ends of the intervals in years, 0 first.

    Returns:
        the curves of `flow`. Survival is Kaplan and Meier's. The share unregistered at a time is counted among patients
        known to live then. An interval without deaths takes the mention of all deaths.

    >>> patients = pl.DataFrame({"days": [100, 400, 800, 800], "dead": [True, True, False, False],
    ...     "mentioned": [True, False, None, None], "registered_after": [None, 30, 200, 500]})
    >>> flow_curves(patients, (0, 1, 2))["unregistered"].round(4).to_list()
    [1.0, 0.3333, 0.0]
    """
    days, dead = patients["days"].to_numpy().astype(float), patients["dead"].to_numpy().astype(bool)
    after = patients["registered_after"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    mentioned = patients["mentioned"].fill_null(value=False).to_numpy().astype(bool)
    overall = mentioned[dead].mean() if dead.any() else 1.0
    rows = [{"time": 0.0, "survival": 1.0, "mention": None, "unregistered": 1.0}]
    for start, end in pairwise(times):
        died = dead & (days > start * YEAR) & (days <= end * YEAR)
        alive = days > end * YEAR
        rows.append(
            {
                "time": float(end),
                "survival": _alive_at(days, dead, end * YEAR),
                "mention": float(mentioned[died].mean()) if died.any() else float(overall),
                "unregistered": float((after[alive] > end * YEAR).mean()) if alive.any() else 0.0,
            }
        )
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("time", "survival", "mention", "unregistered"), pl.Float64)
    )


def _alive_at(days: np.ndarray, dead: np.ndarray, end: float) -> float:
    """Kaplan-Meier survival at a day."""
    share = 1.0
    for day in np.unique(days[dead & (days <= end)]):
        share *= 1 - ((days == day) & dead).sum() / (days >= day).sum()
    return float(share)


def flow_limits(
    patients: pl.DataFrame, at: float = 5.0, *, samples: int = 200, seed: int = 1
) -> tuple[float, float]:
    """95 % limits of the flow method by resampling patients (Silcocks & Robinson).

    >>> patients = pl.DataFrame({"days": [100, 400, 800, 2000] * 20, "dead": [True, True, False, False] * 20,
    ...     "mentioned": [True, False, None, None] * 20, "registered_after": [None, 30, 200, 500] * 20})
    >>> low, high = flow_limits(patients, samples=20)
    >>> low <= flow_completeness(flow_curves(patients)).value <= high
    True
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(samples):
        drawn = patients[random.integers(0, patients.height, patients.height)]
        found.append(flow_completeness(flow_curves(drawn), at).value)
    low, high = np.quantile(np.array(found, dtype=float), [0.025, 0.975])
    return float(low), float(high)
