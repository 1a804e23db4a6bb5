"""Who sends letters and how they look: the settings of letters, and example letters of made-up people."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices, download
from dashboards.components.follow_up_words import ADDRESSEES, LANGUAGES
from dashboards.components.messages import guarded
from dashboards.components.words import heading

_KEY: Final = "letter_sender"
#: Rows of the form; a setting that is not named here comes last.
_ROWS: Final = (
    ("sender", "neutral_sender"),
    ("address_1", "address_2", "city", "state", "postal_code"),
    ("telephone", "fax", "email", "signed_by", "signed_title"),
    ("language", "paper", "window", "wait_days"),
)
_LABELS: Final = {
    "sender": "Sender, on letters to physicians",
    "neutral_sender": "Neutral sender, on all other letters",
    "address_1": "Address",
    "address_2": "Suite or box",
    "postal_code": "ZIP code",
    "wait_days": "Days before the same letter again",
    "institution_words": "Words that tell an institution, with semicolons between",
}
_PAPERS: Final = {"us-letter": "US letter, #10 envelope", "a4": "A4, DL envelope"}


def show(facility: str | None) -> None:
    """The settings of the registry, or of one facility where it writes for itself."""
    if not door.actor().may("letters.configure"):
        return
    with st.expander("Sender and look of letters"):
        with guarded():
            _form(facility)
        with guarded():
            _examples()


def _form(facility: str | None) -> None:
    frame = door.ask("letters.settings", facility=facility)
    rows = {row["setting"]: row for row in frame.iter_rows(named=True)}
    named = {name for names in _ROWS for name in names}
    order = [[name for name in names if name in rows] for names in _ROWS]
    order += [[name] for name in rows if name not in named]
    with st.form(f"{_KEY}_{facility}_{choices.round_of(_KEY)}", border=False):
        typed = {
            name: _field(place, rows[name], facility)
            for names in order
            if names
            for name, place in zip(names, st.columns(len(names)), strict=True)
        }
        if st.form_submit_button("Save the sender"):
            changed = {
                name: value for name, value in typed.items() if value != str(rows[name]["value"] or "")
            }
            door.act("letters.configure", facility=facility, **changed)
            choices.next_round(_KEY)
            st.toast("Saved.", icon=":material/check_circle:")
            st.rerun()


def _field(place: Any, row: dict[str, Any], facility: str | None) -> str:
    name, value = row["setting"], str(row["value"] or "")
    label = _LABELS.get(name) or heading(name)
    key = f"{_KEY}_{name}_{facility}_{choices.round_of(_KEY)}"
    if name == "paper":
        papers = list(_PAPERS)
        at = papers.index(value) if value in papers else 0
        return str(place.selectbox(label, papers, index=at, format_func=_PAPERS.__getitem__, key=key))
    return str(place.text_input(label, value=value, key=key, help=row["what"])).strip()


def _examples() -> None:
    """An example of each letter that has a template."""
    if not door.actor().may("letters.preview"):
        return
    st.caption("Examples with made-up people, in PDF")
    with st.container(horizontal=True, gap="small"):
        for addressee, language in door.ask("letters.templates").select("template", "language").iter_rows():
            words = f"{ADDRESSEES.get(addressee, addressee)}, {LANGUAGES.get(language, language)}"
            file = f"example-{addressee}-{language}.pdf"
            download.link(words, file, "letters.preview", addressee=addressee, language=language)
