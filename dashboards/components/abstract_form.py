"""The form of one abstract: a row an item, edits as one types, save, conflict.

Each row has its own `st.columns`, so that Tab goes from field to field in reading order.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards import door
from dashboards.components import code_search, sections
from dashboards.components.draft import Draft
from dashboards.components.messages import empty, plain, show_error
from dashboards.components.theme import SEVERITY
from registry.errors import Conflict, RegistryError

if TYPE_CHECKING:
    import polars as pl

#: A longer list of codes is typed, a shorter one is chosen from.
_MOST_CHOICES = 40
_MOST_ROWS = 60
_ACCESSION = "accessionNumberHosp"


def show(draft: Draft, may_change: bool) -> None:
    """The whole form; a fragment of its page, so that typing runs nothing else."""
    editable = may_change and bool(draft.record["editable"])
    form, panel = st.columns([8, 4], gap="large")
    with form:
        bar = st.container(key="save_bar")
        rows = _rows(draft, editable)
        with st.container(gap="small"):
            holders = {entry["item"]: _row(draft, entry, editable) for entry in rows}
    found = _check(draft)
    with panel:
        _panel(draft, found, editable)
    _hints(holders, found, draft, rows, editable)
    with bar:
        _save_bar(draft, may_change)
    if editable:
        draft.keep()


def _rows(draft: Draft, editable: bool) -> list[dict[str, Any]]:
    """The rows of the chosen section, or of the item that was looked for."""
    items = draft.record["items"]
    changed = [entry for entry in items if entry["item"] in draft.changes]
    # Always there, also when empty: a list that grows would throw the person back to its first entry.
    by_section = {**sections.sections(items), sections.CHANGED: changed}
    a, b, c = st.columns([3, 4, 2], vertical_alignment="bottom")
    names = list(by_section)
    section = a.selectbox("Section", names, key=f"section_{draft.abstract_id}")
    found = b.selectbox(
        "Find an item",
        [entry["item"] for entry in items],
        index=None,
        placeholder="name or number",
        format_func=_titles(items).__getitem__,
        key=f"find_{draft.abstract_id}",
    )
    every = c.toggle(
        "Empty items", value=editable and section == sections.MAIN, key=f"every_{draft.abstract_id}_{section}"
    )
    if found:
        return [entry for entry in items if entry["item"] == found]
    rows = [
        entry
        for entry in by_section[section]
        if every or draft.value(entry["item"]) or entry["item"] in draft.changes
    ]
    if not rows:
        hint = "" if section == sections.CHANGED else "Switch on “Empty items” to fill one."
        empty("No item of this section is filled or changed.", hint)
    if len(rows) > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS} of {len(rows)} items; find the others by name or number.")
    return rows[:_MOST_ROWS]


def _titles(items: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["item"]: f"{_name(entry)} · {entry['number'] or ''} {entry['item']}" for entry in items}


def _row(draft: Draft, entry: dict[str, Any], open_: bool) -> Any:
    """One item: name, field, and a place for its label or what an edit says."""
    item = entry["item"]
    long = _is_text(item, draft.value(item))
    name, field, note = st.columns([4, 6, 2] if long else [4, 4, 4], gap="small")
    number = f"{entry['number']} · " if entry["number"] else ""
    name.html(
        f'<div class="rg-item">{html.escape(_name(entry))}<small>{number}{html.escape(item)}</small></div>'
    )
    locked = not open_
    key = f"item_{draft.abstract_id}_{draft.round}_{item}"
    codes = _codes(entry)
    if codes and not locked:
        text = _choice(field, entry["name"], codes, draft.value(item), key)
    elif long:
        # Long text is taken when the field is left, or with Ctrl+Enter.
        text = field.text_area(
            entry["name"],
            value=draft.value(item),
            key=key,
            height=110,
            disabled=locked,
            label_visibility="collapsed",
        )
    else:
        text = field.text_input(
            entry["name"],
            value=draft.value(item),
            key=key,
            live="500ms" if not locked else False,
            disabled=locked,
            label_visibility="collapsed",
        )
    if not locked:
        draft.type(item, text or "")
    if item == _ACCESSION and not locked and not draft.value(item) and not draft.saved(item):
        _offer_number(draft, note)
    if item not in code_search.NAMED:
        return note.empty()
    label, names = note.columns([3, 1], gap="small")
    with names:
        code_search.names(draft, item)
    return label.empty()


def _offer_number(draft: Draft, note: Any) -> None:
    """A button that gives the patient's accession number at this facility; what is typed stays."""
    if not door.actor().may("numbering.accession"):
        return
    if note.button(
        "Give a number", key=f"give_accession_{draft.abstract_id}", help="The patient's, or a new one"
    ):
        try:
            answer = door.ask(
                "numbering.accession",
                abstract_id=draft.abstract_id,
                expected_version=int(draft.record["version"]),
            )
        except RegistryError as error:
            show_error(error)
            return
        draft.rebase(door.ask("records.abstract", abstract_id=draft.abstract_id), keep_mine=True)
        st.toast(f"Accession number {answer['accessionNumberHosp']}.", icon=":material/check_circle:")
        st.rerun()


def _is_text(item: str, value: str) -> bool:
    return item.startswith(("text", "rxText")) or len(value) > 60


def _name(entry: dict[str, Any]) -> str:
    """The item's NAACCR name with a dash that reads as one."""
    return str(entry["name"]).replace("--", " – ")


def _choice(field: Any, name: str, codes: dict[str, str], value: str, key: str) -> str:
    options = ["", *codes] if value in codes or not value else ["", value, *codes]

    def words(code: str) -> str:
        if not code:
            return "–"
        return f"{code} · {codes[code]}" if code in codes else f"{code} · not a valid code"

    chosen = field.selectbox(
        name, options, index=options.index(value), format_func=words, key=key, label_visibility="collapsed"
    )
    return str(chosen or "")


def _codes(entry: dict[str, Any]) -> dict[str, str]:
    """Codes of a short list that holds all there are, else nothing: sizes and counts beside codes are typed."""
    found = all_codes(entry["item"]) if entry["listed"] else {}
    return found if 1 < len(found) <= _MOST_CHOICES else {}


@st.cache_data(show_spinner=False, max_entries=2000)
def all_codes(item: str) -> dict[str, str]:
    """Every code of an item with its label; kept for the process, there is nothing of a patient in it."""
    frame: pl.DataFrame = door.ask("records.codes", item=item)
    return {str(code): str(label or "") for code, label in frame.select("code", "label").iter_rows()}


def _check(draft: Draft) -> list[dict[str, Any]]:
    try:
        frame = door.ask("records.check", abstract_id=draft.abstract_id, changes=dict(draft.changes))
    except RegistryError as error:
        show_error(error)
        return []
    rank = {"error": 0, "warning": 1}
    return sorted(frame.iter_rows(named=True), key=lambda row: (rank.get(row["severity"], 2), row["edit"]))


def _items(row: dict[str, Any]) -> list[str]:
    value = row["items"] or []
    return (
        [part.strip() for part in value.replace(",", ";").split(";")]
        if isinstance(value, str)
        else list(value)
    )


def _hints(
    holders: dict[str, Any],
    found: list[dict[str, Any]],
    draft: Draft,
    rows: list[dict[str, Any]],
    editable: bool,
) -> None:
    """Beside each field: what an edit says about it, else the label of its code, else what it was."""
    names = {entry["item"]: entry for entry in rows}
    for item, holder in holders.items():
        said = [row for row in found if item in _items(row)]
        if said:
            colour = SEVERITY.get(said[0]["severity"], SEVERITY["information"])
            text = html.escape(str(said[0]["message"]))
            holder.html(f'<div class="rg-label" style="color:{colour}">{text}</div>')
            continue
        chosen_from_list = len(_codes(names[item])) > 0 and editable
        label = "" if chosen_from_list else _label(item, draft.value(item), names[item])
        was = f" (was {draft.saved(item) or 'empty'})" if item in draft.changes else ""
        if label or was:
            holder.html(f'<div class="rg-label">{html.escape(label + was)}</div>')


def _label(item: str, value: str, entry: dict[str, Any]) -> str:
    if not value:
        return ""
    if value == entry["value"]:
        return str(entry["label"] or "")
    return all_codes(item).get(value, "")


def _panel(draft: Draft, found: list[dict[str, Any]], editable: bool) -> None:
    with st.container(key="edits_panel"):
        if editable and door.actor().may("code.search"):
            with st.container(key="code_panel", gap="small"):
                code_search.show(draft)
        st.subheader("Edits")
        if not found:
            st.success("No edit objects to this abstract.", icon=":material/check_circle:")
        for row in found[:12]:
            shown = st.error if row["severity"] == "error" else st.warning
            touched = ", ".join(f"`{item}`" for item in _items(row))
            shown(f"{plain(str(row['message']))}  \n:small[{plain(row['edit'])} · {touched}]")
        if len(found) > 12:
            st.caption(f"and {len(found) - 12} more")


def _save_bar(draft: Draft, may_change: bool) -> None:
    if draft.theirs is not None:
        _conflict(draft)
        return
    if not draft.record["editable"]:
        st.info(
            "This abstract is locked. Reopen it with a reason under “Status” to change it.",
            icon=":material/lock:",
        )
        return
    count = len(draft.changes)
    a, b, c, d = st.columns([3, 4, 2, 2], vertical_alignment="center")
    a.markdown(f"**{count} unsaved change{'' if count == 1 else 's'}**" if count else "No unsaved change")
    reason = b.text_input(
        "Reason",
        placeholder="Reason (optional)",
        key=f"reason_{draft.abstract_id}_{draft.round}",
        label_visibility="collapsed",
        live=True,
    )
    save = c.button(
        "Save", type="primary", disabled=not count, width="stretch", key=f"save_{draft.abstract_id}"
    )
    if d.button("Discard", disabled=not count, width="stretch", key=f"discard_{draft.abstract_id}"):
        draft.discard()
        st.rerun()
    if save:
        _save(draft, reason)


def _save(draft: Draft, reason: str | None) -> None:
    try:
        version = draft.save(reason)
    except Conflict:
        st.rerun()
    except RegistryError as error:
        show_error(error)
    else:
        st.toast(f"Saved as version {version}.", icon=":material/check_circle:")
        st.rerun()


def _conflict(draft: Draft) -> None:
    """Both values beside each other, and what to do about it."""
    assert draft.theirs is not None
    who = _who(draft)
    st.error(
        f"{plain(who)} saved this abstract while you were editing it (it is now version {draft.theirs['version']}). "
        "Nothing of yours is lost: compare, then choose.",
        icon=":material/call_split:",
    )
    headings = {"item": "Item", "before": "Was", "mine": "Yours", "theirs": "Now saved"}
    # A plain table, not a grid: these few values must also reach a screen reader.
    st.table(
        [{headings[key]: plain(value) or "–" for key, value in row.items()} for row in draft.conflicts()]
    )
    a, b = st.columns(2)
    if a.button("Save mine over it", type="primary", width="stretch", key="keep_mine"):
        draft.rebase(draft.theirs, keep_mine=True)
        _save(draft, "kept own values after a conflict")
    if b.button("Take theirs, drop mine", width="stretch", key="take_theirs"):
        draft.rebase(draft.theirs, keep_mine=False)
        st.rerun()


def _who(draft: Draft) -> str:
    try:
        history = door.ask("records.history", abstract_id=draft.abstract_id)
    except RegistryError:
        return "Somebody else"
    return str(history["changed_by"][0]) if history.height else "Somebody else"
