"""Every published sample reads whole, and comes back the same after writing."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import polars as pl
import pytest

from registry.formats import iter_naaccr_xml, load_user_dictionary, read_naaccr_xml, write_naaccr_xml
from tests.paths import SHARED, needs_shared, shared

SAMPLES = sorted((SHARED / "naaccr" / "samples").glob("*.xml.gz")) if SHARED else []
STATES = sorted((SHARED / "naaccr" / "dictionaries" / "user-defined-v250").glob("*.xml")) if SHARED else []
PLACE = ["patient_index", "tumor_index", "item", "value"]


def independent_items(text: str) -> list[tuple[str, str]]:
    return re.findall(r'<Item naaccrId="(\w+)"[^>]*>([^<]*)</Item>', text)


@needs_shared
@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name[18:-7])
def test_a_sample_reads_and_writes_whole(path: Path) -> None:
    raw = gzip.decompress(path.read_bytes())
    text = raw.decode()
    batch = read_naaccr_xml(path)
    assert batch.patients.height == text.count("<Patient>")
    assert batch.tumors.height == text.count("<Tumor>")
    assert batch.items.select("item", "value").rows() == independent_items(text)
    assert batch.errors.is_empty()

    for row in batch.patients.gather_every(97).iter_rows(named=True):
        piece = raw[row["byte_start"] :][: row["byte_length"]].decode()
        assert piece.startswith("<Patient>") and piece.endswith("</Patient>")
        assert piece.count("</Patient>") == 1
        assert row["line"] == raw[: row["byte_start"]].count(b"\n") + 1

    out = io.BytesIO()
    report = write_naaccr_xml(out, batch.patients, batch.tumors, header=batch.header)
    again = read_naaccr_xml(out.getvalue())
    assert (report.patients, report.tumors, report.items) == (
        batch.patients.height,
        batch.tumors.height,
        batch.items.height,
    )
    assert report.left_out == []
    assert again.items.sort(PLACE).equals(batch.items.sort(PLACE))
    assert again.header == batch.header


@needs_shared
def test_batches_together_are_the_whole_file() -> None:
    path = shared("naaccr", "samples", "naaccr-xml-sample-v250-abstract-1000.xml.gz")
    whole = read_naaccr_xml(path)
    batches = list(iter_naaccr_xml(path, patients_per_batch=200))
    assert [batch.patients.height for batch in batches] == [200, 200, 200, 200, 143]
    for name in ("patients", "tumors", "items"):
        parts = pl.concat([getattr(batch, name) for batch in batches], how="diagonal")
        expected = getattr(whole, name)
        assert parts.select(expected.columns).equals(expected)


@needs_shared
@pytest.mark.parametrize("path", STATES, ids=lambda p: p.stem)
def test_a_state_dictionary_loads(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    without_comments = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    dictionary = load_user_dictionary(path)
    assert dictionary.items.height == len(re.findall(r"<(?:\w+:)?ItemDef\s", without_comments)) > 0
    assert dictionary.uri.startswith("http")


@needs_shared
def test_items_of_a_state_dictionary_are_read_checked_and_written() -> None:
    path = next(p for p in STATES if p.name.startswith("Idaho"))
    dictionary = load_user_dictionary(path)
    item = next(i for i in map(dictionary.item, dictionary.ids("Tumor")) if i)
    xml = (
        '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-250.xml" '
        f'userDictionaryUri="{dictionary.uri}" recordType="I" specificationVersion="1.8" '
        'xmlns="http://naaccr.org/naaccrxml"><Patient><Tumor>'
        f'<Item naaccrId="{item.id}">{"7" * (item.length + 1)}</Item></Tumor></Patient></NaaccrData>'
    ).encode()
    alone = read_naaccr_xml(xml)
    assert alone.errors["code"].to_list() == ["user-dictionary", "unknown-id"]
    assert alone.quarantined["patient_index"].to_list() == [0]
    known = read_naaccr_xml(xml, dictionary=path)
    assert known.errors["code"].to_list() == ["too-long"]
    out = io.BytesIO()
    frames = known.patients, known.tumors
    report = write_naaccr_xml(out, *frames, header=known.header, dictionaries=[path], too_long="keep")
    assert report.items == 1 and dictionary.uri.encode() in out.getvalue()
