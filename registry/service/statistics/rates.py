"""Incidence rates over the registry: crude, age-specific, adjusted, compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from registry.analytics import incidence
from registry.analytics.cohorts import INCIDENCE
from registry.analytics.disclosure import publish_counts, publish_rates
from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.statistics import deaths_and_cases, rate_measures
from registry.service.statistics.denominators import people
from registry.service.statistics.population import tables
from registry.service.statistics.rate_counts import ALSO_CALLED, BY, RateCells, divisions, rate_cells, sex_of
from registry.service.statistics.rate_measures import MEASURES, Weights
from registry.service.statistics.study import Study, study

Definition = Mapping[str, Any] | str | None
ROUNDINGS: Final = (5, 10)
DIGITS: Final = 4
"""Significant digits of published rates: more would tell the counts of single age groups that make up a rate."""
NUMBERS: Final = (
    "rate", "se", "lower", "upper", "upper_fay_feuer", "rate_se", "cumulative_rate", "rate_lower", "rate_upper",
    "cumulative_risk", "risk_lower", "risk_upper",
)  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """A table of rates with all that its answer needs; `table` has small numbers hidden and all digits."""

    cells: RateCells
    table: pl.DataFrame
    measure: str
    standard: str | None

    @property
    def study(self) -> Study:
        """The study with the flow down to the tumors counted."""
        return self.cells.study


@operation("rates.choices")
def choices(context: Context) -> dict[str, Any]:
    """What can be asked.

    Returns:
        {by, measures, standards: frame[standard, title, version, source], sources, in_use, states, counties, races, years
        (with a population)}.
    """
    context.require_central("rates.choices")
    loaded = tables(context)
    sources = context.store.query(
        "SELECT source FROM population_table WHERE kind = 'population' ORDER BY source"
    )
    return {
        "by": [*BY, "age_group"], "measures": list(MEASURES), "standards": incidence.standards(),
        "sources": sources["source"].to_list(), "in_use": loaded["source"], "states": loaded["states"],
        "counties": loaded["counties"], "races": loaded["races"], "years": loaded["years"]["year"].to_list(),
    }  # fmt: skip


@operation("rates.table")
def table(
    context: Context,
    by: Sequence[str] = ("year",),
    cohort: Definition = None,
    measure: str = "age_adjusted",
    standard: Weights = "us2000",
    source: str | None = None,
    site: str | None = None,
    sex: str | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    age_from: int = 0,
    age_to: int = 75,
    profile: str = "default",
    rounding: int | None = None,
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Rates per 100,000 person-years (cumulative: per cent) of the registry's area, small numbers hidden.

    Args:
        by: divisions: site_group (or site), year, sex, race, state, county, stage, age_group (or age).
        cohort: definition, name or link of a cohort; default all malignant tumors.
        measure: age_adjusted (gamma and Tiwari limits), crude (exact), age_specific (exact) or cumulative.
        standard: us2000, world_segi_doll, europe_2013, or own weights by age group.
        source: population; default the one in use.
        site, sex, year_from, year_to: narrow the cohort.
        age_from, age_to: cumulative: first age, and the age before which it ends.
        profile: disclosure profile. rounding: 5 or 10: rounded counts instead of hidden ones.
        as_of: the day asked about.

    Returns:
        {table: by, count, population, rate, se, lower, upper (adjusted: upper_fay_feuer too), hidden; rates null without
        a denominator; to four digits; by, measure, standard, source, area (places), missing: frame[what, reason] without
        denominators, delay: frame of `rates.delay`, exclusions, methods, provenance, threshold, note}.

    Raises:
        BadInput: an unknown word, or a selection that the population does not know.
    """
    narrower = {"sites": site, "sexes": sex, "years": _span(year_from, year_to)}
    found = compute(
        context, by, cohort, measure, standard, source, age_from=age_from, age_to=age_to, profile=profile,
        rounding=rounding, as_of=as_of, **narrower,
    )  # fmt: skip
    delayed = marks_of(context, found.study)
    return {
        "table": rounded(found.table), "by": divisions(by), "measure": found.measure, "standard": found.standard,
        "source": found.cells.people.source, "area": found.cells.people.area, "missing": found.cells.missing,
        "delay": delayed, "note": note(found, delayed), **found.study.answer(*sentences(found)),
    }  # fmt: skip


def _span(first: int | None, last: int | None) -> list[int | None] | None:
    return None if first is None and last is None else [first, last]


def compute(
    context: Context,
    by: Sequence[str] = ("year",),
    cohort: Definition = None,
    measure: str = "age_adjusted",
    standard: Weights = "us2000",
    source: str | None = None,
    *,
    age_from: int = 0,
    age_to: int = 75,
    profile: str = "default",
    rounding: int | None = None,
    as_of: str | dt.date | None = None,
    **narrower: Any,
) -> Rates:
    """As `table`, for other figures: the published table with every digit (never show it as it is)."""
    context.require_central("rates.table")
    by = divisions(by)
    kind = rate_measures.known(measure, by)
    divided = [name for name in by if name != "age_group"]
    found = study(context, cohort, as_of=as_of, profile=profile, default=INCIDENCE, **narrower)
    cells = rate_cells(found, people(context, found.cohort, [*divided, "age_group"], source), divided)
    if rounding is not None and rounding not in ROUNDINGS:
        raise BadInput("rates", f"counts are not rounded to {rounding}", "use 5 or 10")
    values, name = rate_measures.values_of(cells, kind, standard, age_from, age_to)
    keys = [column for column in values.columns if column in (*BY, "age_group")]
    shown = publish_rates(
        values.with_columns(pl.col("count").cast(pl.Int64)), rates=NUMBERS, by=keys, margins=margins(keys),
        profile=found.rule, rounding=rounding,
    )  # fmt: skip
    left = cells.study.counting(int(values["count"].sum()), "age outside the ages of the measure")
    # rounded counts beside their exact sum would be no longer only rounded
    told = replace(left, told=False) if rounding else left.beside(values["count"], shown["hidden"])
    return Rates(replace(cells, study=told), shown, kind, name)


def margins(keys: list[str]) -> list[Any]:
    """Totals that a table is protected against beside its own sum: those of one of its divisions alone.

    Within one answer all that is hidden stays open. These totals are of other questions; where they leave room to hide
    behind, they do not tell hidden counts either.
    """
    places = ["state", "county"] if "county" in keys else []
    alone = [*([places] if places else []), *([name] for name in keys if name not in places)]
    return [*(alone if len(alone) > 1 else []), None]


def rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Published numbers to four significant digits."""
    return frame.with_columns(pl.col(pl.Float64).exclude("population").round_sig_figs(DIGITS))


@operation("rates.compare")
def compare(
    context: Context,
    reference: Mapping[str, Any] | None = None,
    by: Sequence[str] = ("year",),
    cohort: Definition = None,
    standard: Weights = "us2000",
    source: str | None = None,
    limits: str = "log-normal",
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Age-adjusted rates against a reference row: ratios and differences with 95 % limits.

    Args:
        reference: division -> level, such as {"year": 2015}; rows are compared within the other divisions.
            Default: the first level of the first division.
        by, cohort, standard, source, profile, as_of: as in `rates.table`.
        limits: of the ratio: log-normal, f-tiwari or f-fay (small counts).

    Returns:
        {table: by, count, rate, reference_rate, rate_ratio, lower, upper, difference, difference_lower, difference_upper (null
        where one of the rates is hidden or missing), reference, ...} as `rates.table`.
    """
    found = compute(context, by, cohort, "age_adjusted", standard, source, profile=profile, as_of=as_of)
    shown = found.table
    keys = [column for column in shown.columns if column in BY]
    reference = {ALSO_CALLED.get(name, name): level for name, level in (reference or {}).items()}
    if shown.is_empty():
        chosen: dict[str, Any] = reference
        compared = shown
    else:
        chosen = reference or {keys[0]: shown[keys[0]][0]}
        if unknown := [name for name in chosen if name not in keys]:
            raise BadInput(
                "rates",
                f"the reference names {unknown[0]!r}, which the table is not divided by",
                f"use {', '.join(keys)}",
            )
        compared = rate_measures.compared(
            found.cells, shown, standard, chosen, [key for key in keys if key not in chosen], limits
        )
    return {
        "table": rounded(compared), "reference": chosen, "by": divisions(by), "standard": found.standard,
        "source": found.cells.people.source, "missing": found.cells.missing,
        **found.study.answer(*sentences(found), rate_measures.SAID[limits]),
    }  # fmt: skip


@operation("rates.sir")
def sir(
    context: Context,
    by: Sequence[str] = ("county",),
    reference_year: int | None = None,
    cohort: Definition = None,
    source: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Standardised incidence ratios: observed cases of each row over those expected at reference rates.

    Args:
        by: divisions; site_group and stage have reference rates of their own.
        reference_year: the rates of this year (by must hold year: each row against its own division's rates of that year);
            default: the rates of the whole table, everybody together.
        cohort, source, profile, as_of: as in `rates.table`.

    Returns:
        {table: by, observed, expected, sir, lower, upper (exact), hidden; expected to one decimal, ...} as `rates.table`.
    """
    context.require_central("rates.sir")
    found = study(context, cohort, as_of=as_of, profile=profile, default=INCIDENCE)
    divided = divisions(by)
    if reference_year is not None and "year" not in divided:
        raise BadInput("rates.sir", "a reference year needs the division by year", "add year to by")
    cells = rate_cells(found, people(context, found.cohort, [*divided, "age_group"], source), divided)
    values = rate_measures.ratios(cells, reference_year)
    keys = [column for column in values.columns if column in BY]
    numbers = ["expected", "sir", "lower", "upper"]
    shown = publish_counts(
        values,
        "observed",
        by=keys,
        margins=margins(keys),
        profile=found.rule,
        also=numbers,
        more=["reference_cases"],
    ).drop("reference_cases")
    told = cells.study.beside(values["observed"], shown["hidden"])
    if reference_year is not None:
        shown = _without_reference(shown, keys, reference_year, numbers)
    against = f"of {reference_year}" if reference_year else "of the whole table"
    return {
        "table": rounded(shown), "by": divided, "reference": against, "source": cells.people.source,
        "missing": cells.missing,
        **told.answer(
            f"Standardised incidence ratios compare observed cases with those expected at the age-specific rates {against}; "
            "limits are exact Poisson limits of the observed cases."
        ),
    }  # fmt: skip


def _without_reference(shown: pl.DataFrame, keys: list[str], year: int, numbers: list[str]) -> pl.DataFrame:
    """The later and earlier rows; expected numbers of a hidden reference row would tell its cases."""
    own = [name for name in keys if name != "year"]
    gone = (pl.col("hidden") & (pl.col("year") == year)).any()
    gone = gone.over(own) if own else gone
    marked = shown.with_columns(gone.alias("_gone")).filter(pl.col("year") != year)
    return marked.with_columns(
        pl.when(~pl.col("_gone")).then(pl.col(numbers)).name.keep(), pl.col("hidden") | pl.col("_gone")
    ).drop("_gone")


@operation("rates.mortality_incidence")
def mortality_incidence(
    context: Context,
    by: Sequence[str] = ("site_group",),
    cohort: Definition = None,
    mortality: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Deaths of a cancer over new cases of it, in the same places, years and sexes.

    Args:
        by: divisions: site_group, year, sex, state, county.
        cohort: who counts as a case; what it selects must be known of deaths too: sites, sexes, years, states, counties.
        mortality: the table of deaths; default the one in use.
        profile, as_of: as in `rates.table`.

    Returns:
        {table: by, deaths, cases, ratio, lower, upper (log-normal), hidden; only places, years and sites that both have;
        source, missing, exclusions, methods, provenance, threshold}.
    """
    context.require_central("rates.mortality_incidence")
    found = study(context, cohort, as_of=as_of, profile=profile, default=INCIDENCE)
    divided = divisions(by)
    return deaths_and_cases.answer(context, found, divided, mortality)


@operation("rates.delay")
def delay(
    context: Context, cohort: Definition = None, profile: str = "default", as_of: str | dt.date | None = None
) -> dict[str, Any]:
    """Years whose cases are likely not all reported yet, and why.

    Returns:
        {table: year, count, months (since the year's end), expected, share (reported so far), incomplete, reason, hidden,
        exclusions, methods, provenance, threshold}. A count that is hidden takes its explanation with it.
    """
    context.require_central("rates.delay")
    found = study(context, cohort, as_of=as_of, profile=profile, default=INCIDENCE)
    whole, flags = _delay(context, found)
    return {
        "table": rounded(flags),
        **whole.answer(
            "Years are marked as incomplete when reports are still awaited or cases are fewer than before."
        ),
    }


def marks_of(context: Context, found: Study) -> pl.DataFrame:
    """Flags of the years of a cohort for an answer that has a table already: without counts."""
    return rate_measures.marks(_delay(context, found)[1])


def _delay(context: Context, found: Study) -> tuple[Study, pl.DataFrame]:
    """The same cohort in all years, and the flags of these; small counts hidden."""
    whole = study(
        context,
        rate_measures.of_all_years(found.cohort),
        as_of=found.on,
        profile=found.rule.name,
        items=["dateCaseReportReceived"],
    )
    whole = whole.stepped(whole.frame.filter(pl.col("year").is_not_null()), "year of diagnosis not known")
    counts, flags = rate_measures.delays(whole, found.as_of, found.rule)
    return whole.beside(counts, flags["hidden"]), flags


def sentences(found: Rates) -> list[str]:
    """What the methods text says of the figure."""
    said = [rate_measures.SAID[found.measure].format(standard=found.standard)]
    said.append(f"The population is {found.cells.people.source}.")
    if any(axis.name == "site_group" for axis in found.cells.axes) or sex_of(found.study):
        said.append("Rates of sites that one sex has are per person-years of that sex.")
    return said


def note(found: Rates, delayed: pl.DataFrame) -> str:
    """One line beneath the table."""
    years = delayed.filter("incomplete")["year"].to_list()
    late = f"; likely incomplete: {', '.join(map(str, years))}" if years else ""
    source = in_source(found)
    return f"{source}; counts below {found.study.rule.threshold} are not shown, nor what would give them away{late}."


def in_source(found: Rates) -> str:
    """Measure and population in a few words."""
    unit = "per cent" if found.measure == "cumulative" else "per 100,000 person-years"
    standard = f", {found.standard}" if found.standard else ""
    return f"{found.measure.replace('_', '-')} rates {unit}{standard}; population {found.cells.people.source}"
