"""Derived variables of a tumor: value, meaning, algorithm and version, and why."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.primaries_panel import described
from dashboards.components.words import heading

_COLUMNS: Final = {
    "name": "Variable",
    "value": "Value",
    "label": "Meaning",
    "version": "Version",
}
_WIDTHS: Final = {"name": 200, "value": 80, "label": 260, "version": 160}
"""Pixels; the meaning is what people read, so it has most room."""

_ABBREVIATIONS: Final = frozenset(
    "aya cns dx er her2 iarc iccc icd ihs mp nhia npcr rx seer uiho who".split()
)


def show(answer: dict[str, Any]) -> None:
    """Choose a tumor, see its variables, choose one to see why."""
    if not answer["tumors"].height:
        empty("No tumor yet.")
        return
    named = described(answer)
    ids = [int(number) for number in answer["tumors"]["tumor_id"]]
    a, _rest = st.columns([7, 5])
    tumor_id = a.selectbox(
        "Tumor", ids, format_func=lambda number: f"{number} · {named['tumors', number]}", key="derived_tumor"
    )
    import polars as pl

    with guarded():
        found = door.ask("derive.of_tumor", tumor_id=tumor_id)
        if not found.height:
            empty("Nothing was derived for this tumor yet.", "`registry derive run` derives all variables.")
            return
        names = [
            name.replace("--", " – ") if name else variable(item)
            for item, name in found.select("item", "name").iter_rows()
        ]
        shown = found.with_columns(name=pl.Series(names, dtype=pl.String))
        left, right = st.columns([7, 5], gap="large")
        with left:
            config = {
                name: st.column_config.TextColumn(_COLUMNS[name], width=width)
                for name, width in _WIDTHS.items()
            }
            row = tables.show(
                shown, key=f"derived_{tumor_id}", columns=_COLUMNS, config=config, select=True, rows=14
            )
            st.caption(f"{found.height} variables. Choose a row to see why.")
        with right:
            _why(tumor_id, row)


def variable(item: str) -> str:
    """A derived variable's name in words, abbreviations in capitals.

    >>> variable("ayaSiteRecode2020"), variable("nhia_option0"), variable("histologyIcdO2")
    ('AYA site recode 2020', 'NHIA option 0', 'Histology ICD-O-2')
    """
    words = heading(item).replace("icd o2", "ICD-O-2")
    return " ".join(word.upper() if word.lower() in _ABBREVIATIONS else word for word in words.split(" "))


def _why(tumor_id: int, row: dict[str, Any] | None) -> None:
    if row is None:
        empty("No variable is chosen.")
        return
    told = door.ask("derive.why", tumor_id=tumor_id, item=row["item"])
    st.subheader(plain(row["name"]))
    st.markdown(plain(told["description"].split("\n")[0].replace("`", "")))
    if told["why"]:
        st.success(plain(told["why"]), icon=":material/rule:")
    st.caption("From")
    st.table(
        [
            {
                "Item": entry["item"],
                "Value": plain(entry["value"] or "–"),
                "Meaning": plain(entry["label"] or ""),
            }
            for entry in told["inputs"]
        ]
    )
    source = told["source"]
    link = (
        f"[{plain(source)}]({source})"
        if source.startswith("https://") and " " not in source
        else plain(source)
    )
    st.caption(f"{plain(told['id'])} · version {plain(told['version'])} · {link}")
