"""The methods text of a figure: complete sentences from the cohort's definition, its flow and what was calculated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl

from registry.analytics.cohorts.definition import Cohort

_BEHAVIOR = {
    "malignant": "malignant tumors (ICD-O-3 behavior 3, and in situ tumors of the urinary bladder)",
    "invasive": "invasive tumors (ICD-O-3 behavior 3)",
    "in situ": "in situ tumors (ICD-O-3 behavior 2)",
    "all": "tumors of any behavior",
}
_SEXES = {"1": "men", "2": "women", "9": "people of unknown sex"}
_SEQUENCE = {
    "all": "All primaries of a person were counted.",
    "first": "Only the first primary of a person was counted (sequence number 00 or 01, or, where it is blank, "
    "the earliest malignant tumor).",
    "only": "Only people with one primary were counted (sequence number 00).",
}
DATES = (
    "A missing day of a date was set to the 15th; a date of diagnosis or of last contact without a month was treated "
    "as unknown."
)


def describe(cohort: Cohort) -> list[str]:
    """The definition in sentences: who, where, when, and what is left out.

    >>> describe(Cohort(sites=("Breast",), sexes=("2",), years=(2010, 2020)))[0]
    'Malignant tumors (ICD-O-3 behavior 3, and in situ tumors of the urinary bladder) of Breast in women, diagnosed from 2010 to 2020, were counted.'
    """
    return [_population(cohort), *_rules(cohort)]


def _population(cohort: Cohort) -> str:
    text = _BEHAVIOR[cohort.behavior]
    if cohort.sites:
        text += f" of {_listed(cohort.sites)}"
    if cohort.primary_sites:
        text += f" with topography {_listed(cohort.primary_sites)}"
    if cohort.histologies:
        text += f" with morphology {_listed(cohort.histologies)}"
    text += f" in {_people(cohort)}" if _people(cohort) else ""
    if cohort.states or cohort.counties:
        text += f" living in {_listed([*(f'county {one}' for one in cohort.counties), *cohort.states])}"
    parts = [f", diagnosed {_ends(cohort.years)}"] if cohort.years != (None, None) else []
    if cohort.diagnosed != (None, None):
        parts.append(f", diagnosed {_ends(cohort.diagnosed)}")
    if cohort.stages:
        parts.append(f", of stage {_listed(cohort.stages)}")
    if cohort.facilities:
        parts.append(f", reported by facility {_listed(cohort.facilities)}")
    text += "".join(parts) + ("," if parts else "")
    return f"{text[0].upper()}{text[1:]} were counted."


def _people(cohort: Cohort) -> str:
    people = _listed([_SEXES[sex] for sex in cohort.sexes])
    extra = [f"of race {_listed(cohort.races)}"] if cohort.races else []
    if cohort.hispanic:
        extra.append(f"of Hispanic origin {_listed([one.lower() for one in cohort.hispanic])}")
    if cohort.ages != (None, None):
        low, high = cohort.ages
        ages = (
            f"{low} to {high} years"
            if None not in cohort.ages
            else (f"{low} years or older" if high is None else f"{high} years or younger")
        )
        extra.append(f"aged {ages}")
    return " ".join([people or ("people" if extra else ""), *extra]).strip()


def _rules(cohort: Cohort) -> list[str]:
    found = [
        "The unit of counting was the tumor."
        if cohort.unit == "tumors"
        else "The unit of counting was the person, with the earliest tumor of those that were left.",
        _SEQUENCE[cohort.sequence],
    ]
    sources = [
        name
        for name, rule in (("a death certificate", cohort.death_certificate), ("an autopsy", cohort.autopsy))
        if rule == "exclude"
    ]
    if sources:
        found.append(f"Cases known from {' or '.join(sources)} only were excluded.")
    if cohort.confirmed:
        found.append("Only microscopically confirmed cases were counted.")
    if cohort.analytic is not None:
        kind = "analytic cases (class of case 00-22)" if cohort.analytic else "non-analytic cases"
        found.append(f"Only {kind} were counted.")
    return found


def methods_text(
    cohort: Cohort,
    flow: pl.DataFrame,
    as_of: dt.date,
    figure: Sequence[str] = (),
    *,
    follow_up: bool = False,
    threshold: int | None = None,
    software: str = "",
    data_version: int | None = None,
) -> str:
    """What a paper's methods section says about a figure.

    Args:
        flow: the exclusion flow as it may be shown (`disclosure.publish_flow`).
        as_of: the day asked about.
        figure: sentences about the method, its limits and its standard.
        follow_up: people were followed: says how.
        threshold: counts below it are hidden.
        software, data_version: what calculated, on which state of the data.

    >>> flow = pl.DataFrame({"step": [0, 1], "reason": ["tumors in the registry", "not malignant"], "excluded": [0, 20],
    ...     "remaining": [100, 80]})
    >>> print(methods_text(Cohort(name="All"), flow, dt.date(2025, 12, 31), ["Rates are per 100,000."])[-116:])
    the others were left out, in this order: not malignant (20). The data cut-off was 2025-12-31. Rates are per 100,000.
    """
    day = cohort.cut_off or as_of
    sentences = [*describe(cohort), _flow(flow), f"The data cut-off was {day}."]
    if follow_up:
        sentences += [_follow_up(cohort, day), DATES]
    sentences += [text.strip() for text in figure if text.strip()]
    if threshold is not None:
        sentences.append(f"Counts below {threshold}, and numbers that would give them away, are not shown.")
    if software:
        version = "" if data_version is None else f" on data version {data_version}"
        sentences.append(f"Calculated with {software}{version}.")
    return " ".join(sentences)


def _flow(flow: pl.DataFrame) -> str:
    start, *steps = flow.select("reason", "excluded", "remaining").rows()
    told = [
        f"{reason} ({_count(excluded)})" for reason, excluded, _ in steps if excluded is None or excluded > 0
    ]
    begin, last = f"Of {_count(start[2])} {start[0]}", _count(flow["remaining"][-1])
    if not told:
        return f"{begin}, all were analysed."
    return f"{begin}, {last} were analysed; the others were left out, in this order: {', '.join(told)}."


def _follow_up(cohort: Cohort, day: dt.date) -> str:
    zero = "were given half a day" if cohort.zero_time == "half_day" else "were excluded"
    return (
        f"Time was counted in days from diagnosis to death, last contact or {day}, whichever came first; people seen "
        f"after that day were alive on it, and people last seen on the day of diagnosis {zero}."
    )


def _count(number: int | None) -> str:
    return "few" if number is None else f"{number:,}"


def _ends(ends: tuple[object, object]) -> str:
    low, high = ends
    return (
        f"from {low} to {high}"
        if None not in ends
        else f"in or after {low}"
        if high is None
        else f"until {high}"
    )


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)
