"""Elements, attributes and text: what the standard allows where, and how the rest is reported."""

from __future__ import annotations

import pytest

from registry.formats import NaaccrData, read_naaccr_xml
from tests.unit.test_naaccr_faults import ROOT, codes, document, item

X = 'xmlns:x="urn:x"'
EXTENSION = f'<x:note {X} a="b"><x:a>1</x:a><Patient/>text</x:note>'
LAST = item("nameLast", "DOE")
SITE = item("primarySite", "C504")


def places(batch: NaaccrData) -> list[tuple[object, ...]]:
    return batch.errors.select("line", "patient_index", "tumor_index", "level", "code").rows()


@pytest.mark.parametrize(
    ("patient", "tumor", "head"),
    [
        (LAST + EXTENSION, "", ""),
        ("", SITE + EXTENSION * 2, ""),
        ("", "", item("registryId", "0000000001") + EXTENSION),
        ("", '<Item naaccrId="primarySite" xml:lang="en">C504</Item><y xmlns="urn:y"><Item/></y>', ""),
        ("", '<Item xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x" naaccrId="grade">1</Item>', ""),
        ("<!-- <Bad> --><?pi <Bad> ?>", "<![CDATA[ \n ]]>&#32;&#x9;", ""),
    ],
)  # fmt: skip
def test_what_is_legal_is_never_reported(patient: str, tumor: str, head: str) -> None:
    batch = read_naaccr_xml(document(patient, tumor, head=head))
    assert batch.errors.is_empty() and batch.patients.height == 1 and batch.quarantined.is_empty()


@pytest.mark.parametrize(
    ("patient", "tumor", "head", "place", "code"),
    [
        ("<Items/>", "", "", (3, 0, None, "Patient"), "unexpected-tag"),
        ("", "<Items><Item/>a</Items>", "", (4, 0, 0, "Tumor"), "unexpected-tag"),
        ("", "<Tumor/>", "", (4, 0, 0, "Tumor"), "unexpected-tag"),
        ("<Patient><Tumor/></Patient>", "", "", (3, 0, None, "Patient"), "unexpected-tag"),
        ('<y xmlns=""/>', "", "", (3, 0, None, "Patient"), "unexpected-tag"),
        (f"<x:Item {X}/>", "", "", (3, 0, None, "Patient"), "unexpected-tag"),
        ("", f"<x:Tumor {X}/>", "", (4, 0, 0, "Tumor"), "unexpected-tag"),
        ("<Tumor/>" + EXTENSION, "", "", (3, 0, None, "Patient"), "unexpected-tag"),
        ("", "<Item naaccrId='grade'>1<b\n>2</b></Item>", "", (4, 0, 0, "Tumor"), "unexpected-tag"),
        ("", '<Item naaccrId="grade" colour="red">1</Item>', "", (4, 0, 0, "Tumor"), "unexpected-attribute"),
        ("", f'<Item naaccrId="grade" {X} x:colour="red">1</Item>', "", (4, 0, 0, "Tumor"), "unexpected-attribute"),
        ("", "words", "", (4, 0, 0, "Tumor"), "unexpected-text"),
        ("\n\u00a0", "", "", (4, 0, None, "Patient"), "unexpected-text"),
        ("", "<![CDATA[x]]>", "", (4, 0, 0, "Tumor"), "unexpected-text"),
    ],
)  # fmt: skip
def test_structural_faults_put_the_patient_aside(
    patient: str, tumor: str, head: str, place: tuple[object, ...], code: str
) -> None:
    xml = document(patient, tumor, head=head)
    batch = read_naaccr_xml(xml)
    assert places(batch) == [(*place, code)]
    assert batch.patients.is_empty() and batch.tumors.is_empty() and batch.items.is_empty()
    (row,) = batch.quarantined.rows(named=True)
    assert row["reason"] == batch.errors["message"][0]
    assert row["content"].startswith(b"<Patient>") and row["content"].endswith(b"</Patient>")
    assert row["content"] == xml[row["byte_start"] :][: row["byte_length"]]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("<Tumor/>", "unexpected-tag"),
        (f"<x:Patient {X}><x:Item/></x:Patient>", "unexpected-tag"),
        (f"<x:NaaccrData {X}/>", "unexpected-tag"),
        ("words", "unexpected-text"),
        (item("nameLast", "DOE"), "wrong-level"),
        (item("zzz", "DOE"), "unknown-id"),
        ("<Item>1</Item>", "missing-id"),
        (item("registryId", "0000000001") * 2, "duplicate-item"),
        ('<Item naaccrId="registryId" a="b">0000000001</Item>', "unexpected-attribute"),
    ],
)
def test_at_the_root_they_are_reported_and_left_out(head: str, code: str) -> None:
    batch = read_naaccr_xml(document(LAST, SITE, head=head))
    assert places(batch) == [(1, None, None, "NaaccrData", code)]
    assert batch.patients["nameLast"].to_list() == ["DOE"] and batch.quarantined.is_empty()
    assert list(batch.header.items) == (["registryId"] if "registryId" in head else [])
    assert batch.items.filter(item="nameLast").height == 1


def test_items_that_come_late_are_read_with_a_warning() -> None:
    late = (item("vitalStatus", "1"), item("registryId", "0000000001"))
    xml = document(EXTENSION + LAST).replace(b"</Tumor>", b"</Tumor>" + late[0].encode())
    xml = xml.replace(b"</Patient>\n", b"</Patient>\n" + late[1].encode())
    batch = read_naaccr_xml(xml)
    assert codes(batch) == ["item-order"] * 3
    assert batch.errors["item"].to_list() == ["nameLast", "vitalStatus", "registryId"]
    assert batch.errors["value"].to_list() == ["DOE", "1", "0000000001"]
    assert batch.patients.select("nameLast", "vitalStatus").row(0) == ("DOE", "1")
    assert batch.header.items == {"registryId": "0000000001"}
    assert batch.items["item"].to_list() == ["nameLast", "vitalStatus", "registryId"]


def test_an_extension_after_a_patient_is_unexpected_and_costs_no_patient() -> None:
    xml = document(LAST).replace(b"</NaaccrData>", EXTENSION.encode() + b"</NaaccrData>")
    batch = read_naaccr_xml(xml)
    assert places(batch) == [(6, None, None, "NaaccrData", "unexpected-tag")]
    assert batch.patients.height == 1


def test_one_row_for_each_run_of_text_at_its_first_character() -> None:
    patient = "\n <!-- a\n -->\n one <?pi\n?>one<![CDATA[\n]]>one\n" + LAST + "\r\n\rtwo\n"
    batch = read_naaccr_xml(document(patient))
    assert batch.errors.select("line", "code", "value").rows() == [
        (6, "unexpected-text", "one one\none"),
        (10 + 1, "unexpected-text", "two"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_in_cdata_and_references_has_its_line(encoding: str) -> None:
    text = document("&#10;<![CDATA[\n\n x]]>", "\n&#65;\n").decode()
    batch = read_naaccr_xml(text.encode(encoding))
    assert batch.errors.select("line", "value").rows() == [(5, "x"), (7, "A")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.0", 0), (None, 0), ("1.1", 3), ("1.8", 3)],
)
def test_only_specification_1_0_lets_others_attributes_stand_anywhere(
    version: str | None, expected: int
) -> None:
    root = ROOT.replace(
        ' specificationVersion="1.8"', f' specificationVersion="{version}"' if version else ""
    )
    xml = document(
        '<Item naaccrId="nameLast" x:a="1">DOE</Item>', SITE, root=f'{root} {X} x:own="1"'
    ).replace(b"<Patient>", b'<Patient x:a="1">')
    batch = read_naaccr_xml(xml.replace(b"<Tumor>", b'<Tumor x:a="1">'))
    assert codes(batch) == ["unexpected-attribute"] * expected
    if expected:
        assert batch.errors["level"].to_list() == ["Patient", "Patient", "Tumor"]
        assert batch.errors["item"].to_list() == [None, "nameLast", None]
        assert batch.errors["value"].to_list() == [None, "DOE", None]
    plain = read_naaccr_xml(xml.replace(b"x:a", b"a"))
    assert "unexpected-attribute" in codes(plain)


@pytest.mark.parametrize("prefix", ["n:", "Item:"])
def test_any_prefix_and_attribute_order(prefix: str) -> None:
    text = (
        '<n:NaaccrData specificationVersion="1.8" recordType="A" xmlns:n="http://naaccr.org/naaccrxml"\n'
        ' baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" xmlns:e="urn:e" e:by="us">'
        '<n:Patient\n><n:Item naaccrNum="2230" naaccrId="nameLast">DOE</n:Item><e:x><e:y/></e:x>'
        "<n:Tumor/></n:Patient\n><n:Patient/></n:NaaccrData>"
    )
    name = prefix[:-1]
    xml = text.replace("<n:", f"<{prefix}").replace("</n:", f"</{prefix}").replace("xmlns:n", f"xmlns:{name}")
    batch = read_naaccr_xml(xml.encode())
    assert batch.patients["nameLast"].to_list() == ["DOE", None]
    assert batch.header.attributes == {"{urn:e}by": "us"} and batch.errors.is_empty()
    ends = [xml.encode()[s : s + n] for s, n in batch.patients.select("byte_start", "byte_length").rows()]
    assert ends[0].startswith(b"<" + prefix.encode() + b"Patient\n>")
    assert ends[0].endswith(b"</" + prefix.encode() + b"Patient\n>")
    assert ends[1] == b"<" + prefix.encode() + b"Patient/>"


def test_elements_of_no_namespace_in_a_prefixed_document_are_unexpected() -> None:
    root = ROOT.replace("xmlns=", "xmlns:n=")
    xml = f"<n:NaaccrData {root}><n:Patient>{LAST}</n:Patient><Patient/></n:NaaccrData>".encode()
    batch = read_naaccr_xml(xml)
    assert places(batch) == [
        (1, None, None, "NaaccrData", "unexpected-tag"),
        (1, 0, None, "Patient", "unexpected-tag"),
    ]
    assert batch.patients.is_empty() and batch.quarantined.height == 1


def test_a_document_of_no_namespace_is_read_with_one_warning() -> None:
    root = ROOT.replace(' xmlns="http://naaccr.org/naaccrxml"', "")
    named = '<n:Item xmlns:n="http://naaccr.org/naaccrxml" naaccrId="grade">1</n:Item>'
    batch = read_naaccr_xml(document(LAST + EXTENSION, SITE, root=root))
    assert places(batch) == [(1, None, None, "NaaccrData", "namespace")]
    assert batch.patients["nameLast"].to_list() == ["DOE"]
    assert codes(read_naaccr_xml(document("", named, root=root))) == ["namespace", "unexpected-tag"]
