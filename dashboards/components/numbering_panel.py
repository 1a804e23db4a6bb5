"""Sequence numbers of a patient: as they stand, as proposed, and writing them after a look."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import tables
from dashboards.components.messages import empty, guarded, show_error
from registry.errors import Conflict

_COLUMNS: Final = {
    "kind": ("Number", 90),
    "abstract_id": ("Abstract", 75),
    "facility_id": ("Facility", 105),
    "tumor_id": ("Tumor", 65),
    "old": ("Now", 60),
    "new": ("Proposed", 80),
    "why": ("Why", 640),
}

_ALL: Final = (
    "Over all known tumors of the patient, also those before the reference date or of other facilities."
)
_OWN: Final = (
    "Over the tumors that your facility reported, and those before them that their numbers tell of; central staff "
    "count the tumors of all facilities."
)
#: Characters of a reason that fit on one line.
_FITS: Final = 95


def show(patient_id: int, undecided: bool) -> None:
    """The proposal over all known tumors, and a button to confirm it.

    Args:
        undecided: a pair of the patient's tumors waits for a decision, so that their count may still change.
    """
    st.subheader("Sequence numbers")
    proposal = door.ask("numbering.proposal", patient_id=patient_id)
    rows = proposal["rows"]
    st.caption(_ALL if door.actor().facilities is None else _OWN)
    if not rows.height:
        empty("No abstract to number.")
        return
    _table(rows)
    if not proposal["changes"]:
        st.success("All numbers stand as the rules would give them.", icon=":material/check_circle:")
        return
    if not door.actor().may("numbering.confirm"):
        st.caption(f"{proposal['changes']} would change; your role may look, not number.")
        return
    if undecided:
        st.warning(
            "Some of these tumors may be one primary: decide above before you number them.",
            icon=":material/compare_arrows:",
        )
    _confirm(patient_id, proposal)


def _table(rows: Any) -> None:
    import polars as pl

    differs = pl.col("old").ne_missing(pl.col("new"))
    shown = rows.with_columns(
        kind=pl.col("kind").str.to_titlecase(),
        old=pl.col("old").fill_null("–"),
        new=pl.when(differs)
        .then(pl.format("→ {}", pl.col("new").fill_null("–")))
        .otherwise(pl.col("new").fill_null("–")),
    )
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(label, width=width, format="%d", alignment="left")
        if name in {"abstract_id", "tumor_id"}
        else st.column_config.TextColumn(label, width=width)
        for name, (label, width) in _COLUMNS.items()
    }
    names = {name: label for name, (label, _width) in _COLUMNS.items()}
    long = int(rows["why"].str.len_chars().max() or 0) > _FITS
    tables.show(shown, key="sequence_numbers", columns=names, config=config, rows=8, wrap=long)


def _confirm(patient_id: int, proposal: dict[str, Any]) -> None:
    count = proposal["changes"]
    # On one line, and the button says what it does: the numbers were shown above.
    a, b, _rest = st.columns([5, 3, 4], vertical_alignment="bottom")
    reason = a.text_input(
        "Reason (optional)", key=f"number_reason_{patient_id}", placeholder="second tumor in 2025"
    )
    if not b.button(
        f"Write {count} number{'' if count == 1 else 's'}",
        type="primary",
        width="stretch",
        key="confirm_numbers",
    ):
        return
    with guarded():
        try:
            answer = door.ask(
                "numbering.confirm", patient_id=patient_id, shown=proposal["shown"], reason=reason or None
            )
        except Conflict as error:
            show_error(error)
            return
        n = answer["changed"]
        st.toast(f"{n} abstract{'' if n == 1 else 's'} changed.", icon=":material/check_circle:")
        st.rerun()
