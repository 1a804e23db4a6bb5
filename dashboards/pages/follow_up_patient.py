"""One patient's follow-up: what is known, what was tried and answered, bars and consents, and the reply form."""

from __future__ import annotations

import html
import json
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import follow_up_words, task_panel
from dashboards.components.follow_up_words import contact
from dashboards.components.messages import guarded, plain
from dashboards.components.words import counted, item_name, moment, naaccr_date
from dashboards.pages import follow_up_bars, follow_up_reply, page

_ADDRESS: Final = ("addrCurrentNoStreet", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode")
_SHOWN: Final = 12
_WHOLE: Final = 'style="white-space:nowrap"'


def show(patient_id: int) -> None:
    """The panel; what was just recorded stands above it."""
    found = door.ask("followup.history", patient_id=patient_id)
    _head(patient_id, found)
    done = st.session_state.pop(f"_reply_done_{patient_id}", None)
    if done:
        say, icon = (st.warning, "rate_review") if done["review"] else (st.success, "check_circle")
        say(plain(done["line"]), icon=f":material/{icon}:")
        for line in done["warnings"]:
            st.warning(plain(line), icon=":material/info:")
    for bar in found["bars"].filter(pl.col("lifted_at").is_null()).iter_rows(named=True):
        since = f"{bar['set_by']}, {moment(bar['set_at'])}"
        st.warning(
            plain(f"No follow-up contact with this patient: {bar['reason']} ({since})"),
            icon=":material/block:",
        )
    if found["barred"] and not found["bars"].filter(pl.col("lifted_at").is_null()).height:
        st.warning(
            "No follow-up contact with this patient: barred by another facility.", icon=":material/block:"
        )
    for task in found["tasks"].iter_rows(named=True):
        _task(task, patient_id)
    left, right = st.columns([7, 5], gap="large")
    with right, st.container(key="follow_up_side"):
        with guarded():
            _history(found["contacts"])
        with guarded():
            follow_up_bars.show(patient_id, found)
    with left, st.container(key="follow_up_form"), guarded():
        if door.actor().may("followup.record"):
            follow_up_reply.show(patient_id, found)
        else:
            _tumors(found["tumors"])


def _head(patient_id: int, found: dict[str, Any]) -> None:
    patient = found["patient"]
    name = ", ".join(filter(None, (patient.get("nameLast"), patient.get("nameFirst"))))
    a, b = st.columns([9, 3], vertical_alignment="center")
    a.header(plain(name or f"Patient {patient_id}"))
    with b, st.container(horizontal=True, horizontal_alignment="right"):
        target = page("record")
        if target is not None and st.button(
            "Open record", icon=":material/open_in_new:", key="follow_up_record"
        ):
            st.switch_page(target, query_params={"patient": str(patient_id)})
    address = " ".join(str(patient[item]) for item in _ADDRESS if patient.get(item))
    vital = {"0": "dead", "1": "alive"}.get(patient.get("vitalStatus") or "", "vital status unknown")
    facts = [
        f"Patient {patient_id}",
        f"born {naaccr_date(patient.get('dateOfBirth'))}",
        address,
        f"telephone {patient['telephone']}" if patient.get("telephone") else "",
    ]
    a.caption(plain(" · ".join(fact for fact in facts if fact)))
    st.html(
        f'<div class="rg-failure">Last contact <b>{html.escape(naaccr_date(patient.get("dateOfLastContact")))}</b>'
        f'<span class="rg-tag">{vital}</span></div>'
    )


def _task(task: dict[str, Any], patient_id: int) -> None:
    """A review that waits, above everything else."""
    with st.container(border=True):
        told = f"{str(task['kind'])[:1].upper()}{str(task['kind'])[1:]}"
        st.markdown(f":material/rate_review: **{plain(told)}** · {plain(str(task['detail'] or ''))}")
        task_panel.close(
            int(task["task_id"]), f"patient_{patient_id}", label="What was decided",
            placeholder="the hospital confirms that the patient is alive",
        )  # fmt: skip


def _tumors(frame: pl.DataFrame) -> None:
    """What is known of each tumor, for who may not record."""
    st.subheader(counted(frame.height, "tumor"))
    for row in frame.iter_rows(named=True):
        st.markdown(f"- {plain(follow_up_reply.tumor_words(row))}")


def _history(contacts: pl.DataFrame) -> None:
    st.subheader("History")
    if not contacts.height:
        st.caption("Nothing was tried and nothing came yet.")
        return
    rows = "".join(_row(row) for row in contacts.head(_SHOWN).iter_rows(named=True))
    head = f"<tr><th>When</th><th>What</th><th {_WHOLE}>Last contact</th></tr>"
    st.html(f'<table class="rg-items"><thead>{head}</thead><tbody>{rows}</tbody></table>')
    if contacts.height > _SHOWN:
        st.caption(f"and {contacts.height - _SHOWN} older ones")


def _row(row: dict[str, Any]) -> str:
    """One contact: day and who, what and with whom, where last contact went."""
    told = row.get("stated_date") or row.get("postmark")
    details = [
        f"told of {naaccr_date(told)}" if told and not row["date_of_last_contact"] else None,
        row.get("note"),
        f"because {row['reason']}" if row.get("reason") else None,
    ]
    changed = _changed(row.get("changes"))
    details.append(f"changed: {changed}" if changed else None)
    small = "".join(f"<small>{html.escape(str(part))}</small>" for part in details if part)
    date = naaccr_date(row["date_of_last_contact"]) if row.get("date_of_last_contact") else ""
    return (
        f"<tr><td {_WHOLE}>{html.escape(str(row['contacted_at'])[:10])}<small>{html.escape(str(row['contacted_by'] or ''))}</small>"
        f"</td><td>{html.escape(contact(row))}{small}</td><td {_WHOLE}>{html.escape(date)}</td></tr>"
    )


def _changed(text: str | None) -> str:
    """Names of the items that a contact changed.

    >>> _changed('[{"item": "telephone", "before": "1", "after": "2"}]'), _changed('{"7": {"telephone": ["1", "2"]}}')
    ('Telephone', 'Telephone')
    """
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return ""
    names: list[str] = []
    if isinstance(found, list):
        names = [str(entry.get("item")) for entry in found if isinstance(entry, dict)]
    elif isinstance(found, dict):
        inner = [value for value in found.values() if isinstance(value, dict)]
        names = [item for entry in inner for item in entry] or list(found)
    shown = [item_name(name) for name in dict.fromkeys(names) if name not in follow_up_words.BOOKKEEPING]
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
