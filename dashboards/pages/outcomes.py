"""Outcomes of care: stage, treatment, delays, volume, flow, measures, observed and expected survival."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import whom
from dashboards.components.address import Choices
from dashboards.components.messages import empty, guarded
from dashboards.pages import (
    outcomes_expected,
    outcomes_hospital,
    outcomes_measures,
    outcomes_stage,
    outcomes_time,
    outcomes_treatment,
)


@dataclass(frozen=True)
class Asked:
    """What all sections of the page share: whom it is about, and what can be chosen."""

    arguments: dict[str, Any]
    known: dict[str, Any]
    chosen: Choices

    def by(
        self,
        place: Any,
        name: str = "by",
        *,
        default: str | None = None,
        without: Sequence[str] = (),
        all_: bool = True,
    ) -> str | None:
        """The list of what is compared by; None for all together."""
        words: dict[Any, str] = {
            value: title for value, title in self.known["by"].items() if value not in without
        }
        options = [None, *words] if all_ else list(words)
        chosen: str | None = self.chosen.one_of(
            place, "Compare by", options, name, {None: "All together", **words}, default=default
        )
        return chosen

    def title(self, what: str, by: str | None) -> str:
        """A figure's title."""
        return what if by is None else f"{what}, by {str(self.known['by'].get(by, by)).lower()}"


_SECTIONS: Final[dict[str, tuple[str, Callable[[Any], None]]]] = {
    "stage": ("Stage", outcomes_stage.distribution),
    "migration": ("Stage migration", outcomes_stage.migration),
    "treatment": ("Treatment", outcomes_treatment.show),
    "time": ("Time to treatment", outcomes_time.show),
    "measures": ("Measures", outcomes_measures.show),
    "expected": ("Observed and expected", outcomes_expected.show),
    "volume": ("Volume", outcomes_hospital.volume),
    "flow": ("Patient flow", outcomes_hospital.flow),
}


def show() -> None:
    st.title("Outcomes")
    with guarded():
        _page()


@st.fragment
def _page() -> None:
    with guarded():
        known = door.figures("outcomes.choices")
        if not known.get("years"):
            empty("No tumors with a diagnosis date yet.", "Load files with `registry ingest FILES…`.")
            return
        chosen = Choices("outcomes")
        section = chosen.section(_SECTIONS)
        a, b, c, d, e, f = chosen.row([2.2, 2.2, 1.2, 1.8, 2.4, 1.8])
        cohort = whom.cohort(a, chosen, "Usual rules of the figure")
        asked: dict[str, Any] = {"cohort": cohort} | whom.several(whom.narrow((b, c, d, e), chosen, known))
        asked["profile"] = whom.profile(f, chosen, known)
        with guarded():
            section(Asked(asked, known, chosen))
        chosen.write()
