"""What recording a reply would do, or what forbids it, said before it is recorded."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import follow_up_words
from dashboards.components.messages import guarded, plain
from dashboards.components.words import counted, item_name, naaccr_date

#: Arguments of `followup.record` as the form calls them.
_FIELDS: Final = {
    "stated_date": "Date stated", "postmark": "Postmark", "vital_status": "Vital status", "letter": "Letter",
    "letter_id": "Letter", "contacted_on": "Day of the attempt", "reason": "Why the record is wrong",
    "outcome": "What came of it", "method": "How", "tumors": "Tumors", "new_primary": "New primary",
}  # fmt: skip


def show(place: Any, patient_id: int, wanted: dict[str, Any], *, asked: bool) -> bool:
    """Show what recording would do, or what forbids it; nothing is said of a form that nobody touched."""
    typed = set(wanted) - {"method", "outcome", "letter_id", "addressee", "vital_status"}
    if not asked and not typed:
        return False
    with place, guarded():
        answer = door.ask("followup.check", patient_id=patient_id, **wanted)
        for problem in answer["problems"]:
            st.error(plain(_problem(problem)), icon=":material/error:")
        for line in answer["warnings"]:
            st.warning(plain(line), icon=":material/info:")
        if answer["ok"]:
            _preview(answer)
        return bool(answer["ok"])
    return False


def _problem(problem: dict[str, Any]) -> str:
    """What is wrong with which field, and what to do, in one line.

    >>> _problem({"field": "stated_date", "what": "is in the future", "action": "check the date"})
    'Date stated: is in the future; check the date'
    >>> _problem({"field": "tumor 7: recurrenceDate1st", "what": "is missing", "action": None})
    'Tumor 7, Recurrence Date – 1st: is missing'
    """
    tumor, _colon, field = problem["field"].rpartition(": ")
    told = "; ".join(part for part in (problem["what"], problem["action"]) if part)
    name = _FIELDS.get(field) or item_name(field)
    return f"{f'{tumor.capitalize()}, ' if tumor else ''}{name}: {told}"


def _preview(answer: dict[str, Any]) -> None:
    """What recording will do, item by item."""
    will = follow_up_words.effect(answer["effect"], answer["date_of_last_contact"], before=True)
    st.info(plain(f"When recorded: {will}"), icon=":material/fact_check:")
    changes: pl.DataFrame = answer["changes"].filter(~pl.col("item").is_in(list(follow_up_words.BOOKKEEPING)))
    if not changes.height:
        return
    distinct = changes.select("tumor_id", "item", "before", "after").unique(maintain_order=True)
    with st.expander(
        f"{counted(distinct.height, 'change')} in {counted(changes['abstract_id'].n_unique(), 'abstract')}"
    ):
        lines = [
            f"- {item_name(row['item'])}: {_value(row['item'], row['before'])} → {_value(row['item'], row['after'])}"
            for row in distinct.iter_rows(named=True)
        ]
        st.markdown("\n".join(plain(line).replace("\\~", "~") for line in lines))


def _value(item: str, value: str | None) -> str:
    if not value:
        return "empty"
    return naaccr_date(value) if item.startswith("date") else value
