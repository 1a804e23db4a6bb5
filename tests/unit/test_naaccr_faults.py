"""What the reader accepts, and every kind of fault with its line, place, item and value."""

from __future__ import annotations

import gzip
import io

import polars as pl
import pytest

from registry.formats import NaaccrData, iter_naaccr_xml, read_naaccr_xml

ROOT = (
    'baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" recordType="A" '
    'specificationVersion="1.8" timeGenerated="2026-11-01T12:00:00Z" xmlns="http://naaccr.org/naaccrxml"'
)


def document(patient: str = "", tumor: str = "", root: str = ROOT, head: str = "") -> bytes:
    """Patient items on line 3, tumor items on line 4."""
    return (
        f"<NaaccrData {root}>{head}\n<Patient>\n{patient}\n<Tumor>{tumor}</Tumor>\n</Patient>\n</NaaccrData>"
    ).encode()


def item(naaccr_id: str, value: str) -> str:
    return f'<Item naaccrId="{naaccr_id}">{value}</Item>'


def faults(batch: NaaccrData) -> list[tuple[object, ...]]:
    return batch.errors.select("line", "patient_index", "tumor_index", "item", "code", "severity").rows()


@pytest.mark.parametrize(
    ("tumor", "code", "severity", "message"),
    [
        (item("primarySite", "C5O4"), "not-in-list", "warning", 'primarySite "C5O4" is not in the code list (did you mean C504?)'),
        (item("primarySiteX", "C504"), "unknown-item", "error", "no item primarySiteX in NAACCR 260 (did you mean primarySite?)"),
        (item("pediatricStage", "1"), "not-in-version", "error", "pediatricStage is not an item of NAACCR 260 (it is in 140 to 250)"),
        ('<Item naaccrId="primarySite" naaccrNum="401">C504</Item>', "wrong-number", "error", "primarySite has naaccrNum 401, expected 400"),
        ('<Item naaccrId="site" naaccrNum="400">C504</Item>', "unknown-item", "error", "no item site in NAACCR 260 (did you mean primarySite?)"),
        ('<Item naaccrNum="99999">1</Item>', "unknown-item", "error", "no item has naaccrNum 99999 in NAACCR 260"),
        ("<Item>1</Item>", "no-id", "error", "Item has neither naaccrId nor naaccrNum"),
        (item("nameLast", "DOE"), "wrong-level", "error", "nameLast belongs to Patient, not to Tumor"),
        (item("primarySite", "C50412"), "too-long", "error", 'primarySite "C50412" has 6 characters, at most 4'),
        (item("accessionNumberHosp", "12"), "too-short", "error", 'accessionNumberHosp "12" has 2 characters, expected 9'),
        (item("accessionNumberHosp", "2026A0001"), "data-type", "error", 'accessionNumberHosp "2026A0001" must be digits only'),
        (item("dateOfDiagnosis", "20260230"), "impossible-date", "warning", 'dateOfDiagnosis "20260230" is not a day of the calendar'),
        (item("dateOfDiagnosis", "2026-2-3"), "data-type", "error", 'dateOfDiagnosis "2026-2-3" must be a date as YYYYMMDD, YYYYMM or YYYY'),
        (item("primarySite", " "), "blank-value", "warning", "primarySite is blank; leave it out instead"),
        ("<Item naaccrId='primarySite'/>", "blank-value", "warning", "primarySite is blank; leave it out instead"),
        (item("primarySite", " C504\n"), "surrounding-blanks", "warning", "primarySite has blanks around its value"),
        (item("laterality", "1") + item("laterality", "2"), "duplicate-item", "error", "laterality is given twice in one Tumor; the first value is used"),
        ("<Items/>", "unknown-element", "error", "Items is not allowed in Tumor; it is left out"),
        ("words", "stray-text", "error", "text outside an item, in Tumor; it is left out"),
        ('<Item naaccrId="laterality" colour="red">1</Item>', "unknown-attribute", "warning", 'Item has an unknown attribute "colour"'),
        ('<x:note xmlns:x="urn:x"><x:a>1</x:a></x:note>', "extension", "warning", "extension note of namespace urn:x is kept in the file only"),
    ],
)  # fmt: skip
def test_each_fault_has_one_clear_line(tumor: str, code: str, severity: str, message: str) -> None:
    batch = read_naaccr_xml(document(tumor=tumor))
    (found,) = batch.errors.rows(named=True)
    assert (found["code"], found["severity"], found["message"]) == (code, severity, message)
    assert (found["line"], found["patient_index"], found["tumor_index"]) == (4, 0, 0)
    assert "\n" not in found["message"]


def test_all_faults_of_a_file_are_reported_in_order() -> None:
    batch = read_naaccr_xml(
        document(item("sex", "1") + item("vitalStatus", "7"), item("zzz", "1") + item("grade", "x" * 9))
    )
    assert faults(batch) == [
        (3, 0, None, "sex", "not-in-version", "error"),
        (3, 0, None, "vitalStatus", "not-in-list", "warning"),
        (4, 0, 0, "grade", "too-long", "error"),
        (4, 0, 0, "zzz", "unknown-item", "error"),
    ]


def test_nothing_is_dropped() -> None:
    batch = read_naaccr_xml(
        document(item("sex", "1"), item("zzz", "1") + item("laterality", "1") + item("laterality", "2"))
    )
    assert batch.patients["sex"].to_list() == ["1"]
    assert batch.tumors.select("zzz", "laterality").row(0) == ("1", "1")
    assert batch.items.rows() == [
        (0, None, "sex", "1"),
        (0, 0, "zzz", "1"),
        (0, 0, "laterality", "1"),
        (0, 0, "laterality", "2"),
    ]


def test_items_of_another_record_type_are_a_warning() -> None:
    root = ROOT.replace('recordType="A"', 'recordType="I"')
    batch = read_naaccr_xml(document(item("nameLast", "DOE"), root=root))
    assert faults(batch) == [(3, 0, None, "nameLast", "wrong-record-type", "warning")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (' recordType="A"', "", "record-type"),
        ('recordType="A"', 'recordType="X"', "record-type"),
        (' specificationVersion="1.8"', "", "specification-version"),
        ('"1.8"', '"9.9"', "specification-version"),
        ("2026-11-01T12:00:00Z", "yesterday", "time-generated"),
        ("xmlns=", 'colour="red" xmlns=', "unknown-attribute"),
        (' xmlns="http://naaccr.org/naaccrxml"', "", "no-namespace"),
        (
            "specificationVersion",
            'userDictionaryUri="http://a/b.xml" specificationVersion',
            "user-dictionary",
        ),
    ],
)
def test_faults_of_the_root_element(old: str, new: str, code: str) -> None:
    batch = read_naaccr_xml(document(tumor=item("primarySite", "C504"), root=ROOT.replace(old, new)))
    assert [row[4] for row in faults(batch)] == [code]
    assert batch.tumors["primarySite"].to_list() == ["C504"]


def test_root_items_go_to_the_header_and_are_checked() -> None:
    head = item("registryId", "0000001234") + item("naaccrRecordVersion", "250")
    batch = read_naaccr_xml(document(head=head))
    assert batch.header.items == {"registryId": "0000001234", "naaccrRecordVersion": "250"}
    assert faults(batch) == [(1, None, None, "naaccrRecordVersion", "version-mismatch", "error")]
    assert batch.items["patient_index"].to_list() == [None, None]


def test_an_item_after_the_tumor_is_read_with_a_warning() -> None:
    xml = document().replace(b"</Tumor>", b'</Tumor><Item naaccrId="vitalStatus">1</Item>')
    batch = read_naaccr_xml(xml)
    assert batch.patients["vitalStatus"].to_list() == ["1"]
    assert [row[4] for row in faults(batch)] == ["out-of-order"]


def test_numbers_alone_name_an_item() -> None:
    batch = read_naaccr_xml(document(tumor='<Item naaccrNum="400">C504</Item>'))
    assert batch.tumors["primarySite"].to_list() == ["C504"] and batch.errors.is_empty()


VALUE = "Müller & Söhne <1>"
ESCAPED = "Müller &amp; S&#xF6;hne &lt;1>"


@pytest.mark.parametrize(
    "xml",
    [
        document(item("nameLast", ESCAPED)),
        document(item("nameLast", "<![CDATA[Müller & Söhne <1>]]>")),
        document(item("nameLast", "Müller <![CDATA[& Söhne]]> &lt;1&#62;")),
        document(item("nameLast", "Müller <!-- a --> &amp; S<?pi b?>öhne &lt;1>").replace(" <!-- a --> ", " <!-- a -->")),
        b"\xef\xbb\xbf" + document(item("nameLast", ESCAPED)),
        ('<?xml version="1.0" encoding="UTF-16"?>' + document(item("nameLast", ESCAPED)).decode()).encode("utf-16"),
        b"\xfe\xff" + document(item("nameLast", ESCAPED)).decode().encode("utf-16-be"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + document(item("nameLast", ESCAPED)).decode()).encode("latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?>' + document(item("nameLast", ESCAPED)).decode()).encode("cp1252"),
        document(item("nameLast", ESCAPED)).replace(b"<Patient", b"<!-- <Patient> --><?x y?><Patient"),
        gzip.compress(document(item("nameLast", ESCAPED))),
        b"<?xml version='1.0'?><!DOCTYPE NaaccrData>" + document(item("nameLast", ESCAPED)),
    ],
    ids=["entities", "cdata", "mixed", "comment", "bom", "utf-16", "utf-16-be", "latin-1", "cp1252", "pi", "gz", "doctype"],
)  # fmt: skip
def test_every_way_to_write_the_same_document(xml: bytes) -> None:
    batch = read_naaccr_xml(xml)
    assert batch.patients["nameLast"].to_list() == [VALUE]
    assert batch.errors.is_empty()
    raw = gzip.decompress(xml) if xml[:2] == b"\x1f\x8b" else xml
    start, length = batch.patients.select("byte_start", "byte_length").row(0)
    piece = raw[start : start + length]
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(raw[:2], "latin-1")
    assert piece.decode(wide).startswith("<Patient>") and piece.decode(wide).endswith("</Patient>")


def test_any_prefix_and_attribute_order() -> None:
    xml = (
        b'<n:NaaccrData specificationVersion="1.8" recordType="A" xmlns:n="http://naaccr.org/naaccrxml"\n'
        b' baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" xmlns:e="urn:e" e:by="us">'
        b'<n:Patient\n><n:Item naaccrNum="2230" naaccrId="nameLast">DOE</n:Item><e:x><e:y/></e:x>'
        b"<n:Tumor/></n:Patient\n><n:Patient/></n:NaaccrData>"
    )
    batch = read_naaccr_xml(xml)
    assert batch.patients["nameLast"].to_list() == ["DOE", None]
    assert batch.header.attributes == {"{urn:e}by": "us"}
    assert [row[4] for row in faults(batch)] == ["extension"]
    ends = [xml[s : s + n] for s, n in batch.patients.select("byte_start", "byte_length").rows()]
    assert ends[0].startswith(b"<n:Patient\n>") and ends[0].endswith(b"</n:Patient\n>")
    assert ends[1] == b"<n:Patient/>"


def test_empty_patients_at_the_edge_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'<?xml version="1.0"?><NaaccrData {ROOT}><Patient/><Patient></Patient ><Patient/></NaaccrData>'
    for data in (text.encode(), text.encode("utf-16"), text.encode("utf-16-le")):
        for size in (1, 2, 3, 5, 7, 64):
            pieces = [data[n : n + size] for n in range(0, len(data), size)]
            monkeypatch.setattr("registry.formats.naaccr.reader.chunks", lambda *_, p=pieces: iter(p))
            spans = read_naaccr_xml(data).patients.select("byte_start", "byte_length").rows()
            encoding = "utf-8" if data[1:2] == b"?" else "utf-16-le"
            found = [data[s : s + n].decode(encoding) for s, n in spans]
            assert found == ["<Patient/>", "<Patient></Patient >", "<Patient/>"]


def test_a_stream_that_cannot_seek_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._data.read(min(size, 7) if size > 0 else size)

    xml = document(item("nameLast", "DOE"))
    for data in (xml, gzip.compress(xml)):
        assert read_naaccr_xml(Pipe(data)).patients["nameLast"].to_list() == ["DOE"]  # type: ignore[arg-type]


def test_an_own_column_name_is_not_taken_by_an_item() -> None:
    batch = read_naaccr_xml(document(item("line", "x") + item("patient_index", "y")))
    assert batch.patients.select("patient_index", "line").row(0) == (0, 2)
    assert batch.items["item"].to_list() == ["line", "patient_index"]


def test_a_file_without_patients_gives_one_empty_batch() -> None:
    (batch,) = iter_naaccr_xml(f"<NaaccrData {ROOT}/>".encode())
    assert batch.patients.is_empty() and batch.tumors.is_empty() and batch.errors.is_empty()
    assert {"patient_index", "line"} <= set(batch.patients.columns)


def test_faults_and_bytes_in_every_batch() -> None:
    one = b'<Patient><Item naaccrId="zzz">%d</Item><Tumor><Item naaccrId="laterality">8</Item></Tumor></Patient>\n'
    xml = f"<NaaccrData {ROOT}>\n".encode() + b"".join(one % n for n in range(25)) + b"</NaaccrData>"
    batches = list(iter_naaccr_xml(xml, patients_per_batch=4))
    assert [batch.patients.height for batch in batches] == [4] * 6 + [1]
    together = pl.concat([batch.errors for batch in batches])
    assert together["line"].to_list() == [n for n in range(2, 27) for _ in (0, 1)]
    assert pl.concat([batch.patients for batch in batches])["zzz"].to_list() == [str(n) for n in range(25)]
    for batch in batches:
        for start, length in batch.patients.select("byte_start", "byte_length").rows():
            assert xml[start : start + length].startswith(b"<Patient>")
            assert xml[start : start + length].endswith(b"</Patient>")
