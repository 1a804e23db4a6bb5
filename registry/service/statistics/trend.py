"""Trends of incidence over years, with joinpoints: fitted to rates as they are published, so nothing more is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry.analytics.incidence.delay import SETTLED_MONTHS, delay_flags
from registry.analytics.trend import trends
from registry.analytics.trend.choice import check_choice
from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.statistics import rates
from registry.service.statistics.rate_counts import BY, divisions
from registry.service.statistics.study import Definition

SEXES = {"1": "Male", "2": "Female"}
ALL = "All"
MOST_JOINPOINTS = 5
CHOSEN_BY = {
    "bic": "the Bayesian information criterion",
    "bic3": "BIC3",
    "wbic": "the weighted BIC",
    "permutation": "permutation tests",
}
SAID = (
    "Trends are joinpoint models of the log rates, weighted by their precision, with at most {most} joinpoints, chosen by "
    "{chosen} (Kim and others 2000); limits are 95 % limits. Years that ended less than {months} months before the "
    "cut-off are shown but not fitted; groups with a year that is hidden or without a case are not fitted."
)


@operation("trend.table")
def table(
    context: Context,
    by: str | Sequence[str] | None = None,
    cohort: Definition = None,
    standard: str = "us2000",
    max_joinpoints: int = 3,
    select: str = "bic",
    source: str | None = None,
    site: str | None = None,
    sex: str | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Age-adjusted rates by year and the joinpoint model of each group.

    Args:
        by: one or more of site_group, sex, race, state, county, stage; none = one series.
        cohort: definition, name or link; site, sex, year_from, year_to narrow it.
        standard: standard population. source: population table.
        max_joinpoints: at most 5. select: bic, bic3, wbic or permutation.
        profile: disclosure profile; a group with a hidden year gets no trend.
        as_of: the day asked about (default today); years that ended less than 22 months before (`incomplete`) are shown, not fitted.

    Returns:
        rates (group, year, count, rate, se, lower, upper, hidden, incomplete), segments, fitted, locations, averages,
        left_out (as `registry.analytics.trend.trends`), by, standard, source, missing, delay, exclusions, methods,
        provenance, threshold, note. Groups in the order of the rates.
    """
    context.require_central("trend.table")
    if not 0 <= max_joinpoints <= MOST_JOINPOINTS:
        raise BadInput("trend", f"{max_joinpoints} joinpoints", f"ask for 0 to {MOST_JOINPOINTS}")
    check_choice(select)
    divided = divisions(by or ())
    if "year" in divided or "age_group" in divided:
        raise BadInput("trend", "is by year already, over all ages", "leave year and age_group out")
    years = None if year_from is None and year_to is None else [year_from, year_to]
    found = rates.compute(
        context, [*divided, "year"], cohort, standard=standard, source=source, profile=profile, as_of=as_of,
        sites=site, sexes=sex, years=years,
    )  # fmt: skip
    delayed = rates.marks_of(context, found.study)
    observed = _observed(rates.rounded(found.table), found.study.as_of)
    sentence = SAID.format(months=SETTLED_MONTHS, most=max_joinpoints, chosen=CHOSEN_BY[select])
    return {
        "rates": observed, **vars(trends(observed, max_joinpoints=max_joinpoints, select=select)), "by": divided,
        "standard": found.standard, "source": found.cells.people.source, "missing": found.cells.missing,
        "delay": delayed, "note": f"{rates.note(found, delayed)} {sentence}",
        **found.study.answer(*rates.sentences(found), sentence),
    }  # fmt: skip


def _observed(table: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The rates with `group` in words and `incomplete`, by group in the order of the table, and year."""
    numbers = ("count", "population", "rate", "se", "lower", "upper", "hidden")
    labels = [name for name in table.columns if name in BY and name != "year"]
    words = [
        pl.col(name).cast(pl.String).replace(SEXES) if name == "sex" else pl.col(name).cast(pl.String)
        for name in labels
    ]
    group = pl.concat_str(words, separator=", ", ignore_nulls=True) if words else pl.lit(ALL)
    # only by the calendar: few cases in a recent year may also be a turn of the trend
    waits = delay_flags(table.select("year", pl.lit(0).alias("count")), as_of)
    late = waits.filter(pl.col("months") < SETTLED_MONTHS)["year"].to_list()
    year = pl.col("year").cast(pl.Int64)
    return table.select(
        group.alias("group"), year, *(name for name in numbers if name in table.columns),
        year.is_in(late).alias("incomplete"),
    )  # fmt: skip
