"""Limited-duration prevalence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from registry.analytics import incidence
from registry.analytics.cohorts import INCIDENCE
from registry.analytics.disclosure import publish_rates
from registry.analytics.incidence.prevalence import WHICH
from registry.analytics.incidence.rates import PER
from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.statistics import denominators
from registry.service.statistics.rate_counts import SEX_OF_SITE, divisions
from registry.service.statistics.rate_measures import wrong_sex
from registry.service.statistics.rates import margins, rounded
from registry.service.statistics.study import Study, study

Definition = Mapping[str, Any] | str | None
BY: Final = ("site_group", "sex", "race", "state", "county", "age_group", "stage")
"""Divisions; the age group is that at diagnosis, and has no denominator."""
DURATIONS: Final = (1, 3, 5, 10, 20)
YOUNG, OLD = 60, 70
SAID: Final = {
    "persons": "each person was counted once in a division",
    "first": "only people whose first tumor it is were counted",
    "tumors": "every tumor was counted",
}


@operation("prevalence.table")
def table(
    context: Context,
    at: str | dt.date | None = None,
    durations: Sequence[int] = DURATIONS,
    by: Sequence[str] = ("site_group",),
    which: str = "persons",
    cohort: Definition = None,
    source: str | None = None,
    site: str | None = None,
    sex: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """People alive on a day who were diagnosed within the years before it (counting method), small numbers hidden.

    Args:
        at: the day; default 1 January of the year before the day asked about.
        durations: whole years; only those that the registry's diagnoses reach back to are answered.
        by: divisions: site_group (or site), sex, race, state, county, age_group (or age; at diagnosis), stage.
        which: persons, first (first tumors only) or tumors.
        cohort: definition, name or link; default all malignant tumors. Its years narrow the diagnoses.
        source: population; default the one in use. Accounts held to facilities get counts without rates.
        site, sex: narrow the cohort.
        profile, as_of: as in `rates.table`.

    Returns:
        {table: by, years, count (prevalent, whole number), lost_share (per cent of it that is estimated, of those lost to follow-up),
        lower, upper (of the count), population, rate, rate_lower, rate_upper (per 100,000, null without a population),
        hidden; at, durations, which, source, missing, exclusions, methods, provenance, threshold, note}.

    Raises:
        BadInput: an unknown word, or a day after the data cut-off.
    """
    divided = divisions(by)
    if unknown := [name for name in divided if name not in BY]:
        raise BadInput("prevalence", f"cannot divide by {unknown[0]!r}", f"use {', '.join(BY)}")
    if which not in WHICH:
        raise BadInput("prevalence", f"there is no way to count {which!r}", f"use {', '.join(WHICH)}")
    found = study(context, cohort, as_of=as_of, profile=profile, default=INCIDENCE, sites=site, sexes=sex)
    day = dt.date(found.as_of.year - 1, 1, 1) if at is None else context.day(at)
    if day > found.as_of:
        raise BadInput("prevalence", "the day lies after the data cut-off", "choose an earlier day")
    divided = ["state", *(name for name in divided if name != "state")] if "county" in divided else divided
    frame, flow = _cases(found, day)
    people, missing = _people(context, found, divided, day, source)
    if people is not None:
        frame, flow = _inside(frame, flow, people.area, by_county="county" in divided)
    reach = _reach(frame, day, durations)
    counts = _counted(frame, day, reach, divided, which)
    values = _with_rates(counts, people, divided)
    keys = [*divided, "years"]
    rates = ("rate", "rate_lower", "rate_upper", "lower", "upper", "lost_share")
    shown = publish_rates(
        values,
        rates=rates,
        by=keys,
        parents=None,
        margins=[["years", *kept] for kept in _totals(divided)],
        profile=found.rule,
    )
    shown = _steps(shown, divided, found.rule.threshold)
    study_left = replace(found, flow=flow)
    name = people.source if people else None
    return {
        "table": rounded(shown), "at": day, "durations": reach, "which": which, "by": divided, "source": name,
        "missing": missing, "note": _note(day, which, reach, found, name),
        **study_left.answer(
            f"Prevalence on {day} counts people alive on that day who were diagnosed within so many years before it; {SAID[which]}. "
            "Those lost to follow-up before count with the probability of having lived until then, estimated (Kaplan-Meier) "
            "from people of the same site group, sex and age (below 60, 60-69, 70 and over). Limits take the count as Poisson."
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class Living:
    """A population on a day: its name, rows (divisions, sex, population), and area (state, county)."""

    source: str
    rows: pl.DataFrame
    area: pl.DataFrame


def _inside(
    frame: pl.DataFrame, flow: pl.DataFrame, area: pl.DataFrame, *, by_county: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cases of the population's area, and the flow to them."""
    pairs = frame.select("state", "county").unique().sort("state", "county", nulls_last=True)
    placed = pairs.filter(denominators.inside(pairs, area, by_county=by_county))
    kept = frame.join(placed, on=["state", "county"], how="semi", nulls_equal=True)
    step = (flow.height, "living outside the population's area", frame.height - kept.height, kept.height)
    return kept, pl.DataFrame([*flow.rows(), step], schema=flow.schema, orient="row")


def _cases(found: Study, day: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tumors diagnosed before the day whose people could be followed, and the flow to them."""
    flow = [*found.flow.rows()]
    frame = found.frame
    for reason, kept in (
        ("no date of diagnosis", pl.col("diagnosed").is_not_null()),
        (f"diagnosed on or after {day}", pl.col("diagnosed") < day),
        (
            "known from death certificate or autopsy only",
            ~pl.col("reporting_source").is_in([6, 7]).fill_null(False),
        ),
    ):
        before = frame.height
        frame = frame.with_columns(kept.fill_null(False).alias("_kept")).filter("_kept").drop("_kept")
        flow.append((len(flow), reason, before - frame.height, frame.height))
    age = pl.col("age").fill_null(OLD)
    cases = frame.with_columns(
        pl.col("diagnosed").alias("start"),
        pl.min_horizontal("last_contact", pl.lit(found.as_of)).alias("end"),
        (pl.col("dead").fill_null(False) & (pl.col("last_contact") <= found.as_of).fill_null(False)).alias(
            "dead"
        ),
        ((age >= YOUNG).cast(pl.Int8) + (age >= OLD).cast(pl.Int8)).alias("age_class"),
        *(
            pl.col(name).cast(pl.String)
            for name in ("site_group", "sex", "race", "state", "county", "age_group", "stage")
        ),
    )
    return cases, pl.DataFrame(flow, schema=found.flow.schema, orient="row")


def _reach(frame: pl.DataFrame, day: dt.date, durations: Sequence[int]) -> list[int]:
    """Durations over which there are diagnoses; the shortest asked for at least."""
    wanted = sorted({int(years) for years in durations if int(years) >= 1})
    if not wanted:
        raise BadInput("prevalence", "no duration of at least a year was given", "such as 1, 5, 10")
    if frame.is_empty():
        return wanted
    first = frame["start"].dt.year().min()
    return [years for years in wanted if day.year - years >= int(first)] or wanted[:1]  # type: ignore[arg-type]


def _counted(frame: pl.DataFrame, day: dt.date, reach: list[int], by: list[str], which: str) -> pl.DataFrame:
    alike = ["site_group", "sex", "age_class"]
    found = incidence.limited_duration_prevalence(frame, day, reach, by, which, alike)  # type: ignore[arg-type]
    total = pl.col("prevalent")
    return found.filter(~wrong_sex(found)).select(
        *by,
        "years",
        total.round().cast(pl.Int64).alias("count"),
        pl.when(total > 0).then(100 * pl.col("lost_alive") / total).round(0).alias("lost_share"),
        "lower",
        "upper",
        total.alias("_exact"),
    )


def _people(
    context: Context, found: Study, by: list[str], day: dt.date, source: str | None
) -> tuple[Living | None, pl.DataFrame]:
    """The population on the day, or why there is none."""
    schema = {"what": pl.String, "reason": pl.String}

    def without(why: str) -> tuple[None, pl.DataFrame]:
        return None, pl.DataFrame([("population", why)], schema=schema, orient="row")

    if context.actor.facilities is not None:
        return without("a facility's patients have no population of their own")
    if {"age_group", "stage"} & set(by):
        return without(f"not known by {', '.join(sorted({'age_group', 'stage'} & set(by)))} on the day")
    try:
        people = denominators.people(context, found.cohort, by, source)
    except BadInput as error:
        return without(str(error))
    if people.source == denominators.NONE:
        return without("none is loaded (registry stats population load FILE --source NAME)")
    # A population of a year is that of its middle: on 1 January it is half way between two of them.
    years = [day.year - 1, day.year] if (day.month, day.day) == (1, 1) else [day.year]
    known = [year for year in years if year in set(people.rows["year"]) and year not in people.partial]
    if not known:
        return without(f"{people.source} has none of {day.year}")
    divided = [name for name in by if name in ("sex", "race", "state", "county")]
    rows = people.rows.filter(pl.col("year").is_in(known))
    summed = rows.group_by([*divided, *({"sex"} - set(divided))]).agg(
        (pl.col("population").sum() / len(known)).alias("population")
    )
    return Living(people.source, summed, people.area), pl.DataFrame(schema=schema)


def _with_rates(counts: pl.DataFrame, people: Living | None, by: list[str]) -> pl.DataFrame:
    """Counts with the population and rates per 100,000, of one sex where only one has the site."""
    if people is None:
        blank = pl.lit(None, pl.Float64)
        table = counts.with_columns(blank.alias("population"))
    else:
        rows = people.rows
        divided = [name for name in rows.columns if name in by]
        own = pl.lit(None, pl.String)
        if "site_group" in by and "sex" not in by:
            own = pl.col("site_group").replace_strict(SEX_OF_SITE, default=None, return_dtype=pl.String)
        parts = []
        for sex in (None, "1", "2"):
            chosen = counts.filter(own.is_null() if sex is None else (own == sex).fill_null(False))
            some = rows if sex is None else rows.filter(pl.col("sex") == sex)
            total = (
                some.group_by(divided).agg(pl.col("population").sum())
                if divided
                else some.select(pl.col("population").sum())
            )
            joined = (
                chosen.join(total, on=divided, how="left") if divided else chosen.join(total, how="cross")
            )
            parts.append(joined)
        table = pl.concat(parts).sort([*by, "years"], nulls_last=True)
    scale = pl.when(pl.col("population") > 0).then(PER / pl.col("population"))
    return table.with_columns(
        (pl.col("_exact") * scale).alias("rate"),
        (pl.col("lower") * scale).alias("rate_lower"),
        (pl.col("upper") * scale).alias("rate_upper"),
    ).drop("_exact")


def _totals(by: list[str]) -> list[list[str]]:
    """Columns of the totals that other questions would publish, besides the duration."""
    return [list(kept or []) for kept in margins(by)] if by else []


def _steps(shown: pl.DataFrame, by: list[str], threshold: int) -> pl.DataFrame:
    """Hide a duration that differs by a few people from the next shorter one that is shown."""
    counts, hidden = shown["count"].to_list(), shown["hidden"].to_list()
    keys = shown.select(by).rows() if by else [()] * shown.height
    last: dict[tuple[Any, ...], int] = {}
    for place, (key, count) in enumerate(zip(keys, counts, strict=True)):
        if hidden[place] or count is None:
            continue
        if 0 < count - last.get(key, 0) < threshold and last.get(key, 0):
            hidden[place] = True
        else:
            last[key] = count
    flag = pl.Series("hidden", hidden, dtype=pl.Boolean)
    numbers = ["count", "lost_share", "lower", "upper", "rate", "rate_lower", "rate_upper"]
    return shown.with_columns(flag).with_columns(pl.when(~pl.col("hidden")).then(pl.col(numbers)).name.keep())


def _note(day: dt.date, which: str, reach: list[int], found: Study, source: str | None) -> str:
    people = f"population {source}" if source else "no population"
    return (
        f"Prevalence on {day}, {SAID[which]}; durations up to {max(reach)} years; {people}; counts below "
        f"{found.rule.threshold} are not shown, nor what would give them away."
    )
