"""Single or multiple primary: what the rules say of each pair and why, and deciding otherwise."""

from __future__ import annotations

import html
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import coded, naaccr_date

VERDICTS: Final = {
    "single": "one primary",
    "multiple": "two primaries",
    "questionable": "the rules can't tell",
    "invalid": "can't be compared",
}
_COLOURS: Final = {
    "single": "#3b5fa8",
    "multiple": "#0b6e69",
    "questionable": "#a05a00",
    "invalid": "#6b6b6b",
}
_KINDS: Final = {"tumors": "Tumors", "abstracts": "Abstracts of one tumor:"}
_CHOICES: Final = {"single": "One primary", "multiple": "Two primaries"}


def show(patient_id: int, answer: dict[str, Any]) -> bool:
    """All pairs of a patient, those first where records and rules disagree; returns whether there are such."""
    st.subheader("Single or multiple primary?")
    pairs = door.ask("primaries.of_patient", patient_id=patient_id)
    may_compare = door.actor().may("primaries.compare")
    several = answer["tumors"].height > 1 or answer["abstracts"].height > answer["tumors"].height
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "SEER's rules of the time of diagnosis, over each pair. They propose; the registrar decides."
        )
        if (
            several
            and may_compare
            and st.button("Compare again" if pairs.height else "Compare now", key="compare")
        ):
            with guarded():
                door.ask("primaries.compare", patient_id=patient_id)
                st.rerun()
    if not pairs.height:
        hint = (
            ""
            if not several
            else "Choose “Compare now”."
            if may_compare
            else "The pairs were not compared yet."
        )
        empty("There is nothing to compare." if not several else "No pair was compared yet.", hint)
        return False
    named = described(answer)
    ordered = pairs.sort("open", "kind", "first_id", "second_id", descending=[True, True, False, False])
    for pair in ordered.iter_rows(named=True):
        _pair(pair, named)
    return bool(pairs["open"].any())


def described(answer: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Tumors and abstracts in a few words each."""
    found: dict[tuple[str, int], str] = {}
    for kind, frame, key in (
        ("tumors", answer["tumors"], "tumor_id"),
        ("abstracts", answer["abstracts"], "abstract_id"),
    ):
        for row in frame.iter_rows(named=True):
            site = coded(row["primarySite"], row.get("primarySite_label")) or "site unknown"
            histology = f"{row['histologicTypeIcdO3'] or '?'}/{row['behaviorCodeIcdO3'] or '?'}"
            side = {"1": ", right", "2": ", left"}.get(row["laterality"] or "", "")
            found[kind, int(row[key])] = f"{site}{side} · {histology} · {naaccr_date(row['dateOfDiagnosis'])}"
    return found


def _pair(pair: dict[str, Any], named: dict[tuple[str, int], str]) -> None:
    with st.container(border=True, key=f"pair_{pair['pair_id']}"):
        colour = _COLOURS.get(pair["result"], "#6b6b6b")
        verdict = VERDICTS.get(pair["result"], pair["result"])
        sides = "".join(
            f"<div>{pair[name]} · {html.escape(named.get((pair['kind'], int(pair[name])), ''))}</div>"
            for name in ("first_id", "second_id")
        )
        rule = ", rule ".join(filter(None, (pair["group"] or pair["group_id"], pair["step"])))
        st.html(
            f'<div class="rg-pair"><span class="rg-badge" style="background:{colour}">{html.escape(verdict)}</span>'
            f"<b>{_KINDS[pair['kind']]} {pair['first_id']} and {pair['second_id']}</b>{sides}"
            f"<p>{html.escape(pair['reason'] or '')}</p>"
            f"<small>{html.escape(rule or 'no group of rules')} · tables of {html.escape(pair['algorithm_version'] or '–')}"
            f" · compared {pair['compared_at']:%Y-%m-%d}</small></div>"
        )
        if pair["decision"]:
            _decided(pair)
        elif pair["open"]:
            st.warning(
                "The records keep two tumors, the rules say one."
                if pair["kind"] == "tumors"
                else "The records keep one tumor, the rules say two.",
                icon=":material/compare_arrows:",
            )
        if door.actor().may("primaries.decide"):
            _decide(pair)


def _decided(pair: dict[str, Any]) -> None:
    words = (
        f"**Decided: {_CHOICES[pair['decision']].lower()}** by {plain(pair['decided_by'])} on "
        f"{pair['decided_at']:%Y-%m-%d}: {plain(pair['decision_reason'])}"
    )
    if pair["changed_since"]:
        st.warning(
            f"{words}  \nThe records changed after this decision: look at it again.", icon=":material/update:"
        )
    else:
        st.success(words, icon=":material/gavel:")


def _decide(pair: dict[str, Any]) -> None:
    """A small form behind a button: decision, reason, keep."""
    number = pair["pair_id"]
    # A key with the version: the box of a decision that was just kept is closed again.
    label = "Change the decision" if pair["decision"] else "Decide otherwise"
    with st.popover(label, key=f"decision_box_{number}_{pair['version']}"):
        other = {"single": "multiple", "multiple": "single"}.get(
            pair["decision"] or pair["result"], "multiple"
        )
        choice = st.radio(
            "These are",
            list(_CHOICES),
            index=list(_CHOICES).index(other),
            format_func=_CHOICES.__getitem__,
            key=f"decision_{number}_{pair['version']}",
            horizontal=True,
        )
        reason = st.text_area(
            "Reason",
            key=f"decision_reason_{number}_{pair['version']}",
            placeholder="What the record shows",
            height=80,
        )
        said = st.container()  # above the buttons: below them it would be out of sight
        with st.container(horizontal=True):
            keep = st.button("Keep the decision", type="primary", key=f"decide_{number}")
            back = pair["decision"] and st.button("Take it back", key=f"undecide_{number}")
        if keep or back:
            with said, guarded():
                door.ask(
                    "primaries.decide",
                    pair_id=number,
                    decision=choice if keep else None,
                    reason=reason,
                    expected_version=int(pair["version"]),
                )
                st.rerun()
