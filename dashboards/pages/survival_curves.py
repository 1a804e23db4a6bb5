"""Curves of survival or of cumulative incidence: the figure, survival after some years, the test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel
from dashboards.components.address import Choices
from dashboards.components.figures import look, risks, survival
from dashboards.components.messages import empty, plain
from dashboards.components.words import number, probability

_OPERATION: Final = "survival.estimate"
_Y_TITLES: Final = {
    "survival": "Survival",
    "incidence": "Cumulative incidence",
    "hazard": "Cumulative hazard",
}
_YEARS: Final = (1, 3, 5, 10)


def show(whom: dict[str, Any], question: dict[str, Any], known: dict[str, Any], chosen: Choices) -> None:
    """Ask once and show."""
    asked = whom | question
    answer = door.figures(_OPERATION, **asked)
    if not answer["curve"].height:
        empty(
            "No group is large enough to show.",
            f"Groups of fewer than {answer['threshold']} people are hidden; choose wider.",
        )
        panel.about(answer)
        return
    _figure(answer, asked, known, chosen)
    at_years = _by_group(answer)
    if at_years.height:
        st.subheader("By group" if question["by"] else "After some years")
        st.html(panel.as_table(at_years, {}, "After some years, with 95 % limits"))
    if question.get("test"):
        _test(answer["test"])
    panel.about(answer)


def _figure(answer: dict[str, Any], asked: dict[str, Any], known: dict[str, Any], chosen: Choices) -> None:
    method = str(asked["method"])
    curve, at_risk = answer["curve"], answer["at_risk"]
    series = _causes(answer)
    causes, by = len(series) > 1, asked["by"]
    title = _title(answer, asked, known)
    if causes and not by:
        stacked = chosen.switch(st, "Stack the causes", "stacked", default=True)
        if stacked:
            drawn = risks.stacked(curve, series)
        else:
            drawn = _lines(curve.with_columns(group=pl.col("cause")), at_risk.clear(), series, answer, asked)
    else:
        if causes:
            cause = chosen.one_of(chosen.row([2, 6])[0], "Cause", series, "cause")
            curve, title = look.rows_of(curve, cause, "cause"), f"{title}: {cause}"
        drawable = set(look.names(curve["group"]))
        shown = _chosen([group for group in answer["groups"] if group in drawable], at_risk, chosen)
        drawn = _lines(curve, at_risk, shown, answer, asked)
    panel.show(
        drawn,
        answer,
        key=f"survival_{method.replace('-', '_')}",
        title=title,
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["curve"],
        table=_long(answer),
        columns={},
    )


def _lines(
    curve: pl.DataFrame,
    at_risk: pl.DataFrame,
    groups: Sequence[str],
    answer: dict[str, Any],
    asked: dict[str, Any],
) -> Any:
    kind = str(answer["kind"])
    wanted = pl.col("group").cast(pl.String).is_in(list(groups))
    return survival.curves(
        curve.filter(wanted),
        at_risk.filter(wanted),
        groups,
        y_title=_Y_TITLES[kind],
        threshold=int(answer["threshold"]),
        rising=kind != "survival",
        share=kind != "hazard",
        start=float(asked.get("given") or 0),
    )


def _causes(answer: dict[str, Any]) -> list[str]:
    """The causes that compete; none for a single curve."""
    curve = answer["curve"]
    return look.names(curve["cause"]) if "cause" in curve.columns else []


def _title(answer: dict[str, Any], asked: dict[str, Any], known: dict[str, Any]) -> str:
    """One line that says what is seen."""
    what = str(known["methods"].get(asked["method"], asked["method"]))
    if asked.get("given"):
        what += f" of those who lived {asked['given']} year{'' if asked['given'] == 1 else 's'}"
    by = asked["by"] if isinstance(asked["by"], list) else [asked["by"]]
    names = [str(known["by"].get(value, value)).lower() for value in by if value]
    parts = [what] + ([f"by {' and '.join(names)}"] if names else []) + list(asked.get("sites") or [])
    return ", ".join(parts)


def _chosen(groups: list[str], at_risk: pl.DataFrame, chosen: Choices) -> list[str]:
    """The groups to draw; of many the largest, and whoever looks may choose others."""
    if len(groups) <= look.MOST_GROUPS:
        return groups
    sizes = (
        at_risk.group_by("group")
        .agg(pl.col("at_risk").max())
        .sort(["at_risk", "group"], descending=[True, False])
    )
    largest = [group for group in look.names(sizes["group"]) if group in groups][:5]
    picked = chosen.several(st, "Curves", groups, "shown", default=largest, most=look.MOST_GROUPS)
    return picked or largest


def _by_group(answer: dict[str, Any]) -> pl.DataFrame:
    """One row a group and cause: the estimate after 1, 3, 5 and 10 years with limits, and the median."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    many = len(_causes(answer)) > 1
    share = answer["kind"] != "hazard"
    for row in answer["at_years"].iter_rows(named=True):
        entry = found.setdefault((str(row["group"]), str(row.get("cause"))), {})
        entry[f"{row['years']:g} y"] = _limits(row, share=share)
    medians, means = _medians(answer.get("median")), _means(answer.get("mean"))
    rows = []
    for (group, cause), entry in found.items():
        told = {"Group": group} | ({"Cause": cause} if many else {})
        told |= {f"{year} y": entry.get(f"{year} y", "–") for year in _YEARS}
        if medians is not None:
            told["Median, years"] = medians.get(group, "–")
        rows.append(told | means.get(group, {}))
    table = pl.DataFrame(rows)
    return table.drop(name for name in table.columns if name.endswith(" y") and (table[name] == "–").all())


def _medians(frame: pl.DataFrame | None) -> dict[str, str] | None:
    """Group → median in years; one that the curve never reaches is said so."""
    if frame is None:
        return None
    return {
        str(row["group"]): _median(row["years"], row.get("hidden")) for row in frame.iter_rows(named=True)
    }


def _median(years: float | None, hidden: Any) -> str:
    if hidden:
        return "hidden"
    return f"{years:.1f}" if years is not None and math.isfinite(years) else "not reached"


def _means(frame: pl.DataFrame | None) -> dict[str, dict[str, str]]:
    """Group → the mean time lived within some years, under a heading of its own."""
    if frame is None:
        return {}
    return {
        str(row["group"]): {
            f"Mean of the first {row['until']:g} years": "hidden" if row["hidden"] else f"{row['years']:.2f}"
        }
        for row in frame.iter_rows(named=True)
    }


def _limits(row: dict[str, Any], *, share: bool) -> str:
    value = row["estimate"]
    if not look.is_known(value):
        return "hidden" if row.get("hidden") else "–"
    shown = ".1%" if share else ".3f"
    if not (look.is_known(row["lower"]) and look.is_known(row["upper"])):
        return f"{value:{shown}}"
    return f"{value:{shown}} ({row['lower']:{shown}}–{row['upper']:{shown}})".replace("%–", "–")


def _long(answer: dict[str, Any]) -> pl.DataFrame:
    """What the figure shows, row by row: group, years, number at risk, estimate with limits."""
    threshold, share = int(answer["threshold"]), answer["kind"] != "hazard"
    risk = {
        (str(row["group"]), round(row["years"], 3)): look.count(row["at_risk"], threshold)
        for row in answer["at_risk"].iter_rows(named=True)
    }
    rows = [
        {
            "Group": str(row["group"]),
            **({"Cause": str(row["cause"])} if "cause" in row else {}),
            "Years": f"{row['years']:g}",
            "At risk": risk.get((str(row["group"]), round(float(row["years"]), 3)), "–"),
            "Estimate (95 % limits)": _limits(row, share=share),
        }
        for row in answer["at_years"].iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def _test(found: dict[str, Any] | None) -> None:
    """The test of the groups that are shown."""
    if found is None or found.get("p") is None:
        st.caption("There are not two groups large enough to be compared.")
        return
    verdict = "the curves differ" if found["p"] < 0.05 else "no clear difference"
    st.markdown(f"{plain(found['title'])}: {verdict}, **{probability(found['p'])}**")
    plural = "" if found["df"] == 1 else "s"
    st.caption(f"χ² = {found['chisq']:.2f} on {number(found['df'])} degree{plural} of freedom")
