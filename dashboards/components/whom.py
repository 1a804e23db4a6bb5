"""Whom a figure counts: a cohort and the few filters that are changed most, on top of each page of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices as lists
from dashboards.components.address import Choices

SEXES: Final = {"1": "Male", "2": "Female"}
#: How the text of a shared cohort begins.
LINK: Final = "c1."


def cohort(place: Any, chosen: Choices, usual: str) -> str | None:
    """The cohort's name or link text; None for the usual rules of the page, which `usual` says."""
    names = saved()
    linked = st.query_params.get("cohort", "")
    words: dict[Any, str] = {None: usual, **{name: name for name in names}}
    if linked.startswith(LINK):
        words[linked] = "Cohort of this link"
    elif linked and linked not in words:
        words[linked] = linked
    return chosen.one_of(
        place,
        "Cohort",
        words,
        "cohort",
        words,
        help_="Who is counted and who is left out. Cohorts are made on the page Cohorts; a filter beside it narrows them.",
    )


def saved() -> list[str]:
    """Names of the saved cohorts that this person may use."""
    if not door.actor().may("cohort.list"):
        return []
    return [str(name) for name in door.figures("cohort.list")["name"]]


def narrow(
    places: Sequence[Any], chosen: Choices, known: Mapping[str, Any], *, stages: bool = True
) -> dict[str, Any]:
    """Site, sex, stage (when asked for) and years as arguments of the service; None for everything.

    `places` are the columns of the page for them, in this order.
    """
    rest = iter(places)
    sites = [str(value) for value in known["sites"]]
    asked: dict[str, Any] = {
        "site": chosen.one_of(next(rest), "Site", [None, *sites], "site", {None: "All sites"})
    }
    asked["sex"] = chosen.one_of(next(rest), "Sex", [None, *SEXES], "sex", {None: "Both", **SEXES})
    if stages:
        listed = [str(value) for value in known.get("stages") or []]
        asked["stage"] = chosen.one_of(next(rest), "Stage", [None, *listed], "stage", {None: "All stages"})
    years = sorted(int(year) for year in known["years"])
    low, high = chosen.years(next(rest), "Years of diagnosis", years)
    asked["year_from"] = low if low != years[0] else None
    asked["year_to"] = high if high != years[-1] else None
    return asked


def several(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same filters for operations that take lists.

    >>> several({"site": "Breast", "sex": None, "year_from": 2010})
    {'year_from': 2010, 'sites': ['Breast'], 'sexes': None}
    """
    names = {"site": "sites", "sex": "sexes", "stage": "stages"}
    kept = {name: value for name, value in asked.items() if name not in names}
    return kept | {many: [asked[one]] if asked[one] else None for one, many in names.items() if one in asked}


def definition(asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Cohort and filters as one definition, for operations that take a cohort alone; None for the usual rules."""
    wanted = several(asked)
    years = [wanted.get("year_from"), wanted.get("year_to")]
    narrower = {name: wanted[name] for name in ("sites", "sexes", "stages") if wanted.get(name)}
    if years != [None, None]:
        narrower["years"] = years
    if wanted.get("cohort") is None:
        return narrower or None
    base: dict[str, Any] = door.figures("cohort.preview", cohort=wanted["cohort"], follow_up=False)[
        "definition"
    ]
    return base | narrower


def profile(place: Any, chosen: Choices, known: dict[str, Any]) -> str:
    """The confidentiality profile; its name."""
    profiles = known.get("profiles") or {"default": 11, "uscs": 16}
    words = {name: _profile(name, entry) for name, entry in profiles.items()}
    return str(chosen.one_of(place, "Small counts", words, "profile", words, default="default") or "default")


def facility_words(values: Any) -> dict[str, str]:
    """Numbers of facilities as names, as far as this person knows them."""
    names = lists.facilities()
    return {str(value): names.get(str(value), str(value)) for value in values}


def _profile(name: str, entry: Any) -> str:
    """A profile in words.

    >>> _profile("default", 11), _profile("uscs", {"threshold": 16})
    ('Under 11 hidden', 'USCS: under 16 hidden')
    """
    threshold = entry.get("threshold") if isinstance(entry, dict) else entry
    return f"Under {threshold} hidden" if name == "default" else f"{name.upper()}: under {threshold} hidden"
