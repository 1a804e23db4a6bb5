"""Treatment: which kinds and combinations people had, by stage, year or hospital."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import outcome_words, panel
from dashboards.components.figures import look, shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_OPERATION: Final = "outcomes.treatment"
_KINDS: Final = {"combinations": "Combinations", "modalities": "Each kind"}
#: More parts than these are not told apart; the rarest are drawn as one.
_MOST_PARTS: Final = 7
_OTHERS: Final = "Other combinations"


def show(page: Asked) -> None:
    """Combinations fill a bar a group; kinds of treatment stand beside each other, each with its limits."""
    a, b, c = page.chosen.row([2, 2, 5])
    by = page.by(a, "treatment_by", default="stage")
    kind = page.chosen.one_of(b, "Show", _KINDS, "kind", _KINDS)
    asked = page.arguments | {"by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_OPERATION, **asked)
    column = "treatment" if kind == "combinations" else "modality"
    table = answer[kind]
    if not table["percent"].drop_nulls().len():
        empty("No share can be shown.", f"Counts under {answer['threshold']} are hidden; choose wider.")
        panel.about(answer)
        return
    if kind == "combinations":
        drawn, names = _few(table), outcome_words.groups_of(answer, table)
        figure = shares.stacked(
            drawn, names[-outcome_words.MOST_ROWS :], look.names(drawn["part"]), x_title="Share of tumors"
        )
    else:
        kinds = look.names(table["modality"])
        one = page.chosen.one_of(c.columns([1, 2])[0], "Treatment", kinds, "modality")
        rows = look.rows_of(table, one, "modality")
        figure = shares.with_limits(
            rows.head(outcome_words.MOST_ROWS).with_columns(name=pl.col("group"), value=pl.col("percent")),
            x_title=f"{one}, per cent of tumors",
        )
    panel.show(
        figure,
        answer,
        key=f"outcomes_{kind}",
        title=page.title("First course of treatment", by),
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found[kind],
        table=outcome_words.shares(table, {"group": "Group", column: "Treatment"}, int(answer["threshold"])),
        columns={},
    )
    panel.about(answer)


def _few(table: pl.DataFrame) -> pl.DataFrame:
    """The most frequent combinations by name, the others as one part; only what is published is added up."""
    weight = (
        table.group_by("treatment")
        .agg(pl.col("percent").sum())
        .sort(["percent", "treatment"], descending=[True, False])
    )
    kept = (
        weight["treatment"]
        .cast(pl.String)
        .to_list()[: _MOST_PARTS - (1 if weight.height > _MOST_PARTS else 0)]
    )
    named = table.with_columns(name=pl.col("treatment").cast(pl.String)).with_columns(
        part=pl.when(pl.col("name").is_in(kept)).then("name").otherwise(pl.lit(_OTHERS))
    )
    order = {name: place for place, name in enumerate([*kept, _OTHERS])}
    summed = named.group_by("group", "part", maintain_order=True).agg(
        pl.when(pl.col("percent").count() > 0).then(pl.col("percent").sum())
    )
    return summed.with_columns(_place=pl.col("part").replace_strict(order, return_dtype=pl.Int64)).sort(
        "_place", maintain_order=True
    )
