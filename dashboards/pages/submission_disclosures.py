"""Accounting of disclosures (45 CFR 164.528): who was told what about a patient, and every disclosure by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import download, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted, heading, sentence

_COLUMNS: Final = {
    "disclosed_on": ("Date", 95),
    "recipient": ("To whom", 230),
    "recipient_address": ("Address", 190),
    "content": ("What", 260),
    "purpose": ("Why", 240),
    "legal_basis": ("Legal basis", 190),
    "kind": ("Kind", 110),
    "patients": ("Patients", 75),
    "disclosed_by": ("By", 80),
    "no_accounting_because": ("Needs no accounting because", 220),
}


@st.fragment
def show() -> None:
    with guarded():
        a, b, c, d = st.columns([3, 2, 2, 4], vertical_alignment="bottom")
        number = a.number_input(
            "Patient number", min_value=1, value=None, step=1, key="disclosure_patient",
            help="Empty: every disclosure of the registry, without patients.",
        )  # fmt: skip
        start = b.date_input("From", value=None, format="YYYY-MM-DD", key="disclosure_from",
                             min_value=dt.date(1970, 1, 1))  # fmt: skip
        end = c.date_input(
            "To", value=None, format="YYYY-MM-DD", key="disclosure_to", min_value=dt.date(1970, 1, 1)
        )
        everything = d.toggle("Also those that need no accounting", key="disclosure_all",
                              help="De-identified data, and limited data sets under an agreement.")  # fmt: skip
        wanted: dict[str, Any] = {
            "start": None if start is None else str(start), "end": None if end is None else str(end),
            "everything": bool(everything),
        }  # fmt: skip
        operation = "disclosures.list"
        if number is not None:
            operation, wanted = "disclosures.of_patient", {"patient_id": int(number), **wanted}
        frame = door.ask(operation, **wanted)
        span = "in the last six years" if start is None else "in this time"
        if not frame.height:
            whose = "Nothing" if number is None else f"Nothing of patient {number:d}"
            empty(f"{whose} was disclosed {span}.")
            return
        _table(frame)
        a, b = st.columns([8, 2], vertical_alignment="center")
        whose = "" if number is None else f" of patient {number:d}"
        a.caption(f"{counted(frame.height, 'disclosure')}{whose} {span}.")
        with b:
            download.link("Download CSV", "disclosures.csv", operation, **wanted)


def _table(frame: pl.DataFrame) -> None:
    shown = frame.with_columns(pl.col("kind").map_elements(sentence, return_dtype=pl.String))
    names = [name for name in _COLUMNS if name in frame.columns and frame[name].null_count() < frame.height]
    config: dict[str, Any] = {name: tables.text(*_COLUMNS[name]) for name in names}
    label, width = _COLUMNS["disclosed_on"]
    config["disclosed_on"] = st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width)
    if "patients" in names:
        config["patients"] = tables.count(*_COLUMNS["patients"])
    columns = {name: _COLUMNS[name][0] or heading(name) for name in names}
    tables.show(
        shown, key="disclosures", columns=columns, config=config, rows=12, alt="Disclosures", wrap=True
    )
