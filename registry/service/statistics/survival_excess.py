"""The excess hazard model of a cohort: how the hazard of death beyond the population's depends on covariates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from registry import analytics
from registry.analytics.disclosure import total_may_be_told
from registry.errors import BadInput
from registry.service.statistics import survival_model, survival_net
from registry.service.statistics.survival_groups import DAYS_PER_YEAR, People
from registry.service.statistics.survival_model import AGE

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.service.statistics.survival_methods import Question

WHERE = "excess hazard model"
YEARS = (0, 1, 2, 3, 4, 5)
MOST_INTERVALS = 30
CENTRE = 60
"""Age at which the baseline excess hazard is told, where age is a covariate."""


def intervals(years: Sequence[float] | None) -> list[float]:
    """Bounds of the intervals of follow-up, in years.

    Raises:
        BadInput: they do not rise from 0, or are too many.

    >>> intervals([0, 0.5, 1])
    [0.0, 0.5, 1.0]
    """
    given = list(YEARS if years is None else years)
    if not all(isinstance(year, int | float) and 0 <= year <= 100 for year in given):
        raise BadInput(WHERE, "the intervals are not bounded by years", "give for example 0, 1, 2, 5")
    bounds = [float(year) for year in given]
    rising = all(low < high for low, high in pairwise(bounds))
    if len(bounds) < 2 or bounds[0] or not rising:
        raise BadInput(WHERE, "the bounds of the intervals do not rise from 0", "give for example 0, 1, 2, 5")
    if len(bounds) - 1 > MOST_INTERVALS:
        raise BadInput(WHERE, f"there are more than {MOST_INTERVALS} intervals", "give fewer")
    return bounds


def fit(
    context: Context, asked: People, covariates: list[str], years: list[float], question: Question
) -> tuple[dict[str, Any], People, list[str]]:
    """{terms, baseline, deviance, df, people, events}; who was in it in the end; sentences for the methods text.

    terms: as `survival_model.fit`, of excess hazards. baseline: from, to (years), events, rate, lower, upper, hidden.
    """
    asked = _followed(survival_net.with_expectation(context, asked, question), years[-1], question)
    for name in covariates:
        if name != AGE:
            asked = survival_model.levelled(asked, name)
    if AGE in covariates:
        asked = survival_model.replaced(asked, ((pl.col("age") - CENTRE) / 10).alias(f"@{AGE}"))
    frame = asked.frame
    if frame.is_empty() or not frame["dead"].any():
        raise BadInput(WHERE, "nobody died among those chosen", "choose wider")
    source, expected, given = survival_net.expectation(context, asked, question)
    coded = {name: frame[f"@{name}"] for name in covariates}
    plain = frame.select(
        "time", "dead", "start", "born", *expected.columns,
        *(survival_model.plain(values).alias(f"@{name}") for name, values in coded.items()),
    )  # fmt: skip
    from registry.analytics.relative import excess_hazard

    cuts = [year * DAYS_PER_YEAR for year in years]
    made = excess_hazard(plain, expected, [f"@{name}" for name in covariates], cuts, **given)
    fitted = made.coefficients.with_columns(pl.col("term").str.strip_prefix("@")).rename(
        {"ratio": "hazard_ratio"}
    )
    rule = asked.found.rule
    terms, told = survival_model.terms(fitted, coded, frame["dead"], asked)
    baseline, told = _baseline(fitted.head(len(years) - 1), years, frame, asked, told)
    answer = {
        "terms": terms, "baseline": baseline, "deviance": made.deviance if told else None, "df": made.degrees_of_freedom,
        "people": frame.height if frame.height >= rule.threshold else None,
        "events": made.deaths if told else None,
    }  # fmt: skip
    reference = f" at age {CENTRE}" if AGE in covariates else ""
    sentence = (
        f"The baseline excess hazard is constant within each interval of follow-up (bounds in years: "
        f"{', '.join(f'{year:g}' for year in years)}) and told a person-year{reference} at the reference levels."
    )
    return answer, asked, [sentence, *survival_net.basis(source, question)]


def _followed(asked: People, until: float, question: Question) -> People:
    """Deaths that do not count, after the last interval or after the window, as censored."""
    counts = pl.col("dead") & (pl.col("time") <= until * DAYS_PER_YEAR)
    if question.window is not None:
        counts &= pl.col("end") <= question.window[1]
    return survival_model.replaced(asked, counts.alias("dead"))


def _baseline(
    fitted: pl.DataFrame, years: list[float], frame: pl.DataFrame, asked: People, told: bool
) -> tuple[pl.DataFrame, bool]:
    """Excess deaths a person-year by interval, hidden where few died, and where it would give others away; and whether
    the number of all deaths may still be told.
    """
    when = frame.filter("dead")["time"]
    spans = list(pairwise(years))
    died = [int(((when > low * DAYS_PER_YEAR) & (when <= high * DAYS_PER_YEAR)).sum()) for low, high in spans]
    rows = pl.DataFrame({"from": years[:-1], "to": years[1:], "events": died})
    shown = analytics.publish_counts(rows, "events", by=["from"], margins=[None], profile=asked.found.rule)
    told = told and total_may_be_told(rows["events"], shown["hidden"], asked.found.rule)
    seen = pl.when(~shown["hidden"])
    values = fitted.select(pl.col("hazard_ratio").alias("rate"), "lower", "upper")
    table = shown.drop("hidden").hstack(values.select(seen.then(name).alias(name) for name in values.columns))
    return table.with_columns(shown["hidden"]), told
