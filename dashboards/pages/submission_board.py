"""The board of submissions by state, and the calendar of what is due."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, submission_words, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted

_MOST: Final = 500
#: Groups of states as they are worked.
_GROUPS: Final = {
    "All": None,
    "To finish": ("DRAFT", "VALIDATED"),
    "To send": ("SEALED",),
    "Waiting for an answer": ("SENT",),
    "To correct": ("PARTLY_REJECTED", "REJECTED"),
    "Done": ("ACKNOWLEDGED", "RESUBMITTED", "DISCARDED"),
}
_COLUMNS: Final = {
    "submission_id": ("No.", 55),
    "state": ("State", 115),
    "title": ("Submission", 270),
    "of": ("Of", 250),
    "records": ("Records", 75),
    "held": ("Held back", 80),
    "rejected": ("Rejected", 75),
    "due_on": ("Due", 90),
    "created_at": ("Prepared", 90),
    "sent_at": ("Sent", 90),
    "created_by": ("By", 75),
}
_CALENDAR: Final = {
    "due_on": ("Due", 95),
    "when": ("", 130),
    "title": ("Submission", 330),
    "recipient": ("Receiver", 300),
    "cadence": ("How often", 150),
    "state": ("State", 130),
    "submission_id": ("No.", 60),
}


def open_one(submission_id: int) -> None:
    """Go to one submission."""
    st.query_params.from_dict({"submission": str(submission_id)})
    st.rerun()


def show() -> None:
    frame = door.ask("submission.list", limit=_MOST)
    if not frame.height:
        may = door.actor().may("submission.prepare")
        empty(
            "Nothing was submitted yet.",
            "Prepare one under “New submission”, or with `registry export PROFILE`." if may else "",
        )
        return
    counts = {name: frame.height if states is None else frame.filter(pl.col("state").is_in(states)).height
              for name, states in _GROUPS.items()}  # fmt: skip
    a, b = st.columns([8, 4], vertical_alignment="bottom")
    group = a.segmented_control(
        "State", [name for name, n in counts.items() if n], default="All", required=True,
        format_func=lambda name: f"{name} {counts[name]:,}", key="submission_group",
    )  # fmt: skip
    titles = dict(frame.select("profile", "title").unique(maintain_order=True).iter_rows())
    profile = choices.pick(b, "Profile", sorted(titles, key=str), "submission_profile", titles)
    states = _GROUPS[str(group)]
    if states is not None:
        frame = frame.filter(pl.col("state").is_in(states))
    if profile is not None:
        frame = frame.filter(pl.col("profile") == profile)
    if not frame.height:
        empty("No submission fits this choice.")
        return
    row = _table(frame)
    if row is not None:
        open_one(int(row["submission_id"]))
    a, b = st.columns([8, 2], vertical_alignment="center")
    a.caption(
        f"{counted(frame.height, 'submission')}, the newest first. Choose one to see it and go on with it."
    )
    with b:
        download.link("Download CSV", "submissions.csv", "submission.list", profile=profile, limit=100_000)


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    told = [submission_words.of(row) for row in frame.iter_rows(named=True)]
    shown = frame.with_columns(
        pl.col("state").map_elements(submission_words.state, return_dtype=pl.String),
        pl.Series("of", told, dtype=pl.String),
    )
    config: dict[str, Any] = {
        name: tables.text(*_COLUMNS[name]) for name in ("state", "title", "of", "created_by")
    }
    config |= {name: tables.count(*_COLUMNS[name]) for name in ("records", "held", "rejected")}
    config |= {name: _day(*_COLUMNS[name]) for name in ("due_on", "created_at", "sent_at")}
    config["submission_id"] = tables.year(*_COLUMNS["submission_id"])
    columns = {name: label for name, (label, _width) in _COLUMNS.items()}
    for name in ("due_on", "sent_at"):
        if frame[name].null_count() == frame.height:
            columns.pop(name)
    return tables.show(
        shown, key="submissions", columns=columns, config=config, select=True, rows=12, alt="Submissions"
    )


def _day(label: str, width: int) -> Any:
    return st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width)


def calendar() -> None:
    """What is due when, late ones first; the registry's own submissions before those it never made."""
    with guarded():
        frame = door.ask("submission.calendar")
        used = frame.filter(pl.col("used"))
        if not used.height or st.toggle("Also profiles that this registry does not use", key="calendar_all"):
            # what was never used cannot be late
            used = frame.filter(pl.col("used") | (pl.col("days") >= 0))
        frame = used
        if not frame.height:
            empty("No submission has a date.")
            return
        shown = frame.with_columns(
            pl.Series("when", [when(days) for days in frame["days"]], dtype=pl.String),
            state=pl.when(pl.col("state").is_null())
            .then(pl.lit("Not begun"))
            .otherwise(pl.col("state").map_elements(submission_words.state, return_dtype=pl.String)),
        )
        config: dict[str, Any] = {name: tables.text(*entry) for name, entry in _CALENDAR.items()}
        config |= {
            "due_on": _day(*_CALENDAR["due_on"]),
            "submission_id": tables.year(*_CALENDAR["submission_id"]),
        }
        row = tables.show(
            shown, key="calendar", columns={name: label for name, (label, _w) in _CALENDAR.items()}, config=config,
            select=True, rows=14, alt="Submission calendar",
        )  # fmt: skip
        st.caption(
            "Choose one that was begun to go on with it. A registry names what it submits in its settings "
            "(`submission_profiles`); what was submitted once counts as used."
        )
        if row is not None and row["submission_id"] is not None:
            open_one(int(row["submission_id"]))


def when(days: int | None) -> str:
    """How far a date is, in words.

    >>> when(0), when(1), when(-12), when(40), when(None)
    ('today', 'tomorrow', '12 days late', 'in 40 days', '')
    """
    if days is None:
        return ""
    if days in {0, 1}:
        return ("today", "tomorrow")[days]
    return f"{counted(-days, 'day')} late" if days < 0 else f"in {days} days"
