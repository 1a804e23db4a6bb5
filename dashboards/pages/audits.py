"""Audits: one's own cases to code again, the audits with their results, differences to settle, new audits.

The address holds our own numbers only: `?case=12` is a case to code, `?audit=3` an audit.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted
from dashboards.pages import audit_coding, audit_draw, audit_one, audit_work

KINDS: Final = {
    "reabstraction": "Re-abstraction",
    "recoding": "Recoding",
    "casefinding": "Casefinding",
}
_SECTIONS: Final = {
    "My cases": "audits.mine",
    "Audits": "audits.list",
    "Differences": "audits.findings",
    "New audit": "audits.draw",
}
_COLUMNS: Final = {
    "title": ("Audit", 280),
    "kind": ("Kind", 115),
    "year": ("Year", 55),
    "facility": ("Facility", 230),
    "progress": ("Coded", 90),
    "listed": ("Listed", 65),
    "open_work": ("To settle", 75),
    "state": ("State", 70),
    "created_by": ("By", 85),
    "created_at": ("Since", 95),
}


def show() -> None:
    case, audit = _number("case"), _number("audit")
    if case is not None:
        _back("To my cases")
        with guarded():
            audit_coding.show(case)
        return
    if audit is not None:
        _back("To the audits")
        with guarded():
            audit_one.show(audit)
        return
    st.title("Audits")
    me = door.actor()
    offered = [name for name, operation in _SECTIONS.items() if me.may(operation)]
    section = st.segmented_control(
        "Section",
        offered,
        default=offered[0],
        required=True,
        key="audits_section",
        label_visibility="collapsed",
    )
    with guarded():
        if section == "My cases":
            _mine()
        elif section == "Audits":
            _list()
        elif section == "Differences":
            audit_work.differences(None)
        else:
            audit_draw.show()


def _number(name: str) -> int | None:
    value = st.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _back(label: str) -> None:
    if st.button(label, icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()


def _mine() -> None:
    finished = st.toggle("Finished ones", key="audits_finished")
    frame = door.ask("audits.mine", finished=finished)
    if not frame.height:
        empty(
            "You have coded no case yet." if finished else "No case waits for you.",
            "" if finished else "Whoever runs an audit gives its cases to auditors.",
        )
        return
    shown = choices.named(frame).with_columns(
        pl.col("kind").replace_strict(KINDS, default=pl.col("kind")), pl.col("state").str.to_titlecase()
    )
    columns = {
        "case_id": "Case", "title": "Audit", "kind": "Kind", "year": "Year", "facility": "Facility", "state": "State",
    }  # fmt: skip
    config = {
        "case_id": tables.year("Case", 70),
        "title": tables.text("Audit", 320),
        "kind": tables.text("Kind", 130),
        "year": tables.year("Year", 65),
        "facility": tables.text("Facility", 300),
        "state": tables.text("State", 110),
    }
    row = tables.show(
        shown, key=f"mine_{finished}", columns=columns, config=config, select=not finished, alt="My cases"
    )
    if row is not None:
        st.query_params.from_dict({"case": str(row["case_id"])})
        st.rerun()
    st.caption(f"{counted(frame.height, 'case')}." + ("" if finished else " Choose one to code it."))


def _list() -> None:
    frame = door.ask("audits.list")
    if not frame.height:
        may = door.actor().may("audits.draw")
        empty("There is no audit yet.", "Draw a sample or take in a list under “New audit”." if may else "")
        return
    row = _audits(frame)
    st.caption("Choose an audit to see how far it is and what it found.")
    if row is not None:
        st.query_params.from_dict({"audit": str(row["audit_id"])})
        st.rerun()


def _audits(frame: pl.DataFrame) -> dict[str, Any] | None:
    listing = pl.col("kind") == "casefinding"
    shown = choices.named(frame, "All").with_columns(
        pl.col("kind").replace_strict(KINDS, default=pl.col("kind")),
        pl.col("state").str.to_titlecase(),
        progress=pl.when(~listing).then(pl.format("{} of {}", "finished", "cases")),
        listed=pl.when(listing).then("listed"),
    )
    config: dict[str, Any] = {name: tables.text(label, width) for name, (label, width) in _COLUMNS.items()}
    config |= {name: tables.count(*_COLUMNS[name]) for name in ("listed", "open_work")}
    config["year"] = tables.year(*_COLUMNS["year"])
    config["created_at"] = st.column_config.DatetimeColumn("Since", format="YYYY-MM-DD", width=95)
    columns = {name: label for name, (label, _width) in _COLUMNS.items()}
    return tables.show(
        shown, key="audits_list", columns=columns, config=config, select=True, rows=12, alt="Audits"
    )
