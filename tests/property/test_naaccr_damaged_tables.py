"""Damaged tables and flat files are read or refused with a clear line; they never crash a reader."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import RegistryError
from registry.formats.naaccr.data import FAULTS, NaaccrData
from registry.formats.naaccr.flat import read_naaccr_flat, write_naaccr_flat
from registry.formats.naaccr.forms import form_of
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.mapping import read_mapping
from registry.formats.naaccr.spreadsheet import read_table, write_table

DATA = NaaccrData(
    NaaccrHeader(version="180", record_type="I", items={"registryId": "0000000001"}),
    pl.DataFrame({"patient_index": [0, 1], "patientIdNumber": ["00000001", "2"]}),
    pl.DataFrame({"patient_index": [0, 0], "tumor_index": [0, 1], "primarySite": ["C504", 'a\n"b']}),
    pl.DataFrame(schema=FAULTS),
)


def seeds() -> dict[str, bytes]:
    found = {}
    for form in ("csv", "parquet"):
        out = io.BytesIO()
        write_table(out, DATA, form)
        found[form] = out.getvalue()
    out = io.BytesIO()
    write_naaccr_flat(out, DATA)
    return found | {
        "flat": out.getvalue(),
        "mapping": b"column,naaccr_id,code_map\nA,sex,M=1; F=2\n,laterality,\n",
    }


SEEDS = seeds()
READERS: dict[str, Callable[[bytes], object]] = {
    "csv": read_table,
    "parquet": read_table,
    "flat": read_naaccr_flat,
    "mapping": read_mapping,
}
ODD = st.sampled_from([b'"', b"\n", b"\r", b",", b"\0", b"\xff", b"\xc3", b";", b"\t", b" ", b"\x1a", b"9"])


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(sorted(SEEDS)))
def test_a_damaged_file_is_read_or_refused(draw: st.DataObject, form: str) -> None:
    raw = bytearray(SEEDS[form])
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(raw)))
        kind = draw.draw(st.sampled_from(["put", "insert", "cut", "end"]))
        piece = draw.draw(ODD)
        if kind == "put":
            raw[at : at + 1] = piece
        elif kind == "insert":
            raw[at:at] = piece
        elif kind == "cut":
            del raw[at : at + draw.draw(st.integers(1, 60))]
        else:
            raw = raw[:at]
    with contextlib.suppress(RegistryError):
        assert form_of(bytes(raw)) in ("xml", "flat", "csv", "parquet")
        READERS[form](bytes(raw))
