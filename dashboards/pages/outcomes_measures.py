"""Quality measures: how often each is met, by hospital or year, as bars or as a funnel; whom it leaves out and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, outcome_words, panel, tables
from dashboards.components.figures import funnel, look, shares
from dashboards.components.messages import empty, guarded, plain

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_FIGURES: Final = "measures.figures"
_FUNNEL: Final = "outcomes.funnel"
_KINDS: Final = {"bars": "Bars", "funnel": "Funnel of hospitals"}


def show(page: Asked) -> None:
    """All measures together, or one by group or as a funnel."""
    a, b, c, _rest = page.chosen.row([3.4, 2, 2, 2])
    titles: dict[Any, str] = {
        None: "All measures",
        **{str(k): str(v) for k, v in page.known["measures"].items()},
    }
    measure = page.chosen.one_of(a, "Measure", titles, "measure", titles)
    kind = page.chosen.one_of(b, "Show", _KINDS, "measure_kind", _KINDS) if measure else "bars"
    if kind == "funnel":
        _funnel(page, measure, titles[measure])
        return
    by = page.by(c, "measure_by", default="facility") if measure else None
    asked = page.arguments | {"measure": measure, "by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_FIGURES, **asked)
    table = _named(answer["table"], measure, by)
    if not table["percent"].drop_nulls().len():
        empty("No measure can be shown.", f"Counts under {answer['threshold']} are hidden; choose wider.")
        _why(answer)
        panel.about(answer)
        return
    goals = table["benchmark"].drop_nulls().unique().to_list()
    goal = float(goals[0]) if measure and len(goals) == 1 else None
    panel.show(
        shares.with_limits(
            table.head(outcome_words.MOST_ROWS).with_columns(value=pl.col("percent")),
            x_title="Met, per cent",
            reference=goal,
            reference_name="benchmark",
        ),
        answer,
        key="outcomes_measures",
        title=page.title(f"Measure met: {titles[measure]}" if measure else "Quality measures", by),
        operation=_FIGURES,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, int(answer["threshold"])),
        columns={},
    )
    _why(answer)
    if measure:
        _definition(measure)
        _cases(page, measure)
    panel.about(answer)


def _funnel(page: Asked, measure: str, title: str) -> None:
    asked = page.arguments | {"measure": measure}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_FUNNEL, **asked)
    points = _named(answer["points"], measure, "facility").with_columns(
        n=pl.col("total"), value=pl.col("percent")
    )
    if not points["value"].drop_nulls().len():
        empty("No hospital can be shown.", f"Counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    goal = float(answer["benchmark"])
    panel.show(
        funnel.funnel(
            funnel.judged(points),
            answer["lines"].with_columns(n=pl.col("total")),
            benchmark=goal,
            benchmark_name=f"benchmark {goal:g} %",
            x_title="Patients the measure is about",
            y_title="Met",
        ),
        answer,
        key="outcomes_funnel",
        title=f"Measure met, hospitals: {title}",
        operation=_FUNNEL,
        arguments=asked,
        pick=lambda found: found["points"],
        table=outcome_words.shares(
            points, {"name": "Hospital"}, int(answer["threshold"]), count="met", told="Met (limits)"
        ),
        columns={},
    )
    panel.about(answer)


def _named(table: pl.DataFrame, measure: str | None, by: str | None) -> pl.DataFrame:
    """The table with `name`: the measure's title when all are shown, else the group's."""
    if measure is None:
        return table.with_columns(name=pl.col("title").cast(pl.String))
    names = choices.facilities() if by == "facility" else {}
    return table.with_columns(name=pl.col("group").cast(pl.String).replace(names))


def _table(table: pl.DataFrame, threshold: int) -> pl.DataFrame:
    shown = outcome_words.shares(
        table, {"name": "Measure or group"}, threshold, count="met", told="Met (95 % limits)"
    )
    goals = [f"{goal:g} %" if look.is_known(goal) else "–" for goal in table["benchmark"]]
    return shown.with_columns(pl.Series("Benchmark", goals, dtype=pl.String))


def _why(answer: dict[str, Any]) -> None:
    """From all tumors to those a measure is about, and to those that meet it."""
    frame = answer.get("why")
    if frame is None or not frame.height:
        return
    with st.expander("Whom a measure is about, step by step"):
        rows = [
            {
                "Measure": str(row["measure"]),
                "Step": str(row["reason"]),
                "Left out": look.count(row["excluded"], int(answer["threshold"])),
                "Remaining": look.count(row["remaining"], int(answer["threshold"])),
            }
            for row in frame.iter_rows(named=True)
        ]
        st.html(panel.as_table(pl.DataFrame(rows), {}, "Whom a measure is about"))


def _definition(measure: str) -> None:
    with guarded(), st.expander("How the measure is defined"):
        found = door.figures("measures.show", measure=measure)
        st.html(panel.as_table(found["lines"], {"part": "Part", "text": "What it says"}, "Definition"))


def _cases(page: Asked, measure: str) -> None:
    """Tumors that do not meet the measure, for who may see records."""
    if not door.actor().may("measures.cases"):
        return
    with guarded(), st.expander("Cases to look at"):
        if not st.toggle("List the cases that do not meet it", key="measure_cases"):
            return
        kept = {name: value for name, value in page.arguments.items() if name != "profile"}
        frame = door.ask("measures.cases", measure=measure, **kept)
        if not frame.height:
            st.caption(plain("None: each case meets it."))
            return
        config = tables.idents(frame) | {"year": tables.year("Year", 80)}
        row = tables.show(
            frame,
            key="measure_cases_table",
            config=config,
            select=True,
            alt="Cases that do not meet the measure",
        )
        if row is not None and st.button("Open record", key="measure_open", icon=":material/arrow_forward:"):
            _open_record(int(row["patient_id"]))


def _open_record(patient_id: int) -> None:
    from dashboards.pages import page

    target = page("record")
    if target is not None:
        st.switch_page(target, query_params={"patient": str(patient_id)})
