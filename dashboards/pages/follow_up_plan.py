"""The plan of letters: who would be written to, who not and why; then the letters are made."""

from __future__ import annotations

import uuid
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.follow_up_words import ADDRESSEES, BY, LANGUAGES, STATUS, step
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted
from dashboards.pages import follow_up_sender

_KEY: Final = "letter_plan"
_WRITTEN: Final = {
    "addressee": ("To", 110),
    "recipient_name": ("Recipient", 230),
    "patient_id": ("Patient", 70),
    "nameLast": ("Last name", 130),
    "nameFirst": ("First name", 120),
    "status": ("Status", 90),
    "monthsSinceContact": ("Months since contact", 135),
    "step": ("Next step", 200),
    "language": ("Language", 85),
    "send_by": ("By", 80),
    "facility": ("Facility", 230),
}
_NOT: Final = {
    "reason": ("Why not", 420),
    "addressee": ("Letter to", 115),
    "patient_id": ("Patient", 70),
    "nameLast": ("Last name", 150),
    "nameFirst": ("First name", 150),
    "status": ("Status", 100),
}


@st.fragment
def show() -> None:
    with guarded():
        made = st.session_state.pop("_letters_made", None)
        if made:
            st.success(plain(made), icon=":material/check_circle:")
        wanted = _wanted()
        if wanted is None:
            return
        found = door.ask("letters.prepare", **wanted)
        for line in found["remarks"]:
            st.warning(plain(line), icon=":material/info:")
        follow_up_sender.show(_writer(wanted["facility"]))
        counts = found["counts"]
        letters, batches, held = (int(counts[name]) for name in ("letters", "batches", "not_written"))
        if letters and door.actor().may("letters.make"):
            _make(wanted, letters, batches)
        view = st.segmented_control(
            "View", ["letters", "batches", "not_written"], default="letters", required=True, key="plan_view",
            format_func={"letters": f"Letters {letters:,}", "batches": f"By recipient {batches:,}",
                         "not_written": f"No letter, and why {held:,}"}.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        {"letters": _letters, "batches": _batches, "not_written": _not_written}[str(view)](found[str(view)])


def _wanted() -> dict[str, Any] | None:
    """The choice as arguments of `letters.prepare`; None while a facility has to be chosen."""
    a, b, c, d = st.columns([3, 3, 2, 2], vertical_alignment="bottom")
    addressee = choices.one_of(
        a, "Letters to", ADDRESSEES, "plan_addressee", ADDRESSEES, nothing="Each patient's next step"
    )
    held = door.actor().facilities
    facility = None
    if held is None:
        facility = choices.pick_facility(b, "plan_facility")
    elif len(held) > 1:
        facility = choices.pick_facility(b, "plan_facility", any_=False)
    language = choices.one_of(
        c, "Language", LANGUAGES, "plan_language", LANGUAGES, nothing="As set",
        help_="Of those who have no language of their own in the registry.",
    )  # fmt: skip
    day = d.date_input("As of (empty = today)", value=None, format="YYYY-MM-DD", key="plan_day")
    return {
        "addressee": addressee, "facility": facility, "language": language, "as_of": None if day is None else str(day),
    }  # fmt: skip


def _writer(facility: str | None) -> str | None:
    """The facility whose name stands on the letters; None = the registry."""
    held = door.actor().facilities
    return next(iter(held)) if facility is None and held and len(held) == 1 else facility


def _make(wanted: dict[str, Any], letters: int, batches: int) -> None:
    """The button; a second click on the same plan makes no second set."""
    round_ = choices.round_of(_KEY)
    label = f"Make {counted(letters, 'letter')} in {counted(batches, 'PDF')}"
    with guarded():
        if not st.button(label, type="primary", icon=":material/print:", key=f"make_letters_{round_}"):
            return
        token = st.session_state.setdefault(f"_letters_token_{round_}", uuid.uuid4().hex)
        answer = door.act("letters.make", **wanted, key=token)
        choices.next_round(_KEY)
        told = f"{counted(answer['letters'], 'letter')} made in {counted(len(answer['batch_ids']), 'PDF')}"
        st.session_state["_letters_made"] = (
            f"{told}. They wait under “Letters” to be printed and marked as sent."
        )
        st.rerun()


def _letters(frame: pl.DataFrame) -> None:
    if not frame.height:
        empty("No letter is to be written.", "“No letter, and why” says what holds them.")
        return
    shown = _worded(choices.named(frame)).with_columns(
        pl.Series("step", [step(code) for code in frame["nextSource"]], dtype=pl.String)
    )
    if shown["facility"].n_unique() == 1:
        shown = shown.drop("facility")
    _table(shown, _WRITTEN, "plan_letters", "Letters to be written")


def _batches(frame: pl.DataFrame) -> None:
    if not frame.height:
        empty("No letter is to be written.")
        return
    columns = {name: _WRITTEN[name] for name in ("addressee", "recipient_name", "language", "send_by")}
    columns = {"letters": ("Letters", 80), **columns, "recipient_name": ("Recipient", 420)}
    _table(_worded(frame), columns, "plan_batches", "Letters by recipient")


def _not_written(frame: pl.DataFrame) -> None:
    if not frame.height:
        empty("Everybody on the list gets a letter.")
        return
    reasons = (
        frame.group_by("why")
        .agg(pl.col("reason").first(), pl.len())
        .sort("len", "why", descending=[True, False])
    )
    words = {why: f"{why.replace('_', ' ').capitalize()} {n:,}" for why, _reason, n in reasons.iter_rows()}
    a, b = st.columns([5, 7], vertical_alignment="bottom")
    why = choices.pick(a, "Reason", list(words), "plan_why", words)
    if why is not None:
        frame = frame.filter(pl.col("why") == why)
    b.caption(
        "Nobody who is dead, barred, or written to lately gets a letter; each is checked again when letters are made."
    )
    upper = pl.col("reason").str.slice(0, 1).str.to_uppercase() + pl.col("reason").str.slice(1)
    frame = frame.with_columns(upper.alias("reason"))
    _table(_worded(frame), _NOT, "plan_not", "Who gets no letter, and why")


def _worded(frame: pl.DataFrame) -> pl.DataFrame:
    words = {"addressee": ADDRESSEES, "status": STATUS, "language": LANGUAGES, "send_by": BY}
    return frame.with_columns(
        pl.col(name).replace_strict(known, default=pl.col(name), return_dtype=pl.String)
        for name, known in words.items()
        if name in frame.columns
    )


def _table(frame: pl.DataFrame, columns: dict[str, tuple[str, int]], key: str, alt: str) -> None:
    names = [name for name in columns if name in frame.columns and frame[name].null_count() < frame.height]
    config: dict[str, Any] = {name: tables.text(*columns[name]) for name in names}
    numbers = {"patient_id", "monthsSinceContact", "letters"} & set(names)
    config |= {name: tables.year(*columns[name]) for name in numbers}
    tables.show(
        frame, key=key, columns={name: columns[name][0] for name in names}, config=config, rows=13, alt=alt
    )
