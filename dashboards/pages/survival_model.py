"""The Cox model: hazard ratios as a forest plot, and whether hazards are proportional."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel
from dashboards.components.address import Choices
from dashboards.components.figures import forest
from dashboards.components.messages import empty
from dashboards.components.words import number, probability

_OPERATION: Final = "survival.cox"
_EVENTS: Final = {"death": "Death of any cause", "this cancer": "Death of this cancer"}
_TIES: Final = {"efron": "Efron", "breslow": "Breslow"}


def controls(chosen: Choices, known: dict[str, Any]) -> dict[str, Any]:
    """Covariates and what else the model needs, as arguments of the service."""
    words = {str(value): str(title) for value, title in known["covariates"].items()}
    a, b, c, d = chosen.row([4, 2, 2.2, 1.6])
    usual = [value for value in ("age", "sex", "stage") if value in words]
    covariates = chosen.several(
        a, "Covariates", list(words), "with", words, default=usual, nothing="Choose at least one"
    )
    by = {value: title for value, title in known["by"].items() if value not in covariates}
    strata = chosen.one_of(b, "Strata", [None, *by], "strata", {None: "none", **by})
    event = chosen.one_of(c, "Event", _EVENTS, "event", _EVENTS)
    ties = chosen.one_of(d, "Ties", _TIES, "ties", _TIES)
    return {"covariates": covariates, "strata": strata, "event": event, "ties": ties}


def show(whom: dict[str, Any], question: dict[str, Any], known: dict[str, Any]) -> None:
    """Fit once and show."""
    if not question["covariates"]:
        empty("Choose at least one covariate.")
        return
    asked = whom | question
    answer = door.figures(_OPERATION, **asked)
    terms = _named(answer["terms"], known)
    if not terms.height:
        empty("Too few people or deaths for a model.", "Choose wider, or fewer covariates.")
        panel.about(answer)
        return
    panel.show(
        forest.forest(terms),
        answer,
        key="survival_cox",
        title=f"Hazard ratios, Cox model: {_EVENTS[question['event']].lower()}",
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["terms"],
        table=_table(terms),
        columns={},
    )
    told = [f"{number(answer.get('people'))} people", f"{number(answer.get('events'))} deaths"]
    if answer.get("concordance") is not None:
        told.append(f"concordance {answer['concordance']:.3f}")
    st.caption(" · ".join(told))
    _proportional(answer.get("proportional"), known)
    panel.about(answer)


def _named(terms: pl.DataFrame, known: dict[str, Any]) -> pl.DataFrame:
    """Terms with the name that the figure shows: what is compared, and its level."""
    names = [
        f"{_word(row['covariate'], known)}: {row['level']}"
        if row.get("level")
        else _word(row["covariate"], known)
        for row in terms.iter_rows(named=True)
    ]
    return terms.with_columns(pl.Series("name", names, dtype=pl.String))


def _word(value: Any, known: dict[str, Any]) -> str:
    return str(known["covariates"].get(value, value))


def _table(terms: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"Term": row["name"], "Hazard ratio (95 % limits), p": forest.ratio(row)}
            for row in terms.iter_rows(named=True)
        ]
    )


def _proportional(tests: pl.DataFrame | None, known: dict[str, Any]) -> None:
    """Whether ratios change over time: the model supposes that they don't."""
    if tests is None or not tests.height:
        return
    with st.expander("Are the hazards proportional?"):
        rows = [
            {
                "Term": "All terms" if row["term"] in {"", "global"} else str(row["term"]),
                "χ²": f"{row['chisq']:.2f}",
                "df": number(row["df"]),
                "p": probability(row["p"]),
            }
            for row in tests.iter_rows(named=True)
            if row["chisq"] is not None
        ]
        st.html(panel.as_table(pl.DataFrame(rows), {}, "Test of proportional hazards"))
        st.caption(
            "A small p says that the ratio changes with time since diagnosis; strata or shorter follow-up help."
        )
