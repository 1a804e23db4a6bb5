"""Code a case again, blinded: the texts on the left, the items to code on the right; never what the registry coded."""

from __future__ import annotations

import html
from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components.abstract_form import all_codes
from dashboards.components.messages import empty, plain
from dashboards.components.words import counted, heading

_MOST_CHOICES: Final = 40
_SECTIONS: Final = (
    "final_diagnosis",
    "clinical_history",
    "gross",
    "microscopic",
    "nature_of_specimen",
    "comment",
    "report_text",
)


def show(case_id: int) -> None:
    case = door.ask("audits.case", case_id=case_id)
    word = "chart" if case["kind"] == "reabstraction" else "texts"
    st.header(f"Case {case_id}")
    st.caption(
        f"Code the items from the {word}, as if nobody had coded them. Year {case['year']}. A blank says that nothing is "
        "to be coded."
    )
    left, right = st.columns([5, 7], gap="large")
    with left, st.container(height=620, border=True, key="audit_texts"):
        _texts(case)
    with right:
        if case["state"] == "finished":
            st.success("This case is finished. Thank you.", icon=":material/check_circle:")
            return
        _form(case)


def _texts(case: dict[str, Any]) -> None:
    """Who it is, as far as the auditor may know, and what was written."""
    if case["identification"]:
        st.markdown(
            " · ".join(f"{plain(_name(e))}: **{plain(str(e['value']))}**" for e in case["identification"])
        )
    for entry in case["texts"]:
        _text(_name(entry), entry["value"])
    for number, report in enumerate(case["reports"].iter_rows(named=True), start=1):
        st.markdown(f"**Pathology report {number}**")
        for name in _SECTIONS:
            if report.get(name):
                _text(heading(name), report[name])
    if not case["texts"] and not case["reports"].height:
        empty("The abstract has no texts.", "Code from the chart, or leave unknown items blank.")


def _text(title: str, text: str) -> None:
    st.html(f'<b>{html.escape(title)}</b><div class="rg-text">{html.escape(str(text))}</div>')


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).replace("--", " – ")


def _form(case: dict[str, Any]) -> None:
    """All items of the audit; what was coded before is kept."""
    with st.form(f"recode_{case['case_id']}_{case['version']}"), st.container(gap="small"):
        values: dict[str, str] = {}
        for start in range(0, len(case["items"]), 2):  # in rows, so that Tab goes in reading order
            for column, entry in zip(st.columns(2), case["items"][start : start + 2], strict=False):
                with column:
                    values[entry["item"]] = _field(entry)
        note = st.text_input("Note (optional)", value=case["note"] or "")
        a, b = st.columns(2)
        keep = a.form_submit_button("Keep for later", width="stretch", icon=":material/save:")
        finish = b.form_submit_button(
            "Finish the case", type="primary", width="stretch", icon=":material/task_alt:"
        )
    if not keep and not finish:
        return
    answer = door.act(
        "audits.recode", case_id=case["case_id"], values=values, expected_version=int(case["version"]),
        finished=finish, note=note,
    )  # fmt: skip
    if not finish:
        st.toast("Kept. Nobody else sees it yet.", icon=":material/check_circle:")
        st.rerun()
    alike = answer["compared"] - answer["differences"]
    st.toast(
        f"Finished: {alike} of {counted(answer['compared'], 'item')} as they were.",
        icon=":material/check_circle:",
    )
    st.query_params.clear()
    st.rerun()


def _field(entry: dict[str, Any]) -> str:
    """A list when the item has few codes, else a field to type in."""
    item, value = entry["item"], entry["value"] or ""
    label = f"{_name(entry)} ({entry['number']})" if entry["number"] else _name(entry)
    key = f"recode_{item}"
    codes = all_codes(item)
    if 1 < len(codes) <= _MOST_CHOICES:
        options = ["", *codes] if value in codes or not value else ["", value, *codes]
        chosen = st.selectbox(
            label,
            options,
            index=options.index(value),
            format_func=lambda code: f"{code} · {codes.get(code, '')}".rstrip(" ·") if code else "–",
            key=key,
        )
        return str(chosen or "")
    hint = f"{value} · {entry['label']}" if entry["label"] else None
    return str(st.text_input(label, value=value, help=hint, key=key) or "").strip()
