"""A submission that is to be: what will go, what is held back and why; then it is prepared."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted
from dashboards.pages import submission_board, submission_preview

_ASKED: Final = "_submission_asked"
_VERIFIED: Final = "verified"


def show() -> None:
    with guarded():
        profiles = door.figures("submission.profiles")
        if not profiles.height:
            empty("No profile is known.")
            return
        profile = _profile(profiles)
        wanted = _wanted(profile)
        if st.button("Preview", type="primary", icon=":material/preview:", key="submission_preview"):
            st.session_state[_ASKED] = wanted
        if st.session_state.get(_ASKED) != wanted:
            st.caption("A preview writes nothing. It says what would go, what is held back, and why.")
            return
        with st.spinner("Looking at the records …"):
            found = door.figures("submission.preview", **wanted)
        submission_preview.show(found)
        if door.actor().may("submission.prepare"):
            _prepare(profile, wanted, found)


def _profile(frame: pl.DataFrame) -> dict[str, Any]:
    """The chosen profile, with what it is for."""
    held = door.actor().facilities is not None
    if held:
        frame = frame.filter(~pl.col("central"))
    frame = frame.unique("profile", keep="last", maintain_order=True).sort("title", "profile")
    rows = {row["profile"]: row for row in frame.iter_rows(named=True)}
    a, b = st.columns([5, 7], vertical_alignment="bottom")
    name = a.selectbox("Profile", list(rows), format_func=lambda key: rows[key]["title"], key="new_profile")
    row: dict[str, Any] = rows[str(name)]
    kind = "names patients" if row["identifiers"] else "without direct identifiers"
    told = [row["recipient"], row["purpose"], kind, "one record a tumor" if row["level"] == "tumor" else "one record an abstract",
            row["cadence"], "" if str(row["status"]).startswith(_VERIFIED) else "details not confirmed by the receiver"]  # fmt: skip
    b.caption(plain(" · ".join(str(part) for part in told if part)))
    return row


def _wanted(profile: dict[str, Any]) -> dict[str, Any]:
    """What the profile needs, as arguments of `submission.preview`."""
    needs = set(str(profile["needs"] or "").split(";"))
    places = iter(st.columns(5, vertical_alignment="bottom"))
    wanted: dict[str, Any] = {"profile": profile["profile"]}
    key = profile["profile"]
    state = next(places).text_input(
        "State" if "state" in needs else "State (optional)",
        max_chars=2,
        placeholder="NY",
        key=f"new_state_{key}",
    )
    years = _years(next(places), next(places), key)
    held = door.actor().facilities
    only = "facility" in needs or held is not None
    facility = choices.pick_facility(next(places), f"new_facility_{key}", any_=not only)
    full = strict = False
    with next(places):
        if profile["delta"]:
            full = st.toggle(
                "Whole file", key=f"new_full_{key}", help="All records, not only what changed since."
            )
        strict = st.toggle("Refuse when errors are open", key=f"new_strict_{key}",
                           help="Else records with errors of edits are held back and the others go.")  # fmt: skip
    wanted |= {"state": state.strip().upper() or None, "facility": facility, **years}
    return wanted | {"full": bool(full), "strict": bool(strict)}


def _years(first: Any, last: Any, key: str) -> dict[str, int | None]:
    this = dt.date.today().year
    limits = {"min_value": 1950, "max_value": this, "step": 1, "value": None, "placeholder": "all"}
    from_year = first.number_input("Diagnosed from", key=f"new_from_{key}", **limits)
    to_year = last.number_input("Diagnosed to", key=f"new_to_{key}", **limits)
    return {
        "from_year": None if from_year is None else int(from_year), "to_year": None if to_year is None else int(to_year),
    }  # fmt: skip


def _prepare(profile: dict[str, Any], wanted: dict[str, Any], found: dict[str, Any]) -> None:
    """Keep what was previewed, as of the same moment."""
    with guarded():
        a, b = st.columns([3, 9], vertical_alignment="center")
        b.caption(
            "Prepared, it stands on the board with its list of records; its files are written when it is sealed."
            + (
                " It names patients: sending it is noted as a disclosure of each."
                if profile["identifiers"]
                else ""
            )
        )
        label = f"Prepare {counted(int(found['going']), 'record')}"
        if a.button(label, icon=":material/inventory:", key="submission_prepare", width="stretch"):
            answer = door.act("submission.prepare", **wanted, as_of=_iso(found["as_of"]))
            st.session_state.pop(_ASKED, None)
            st.toast(f"Submission {answer['submission_id']} is prepared.", icon=":material/check_circle:")
            submission_board.open_one(int(answer["submission_id"]))


def _iso(moment: Any) -> str:
    """A moment as operations take it."""
    return str(moment.isoformat() if isinstance(moment, dt.datetime) else moment)
