"""Trends: observed rates, the fitted lines with their joinpoints, annual per cent change of each segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel, rate_words
from dashboards.components.figures import look, rates
from dashboards.components.messages import empty
from dashboards.components.words import probability

if TYPE_CHECKING:
    from dashboards.pages.incidence import Asked

_OPERATION: Final = "trend.table"
_BY: Final = {"sex": "Sex", "site_group": "Site", "race": "Race", "county": "County", "stage": "Stage"}
_SELECT: Final = {"bic": "BIC", "permutation": "Permutation test"}


def show(page: Asked) -> None:
    """Fit once and show."""
    a, b, c, d, e = page.chosen.row([2, 2.4, 1.8, 2, 1.6])
    chosen = page.chosen
    by = chosen.one_of(a, "Compare by", [None, *_BY], "trend_by", {None: "All together", **_BY})
    titles = {str(n): str(t) for n, t in page.known["standards"].select("standard", "title").iter_rows()}
    standard = chosen.one_of(b, "Standard population", titles, "standard", titles, default="us2000")
    most = chosen.one_of(c, "Joinpoints at most", range(6), "joinpoints", default=3)
    select = chosen.one_of(d, "Their number by", _SELECT, "select", _SELECT)
    log = chosen.switch(e, "Log scale", "trend_log")
    asked = page.arguments | {"by": by, "standard": standard, "max_joinpoints": most, "select": select}
    with st.spinner("Fitting…", show_time=False):
        answer = door.figures(_OPERATION, **asked)
    fitted = look.names(answer["segments"]["group"])
    if not fitted:
        empty("No trend can be fitted.", "A series needs several years, none hidden and none without cases.")
        _left_out(answer)
        panel.about(answer)
        return
    shown = _lines(answer, fitted, page)
    observed = answer["rates"].filter(pl.col("group").is_in(shown))
    panel.show(
        rates.trend(
            observed,
            answer["fitted"],
            answer["segments"],
            shown,
            log=log,
            provisional=_delayed(answer),
        ),
        answer,
        key="incidence_trend",
        title="Trend of age-adjusted incidence" + (f", by {_BY[by].lower()}" if by else ""),
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["rates"],
        table=_rates(answer),
        columns={},
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Annual per cent change by segment")
        st.html(panel.as_table(_segments(answer), {}, "Annual per cent change by segment"))
    with right:
        st.subheader("Average over whole spans")
        st.html(panel.as_table(_averages(answer), {}, "Average annual per cent change"))
    name = "incidence-segments"
    panel.link(f"{name}.csv", "Segments as CSV", _OPERATION, asked, lambda found: found["segments"])
    _left_out(answer)
    panel.about(answer)


def _lines(answer: dict[str, Any], fitted: list[str], page: Asked) -> list[str]:
    if len(fitted) <= look.MOST_GROUPS:
        return fitted
    counts = answer["rates"].group_by("group").agg(pl.col("count").sum())
    frequent = counts.sort(["count", "group"], descending=[True, False])["group"].to_list()
    usual = [group for group in frequent if group in fitted][:3]
    return (
        page.chosen.several(st, "Lines", fitted, "trend_shown", default=usual, most=look.MOST_GROUPS) or usual
    )


def _delayed(answer: dict[str, Any]) -> list[int]:
    return [int(year) for year in answer["rates"].filter("incomplete")["year"].unique()]


def _segments(answer: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Group": str(row["group"]),
                "Years": f"{row['first_year']}–{row['last_year']}",
                "Change (95 % limits)": rates.change(row["apc"], row["lower"], row["upper"]),
                "p": probability(row["p"]),
            }
            for row in answer["segments"].iter_rows(named=True)
        ]
    )


def _averages(answer: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Group": str(row["group"]),
                "Span": f"{row['span']}, {row['first_year']}–{row['last_year']}",
                "Change (95 % limits)": rates.change(row["aapc"], row["lower"], row["upper"]),
                "p": probability(row["p"]),
            }
            for row in answer["averages"].iter_rows(named=True)
        ]
    )


def _rates(answer: dict[str, Any]) -> pl.DataFrame:
    columns = {"group": "Group", "year": "Year", "count": "Cases", "rate": "Rate", "fitted": "Fitted"}
    lines = answer["fitted"].select("group", "year", pl.col("rate").alias("fitted"))
    both = answer["rates"].join(lines, on=["group", "year"], how="left", maintain_order="left")
    return rate_words.told(both, columns, int(answer["threshold"]))


def _left_out(answer: dict[str, Any]) -> None:
    frame = answer.get("left_out")
    if frame is not None and frame.height:
        with st.expander(f"No trend was fitted for {frame.height}"):
            st.html(panel.as_table(frame, {"group": "Group", "reason": "Reason"}, "Without a trend"))
