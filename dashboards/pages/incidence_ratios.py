"""Standardised incidence ratios: observed cases over those expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel, rate_words
from dashboards.components.figures import shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.incidence import Asked

_OPERATION: Final = "rates.sir"
_COLUMNS: Final = {
    "observed": "Observed",
    "expected": "Expected",
    "sir": "Ratio",
    "lower": "Lower limit",
    "upper": "Upper limit",
}


def show(page: Asked) -> None:
    """A mark a row with exact limits, held against 1."""
    a, _rest = page.chosen.row([2, 7])
    words = {name: title for name, title in rate_words.BY.items() if name not in {"stage", "site_group"}}
    by = page.chosen.one_of(a, "Rows", words, "ratio_by", words, default="county")
    asked = page.defined | {"by": [by]}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_OPERATION, **asked)
    table = rate_words.grouped(answer["table"], answer["by"]).sort("sir", descending=True, nulls_last=True)
    if not table["sir"].drop_nulls().len():
        empty("No ratio can be shown.", f"Counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    panel.show(
        shares.with_limits(
            table.head(60).with_columns(name=pl.col("group"), value=pl.col("sir")),
            x_title="Observed / expected",
            reference=1.0,
            reference_name="as expected",
            log=True,
            bars=False,
        ),
        answer,
        key="incidence_ratios",
        title=f"Standardised incidence ratios by {words[by].lower()}, at the rates {answer['reference']}",
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=rate_words.told(table, {"group": words[by]} | _COLUMNS, int(answer["threshold"]), digits=2),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)
