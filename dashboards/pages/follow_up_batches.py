"""Batches of letters: the PDF of each, marking them as sent, cancelling them, and what became of each letter."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables
from dashboards.components.follow_up_words import ADDRESSEES, BY, LANGUAGES
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted

_KEY: Final = "batches"
_MOST: Final = 500
_MOST_FILES: Final = 24
_STATES: Final = {"made": "To send", "sent": "Sent", "cancelled": "Cancelled"}
_LETTER_STATES: Final = {**_STATES, "answered": "Answered", "returned": "Returned"}
_COLUMNS: Final = {
    "batch_id": ("No.", 55),
    "state": ("State", 85),
    "as_of": ("As of", 90),
    "addressee": ("To", 110),
    "recipient_name": ("Recipient", 290),
    "letters": ("Letters", 65),
    "pages": ("Pages", 60),
    "language": ("Language", 80),
    "send_by": ("By", 65),
    "sent_on": ("Sent", 90),
    "made_by": ("Made by", 80),
    "facility": ("Facility", 250),
}
_LETTERS: Final = {
    "reference": ("Reference", 170),
    "state": ("State", 90),
    "patient_id": ("Patient", 70),
    "nameLast": ("Last name", 140),
    "nameFirst": ("First name", 130),
    "recipient_name": ("Recipient", 300),
    "page": ("Page", 55),
    "sent_on": ("Sent", 95),
    "answered_at": ("Answered", 95),
}


@st.fragment
def show() -> None:
    with guarded():
        frame = door.ask("letters.batches", limit=_MOST)
        if not frame.height:
            may = door.actor().may("letters.make")
            empty("No letter was made yet.", "Make them under “New letters”." if may else "")
            return
        counts = dict(frame["state"].value_counts().iter_rows())
        state = st.segmented_control(
            "State", [None, *_STATES], default="made" if counts.get("made") else None, key="batch_state",
            format_func=lambda word: f"{_STATES[word]} {counts.get(word, 0):,}" if word else f"All {frame.height:,}",
            label_visibility="collapsed",
        )  # fmt: skip
        if state is not None:
            frame = frame.filter(pl.col("state") == state)
        if not frame.height:
            empty("No batch stands like this.")
            return
        chosen = _table(frame)
        letters = counted(int(frame["letters"].sum()), "letter")
        st.caption(
            f"{letters} in {counted(frame.height, 'PDF')}. Choose one to print it and to see its letters, several to mark "
            "them as sent."
        )
        if chosen:
            _actions(chosen)
        if len(chosen) == 1:
            _one(chosen[0])
        elif chosen:
            _files(chosen)


def _table(frame: pl.DataFrame) -> list[dict[str, Any]]:
    shown = choices.named(frame).with_columns(
        pl.col("state").replace_strict(_STATES, default=pl.col("state")),
        pl.col("addressee").replace_strict(ADDRESSEES, default=pl.col("addressee")),
        pl.col("send_by").replace_strict(BY, default=pl.col("send_by")),
        pl.col("language").replace(LANGUAGES),
    )
    if frame["facility_id"].null_count() == frame.height:
        shown = shown.drop("facility")
    names = [name for name in _COLUMNS if name in shown.columns and shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*_COLUMNS[name]) for name in names}
    config |= {
        name: tables.year(*_COLUMNS[name]) for name in ("batch_id", "letters", "pages") if name in names
    }
    config |= {name: _day(*_COLUMNS[name]) for name in ("as_of", "sent_on") if name in names}
    rows = tables.choose(
        shown, key=f"batches_{choices.round_of(_KEY)}", columns={name: _COLUMNS[name][0] for name in names},
        config=config, rows=9, alt="Batches of letters",
    )  # fmt: skip
    states = dict(frame.select("batch_id", "state").iter_rows())
    return [row | {"state": states[row["batch_id"]]} for row in rows]


def _day(label: str, width: int) -> Any:
    return st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width)


def _actions(chosen: list[dict[str, Any]]) -> None:
    """Mark as sent or cancel what is made."""
    waiting = [row for row in chosen if row["state"] == "made"]
    if not waiting or not door.actor().may("letters.mark_sent"):
        return
    numbers = [int(row["batch_id"]) for row in waiting]
    versions = [int(row["version"]) for row in waiting]
    round_ = choices.round_of(_KEY)
    left, right = st.columns(2, gap="large")
    with left, guarded(), st.form(f"sent_{round_}"):
        a, b = st.columns([3, 4], vertical_alignment="bottom")
        day = a.date_input("Mailed on", value=dt.date.today(), format="YYYY-MM-DD",
                           help="Noted as a try. It never becomes a date of last contact.")  # fmt: skip
        anyway = st.checkbox("They are in the mail already", key=f"mailed_{round_}",
                             help="Notes also letters to people who may not be written to any more.")  # fmt: skip
        if b.form_submit_button(
            f"Mark {counted(len(numbers), 'PDF')} as sent", type="primary", width="stretch"
        ):
            answer = door.act("letters.mark_sent", batch_ids=numbers, on=str(day), expected_versions=versions, mailed_anyway=anyway)  # fmt: skip
            _done(f"{counted(answer['letters'], 'letter')} marked as sent.", answer.get("since"))
    with right, guarded(), st.form(f"cancel_{round_}"):
        a, b = st.columns([4, 3], vertical_alignment="bottom")
        reason = a.text_input("Why they are not sent", key=f"cancel_reason_{round_}")
        if b.form_submit_button(f"Cancel {counted(len(numbers), 'PDF')}", width="stretch"):
            answer = door.act("letters.cancel", batch_ids=numbers, reason=reason)
            _done(f"{counted(answer['letters'], 'letter')} cancelled.")


def _files(chosen: list[dict[str, Any]]) -> None:
    """The PDFs of several batches."""
    if not door.actor().may("letters.file"):
        return
    with st.container(horizontal=True, gap="small"):
        for row in chosen[:_MOST_FILES]:
            if row["state"] != "cancelled":
                number = int(row["batch_id"])
                download.link(f"PDF {number}", str(row["file_name"]), "letters.file", batch_id=number)
    if len(chosen) > _MOST_FILES:
        st.caption(
            f"The PDFs of the first {_MOST_FILES}; `registry followup letters` writes all to a folder."
        )


def _one(row: dict[str, Any]) -> None:
    """One batch: what may not go out any more, its file, its letters."""
    number = int(row["batch_id"])
    with guarded():
        st.subheader(f"Batch {number}")
        if row["state"] == "made":
            for line in door.ask("letters.check", batch_ids=[number]).iter_rows(named=True):
                st.error(
                    plain(
                        f"Page {line['page']}, patient {line['patient_id']}: {line['reason']}. Cancel and make it again."
                    ),
                    icon=":material/front_hand:",
                )
        if row["state"] != "cancelled" and door.actor().may("letters.file"):
            download.link("Download PDF", str(row["file_name"]), "letters.file", batch_id=number)
        frame = door.ask("letters.list", batch_id=number)
        shown = frame.with_columns(
            pl.col("state").replace_strict(_LETTER_STATES, default=pl.col("state")),
            recipient_name=pl.when(pl.col("addressee") != "patient").then("recipient_name"),
        )
        names = [
            name for name in _LETTERS if name in shown.columns and shown[name].null_count() < shown.height
        ]
        config: dict[str, Any] = {name: tables.text(*_LETTERS[name]) for name in names}
        config |= {name: tables.year(*_LETTERS[name]) for name in ("patient_id", "page") if name in names}
        config |= {name: _day(*_LETTERS[name]) for name in ("sent_on", "answered_at") if name in names}
        opened = tables.show(
            shown, key=f"letters_{number}", columns={name: _LETTERS[name][0] for name in names}, config=config,
            select=True, rows=8, alt="Letters of the batch",
        )  # fmt: skip
        st.caption("Choose a letter to record its answer.")
        if opened is not None:
            st.query_params.from_dict({"patient": str(opened["patient_id"])})
            st.rerun()


def _done(line: str, since: pl.DataFrame | None = None) -> None:
    choices.next_round(_KEY)
    st.toast(line, icon=":material/check_circle:")
    if since is not None and since.height:
        st.toast(
            f"{counted(since.height, 'letter')} of them should not have gone: look at the list.",
            icon=":material/warning:",
        )
    st.rerun()
