"""From cells to rates: the measures of a table, comparisons, and the years that wait for reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from registry.analytics import incidence
from registry.analytics.cohorts import Cohort, as_dict
from registry.analytics.disclosure import Profile, publish_counts
from registry.analytics.incidence import ages, gamma
from registry.analytics.incidence.poisson import exact_limits
from registry.analytics.incidence.rates import PER
from registry.errors import BadInput
from registry.service.statistics.rate_counts import SEX_OF_SITE, RateCells
from registry.service.statistics.study import Study

Weights = str | Mapping[str, float]
MEASURES: Final = ("age_adjusted", "crude", "age_specific", "cumulative")
SAID: Final = {
    "age_adjusted": "Rates were age-adjusted to the standard {standard} directly; limits are gamma limits, the upper one as "
    "modified by Tiwari and others (2006), and as given by Fay and Feuer (1997).",
    "crude": "Crude rates have exact Poisson limits.",
    "age_specific": "Age-specific rates have exact Poisson limits.",
    "cumulative": "The cumulative rate is the sum of age-specific rates times the years of each age group, the cumulative "
    "risk is 1 - exp(-rate); limits are gamma limits.",
    "log-normal": "Rate ratios have log-normal limits, differences normal limits.",
    "f-tiwari": "Rate ratios have F limits as modified by Tiwari and others (2006), differences normal limits.",
    "f-fay": "Rate ratios have F limits (Fay 1999), differences normal limits.",
}


def known(measure: str, by: Sequence[str]) -> str:
    """The measure asked for; dividing by age asks for age-specific rates.

    >>> known("adjusted", ["year"]), known("age_adjusted", ["age_group"])
    ('age_adjusted', 'age_specific')
    """
    kind = {"adjusted": "age_adjusted", "specific": "age_specific"}.get(measure, measure)
    if kind not in MEASURES:
        raise BadInput("rates", f"there is no measure {measure!r}", f"use {', '.join(MEASURES)}")
    return "age_specific" if kind == "age_adjusted" and "age_group" in by else kind


def standard_of(wanted: Weights) -> incidence.Standard:
    """A known standard, or own weights by age group."""
    if isinstance(wanted, str):
        return incidence.standard(wanted)
    rows = {"age_group": list(wanted), "weight": [float(weight) for weight in wanted.values()]}
    return incidence.standard(pl.DataFrame(rows, schema={"age_group": pl.String, "weight": pl.Float64}))


def values_of(
    cells: RateCells, measure: str, standard: Weights, age_from: int, age_to: int
) -> tuple[pl.DataFrame, str | None]:
    """One row a rate with its count and population, and the name of the standard (None: none)."""
    keys, counts, population = cells.keys(), *flat(cells)
    people = population.sum(axis=1)
    total = counts.sum(axis=1)
    name = None
    if measure == "age_specific":
        groups = cells.people.age_groups
        keys = pl.concat(
            [keys[np.repeat(np.arange(len(total)), len(groups))], pl.DataFrame({"age_group": groups * len(total)})], how="horizontal"
        ) if keys.width else pl.DataFrame({"age_group": groups})  # fmt: skip
        total, people = counts.ravel(), population.ravel()
        values = _crude(total, people)
    elif measure == "crude":
        values = _crude(total, people)
    elif measure == "age_adjusted":
        one = standard_of(standard)
        name = one.name
        _, weights, matrix = incidence.fitted(one, cells.people.age_groups)
        found = gamma.weighted_sum(counts @ matrix.T, population @ matrix.T, weights)
        error = np.where(np.isnan(found.value), np.nan, np.sqrt(found.variance))
        values = {
            "rate": found.value * PER, "se": error * PER, "lower": found.lower * PER,
            "upper": found.upper_tiwari * PER, "upper_fay_feuer": found.upper_fay_feuer * PER,
        }  # fmt: skip
    else:
        total, people, values = _cumulative(cells, counts, population, age_from, age_to)
    columns = {"count": total.astype(np.int64), "population": people, **values}
    table = pl.DataFrame(
        [*keys.get_columns(), *(pl.Series(key, one, nan_to_null=True) for key, one in columns.items())]
    )
    return table.filter(~wrong_sex(table)), name


def flat(cells: RateCells) -> tuple[np.ndarray, np.ndarray]:
    """Counts and population as [rows, ages]; people unknown where cases have none."""
    width = len(cells.people.age_groups)
    counts = cells.counts.reshape(-1, width).astype(float)
    population = np.broadcast_to(cells.population, cells.counts.shape).reshape(-1, width)
    return counts, np.where((population <= 0) & (counts > 0), np.nan, population)


def wrong_sex(table: pl.DataFrame) -> pl.Series:
    """Rows of a site that the sex of the row does not have."""
    if not {"site_group", "sex"} <= set(table.columns):
        return pl.repeat(False, table.height, eager=True)
    own = pl.col("site_group").replace_strict(SEX_OF_SITE, default=None, return_dtype=pl.String)
    return table.select((own != pl.col("sex")).fill_null(False)).to_series()


def _crude(counts: np.ndarray, people: np.ndarray) -> dict[str, np.ndarray]:
    lower, upper = exact_limits(counts)
    scale = np.divide(PER, people, out=np.full(people.shape, np.nan), where=people > 0)
    return {
        "rate": counts * scale,
        "se": np.sqrt(counts) * scale,
        "lower": lower * scale,
        "upper": upper * scale,
    }


def _cumulative(
    cells: RateCells, counts: np.ndarray, population: np.ndarray, age_from: int, age_to: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    groups = cells.people.age_groups
    rows = pl.DataFrame({
        "row": np.repeat(np.arange(len(counts)), len(groups)), "age_group": groups * len(counts),
        "count": counts.ravel(), "population": population.ravel(),
    }, schema_overrides={"age_group": pl.String})  # fmt: skip
    rows = rows.with_columns(pl.col("population").fill_nan(None))
    chosen = [age_from <= (ages.bounds(group) or (0, 0))[0] < age_to for group in groups]
    if not len(counts):
        none = np.zeros(0)
        return none, none, {}
    found = incidence.cumulative_rates(rows, "row", age_from, age_to).sort("row")
    names = (
        "cumulative_rate",
        "rate_se",
        "rate_lower",
        "rate_upper",
        "cumulative_risk",
        "risk_lower",
        "risk_upper",
    )
    values = {name: found[name].fill_null(float("nan")).to_numpy() for name in names}
    return counts[:, chosen].sum(axis=1), population[:, chosen].sum(axis=1), values


def compared(
    cells: RateCells,
    shown: pl.DataFrame,
    standard: Weights,
    reference: Mapping[str, Any],
    within: list[str],
    limits: str,
) -> pl.DataFrame:
    """Ratios and differences from published rates alone, so that they tell nothing that those do not.

    What F limits add to a rate depends on population and standard only.
    """
    if limits not in ("log-normal", "f-tiwari", "f-fay"):
        raise BadInput("rates", f"there are no {limits!r} limits", "use log-normal, f-tiwari or f-fay")
    rates = shown.drop("hidden", "upper_fay_feuer")
    if limits != "log-normal":
        keys = list(cells.keys().columns)
        rates = rates.join(_rooms(cells, standard), on=keys, how="left", maintain_order="left")
    ratio = incidence.rate_ratios(rates, reference, within, limits)  # type: ignore[arg-type]
    gap = incidence.rate_differences(rates, reference, within)
    columns = {"difference": "difference", "lower": "difference_lower", "upper": "difference_upper"}
    return pl.concat([ratio, gap.select(list(columns)).rename(columns)], how="horizontal")


def _rooms(cells: RateCells, standard: Weights) -> pl.DataFrame:
    """What the upper limits make room for, by division: columns room_... as `age_adjusted_rates` gives them."""
    counts, population = flat(cells)
    _, weights, matrix = incidence.fitted(standard_of(standard), cells.people.age_groups)
    found = gamma.weighted_sum(counts @ matrix.T, population @ matrix.T, weights)
    columns = {
        "room_fay": found.largest * PER, "room_square_fay": (found.largest * PER) ** 2,
        "room_tiwari": found.mean * PER, "room_square_tiwari": found.mean_square * PER**2,
    }  # fmt: skip
    return pl.DataFrame(
        [*cells.keys().get_columns(), *(pl.Series(name, value) for name, value in columns.items())]
    )


def ratios(cells: RateCells, reference_year: int | None) -> pl.DataFrame:
    """Observed, expected and their ratio of each row, at the age-specific rates of a year or of all rows together.

    The rows of the reference year are there too; reference_cases is the number of cases that the rates rest on.
    """
    counts, population = flat(cells)
    shape = cells.counts.shape
    names = [axis.name for axis in cells.axes]
    apart = [place for place, name in enumerate(names) if name in ("site_group", "stage")]
    held = cells.counts.astype(float)
    people = np.broadcast_to(cells.population, shape)
    if reference_year is not None:
        place = names.index("year")
        years = cells.axes[place].labels["year"]
        if reference_year not in years:
            raise BadInput(
                "rates.sir", f"the table has no year {reference_year}", "choose a year of the table"
            )
        base = (
            np.take(held, [years.index(reference_year)], axis=place),
            np.take(people, [years.index(reference_year)], axis=place),
        )
    else:
        together = tuple(place for place in range(len(names)) if place not in apart)
        base = (held.sum(axis=together, keepdims=True), np.nansum(people, axis=together, keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.broadcast_to(np.where(base[1] > 0, base[0] / base[1], np.nan), shape).reshape(counts.shape)
    # One decimal: expected numbers of many places would otherwise tell the cases of each age.
    expected = np.where(population == 0, 0.0, population * rates).sum(axis=1).round(1)
    observed = counts.sum(axis=1)
    lower, upper = exact_limits(observed)
    with np.errstate(divide="ignore", invalid="ignore"):
        three = [np.where(expected > 0, one / expected, np.nan) for one in (observed, lower, upper)]
    values = dict(zip(("expected", "sir", "lower", "upper"), (expected, *three), strict=True))
    behind = np.broadcast_to(base[0].sum(axis=-1, keepdims=True), shape).reshape(counts.shape)[:, 0]
    columns = [
        pl.Series("observed", observed.astype(np.int64)),
        pl.Series("reference_cases", behind.astype(np.int64)),
    ]
    columns += [pl.Series(name, one, nan_to_null=True) for name, one in values.items()]
    table = pl.DataFrame([*cells.keys().get_columns(), *columns])
    return table.filter(~wrong_sex(table))


def of_all_years(cohort: Cohort) -> dict[str, Any]:
    """The same people in all years, as a definition."""
    return as_dict(replace(cohort, years=(None, None), diagnosed=(None, None)))


def delays(whole: Study, cut_off: dt.date, rule: Profile) -> tuple[pl.Series, pl.DataFrame]:
    """Counts of years, and flags by year; small counts hidden, and with them what was worked out from them."""
    counts = (
        whole.frame.filter(pl.col("year").is_not_null())
        .group_by("year")
        .agg(pl.len().cast(pl.Int64).alias("count"))
    )
    dates = whole.frame.select("dateCaseReportReceived").unique()
    days = pl.col("dateCaseReportReceived").cast(pl.String).str.to_date("%Y%m%d", strict=False)
    received = whole.frame.select("diagnosed", "dateCaseReportReceived").join(
        dates.with_columns(days.alias("reported")), on="dateCaseReportReceived", how="left"
    )
    known_both = received.select("diagnosed", "reported").drop_nulls()
    enough = known_both.height >= 0.8 * max(whole.frame.height, 1)
    flags = incidence.delay_flags(
        counts.with_columns(pl.col("year").cast(pl.Int64)), cut_off, known_both if enough else None
    )
    shown = publish_counts(
        flags, "count", by="year", margins=[None], profile=rule, also=["expected", "share"]
    )
    # what is expected of a year tells of the years before it
    return flags["count"], _vague(shown) if shown["hidden"].any() else shown


def _vague(flags: pl.DataFrame) -> pl.DataFrame:
    """Flags without what is expected and without reasons that tell it."""
    reason = pl.when("incomplete").then(pl.lit("reports are awaited, or there are fewer cases than before"))
    return flags.with_columns(
        pl.lit(None, pl.Float64).alias("expected"), reason.otherwise(pl.lit("")).alias("reason")
    )


def marks(flags: pl.DataFrame) -> pl.DataFrame:
    """Flags without any count: beside a table those of all tumors would tell how many of each year it leaves out."""
    return _vague(flags).with_columns(
        pl.lit(None, pl.Int64).alias("count"),
        pl.lit(None, pl.Float64).alias("share"),
        hidden=pl.lit(value=True),
    )
