"""A document that is not well-formed gives its whole patients, and every byte of the rest is accounted for."""

from __future__ import annotations

import polars as pl
import pytest

from registry.formats import NaaccrData, UnreadableFile, iter_naaccr_xml, read_naaccr_xml
from tests.unit.test_naaccr_faults import ROOT, item

PATIENT = (
    '<Patient>\n<Item naaccrId="patientIdNumber">{:08}</Item>\n<Tumor>'
    + item("primarySite", "C504")
    + "</Tumor>\n</Patient>\n"
)
ENCODINGS = ["utf-8", "utf-16", "utf-16-be"]


def document(parts: list[str], encoding: str = "utf-8", end: str = "</NaaccrData>") -> bytes:
    return (f"<NaaccrData {ROOT}>\n" + "".join(parts) + end).encode(encoding)


def patients(count: int = 6) -> list[str]:
    return [PATIENT.format(n) for n in range(count)]


def numbers(batch: NaaccrData) -> list[tuple[int, int, str]]:
    return batch.patients.select("patient_index", "line", "patientIdNumber").rows()


def expected(*left_out: int, count: int = 6) -> list[tuple[int, int, str]]:
    return [(n, 2 + 4 * n, f"{n:08}") for n in range(count) if n not in left_out]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("</Tumor>", "</Tumour>", 12),
        ("C504", "C&504", 12),
        ("C504", "&undefined;", 12),
        ("C504", "C\x01", 12),
        ("C504", "<![CDATA[C504", 12),
        ("C504", "<!-- C504", 12),
        ("C504", "<?C504", 12),
        ("C504", "<C504", 12),
        ("<Tumor>", "<Tumor a='1' a='2'>", 12),
        ("<Patient>", "<Patient a='1' a='2'>", 10),
        ("<Patient>", "<Patient <>", 10),
        ("</Patient>", "", 14),
        ("</Patient>", "</Patient", 14),
        ('naaccrId="primarySite"', "naaccrId=primarySite", 12),
        ('"primarySite"', '"primarySite', 12),
    ],
)
def test_one_break_costs_one_patient(old: str, new: str, line: int, encoding: str) -> None:
    parts = patients()
    parts[2] = parts[2].replace(old, new, 1)
    xml = document(parts, encoding)
    with pytest.raises(UnreadableFile):
        read_naaccr_xml(xml)
    batch = read_naaccr_xml(xml, recover=True)
    assert numbers(batch) == expected(2)
    (fault,) = batch.errors.rows(named=True)
    assert (fault["code"], fault["patient_index"], fault["level"], fault["line"]) == (
        "not-well-formed",
        2,
        "Patient",
        line,
    )
    assert "lines 10 to 1" in fault["message"] and "one patient" in fault["message"]
    (aside,) = batch.quarantined.rows(named=True)
    codec = encoding.replace("utf-16", "utf-16-le") if encoding == "utf-16" else encoding
    assert aside["content"].decode(codec) == parts[2] and aside["line"] == 10
    assert aside["content"] == xml[aside["byte_start"] :][: aside["byte_length"]]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_several_breaks_and_faults_between_them(encoding: str) -> None:
    parts = patients(9)
    parts[1] = parts[1].replace("</Patient>", "")
    parts[3] = parts[3].replace("C504", "C&4")
    parts[4] = parts[4].replace("C504", "C5O4")
    parts[5] = parts[5].replace("primarySite", "primarySites")
    parts[7] = parts[7].replace("</Patient>", "")
    batch = read_naaccr_xml(document(parts, encoding), recover=True)
    assert numbers(batch) == expected(1, 3, 5, 7, count=9)
    assert batch.errors.select("line", "patient_index", "code").rows() == [
        (10, 1, "not-well-formed"),
        (16, 3, "not-well-formed"),
        (20, 4, "code-list"),
        (24, 5, "unknown-id"),
        (34, 7, "not-well-formed"),
    ]
    assert batch.quarantined["patient_index"].to_list() == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("change", "kept", "lines"),
    [
        (lambda xml: xml[: xml.index(b"00000002")], expected(count=2), "lines 10 to 11"),
        (lambda xml: xml.replace(b"</NaaccrData>", b""), expected(), "nothing was lost"),
        (lambda xml: xml + b"\n<more/>", expected(), "line 27 (no whole patient)"),
        (lambda xml: xml + b"\n" + xml, expected(), "lines 27 to 52"),
        (
            lambda xml: xml.replace(PATIENT.format(3).encode(), b"& junk\n\n\n\n"),
            [],
            "line 14 (no whole patient)",
        ),
    ],
    ids=["cut off", "no end", "more after the end", "two documents", "junk between patients"],
)
def test_breaks_outside_of_patients(change, kept, lines: str) -> None:  # type: ignore[no-untyped-def]
    batch = read_naaccr_xml(change(document(patients())), recover=True)
    (fault,) = batch.errors.rows(named=True)
    assert fault["code"] == "not-well-formed" and lines in fault["message"]
    wanted = kept or [(n if n < 3 else n - 1, line, text) for n, line, text in expected(3)]
    assert numbers(batch) == wanted


def test_patients_after_an_early_end_are_read() -> None:
    parts = patients()
    parts.insert(3, "</NaaccrData>\n")
    batch = read_naaccr_xml(document(parts), recover=True)
    assert batch.patients["patientIdNumber"].to_list() == [f"{n:08}" for n in range(6)]
    assert batch.errors["message"].str.contains("nothing was lost").to_list() == [True]


def test_patients_in_comments_are_not_read() -> None:
    parts = patients()
    parts[1] = parts[1].replace("</Tumor>", "") + f"<!-- {PATIENT.format(77)} -->"
    batch = read_naaccr_xml(document(parts), recover=True)
    assert batch.patients["patientIdNumber"].to_list() == [f"{n:08}" for n in range(6) if n != 1]


def test_an_illegal_comment_over_two_patients_says_so() -> None:
    parts = patients()
    parts[2] = parts[2].replace("<Tumor>", "<!-- <Tumor>")
    parts[3] = parts[3].replace("<Tumor>", "<!-- <Tumor>")
    batch = read_naaccr_xml(document(parts), recover=True)
    assert batch.patients["patientIdNumber"].to_list() == [f"{n:08}" for n in (0, 1, 4, 5)]
    assert "lines 10 to 17 (2 patients begin there) not read" in batch.errors["message"][0]
    assert batch.quarantined["content"].to_list() == ["".join(parts[2:4]).encode()]


def test_a_sound_document_reads_as_ever() -> None:
    xml = document([*patients(3), f"<Patient>{PATIENT.format(9)}</Patient>"])
    sound, recovered = read_naaccr_xml(xml), read_naaccr_xml(xml, recover=True)
    for name in ("patients", "tumors", "errors", "quarantined", "items"):
        assert getattr(sound, name).equals(getattr(recovered, name))
    assert sound.header == recovered.header


@pytest.mark.parametrize("piece", [1, 10, 1000])
def test_batches_and_pieces_make_no_difference(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = patients(12)
    head = item("registryId", "0000000001")
    parts[0] = head + parts[0].replace("C504", "C5O4")
    for n in (1, 2, 6):
        parts[n] = parts[n].replace("</Tumor>", "")
    parts[8] = parts[8].replace("</Patient>", "")
    xml = document(parts)
    whole = read_naaccr_xml(xml, recover=True)
    assert whole.header.items == {"registryId": "0000000001"}
    monkeypatch.setattr("registry.formats.naaccr.recover.CHUNK", piece)
    batches = list(iter_naaccr_xml(xml, recover=True, patients_per_batch=2))
    assert len(batches) >= 3
    for name in ("patients", "tumors", "quarantined", "items"):
        together = pl.concat([getattr(batch, name) for batch in batches], how="diagonal")
        assert together.equals(getattr(whole, name))
    errors = pl.concat([batch.errors for batch in batches])
    assert errors["line"].to_list() == whole.errors["line"].to_list()


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<NaaccrData",
        f"<NaaccrData {ROOT}".encode(),
        b"<a><b></a>",
        b"<!DOCTYPE a SYSTEM 'x'><NaaccrData/>",
    ],
)
def test_without_a_root_element_nothing_can_be_recovered(xml: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read_naaccr_xml(xml, recover=True)


def test_xml_1_1_and_entities_work_behind_a_break() -> None:
    parts = patients()
    parts[1] = parts[1].replace("</Tumor>", "").replace("\n", "\x85")
    parts[4] = parts[4].replace("C504", "&site;").replace("\n", "\u2028")
    head = "<?xml version='1.1'?>\n<!DOCTYPE NaaccrData [<!ENTITY site 'C509'>]>\n"
    xml = head.encode() + document(parts)
    batch = read_naaccr_xml(xml, recover=True)
    assert batch.tumors["primarySite"].to_list() == ["C504", "C504", "C504", "C509", "C504"]
    assert batch.patients["line"].to_list() == [line + 2 for _, line, _ in expected(1)]
    pieces = [xml[s : s + n] for s, n in batch.patients.select("byte_start", "byte_length").rows()]
    assert all(p.startswith(b"<Patient>") and p.endswith(b"</Patient>") for p in pieces)
