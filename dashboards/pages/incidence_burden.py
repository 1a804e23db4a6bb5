"""What a cancer weighs: people who live with it, and deaths against new cases."""

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

_WHICH: Final = {"persons": "People, each once", "first": "People, their first tumor", "tumors": "Tumors"}


def prevalence(page: Asked) -> None:
    """People alive with a cancer of the last 1, 3, 5 … years."""
    a, b, c, _rest = page.chosen.row([2, 2.2, 2, 3])
    words = {"site_group": "Site", "sex": "Sex", "race": "Race", "county": "County"}
    by = page.chosen.one_of(a, "Rows", words, "prevalence_by", words)
    which = page.chosen.one_of(b, "Counted are", _WHICH, "which", _WHICH)
    years = page.chosen.one_of(c, "Diagnosed in the last", [1, 3, 5, 10, 20], "duration", _spans(), default=5)
    named = ("cohort", "site", "sex", "profile")
    asked = {name: page.arguments[name] for name in named} | {"by": [by], "which": which}
    operation = "prevalence.table"
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(operation, **asked)
    table = rate_words.grouped(answer["table"], answer["by"])
    at = table.filter(pl.col("years") == years).sort(
        ["count", "group"], descending=[True, False], nulls_last=True
    )
    if not at["count"].drop_nulls().len():
        empty("No prevalence can be shown.", f"Counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    columns = {
        "group": words[by],
        "years": "Years",
        "count": "People",
        "lower": "Lower limit",
        "upper": "Upper limit",
    }
    panel.show(
        shares.with_limits(
            at.head(60).with_columns(name=pl.col("group"), value=pl.col("count").cast(pl.Float64)),
            x_title="People",
        ),
        answer,
        key="incidence_prevalence",
        title=f"People alive with a cancer diagnosed in the last {_spans()[years]}, by {words[by].lower()}",
        operation=operation,
        arguments=asked,
        pick=lambda found: found["table"],
        table=rate_words.told(table, columns, int(answer["threshold"]), digits=0),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)


def mortality(page: Asked) -> None:
    """Deaths of the population over new cases."""
    a, _rest = page.chosen.row([2, 7])
    words = {"site_group": "Site", "sex": "Sex", "year": "Year", "county": "County"}
    by = page.chosen.one_of(a, "Rows", words, "mortality_by", words)
    asked = page.defined | {"by": [by]}
    operation = "rates.mortality_incidence"
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(operation, **asked)
    table = rate_words.grouped(answer["table"], answer["by"])
    if by == "year":
        table = table.with_columns(group=pl.col("year").cast(pl.String))
    shown = table.filter(pl.col("ratio").is_not_null() | pl.col("hidden"))
    if by != "year":
        shown = shown.sort(["ratio", "group"], descending=[True, False], nulls_last=True)
    if not shown["ratio"].drop_nulls().len():
        empty("No ratio can be shown.", f"Counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    columns = {"group": words[by], "deaths": "Deaths", "cases": "Cases", "ratio": "Ratio",
               "lower": "Lower limit", "upper": "Upper limit"}  # fmt: skip
    panel.show(
        shares.with_limits(
            shown.head(60).with_columns(name=pl.col("group"), value=pl.col("ratio")),
            x_title="Deaths / new cases",
        ),
        answer,
        key="incidence_mortality",
        title=f"Mortality-to-incidence ratio by {words[by].lower()}",
        operation=operation,
        arguments=asked,
        pick=lambda found: found["table"],
        table=rate_words.told(shown, columns, int(answer["threshold"]), digits=2),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)


def _spans() -> dict[Any, str]:
    return {years: f"{years} year{'s' if years > 1 else ''}" for years in (1, 3, 5, 10, 20)}
