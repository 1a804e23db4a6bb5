"""What audits leave to do: items coded otherwise, and listed cases that the registry has not."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, item_name, item_names, number, percent

_KEY: Final = "audit"
_RESOLUTIONS: Final = {
    "original": "The record is right",
    "recoded": "The auditor is right",
    "both": "Either may stand",
    "neither": "Neither is right",
}
_OUTCOMES: Final = {
    "found": "Found after all",
    "missed": "Missed: to be abstracted",
    "not_eligible": "Not reportable",
}
_STATES: Final = {
    "work": "To settle",
    "missed": "Missed",
    "unclear": "Unclear",
    "unreadable": "Unreadable",
    "found": "Found",
    "repeated": "Repeated",
}
_FOUND: Final = {
    "item": ("Item", 270),
    "original": ("Record", 95),
    "recoded": ("Auditor", 95),
    "facility": ("Facility", 230),
    "abstractor": ("Abstractor", 95),
    "auditor": ("Coded by", 95),
    "resolution": ("Settled", 140),
    "resolution_reason": ("Reason", 220),
    "abstract_id": ("Abstract", 75),
}
_LISTED: Final = {
    "line": ("Line", 55),
    "state": ("State", 85),
    "reason": ("Why", 210),
    "source": ("Source", 120),
    "last_name": ("Last name", 110),
    "first_name": ("First name", 100),
    "birth_date": ("Born", 90),
    "medical_record_number": ("Record number", 115),
    "accession_number": ("Accession", 95),
    "site": ("Site", 65),
    "date": ("Date", 90),
    "outcome": ("Settled", 150),
}


@st.fragment
def differences(audit_id: int | None) -> None:
    """Items coded otherwise; one at a time is settled with a reason."""
    with guarded():
        state = st.segmented_control(
            "State", ["open", "resolved"], default="open", required=True, format_func=str.capitalize,
            key=f"finding_state_{audit_id}", label_visibility="collapsed",
        )  # fmt: skip
        frame = door.ask("audits.findings", audit_id=audit_id, state=state)
        if not frame.height:
            empty("No difference waits." if state == "open" else "No difference was settled yet.")
            return
        row = _findings(frame, str(state))
        if row is None:
            told = " Choose one to settle it." if state == "open" else ""
            st.caption(f"{counted(frame.height, 'difference')}.{told}")
        elif door.actor().may("audits.resolve") and row["resolution"] is None:
            _resolve(row)


def _findings(frame: pl.DataFrame, state: str) -> dict[str, Any] | None:
    shown = choices.named(frame).with_columns(
        pl.col("item").replace(item_names(frame["item"])),
        pl.col("original", "recoded").fill_null("empty"),
        pl.col("resolution").replace(_RESOLUTIONS),
    )
    hidden = {"resolution", "resolution_reason"} if state == "open" else {"abstractor"}
    columns = {name: label for name, (label, _width) in _FOUND.items() if name not in hidden}
    config: dict[str, Any] = {name: tables.text(label, width) for name, (label, width) in _FOUND.items()}
    config["abstract_id"] = tables.year(*_FOUND["abstract_id"])
    row = tables.show(
        shown, key=f"findings_{state}_{choices.round_of(_KEY)}", columns=columns, config=config, select=state == "open",
        rows=10, alt="Differences",
    )  # fmt: skip
    return None if row is None else frame.filter(pl.col("finding_id") == row["finding_id"]).row(0, named=True)


def _resolve(row: dict[str, Any]) -> None:
    if not door.actor().may("audits.resolve"):
        return
    with guarded(), st.form(f"resolve_{row['finding_id']}"):
        original, recoded = (plain(row[name] or "empty") for name in ("original", "recoded"))
        st.markdown(
            f"**{plain(item_name(row['item']))}**: the record says **{original}**, the auditor **{recoded}**."
        )
        a, b, c = st.columns([3, 6, 2], vertical_alignment="bottom")
        word = a.selectbox("Which is right", list(_RESOLUTIONS), format_func=_RESOLUTIONS.__getitem__)
        reason = b.text_input("Reason", placeholder="the pathology report says …")
        if c.form_submit_button("Settle", type="primary", width="stretch"):
            door.act(
                "audits.resolve", finding_id=int(row["finding_id"]), resolution=word, reason=reason,
                expected_version=int(row["version"]),
            )  # fmt: skip
            _done("Settled. The record itself is corrected as any other.")


@st.fragment
def casefinding(audit_id: int, found: dict[str, Any]) -> None:
    """How complete casefinding was, and the listed cases that wait."""
    with guarded():
        overall = found["overall"].row(0, named=True) if found["overall"].height else {}
        figures = (
            (
                "Listed cases",
                number(overall.get("cases")),
                "found and missed; a case in two sources counts once",
            ),
            ("Found", number(overall.get("found")), ""),
            ("Missed", number(overall.get("missed")), ""),
            ("Unclear", number(overall.get("unclear")), "not settled yet"),
            ("Completeness", percent(overall.get("percent")), _between(overall)),
        )
        for column, (label, value, help_) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
            column.metric(label, value, border=True, help=help_ or None)
        if found["sources"].height > 1:
            with st.expander("By source"):
                columns = {"source": "Source", "cases": "Cases", "found": "Found", "missed": "Missed",
                           "unclear": "Unclear", "percent": "Found %"}  # fmt: skip
                tables.show(found["sources"], key="audit_sources", columns=columns, rows=8)
        if door.actor().may("audits.listed"):
            _listed(audit_id)


def _between(overall: dict[str, Any]) -> str:
    if overall.get("lower") is None:
        return ""
    return f"95 % limits {overall['lower']:.1f} to {overall['upper']:.1f}"


def _listed(audit_id: int) -> None:
    rows = door.ask("audits.listed", audit_id=audit_id)
    waits = pl.col("task_id").is_not_null() & pl.col("outcome").is_null()
    states = {
        name: rows.filter(waits if name == "work" else pl.col("state") == name).height for name in _STATES
    }
    offered = [name for name, n in states.items() if n]
    if not offered:
        empty("The list is empty in your facilities.")
        return
    state = st.segmented_control(
        "State", [None, *offered], default="work" if states["work"] else None,
        format_func=lambda word: f"All {rows.height}" if word is None else f"{_STATES[word]} {states[word]}",
        key=f"listed_{audit_id}", label_visibility="collapsed",
    )  # fmt: skip
    if state is not None:
        rows = rows.filter(waits if state == "work" else pl.col("state") == state)
    if not rows.height:
        empty("No row stands like this.")
        return
    shown = rows.with_columns(pl.col("state").str.to_titlecase(), pl.col("outcome").replace(_OUTCOMES))
    filled = [name for name in _LISTED if rows[name].null_count() < rows.height]
    config: dict[str, Any] = {name: tables.text(*_LISTED[name]) for name in filled}
    config["line"] = tables.year(*_LISTED["line"])
    row = tables.show(
        shown, key=f"listed_{audit_id}_{choices.round_of(_KEY)}", config=config, select=True, rows=10,
        columns={name: _LISTED[name][0] for name in filled}, alt="Listed cases",
    )  # fmt: skip
    if row is not None and door.actor().may("audits.settle") and row["state"] != "Repeated":
        _settle(row)


def _settle(row: dict[str, Any]) -> None:
    with guarded(), st.form(f"settle_{row['entry_id']}"):
        a, b, c = st.columns([3, 6, 2], vertical_alignment="bottom")
        word = a.selectbox("What became of it", list(_OUTCOMES), format_func=_OUTCOMES.__getitem__)
        reason = b.text_input("Reason", placeholder="found under the maiden name")
        if c.form_submit_button("Settle", type="primary", width="stretch"):
            door.act(
                "audits.settle", entry_id=int(row["entry_id"]), outcome=word, reason=reason,
                expected_version=int(row["version"]),
            )  # fmt: skip
            _done("Settled.")


def _done(line: str) -> None:
    choices.next_round(_KEY)
    st.toast(line, icon=":material/check_circle:")
    st.rerun()
