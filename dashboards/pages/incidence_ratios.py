"""Comparisons: observed cases over those expected, and age-adjusted rates over the rate of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel, rate_words
from dashboards.components.figures import shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.incidence import Asked

_KINDS: Final = {"sir": "Observed over expected", "ratio": "Rate ratios"}
_OPERATIONS: Final = {"sir": "rates.sir", "ratio": "rates.compare"}
_PLACES: Final = {"county": "County", "state": "State", "race": "Race", "sex": "Sex"}
_GROUPS: Final = {"year": "Year", "sex": "Sex", "race": "Race"}
_SIR: Final = {
    "observed": "Observed",
    "expected": "Expected",
    "sir": "Ratio",
    "lower": "Lower limit",
    "upper": "Upper limit",
}
_RATIO: Final = {
    "count": "Cases",
    "rate": "Rate",
    "rate_ratio": "Ratio",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "difference": "Difference",
}
_MOST: Final = 60


def show(page: Asked) -> None:
    """A mark a row with its limits, held against 1."""
    a, b, c, _rest = page.chosen.row([2.4, 2, 2.4, 3])
    kind = page.chosen.one_of(a, "Show", _KINDS, "ratio_kind", _KINDS)
    words, usual = (_PLACES, "county") if kind == "sir" else (_GROUPS, "year")
    by = page.chosen.one_of(b, "Rows", words, f"{kind}_by", words, default=usual)
    asked = page.defined | {"by": [by]}
    if kind == "ratio":
        titles = {str(n): str(t) for n, t in page.known["standards"].select("standard", "title").iter_rows()}
        standard = page.chosen.one_of(c, "Standard population", titles, "standard", titles, default="us2000")
        asked["standard"] = standard
    operation, value = _OPERATIONS[kind], "sir" if kind == "sir" else "rate_ratio"
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(operation, **asked)
    table = _ordered(rate_words.grouped(answer["table"], answer["by"]), by, value)
    if value not in table.columns or not table[value].drop_nulls().len():
        empty("No ratio can be shown.", f"Counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    against = "as expected" if kind == "sir" else _reference(answer)
    panel.show(
        shares.with_limits(
            table.head(_MOST).with_columns(name=pl.col("group"), value=pl.col(value)),
            x_title="Observed / expected" if kind == "sir" else "Rate ratio",
            reference=1.0,
            reference_name=against,
            log=True,
            bars=False,
        ),
        answer,
        key=f"incidence_{value}",
        title=_title(kind, words[by].lower(), answer, against),
        operation=operation,
        arguments=asked,
        pick=lambda found: found["table"],
        table=rate_words.told(
            table,
            {"group": words[by]} | (_SIR if kind == "sir" else _RATIO),
            int(answer["threshold"]),
            digits=2,
        ),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)


def _ordered(table: pl.DataFrame, by: str, value: str) -> pl.DataFrame:
    """Years in their order, other rows by their ratio."""
    if by == "year":
        return table.with_columns(group=pl.col("year").cast(pl.String)).sort("year")
    if value not in table.columns:
        return table
    return table.sort([value, "group"], descending=[True, False], nulls_last=True)


def _reference(answer: dict[str, Any]) -> str:
    """The row that the others are held against, in words."""
    levels = [
        rate_words.SEXES.get(str(level), str(level)) if name == "sex" else str(level)
        for name, level in answer["reference"].items()
    ]
    return " ".join(levels)


def _title(kind: str, rows: str, answer: dict[str, Any], against: str) -> str:
    if kind == "sir":
        return f"Standardised incidence ratios by {rows}, at the rates {answer['reference']}"
    return f"Ratios of age-adjusted rates by {rows}, against {against}"
