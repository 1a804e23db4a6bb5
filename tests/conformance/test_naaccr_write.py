"""Every published sample, written again by both ways and as every record type."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry import standards
from registry.formats import NaaccrData, WriteReport, jit, read_naaccr_xml, write_naaccr_xml
from registry.formats.naaccr import writer
from tests.paths import SHARED, needs_shared, without_older_large

SAMPLES = sorted((SHARED / "naaccr" / "samples").glob("*.xml.gz")) if SHARED else []
TENS = [path for path in SAMPLES if path.name.endswith("-10.xml.gz")]
PLACES = ["line", "byte_start", "byte_length"]
WAYS = [True, False] if jit.available() else [False]


def written(data: NaaccrData, compiled: bool, **options: Any) -> tuple[bytes, WriteReport]:
    out = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "compiled_pays", lambda _: compiled)
        options = {"header": data.header, **options}
        report = write_naaccr_xml(out, data.patients, data.tumors, **options)
    return out.getvalue(), report


@needs_shared
@pytest.mark.parametrize("path", without_older_large(SAMPLES), ids=lambda p: p.name[18:-7])
def test_a_sample_comes_back_equal(path: Path) -> None:
    data = read_naaccr_xml(path)
    texts = [written(data, compiled)[0] for compiled in WAYS]
    assert len(set(texts)) == 1
    again = read_naaccr_xml(texts[0])
    assert again.header == data.header and again.header.time_generated == data.header.time_generated
    for name in ("patients", "tumors"):
        frame, read = getattr(data, name), getattr(again, name)
        assert read.drop(PLACES, strict=False).equals(frame.drop(PLACES, strict=False))
    assert again.items.sort(pl.all()).equals(data.items.sort(pl.all()))
    assert again.errors.drop("line").equals(data.errors.drop("line"))
    assert written(again, WAYS[0])[0] == texts[0]


@needs_shared
@pytest.mark.parametrize("record_type", ["A", "M", "C", "I"])
@pytest.mark.parametrize("path", TENS, ids=lambda p: p.name[18:-7])
def test_a_sample_as_another_record_type(path: Path, record_type: str) -> None:
    data = read_naaccr_xml(path)
    data.header.record_type = record_type
    xml, report = written(data, WAYS[0])
    again = read_naaccr_xml(xml)
    dictionary = standards.dictionary(data.header.version)
    legal = [item for item in data.items["item"].unique() if record_type in _record_types(dictionary, item)]
    kept = data.items.filter(pl.col("item").is_in(legal))
    dropped = data.items.filter(~pl.col("item").is_in(legal))
    assert again.items.sort(pl.all()).equals(kept.sort(pl.all()))
    counts = dict(dropped.group_by("item").len().rows())
    reason = f"not part of record type {record_type}"
    assert {(left.item, left.reason): left.values for left in report.left_out} == {
        (item, reason): count for item, count in counts.items()
    }
    assert again.header.record_type == record_type and again.errors.is_empty()
    assert report.items == again.items.height


def _record_types(dictionary: standards.Dictionary, naaccr_id: str) -> str:
    item = dictionary.item(naaccr_id)
    assert item is not None
    return item.record_types
