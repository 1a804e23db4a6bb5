"""A new audit: draw a sample to be coded again, or take in the list of a casefinding audit."""

from __future__ import annotations

import datetime as dt
from typing import Final

import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import guarded
from dashboards.components.words import counted

_KINDS: Final = {
    "recoding": "Recoding: from the texts of the abstract",
    "reabstraction": "Re-abstraction: from the chart",
}
_STRATA: Final = {"abstractor": "Abstractor", "facility": "Facility", "site": "Site"}
_HEADER: Final = (
    "facility, source, medical_record_number, accession_number, last_name, first_name, birth_date, site, date"
)


def show() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Code a sample again")
        _draw()
    with right:
        st.subheader("Check a casefinding list")
        _list()


def _draw() -> None:
    this = dt.date.today().year
    with guarded(), st.form("draw"):
        kind = st.selectbox("Kind", list(_KINDS), format_func=_KINDS.__getitem__)
        a, b = st.columns(2)
        year = a.number_input("Year", min_value=1950, max_value=this, value=this - 2, step=1)
        year_of = b.selectbox("Year of", ["diagnosis", "first contact"], format_func=str.capitalize)
        facility = choices.pick_facility(st, "draw_facility")
        a, b = st.columns(2)
        share = a.number_input("Share of the year's analytic cases, %", min_value=1, max_value=100, value=10)
        most = b.number_input("At most", min_value=1, max_value=10_000, value=200)
        strata = st.multiselect(
            "In proportion by (optional)",
            list(_STRATA),
            format_func=_STRATA.__getitem__,
            help="Each group gets its share of the sample.",
        )
        title = st.text_input("Title (optional)", placeholder="Breast, second half of 2024")
        if st.form_submit_button("Draw the sample", type="primary", icon=":material/casino:"):
            answer = door.act(
                "audits.draw", kind=kind, year=int(year), facility=facility, fraction=share / 100, at_most=int(most),
                strata=strata, year_of=year_of, title=title,
            )  # fmt: skip
            sampled = counted(answer["sampled"], "case")
            st.toast(f"{sampled} drawn of {answer['population']:,}.", icon=":material/check_circle:")
            _open(answer["audit_id"])


def _list() -> None:
    """The list is pasted: nothing is uploaded as a file, and its names stay out of the browser's history."""
    with guarded(), st.form("list"):
        title = st.text_input("Title", placeholder="Pathology index, first quarter 2025")
        a, b = st.columns([4, 2])
        facility = choices.pick_facility(
            a, "list_facility", label="Facility of rows that name none", all_="None"
        )
        year = b.number_input(
            "Year (optional)", min_value=1950, max_value=dt.date.today().year, value=None, step=1
        )
        text = st.text_area(
            "The list with its header line",
            height=250,
            placeholder=_HEADER.replace(" ", ""),
            help=f"Copied from a spreadsheet or a CSV file. Columns: {_HEADER}. A record number, an accession number, or "
            "name and birth date must be there.",
        )
        if st.form_submit_button("Look the cases up", type="primary", icon=":material/playlist_add_check:"):
            answer = door.act(
                "audits.casefinding", path=title.strip() or "the list", content=as_csv(text), title=title,
                year=None if year is None else int(year), facility=facility,
            )  # fmt: skip
            st.toast(
                f"{answer['found']} of {counted(answer['rows'], 'row')} found.",
                icon=":material/check_circle:",
            )
            _open(answer["audit_id"])


def as_csv(text: str) -> str:
    r"""Text pasted from a spreadsheet (tabs) as CSV; other text stays.

    >>> as_csv("name\tdate\nRIVERA, MARIA\t2024")
    'name,date\n"RIVERA, MARIA",2024\n'
    >>> as_csv("name,date\nRIVERA,2024")
    'name,date\nRIVERA,2024'
    """
    import csv
    import io

    first = text.lstrip().split("\n", 1)[0]
    if "\t" not in first:
        return text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(csv.reader(io.StringIO(text.strip()), delimiter="\t"))
    return out.getvalue()


def _open(audit_id: int) -> None:
    st.query_params.from_dict({"audit": str(audit_id)})
    st.rerun()
