"""The compiled scanner on the published samples, on large documents and on what it must hold in memory."""

from __future__ import annotations

import gc
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from registry.formats import iter_naaccr_xml, jit, read_naaccr_xml
from registry.formats.naaccr import reader
from registry.formats.naaccr.data import NaaccrData
from registry.formats.naaccr.frames import Builder
from registry.formats.naaccr.reader import iter_reference
from tests.paths import SHARED, needs_shared, shared

pytestmark = pytest.mark.skipif(not jit.available(), reason="numba is not installed, or switched off")

SAMPLES = sorted(path.name for path in shared("naaccr", "samples").iterdir()) if SHARED else []
START = (
    '<?xml version="1.0"?>\n<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    'recordType="A" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">\n'
)


def patient(number: int) -> str:
    """An everyday patient; every seventh has a fault of value, every fortieth one of structure."""
    code = "C5O4" if number % 7 == 0 else f"C{500 + number % 9}"
    odd = '<Item naaccrId="noSuchItem">1</Item>\n' if number % 40 == 0 else ""
    return (
        f'<Patient>\n<Item naaccrId="patientIdNumber">{number:08}</Item>\n<Item naaccrId="nameLast">Müller &amp; Co'
        f"</Item>\n{odd}<Tumor>\n"
        f'<Item naaccrId="primarySite">{code}</Item>\n<Item naaccrId="dateOfDiagnosis">2024{1 + number % 14:02}</Item>\n'
        f'<Item naaccrId="textDxProcPe">Seen on day {number}, a text that no view holds whole.\nSecond line.</Item>\n'
        "</Tumor>\n<Tumor>\n</Tumor>\n</Patient>\n"
    )


def document(patients: int) -> bytes:
    return (START + "".join(map(patient, range(patients))) + "</NaaccrData>\n").encode()


def by_reference(data: bytes) -> NaaccrData:
    (batch,) = iter_reference(io.BytesIO(data), Builder("<input>", []), 10**9)
    return batch


def assert_same(one: NaaccrData, other: NaaccrData) -> None:
    for name in ("patients", "tumors", "quarantined", "items", "errors"):
        assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.header == other.header


@needs_shared
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_read_as_by_the_reference_path(name: str) -> None:
    from registry.formats.naaccr import fast

    data = gzip.decompress(shared("naaccr", "samples", name).read_bytes())
    (batch,) = fast.iter_fast(io.BytesIO(data), "<input>", [], 10**9)
    assert_same(batch, by_reference(data))
    assert batch.errors.is_empty() and batch.patients.height


def test_large_documents_take_the_scanner_and_come_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.formats.naaccr import fast

    data = document(5000)
    expected = by_reference(data)
    assert expected.quarantined.height == 125 and expected.errors.height > 700
    monkeypatch.setattr(reader, "FAST_FROM", 1 << 16)
    monkeypatch.setattr(reader, "COLD_FROM", 1 << 16)
    monkeypatch.setattr(fast, "BLOCK", 300_000)
    scanned = []
    scan = fast.Sheaf.scan
    monkeypatch.setattr(fast.Sheaf, "scan", lambda *given: scanned.append(1) or scan(*given))
    assert_same(read_naaccr_xml(data), expected)
    assert len(scanned) > 100
    packed = gzip.compress(data, 1, mtime=0)
    sizes = [batch.patients.height for batch in iter_naaccr_xml(packed, patients_per_batch=1000)]
    assert sizes == [975] * 5


def test_frames_outlive_the_reader_and_its_buffers() -> None:
    from registry.formats.naaccr import fast

    data = document(3000)
    expected = by_reference(data)
    kept = [
        batch.tumors["textDxProcPe", "primarySite"]
        for batch in fast.iter_fast(io.BytesIO(data), "x", [], 500)
    ]
    gc.collect()
    _ = [bytearray(b"\xff") * (1 << 20) for _ in range(64)]
    assert_frame_equal(pl.concat(kept), expected.tumors.select("textDxProcPe", "primarySite"))


def test_memory_stays_bounded(tmp_path: Path) -> None:
    """Batches of a document of many blocks hold their own patients, not the document."""
    from registry.formats.naaccr import fast

    data = document(2000)
    batches = list(fast.iter_fast(io.BytesIO(data), "x", [], 100))
    assert len(batches) == 20
    assert max(batch.tumors.estimated_size() for batch in batches) < len(data) / 5
