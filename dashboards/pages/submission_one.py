"""One submission: where it stands, what it holds, its files, and the next step of who may take it."""

from __future__ import annotations

import html
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, submission_words, tables
from dashboards.components.failure_panel import open_record
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, moment, number
from dashboards.pages import submission_preview, submission_steps

_MOST: Final = 1000
_RECORDS: Final = {
    "change": ("Change", 95),
    "answer": ("Answer", 95),
    "reason": ("Why it came back", 380),
    "patient_id": ("Patient", 75),
    "tumor_number": ("Tumor no.", 75),
    "diagnosis_year": ("Year", 60),
    "facility": ("Facility", 220),
    "abstract_id": ("Abstract", 75),
    "task_state": ("Task", 80),
}
_NUMBERS: Final = ("patient_id", "tumor_number", "diagnosis_year", "abstract_id")


def show(submission_id: int) -> None:
    found = door.ask("submission.show", submission_id=submission_id)
    row = found["submission"]
    st.header(plain(f"{row['title'] or row['profile']} · No. {submission_id}"))
    _where(row)
    for line in row.get("problems") or []:
        st.error(plain(f"It cannot be sealed: {line}"), icon=":material/front_hand:")
    with guarded():
        submission_steps.show(submission_id, found)
    _figures(found)
    offered = {"Records": _records, "Held back": _held, "Files": _files, "History": _history}
    section = st.segmented_control(
        "Part", list(offered), default="Records", required=True, key=f"submission_part_{submission_id}",
        label_visibility="collapsed",
    )  # fmt: skip
    with guarded():
        offered[str(section)](submission_id, found)


def _where(row: dict[str, Any]) -> None:
    """State, receiver, what it is of, and its relation to others."""
    tag = submission_words.tag(row["state"])
    st.html(
        f'<div class="rg-failure" style="margin-left:-.4rem">{tag}&ensp;{html.escape(row["recipient"] or "")}</div>'
    )
    facts = [
        submission_words.of(row),
        f"as of {moment(row['as_of'])}",
        f"prepared by {row['created_by']} {moment(row['created_at'])}",
        f"due {row['due_on']}" if row["due_on"] else "",
        f"receipt {row['receipt']}" if row.get("receipt") else "",
    ]
    st.caption(plain(" · ".join(fact for fact in facts if fact)))
    earlier = row["first_submission_id"]
    if earlier and earlier != row["submission_id"]:
        _link("It corrects", int(earlier))


def _link(label: str, submission_id: int) -> None:
    if st.button(
        f"{label} No. {submission_id}", icon=":material/link:", type="tertiary", key=f"to_{submission_id}"
    ):
        st.query_params.from_dict({"submission": str(submission_id)})
        st.rerun()


def _figures(found: dict[str, Any]) -> None:
    changes = dict(found["changes"].select("change", "records").iter_rows())
    answers = dict(found["answers"].select("answer", "records").iter_rows())
    figures = [
        ("Records", number(found["submission"]["records"])),
        ("New", number(changes.get("new", 0))),
        ("Changed", number(changes.get("changed", 0))),
        ("Deleted", number(changes.get("deleted", 0))),
        ("Held back", number(found["submission"]["held"])),
    ]
    if any(answer is not None for answer in answers):
        figures += [
            (submission_words.ANSWERS[a], number(answers.get(a, 0))) for a in ("accepted", "rejected")
        ]
    for column, (label, value) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        column.metric(label, value, border=True)


def _records(submission_id: int, found: dict[str, Any]) -> None:
    answers = {row[0]: row[1] for row in found["answers"].select("answer", "records").iter_rows()}
    a, b = st.columns([8, 2], vertical_alignment="bottom")
    answer = None
    if any(key is not None for key in answers):
        answer = a.segmented_control(
            "Answer", [None, "rejected", "accepted"], default="rejected" if answers.get("rejected") else None,
            key=f"records_answer_{submission_id}", label_visibility="collapsed",
            format_func=lambda w: f"{submission_words.ANSWERS[w]} {answers.get(w, 0):,}" if w else "All",
        )  # fmt: skip
    frame = door.ask("submission.records", submission_id=submission_id, answer=answer, limit=_MOST)
    with b:
        download.link("Download CSV", f"submission-{submission_id}-records.csv", "submission.records",
                      submission_id=submission_id, answer=answer, limit=10_000_000)  # fmt: skip
    if not frame.height:
        empty("No record stands like this in your facilities.")
        return
    shown = choices.named(frame, "").with_columns(
        pl.col("facility").replace("", None),
        pl.col("change").replace_strict(submission_words.CHANGES, default=pl.col("change")),
        pl.col("answer").replace({"accepted": "Accepted", "rejected": "Rejected"}),
        pl.col("task_state").str.to_titlecase(),
    )
    names = [name for name in _RECORDS if name in shown.columns and shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*_RECORDS[name]) for name in names}
    config |= {name: tables.year(*_RECORDS[name]) for name in _NUMBERS if name in names}
    chosen = tables.show(
        shown, key=f"records_{submission_id}_{answer}", columns={name: _RECORDS[name][0] for name in names}, config=config,
        select=True, rows=10, alt="Records of the submission",
    )  # fmt: skip
    more = frame.height == _MOST
    st.caption(f"{'The first ' if more else ''}{counted(frame.height, 'record')}. Choose one to open it.")
    if chosen is not None:
        open_record(chosen, f"submission_{submission_id}")


def _held(submission_id: int, found: dict[str, Any]) -> None:
    submission_preview.reasons(found["held_back"])
    if found["held_back"].height:
        frame = door.ask("submission.held", submission_id=submission_id, limit=_MOST)
        submission_preview.held(frame, int(found["submission"]["held"]))


def _files(submission_id: int, found: dict[str, Any]) -> None:
    frame = found["files"]
    if not frame.height:
        empty("No file is written yet.", "Sealing writes them: the records, the manifest and a cover sheet.")
        return
    may = door.actor().may("submission.file")
    for row in frame.iter_rows(named=True):
        a, b = st.columns([9, 3], vertical_alignment="center")
        state = "" if row["present"] else " · <b>missing or changed since</b>"
        a.html(
            f'<div class="rg-item"><b>{html.escape(row["name"])}</b>{state}'
            f"<small>{row['bytes']:,} bytes · SHA-256 {html.escape(row['sha256'])}</small></div>"
        )
        if may and row["present"]:
            with b:
                download.link(
                    "Download", row["name"], "submission.file", submission_id=submission_id, name=row["name"]
                )
    folder = found["submission"].get("folder")
    if folder:
        st.caption("On the server in:")
        st.code(str(folder), language=None)


def _history(_submission_id: int, found: dict[str, Any]) -> None:
    for event in found["events"].iter_rows(named=True):
        note = f": {event['note']}" if event["note"] else ""
        line = f"{moment(event['happened_at'])} · {submission_words.state(event['state'])} by {event['actor']}{note}"
        st.markdown(f"- {plain(line)}")
