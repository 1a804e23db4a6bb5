"""Cox's model of a cohort: covariates by name, each level against the first that is large enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from registry import analytics
from registry.analytics.disclosure import total_may_be_told
from registry.errors import BadInput
from registry.service.statistics import survival_causes, survival_groups
from registry.service.statistics.survival_groups import TITLES, People

if TYPE_CHECKING:
    from registry.analytics.regression import CoxFit

AGE = "age"
TEN_YEARS = "Age, per 10 years"
COVARIATES = {
    AGE: TEN_YEARS, "age_group": "Age group", **{name: title for name, title in TITLES.items() if name != "age"},
}  # fmt: skip
EVENTS = {"death": "death of any cause", "this cancer": "death of this cancer"}
MOST_LEVELS = 60
WHERE = "survival model"


def known(covariates: Sequence[str], strata: str | None, event: str) -> list[str]:
    """The covariates, when the model can be asked for.

    Raises:
        BadInput: none, one that there is not, one twice, or an event that there is not.
    """
    wanted = [covariates] if isinstance(covariates, str) else list(covariates)
    for name in [*wanted, *([strata] if strata else [])]:
        if name not in COVARIATES:
            raise BadInput(WHERE, f"there is no covariate {name!r}", f"choose from {', '.join(COVARIATES)}")
    if not wanted or len({*wanted, strata}) != len(wanted) + 1:
        raise BadInput(WHERE, "covariates and the stratum must be named, each once", "name some")
    if strata == AGE:
        raise BadInput(WHERE, "age in years makes no strata", "use age_group")
    if event not in EVENTS:
        raise BadInput(WHERE, f"there is no event {event!r}", f"choose one of {', '.join(EVENTS)}")
    return wanted


def columns(names: Sequence[str]) -> list[str]:
    """Columns of the analysis frame that these read."""
    return survival_groups.columns_of([_comparison(name) for name in names])


def fit(
    asked: People, covariates: list[str], strata: str | None, event: str, ties: str
) -> tuple[dict[str, Any], People]:
    """{terms, proportional, concordance, loglik, loglik_null, people, events}; and who was in it in the end.

    terms: term, covariate, level, reference, n, events, hazard_ratio, lower, upper, p, hidden.
    """
    if event == "this cancer":
        asked = survival_causes.of_known_cause(asked)
        asked = replaced(asked, pl.col("cancer").alias("dead"))
    for name in [*covariates, *([strata] if strata else [])]:
        if name != AGE:
            asked = levelled(asked, name)
    frame = (
        asked.frame.with_columns((pl.col("age") / 10).alias(f"@{AGE}")) if AGE in covariates else asked.frame
    )
    if frame.is_empty() or not frame["dead"].any():
        raise BadInput(WHERE, "nobody died among those chosen", "choose wider")
    coded = {name: frame[f"@{name}"] for name in covariates}
    if all(values.n_unique() < 2 for values in coded.values()):
        raise BadInput(WHERE, "the covariates are the same for everybody", "choose wider, or others")
    columns_of_it = frame.select(
        "half_days", "dead",
        *(plain(values).alias(name) for name, values in coded.items()),
        *([frame[f"@{strata}"].to_physical().alias("@stratum")] if strata else []),
    )  # fmt: skip
    from registry.analytics.regression import cox

    layer = "@stratum" if strata else None
    try:
        made = cox(columns_of_it, covariates, time="half_days", event="dead", strata=layer, ties=ties)
    except BadInput as error:
        raise BadInput(WHERE, in_words(error.what, coded), error.action) from None
    table, told = terms(made.terms, coded, frame["dead"], asked)
    fits = {name: getattr(made, name) if told else None for name in ("concordance", "loglik", "loglik_null")}
    answer = {
        "terms": table,
        "proportional": _proportional(made, coded),
        **fits,
        "people": made.n if made.n >= asked.found.rule.threshold else None,
        "events": int(made.n_event) if told else None,
    }
    return answer, asked


def in_words(text: str, coded: dict[str, pl.Series]) -> str:
    """A model's message with levels by their names, not by their places.

    >>> stages = pl.Series(["Distant"], dtype=pl.Enum(["Localized", "Distant"]))
    >>> in_words("stage=001 has no finite estimate", {"stage": stages})
    'stage Distant has no finite estimate'
    """
    for name, values in coded.items():
        if isinstance(values.dtype, pl.Enum):
            for place, level in enumerate(survival_groups.categories(values)):
                text = text.replace(f"{name}={place:03}", f"{COVARIATES[name].lower()} {level}")
    return text


def plain(values: pl.Series) -> pl.Series:
    """Values as a model takes them: numbers as they are, levels as texts that sort in their order."""
    if not isinstance(values.dtype, pl.Enum):
        return values
    return values.to_physical().cast(pl.String).str.zfill(3)


def _comparison(name: str) -> str:
    return "age" if name in (AGE, "age_group") else name


def replaced(asked: People, *columns: pl.Expr | pl.Series) -> People:
    """The same people with these columns added, or in the place of others."""
    frame = asked.frame.with_columns(*columns)
    return People(replace(asked.found, frame=frame), frame, asked.by, asked.left_out)


def levelled(asked: People, name: str) -> People:
    """A column `@name` of the levels that enough people have; the others are left out, and told.

    The first level is the reference: of those in their own order the first with enough deaths.
    """
    labels = survival_groups.grouped(asked.frame, [_comparison(name)]).alias(f"@{name}")
    counts = labels.drop_nulls().cast(pl.String).value_counts()
    large = counts.filter(pl.col("count") >= asked.found.rule.threshold)[labels.name].to_list()
    if not large:
        raise BadInput(WHERE, f"no group of {name} is large enough", "choose wider")
    if len(large) > MOST_LEVELS:
        raise BadInput(WHERE, f"{name} has more than {MOST_LEVELS} groups", "choose another covariate")
    inside = pl.col(labels.name).cast(pl.String).is_in(large)
    told = replaced(asked, labels).without(
        inside.fill_null(False), f"unknown or small group of {COVARIATES[name].lower()}"
    )
    kept = told.frame[labels.name].cast(pl.String)
    order = [label for label in survival_groups.categories(labels) if label in large]
    deaths = dict(kept.filter(told.frame["dead"]).value_counts().iter_rows())
    enough = [label for label in order if deaths.get(label, 0) >= asked.found.rule.threshold]
    order.sort(key=lambda label: label != (enough or order)[0])
    return replaced(told, kept.cast(pl.Enum(order)).alias(labels.name))


def terms(
    fitted: pl.DataFrame, coded: dict[str, pl.Series], dead: pl.Series, asked: People
) -> tuple[pl.DataFrame, bool]:
    """Terms of a model by covariate and level, small numbers hidden; and whether the number of all events may be told.

    It may not when it is small, or when it would give away the levels of a covariate that are hidden; then neither may
    the likelihoods, from which it could be worked out.

    Args:
        fitted: term (`covariate=place of the level`), hazard_ratio, lower, upper, p. coded: values of each covariate.
        dead: the event of each person.
    """
    rows: list[dict[str, Any]] = []
    found = {row["term"]: row for row in fitted.iter_rows(named=True)}
    for name, values in coded.items():
        if name == AGE:
            rows.append(_row(name, None, False, values.len(), int(dead.sum()), found.get(AGE)))
            continue
        levels = survival_groups.categories(values)
        place = values.to_physical()
        for number, level in enumerate(levels):
            here = place == number
            row = found.get(f"{name}={number:03}")
            rows.append(_row(name, level, number == 0, int(here.sum()), int((here & dead).sum()), row))
    exact = pl.DataFrame(rows, schema=_TERMS, orient="row")
    table, rule = _hidden(exact, asked), asked.found.rule
    told = int(dead.sum()) >= rule.threshold
    for name in coded:
        if name != AGE:
            of_it = exact["covariate"] == name
            told = told and total_may_be_told(
                exact["events"].filter(of_it), table["hidden"].filter(of_it), rule
            )
    if not told:
        everybody = pl.col("level").is_null()
        table = table.with_columns(
            pl.when(~everybody).then("events").alias("events"), (pl.col("hidden") | everybody).alias("hidden")
        )
    return table, told


_TERMS = {
    "term": pl.String, "covariate": pl.String, "level": pl.String, "reference": pl.Boolean, "n": pl.Int64,
    "events": pl.Int64, "hazard_ratio": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "p": pl.Float64,
}  # fmt: skip


def _row(
    name: str, level: str | None, reference: bool, n: int, events: int, fitted: dict[str, Any] | None
) -> dict[str, Any]:
    told = {key: fitted[key] if fitted else None for key in ("hazard_ratio", "lower", "upper", "p")}
    if reference:
        told["hazard_ratio"] = 1.0
    title = COVARIATES[name]
    return {
        "term": title if level is None else f"{title}: {level}", "covariate": name, "level": level,
        "reference": reference, "n": n, "events": events, **told,
    }  # fmt: skip


def _hidden(table: pl.DataFrame, asked: People) -> pl.DataFrame:
    """Small numbers of deaths, and of survivors, hidden within each covariate, with the hazard ratio of that level."""
    parts = []
    for (_,), part in table.group_by(["covariate"], maintain_order=True):
        both = part.with_columns(survivors=pl.col("n") - pl.col("events"))
        flags = pl.Series([False] * part.height)
        for column in ("events", "survivors"):
            shown = analytics.publish_counts(
                both, column, by=["term"], margins=[None], profile=asked.found.rule
            )
            flags |= shown["hidden"]
        told = pl.when(~flags)
        shown = part.with_columns(
            *(told.then(name).alias(name) for name in ("events", "lower", "upper", "p")),
            pl.when(~flags | pl.col("reference")).then("hazard_ratio").alias("hazard_ratio"),
        )
        parts.append(shown.with_columns(flags.alias("hidden")))
    return pl.concat(parts)


def _proportional(made: CoxFit, coded: dict[str, pl.Series]) -> pl.DataFrame:
    """Test of proportional hazards: term, chisq, df, p; the row of all terms last."""
    from registry.analytics.regression import proportional_hazards

    titles = {AGE: COVARIATES[AGE], "": "All covariates together"}
    for name, values in coded.items():
        if name != AGE:
            levels = enumerate(survival_groups.categories(values))
            titles |= {f"{name}={number:03}": f"{COVARIATES[name]}: {level}" for number, level in levels}
    return proportional_hazards(made).select(
        pl.col("term").replace(titles), pl.col("chi2").alias("chisq"), "df", "p"
    )
