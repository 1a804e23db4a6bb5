"""Work on edit failures: find them, give them to people, look at one with its record, override or correct it."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, failure_panel, tables
from dashboards.components.failure_panel import SEVERITIES, SOURCES, STATES
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted, number

_MOST: Final = 500
_KEY: Final = "work"
_ALL, _MINE, _NOBODY = "All", "Mine", "Given to nobody"
_NO_ONE: Final = "nobody"
_COLUMNS: Final = {
    "severity": ("Severity", 75),
    "edit": ("Edit", 185),
    "message": ("What is wrong", 450),
    "facility": ("Facility", 225),
    "abstractor": ("Abstractor", 85),
    "diagnosis_year": ("Year", 55),
    "assigned_to": ("Given to", 85),
    "abstract_id": ("Abstract", 75),
}


@st.fragment
def show() -> None:
    with guarded():
        wanted = _wanted()
        frame = door.ask("quality.failures", **wanted, limit=_MOST + 1)
        if not frame.height:
            empty("No failure fits this choice.", "Edits run every night and after `registry edits run`.")
            return
        more = frame.height > _MOST
        chosen = _table(frame.head(_MOST))
        a, b = st.columns([8, 2], vertical_alignment="center")
        count = f"The first {_MOST:,} failures" if more else counted(frame.height, "failure")
        a.caption(
            f"{count}{'; narrow the choice to see others' if more else ''}. Choose a row to see the record, "
            "several rows to give them to somebody."
        )
        with b:
            download.link("Download CSV", "edit-failures.csv", "quality.failures", **wanted, limit=100_000)
        if chosen and door.actor().may("quality.assign"):
            _assign([int(row["failure_id"]) for row in chosen])
        if len(chosen) == 1:
            failure_panel.show(int(chosen[0]["failure_id"]), _KEY)


def _wanted() -> dict[str, Any]:
    """The filters as arguments of `quality.failures`."""
    a, b = st.columns([6, 6], vertical_alignment="bottom")
    whose = a.segmented_control(
        "Whose work",
        _whose(),
        default=_ALL,
        required=True,
        key="work_whose",
        format_func=_whose().__getitem__,
    )
    edit = _pick_edit(b)
    central = door.actor().facilities is None or len(door.actor().facilities or ()) > 1
    places = iter(st.columns(6 if central else 5))
    severity = choices.pick(next(places), "Severity", list(SEVERITIES), "work_severity", SEVERITIES)
    facility = choices.pick_facility(next(places), "work_facility") if central else None
    abstractor = choices.pick(next(places), "Abstractor", _values("abstractor"), "work_abstractor")
    year = choices.pick(next(places), "Year of diagnosis", _values("year"), "work_year")
    source = choices.pick(next(places), "Source", list(SOURCES), "work_source", SOURCES)
    state = next(places).selectbox("State", list(STATES), format_func=STATES.__getitem__, key="work_state")
    assigned = {_MINE: door.actor().name, _NOBODY: ""}.get(str(whose))
    return {
        "edit": edit[0] if edit else None, "severity": severity, "facility": facility, "abstractor": abstractor,
        "year": year, "source": source or (edit[1] if edit else None), "state": state, "assigned_to": assigned,
    }  # fmt: skip


def _whose() -> dict[str, str]:
    """All, mine, nobody's, with how many are open."""
    given = dict(door.figures("quality.worklist").select("assigned_to", "open").iter_rows())
    counts = {_ALL: sum(given.values()), _MINE: given.get(door.actor().name, 0), _NOBODY: given.get(None, 0)}
    return {name: f"{name} {count:,}" for name, count in counts.items()}


def _pick_edit(place: Any) -> tuple[str, str] | None:
    """The edit and its source, most failures first."""
    summary = door.figures("quality.summary").filter(pl.col("open") + pl.col("overridden") > 0)
    counts = {(edit, source): n for edit, source, n in summary.select("edit", "source", "open").iter_rows()}

    def words(pair: tuple[str, str] | None) -> str:
        if pair is None:
            return choices.ANY
        official = " (official)" if pair[1] == "official" else ""
        return f"{pair[0]}{official} · {number(counts[pair])} open"

    return place.selectbox("Edit", [None, *counts], format_func=words, key="work_edit")


def _values(by: str) -> list[Any]:
    """Abstractors, or years newest first, that have records."""
    frame = door.figures("quality.report", by=(by,))
    found = frame[frame.columns[0]].drop_nulls().to_list()
    return sorted(found, reverse=by == "year")


def _table(frame: pl.DataFrame) -> list[dict[str, Any]]:
    shown = choices.named(frame, choices.SEVERAL).with_columns(
        pl.col("severity").replace_strict(SEVERITIES, default=pl.col("severity")),
        message=pl.coalesce("message", "edit"),
    )
    if frame["assigned_to"].null_count() == frame.height:
        shown = shown.drop("assigned_to")
    config = {name: tables.text(label, width) for name, (label, width) in _COLUMNS.items()}
    if len(choices.facilities()) == 1 and frame["facility_id"].n_unique() == 1:
        shown = shown.drop("facility")
        config["message"] = tables.text("What is wrong", 675)
    config["diagnosis_year"] = tables.year(*_COLUMNS["diagnosis_year"])
    config["abstract_id"] = tables.year(*_COLUMNS["abstract_id"])
    return tables.choose(
        shown,
        key=f"board_{choices.round_of(_KEY)}",
        columns={name: label for name, (label, _width) in _COLUMNS.items()},
        config=config,
        rows=8,
        alt="Edit failures",
    )


def _assign(failure_ids: list[int]) -> None:
    """Give the chosen failures to a person, or take them back."""
    with guarded(), st.form(f"assign_{choices.round_of(_KEY)}", border=False):
        a, b, c = st.columns([3, 5, 2], vertical_alignment="bottom")
        to = a.selectbox(
            "Give to",
            [*choices.people(), _NO_ONE],
            accept_new_options=True,
            key=f"assign_to_{choices.round_of(_KEY)}",
            help="An account's name; type one that is not in the list.",
        )
        note = b.text_input("Note (optional)", key=f"assign_note_{choices.round_of(_KEY)}")
        if c.form_submit_button(f"Give {counted(len(failure_ids), 'failure')}", width="stretch"):
            name = None if to == _NO_ONE else str(to or "").strip()
            answer = door.act("quality.assign", failure_ids=failure_ids, to=name, note=note or None)
            choices.next_round(_KEY)
            st.toast(
                f"{counted(answer['assigned'], 'failure')} given to {to}.", icon=":material/check_circle:"
            )
            st.rerun()
