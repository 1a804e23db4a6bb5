"""Deaths of the population beside the registry's cases: the mortality-to-incidence ratio."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry.analytics import incidence
from registry.analytics.disclosure import publish_counts
from registry.errors import BadInput
from registry.service.statistics import denominators
from registry.service.statistics.population import in_use
from registry.service.statistics.study import Study

if TYPE_CHECKING:
    from registry.service.operations import Context

BY: Final = ("site_group", "year", "sex", "state", "county")
UNKNOWN_TO_DEATHS: Final = (
    "primary_sites",
    "histologies",
    "races",
    "hispanic",
    "stages",
    "facilities",
    "analytic",
)


def answer(context: Context, found: Study, by: list[str], mortality: str | None) -> dict[str, Any]:
    """The table and its provenance; see `rates.mortality_incidence`."""
    _check(found, by)
    by = ["state", *(name for name in by if name != "state")] if "county" in by else by
    source = in_use(context, "mortality", mortality)
    deaths = _deaths(context, found, source)
    frame = found.frame.filter(pl.col("sex").cast(pl.String).is_in(denominators.SEXES)).select(
        pl.col("site_group", "sex", "state", "county").cast(pl.String), pl.col("year").cast(pl.Int32)
    )
    cases, missing = _matched(frame, deaths, source, by)
    flow = [
        *found.flow.rows(),
        (
            found.flow.height,
            "in a place, year or site without deaths",
            found.frame.height - cases.height,
            cases.height,
        ),
    ]
    counted = replace(found, flow=pl.DataFrame(flow, schema=found.flow.schema, orient="row"))
    counts = (
        cases.group_by(by).agg(pl.len().cast(pl.Int64).alias("cases"))
        if by
        else cases.select(pl.len().cast(pl.Int64).alias("cases"))
    )
    died = deaths.group_by(by).agg(pl.col("deaths").sum()) if by else deaths.select(pl.col("deaths").sum())
    both = (
        counts.join(died, on=by, how="full", coalesce=True, nulls_equal=True) if by
        else pl.concat([counts, died], how="horizontal")
    ).with_columns(pl.col("cases", "deaths").fill_null(0))  # fmt: skip
    if both.is_empty() or source is None:
        both = both.clear()
    table = incidence.mortality_incidence(both, by).with_columns(pl.col("deaths", "cases").cast(pl.Int64))
    numbers = ["ratio", "lower", "upper"]
    rule = found.rule
    # Deaths are public counts of another source; they are held to the same rule.
    shown = publish_counts(table, "cases", by=by, margins=[None], profile=rule, also=numbers, more=["deaths"])
    return {
        "table": shown.with_columns(pl.col(numbers).round_sig_figs(4)), "by": by, "source": source, "missing": missing,
        **counted.beside(table["cases"], shown["hidden"]).answer(
            "The mortality-to-incidence ratio divides deaths of the population by new cases of the same sites, places, years "
            "and sexes; limits are log-normal."
        ),
    }  # fmt: skip


def _check(found: Study, by: list[str]) -> None:
    if unknown := [name for name in by if name not in BY]:
        raise BadInput(
            "rates.mortality_incidence", f"cannot divide by {unknown[0]!r}", f"use {', '.join(BY)}"
        )
    cohort = found.cohort
    if cohort.ages != (None, None) or (told := [name for name in UNKNOWN_TO_DEATHS if getattr(cohort, name)]):
        what = "ages" if cohort.ages != (None, None) else told[0]
        raise BadInput(
            "rates.mortality_incidence",
            f"the cohort selects by {what}, which deaths are not counted by",
            "leave that out",
        )


def _deaths(context: Context, found: Study, source: str | None) -> pl.DataFrame:
    """Deaths that the cohort's sites, sexes, years and places select."""
    rows = context.store.query(
        "SELECT site_group, state, county, year, sex, sum(deaths)::BIGINT AS deaths FROM mortality WHERE source = ? "
        "GROUP BY ALL ORDER BY ALL",
        [source],
    )
    cohort = found.cohort
    for column, values in (
        ("site_group", cohort.sites),
        ("sex", cohort.sexes),
        ("state", cohort.states),
        ("county", cohort.counties),
    ):
        if values:
            rows = rows.filter(pl.col(column).is_in(list(values)))
    low, high = cohort.years
    return rows.filter((pl.col("year") >= (low or 0)) & (pl.col("year") <= (high or 9999)))


def _matched(
    frame: pl.DataFrame, deaths: pl.DataFrame, source: str | None, by: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cases of sites, years and places that the table of deaths covers, and the years that it does not."""
    if source is None:
        missing = [
            ("deaths", "no table of deaths is loaded (registry stats population load FILE --kind mortality)")
        ]
        return frame.clear(), _missing(missing)
    years, sites = set(deaths["year"]), set(deaths["site_group"])
    absent = sorted(set(frame["year"].drop_nulls()) - years)
    kept = frame.filter(pl.col("year").is_in(sorted(years)) & pl.col("site_group").is_in(sorted(sites)))
    pairs = kept.select("state", "county").unique().sort("state", "county", nulls_last=True)
    # Nobody of a site may have died in a county of few people: the area is that of all deaths of the table.
    belongs = denominators.inside(pairs, deaths.select("state", "county").unique(), by_county="county" in by)
    placed = pairs.with_columns(belongs).filter("inside").drop("inside")
    kept = kept.join(placed, on=["state", "county"], how="semi", nulls_equal=True)
    return kept, _missing([(str(year), f"{source} has no deaths of this year") for year in absent])


def _missing(rows: list[tuple[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"what": pl.String, "reason": pl.String}, orient="row")
