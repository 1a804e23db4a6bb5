"""Both ways of writing NAACCR XML give the same bytes, and what they write is read back."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry import standards
from registry.formats import NaaccrHeader, WriteReport, jit, read_naaccr_xml, write_naaccr_xml
from registry.formats.naaccr import writer
from registry.standards import Dictionary, Item

needs_numba = pytest.mark.skipif(not jit.available(), reason="numba is not installed or switched off")
BLANKS = " \t\r\n"
# One id with two numbers, two ids that differ only in case, one id with two levels, a very long id.
STATE = Dictionary(
    "250",
    "http://registry.example.org/state-250.xml",
    [
        Item(9960, "stateCode", "One", 5, "Tumor", "AMCI"),
        Item(9961, "stateCode", "Two", 5, "Tumor", "AMCI"),
        Item(9962, "statecode", "Three", 400, "Tumor", "AMCI"),
        Item(9963, "stateText", "Text", 50, "Patient", "AMCI", unlimited=True),
        Item(9964, "l" * 90, "Long", 400, "Patient", "AMCI"),
        Item(9965, "stateRoot", "Root", 10, "NaaccrData", "AMCI"),
    ],
)
KNOWN = standards.dictionary("250").merged([STATE])
PATIENT = ["patientIdNumber", "nameLast", "vitalStatus", "stateText", "l" * 90]
TUMOR = ["primarySite", "dateOfDiagnosis", "textRemarks", "stateCode", "stateCode__9961", "statecode__9962"]
HEADER = NaaccrHeader(
    version="250", record_type="A", time_generated="2026-11-01T00:00:00Z", items={"stateRoot": "a<b"}
)

LEGAL = st.characters(codec="utf-8", exclude_categories=("Cs",)).filter(
    lambda c: c in "\t\n\r" or (ord(c) >= 0x20 and c not in "\ufffe\uffff")
)
SPECIAL_CHARACTERS = "&<>\r\n\t \x00\x1f\x7f\ud7ff\ue000\ufffe\uffff\ufeffé𐍈A9"
SPECIAL = st.sampled_from(SPECIAL_CHARACTERS)
ANY_CHARACTER = st.one_of(SPECIAL, st.characters(codec="utf-8", exclude_categories=("Cs",)))
ANY_TEXT = st.one_of(
    st.sampled_from(["", "1", "C504", "twelve bytes", "thirteen byte", " " * 14]),
    st.text(ANY_CHARACTER, max_size=40),
    st.builds(lambda text, n: text * n, st.text(ANY_CHARACTER, min_size=1, max_size=3), st.integers(1, 400)),
)
LEGAL_TEXT = st.text(st.one_of(st.sampled_from("&<> \r\n\tab"), LEGAL), max_size=30)


@st.composite
def frames(draw: st.DrawFn, values: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors: nulls, slices, several chunks, tumors in any order."""
    heights = draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    owners = draw(st.permutations([n for n, count in enumerate(heights) for _ in range(count)]))
    patients = draw(table(values, PATIENT, list(range(len(heights)))))
    tumors = draw(table(values, TUMOR, owners))
    if draw(st.booleans()):
        numbers = draw(st.lists(st.integers(0, 9), min_size=len(owners), max_size=len(owners)))
        tumors = tumors.with_columns(tumor_index=pl.Series(numbers, dtype=pl.Int64))
    return patients, tumors


@st.composite
def table(draw: st.DrawFn, values: Any, items: list[str], keys: list[int]) -> pl.DataFrame:
    """One frame; rows before and after it, and a seam in it, as slicing and appending leave them."""
    before, after = draw(st.integers(0, 9)), draw(st.integers(0, 2))
    height = before + len(keys) + after
    columns: dict[str, pl.Series] = {
        "patient_index": pl.Series([-1] * before + keys + [-2] * after, dtype=pl.Int64)
    }
    for item in draw(st.lists(st.sampled_from(items), unique=True)):
        column = draw(st.lists(st.none() | values, min_size=height, max_size=height))
        columns[item] = pl.Series(column, dtype=pl.String)
    frame = pl.DataFrame(columns).slice(before, len(keys))
    seam = draw(st.integers(0, len(keys)))
    return pl.concat([frame[:seam], frame[seam:]], rechunk=False) if seam < len(keys) else frame


def written(
    given: tuple[pl.DataFrame, pl.DataFrame], compiled: bool, **options: Any
) -> tuple[bytes, WriteReport]:
    out = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "compiled_pays", lambda _: compiled)
        report = write_naaccr_xml(out, *given, header=HEADER, dictionaries=STATE, **options)
    return out.getvalue(), report


def hidden_null() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A null that still has its text behind it, as masks leave it."""
    names = pl.Series(["kept", "a null with text behind it", "kept too"])
    masked = names.zip_with(pl.Series([True, False, True]), pl.Series([None] * 3, dtype=pl.String))
    patients = pl.DataFrame({"patient_index": [0, 1, 2], "nameLast": masked})
    return patients, pl.DataFrame()


@needs_numba
@settings(max_examples=120, deadline=None)
@given(frames(ANY_TEXT), st.booleans(), st.sampled_from(["cut", "keep"]), st.sampled_from([9, 12, 17]))
@example(hidden_null(), True, "keep", 9)
def test_both_ways_give_the_same_bytes(
    given: tuple[pl.DataFrame, pl.DataFrame], numbers: bool, too_long: str, slice_bits: int
) -> None:
    from registry.formats.naaccr import write_kernel

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_kernel, "SLICE", 1 << slice_bits)
        compiled = written(given, True, numbers=numbers, too_long=too_long)
    assert compiled == written(given, False, numbers=numbers, too_long=too_long)


@needs_numba
@pytest.mark.parametrize("special", SPECIAL_CHARACTERS, ids=ascii)
def test_a_special_character_in_every_place(special: str) -> None:
    """Each alone in its column: a word of eight bytes has eight places, and a value has a last word."""
    values = ["x" * place + special + "y" * rest for place in range(20) for rest in range(20)]
    frames = pl.DataFrame({"patient_index": range(len(values)), "nameLast": values}), pl.DataFrame()
    compiled = written(frames, True, too_long="keep")
    assert compiled == written(frames, False, too_long="keep")
    assert compiled[1].items == 1 + len(values) - (special in BLANKS + "\x00\x1f\ufffe\uffff")


@settings(max_examples=60, deadline=None)
@given(frames(LEGAL_TEXT), st.booleans())
def test_what_is_written_is_read_back(given: tuple[pl.DataFrame, pl.DataFrame], compiled: bool) -> None:
    xml, report = written(given, compiled and jit.available(), too_long="keep")
    data = read_naaccr_xml(xml, dictionary=STATE, on_error="keep")
    patients, tumors = given
    by = ["patient_index", "tumor_index"] if "tumor_index" in tumors.columns else ["patient_index"]
    for frame, read in ((patients, data.patients), (tumors.sort(by, maintain_order=True), data.tumors)):
        items = [column for column in frame.columns if KNOWN.of_column(column)]
        blank = pl.col(pl.String).str.strip_chars(BLANKS) == ""
        expected = frame.select(items).with_columns(pl.when(~blank).then(pl.col(pl.String)).name.keep())
        found = [item for item in items if expected[item].null_count() < expected.height]
        assert read.select(pl.col(found)).equals(expected.select(found))
        assert {column for column in read.columns if KNOWN.of_column(column)} == set(found)
        assert read["patient_index"].to_list() == frame["patient_index"].to_list()
    assert data.header.items == {"stateRoot": "a<b"} and report.left_out == []
    assert data.quarantined.is_empty()


@settings(max_examples=30, deadline=None)
@given(frames(LEGAL_TEXT))
def test_what_is_cut_fits(given: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    xml, report = written(given, False, too_long="cut")
    data = read_naaccr_xml(xml, dictionary=STATE, on_error="keep")
    assert "too-long" not in data.errors["code"].to_list()
    cut = sum(left.values for left in report.left_out)
    assert all(left.reason.endswith("characters, cut") for left in report.left_out)
    whole = read_naaccr_xml(written(given, False, too_long="keep")[0], dictionary=STATE, on_error="keep")
    assert cut == (whole.errors["code"] == "too-long").sum()
