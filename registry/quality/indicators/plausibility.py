"""Plausibility: does incidence look like incidence? Stable over time, rising with age, credible in childhood."""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.quality.indicators.capture import poisson_fit
from registry.quality.indicators.definition import Measure, outside

CI5 = "Cancer Incidence in Five Continents, volume XI, chapter 5"
JUMP = 3.0
"""Standard errors beyond which a change is not left to chance."""

CHILDHOOD = ("0-4", "5-9", "10-14")


def trend(years: pl.DataFrame) -> pl.DataFrame:
    """Each year's rate against a Poisson trend and against the year before.

    Args:
        years: frame[year, cases, population], one row a year, at least three years.

    Returns:
        `year, cases, rate, fitted, deviation, change, flagged`, sorted by year: rates per 100,000; `deviation` from the
        trend in standard errors of the fitted count; `change` from the year before in standard errors of the
        difference (null in the first year and after a missing year); `flagged` = change beyond three, or the
        year before is missing.

    Raises:
        BadInput: fewer than three years, or a population that is not positive.

    >>> years = pl.DataFrame({"year": [2020, 2021, 2022], "cases": [100, 100, 160], "population": [100_000] * 3})
    >>> trend(years)["flagged"].to_list()
    [False, False, True]
    """
    table = years.sort("year")
    if table.height < 3 or float(table["population"].min() or 0) <= 0:  # type: ignore[arg-type]
        raise BadInput("trend of incidence", "needs three years or more, each with a population")
    year = table["year"].to_numpy().astype(float)
    cases, population = (table[name].to_numpy().astype(float) for name in ("cases", "population"))
    design = np.column_stack([np.ones(len(year)), year - year.mean()])
    expected = np.exp(design @ poisson_fit(design, cases, population)) * population
    rate, spread = cases / population, np.maximum(cases, 1) / population**2
    step = np.diff(rate) / np.sqrt(spread[1:] + spread[:-1])
    gap = np.diff(year) > 1
    change = [None, *(None if missing else float(value) for value, missing in zip(step, gap, strict=True))]
    flagged = [False, *(bool(m or abs(v) > JUMP) for v, m in zip(step, gap, strict=True))]
    return table.select("year", "cases").with_columns(
        rate=pl.Series(1e5 * rate),
        fitted=pl.Series(1e5 * expected / population),
        deviation=pl.Series((cases - expected) / np.sqrt(expected)),
        change=pl.Series(change, dtype=pl.Float64),
        flagged=pl.Series(flagged),
    )


@outside(
    "stability",
    "Stability of incidence over time",
    group="completeness",
    formula="max |rate_y - fitted_y| / SE(fitted_y), Poisson trend",
    source=CI5,
    population="site x sex",
    needs="cases and population by year",
    notes="Year by year, with jumps beyond three standard errors and missing years flagged: `trend`. numerator = years "
    "flagged, denominator = years.",
)
def stability(years: pl.DataFrame) -> Measure:
    """Largest distance of a year's rate from its trend, in standard errors.

    Args:
        years: see `trend`.

    >>> steady = pl.DataFrame({"year": [1, 2, 3], "cases": [100, 110, 121], "population": [1000, 1000, 1000]})
    >>> round(stability(steady).value, 6), stability(steady).numerator
    (0.0, 0)
    """
    found = trend(years)
    return Measure(float(found["deviation"].abs().max()), int(found["flagged"].sum()), found.height)  # type: ignore[arg-type]


@outside(
    "age_curve",
    "Shape of the age curve",
    group="completeness",
    formula="rate at 75 and over / rate at 65-74, epithelial cancers",
    source=CI5,
    population="sex",
    needs="cases and population by age",
    notes="The value is the ratio of the two rates: below 1 the old are under-registered, or under-diagnosed. "
    "numerator and denominator are the rates per 100,000. Give cases of epithelial cancers, of one sex.",
)
def age_curve(ages: pl.DataFrame) -> Measure:
    """Whether rates fall in the oldest.

    Args:
        ages: frame[age, cases, population]; age = first year of the group (65, 70, 75 …).

    >>> ages = pl.DataFrame({"age": [65, 70, 75, 80], "cases": [10, 20, 15, 12], "population": [1000] * 4})
    >>> round(age_curve(ages).value, 6)
    0.9
    """
    older, old = (
        _rate(ages.filter(where)) for where in (pl.col("age") >= 75, pl.col("age").is_between(65, 74))
    )
    if older is None or not old:
        return Measure(None, older, old)
    return Measure(older / old, older, old)


def _rate(ages: pl.DataFrame) -> float | None:
    cases, population = float(ages["cases"].sum()), float(ages["population"].sum())
    return 1e5 * cases / population if population else None


@outside(
    "childhood_rate",
    "Childhood incidence 0-14 within expected range",
    group="completeness",
    formula="100 * age groups 0-4, 5-9, 10-14 whose rate lies within the CI5 deciles / groups",
    source="Parkin & Bray 2009; CI5",
    population="sex",
    needs="childhood cases and population, and the deciles of other registries",
    notes="The value is the percentage of the three age groups within the first and last decile; `childhood` says which "
    "are low or high. The deciles are CI5's to give.",
)
def childhood_rate(ages: pl.DataFrame) -> Measure:
    """Share of childhood age groups with a credible rate.

    Args:
        ages: see `childhood`.

    >>> ages = pl.DataFrame({"group": ["0-4", "5-9", "10-14"], "cases": [20, 10, 2], "population": [100_000] * 3,
    ...                      "lowest": [12.0, 7.0, 7.0], "highest": [24.0, 14.0, 15.0]})
    >>> round(childhood_rate(ages).value, 4)
    66.6667
    """
    found = childhood(ages)
    inside = int((found["verdict"] == "expected").sum())
    return Measure(100 * inside / found.height if found.height else None, inside, found.height)


def childhood(ages: pl.DataFrame) -> pl.DataFrame:
    """Childhood rates per 100,000 against deciles.

    Args:
        ages: frame[group (0-4, 5-9, 10-14), cases, population, lowest, highest]: deciles per 100,000.

    Returns:
        `group, rate, lowest, highest, verdict` (low, expected, high), youngest first; rates per 100,000.
    """
    rate = 1e5 * pl.col("cases") / pl.col("population")
    verdict = (
        pl.when(rate < pl.col("lowest"))
        .then(pl.lit("low"))
        .when(rate > pl.col("highest"))
        .then(pl.lit("high"))
        .otherwise(pl.lit("expected"))
    )
    order = pl.col("group").replace_strict(list(CHILDHOOD), [0, 1, 2], default=None, return_dtype=pl.Int8)
    kept = ages.filter(pl.col("group").is_in(list(CHILDHOOD)), pl.col("population") > 0).sort(order)
    return kept.select("group", "lowest", "highest", rate=rate, verdict=verdict).select(
        "group", "rate", "lowest", "highest", "verdict"
    )
