"""Survival by cause of death: of this cancer alone, and of the causes that compete."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry import analytics
from registry.analytics.disclosure.marked_curve import publish_marked_curve
from registry.analytics.survival.kaplan_meier import Confidence
from registry.service.statistics.survival_figure import (
    HALF_DAYS,
    LIMITS,
    YEARS,
    Figure,
    at_risk,
    kaplan_meier,
    with_notes,
)
from registry.service.statistics.survival_groups import People

CAUSES = ["this cancer", "other cause"]
SOURCE = "Causes of death were classified by SEER's cause-specific death classification (2008 site recode)."


def of_known_cause(asked: People) -> People:
    """Without those whose cause of death is unknown; `cancer` is true for a death of this cancer."""
    known = asked.without(pl.col("cause") != "unknown", "unknown cause of death")
    frame = known.frame.with_columns((pl.col("cause") == "this cancer").alias("cancer"))
    return People(known.found, frame, known.by, known.left_out)


def cause_specific(asked: People, ci: Confidence) -> Figure:
    """Kaplan–Meier of deaths of this cancer; deaths of other causes are censored."""
    figure = kaplan_meier(asked, ci, event="cancer", what="Cause-specific survival")
    return with_notes(figure, sentences=["Deaths of other causes were censored.", SOURCE])


def competing(asked: People) -> Figure:
    """Cumulative incidence of death of this cancer and of other causes (Aalen–Johansen)."""
    code = (
        pl.when(pl.col("cause") == "this cancer")
        .then(1)
        .when(pl.col("cause") == "other cause")
        .then(2)
        .otherwise(0)
    )
    frame = asked.frame.select("half_days", pl.col("group").to_physical(), code.cast(pl.Int8).alias("code"))
    long = analytics.aalen_johansen(frame, time="half_days", cause="code", by="group")
    curve, marked = _published(long.with_columns(pl.col("group").cat.to(asked.frame["group"].dtype)), asked)
    return Figure(
        "incidence",
        curve,
        marked,
        at_risk(asked, "dead"),
        sentences=[
            "The cumulative incidence of death of this cancer, and of other causes, which compete with it, was estimated "
            "by Aalen and Johansen with 95 % log-log limits.",
            SOURCE,
        ],
    )


def _published(long: pl.DataFrame, asked: People) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both causes at the same points: each cause's events hold the rule."""
    told = long.with_columns(*_with_limits(), pl.col("cause").cast(pl.String))
    columns = ["incidence", *LIMITS, "events"]
    keys = ["group", "time", "at_risk"]
    wide = told.select(keys).unique().sort("group", "time")
    for place in range(len(CAUSES)):
        one = told.filter(pl.col("cause") == str(place + 1))
        one = one.select(*keys, *(pl.col(name).alias(f"{name}_{place}") for name in columns))
        wide = wide.join(one, on=keys, how="left", maintain_order="left")
    numbers = [f"{name}_{place}" for place in range(len(CAUSES)) for name in columns]
    wide = wide.with_columns(pl.col(numbers).fill_null(0))
    values = [name for name in numbers if not name.startswith("events")]
    shown = publish_marked_curve(
        wide, [HALF_DAYS * year for year in YEARS], "group", asked.found.rule, values=values,
        events=[f"events_{place}" for place in range(len(CAUSES))],
    )  # fmt: skip
    points, marked = (by_cause(frame) for frame in shown)
    return points, marked


def by_cause(shown: pl.DataFrame, also: Sequence[str] = ()) -> pl.DataFrame:
    """Rows by group, cause and years of a frame with incidence_0, lower_0 … of the first of CAUSES, and so on.

    Args:
        also: further columns that each cause has.
    """
    flags = [name for name in ("hidden",) if name in shown.columns]
    parts = [
        shown.select(
            "group", pl.lit(cause).alias("cause"), (pl.col("time") / HALF_DAYS).alias("years"),
            pl.col(f"incidence_{place}").alias("estimate"),
            *(pl.col(f"{name}_{place}").alias(name) for name in (*LIMITS, *also)), *flags,
        )
        for place, cause in enumerate(CAUSES)
    ]  # fmt: skip
    return pl.concat(parts).sort("group", "cause", "years", descending=[False, True, False])


def _with_limits() -> list[pl.Expr]:
    """95 % limits on the log(-log) scale from the standard error."""
    value, error = pl.col("incidence"), pl.col("std_error")
    inside = (value > 0) & (value < 1)
    spread = (1.959963984540054 * error / (value * value.log())).exp()
    return [
        pl.when(inside).then(value**power).otherwise(value).alias(name)
        for name, power in (("lower", spread**-1), ("upper", spread))
    ]
