"""How the mix of stages shifted between periods, and what survival says when the mix is held still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from registry import analytics
from registry.analytics.disclosure import Profile, publish_counts, publish_curve
from registry.analytics.outcomes import stage_mix
from registry.analytics.stages import GROUPS, STAGED, comparability
from registry.analytics.stages.summary import UNKNOWN
from registry.errors import BadInput
from registry.service.statistics.outcome_cases import Cases
from registry.service.statistics.survival_groups import DAYS_PER_YEAR

SPAN: Final = 5
ALL_STAGES: Final = "All stages"
_KNOWN, _EVERYBODY = "Known stages", "Everybody"
_SHARES: Final = ("percent", "lower", "upper", "change", "change_lower", "change_upper")


def answer(found: Cases, periods: Sequence[Sequence[int]] | None, years: float) -> dict[str, Any]:
    """The answer of `outcomes.migration` from followed people with stage and year."""
    if not 0 < years <= 20:
        raise BadInput("years", "of survival are not between 0 and 20")
    rule = found.found.rule
    wanted = [_span(one) for one in periods] if periods else _spans(found.frame["year"])
    if not wanted:
        wanted = [(found.found.as_of.year, found.found.as_of.year)]
    migration = stage_mix.stage_migration(found.frame, wanted)
    lived = _survival(found.frame, wanted, years)
    shown = publish_curve(
        lived.rename({"events": "deaths"}), ["period", "stage"], rule, values=("survival", "lower", "upper"), events="deaths",
        keep_rows=True,
    )  # fmt: skip
    ordered = _in_order(shown.drop("time"))
    within = found.frame.filter(pl.any_horizontal(pl.col("year").is_between(*one) for one in wanted))
    shares = _published(migration, rule)
    whole = not shares["hidden"].any()  # what is worked out from all shares tells of those that are hidden
    found = replace(found, found=found.found.counting(within.height, "diagnosed in none of the periods"))
    warnings = [
        stage_mix.caution(migration),
        comparability(within["stage_era"].drop_nulls().cast(pl.String).unique()),
    ]
    sentences = (
        f"Survival after {years:g} years was estimated by Kaplan-Meier in each stage and period, and averaged over the stages "
        "that every period shows, with their mix in all periods together; changes of shares have Newcombe's limits (95 %)."
    )
    return {
        "shares": shares, "survival": ordered, "adjusted": _adjusted(ordered, within, wanted, whole=whole),
        "moved": stage_mix.moved(migration) if whole else None, "years": years,
        **found.beside(shares).answer(sentences),
        "notes": [*found.notes, *(told for told in warnings if told)], "groups": [_name(one) for one in wanted],
    }  # fmt: skip


def _span(given: Sequence[int]) -> tuple[int, int]:
    if len(given) != 2:
        raise BadInput("periods", "are pairs of a first and a last year", "give them as 2010-2014,2015-2019")
    return int(given[0]), int(given[1])


def _spans(years: pl.Series) -> list[tuple[int, int]]:
    """Spans of five years that end in 4 and 9, cut to the years that occur."""
    known = years.drop_nulls()
    low, high = known.min(), known.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return []
    starts = range(low // SPAN * SPAN, high + 1, SPAN)
    return [(max(start, low), min(start + SPAN - 1, high)) for start in starts]


def _name(one: tuple[int, int]) -> str:
    return f"{one[0]}-{one[1]}"


def _survival(frame: pl.DataFrame, periods: list[tuple[int, int]], years: float) -> pl.DataFrame:
    """period, stage (with all together), time, at_risk, events, survival, lower, upper after so many years."""
    parts = []
    people = frame.select(
        pl.col("stage").cast(pl.String),
        "year",
        "dead",
        pl.when(pl.col("days") == 0).then(1).otherwise(2 * pl.col("days")).cast(pl.Int32).alias("half_days"),
    )
    for one in periods:
        within = people.filter(pl.col("year").is_between(*one))
        both = pl.concat(
            [
                within.filter(pl.col("stage").is_in(STAGED)),
                within.with_columns(pl.lit(ALL_STAGES).alias("stage")),
            ]
        )
        if both.is_empty():
            continue
        curve = analytics.kaplan_meier(both, time="half_days", event="dead", by="stage")
        points = analytics.survival_at(curve, [2 * DAYS_PER_YEAR * years], by="stage")
        parts.append(points.with_columns(pl.lit(_name(one)).alias("period")))
    columns = ["period", "stage", "time", "at_risk", "events", "survival", "lower", "upper"]
    if parts:
        return pl.concat(parts).select(columns)
    numbers = {"time": pl.Float64, "at_risk": pl.Int64, "events": pl.Int64, "survival": pl.Float64}
    return pl.DataFrame(
        schema={"period": pl.String, "stage": pl.String, **numbers, "lower": pl.Float64, "upper": pl.Float64}
    )


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    places = {name: place for place, name in enumerate([*GROUPS, ALL_STAGES])}
    return table.sort("period", pl.col("stage").replace_strict(places, default=len(places)))


def _adjusted(
    survival: pl.DataFrame, within: pl.DataFrame, periods: list[tuple[int, int]], *, whole: bool
) -> pl.DataFrame:
    """period, survival (all stages, as observed), adjusted: to one mix of the stages that every period with any shows."""
    names = pl.DataFrame({"period": [_name(one) for one in periods]}, schema={"period": pl.String})
    shown = survival.filter(pl.col("survival").is_not_null())
    stages = shown.filter(pl.col("stage") != ALL_STAGES)
    periods_shown = stages["period"].n_unique()
    common = stages.group_by("stage").agg(pl.len().alias("n")).filter(pl.col("n") == periods_shown)["stage"]
    mix = within.select(pl.col("stage").cast(pl.String)).filter(pl.col("stage").is_in(common.implode()))
    weights = mix.group_by("stage").agg(pl.len().alias("weight"))
    adjusted = stage_mix.adjusted_to_mix(
        stages.select(pl.col("period").alias("group"), "stage", "survival"), weights
    )
    observed = shown.filter(pl.col("stage") == ALL_STAGES).select("period", "survival")
    joined = names.join(observed, on="period", how="left", maintain_order="left")
    weighted = pl.col("adjusted") if whole else pl.lit(None, pl.Float64).alias("adjusted")
    return joined.join(
        adjusted.select(pl.col("group").alias("period"), weighted),
        on="period",
        how="left",
        maintain_order="left",
    )


def _published(migration: pl.DataFrame, rule: Profile) -> pl.DataFrame:
    """Shares with small numbers hidden; those of known stages where the number of known ones may be told."""
    rows = migration.select("stage", "period", "count", "total", *_SHARES)
    is_known = pl.col("stage") != UNKNOWN
    known = rows.filter(is_known).group_by("period", maintain_order=True).agg(pl.col("total").first())
    everybody = rows.filter(~is_known).select("period", "total")
    sums = pl.concat([
        table.select(pl.lit(label).alias("stage"), "period", pl.col("total").alias("count"))
        for label, table in ((_KNOWN, known), (_EVERYBODY, everybody))
    ])  # fmt: skip
    parents = {name: _KNOWN for name in rows["stage"].unique() if name != UNKNOWN} | {
        UNKNOWN: _EVERYBODY,
        _KNOWN: _EVERYBODY,
    }
    shown = publish_counts(
        pl.concat([rows, sums], how="diagonal"),
        by=["stage", "period"],
        parents={"stage": parents},
        profile=rule,
        also=_SHARES,
    )
    of = shown.filter(pl.col("stage").is_in([_KNOWN, _EVERYBODY])).select(
        pl.col("stage").alias("_of"), "period", pl.col("count").alias("total")
    )
    cells = shown.head(rows.height).drop("total").with_columns(
        pl.when(is_known).then(pl.lit(_KNOWN)).otherwise(pl.lit(_EVERYBODY)).alias("_of")
    )  # fmt: skip
    cells = cells.join(of, on=["_of", "period"], how="left", maintain_order="left")
    untold = pl.col("hidden") | pl.col("total").is_null()
    first = untold.first().over("stage")
    return cells.with_columns(
        *(pl.when(~untold).then(name).alias(name) for name in _SHARES[:3]),
        *(pl.when(~(untold | first)).then(name).alias(name) for name in _SHARES[3:]),
        untold.alias("hidden"),
    ).select("stage", "period", "count", "total", *_SHARES, "hidden")
