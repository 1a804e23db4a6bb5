"""Files that cannot be read as NAACCR XML: one line with file, line, what and what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from registry.errors import BadInput, Denied, NotFound, RegistryError
from registry.formats import UnreadableFile, read_naaccr_xml
from registry.formats import sources as sources_module
from tests.unit.test_naaccr_faults import ROOT, document, item

GOOD = document(item("nameLast", "DOE"), item("primarySite", "C504"))
BOMB = (
    b'<!DOCTYPE a [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "&a%d;&a%d;">' % (n + 1, n, n) for n in range(30))
    + b"]>"
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"   \n", "not a NAACCR XML file"),
        (b"MSH|^~\\&|LIS", "not a NAACCR XML file"),
        (b"\x00\x01\x02\x03", "not a NAACCR XML file"),
        (b"<ClinicalDocument/>", "the root element is ClinicalDocument, expected NaaccrData"),
        (b'<NaaccrData xmlns="urn:other"/>', "in namespace urn:other"),
        (
            GOOD.replace(b"http://naaccr.org/naaccrxml/naaccr-d", b"http://example.org/naaccr-d"),
            "not a supported",
        ),
        (f"<NaaccrData {ROOT}>".replace("baseDictionaryUri", "base").encode(), "no baseDictionaryUri"),
        (GOOD.replace(b"-260", b"-120"), "not a supported NAACCR version"),
        (GOOD.replace(b"-260", b"-999"), "not a supported NAACCR version"),
        (GOOD[:-30], "ends too early, inside Tumor"),
        (GOOD[: GOOD.index(b"C504") + 2], "ends too early, inside Item"),
        (GOOD.replace(b"</Tumor>", b"</Tumour>"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D&E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"&undefined;"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D\x01E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D\xffE"), "not well-formed XML"),
        (GOOD + GOOD, "not well-formed XML"),
        (BOMB + GOOD, "is nested deeper than 16 levels"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + GOOD, "stands outside the file"),
        (b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd">' + GOOD, "outside DTD"),
        (
            b'<?xml version="1.0" encoding="EBCDIC-XX"?>' + GOOD,
            "'EBCDIC-XX' that the XML declaration names is not known",
        ),
        (b'<?xml version="2.0"?>' + GOOD, "XML version '2.0' does not exist"),
        (GOOD.decode().encode("utf-32"), "in UTF-32"),
        (GOOD.decode().encode("utf-32-be"), "in UTF-32"),
        (b"\xef\xbb\xbf" + b'<?xml version="1.0" encoding="ISO-8859-1"?>' + GOOD, "begins as UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-16"?>' + GOOD, "not a NAACCR XML file"),
        (GOOD.decode().replace("DOE", "x").encode("utf-16").replace(b"x\0", b"\x00\xd8"), "not utf-16-le"),
        (GOOD.decode().encode("utf-16")[:-1], "not utf-16-le"),
        (GOOD + b"\0", "not well-formed XML"),
        (GOOD + b"\n<!-- ok -->\n<?pi?>words", "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D\0E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D&#0;E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D&#xD800;E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D\xed\xa0\x80E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D\xc0\x80E"), "not well-formed XML"),
        (GOOD.replace(b"DOE", b"D]]>E"), "not well-formed XML"),
        (GOOD.replace(b"<Tumor>", b"<x:a/><Tumor>"), "not well-formed XML"),
        (GOOD.replace(b"<Tumor>", b'<Tumor a="1" a="2">'), "not well-formed XML"),
        (
            b'<?xml version="1.0" encoding="Shift_JIS"?>' + GOOD,
            "character set that the XML declaration names",
        ),
        (GOOD.replace(b"<Tumor>", b"<a>" * 200 + b"</a>" * 200 + b"<Tumor>"), "nested deeper than 64"),
        (gzip.compress(GOOD, mtime=0)[:-12], "is cut off"),
        (gzip.compress(GOOD, mtime=0)[:15] + b"\xff" * 40, "is damaged"),
    ],
)
def test_one_clear_line(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "in.xml"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=words) as caught:
        read_naaccr_xml(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert "passwd" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-well-formed"),
        (b"<ClinicalDocument/>", "wrong-root"),
        (b'<Patient xmlns="http://naaccr.org/naaccrxml"/>', "wrong-root"),
        (b'<NaaccrData xmlns="urn:other"/>', "namespace"),
        (b'<x:NaaccrData xmlns:x="http://naaccr.org/naaccrxml/"/>', "namespace"),
        (b"<NaaccrData/>", "base-dictionary"),
        (GOOD.replace(b"-260", b"-270"), "base-dictionary"),
        (GOOD[:-1], "not-well-formed"),
    ],
)
def test_an_unreadable_file_says_its_kind(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_naaccr_xml(data)
    assert caught.value.code == code


def test_the_line_of_the_trouble_is_named() -> None:
    with pytest.raises(BadInput, match=r"<input>:4: not well-formed XML at column"):
        read_naaccr_xml(GOOD.replace(b"</Tumor>", b"</Tumour>"))


def test_files_that_are_not_there_or_not_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no such file"):
        read_naaccr_xml(tmp_path / "none.xml")
    with pytest.raises(RegistryError, match="this folder holds no documents"):
        read_naaccr_xml(tmp_path)
    assert issubclass(Denied, RegistryError)


def test_one_huge_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.formats.naaccr.feeding.MAX_TEXT", 1 << 20)
    with pytest.raises(BadInput, match="one text holds more"):
        read_naaccr_xml(GOOD.replace(b"DOE", b"A" * (3 << 20)))


def test_one_huge_comment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.formats.naaccr.feeding.MAX_MARKUP", 1 << 20)
    with pytest.raises(BadInput, match="one tag or comment is longer"):
        read_naaccr_xml(GOOD.replace(b"<Tumor>", b"<!--" + b"A" * (3 << 20) + b"--><Tumor>"))


def test_one_huge_patient_is_refused_and_a_huge_extension_is_not_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extension = b'<x:a xmlns:x="urn:x">' + b"A" * (3 << 20) + b"</x:a><Tumor>"
    monkeypatch.setattr("registry.formats.naaccr.feeding.MAX_TEXT", 1 << 20)
    monkeypatch.setattr("registry.formats.naaccr.feeding.KEPT_OUTSIDE", 1 << 20)
    assert read_naaccr_xml(GOOD.replace(b"<Tumor>", extension)).patients.height == 1
    monkeypatch.setattr("registry.formats.naaccr.parser.MAX_PATIENT", 2 << 20)
    with pytest.raises(BadInput, match="a patient holds more than 2 MiB"):
        read_naaccr_xml(GOOD.replace(b"<Tumor>", extension))


def test_too_many_item_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.formats.naaccr.parser.MAX_ITEM_NAMES", 100)
    with pytest.raises(BadInput, match="more than 100 different item names"):
        read_naaccr_xml(document("".join(item(f"x{n}", "1") for n in range(200))))


def test_a_compression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "RATIO_CHECKED_FROM", 1 << 20)
    with pytest.raises(BadInput, match="unpacks to 500 times its size"):
        read_naaccr_xml(gzip.compress(f"<NaaccrData {ROOT}>".encode() + b" " * (8 << 20), mtime=0))
