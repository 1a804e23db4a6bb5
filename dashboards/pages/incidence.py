"""Incidence: rates over years, places and age, trends, prevalence, deaths against cases. The address keeps the choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import whom
from dashboards.components.address import Choices
from dashboards.components.messages import empty, guarded
from dashboards.pages import incidence_burden, incidence_rates, incidence_ratios, incidence_trend


@dataclass(frozen=True)
class Asked:
    """What all sections of the page share: whom it is about, and what can be chosen."""

    whom: dict[str, Any]
    profile: str
    known: dict[str, Any]
    chosen: Choices

    @property
    def defined(self) -> dict[str, Any]:
        """The same for operations that take a cohort alone."""
        return {"cohort": whom.definition(self.whom), "profile": self.profile}

    @property
    def arguments(self) -> dict[str, Any]:
        """Cohort, filters and profile as arguments of the service."""
        return {**self.whom, "profile": self.profile}


_SECTIONS: Final[dict[str, tuple[str, Callable[[Any], None], str]]] = {
    "years": ("Over years", incidence_rates.over_years, "rates.table"),
    "groups": ("Sites and places", incidence_rates.by_group, "rates.table"),
    "age": ("By age", incidence_rates.by_age, "rates.table"),
    "trend": ("Trend", incidence_trend.show, "trend.table"),
    "ratios": ("Comparisons", incidence_ratios.show, "rates.sir"),
    "prevalence": ("Prevalence", incidence_burden.prevalence, "prevalence.table"),
    "mortality": ("Deaths and cases", incidence_burden.mortality, "rates.mortality_incidence"),
}


def show() -> None:
    st.title("Incidence")
    with guarded():
        _page()


@st.fragment
def _page() -> None:
    with guarded():
        known = door.figures("cohort.choices")
        if not known["sites"] or not known["years"]:
            empty("No tumors with a diagnosis date yet.", "Load files with `registry ingest FILES…`.")
            return
        central = door.actor().facilities is None
        known |= _denominators(central=central)
        chosen = Choices("incidence")
        offered = _SECTIONS if known.get("sources") else {"prevalence": _SECTIONS["prevalence"]}
        section = chosen.section({code: (title, run) for code, (title, run, _operation) in offered.items()})
        if not central:
            st.caption(
                "Rates are of a whole area and its population; an account of a facility sees its own patients here."
            )
        elif not known["sources"]:
            empty(
                "No population is loaded, and rates need one.",
                "An administrator loads it: `registry stats population load FILE --kind population --source NAME`.",
            )
        a, b, c, d, e = chosen.row([2.4, 2.4, 1.3, 2.8, 1.9])
        asked: dict[str, Any] = {"cohort": whom.cohort(a, chosen, "All malignant tumors")}
        asked |= whom.narrow((b, c, d), chosen, known, stages=False)
        page = Asked(asked, whom.profile(e, chosen, known), known, chosen)
        with guarded():
            section(page)
        chosen.write()


def _denominators(*, central: bool) -> dict[str, Any]:
    """What rates can be asked for; years are those of the population. Nothing for an account held to facilities."""
    if not central:
        return {}
    found: dict[str, Any] = door.figures("rates.choices")
    return found if found["sources"] else {"sources": []}
