"""Every way to write the same document: markup, encodings, document types, XML 1.1."""

from __future__ import annotations

import gzip
import io

import pytest

from registry.errors import BadInput
from registry.formats import NaaccrData, UnreadableFile, read_naaccr_xml
from registry.formats.naaccr.parser import NaaccrParser
from tests.unit.test_naaccr_faults import ROOT, codes, document, item

VALUE = "Müller & Söhne <1>"
ESCAPED = "Müller &amp; S&#xF6;hne &lt;1>"
PLAIN = document(item("nameLast", ESCAPED)).decode()


def declared(encoding: str, version: str = "1.0") -> str:
    return f"<?xml version='{version}' encoding='{encoding}'?>"


WAYS = {
    "entities": PLAIN.encode(),
    "cdata": document(item("nameLast", "<![CDATA[Müller & Söhne <1>]]>")),
    "mixed": document(item("nameLast", "Müller <![CDATA[& Söhne]]> &lt;1&#62;")),
    "comment": document(item("nameLast", "Müller<!-- a --> &amp; S<?pi b?>öhne &lt;1>")),
    "comments": PLAIN.replace("<Patient", "<!-- <Patient> --><?x y?><Patient").encode(),
    "declaration": (declared("utf-8") + PLAIN).encode(),
    "standalone": ("<?xml version='1.0' standalone='yes'?>" + PLAIN).encode(),
    "utf8": (declared("utf8") + PLAIN).encode(),
    "version 1.7": (declared("utf-8", "1.7") + PLAIN).encode(),
    "bom": b"\xef\xbb\xbf" + PLAIN.encode(),
    "bom and declaration": b"\xef\xbb\xbf" + (declared("UTF-8") + PLAIN).encode(),
    "utf-16": (declared("UTF-16") + PLAIN).encode("utf-16"),
    "utf-16 undeclared": PLAIN.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + (declared("UTF-16") + PLAIN).encode("utf-16-be"),
    "utf-16-le named": b"\xff\xfe" + (declared("UTF-16LE") + PLAIN).encode("utf-16-le"),
    "utf16 misspelt": (declared("utf16") + PLAIN).encode("utf-16"),
    "utf-16-le without bom": (declared("UTF-16") + PLAIN).encode("utf-16-le"),
    "utf-16-be without bom": (declared("UTF-16") + PLAIN).encode("utf-16-be"),
    "utf-16-be undeclared": PLAIN.encode("utf-16-be"),
    "latin-1": (declared("ISO-8859-1") + PLAIN).encode("latin-1"),
    "latin1": (declared("latin1") + PLAIN).encode("latin-1"),
    "latin-9": (declared("ISO-8859-15") + PLAIN).encode("iso8859-15"),
    "cp1252": (declared("windows-1252") + PLAIN).encode("cp1252"),
    "ascii": (declared("US-ASCII") + PLAIN).encode("ascii", "xmlcharrefreplace"),
    "gzip": gzip.compress(PLAIN.encode(), mtime=0),
    "doctype": ("<?xml version='1.0'?><!DOCTYPE NaaccrData>" + PLAIN).encode(),
    "doctype with elements": ("<!DOCTYPE NaaccrData [<!ELEMENT Item ANY><!-- <!ENTITY x SYSTEM 'y'> -->]>" + PLAIN).encode(),
    "doctype with notation": ("<!DOCTYPE NaaccrData [<!NOTATION gif SYSTEM 'gif'>]>" + PLAIN).encode(),
    "xml 1.1": (declared("utf-8", "1.1") + PLAIN).encode(),
    "xml 1.1 latin-1": (declared("ISO-8859-1", "1.1") + PLAIN).encode("latin-1"),
    "xml 1.1 utf-16": (declared("UTF-16", "1.1") + PLAIN).encode("utf-16"),
    "xml 1.1 line ends": (declared("utf-8", "1.1") + PLAIN.replace("\n", "\u2028")).encode(),
    "xml 1.1 next lines": (declared("utf-16", "1.1") + PLAIN.replace("\n", "\r\x85")).encode("utf-16"),
    "carriage returns": PLAIN.replace("\n", "\r").encode(),
}  # fmt: skip


def unpacked(xml: bytes) -> bytes:
    return gzip.decompress(xml) if xml[:2] == b"\x1f\x8b" else xml


def encoding_of(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"<\x00"):
        return "utf-16-le"
    return "utf-16-be" if raw[:2] in (b"\xfe\xff", b"\x00<") else "latin-1"


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_the_same_document(way: str) -> None:
    batch = read_naaccr_xml(WAYS[way])
    assert batch.patients["nameLast"].to_list() == [VALUE]
    assert batch.errors.is_empty()
    assert batch.patients["line"].to_list() == [2] and batch.tumors["line"].to_list() == [4]
    raw = unpacked(WAYS[way])
    start, length = batch.patients.select("byte_start", "byte_length").row(0)
    piece = raw[start : start + length].decode(encoding_of(raw))
    assert piece.startswith("<Patient>") and piece.endswith("</Patient>")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 3, 64])
def test_the_pieces_it_comes_in_make_no_difference(way: str, size: int) -> None:
    raw = unpacked(WAYS[way])
    parser, whole = NaaccrParser("a.xml"), NaaccrParser("a.xml")
    for at in range(0, len(raw), size):
        parser.feed(raw[at : at + size])
    parser.close()
    whole.feed(raw)
    whole.close()
    assert parser.parsed == whole.parsed and parser.keys == whole.keys


def test_a_stream_that_cannot_seek_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._data.read(min(size, 7) if size > 0 else size)

    for data in (PLAIN.encode(), gzip.compress(PLAIN.encode(), mtime=0)):
        assert read_naaccr_xml(Pipe(data)).patients["nameLast"].to_list() == [VALUE]  # type: ignore[arg-type]


# -- document types --------------------------------------------------------------------------------


def with_doctype(subset: str, last: str, tumor: str = "") -> NaaccrData:
    return read_naaccr_xml(
        f"<!DOCTYPE NaaccrData [{subset}]>".encode() + document(item("nameLast", last), tumor)
    )


@pytest.mark.parametrize(
    ("subset", "last", "value"),
    [
        ('<!ENTITY who "DOE">', "A &who; B", "A DOE B"),
        ('<!ENTITY who "D&#38;amp;E">', "&who;", "D&E"),
        ('<!ENTITY a "&b;&b;"><!ENTITY b "x">', "&a;", "xx"),
        ("<!ENTITY % p \"<!ENTITY who 'DOE'>\">%p;", "&who;", "DOE"),
        ('<!ENTITY who "DOE"><!ENTITY who "ROE">', "&who;", "DOE"),
        ('<!ENTITY unused "<b/>">', "DOE", "DOE"),
    ],
)
def test_harmless_entities_are_read(subset: str, last: str, value: str) -> None:
    batch = with_doctype(subset, last)
    assert batch.patients["nameLast"].to_list() == [value] and batch.errors.is_empty()


def test_entities_in_attributes_and_as_markup() -> None:
    subset = '<!ENTITY site "primarySite"><!ENTITY it "<Item naaccrId=\'grade\'>1</Item>">'
    batch = with_doctype(subset, "DOE", '<Item naaccrId="&site;">C504</Item>&it;')
    assert batch.tumors.select("primarySite", "grade").row(0) == ("C504", "1") and batch.errors.is_empty()
    assert batch.items["item"].to_list() == ["nameLast", "primarySite", "grade"]


def test_a_patient_in_an_entity_has_the_reference_as_its_bytes() -> None:
    subset = "<!ENTITY p \"<Patient><Item naaccrId='zzz'>1</Item></Patient>\">"
    xml = f"<!DOCTYPE NaaccrData [{subset}]><NaaccrData {ROOT}>\n&p;<Patient/></NaaccrData>".encode()
    batch = read_naaccr_xml(xml)
    assert batch.quarantined["content"].to_list() == [b"&p;"] and batch.quarantined["line"].to_list() == [2]
    assert batch.patients["patient_index"].to_list() == [1]


@pytest.mark.parametrize(
    ("subset", "last", "words"),
    [
        ('<!ENTITY x SYSTEM "file:///etc/passwd">', "DOE", "outside the file"),
        ('<!ENTITY x PUBLIC "a" "http://example.org/b">', "&x;", "outside the file"),
        ('<!ENTITY % x SYSTEM "http://example.org/a.dtd">', "DOE", "outside the file"),
        ('<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "a.gif" NDATA n>', "DOE", "outside the file"),
        ("", "&who;", "undefined entity"),
        ('<!ENTITY % p "">%p;', "&who;", "is not defined"),
        ('<!ENTITY a "&a;">', "&a;", "nested deeper"),
        ('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;", "nested deeper"),
        ("".join(f'<!ENTITY a{n} "&a{n + 1};">' for n in range(30)), "DOE", "nested deeper"),
        ('<!ENTITY a0 "xxxxxxxxxx">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)), "&a9;", "unfolds to more"),
        ("".join(f'<!ENTITY a{n} "x">' for n in range(2000)), "DOE", "more than 1,000 entities"),
        (f'<!ENTITY a "{"x" * 900_000}">', "&a;" * 100, "far more text"),
    ],
)  # fmt: skip
def test_dangerous_document_types_are_refused(subset: str, last: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words) as caught:
        with_doctype(subset, last)
    assert caught.value.code == "not-well-formed" and "passwd" not in str(caught.value)


# -- XML 1.1 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "iso-8859-1"])
@pytest.mark.parametrize("size", [1, 2, 5, 1 << 16])
def test_xml_1_1_has_control_characters_and_other_line_ends(encoding: str, size: int) -> None:
    last = "a&#x1;b&#31;c\x85d\r\x85e\r\ny<![CDATA[&#x1;]]>"
    if encoding.startswith("utf"):
        last += "\u2028\ufdd0&#xFDD0;<![CDATA[\ufdd0]]>\ufdd0\ufdd1"
    text = (
        declared(encoding.removesuffix("-be"), "1.1") + document(item("nameLast", last), "\x85words").decode()
    )
    raw = text.encode(encoding)
    parser = NaaccrParser("a.xml")
    for at in range(0, len(raw), size):
        parser.feed(raw[at : at + size])
    parser.close()
    expected = "a\x01b\x1fc\nd\ne\ny&#x1;" + (
        "\n\ufdd0\ufdd0\ufdd0\ufdd0\ufdd1" if encoding.startswith("utf") else ""
    )
    assert parser.parsed.item_value == [expected]
    batch = read_naaccr_xml(raw)
    (row,) = batch.quarantined.rows(named=True)
    piece = row["content"].decode(
        encoding.replace("utf-16", "utf-16-le") if encoding == "utf-16" else encoding
    )
    assert piece.startswith("<Patient>") and piece.endswith("</Patient>") and "\x85" in piece
    lines = 8 if encoding.startswith("utf") else 7
    assert batch.errors.filter(code="unexpected-text").select("line", "value").rows() == [
        (lines + 1, "words")
    ]


@pytest.mark.parametrize("last", ["a&#0;", "a\x01", "a\x80b", "a\x7fb", "<!-- \x9f -->"])
def test_xml_1_1_forbids_control_characters_as_they_are(last: str) -> None:
    with pytest.raises(UnreadableFile, match="not well-formed XML"):
        read_naaccr_xml((declared("utf-8", "1.1") + document(item("nameLast", last)).decode()).encode())


def test_xml_1_0_takes_next_line_as_a_character_and_refuses_references_to_controls() -> None:
    batch = read_naaccr_xml(document(item("nameLast", "a\x85\u2028\ufdd0b")))
    assert batch.patients["nameLast"].to_list() == ["a\x85\u2028\ufdd0b"] and codes(batch) == []
    with pytest.raises(BadInput, match="not well-formed XML"):
        read_naaccr_xml(document(item("nameLast", "&#x1;")))
