"""Rates over years, by site and place, and by age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel, rate_words
from dashboards.components.figures import look, rates, shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.incidence import Asked

_OPERATION: Final = "rates.table"
_MEASURES: Final = {"age_adjusted": "Age-adjusted", "crude": "Crude", "cumulative": "Cumulative, to age 75"}
_ROWS: Final = {"rate": "Rate", "lower": "Lower limit", "upper": "Upper limit"}
_COUNTS: Final = {"count": "Cases", "population": "Person-years"}
_MOST_BARS: Final = 60


def over_years(page: Asked) -> None:
    """A line a group over the years of diagnosis."""
    a, b, c, d = page.chosen.row([2, 2.4, 2.4, 2])
    by = page.chosen.one_of(
        a, "Compare by", [None, *rate_words.BY], "by", {None: "All together", **rate_words.BY}
    )
    measure = page.chosen.one_of(b, "Rates", _MEASURES, "measure", _MEASURES)
    standard = _standard(c, page, measure)
    log = page.chosen.switch(d, "Log scale", "log")
    asked = page.arguments | {"by": ["year", by] if by else ["year"], "measure": measure, **standard}
    answer = _ask(asked)
    table = _named(answer, measure)
    if not table["rate"].drop_nulls().len():
        _nothing(answer)
        return
    shown = _lines(table, page)
    title = f"{_MEASURES[measure]} incidence over years" + (f", by {rate_words.BY[by].lower()}" if by else "")
    panel.show(
        rates.over_years(
            table.filter(pl.col("group").is_in(shown)),
            shown,
            log=log,
            provisional=rate_words.provisional(answer),
            y_title="Per cent" if measure == "cumulative" else rates.PER,
        ),
        answer,
        key="incidence_years",
        title=title,
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, answer, {"group": "Group", "year": "Year"}),
        columns={},
    )
    _provisional(answer)
    rate_words.beneath(answer)
    panel.about(answer)


def by_group(page: Asked) -> None:
    """A bar a site or place with its limits, over all chosen years together."""
    a, b, c, _rest = page.chosen.row([2, 2.4, 2.4, 2])
    places = {name: title for name, title in rate_words.BY.items() if name not in {"sex", "stage"}}
    by = page.chosen.one_of(a, "Rows", places, "rows", places, default="site_group")
    measure = page.chosen.one_of(b, "Rates", _MEASURES, "measure", _MEASURES)
    asked = page.arguments | {"by": [by], "measure": measure, **_standard(c, page, measure)}
    answer = _ask(asked)
    table = _named(answer, measure).filter(pl.col("rate").is_not_null() | pl.col("hidden"))
    if not table["rate"].drop_nulls().len():
        _nothing(answer)
        return
    table = table.sort(["rate", "group"], descending=[True, False], nulls_last=True)
    panel.show(
        shares.with_limits(
            table.head(_MOST_BARS).with_columns(name=pl.col("group"), value=pl.col("rate")),
            x_title="Per cent" if measure == "cumulative" else rates.PER,
        ),
        answer,
        key="incidence_groups",
        title=f"{_MEASURES[measure]} incidence by {rate_words.BY[by].lower()}",
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, answer, {"group": rate_words.BY[by]}),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)


def by_age(page: Asked) -> None:
    """A line a group over the age at diagnosis."""
    a, b, _rest = page.chosen.row([2, 2, 5])
    by = page.chosen.one_of(
        a, "Compare by", [None, *rate_words.BY], "by", {None: "All together", **rate_words.BY}
    )
    log = page.chosen.switch(b, "Log scale", "log")
    asked = page.arguments | {"by": [by, "age_group"] if by else ["age_group"], "measure": "age_specific"}
    answer = _ask(asked)
    table = _named(answer, "age_specific")
    if not table["rate"].drop_nulls().len():
        _nothing(answer)
        return
    shown = _lines(table, page)
    panel.show(
        rates.by_age(
            table.filter(pl.col("group").is_in(shown)),
            shown,
            sorted(look.names(table["age_group"])),
            log=log,
        ),
        answer,
        key="incidence_age",
        title="Age-specific incidence" + (f", by {rate_words.BY[by].lower()}" if by else ""),
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, answer, {"group": "Group", "age_group": "Age"}),
        columns={},
    )
    rate_words.beneath(answer)
    panel.about(answer)


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    with st.spinner("Counting…", show_time=False):
        answer: dict[str, Any] = door.figures(_OPERATION, **asked)
    return answer


def _standard(place: Any, page: Asked, measure: str) -> dict[str, Any]:
    """The standard population, for rates that are adjusted to one."""
    if measure != "age_adjusted":
        return {}
    titles = {
        str(name): str(title)
        for name, title in page.known["standards"].select("standard", "title").iter_rows()
    }
    return {
        "standard": page.chosen.one_of(
            place, "Standard population", titles, "standard", titles, default="us2000"
        )
    }


def _named(answer: dict[str, Any], measure: str) -> pl.DataFrame:
    """The table with `group`, and its rate and limits under the same names for every measure."""
    table: pl.DataFrame = rate_words.grouped(answer["table"], answer["by"])
    if measure == "cumulative":
        table = table.with_columns(
            rate=pl.col("cumulative_rate"), lower=pl.col("rate_lower"), upper=pl.col("rate_upper")
        )
    return table


def _lines(table: pl.DataFrame, page: Asked) -> list[str]:
    """The groups to draw: all when they are few, else the most frequent ones and those that are chosen."""
    frequent = (
        table.group_by("group")
        .agg(pl.col("count").sum())
        .sort(["count", "group"], descending=[True, False])["group"]
        .to_list()
    )
    groups = look.names(table["group"])
    if len(groups) <= look.MOST_GROUPS:
        return groups
    usual = frequent[:4]
    picked = page.chosen.several(st, "Lines", groups, "shown", default=usual, most=look.MOST_GROUPS)
    return picked or usual


def _table(table: pl.DataFrame, answer: dict[str, Any], first: dict[str, str]) -> pl.DataFrame:
    return rate_words.told(table, first | _COUNTS | _ROWS, int(answer["threshold"]))


def _provisional(answer: dict[str, Any]) -> None:
    years = rate_words.provisional(answer)
    if years:
        st.caption(
            f"Hollow marks: {', '.join(map(str, years))}; reports of these years are likely not complete."
        )


def _nothing(answer: dict[str, Any]) -> None:
    empty(
        "No rate can be shown.",
        f"Counts under {answer['threshold']} are hidden, and rates need a population of the same years and places.",
    )
    rate_words.beneath(answer)
    panel.about(answer)
