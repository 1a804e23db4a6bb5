"""Every published sample goes to other forms and comes back with the same items."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from registry.formats.naaccr.data import FAULTS, NaaccrData
from registry.formats.naaccr.flat import read_naaccr_flat, write_naaccr_flat
from registry.formats.naaccr.frames import load_user_dictionary, merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.reader import read_naaccr_xml
from registry.formats.naaccr.spreadsheet import read_table, write_table
from registry.formats.naaccr.translate import translate
from tests.paths import SHARED, needs_shared, shared, without_older_large

SAMPLES = sorted((SHARED / "naaccr" / "samples").glob("*.xml.gz")) if SHARED else []
STATES = ("naaccr", "dictionaries", "user-defined-v250")
PLACE = ["patient_index", "tumor_index", "item", "value"]
each_sample = pytest.mark.parametrize("path", without_older_large(SAMPLES), ids=lambda p: p.name[18:-7])


def items(data: NaaccrData) -> pl.DataFrame:
    return data.items.sort(PLACE)


@needs_shared
@each_sample
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_sample_comes_back_from_a_table(path: Path, form: str) -> None:
    data = read_naaccr_xml(path)
    out = io.BytesIO()
    assert write_table(out, data, form) == max(data.tumors.height, data.patients.height)
    again = read_table(out.getvalue())
    assert items(again).equals(items(data))
    assert again.header == data.header
    assert again.errors.drop("line").equals(data.errors.drop("line"))
    assert again.tumors.drop("line").equals(data.tumors.drop("line"))


@needs_shared
@each_sample
def test_a_sample_is_carried_to_the_newest_version_and_nothing_is_lost_in_silence(path: Path) -> None:
    data = read_naaccr_xml(path)
    done = translate(data, "260")
    assert done.data.items.height + done.lost.height >= data.items.height
    assert set(done.lost["reason"].str.extract(r"^(date flags|not an item|became|now an item)").unique()) <= {
        "date flags",
        "not an item",
        "became",
        "now an item",
    }
    again = translate(done.data, data.header.version)
    returned = again.data.items.select("patient_index", "item", "value").unique()
    kept = data.items.join(done.lost, on=["patient_index", "item", "value"], how="anti", nulls_equal=True)
    kept = kept.filter(pl.col("item") != "naaccrRecordVersion")
    assert kept.join(returned, on=["patient_index", "item", "value"], how="anti", nulls_equal=True).is_empty()


@needs_shared
@pytest.mark.parametrize("path", [p for p in SAMPLES if "v180" in p.name], ids=lambda p: p.name[18:-7])
def test_a_sample_comes_back_from_fixed_columns(path: Path) -> None:
    data = read_naaccr_xml(path)
    out = io.BytesIO()
    report = write_naaccr_flat(out, data)
    assert report.lines == data.tumors.height
    again = read_naaccr_flat(out.getvalue())
    assert items(again).equals(items(data))
    assert report.lost.is_empty()
    assert again.errors.drop("line").equals(data.errors.drop("line"))
    assert (again.header.version, again.header.record_type) == ("180", data.header.record_type)


@needs_shared
@pytest.mark.parametrize("path", [p for p in SAMPLES if "-10.xml" in p.name], ids=lambda p: p.name[18:-7])
def test_a_sample_in_fixed_columns_has_all_but_what_is_listed(path: Path) -> None:
    data = translate(read_naaccr_xml(path), "180").data
    out = io.BytesIO()
    report = write_naaccr_flat(out, data, too_long="cut")
    again = read_naaccr_flat(out.getvalue())
    missing = data.items.join(again.items, on=PLACE, how="anti", nulls_equal=True)
    assert missing.join(report.lost, on=PLACE, how="anti", nulls_equal=True).is_empty()


@needs_shared
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_items_of_all_states_at_once_come_back_from_a_table(form: str) -> None:
    states = [load_user_dictionary(path) for path in sorted(shared(*STATES).glob("*.xml"))]
    known = merged_dictionary("250", states)
    columns = {level: known.columns(level=level) for level in ("Patient", "Tumor")}
    data = NaaccrData(
        NaaccrHeader(version="250", record_type="A", user_dictionaries=tuple(one.uri for one in states)),
        pl.DataFrame({"patient_index": [0], **{name: ["1"] for name in columns["Patient"]}}),
        pl.DataFrame(
            {"patient_index": [0], "tumor_index": [0], **{name: ["2"] for name in columns["Tumor"]}}
        ),
        pl.DataFrame(schema=FAULTS),
    )
    out = io.BytesIO()
    write_table(out, data, form, dictionary=known)
    again = read_table(out.getvalue(), dictionary=states)
    assert again.header == data.header
    for level, frame in (("Patient", again.patients), ("Tumor", again.tumors)):
        assert frame.select(columns[level]).row(0) == ("1" if level == "Patient" else "2",) * len(
            columns[level]
        )
