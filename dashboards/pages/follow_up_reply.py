"""The reply form: what came, its dates, the patient, tumor by tumor; every check is shown before it is recorded."""

from __future__ import annotations

import uuid
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, follow_up_words
from dashboards.components.follow_up_words import ADDRESSEES, METHODS, OUTCOMES, TELLING
from dashboards.components.messages import guarded
from dashboards.components.words import item_name
from dashboards.pages import follow_up_reply_checks
from dashboards.pages import follow_up_reply_tumors as tumor_fields

_ITEMS: Final = (
    "addrCurrentNoStreet",
    "addrCurrentCity",
    "addrCurrentState",
    "addrCurrentPostalCode",
    "telephone",
)
_CODED: Final = ("followUpSource", "followUpSourceCentral", "nextFollowUpSource")
_DEATH: Final = ("causeOfDeath", "placeOfDeathState")
_ALIVE, _DEAD = "1", "0"
_VITAL: Final = {_ALIVE: "Alive", _DEAD: "Dead"}
_DATE_HELP: Final = "YYYY-MM-DD; YYYY-MM or YYYY when no more is known."


def tumor_words(row: dict[str, Any]) -> str:
    """A tumor as people call it."""
    return tumor_fields.words(row)


@st.fragment
def show(patient_id: int, found: dict[str, Any]) -> None:
    """The form and its checks; recording draws the whole page anew."""
    round_ = choices.round_of(f"patient_{patient_id}")
    key = f"{patient_id}_{round_}"
    st.subheader("Record a contact")
    with guarded():
        wanted = _entered(patient_id, found, key)
        checks = st.container()
        if st.button("Record", type="primary", icon=":material/check:", key=f"reply_record_{key}"):
            if follow_up_reply_checks.show(checks, patient_id, wanted, asked=True):
                _record(patient_id, found, wanted, key)
        else:
            follow_up_reply_checks.show(checks, patient_id, wanted, asked=False)


def _entered(patient_id: int, found: dict[str, Any], key: str) -> dict[str, Any]:
    """What was typed, as arguments of `followup.record`; what was left alone stays away."""
    wanted = _what(patient_id, key)
    telling = wanted["outcome"] in TELLING
    wanted |= _when(key, telling=telling)
    items: dict[str, str | None] = {}
    if telling:
        if wanted.get("vital_status") == _DEAD:
            items |= _plain_items(_DEATH, key)
        tumors = tumor_fields.show(found["tumors"], key)
        wanted |= {"tumors": tumors} if tumors else {}
    items |= _address(found["patient"], key)
    if telling:
        items |= _sources(key)
        wanted |= _correction(key)
        wanted |= _new_primary(key)
    note = st.text_input("Note (optional)", key=f"reply_note_{key}")
    wanted |= {"note": note.strip()} if note.strip() else {}
    return wanted | ({"items": items} if items else {})


def _what(patient_id: int, key: str) -> dict[str, Any]:
    """How it came, what it was, whose answer; a letter that waits says who was asked."""
    letters = _open_letters(patient_id)
    wanted: dict[str, Any] = {}
    if letters.height:
        told = {
            int(
                row["letter_id"]
            ): f"{row['reference']} · {ADDRESSEES.get(row['addressee'], row['addressee'])}"
            f" {row['recipient_name'] or ''} · sent {row['sent_on']}"
            for row in letters.iter_rows(named=True)
        }
        letter = st.selectbox(
            "Answer to a letter", [*told, 0], format_func=lambda number: told.get(number, "To none of them"),
            key=f"reply_letter_{key}",
        )  # fmt: skip
        wanted = {} if not letter else {"letter_id": int(letter)}
    a, b, c = st.columns(3)
    wanted["method"] = a.selectbox("How", [m for m in METHODS if m != "passive"], format_func=METHODS.__getitem__,
                                   key=f"reply_method_{key}")  # fmt: skip
    wanted["outcome"] = b.selectbox("What came of it", list(OUTCOMES), format_func=OUTCOMES.__getitem__,
                                    key=f"reply_outcome_{key}")  # fmt: skip
    if "letter_id" not in wanted:
        whom = choices.one_of(
            c, "With whom", ADDRESSEES, f"reply_addressee_{key}", ADDRESSEES, nothing="Not stated"
        )
        wanted |= {} if whom is None else {"addressee": whom}
    return wanted


def _open_letters(patient_id: int) -> pl.DataFrame:
    if not door.actor().may("letters.list"):
        return pl.DataFrame()
    frame: pl.DataFrame = door.ask("letters.list", patient_id=patient_id, state="sent")
    return frame


def _when(key: str, *, telling: bool) -> dict[str, Any]:
    """The date that counts: the one stated, else the postmark; a call or visit has its own day."""
    if not telling:
        day = st.text_input(
            "Day of the attempt (empty = today)", key=f"reply_on_{key}", placeholder="YYYY-MM-DD"
        )
        return {"contacted_on": day.strip()} if day.strip() else {}
    a, b, c = st.columns(3)
    vital = choices.one_of(c, "Vital status", _VITAL, f"reply_vital_{key}", _VITAL, nothing="Not stated")
    label = "Date of death" if vital == _DEAD else "Date stated"
    stated = a.text_input(label, key=f"reply_stated_{key}", placeholder="YYYY-MM-DD", help=_DATE_HELP)
    postmark = b.text_input(
        "Postmark", key=f"reply_postmark_{key}", placeholder="YYYY-MM-DD",
        help="Counts when no date is stated. The day a letter was mailed never does.",
    )  # fmt: skip
    wanted = {"stated_date": stated.strip(), "postmark": postmark.strip(), "vital_status": vital}
    return {name: value for name, value in wanted.items() if value}


def _address(patient: dict[str, Any], key: str) -> dict[str, str | None]:
    """Address and telephone as known; only what was changed goes along."""
    with st.expander("Address and telephone"):
        typed = {}
        places: list[Any] = [st.container(), *st.columns([4, 2, 3, 4])]
        for item, place in zip(_ITEMS, places, strict=True):
            known = str(patient.get(item) or "")
            new = place.text_input(item_name(item), value=known, key=f"reply_{item}_{key}").strip()
            typed[item] = (known, new)
    return {item: new or None for item, (known, new) in typed.items() if new != known}


def _plain_items(items: tuple[str, ...], key: str) -> dict[str, str | None]:
    typed = {
        item: place.text_input(f"{item_name(item)} (optional)", key=f"reply_{item}_{key}").strip()
        for item, place in zip(items, st.columns(len(items)), strict=True)
    }
    return {item: value for item, value in typed.items() if value}


def _sources(key: str) -> dict[str, str | None]:
    """Where it comes from, where to ask next; empty = as the method and the addressee say."""
    with st.expander("Sources"):
        chosen = {
            item: choices.pick_code(place, item, f"reply_{item}_{key}", nothing="As usual")
            for item, place in zip(_CODED, st.columns(len(_CODED)), strict=True)
        }
    return {item: code for item, code in chosen.items() if code is not None}


def _new_primary(key: str) -> dict[str, str]:
    told = st.text_input(
        "New primary reported (optional)", key=f"reply_primary_{key}", placeholder="colon, early 2026, St. Mary's",
        help="Opens a review; no tumor is made from it.",
    ).strip()  # fmt: skip
    return {"new_primary": told} if told else {}


def _correction(key: str) -> dict[str, Any]:
    with st.expander("Correct a date that is wrong"):
        correct = st.toggle(
            "Set last contact and vital status as stated, even back", key=f"reply_correction_{key}",
            help="Both dates stay in the history.",
        )  # fmt: skip
        reason = st.text_input("Why the record is wrong", key=f"reply_reason_{key}", disabled=not correct)
    return {"correction": True, "reason": reason.strip()} if correct else {}


def _record(patient_id: int, found: dict[str, Any], wanted: dict[str, Any], key: str) -> None:
    token = st.session_state.setdefault(f"_reply_token_{key}", uuid.uuid4().hex)
    answer = door.act(
        "followup.record",
        patient_id=patient_id,
        expected_version=found["version"],
        idempotency_key=token,
        **wanted,
    )
    line = follow_up_words.effect(answer["effect"], answer["date_of_last_contact"])
    st.session_state[f"_reply_done_{patient_id}"] = {
        "line": line, "warnings": answer["warnings"], "review": answer["effect"] == "review",
    }  # fmt: skip
    choices.next_round(f"patient_{patient_id}")
    st.rerun()
