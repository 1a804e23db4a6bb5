"""Conditional net survival: net survival over a further time for those who have already lived so long.

NS(further | after) = NS(after + further) / NS(after). Source: Henson DE, Ries LA, Cancer 1995;76:237-242; Janssen-Heijnen MLG
et al., Ann Oncol 2010;21:2035-2043.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import Period
from registry.analytics.relative.pohar_perme import last_day, pohar_perme
from registry.errors import BadInput


def conditional_net_survival(
    frame: pl.DataFrame,
    life_table: LifeTable,
    after: Sequence[float],
    further: Sequence[float],
    by: By = None,
    period: Period = None,
    level: float = 0.95,
    **columns: Any,
) -> pl.DataFrame:
    """Net survival (Pohar Perme) over `further` days of those alive `after` days.

    Args:
        frame, life_table, by, period, level, **columns: as in `net_survival`.
        after: days already survived.
        further: days from then on; every combination is answered.

    Returns:
        `by`, after, further, at_risk (at `after`), at_risk_then (at `after` + `further`), events (deaths in between), survival,
        std_error (of log survival), lower, upper. Null where nobody is at risk at `after`.

    Raises:
        BadInput: as `net_survival`.

    >>> import datetime as dt
    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100, 400, 900], "dead": [True, True, False], "start": [day] * 3, "sex": ["1"] * 3,
    ...     "born": [dt.date(1940, 1, 1)] * 3})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [0.0]}))
    >>> conditional_net_survival(people, table, [365], [365])["survival"].item()
    0.5
    """
    names = curves.names_of(columns)
    later = curves.check_times(after) or []
    beyond = curves.check_times(further) or []
    if not later or not beyond:
        raise BadInput("conditional survival", "needs days already survived and days from then on")
    quantile = curves.check_level(level)
    who = people.read(frame, life_table, names, by, period)
    rows: list[dict[str, Any]] = []
    for number, part in who.by_group():
        days = last_day(part, [max(later) + max(beyond)])
        curve = pohar_perme(sums.daily(part, life_table, days))
        group = who.groups.row(number, named=True) if who.groups.columns else {}
        rows += [group | _one(curve, begin, more, quantile) for begin in later for more in beyond]
    schema: dict[str, Any] = {
        **who.groups.schema, "after": pl.Float64, "further": pl.Float64, "at_risk": pl.Int64,
        "at_risk_then": pl.Int64, "events": pl.Int64, "survival": pl.Float64, "std_error": pl.Float64, "lower": pl.Float64, "upper": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _one(curve: curves.Curve, begin: float, more: float, quantile: float) -> dict[str, Any]:
    first, last = curve.day(begin), curve.day(begin + more)
    at_risk, then = (
        int(curve.at_risk[min(int(np.ceil(time)), len(curve.at_risk) - 1)]) for time in (begin, begin + more)
    )
    found: dict[str, Any] = {
        "after": begin, "further": more, "at_risk": at_risk, "at_risk_then": then,
        "events": int(curve.events[last] - curve.events[first]),
    }  # fmt: skip
    if not at_risk or not curve.survival[first] > 0:
        return found | dict.fromkeys(("survival", "std_error", "lower", "upper"))
    survival = float(curve.survival[last] / curve.survival[first])
    error = float(np.sqrt(max(0.0, curve.error[last] ** 2 - curve.error[first] ** 2)))
    spread = float(np.exp(quantile * error))
    return found | {
        "survival": survival, "std_error": error, "lower": survival / spread, "upper": survival * spread,
    }  # fmt: skip
