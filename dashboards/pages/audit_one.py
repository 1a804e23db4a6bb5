"""One audit: how far it is, who codes what, and what it found."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, item_names, number, percent
from dashboards.pages import audit_work

_WORDS: Final = {"reabstraction": "Re-abstraction", "recoding": "Recoding", "casefinding": "Casefinding"}
_AGREEMENT: Final = {
    "compared": ("Compared", 85),
    "agreed": ("Alike", 70),
    "percent": ("Agreement %", 105),
    "limits": ("95 % limits", 115),
    "kappa": ("Kappa", 70),
    "kappa_limits": ("95 % limits of kappa", 150),
}
_VIEWS: Final = {
    "By item": ("items", "item", "Item"),
    "By abstractor": ("abstractors", "abstractor", "Abstractor"),
    "By facility": ("facilities", "facility", "Facility"),
    "By auditor": ("auditors", "auditor", "Auditor"),
    "After settling": ("reviewed", "item", "Item"),
}


def show(audit_id: int) -> None:
    found = door.ask("audits.results", audit_id=audit_id)
    audit = found["audit"]
    title = str(audit["title"] or f"Audit {audit_id}")
    st.header(plain(title[:1].upper() + title[1:]))
    facts = [
        _WORDS.get(audit["kind"], audit["kind"]),
        f"year {audit['year']}" if audit["year"] else "",
        choices.facility(audit["facility_id"], "all facilities"),
        f"by {audit['created_by']}",
        audit["state"],
    ]
    st.caption(plain(" · ".join(fact for fact in facts if fact)))
    if audit["kind"] == "casefinding":
        audit_work.casefinding(audit_id, found)
    else:
        _coding(audit_id, found)
    if audit["state"] == "open" and door.actor().may("audits.close"):
        _close(audit_id)


def _coding(audit_id: int, found: dict[str, Any]) -> None:
    sections = ["Results", "Progress and auditors", "Differences"]
    if not door.actor().may("audits.findings"):
        sections.pop()
    first = "Results" if found["finished"] else "Progress and auditors"
    section = st.segmented_control(
        "Section", sections, default=first, required=True, key=f"audit_section_{audit_id}",
        label_visibility="collapsed",
    )  # fmt: skip
    with guarded():
        if section == "Results":
            _results(found)
        elif section == "Differences":
            audit_work.differences(audit_id)
        else:
            _progress(audit_id, found["audit"])


def _results(found: dict[str, Any]) -> None:
    if not found["finished"]:
        empty("No case is finished yet.", "Give the cases to auditors under “Progress and auditors”.")
        return
    overall = found["overall"].row(0, named=True) if found["overall"].height else {}
    figures = (
        ("Cases finished", f"{found['finished']} of {found['cases']}"),
        ("Items compared", number(overall.get("compared"))),
        ("Agreement", percent(overall.get("percent"))),
        ("95 % limits", _limits(overall, "lower", "upper", 1)),
        ("Kappa, mean of items", "–" if overall.get("kappa") is None else f"{overall['kappa']:.2f}"),
    )
    for column, (label, value) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        column.metric(label, value, border=True)
    for row in found["looked"].iter_rows(named=True):
        st.warning(
            f"{plain(row['auditor'])} opened the records of {counted(row['cases'], 'case')} before finishing them: "
            "those were not coded blinded.",
            icon=":material/visibility:",
        )
    view = st.segmented_control(
        "View", list(_VIEWS), default="By item", required=True, key="audit_view", label_visibility="collapsed"
    )
    name, of, label = _VIEWS[view]
    _agreement(found[name], of, label)
    if found["coders"].height:
        st.markdown("**Among the auditors themselves** (cases with several)")
        tables.show(found["coders"], key="audit_coders")


def _agreement(frame: pl.DataFrame, column: str, label: str) -> None:
    if column == "facility":
        frame = choices.named(frame)
    shown = frame.with_columns(
        pl.Series(
            "limits", [_limits(row, "lower", "upper", 1) for row in frame.iter_rows(named=True)], pl.String
        ),
        pl.Series(
            "kappa_limits",
            [_limits(row, "kappa_lower", "kappa_upper", 2) for row in frame.iter_rows(named=True)],
            pl.String,
        ),
    )
    if column == "item":
        shown = shown.with_columns(pl.col("item").replace(item_names(shown["item"]))).sort(
            "percent", nulls_last=True
        )
    else:
        shown = shown.with_columns(pl.col(column).fill_null("not named"))
    config: dict[str, Any] = {name: tables.text(text, width) for name, (text, width) in _AGREEMENT.items()}
    config |= {name: tables.count(*_AGREEMENT[name]) for name in ("compared", "agreed")}
    config |= {column: tables.text(label, 330), "percent": tables.share(*_AGREEMENT["percent"])}
    config["kappa"] = st.column_config.NumberColumn("Kappa", format="%.2f", width=70)
    columns = {column: label} | {name: text for name, (text, _width) in _AGREEMENT.items()}
    tables.show(
        shown, key=f"agreement_{column}", columns=columns, config=config, rows=12, alt=f"Agreement, {label}"
    )


def _limits(row: dict[str, Any], low: str, high: str, digits: int) -> str:
    """Limits of a share or of kappa.

    >>> _limits({"a": 90.04, "b": 97.0}, "a", "b", 1), _limits({}, "a", "b", 1)
    ('90.0 to 97.0', '–')
    """
    if row.get(low) is None or row.get(high) is None:
        return "–"
    return f"{row[low]:.{digits}f} to {row[high]:.{digits}f}"


def _progress(audit_id: int, audit: dict[str, Any]) -> None:
    found = door.ask("audits.show", audit_id=audit_id)
    cases = found["cases"]
    left, right = st.columns([6, 6], gap="large")
    with left:
        given = int((cases["coders"] > 0).sum())
        done = int((cases["finished"] > 0).sum())
        st.markdown(f"**{counted(cases.height, 'case')}**: {given} given out, {done} finished")
        st.progress(done / cases.height if cases.height else 0.0)
        if found["auditors"].height:
            columns = {
                "auditor": "Auditor",
                "assigned": "Not begun",
                "begun": "Begun",
                "finished": "Finished",
            }
            tables.show(found["auditors"], key="auditors", columns=columns, rows=8, alt="Auditors")
        else:
            empty("No case has an auditor yet.")
    with right:
        if audit["state"] == "open" and door.actor().may("audits.assign"):
            _assign(audit_id)


def _assign(audit_id: int) -> None:
    """Give the cases to auditors in turn."""
    with guarded(), st.form(f"audit_assign_{audit_id}_{choices.round_of('audit')}"):
        st.markdown("**Give the cases to auditors**")
        to = st.multiselect(
            "Auditors",
            choices.people(),
            accept_new_options=True,
            help="Accounts of registrars or quality staff; type a name that is not in the list. Nobody gets a case that "
            "he or she abstracted or changed.",
        )
        coders = st.number_input("Auditors for each case", min_value=1, max_value=5, value=1)
        if st.form_submit_button("Give out", type="primary"):
            answer = door.act("audits.assign", audit_id=audit_id, to=to, coders=int(coders))
            choices.next_round("audit")
            st.toast(f"{counted(answer['assigned'], 'case')} given out.", icon=":material/check_circle:")
            if answer["left"]:
                st.session_state["_audit_left"] = answer["left"]
            st.rerun()
    left = st.session_state.pop("_audit_left", None)
    if left:
        st.warning(
            f"{counted(left, 'case')} could go to nobody: those named abstracted or changed them. Name somebody else.",
            icon=":material/person_off:",
        )


def _close(audit_id: int) -> None:
    with st.expander("Close this audit"), guarded(), st.form(f"close_{audit_id}", border=False):
        reason = st.text_input("Reason (optional)")
        if st.form_submit_button("Close the audit"):
            door.act("audits.close", audit_id=audit_id, reason=reason)
            st.toast("Closed. Its results stay.", icon=":material/check_circle:")
            st.rerun()
