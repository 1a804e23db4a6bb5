"""The methods of survival figures, and the question that they answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from registry.analytics.survival.kaplan_meier import Confidence
from registry.errors import BadInput
from registry.service.statistics import survival_causes, survival_figure, survival_net
from registry.service.statistics.survival_figure import Figure
from registry.service.statistics.survival_groups import People

if TYPE_CHECKING:
    from registry.service.operations import Context

APPROACHES = {
    "complete": "Complete: diagnosed in the years given (or ever), followed as long as they were",
    "cohort": "Cohort: diagnosed in the years given, and long enough ago to be followed for five years",
    "period": "Period: only follow-up within the years given",
    "hybrid": "Hybrid: follow-up from the first year given to the data cut-off, diagnoses up to the last year given",
}
WINDOWED = ("period", "hybrid")
COHORT_YEARS = 5


@dataclass(frozen=True)
class Question:
    """What is asked beside the method: see `survival.estimate`."""

    ci: Confidence = "log-log"
    given: float = 1
    approach: str = "complete"
    period: list[int] | None = None
    standard: str | None = None
    life_table: str | None = None
    window: tuple[dt.date, dt.date] | None = None
    """Days of follow-up that count, once the approach is taken."""


@dataclass(frozen=True)
class Way:
    """A method.

    Attributes:
        title: what people call it. columns: of the analysis frame that it reads beside those of follow-up.
        relative: it compares with a life table; then approaches with a window apply.
        standardised: it may be standardised by age.
        causes: it reads the cause of death, so those of unknown cause are left out.
    """

    title: str
    make: Callable[[Context, People, Question], Figure]
    columns: tuple[str, ...] = ()
    relative: bool = False
    standardised: bool = False
    causes: bool = False


def _relative(method: str) -> Callable[[Context, People, Question], Figure]:
    def make(context: Context, asked: People, question: Question) -> Figure:
        return survival_net.relative(context, asked, method, question)

    return make


PERSON = ("born", "sex", "state", "age")
"""What a comparison with a life table reads."""
METHODS = {
    "kaplan-meier": Way("Observed survival (Kaplan–Meier)", lambda _, a, q: survival_figure.kaplan_meier(a, q.ci)),
    "cause-specific": Way(
        "Cause-specific survival", lambda _, a, q: survival_causes.cause_specific(a, q.ci), causes=True
    ),
    "competing": Way(
        "Cumulative incidence of death by cause", lambda _, a, q: survival_causes.competing(a), causes=True
    ),
    "net": Way("Net survival (Pohar Perme)", _relative("net"), PERSON, relative=True, standardised=True),
    "ederer2": Way("Relative survival (Ederer II)", _relative("ederer2"), PERSON, relative=True, standardised=True),
    "ederer1": Way("Relative survival (Ederer I)", _relative("ederer1"), PERSON, relative=True, standardised=True),
    "hakulinen": Way("Relative survival (Hakulinen)", _relative("hakulinen"), PERSON, relative=True, standardised=True),
    "conditional": Way(
        "Conditional survival", lambda _, a, q: survival_figure.conditional(a, q.ci, q.given)
    ),
    "conditional-net": Way("Conditional net survival (Pohar Perme)", survival_net.conditional, PERSON, relative=True),
    "crude-probability": Way(
        "Crude probability of death, by life table", survival_net.crude_probability, PERSON, relative=True
    ),
    "life-table": Way("Actuarial life table", lambda _, a, q: survival_figure.actuarial(a, q.ci)),
    "nelson-aalen": Way("Cumulative hazard (Nelson–Aalen)", lambda _, a, q: survival_figure.hazard(a, q.ci)),
}  # fmt: skip


def known(method: str, question: Question) -> Way:
    """The method of this name, when it can answer the question.

    Raises:
        BadInput: there is no such method, or it has no such approach or standard.
    """
    if method not in METHODS:
        raise BadInput("survival", f"there is no method {method!r}", f"choose one of {', '.join(METHODS)}")
    way = METHODS[method]
    check_approach(question, method, way.relative)
    if question.standard and not way.standardised:
        raise BadInput("survival", f"{method} is not standardised by age", "choose net or ederer2")
    if not 0 <= question.given <= 50:
        raise BadInput("survival", "the years survived already are not between 0 and 50", "give 1, 2 or 5")
    return way


def check_approach(question: Question, method: str, relative: bool) -> None:
    """The approach and its years can be asked of the method.

    Raises:
        BadInput: they can not.
    """
    if question.approach not in APPROACHES:
        raise BadInput(
            "survival",
            f"there is no approach {question.approach!r}",
            f"choose one of {', '.join(APPROACHES)}",
        )
    if question.approach in WINDOWED and not relative:
        raise BadInput("survival", f"{method} has no {question.approach} approach", "choose net or ederer2")
    if (question.approach != "complete" or question.period) and not _is_window(question.period):
        raise BadInput(
            "survival", f"the {question.approach} approach needs two years", "give the first and the last"
        )


def _is_window(period: list[int] | None) -> bool:
    if not isinstance(period, list | tuple) or len(period) != 2:
        return False
    return all(isinstance(year, int) and 1900 <= year <= 2200 for year in period) and period[0] <= period[1]


def figure(context: Context, way: Way, asked: People, question: Question) -> tuple[Figure, People, Question]:
    """The figure, the people who are in it in the end, and the question with its window."""
    asked, question = approached(asked, question)
    if way.causes:
        asked = survival_causes.of_known_cause(asked)
    if way.relative:
        asked = survival_net.with_expectation(context, asked, question)
    return way.make(context, asked, question), asked, question


def approached(asked: People, question: Question) -> tuple[People, Question]:
    """Those that the approach counts, and its window."""
    from registry.analytics.relative import approach

    if not question.period:
        return asked, question
    first, last = dt.date(question.period[0], 1, 1), dt.date(question.period[1], 12, 31)
    rows = asked.frame.select("start", "end").with_row_index("row")
    kept, window = approach(
        rows, cast("Any", question.approach), first, last, followed_to=asked.found.as_of, years=COHORT_YEARS
    )
    if window is not None:
        kept = kept.filter(pl.col("end") >= window[0])
    inside = pl.repeat(False, rows.height, eager=True).scatter(kept["row"], True)
    told = asked.without(
        pl.lit(inside), f"not counted by the {question.approach} approach of {first.year} to {last.year}"
    )
    return told, replace(question, window=window)
