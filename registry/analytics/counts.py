"""Count tables: how many, by group; and who was at risk, had the event or was censored at each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.errors import BadInput

By = str | Sequence[str] | None


def names(by: By) -> list[str]:
    """Grouping columns as a list.

    >>> names(None), names("stage"), names(("stage", "sex"))
    ([], ['stage'], ['stage', 'sex'])
    """
    return [] if by is None else [by] if isinstance(by, str) else list(by)


def counts_by(frame: pl.DataFrame, by: By = None) -> pl.DataFrame:
    """Number of rows in each group: `by` columns and count (Int64), sorted by group, null last.

    >>> counts_by(pl.DataFrame({"year": [2020, 2021, 2020]}), "year").rows()
    [(2020, 2), (2021, 1)]
    """
    groups = names(by)
    _check_columns(frame, groups)
    count = pl.len().cast(pl.Int64).alias("count")
    if not groups:
        return frame.select(count)
    return frame.group_by(groups).agg(count).sort(groups, nulls_last=True)


def count_table(
    frame: pl.DataFrame, time: str = "months", event: str = "dead", by: By = None
) -> pl.DataFrame:
    """At risk, events and censored at each distinct time of each group, the time 0 included.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed, in any unit.
        event: column that is true when the event ended the observation.
        by: grouping column(s).

    Returns:
        `by`, time, at_risk (still observed just before that time), events, censored (Int64). Sorted by group
        (null last) and time.

    Raises:
        BadInput: a column is missing, or a time or event is unknown, not a number or negative.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> count_table(frame).rows()
    [(0, 4, 0, 0), (2, 4, 1, 0), (5, 3, 1, 1), (9, 1, 0, 1)]
    """
    groups = names(by)
    _check_columns(frame, [time, event, *groups])
    if {"time", "at_risk", "events", "censored"} & set(groups):
        raise BadInput("survival", "a grouping column has the name of a result column", "rename it")
    _check_times(frame, time, event)
    seen = (
        frame.lazy()
        .group_by([*groups, pl.col(time).alias("time")])
        .agg(pl.col(event).cast(pl.Int64).sum().alias("events"), pl.len().cast(pl.Int64).alias("left"))
        .collect()
    )
    start = seen.select(*groups, pl.lit(0).cast(seen.schema["time"]).alias("time")).unique()
    zero = pl.lit(0, pl.Int64)
    if groups or frame.height:
        seen = pl.concat([seen, start.with_columns(zero.alias("events"), zero.alias("left"))])
        seen = seen.group_by([*groups, "time"]).agg(pl.col("events", "left").sum())
    seen = seen.sort([*groups, "time"], nulls_last=True)
    remaining = pl.col("left").cum_sum(reverse=True)
    return seen.select(
        *groups,
        "time",
        (remaining.over(groups) if groups else remaining).alias("at_risk"),
        "events",
        (pl.col("left") - pl.col("events")).alias("censored"),
    )


def number_at_risk(
    frame: pl.DataFrame, times: Sequence[float], by: By = None, *, time: str = "months", event: str = "dead"
) -> pl.DataFrame:
    """The table beneath a survival curve: at risk at each of `times`, events and censorings since the last one.

    Args:
        frame: one row a person, as in `count_table`.
        times: increasing, in the unit of `time`.
        by: grouping column(s).
        time: column of the time observed.
        event: column that is true when the event ended the observation.

    Returns:
        `by`, time (Float64), at_risk (observed for at least that time), events, censored (after the time before
        up to and including this one). Sorted by group and time.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> number_at_risk(frame, [0, 5, 12]).rows()
    [(0.0, 4, 0, 0), (5.0, 3, 2, 1), (12.0, 0, 0, 1)]
    """
    groups = names(by)
    _check_columns(frame, [time, event, *groups])
    _check_times(frame, time, event)
    points = np.asarray(list(times), dtype=float)
    if not points.size:
        raise BadInput("number at risk", "no times were given")
    if (np.diff(points) <= 0).any():
        raise BadInput("number at risk", "the times must increase")
    seen = frame[time].cast(pl.Float64).to_numpy()
    counted = (  # `until`: the first of the times not before one's own; `reached`: how many one was observed for
        frame.lazy()
        .select(
            *groups,
            pl.col(event).cast(pl.Int64).alias("_event"),
            pl.Series("_until", np.searchsorted(points, seen, side="left")),
            pl.Series("_reached", np.searchsorted(points, seen, side="right")),
        )
        .group_by([*groups, "_until", "_reached"])
        .agg(pl.col("_event").sum(), pl.len().cast(pl.Int64).alias("_people"))
        .collect()
    )
    rows = []
    for place, point in enumerate(points.tolist()):
        now = pl.col("_until") == place
        wanted = [
            pl.lit(point).alias("time"),
            pl.col("_people").filter(pl.col("_reached") > place).sum().alias("at_risk"),
            pl.col("_event").filter(now).sum().alias("events"),
            (pl.col("_people") - pl.col("_event")).filter(now).sum().alias("censored"),
        ]
        rows.append(counted.group_by(groups).agg(wanted) if groups else counted.select(wanted))
    return pl.concat(rows).sort([*groups, "time"], nulls_last=True)


def _check_columns(frame: pl.DataFrame, wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in frame.columns]:
        raise BadInput("analytics", f"there is no column {', '.join(missing)}", "check the name")


def _check_times(frame: pl.DataFrame, time: str, event: str) -> None:
    if not frame.schema[time].is_numeric():
        raise BadInput("survival", f"{time} is {frame.schema[time]}, a number is expected")
    if frame.schema[event] != pl.Boolean and not frame.schema[event].is_integer():
        raise BadInput("survival", f"{event} is {frame.schema[event]}, true/false or 0/1 is expected")
    sound = pl.col(time).is_finite() & (pl.col(time) >= 0) & pl.col(event).cast(pl.Int64).is_between(0, 1)
    bad = frame.height - (frame.select(sound.fill_null(False).sum()).item() if frame.height else 0)
    if bad:
        raise BadInput("survival", f"{bad} rows have no usable {time} or {event}", "leave them out first")
