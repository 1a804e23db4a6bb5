"""Bars on contact and consents to write to the patient: who, when, why; set, lifted, withdrawn with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import guarded, plain
from dashboards.components.words import moment


def show(patient_id: int, found: dict[str, Any]) -> None:
    """Bars and consents of a patient, and the forms of who may change them."""
    with guarded():
        _bars(patient_id, found["bars"])
    with guarded():
        _consents(patient_id, found["consents"])


def _bars(patient_id: int, bars: pl.DataFrame) -> None:
    is_set = bool(bars.filter(pl.col("lifted_at").is_null()).height)
    st.subheader("Bar on contact")
    st.caption("Set: no letters, no calls." if is_set else "None: the patient may be contacted.")
    for row in bars.iter_rows(named=True):
        asked = f", asked by {row['requested_by']}" if row["requested_by"] else ""
        line = f"{moment(row['set_at'])} · {row['set_by']}: {row['reason']}{asked}"
        if row["lifted_at"] is not None:
            line += f" (lifted {moment(row['lifted_at'])} by {row['lifted_by']}: {row['lifted_reason']})"
        st.markdown(f"- {plain(line)}")
    if not door.actor().may("followup.bar"):
        return
    round_ = choices.round_of(f"patient_{patient_id}")
    title = "Lift the bar" if is_set else "Bar contact with this patient"
    with st.expander(title), guarded(), st.form(f"bar_{patient_id}_{round_}", border=False):
        reason = st.text_input("Why", key=f"bar_reason_{patient_id}_{round_}")
        if is_set:
            if st.form_submit_button("Lift the bar"):
                door.act("followup.lift_bar", patient_id=patient_id, reason=reason)
                _done(patient_id, "Lifted.")
            return
        asked_by = st.text_input(
            "Who asked for it (optional)", placeholder="the patient, a daughter, Dr. Ames"
        )
        if st.form_submit_button("Bar contact"):
            door.act(
                "followup.bar",
                patient_id=patient_id,
                reason=reason,
                requested_by=asked_by.strip() or None,
            )
            _done(patient_id, "Contact is barred.")


def _consents(patient_id: int, consents: pl.DataFrame) -> None:
    st.subheader("Physicians' consent to write to the patient")
    if not consents.height:
        st.caption("None is recorded.")
    me = door.actor()
    for row in consents.iter_rows(named=True):
        _consent(row, patient_id)
    if not me.may("followup.consent"):
        return
    round_ = choices.round_of(f"patient_{patient_id}")
    with (
        st.expander("Record a consent or refusal"),
        guarded(),
        st.form(f"consent_{patient_id}_{round_}", border=False),
    ):
        physician = st.text_input("Physician number", key=f"consent_physician_{patient_id}_{round_}")
        given = st.radio(
            "Answer", [True, False], format_func=lambda yes: "Consents" if yes else "Refuses", horizontal=True
        )
        a, b = st.columns(2)
        on = a.date_input("On", value=dt.date.today(), format="YYYY-MM-DD")
        until = b.date_input("Until (optional)", value=None, format="YYYY-MM-DD")
        note = st.text_input("Note (optional)", key=f"consent_note_{patient_id}_{round_}")
        if st.form_submit_button("Record the answer"):
            door.act(
                "followup.consent", patient_id=patient_id, physician_id=physician.strip(), given=bool(given),
                given_on=str(on), valid_until=None if until is None else str(until), note=note.strip() or None,
            )  # fmt: skip
            _done(patient_id, "Recorded.")


def _consent(row: dict[str, Any], patient_id: int) -> None:
    verb = "consents" if row["given"] else "refuses"
    whose = "" if row["patient_id"] else " (for all of the physician's patients)"
    line = f"{row['given_on']} · physician {row['physician_id']} {verb}{whose}"
    line += f", until {row['valid_until']}" if row["valid_until"] else ""
    line += f": {row['note']}" if row["note"] else ""
    if row["withdrawn_at"] is not None:
        line += (
            f" (withdrawn {moment(row['withdrawn_at'])} by {row['withdrawn_by']}: {row['withdrawn_reason']})"
        )
    st.markdown(f"- {plain(line)}")
    mine = row["patient_id"] is not None and row["withdrawn_at"] is None
    if not mine or not door.actor().may("followup.withdraw_consent"):
        return
    number = int(row["consent_id"])
    with guarded(), st.form(f"withdraw_consent_{number}", border=False):
        a, b = st.columns([5, 3], vertical_alignment="bottom")
        reason = a.text_input("Why it is withdrawn", key=f"withdraw_consent_reason_{number}")
        if b.form_submit_button("Withdraw", width="stretch"):
            door.act("followup.withdraw_consent", consent_id=number, reason=reason)
            _done(patient_id, "Withdrawn.")


def _done(patient_id: int, line: str) -> None:
    choices.next_round(f"patient_{patient_id}")
    st.toast(line, icon=":material/check_circle:")
    st.rerun()
