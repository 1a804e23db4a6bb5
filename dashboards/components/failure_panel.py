"""One edit failure with its record: what the edit demands, the items it looked at, and what can be done about it."""

from __future__ import annotations

import html
import re
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices, sections
from dashboards.components.messages import guarded, plain
from dashboards.components.words import item_name, moment, sentence
from dashboards.pages import page

SEVERITIES: Final = {"error": "Error", "review": "Review", "warning": "Warning"}
STATES: Final = {"open": "Open", "overridden": "Overridden", "fixed": "Fixed"}
SOURCES: Final = {"own": "Our own edits", "official": "Official run"}
_CONTEXT_ITEMS: Final = 14


def show(failure_id: int, key: str) -> None:
    """The failure, its record and the actions of this role.

    Args:
        key: of the list that the failure was chosen from; it begins anew after an action (`choices.round_of`).
    """
    found = door.ask("quality.failure", failure_id=failure_id)
    failure = found["failure"]
    badge = SEVERITIES.get(failure["severity"], failure["severity"])
    with st.container(border=True, key=f"failure_{key}"):
        st.html(
            f'<div class="rg-failure"><b>{html.escape(failure["edit"])}</b> '
            f'<span class="rg-tag rg-{html.escape(failure["severity"])}">{badge}</span> '
            f'<span class="rg-tag">{STATES.get(failure["state"], failure["state"])}</span></div>'
        )
        left, right = st.columns([7, 5], gap="large")
        with left:
            st.html(_record(found))
        with right:
            _meaning(found)
            _actions(found, key)
            _overrides(found, key)
            _others(found)


def _meaning(found: dict[str, Any]) -> None:
    """What the edit says of this record, and what it demands in general."""
    failure = found["failure"]
    st.markdown(f"**{plain(failure['message'] or failure['edit'])}**")
    rule = demand(found["rule"])
    if rule and rule != failure["message"]:
        st.markdown(f"The edit: {plain(rule)}")
    where = SOURCES.get(failure["source"], failure["source"])
    details = [where, failure["source_name"], failure["tag"], f"found {moment(failure['found_at'])}"]
    if found["source"] and found["source"] != failure["source_name"]:
        details.append(f"after {found['source']}")
    st.caption(plain(" · ".join(str(part) for part in details if part)))
    if failure["assigned_to"]:
        note = f": {failure['note']}" if failure["note"] else ""
        st.caption(plain(f"Given to {failure['assigned_to']} by {failure['assigned_by']}{note}"))
    if found["changed_since"]:
        st.warning("An item of this edit changed since. Judge the record again.", icon=":material/update:")


def demand(rule: str | None) -> str:
    """An edit's rule without the places of what it finds; names of items stay.

    >>> demand("Another patient number may be the same person. [found]"), demand("[Sex] is unknown"), demand(None)
    ('Another patient number may be the same person.', '[Sex] is unknown', '')
    """
    return re.sub(r"(: | )?\[[a-z]\w*\]", "", rule or "").strip()


def _record(found: dict[str, Any]) -> str:
    """The record as a table: the items of the edit first and marked, then what a case is known by."""
    judged, record = found["judged_values"], found["record"]
    entries = {entry["item"]: entry for entry in record["items"]} if record else {}
    rows = []
    for item in dict.fromkeys([*found["highlight"], *judged]):
        entry = entries.get(item) or {
            "item": item,
            "name": item_name(item),
            "number": None,
            "value": None,
            "label": None,
        }
        if item in entries or judged.get(item):  # of two items that take turns a record has one
            rows.append(_row(entry, _judged(found, item), marked=True))
    rest = [
        entry
        for entry in sections.sections(list(entries.values())).get(sections.MAIN, [])
        if entry["value"] and entry["item"] not in found["highlight"]
    ]
    rows += [_row(entry, None, marked=False) for entry in rest[:_CONTEXT_ITEMS]]
    head = "<tr><th>Item</th><th>Value</th><th>Meaning</th></tr>"
    return f'<table class="rg-items"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _judged(found: dict[str, Any], item: str) -> str | None:
    """The value that was judged, when it tells more than the record's own."""
    value = found["judged_values"].get(item)
    if item not in found["judged_values"] or str(value).startswith("*"):  # some are kept in part only
        return None
    return value or ("empty" if found["changed_since"] else None)


def _row(entry: dict[str, Any], judged: str | None, *, marked: bool) -> str:
    value = str(entry["value"] or "")
    name = html.escape(str(entry["name"]).replace("--", " – "))
    number = f"{entry['number']} · " if entry["number"] else ""
    shown = html.escape(value) if value else "<i>empty</i>"
    if judged is not None and judged != (value or "empty"):
        shown += f"<small>judged: {html.escape(judged)}</small>"
    mark = ' class="rg-marked"' if marked else ""
    return (
        f"<tr{mark}><td>{name}<small>{number}{html.escape(entry['item'])}</small></td>"
        f"<td>{shown}</td><td>{html.escape(str(entry['label'] or ''))}</td></tr>"
    )


def _actions(found: dict[str, Any], key: str) -> None:
    """Override, judge again, open the record: what this role may do with this failure."""
    failure, me = found["failure"], door.actor()
    if found["may_override"] and failure["state"] == "open" and me.may("quality.override"):
        with guarded():
            _override(found, key)
    elif failure["state"] == "open" and failure["severity"] == "error":
        st.caption("An error cannot be overridden: correct the record, then judge it again.")
    with st.container(horizontal=True, gap="small"):
        if failure["abstract_id"] is not None and key != "record":
            open_record(failure, key)
        if me.may("quality.rerun") and failure["abstract_id"] is not None:
            judge_again(int(failure["abstract_id"]), key)


def open_record(row: dict[str, Any], key: str) -> None:
    """A button that leads to the record of a failure or an override."""
    target = page("record")
    if target is None or not st.button(
        "Open record", icon=":material/open_in_new:", key=f"open_record_{key}"
    ):
        return
    wanted = {"patient": row["patient_id"], "abstract": row["abstract_id"]}
    st.switch_page(target, query_params={k: str(v) for k, v in wanted.items() if v is not None})


def judge_again(abstract_id: int, key: str) -> None:
    """A button that runs the edits over the record's patient once more."""
    if not st.button("Judge again", icon=":material/refresh:", key=f"rerun_{key}"):
        return
    with guarded():
        counts = door.act("quality.rerun", abstract_id=abstract_id)
        told = f"{counts['fixed']} fixed, {counts['new'] + counts['reopened']} new, {counts['open']} open"
        _done(key, f"Judged again, the whole patient: {told}.")


def _override(found: dict[str, Any], key: str) -> None:
    failure_id = int(found["failure"]["failure_id"])
    with st.form(f"override_{key}_{failure_id}", border=False):
        reason = st.text_input(
            "Why the record is right as it stands",
            key=f"override_reason_{key}_{failure_id}",
            placeholder="pathology report confirms it",
        )
        if st.form_submit_button("Override", type="primary", icon=":material/verified:"):
            version = found["record"]["version"] if found["record"] else None
            door.act("quality.override", failure_id=failure_id, reason=reason, expected_version=version)
            _done(key, "Overridden. It has left the open list.")


def _overrides(found: dict[str, Any], key: str) -> None:
    """Who overrode this edit on this record, when and why; an override can be withdrawn."""
    history = found["overrides"]
    if not history.height:
        return
    st.markdown("**Overrides of this edit on this record**")
    for row in history.iter_rows(named=True):
        line = f"{moment(row['created_at'])} · {row['account']}: {row['reason']}"
        st.markdown(plain(line) + f"  \n:small[{plain(sentence(row['standing']))}{_ended(row)}]")
        if row["withdrawn_at"] is None and door.actor().may("quality.withdraw_override"):
            withdraw(int(row["override_id"]), key)


def withdraw(override_id: int, key: str) -> None:
    """A form that takes an override back."""
    with guarded(), st.form(f"withdraw_{key}_{override_id}", border=False):
        a, b = st.columns([5, 3], vertical_alignment="bottom")
        reason = a.text_input("Why it is withdrawn", key=f"withdraw_reason_{key}_{override_id}")
        if b.form_submit_button("Withdraw", width="stretch"):
            door.act("quality.withdraw_override", override_id=override_id, reason=reason)
            _done(key, "Withdrawn.")


def _ended(row: dict[str, Any]) -> str:
    if row["withdrawn_at"] is None:
        return ""
    return plain(f" {moment(row['withdrawn_at'])} by {row['withdrawn_by']}: {row['withdrawn_reason']}")


def _others(found: dict[str, Any]) -> None:
    others = found["others"]
    if others is None or not others.height:
        return
    st.markdown(f"**{others.height} other open failure{'' if others.height == 1 else 's'} of this record**")
    for row in others.head(5).iter_rows(named=True):
        st.markdown(
            f":small[{SEVERITIES.get(row['severity'], '')} · {plain(row['edit'])}: {plain(row['message'] or '')}]"
        )
    if others.height > 5:
        st.caption(f"and {others.height - 5} more")


def _done(key: str, line: str) -> None:
    choices.next_round(key)
    st.toast(line, icon=":material/check_circle:")
    st.rerun()
