"""What goes and what is held back, and why: of a submission that is to be."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards.components import charts, choices, submission_words, tables
from dashboards.components.failure_panel import open_record
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, item_name, number

_HELD: Final = {
    "reason": ("Why", 225),
    "detail": ("Which", 255),
    "records": ("Records", 70),
}
_RECORDS: Final = {
    "patient_id": ("Patient", 75),
    "tumor_id": ("Tumor", 70),
    "abstract_id": ("Abstract", 80),
    "facility": ("Facility", 240),
    "reason": ("Why", 250),
    "detail": ("Which", 280),
}


def show(found: dict[str, Any]) -> None:
    """The preview's figures, reasons and records."""
    for line in found["problems"]:
        st.error(plain(f"It cannot be sealed: {line}"), icon=":material/front_hand:")
    _figures(found)
    left, right = st.columns([6, 6], gap="large")
    with left:
        st.subheader("Held back, and why")
        with guarded():
            reasons(found["held_back"])
    with right:
        st.subheader("What goes, by year of diagnosis")
        with guarded():
            _by_year(found["by_year"])
    with guarded():
        held(found["held_records"], int(found["held"]))
    with guarded():
        required(found["required"])
    items = [item_name(item) for item in found["items"]]
    with st.expander(f"{counted(len(items), 'item')} leave with each record"):
        st.markdown(plain(", ".join(sorted(items))))
    if found["by_site"].height:
        with st.expander("What goes, by site"):
            tables.show(found["by_site"], key="preview_site", rows=8, alt="Records that go, by site")


def _figures(found: dict[str, Any]) -> None:
    changes = dict(found["changes"].select("change", "records").iter_rows())
    figures = [("Records that go", number(found["going"])), ("Patients", number(found["patients"])),
               ("Held back", number(found["held"]))]  # fmt: skip
    figures += [
        ("New", number(changes.get("new", 0))),
        ("Changed", number(changes.get("changed", 0))),
        ("Deleted", number(found["deleted"])),
    ]
    for column, (label, value) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        column.metric(label, value, border=True)
    told = f"As of {str(found['as_of'])[:16].replace('T', ' ')}."
    if found["first"]:
        told += " Nothing was accepted before, so every record counts as new."
    elif changes.get("same"):
        told += (
            f" {counted(int(changes['same']), 'record')} did not change since the last accepted submission."
        )
    st.caption(told)


def reasons(frame: pl.DataFrame) -> None:
    """Reasons with how many records each holds back."""
    if not frame.height:
        empty("No record is held back.")
        return
    shown = frame.with_columns(pl.col("reason").map_elements(submission_words.reason, return_dtype=pl.String))
    config: dict[str, Any] = {name: tables.text(*_HELD[name]) for name in ("reason", "detail")}
    config["records"] = tables.count(*_HELD["records"])
    tables.show(
        shown, key="held_back", columns={name: label for name, (label, _w) in _HELD.items()}, config=config, rows=7,
        alt="What is held back, and why",
    )  # fmt: skip


def _by_year(frame: pl.DataFrame) -> None:
    if not frame.height:
        empty("Nothing goes.")
        return
    figure = charts.columns(
        frame, "year", "records", x_title="Year of diagnosis", y_title="Records", height=270
    )
    charts.draw(figure, key="preview_years", alt="Records that go, by year of diagnosis")


def held(frame: pl.DataFrame, total: int) -> None:
    """Records that are held back; a row leads to its record."""
    if not frame.height:
        return
    st.subheader(f"Records held back · {total:,}")
    shown = submission_words.held(choices.named(frame))
    if frame["facility_id"].null_count() == frame.height:
        shown = shown.drop("facility")
    names = [name for name in _RECORDS if name in shown.columns and shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*_RECORDS[name]) for name in names}
    config |= {name: tables.year(*_RECORDS[name]) for name in names if name.endswith("_id")}
    row = tables.show(
        shown, key="held_records", columns={name: _RECORDS[name][0] for name in names}, config=config, select=True, rows=7,
        alt="Records held back",
    )  # fmt: skip
    if row is not None:
        open_record(row, "held")
    elif frame.height < total:
        st.caption(f"The first {frame.height:,}. Choose one to open its record.")
    else:
        st.caption("Choose one to open its record.")


def required(frame: pl.DataFrame) -> None:
    """Items that the receiver wants and that are blank."""
    if not frame.height:
        return
    with st.expander(f"{counted(frame.height, 'required item')} blank in some records"):
        shown = frame.with_columns(pl.col("item").map_elements(item_name, return_dtype=pl.String))
        columns = {"item": "Item", "code": "Required", "blank": "Blank", "records": "Records"}
        config = {"item": tables.text("Item", 360)}
        tables.show(
            shown,
            key="required_blank",
            columns=columns,
            config=config,
            rows=8,
            alt="Required items left blank",
        )
