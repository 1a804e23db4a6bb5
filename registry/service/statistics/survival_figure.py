"""What a survival figure publishes: curve, numbers at risk, values after some years, median, restricted mean.

Counts below the threshold never leave, and neither does what they could be worked out from (registry.analytics.disclosure).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from registry import analytics
from registry.analytics.disclosure.marked_curve import publish_marked_curve
from registry.analytics.survival.kaplan_meier import Confidence
from registry.service.statistics.survival_groups import DAYS_PER_YEAR, People

YEARS = [1, 2, 3, 5, 10]
AT_RISK_YEARS = [0, 1, 2, 3, 4, 5, 7, 10, 15, 20]
MEAN_YEARS = 5
HALF_DAYS = 2 * DAYS_PER_YEAR
"""Half days in a year: whole numbers, as half a day is the shortest time observed."""
LIMITS = ("lower", "upper")


@dataclass(frozen=True)
class Figure:
    """What an operation answers, before the study's own keys.

    Attributes:
        kind: survival, incidence or hazard. curve: group, (cause), years, estimate, lower, upper.
        at_years: the same with `hidden`. at_risk: group, years, at_risk, hidden. median: group, years, lower, upper.
        mean: group, until (years), years, lower, upper, hidden. notes, sentences: warnings; for the methods text.
    """

    kind: str
    curve: pl.DataFrame
    at_years: pl.DataFrame
    at_risk: pl.DataFrame
    median: pl.DataFrame | None = None
    mean: pl.DataFrame | None = None
    test: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def answer(self, asked: People) -> dict[str, Any]:
        """As a dict, groups as text in their own order."""
        shown = {"curve": self.curve, "at_years": self.at_years, "at_risk": self.at_risk, "median": self.median,
                 "mean": self.mean}  # fmt: skip
        words = pl.col("group").cast(pl.String)
        return {
            "kind": self.kind, "by": asked.by, "groups": asked.groups, "left_out": asked.left_out_shown,
            **{name: None if frame is None else frame.with_columns(words) for name, frame in shown.items()},
            "test": self.test,
            "people": asked.frame.height if asked.frame.height >= asked.found.rule.threshold else None,
            "notes": [*asked.notes, *self.notes],
            **asked.found.answer(*self.sentences),
        }  # fmt: skip


def kaplan_meier(
    asked: People, ci: Confidence, event: str = "dead", what: str = "Observed survival"
) -> Figure:
    """Kaplan–Meier of an event, everybody else censored when last seen."""
    rule = asked.found.rule
    curve = analytics.kaplan_meier(asked.frame, time="half_days", event=event, by="group", confidence=ci)
    seen = curve.filter(pl.col("at_risk") >= rule.threshold)
    median = analytics.median_survival(seen, by="group").rename({"time": "years"})
    return Figure(
        "survival",
        *published(curve, asked, "survival"),
        at_risk(asked, event),
        median.with_columns(pl.col("years", *LIMITS) / HALF_DAYS),
        restricted(asked, event),
        sentences=[
            f"{what} was estimated by the product-limit method of Kaplan and Meier, with 95 % limits on the {ci} scale "
            "(Greenwood)."
        ],
    )


def hazard(asked: People, ci: Confidence) -> Figure:
    """Cumulative hazard of death by Nelson–Aalen; limits on the log scale."""
    curve = analytics.nelson_aalen(asked.frame, time="half_days", by="group")
    spread = pl.when(pl.col("hazard") > 0).then(
        (1.959963984540054 * pl.col("std_error") / pl.col("hazard")).exp()
    )
    curve = curve.with_columns(lower=pl.col("hazard") / spread, upper=pl.col("hazard") * spread)
    return Figure(
        "hazard",
        *published(curve, asked, "hazard"),
        at_risk(asked, "dead"),
        sentences=[
            "The cumulative hazard of death was estimated by Nelson and Aalen, with 95 % limits on the log scale."
        ],
    )


def actuarial(asked: People, ci: Confidence) -> Figure:
    """Actuarial life table in months, as SEER*Stat counts them."""
    month = HALF_DAYS / 12
    table = analytics.actuarial(asked.frame, time="half_days", by="group", interval=month, confidence=ci)
    curve = table.rename({"end": "time"}).with_columns(at_risk=pl.col("at_start"))
    curve = curve.select("group", "time", "at_risk", "events", "censored", "survival", "lower", "upper")
    return Figure(
        "survival",
        *published(curve, asked, "survival"),
        at_risk(asked, "dead"),
        sentences=[
            "Observed survival was estimated by the actuarial method in intervals of one month, those censored in an "
            f"interval counted for half of it, with 95 % limits on the {ci} scale (Greenwood)."
        ],
    )


def conditional(asked: People, ci: Confidence, given: float) -> Figure:
    """Survival of those who lived `given` years already; years count from diagnosis."""
    start = given * HALF_DAYS
    left = asked.frame.filter(pl.col("half_days") > start)
    largest = left["half_days"].max()
    steps = [start] if not isinstance(largest, int) else _steps(start, largest)
    table = analytics.conditional_survival(
        asked.frame, start, steps, time="half_days", by="group", confidence=ci
    )
    counted = analytics.number_at_risk(
        asked.frame, [0.0, *steps] if start > 0 else steps, by="group", time="half_days"
    )
    table = table.drop("at_risk").join(counted, on=["group", "time"], how="left", maintain_order="left")
    years: list[float] = [year for year in YEARS if year > given] or [given + 1]
    return Figure(
        "survival",
        *published(table, asked, "survival", years=years),
        at_risk(asked, "dead"),
        sentences=[
            f"Survival of those alive {given:g} years after diagnosis was estimated by Kaplan and Meier from the people "
            f"still observed then, with 95 % limits on the {ci} scale."
        ],
    )


def _steps(start: float, end: int) -> list[float]:
    """Months from the start of the curve to its end."""
    month = HALF_DAYS / 12
    return [start + month * place for place in range(int((end - start) // month) + 1)]


def restricted(asked: People, event: str) -> pl.DataFrame:
    """Mean time lived within MEAN_YEARS, hidden where few were observed for so long."""
    table = analytics.restricted_mean(
        asked.frame, MEAN_YEARS * HALF_DAYS, time="half_days", event=event, by="group"
    )
    until = asked.frame.filter(pl.col("half_days") >= MEAN_YEARS * HALF_DAYS)
    observed = until.group_by("group").agg(pl.len().alias("at_risk"))
    table = table.join(observed, on="group", how="left", maintain_order="left")
    hidden = (pl.col("at_risk") < asked.found.rule.threshold).fill_null(True)
    return table.with_columns(hidden.alias("hidden")).select(
        "group",
        (pl.col("until") / HALF_DAYS).alias("until"),
        *(
            pl.when(~pl.col("hidden")).then(pl.col(name) / HALF_DAYS).alias(shown)
            for name, shown in (("mean", "years"), ("lower", "lower"), ("upper", "upper"))
        ),
        "hidden",
    )


def published(
    curve: pl.DataFrame,
    asked: People,
    value: str,
    *,
    years: Sequence[float] = YEARS,
    events: Sequence[str] = ("events",),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Points of a curve, and its values after some years, that may be shown together: see `publish_marked_curve`.

    Returns:
        group, years, estimate, lower, upper; and the same with hidden.
    """
    points, marked = publish_marked_curve(
        curve,
        [HALF_DAYS * year for year in years],
        "group",
        asked.found.rule,
        values=[value, *LIMITS],
        events=events,
    )
    time = (pl.col("time") / HALF_DAYS).alias("years")
    columns = [pl.col("group"), time, pl.col(value).alias("estimate"), *(pl.col(name) for name in LIMITS)]
    return points.select(columns), marked.select(*columns, "hidden")


def at_risk(asked: People, event: str) -> pl.DataFrame:
    """Numbers beneath the curve: group, years, at_risk, hidden."""
    longest = asked.frame["half_days"].max()
    reached = float(longest) / HALF_DAYS if isinstance(longest, int) else 0.0
    years = [year for year in AT_RISK_YEARS if year == 0 or year <= reached]
    table = analytics.number_at_risk(
        asked.frame, [HALF_DAYS * year for year in years], by="group", time="half_days", event=event
    )
    shown = analytics.publish_at_risk(table, "group", asked.found.rule)
    years_shown = (pl.col("time") / HALF_DAYS).alias("years")
    return shown.select("group", years_shown, "at_risk", pl.col("at_risk").is_null().alias("hidden"))


def at_risk_within(curve: pl.DataFrame, asked: People) -> pl.DataFrame:
    """As `at_risk`, of those under observation in a window of follow-up: from the curve's own rows at whole years."""
    years = pl.col("time") / HALF_DAYS
    rows = curve.filter(years.is_in([float(year) for year in AT_RISK_YEARS])).select(
        "group", "time", "at_risk"
    )
    shown = analytics.publish_at_risk(rows, "group", asked.found.rule)
    return shown.select("group", years.alias("years"), "at_risk", pl.col("at_risk").is_null().alias("hidden"))


def with_notes(figure: Figure, notes: Sequence[str] = (), sentences: Sequence[str] = ()) -> Figure:
    """The figure with further words."""
    return replace(figure, notes=[*figure.notes, *notes], sentences=[*figure.sentences, *sentences])
