"""Record: find a patient, see tumors, abstracts, reports and treatments, open one abstract.

The address holds our own record numbers only (`?patient=17&abstract=23`), never a search term or a patient's data.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import door
from dashboards.components import abstract_view, derived_panel, numbering_panel, primaries_panel, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import STATUS, heading, naaccr_date
from dashboards.pages import page

#: Column → heading, width in pixels; together they fit a page of 1366.
_TUMOR = {
    "tumor_id": ("Tumor", 60),
    "primarySite": ("Primary site", 200),
    "histologicTypeIcdO3": ("Histology", 230),
    "behaviorCodeIcdO3": ("Behavior", 145),
    "laterality": ("Laterality", 100),
    "dateOfDiagnosis": ("Diagnosed", 95),
    "summaryStage2018": ("Summary Stage 2018", 240),
    "classOfCase": ("Class", 55),
    "sequenceNumberCentral": ("Sequence", 75),
}
_ABSTRACT = {
    "abstract_id": ("Abstract", 70),
    "facility": ("Facility", 200),
    "status": ("Status", 85),
    "primarySite": ("Primary site", 195),
    "histologicTypeIcdO3": ("Histology", 205),
    "laterality": ("Laterality", 100),
    "dateOfDiagnosis": ("Diagnosed", 95),
    "classOfCase": ("Class", 55),
    "accessionNumberHosp": ("Accession", 95),
    "changed_at": ("Changed (UTC)", 110),
}
_SECTIONS = [
    "Tumors and abstracts",
    "Primaries and numbers",
    "Derived variables",
    "Pathology reports",
    "Treatments",
    "All items",
]


def show() -> None:
    patient_id, abstract_id = _number("patient"), _number("abstract")
    if abstract_id is not None:
        _back(patient_id)
        with guarded():
            abstract_view.show(abstract_id)
    elif patient_id is not None:
        _back(None)
        with guarded():
            _patient(patient_id)
    else:
        st.title("Record")
        _search()


def _number(name: str) -> int | None:
    value = st.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _go(**where: int | None) -> None:
    st.query_params.from_dict({name: str(value) for name, value in where.items() if value is not None})
    st.rerun()


def _back(patient_id: int | None) -> None:
    """Ways back: to the patient of an abstract, to the search."""
    with st.container(horizontal=True, gap="medium"):
        if patient_id is not None and st.button(
            "To the patient", icon=":material/arrow_back:", type="tertiary"
        ):
            _go(patient=patient_id)
        if st.button("To the search", icon=":material/search:", type="tertiary"):
            _go()


def _search() -> None:
    a, _rest = st.columns([5, 5])
    text = a.text_input(
        "Find a patient",
        placeholder="name, birth date (YYYYMMDD), or a number",
        key="search",
        help="All words must fit. Searches are written to the audit trail.",
    )
    if not text.strip():
        empty("Type a name, a birth date or a number, then Enter.")
        return
    with guarded():
        found = door.ask("records.search", text=text)
        if not found.height:
            empty("Nobody fits.", "Check the spelling, or use fewer words.")
            return
        found = found.with_columns(tables.naaccr_dates(found))
        config = {"patient_id": tables.ident("Patient")}
        row = tables.show(found, key="found", config=config, select=True, alt="Patients found")
        if row is not None:
            _go(patient=row["patient_id"])
        st.caption(f"{found.height:,} found. Choose a row to open the patient.")


def _patient(patient_id: int) -> None:
    answer = door.ask("records.patient", patient_id=patient_id)
    patient = answer["patient"]
    name = ", ".join(filter(None, (patient.get("nameLast"), patient.get("nameFirst"))))
    a, b = st.columns([9, 3], vertical_alignment="center")
    a.header(plain(name or f"Patient {patient_id}"))
    target = page("follow-up")
    if target is not None and door.actor().may("followup.history"):
        with b, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Follow-up", icon=":material/event_repeat:", key="record_follow_up"):
                st.switch_page(target, query_params={"patient": str(patient_id)})
    facts = [
        f"Patient {patient_id}",
        f"born {naaccr_date(patient.get('dateOfBirth'))}",
        {"1": "male", "2": "female"}.get(
            patient.get("sexAssignedAtBirth") or patient.get("sex", ""), "sex unknown"
        ),
        {"0": "dead", "1": "alive"}.get(patient.get("vitalStatus", ""), "vital status unknown"),
        f"last contact {naaccr_date(patient.get('dateOfLastContact'))}",
    ]
    a.caption(" · ".join(facts))
    section = st.segmented_control(
        "Section",
        _SECTIONS,
        default=_SECTIONS[0],
        required=True,
        key="patient_section",
        label_visibility="collapsed",
    )
    if section == "Tumors and abstracts":
        _tumors(patient_id, answer)
    elif section == "Primaries and numbers":
        undecided = False
        with guarded():
            undecided = primaries_panel.show(patient_id, answer)
        with guarded():
            numbering_panel.show(patient_id, undecided)
    elif section == "Derived variables":
        derived_panel.show(answer)
    elif section == "Pathology reports":
        _reports(answer["reports"])
    elif section == "Treatments":
        _table(answer["treatments"], "treatments", "No treatment is recorded.")
    else:
        _all_items(patient)


def _tumors(patient_id: int, answer: dict[str, Any]) -> None:
    st.subheader("Tumors")
    st.caption("One row a tumor, consolidated from what the facilities reported.")
    if answer["tumors"].height:
        _coded(answer["tumors"], "tumors", _TUMOR, rows=5)
    else:
        empty("No tumor yet.")
    st.subheader("Abstracts")
    st.caption("One row a facility and tumor. Choose one to read or change it.")
    frame = answer["abstracts"]
    if not frame.height:
        empty("No abstract in your facilities.")
        return
    shown = frame.with_columns(
        status=frame["status"].replace_strict(STATUS, default=frame["status"]),
        facility=frame["facility"].fill_null(frame["facility_id"]),
    )
    row = _coded(shown, "abstracts", _ABSTRACT, select=True, rows=6)
    if row is not None:
        _go(patient=patient_id, abstract=row["abstract_id"])


def _coded(
    frame: Any, key: str, columns: dict[str, tuple[str, int]], *, rows: int, select: bool = False
) -> dict[str, Any] | None:
    """Tumors or abstracts, codes with what they mean, as wide as the page."""
    import polars as pl

    morphology = pl.concat_str("histologicTypeIcdO3", "behaviorCodeIcdO3", separator="/", ignore_nulls=True)
    shown = frame.with_columns(histologicTypeIcdO3=pl.when(morphology != "").then(morphology))
    shown = tables.labelled(shown.with_columns(tables.naaccr_dates(shown)))
    config: dict[str, Any] = {}
    for name, (label, width) in columns.items():
        if name.endswith("_id"):
            config[name] = st.column_config.NumberColumn(label, width=width, format="%d", alignment="left")
        elif name == "changed_at":
            config[name] = st.column_config.DateColumn(label, width=width, format="YYYY-MM-DD")
        else:
            config[name] = st.column_config.TextColumn(label, width=width)
    names = {name: label for name, (label, _width) in columns.items()}
    return tables.show(shown, key=key, columns=names, config=config, select=select, rows=rows, wrap=True)


def _reports(frame: Any) -> None:
    if not frame.height:
        empty("No pathology report belongs to this patient.")
        return
    for row in frame.iter_rows(named=True):
        label = f"Report {row['report_id']} · facility {row['facility_id'] or '–'}"
        with st.expander(label, expanded=frame.height == 1):
            if row.get("final_diagnosis"):
                st.text(row["final_diagnosis"])
            if row.get("report_text"):
                st.caption("Whole text")
                st.text(row["report_text"])


def _all_items(patient: dict[str, Any]) -> None:
    import polars as pl

    rows = [
        {"name": heading(item), "item": item, "value": str(value)}
        for item, value in patient.items()
        if value not in {None, ""} and "_" not in item
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("name", "item", "value"), pl.String))
    a, _rest = st.columns([6, 4])
    with a:
        tables.show(
            frame, key="all_items", columns={"name": "Item", "item": "NAACCR id", "value": "Value"}, rows=14
        )


def _table(frame: Any, key: str, nothing: str, rows: int = 10) -> None:
    if not frame.height:
        empty(nothing)
        return
    shown = frame.with_columns(*tables.naaccr_dates(frame))
    filled = [n for n in shown.columns if shown[n].null_count() < shown.height]
    names = {n: heading(n) for n in filled if n not in {"patient_id", "version", "report_text"}}
    tables.show(shown, key=key, columns=names, config=tables.idents(shown), rows=rows)
