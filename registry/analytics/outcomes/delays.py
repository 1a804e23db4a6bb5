"""Time from diagnosis to treatment: percentiles among the treated, and with those who were not treated (yet).

The second kind is one minus Kaplan–Meier: whoever has not begun is observed until last contact, death or the horizon.
Source of the estimator: Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457-481. Days before diagnosis count as day 0, as
in SEER's days to treatment.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

PERCENTILES: Final = [10, 25, 50, 75, 90]
WITHIN: Final = [30, 60, 90, 180]
HORIZON: Final = 365


def time_to(
    frame: pl.DataFrame,
    days: str,
    by: list[str] | None = None,
    *,
    begun: str | None = None,
    followed: str = "followed",
    horizon: int = HORIZON,
) -> pl.DataFrame:
    """Percentiles of the time from diagnosis to a treatment, in days.

    Args:
        frame: one row a tumor.
        days: column of whole days from diagnosis to the treatment; null = not given, or its date is not known.
        by: grouping columns.
        begun: Boolean column: the treatment was given. Given without a known date: counted apart and left out. Without
            this column those with days are the treated.
        followed: column of days from diagnosis to last contact or death; null counts as 0.
        horizon: whoever has not begun by this day is observed to this day at most; later beginnings are no
            beginnings of the first course for the second kind of figures.

    Returns:
        by, total (tumors), treated (with known days), undated (given, date unknown), untreated, p10 … p90 (days among
        the treated: the first day by which that share had begun), begun_30 … begun_180 (per cent of all, by one minus
        Kaplan–Meier), km_p10 … km_p90 (first day by which that share of all had begun; null when it is not reached
        within the horizon), sorted by `by`.

    >>> tumors = pl.DataFrame({"first": [0, 10, 20, None], "followed": [400, 400, 15, 5]})
    >>> found = time_to(tumors, "first").row(0, named=True)
    >>> found["p50"], round(found["begun_30"], 4), found["treated"], found["untreated"]
    (10, 100.0, 3, 1)
    """
    groups = by or []
    known = pl.col(days).is_not_null()
    given = known if begun is None else known | pl.col(begun).fill_null(value=False)
    work = frame.select(
        *groups,
        pl.col(days).cast(pl.Int64).clip(0).alias("_days"),
        given.alias("_given"),
        pl.col(followed).fill_null(0).cast(pl.Int64).clip(0).alias("_followed"),
    )
    if not groups:
        rows = [_group(work, horizon)] if work.height else []
        return pl.DataFrame(rows, schema=_schema())
    keys = work.select(groups).unique().sort(groups, nulls_last=True)
    parts = work.partition_by(groups, as_dict=True)
    rows = [_group(parts[key], horizon) for key in keys.rows()]
    return pl.concat([keys, pl.DataFrame(rows, schema=_schema())], how="horizontal")


def _schema() -> dict[str, type[pl.DataType]]:
    counts = dict.fromkeys(["total", "treated", "undated", "untreated"], pl.Int64)
    days = dict.fromkeys([f"p{p}" for p in PERCENTILES], pl.Int64)
    shares = dict.fromkeys([f"begun_{day}" for day in WITHIN], pl.Float64)
    return {**counts, **days, **shares, **dict.fromkeys([f"km_p{p}" for p in PERCENTILES], pl.Int64)}


def _group(part: pl.DataFrame, horizon: int) -> dict[str, int | float | None]:
    dated = part.filter(pl.col("_days").is_not_null())
    waits = np.sort(dated["_days"].to_numpy())
    untreated = part.filter(~pl.col("_given"))
    row: dict[str, int | float | None] = {
        "total": part.height,
        "treated": dated.height,
        "undated": part.height - dated.height - untreated.height,
        "untreated": untreated.height,
    }
    for percent in PERCENTILES:
        place = -(-percent * waits.size // 100) - 1  # the first day by which at least that share had begun
        row[f"p{percent}"] = int(waits[place]) if waits.size else None
    share = begun_by_day(waits, untreated["_followed"].to_numpy(), horizon)
    for day in WITHIN:
        row[f"begun_{day}"] = None if share is None else 100 * float(share[min(day, horizon)])
    for percent in PERCENTILES:
        reached = np.flatnonzero(share >= percent / 100 - 1e-12) if share is not None else np.empty(0)
        row[f"km_p{percent}"] = int(reached[0]) if reached.size else None
    return row


def begun_by_day(waits: np.ndarray, followed: np.ndarray, horizon: int = HORIZON) -> np.ndarray | None:
    """Share (0-1) of all who had begun by the end of day 0, 1, … horizon; None for nobody.

    Args:
        waits: days to treatment of the treated. followed: days observed of the untreated.

    Someone last seen on a day was still at risk on that day.

    >>> begun_by_day(np.array([1, 3]), np.array([2, 9]), 4).round(4).tolist()
    [0.0, 0.25, 0.25, 0.625, 0.625]
    """
    if not waits.size + followed.size:
        return None
    late = waits > horizon
    begins = np.bincount(waits[~late], minlength=horizon + 1)
    ends = np.minimum(np.concatenate([followed, np.full(int(late.sum()), horizon)]), horizon).astype(np.int64)
    leaves = np.bincount(ends, minlength=horizon + 1)
    gone = np.concatenate([[0], np.cumsum(begins + leaves)[:-1]])
    at_risk = waits.size + followed.size - gone
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.where(at_risk > 0, 1 - begins / np.maximum(at_risk, 1), 1.0)
    return 1 - np.cumprod(step)


def begun_curve(
    frame: pl.DataFrame,
    days: str,
    by: list[str] | None = None,
    *,
    begun: str | None = None,
    followed: str = "followed",
    horizon: int = HORIZON,
) -> pl.DataFrame:
    """The curve of `time_to`: frame[*by, day, at_risk, events, begun (per cent)], days on which somebody began, and day 0.

    Args and rules: see `time_to`.

    >>> tumors = pl.DataFrame({"first": [3, 9, None], "followed": [400, 400, 5]})
    >>> begun_curve(tumors, "first").select("day", "at_risk", "events").rows()
    [(0, 3, 0), (3, 3, 1), (9, 1, 1)]
    """  # fmt: skip
    groups = by or []
    known = pl.col(days).is_not_null()
    given = known if begun is None else known | pl.col(begun).fill_null(value=False)
    work = frame.filter(known | ~given).select(
        *groups,
        pl.col(days).cast(pl.Int64).clip(0).alias("_days"),
        pl.col(followed).fill_null(0).cast(pl.Int64).clip(0).alias("_followed"),
    )
    schema = {name: work.schema[name] for name in groups} | {
        "day": pl.Int64, "at_risk": pl.Int64, "events": pl.Int64, "begun": pl.Float64,
    }  # fmt: skip
    parts = work.partition_by(groups, as_dict=True) if groups else {(): work}
    frames = []
    for key, part in parts.items():
        waits, rest = (
            part["_days"].drop_nulls().to_numpy(),
            part.filter(pl.col("_days").is_null())["_followed"].to_numpy(),
        )
        share = begun_by_day(waits, rest, horizon)
        if share is None:
            continue
        begins = np.bincount(waits[waits <= horizon], minlength=horizon + 1)
        observed = np.minimum(np.concatenate([waits, rest]), horizon)
        left = np.bincount(observed.astype(np.int64), minlength=horizon + 1)
        at_risk = part.height - np.concatenate([[0], np.cumsum(left)[:-1]])
        shown = np.flatnonzero(begins)
        shown = shown if begins[0] else np.concatenate([[0], shown])
        frames.append(pl.DataFrame({
            **dict(zip(groups, ([value] * shown.size for value in key), strict=True)),
            "day": shown, "at_risk": at_risk[shown], "events": begins[shown], "begun": 100 * share[shown],
        }, schema=schema, strict=False))  # fmt: skip
    return pl.concat(frames).sort(*groups, "day", nulls_last=True) if frames else pl.DataFrame(schema=schema)
