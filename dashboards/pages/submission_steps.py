"""The next step of a submission: seal it, mark it as sent, load the receiver's report, resubmit."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components.messages import guarded, plain
from dashboards.components.words import counted
from dashboards.pages import submission_board

_REPORT, _ALL, _NONE = "report", "accepted", "rejected"
_ANSWERS: Final = {_REPORT: "By the receiver's report", _ALL: "All accepted", _NONE: "All rejected"}


def show(submission_id: int, found: dict[str, Any]) -> None:
    """The forms of the steps that the state and the role allow."""
    told = st.session_state.pop(f"_submission_done_{submission_id}", None)
    if told:
        st.success(plain(told["line"]), icon=":material/check_circle:")
        for line in told["unmatched"]:
            st.warning(plain(line), icon=":material/link_off:")
    steps = {"seal": _seal, "send": _send, "acknowledge": _acknowledge, "resubmit": _resubmit}
    for name in found["may"]:
        if name in steps and door.actor().may(f"submission.{name}"):
            with guarded():
                steps[name](submission_id, found["submission"])


def _seal(submission_id: int, row: dict[str, Any]) -> None:
    if _needs_key(row):
        st.info(
            "The files of this profile leave encrypted. Seal it on the server, where the key is: "
            f"`registry export seal {submission_id} --file-key-file KEY`",
            icon=":material/key:",
        )
        return
    with st.form(f"seal_{submission_id}"):
        a, b = st.columns([8, 3], vertical_alignment="center")
        a.markdown("Sealing writes the files with their manifest. Sealed, nothing of it changes any more.")
        if b.form_submit_button("Seal it", type="primary", icon=":material/lock:", width="stretch"):
            with st.spinner("Writing the files …"):
                answer = door.act(
                    "submission.seal", submission_id=submission_id, expected_version=row["version"]
                )
            _done(submission_id, f"Sealed: {counted(len(answer['files']), 'file')} written.")


def _needs_key(row: dict[str, Any]) -> bool:
    """Whether a key has to be given that the browser does not have."""
    found = door.figures("submission.profiles", profile=row["profile"])
    return any("key" in str(needs or "").split(";") for needs in found["needs"])


def _send(submission_id: int, row: dict[str, Any]) -> None:
    with st.form(f"send_{submission_id}"):
        st.markdown(
            "Take the files to the receiver, then note it here; nothing is transmitted by the program."
        )
        a, b, c = st.columns([2, 6, 3], vertical_alignment="bottom")
        day = a.date_input("Sent on", value=dt.date.today(), format="YYYY-MM-DD")
        note = b.text_input("Note (optional)", placeholder="uploaded to the state's portal")
        if c.form_submit_button("Mark as sent", type="primary", icon=":material/send:", width="stretch"):
            answer = door.act(
                "submission.send", submission_id=submission_id, on=str(day), note=note.strip() or None,
                expected_version=row["version"],
            )  # fmt: skip
            told = (
                f" It is noted as a disclosure of {counted(answer['disclosed'], 'patient')}."
                if answer["disclosed"]
                else ""
            )
            _done(submission_id, f"Marked as sent.{told}")


def _acknowledge(submission_id: int, row: dict[str, Any]) -> None:
    """The answer is pasted as text (CSV or JSON), or said of the whole submission."""
    with st.expander("The receiver answered", expanded=row["state"] == "SENT"), guarded():
        how = st.radio(
            "Answer",
            list(_ANSWERS),
            format_func=_ANSWERS.__getitem__,
            horizontal=True,
            key=f"ack_how_{submission_id}",
        )
        with st.form(f"ack_{submission_id}_{how}", border=False):
            content = ""
            if how == _REPORT:
                content = st.text_area(
                    "The report (CSV with its header line, or JSON)", height=170,
                    placeholder="patientIdNumber,tumorRecordNumber,answer,reason",
                    help="Copied from the receiver's file. Records that it rejects come back as work, each with its reason; "
                    "one that names rejected records only accepts the others.",
                )  # fmt: skip
            a, b = st.columns([5, 3], vertical_alignment="bottom")
            receipt = a.text_input("Receipt number (optional)")
            if b.form_submit_button(
                "Load the answer", type="primary", icon=":material/mark_email_read:", width="stretch"
            ):
                answer = door.act(
                    "submission.acknowledge", submission_id=submission_id, content=content if how == _REPORT else None,
                    answer=None if how == _REPORT else how, receipt=receipt.strip() or None, expected_version=row["version"],
                )  # fmt: skip
                _acknowledged(submission_id, answer)


def _acknowledged(submission_id: int, answer: dict[str, Any]) -> None:
    line = f"{counted(answer['accepted'], 'record')} accepted, {answer['rejected']:,} rejected."
    if answer["tasks"]:
        line += f" {counted(answer['tasks'], 'task')} to correct under “Rejected records”."
    if answer.get("unanswered"):
        line += f" {counted(answer['unanswered'], 'record')} still without an answer."
    lines = answer.get("unmatched_lines")
    unmatched = []
    if answer["unmatched"]:
        unmatched.append(
            f"{counted(answer['unmatched'], 'line')} of the report belong to no record of this submission."
        )
        if lines is not None:
            unmatched += [f"Line {row['line']}: {row['why']}" for row in lines.head(5).iter_rows(named=True)]
    _done(submission_id, line, unmatched)


def _resubmit(submission_id: int, _row: dict[str, Any]) -> None:
    with st.form(f"resubmit_{submission_id}"):
        a, b = st.columns([8, 3], vertical_alignment="center")
        a.markdown(
            "A resubmission carries what is new, changed, deleted or corrected since, and points to this one."
        )
        if b.form_submit_button("Prepare a resubmission", icon=":material/replay:", width="stretch"):
            answer = door.act("submission.resubmit", submission_id=submission_id)
            st.toast(f"Submission {answer['submission_id']} is prepared.", icon=":material/check_circle:")
            submission_board.open_one(int(answer["submission_id"]))


def _done(submission_id: int, line: str, unmatched: list[str] | None = None) -> None:
    st.session_state[f"_submission_done_{submission_id}"] = {"line": line, "unmatched": unmatched or []}
    st.rerun()
