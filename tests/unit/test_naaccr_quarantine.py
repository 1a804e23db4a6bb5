"""Patients that are put aside keep their exact bytes, wherever the document was cut while reading."""

from __future__ import annotations

import polars as pl
import pytest

from registry.errors import BadInput
from registry.formats import NaaccrData, iter_naaccr_xml, read_naaccr_xml
from tests.unit.test_naaccr_faults import ROOT, codes, document, item

ONE = (
    '<Patient>\n<Item naaccrId="patientIdNumber">{0:08}</Item>{1}<Tumor><Item naaccrId="laterality">8</Item>'
    "</Tumor></Patient>\n"
)


def made(patients: int, bad: set[int]) -> str:
    body = "".join(ONE.format(n, "<bad é='1'/>" if n in bad else "") for n in range(patients))
    return f"<NaaccrData {ROOT}>\n{body}</NaaccrData>"


def in_batches(xml: bytes, size: int, monkeypatch: pytest.MonkeyPatch, piece: int) -> list[NaaccrData]:
    monkeypatch.setattr("registry.formats.naaccr.reader.CHUNK", piece)
    return list(iter_naaccr_xml(xml, patients_per_batch=size))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("piece", [1, 7, 333, 1 << 16])
def test_exact_bytes_in_every_batch(encoding: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {0, 3, 4, 9, 24}
    xml = made(25, bad).encode(encoding)
    batches = in_batches(xml, 4, monkeypatch, piece)
    patients = pl.concat([batch.patients for batch in batches], how="diagonal")
    aside = pl.concat([batch.quarantined for batch in batches])
    assert aside["patient_index"].to_list() == sorted(bad)
    assert patients["patient_index"].to_list() == [n for n in range(25) if n not in bad]
    assert patients["patientIdNumber"].to_list() == [f"{n:08}" for n in range(25) if n not in bad]
    codec = "utf-16-le" if encoding == "utf-16" else encoding
    for row in aside.iter_rows(named=True):
        expected = ONE.format(row["patient_index"], "<bad é='1'/>").strip()
        assert row["content"] == expected.encode(codec)
        assert row["content"] == xml[row["byte_start"] :][: row["byte_length"]]
        assert row["line"] == 2 + 2 * row["patient_index"]
    for start, length in patients.select("byte_start", "byte_length").rows():
        text = xml[start : start + length].decode(codec)
        assert text.startswith("<Patient>") and text.endswith("</Patient>") and text.count("<Patient>") == 1


def test_batches_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    xml = made(25, {3, 9}).encode()
    whole = read_naaccr_xml(xml)
    assert codes(whole).count("unexpected-tag") == 2
    for size in (1, 2, 24, 25, 26):
        batches = in_batches(xml, size, monkeypatch, 100)
        for name in ("patients", "tumors", "errors", "quarantined", "items"):
            assert pl.concat([getattr(batch, name) for batch in batches], how="diagonal").equals(
                getattr(whole, name)
            )


def test_faults_of_patients_aside_are_all_reported() -> None:
    batch = read_naaccr_xml(document(item("vitalStatus", "7") + item("zzz", "1"), item("laterality", "8")))
    assert codes(batch) == ["code-list", "unknown-id", "code-list"]
    assert batch.quarantined["reason"].to_list() == [batch.errors["message"][1]]


def test_keep_reads_what_can_be_read() -> None:
    tumor = (
        item("zzz", "1")
        + item("laterality", "1")
        + item("laterality", "2")
        + item("nameLast", "DOE")
        + "<b>1</b>"
    )
    tumor += '<Item naaccrNum="400">C504</Item><Item>?</Item>'
    batch = read_naaccr_xml(document("words", tumor), on_error="keep")
    assert batch.quarantined.is_empty() and batch.patients.height == 1
    assert batch.tumors.select("laterality", "zzz", "nameLast", "primarySite").row(0) == (
        "1",
        "1",
        "DOE",
        "C504",
    )
    assert batch.items.select("level", "item", "value").rows() == [
        ("Tumor", "zzz", "1"),
        ("Tumor", "laterality", "1"),
        ("Tumor", "laterality", "2"),
        ("Tumor", "nameLast", "DOE"),
        ("Tumor", None, "C504"),  # its number says which column it has; an id it has not
        ("Tumor", None, "?"),
    ]
    assert sorted(codes(batch)) == [
        "duplicate-item", "missing-id", "missing-id", "unexpected-tag", "unexpected-text", "unknown-id", "wrong-level",
    ]  # fmt: skip


def test_raise_refuses_the_document_at_the_first_structural_fault() -> None:
    xml = made(5, {2, 3}).encode()
    with pytest.raises(BadInput, match=r"^<input>:7: bad is not allowed in Patient; correct the file$"):
        read_naaccr_xml(xml, on_error="raise")
    assert read_naaccr_xml(made(5, set()).encode(), on_error="raise").patients.height == 5
    with pytest.raises(ValueError, match="expected one of quarantine"):
        read_naaccr_xml(xml, on_error="ignore")


def test_the_text_of_an_unexpected_element_is_in_no_value() -> None:
    batch = read_naaccr_xml(document(item("nameLast", "D<b>x<c>y</c></b>OE")), on_error="keep")
    assert batch.patients["nameLast"].to_list() == ["DOE"]
    assert batch.errors.select("item", "value", "code").rows() == [("nameLast", "DOE", "unexpected-tag")]


def test_a_duplicate_in_another_batch_of_root_items_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = item("registryId", "0000000001")
    xml = made(9, set()).replace("<Patient>", registry + "<Patient>", 1)
    xml = xml.replace("</NaaccrData>", registry.replace("1<", "2<") + "</NaaccrData>").encode()
    batches = in_batches(xml, 2, monkeypatch, 50)
    errors = pl.concat([batch.errors for batch in batches]).filter(pl.col("level") == "NaaccrData")
    assert sorted(errors["code"]) == ["duplicate-item", "item-order"]
    assert batches[-1].header.items == {"registryId": "0000000001"}


def test_memory_is_bounded_outside_of_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.formats.naaccr.parser import NaaccrParser

    monkeypatch.setattr("registry.formats.naaccr.feeding.KEPT_OUTSIDE", 1000)
    parser = NaaccrParser("a.xml")
    parser.feed(f"<NaaccrData {ROOT}>".encode())
    for _ in range(100):
        parser.feed((b"<!-- " + b"x" * 100 + b" -->\n") * 5)
    assert len(parser.window) < 2000
    parser.feed(b"\n\nwords<Patient/></NaaccrData>")
    parser.close()
    assert [fault.line for fault in parser.parsed.problems] == [100 * 5 + 3]
