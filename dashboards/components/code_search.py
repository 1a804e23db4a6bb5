"""Codes for words: a box beside the form that fills site, histology, behavior and side; and a code's names."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards import door
from dashboards.components.messages import empty, plain, show_error
from registry.errors import NotFound, RegistryError

if TYPE_CHECKING:
    from dashboards.components.draft import Draft

FILLED: Final = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality")
"""Items that choosing a hit fills; the side only when the words name one."""
SIDES: Final = {
    "0": "not paired",
    "1": "right",
    "2": "left",
    "3": "one side",
    "4": "both sides",
    "5": "midline",
}
NAMED: Final = frozenset({"primarySite", "histologicTypeIcdO3"})
"""Items whose field has the code's names beside it."""
_MOST_NAMES = 14
_DIAGNOSIS, _SURGERY, _CAUSE = "Diagnosis", "Operation", "Cause of death"
_PLACEHOLDERS: Final = {
    _DIAGNOSIS: "infiltrating duct ca, upper outer left breast",
    _SURGERY: "modified radical mastectomy",
    _CAUSE: "cancer of the pancreas",
}
_NEW_SURGERY_ITEM = 2023
"""Year of diagnosis from which surgery is coded in item 1291 instead of 1290 (NAACCR version 23)."""
_ICD_10 = "1"
"""Code of NAACCR item 1920: the cause of death is a code of ICD-10."""
_RELATIONS: Final = {"broader": "Broader", "specific": "More specific", "beside": "Codes beside it"}


def show(draft: Draft) -> None:
    """The search box and its hits; choosing one fills the draft and draws the form anew."""
    st.subheader("Find a code")
    what = st.segmented_control(
        "Codes of",
        list(_PLACEHOLDERS),
        default=_DIAGNOSIS,
        required=True,
        key=f"code_kind_{draft.abstract_id}",
        label_visibility="collapsed",
    )
    text = st.text_input(
        f"Words of the {what.lower()}",
        placeholder=_PLACEHOLDERS[what],
        key=f"code_words_{draft.abstract_id}_{what}",
        live="500ms",
        label_visibility="collapsed",
        help="Any order, abbreviated or mistyped. The words are not kept.",
    )
    if not (text or "").strip():
        return
    try:
        hits = _hits(draft, what, text)
    except RegistryError as error:
        show_error(error)
        return
    if hits is None:
        empty("Surgery codes depend on the tumor.", "Fill in its primary site and date of diagnosis first.")
    elif not hits:
        empty("No code fits these words.", "Use fewer or plainer words.")
    for hit in hits or []:
        _hit(draft, hit)


def _hits(draft: Draft, what: str, text: str) -> list[dict[str, Any]] | None:
    """Hits as {rank, title, lines, words, doubt, fills (item → code)}; None when the form lacks what is needed."""
    if what == _DIAGNOSIS:
        found = door.ask("code.search", text=text, year=_year(draft), sex=_sex(draft))
        return [_diagnosis(hit) for hit in found.iter_rows(named=True)]
    if what == _CAUSE:
        found = door.ask("code.cause_of_death", text=text)
        item, more = "causeOfDeath", {"icdRevisionNumber": _ICD_10}
    else:
        site, year = draft.value("primarySite"), _year(draft)
        if year is None or len(site) != 4:
            return None
        histology = draft.value("histologicTypeIcdO3") or None
        found = door.ask("code.surgery", text=text, site=site, year=year, histology=histology)
        item = "rxSummSurgPrimSite2023" if year >= _NEW_SURGERY_ITEM else "rxSummSurgPrimSite"
        more = {}
    return [
        {
            "rank": hit["rank"],
            "title": hit["code"],
            "lines": [hit["name"]],
            "words": hit["words"],
            "fills": {item: hit["code"], **more},
        }
        for hit in found.iter_rows(named=True)
    ]


def _diagnosis(hit: dict[str, Any]) -> dict[str, Any]:
    side = f" · {SIDES.get(hit['laterality'], hit['laterality'])}" if hit["laterality"] else ""
    return {
        "rank": hit["rank"],
        "title": f"{written_site(hit['primarySite'])} · {morphology(hit)}{side}",
        "lines": [hit["site"], hit["morphology"]],
        "words": hit["words"],
        "doubt": "check" in (hit["why"] or ""),
        "fills": {item: hit[item] for item in FILLED if hit[item]},
    }


def _hit(draft: Draft, hit: dict[str, Any]) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"code_hit_{hit['rank']}"
    ):
        st.html(_card(hit), width="stretch")
        if st.button(
            "Use", key=f"code_use_{draft.abstract_id}_{hit['rank']}", help=f"Fill in {hit['title']}"
        ):
            choose(draft, hit["fills"])
            st.toast("Filled in, not saved yet.", icon=":material/edit_note:")
            st.rerun()


def choose(draft: Draft, fills: dict[str, str]) -> None:
    """Take codes into the draft; an item that a hit says nothing of (a side that is not named) stays as it is."""
    for item, code in fills.items():
        draft.type(item, code)
    draft.round += 1
    draft.keep()


def _card(hit: dict[str, Any]) -> str:
    matched = f"matched: {hit['words']}" if hit["words"] else "no word matched exactly"
    doubt = " · <b>not a usual combination, check</b>" if hit.get("doubt") else ""
    lines = "".join(f"<br>{html.escape(line)}" for line in hit["lines"])
    return f'<div class="rg-hit"><b>{html.escape(hit["title"])}</b>{lines}<small>{html.escape(matched)}{doubt}</small></div>'


def written_site(code: str) -> str:
    """A site as people write it.

    >>> written_site("C504"), written_site("")
    ('C50.4', '')
    """
    return f"{code[:3]}.{code[3:]}" if len(code) == 4 else code


def morphology(hit: dict[str, Any]) -> str:
    """Histology and behavior as people write them.

    >>> morphology({"histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3"})
    '8500/3'
    """
    return f"{hit['histologicTypeIcdO3']}/{hit['behaviorCodeIcdO3']}"


def _year(draft: Draft) -> int | None:
    """Year of diagnosis, when it is one that codes are known for."""
    text = draft.value("dateOfDiagnosis")[:4]
    return int(text) if text.isascii() and text.isdigit() and 1973 <= int(text) <= 2100 else None


def _sex(draft: Draft) -> str | None:
    return draft.value("sexAssignedAtBirth") or draft.value("sex") or None


def names(draft: Draft, item: str) -> None:
    """A small button beside a code's field: every name of the code, and the codes beside it."""
    code = draft.value(item)
    if item == "histologicTypeIcdO3" and code and draft.value("behaviorCodeIcdO3"):
        code = f"{code}/{draft.value('behaviorCodeIcdO3')}"
    if not code:
        return
    found = _term(code)
    if found is None:
        return
    with st.popover("", icon=":material/menu_book:", help="Names of this code, and the codes beside it"):
        st.markdown(f"**{plain(found['code'])} · {plain(found['name'])}**")
        if found["also"]:
            st.caption("Also called")
            st.markdown(_list(found["also"]))
        for relation, title in _RELATIONS.items():
            near = [f"{code} · {name}" for kind, code, name in found["neighbours"] if kind == relation]
            if near:
                st.caption(title)
                st.markdown(_list(near))


def _list(lines: list[str]) -> str:
    shown = [f"- {plain(line)}" for line in lines[:_MOST_NAMES]]
    more = [f"- and {len(lines) - _MOST_NAMES} more"] if len(lines) > _MOST_NAMES else []
    return "\n".join([*shown, *more])


@st.cache_data(show_spinner=False, max_entries=4000)
def _term(code: str) -> dict[str, Any] | None:
    """A code's names; kept for the process, there is nothing of a patient in it."""
    try:
        found = door.ask("code.term", code=code)
    except NotFound:
        return None
    except RegistryError:
        return None
    return {**found, "neighbours": found["neighbours"].rows()}
