"""The follow-up work list: who is to be contacted, by which step next; a row opens the patient's panel."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables
from dashboards.components.follow_up_words import STATUS, STEPS, step
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted, tumors

_MOST: Final = 500
_ALL: Final = "ALL"
#: What was chosen stays while a patient's panel is open.
_KEPT: Final = ("follow_up_status", "follow_up_step", "follow_up_physician", "follow_up_facility")
_COLUMNS: Final = {
    "patient_id": ("Patient", 65),
    "nameLast": ("Last name", 105),
    "nameFirst": ("First name", 95),
    "dateOfBirth": ("Born", 85),
    "status": ("Status", 80),
    "dateOfLastContact": ("Last contact", 90),
    "monthsSinceContact": ("Months", 60),
    "step": ("Next step", 190),
    "attempts": ("Tries", 48),
    "lastAttempt": ("Last try", 180),
    "physicianName": ("Physician", 185),
    "telephone": ("Telephone", 95),
    "tumors": ("Tumors", 520),
}


def keep() -> None:
    """Keep the filters while the list is not drawn."""
    choices.keep(*_KEPT)


@st.fragment
def show() -> None:
    with guarded():
        facility = _top()
        whole = door.ask("followup.list", facility=facility)
        if not whole.height:
            empty("Nobody is due for follow-up today.")
            return
        wanted = _wanted(whole)
        frame = _fitting(whole, wanted)
        if not frame.height:
            empty("Nobody fits this choice.")
            return
        row = _table(frame.head(_MOST))
        a, b = st.columns([8, 2], vertical_alignment="center")
        more = frame.height > _MOST
        count = (
            f"The first {_MOST:,} of {frame.height:,} patients" if more else counted(frame.height, "patient")
        )
        a.caption(
            f"{count}, in the order to be worked{'; narrow the choice to see others' if more else ''}. "
            "Choose a row to see what was tried and to record what came."
        )
        with b:
            download.link("Download CSV", "follow-up-list.csv", "followup.list", facility=facility, **wanted)
        if row is not None:
            open_patient(int(row["patient_id"]))


def _top() -> str | None:
    """The way to one patient by what a letter says, and the facility whose list is shown."""
    a, b = st.columns([4, 4])
    told = a.text_input(
        "Open by the reference of a letter, or a patient number", key="follow_up_reference",
        placeholder="1204-20261101-P",
    )  # fmt: skip
    number = patient_of(told)
    if number is not None:
        open_patient(number)
    if told.strip():
        a.caption("A reference begins with the patient's number.")
    held = door.actor().facilities
    if held is not None and len(held) < 2:
        return None
    return choices.pick_facility(b, "follow_up_facility")


def patient_of(reference: str) -> int | None:
    """The patient's number in a letter's reference.

    >>> patient_of(" 1204-20261101-P "), patient_of("1204"), patient_of("Rivera"), patient_of("")
    (1204, 1204, None, None)
    """
    number = reference.strip().partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def open_patient(patient_id: int) -> None:
    """Go to the patient's panel."""
    st.query_params.from_dict({"patient": str(patient_id)})
    st.rerun()


def _wanted(frame: pl.DataFrame) -> dict[str, Any]:
    """The filters as arguments of `followup.list`; each offers what is on the list."""
    a, b, c = st.columns([6, 3, 3], vertical_alignment="bottom")
    place = a.container()
    steps = [code for code in STEPS if code in set(frame["nextSource"])]
    taken = choices.pick(b, "Next step", steps, "follow_up_step", {code: step(code) for code in steps})
    known = frame.select("physician", "physicianName").filter(pl.col("physician").is_not_null()).unique()
    names = {
        code: name or code
        for code, name in known.sort("physicianName", "physician", nulls_last=True).iter_rows()
    }
    physician = choices.pick(c, "Physician", list(names), "follow_up_physician", names)
    wanted = {"next_source": taken, "physician": physician}
    counts = dict(_fitting(frame, wanted)["status"].value_counts().iter_rows())
    counts[_ALL] = sum(counts.values())
    status = place.segmented_control(
        "Status", [_ALL, *STATUS], default=_ALL, required=True, key="follow_up_status",
        format_func=lambda code: f"{STATUS.get(code, 'All')} {counts.get(code, 0):,}",
    )  # fmt: skip
    return {"status": None if status == _ALL else status, **wanted}


def _fitting(frame: pl.DataFrame, wanted: dict[str, Any]) -> pl.DataFrame:
    columns = {"status": "status", "next_source": "nextSource", "physician": "physician"}
    for name, value in wanted.items():
        if value is not None:
            frame = frame.filter(pl.col(columns[name]) == value)
    return frame


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    shown = frame.with_columns(
        *tables.naaccr_dates(frame),
        pl.col("status").replace_strict(STATUS, default=pl.col("status")),
        pl.Series("step", [_step(row) for row in frame.iter_rows(named=True)], dtype=pl.String),
        pl.Series("tumors", [tumors(value) for value in frame["tumors"]], dtype=pl.String),
        attempts=pl.when(pl.col("attempts") > 0).then("attempts"),
    )
    names = [name for name in _COLUMNS if name in shown.columns and shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*_COLUMNS[name]) for name in names}
    config |= {
        name: tables.year(*_COLUMNS[name]) for name in ("patient_id", "monthsSinceContact", "attempts")
    }
    return tables.show(
        shown, key="follow_up_list", columns={name: _COLUMNS[name][0] for name in names}, config=config, select=True,
        rows=12, alt="Patients to contact",
    )  # fmt: skip


def _step(row: dict[str, Any]) -> str:
    """The next step, and from when on it is due."""
    since = row.get("nextSourceFrom")
    return step(row["nextSource"]) + (f", from {since}" if since is not None else "")
