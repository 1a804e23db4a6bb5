"""Hospitals: how many cases they have, and which way patients went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, outcome_words, panel
from dashboards.components.figures import look, shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_VOLUME: Final = "outcomes.volume"
_FLOW: Final = "outcomes.flow"
_DIVISIONS: Final = {"facility": "Hospital", "site": "Site", "year": "Year", "stage": "Stage"}


def volume(page: Asked) -> None:
    """Cases as bars by one thing, or as a table by two."""
    a, b, _rest = page.chosen.row([2, 2, 5])
    first = page.chosen.one_of(a, "Rows", _DIVISIONS, "volume_by", _DIVISIONS)
    others: dict[Any, str] = {None: "nothing else", **{k: v for k, v in _DIVISIONS.items() if k != first}}
    second = page.chosen.one_of(b, "Columns", others, "volume_then", others)
    by = [first, second] if second else [first]
    asked = page.arguments | {"by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_VOLUME, **asked)
    table = _words(answer["table"], by)
    if not table.height:
        empty("No case can be shown.", f"Counts under {answer['threshold']} are hidden; choose wider.")
        panel.about(answer)
        return
    single = table if not second else table.filter(pl.col(second).str.starts_with("All "))
    rows = single.filter(~pl.col(first).str.starts_with("All ")).head(outcome_words.MOST_ROWS)
    nothing = pl.lit(None, pl.Float64)
    panel.show(
        shares.with_limits(
            rows.with_columns(
                name=pl.col(first), value=pl.col("count").cast(pl.Float64), lower=nothing, upper=nothing
            ),
            x_title="Cases",
        ),
        answer,
        key="outcomes_volume",
        title="Cases by " + " and ".join(_DIVISIONS[name].lower() for name in by),
        operation=_VOLUME,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_wide(table, by, int(answer["threshold"])),
        columns={},
    )
    panel.about(answer)


def flow(page: Asked) -> None:
    """Where patients of a hospital were diagnosed and treated, by class of case."""
    a, _rest = page.chosen.row([2, 7])
    words: dict[Any, str] = {None: "All together", **{k: v for k, v in _DIVISIONS.items() if k != "stage"}}
    by = page.chosen.one_of(a, "Compare by", words, "flow_by", words, default="facility")
    asked = page.arguments | {"by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_FLOW, **asked)
    table = answer["table"]
    if not table["percent"].drop_nulls().len():
        empty("No share can be shown.", f"Counts under {answer['threshold']} are hidden; choose wider.")
        panel.about(answer)
        return
    if by == "facility":
        table = _words(table, ["group"], {"group": choices.facilities()})
    groups = outcome_words.groups_of(answer | ({"groups": []} if by == "facility" else {}), table)
    panel.show(
        shares.stacked(
            table.with_columns(part=pl.col("flow")),
            groups[: outcome_words.MOST_ROWS],
            look.names(table["flow"]),
            x_title="Share of cases",
        ),
        answer,
        key="outcomes_flow",
        title=page.title("Patient flow by class of case", by),
        operation=_FLOW,
        arguments=asked,
        pick=lambda found: found["table"],
        table=outcome_words.shares(
            table, {"group": "Group", "flow": "Flow"}, int(answer["threshold"]), told="Share"
        ),
        columns={},
    )
    with st.expander("What the classes mean"):
        columns = {"flow": "Flow", "meaning": "Meaning", "codes": "Class of case"}
        st.html(panel.as_table(answer["meanings"], columns, "What the classes mean"))
    _transfers(answer)
    panel.about(answer)


def _transfers(answer: dict[str, Any]) -> None:
    """Who sent patients to whom; central roles only."""
    frame = answer.get("transfers")
    if frame is None or not frame.height:
        return
    names = {"diagnosed_at": choices.facilities(), "treated_at": choices.facilities()}
    named = _words(frame, list(names), names)
    threshold = int(answer["threshold"])
    rows = [
        {
            "Diagnosed at": r["diagnosed_at"],
            "Treated at": r["treated_at"],
            "Cases": look.count(r["count"], threshold),
        }
        for r in named.iter_rows(named=True)
    ]
    with st.expander(f"From hospital to hospital ({len(rows)})"):
        st.html(panel.as_table(pl.DataFrame(rows), {}, "From hospital to hospital"))


def _words(
    table: pl.DataFrame, columns: list[str], names: dict[str, dict[str, str]] | None = None
) -> pl.DataFrame:
    """Columns as text, hospitals by name."""
    told = names or {"facility": choices.facilities()}
    return table.with_columns(
        pl.col(name).cast(pl.String).replace(told.get(name, {})).fill_null("not known") for name in columns
    )


def _wide(table: pl.DataFrame, by: list[str], threshold: int) -> pl.DataFrame:
    """One row a level of the first division, one column a level of the second."""
    if len(by) == 1:
        rows = [
            {_DIVISIONS[by[0]]: r[by[0]], "Cases": look.count(r["count"], threshold)}
            for r in table.iter_rows(named=True)
        ]
        return pl.DataFrame(rows)
    found: dict[str, dict[str, str]] = {}
    levels = look.names(table[by[1]])
    for row in table.iter_rows(named=True):
        entry = found.setdefault(row[by[0]], {_DIVISIONS[by[0]]: row[by[0]], **dict.fromkeys(levels, "0")})
        entry[row[by[1]]] = look.count(row["count"], threshold)
    return pl.DataFrame(list(found.values()))
