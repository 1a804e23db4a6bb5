"""The part of the reply form that goes tumor by tumor: cancer status, recurrence, later treatment."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards.components import choices
from dashboards.components.words import item_name, naaccr_date
from registry import standards

_STATUS, _STATUS_DATE = "cancerStatus", "dateOfLastCancerStatus"
_TYPE, _TYPE_DATE = "recurrenceType1st", "recurrenceDate1st"
_LATER: Final = (
    "subsqRx2ndCourseDate",
    "subsqRx2ndCourseSurg",
    "subsqRx2ndCourseRad",
    "subsqRx2ndCourseChemo",
)


def words(row: dict[str, Any]) -> str:
    """A tumor as people call it: site, histology, day of diagnosis.

    >>> words({"primarySite": "C504", "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3", "dateOfDiagnosis": "20190302"})
    'C504 Upper-outer quadrant of breast · 8500/3 · diagnosed 2019-03-02'
    """
    site = str(row["primarySite"] or "site unknown")
    name = standards.label("primarySite", site) or ""
    morphology = "/".join(
        str(row[item]) for item in ("histologicTypeIcdO3", "behaviorCodeIcdO3") if row[item]
    )
    return " · ".join(
        part
        for part in (f"{site} {name}".strip(), morphology, f"diagnosed {naaccr_date(row['dateOfDiagnosis'])}")
        if part
    )


def show(tumors: pl.DataFrame, key: str) -> list[dict[str, Any]]:
    """A row of fields a tumor; what was entered, as `tumors` of `followup.record`."""
    entered = []
    for row in tumors.iter_rows(named=True):
        number = int(row["tumor_id"])
        with st.container(border=True):
            known = _known(row)
            st.markdown(f"**{words(row)}**" + (f"  \n:small[{known}]" if known else ""))
            values = _fields(row, f"{key}_{number}")
        if values:
            entered.append({"tumor_id": number, **values})
    return entered


def _known(row: dict[str, Any]) -> str:
    """What the record says now."""
    parts = []
    for code, date in ((_STATUS, _STATUS_DATE), (_TYPE, _TYPE_DATE)):
        value = row.get(code)
        if value:
            when = f", {naaccr_date(row[date])}" if row.get(date) else ""
            parts.append(f"{item_name(code)} {value} {standards.label(code, value) or ''}{when}")
    return " · ".join(parts).replace("[", "(").replace("]", ")")


def _fields(row: dict[str, Any], key: str) -> dict[str, str]:
    a, b, c, d = st.columns([4, 3, 4, 3])
    typed = {
        _STATUS: choices.pick_code(a, _STATUS, f"reply_{_STATUS}_{key}"),
        _STATUS_DATE: _date(b, "On", f"status_{key}", "Empty = the date of the reply"),
        _TYPE: choices.pick_code(c, _TYPE, f"reply_{_TYPE}_{key}", label="Recurrence"),
        _TYPE_DATE: _date(d, "Recurred on", f"recurrence_{key}", "Only with a recurrence"),
    }
    with st.expander("Treatment since"):
        for item, place in zip(_LATER, st.columns(len(_LATER)), strict=True):
            if item in row:
                typed[item] = place.text_input(item_name(item), key=f"reply_{item}_{key}").strip()
    return {item: value for item, value in typed.items() if value}


def _date(place: Any, label: str, key: str, help_: str) -> str:
    return str(place.text_input(label, key=f"reply_date_{key}", placeholder="YYYY-MM-DD", help=help_)).strip()
