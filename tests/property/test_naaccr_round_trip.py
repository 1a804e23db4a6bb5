"""What is written is read back: values, places, user's characters; equal input gives equal bytes."""

from __future__ import annotations

import io
import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.formats import NaaccrHeader, iter_naaccr_xml, read_naaccr_xml, write_naaccr_xml

LEGAL = st.characters(codec="utf-8", exclude_categories=("Cs",)).filter(
    lambda c: c in "\t\n\r" or (ord(c) >= 0x20 and c not in "\ufffe\uffff")
)
VALUES = st.text(LEGAL, min_size=1, max_size=40).map(lambda t: t.strip(" \t\r\n")).filter(bool)
VERSIONS = st.sampled_from(standards.VERSIONS)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[dict[str, str]], list[tuple[int, dict[str, str]]]]:
    version = draw(VERSIONS)
    dictionary = standards.dictionary(version)
    patient_ids = st.sampled_from(dictionary.ids("Patient", "A"))
    tumor_ids = st.sampled_from(dictionary.ids("Tumor", "A"))
    patients = draw(st.lists(st.dictionaries(patient_ids, VALUES, max_size=4), min_size=1, max_size=5))
    tumors = draw(
        st.lists(
            st.tuples(st.integers(0, len(patients) - 1), st.dictionaries(tumor_ids, VALUES, max_size=4)),
            max_size=6,
        )
    )
    return version, patients, tumors


def frame(rows: list[dict[str, str]], places: list[int]) -> pl.DataFrame:
    names = sorted({name for row in rows for name in row})
    columns = {name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in names}
    return pl.DataFrame({"patient_index": pl.Series(places, dtype=pl.Int64), **columns})


@settings(max_examples=60, deadline=None)
@given(documents())
def test_written_documents_read_back(
    case: tuple[str, list[dict[str, str]], list[tuple[int, dict[str, str]]]],
) -> None:
    version, patients, tumors = case
    header = NaaccrHeader(version=version, record_type="A", time_generated="2026-11-01T00:00:00Z")
    frames = (
        frame(patients, list(range(len(patients)))),
        frame([items for _, items in tumors], [place for place, _ in tumors]),
    )
    out, again = io.BytesIO(), io.BytesIO()
    report = write_naaccr_xml(out, *frames, header=header, too_long="keep")
    write_naaccr_xml(again, *frames, header=header, too_long="keep")
    assert out.getvalue() == again.getvalue() and report.left_out == []

    batch = read_naaccr_xml(out.getvalue())
    expected = [(n, None, i, v) for n, row in enumerate(patients) for i, v in row.items()]
    for n in range(len(patients)):
        own = [items for place, items in tumors if place == n]
        expected += [(n, t, i, v) for t, items in enumerate(own) for i, v in items.items()]
    assert sorted(map(str, batch.items.drop("level").rows())) == sorted(map(str, expected))
    assert report.items == len(expected)
    assert (batch.header.version, batch.header.record_type) == (version, "A")
    assert batch.patients.height == len(patients) and batch.tumors.height == len(tumors)

    pieces = list(iter_naaccr_xml(out.getvalue(), patients_per_batch=2))
    assert pl.concat([piece.items for piece in pieces]).equals(batch.items)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_gives_a_legal_document(text: str) -> None:
    text = text.encode("utf-8", errors="ignore").decode()
    patients = pl.DataFrame({"patient_index": [0], "nameLast": [text]})
    tumors = pl.DataFrame(schema={"patient_index": pl.Int64})
    out = io.BytesIO()
    header = NaaccrHeader(record_type="A")
    report = write_naaccr_xml(out, patients, tumors, header=header, too_long="keep")
    read = read_naaccr_xml(out.getvalue())
    legal = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)
    assert "".join(read.items["value"]) == (legal if legal.strip(" \t\r\n") else "")
    assert bool(report.left_out) == (legal != text)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 600), st.integers(0, 40))
def test_damaged_documents_never_end_in_a_traceback(junk: bytes, at: int, cut: int) -> None:
    from registry.errors import BadInput

    good = (
        b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" recordType="A" '
        b'specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient><Item naaccrId="nameLast">A</Item>'
        b'<Tumor><Item naaccrId="primarySite">C504</Item></Tumor></Patient></NaaccrData>'
    )
    try:
        batch = read_naaccr_xml(good[:at] + junk + good[at + cut :])
    except BadInput as error:
        assert "\n" not in str(error)
    else:
        assert batch.patients.height <= 2
