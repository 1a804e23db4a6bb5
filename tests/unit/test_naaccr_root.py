"""The root element: its attributes, its items, and which dictionaries apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import standards
from registry.formats import NaaccrData, read_naaccr_xml
from registry.formats.naaccr.root import is_date_time
from registry.standards import Dictionary, Item
from tests.unit.test_naaccr_faults import ROOT, codes, document, item

SITE = item("primarySite", "C504")


def root(old: str, new: str) -> str:
    assert old in ROOT
    return ROOT.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "code", "severity", "value"),
    [
        (' recordType="A"', "", "record-type", "error", None),
        ('recordType="A"', 'recordType="X"', "record-type", "error", "X"),
        ('recordType="A"', 'recordType="a"', "record-type", "error", "a"),
        ('recordType="A"', 'recordType=" A"', "record-type", "error", " A"),
        ('"1.8"', '"9.9"', "specification-version", "warning", "9.9"),
        ('"1.8"', '""', "specification-version", "warning", ""),
        ("2026-11-01T12:00:00Z", "yesterday", "time-generated", "warning", "yesterday"),
        ("2026-11-01T12:00:00Z", "2026-02-30T12:00:00Z", "time-generated", "warning", "2026-02-30T12:00:00Z"),
        ("xmlns=", 'colour="red" xmlns=', "unexpected-attribute", "error", "red"),
        ("xmlns=", 'xmlns:n="http://naaccr.org/naaccrxml" n:recordType="I" xmlns=', "unexpected-attribute", "error", "I"),
        (' xmlns="http://naaccr.org/naaccrxml"', "", "namespace", "warning", None),
        ("specificationVersion", 'userDictionaryUri="http://a/b.xml" specificationVersion', "user-dictionary", "warning", "http://a/b.xml"),
    ],
)  # fmt: skip
def test_faults_of_the_root_element(old: str, new: str, code: str, severity: str, value: str | None) -> None:
    batch = read_naaccr_xml(document(tumor=SITE, root=root(old, new)))
    (found,) = batch.errors.rows(named=True)
    assert (found["code"], found["severity"], found["value"], found["level"]) == (
        code,
        severity,
        value,
        "NaaccrData",
    )
    assert (found["line"], found["patient_index"]) == (1, None) and "\n" not in found["message"]
    assert batch.tumors["primarySite"].to_list() == ["C504"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' specificationVersion="1.8"', ""),
        (' timeGenerated="2026-11-01T12:00:00Z"', ""),
        ("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.5-05:00"),
        ("xmlns=", 'xmlns:y="urn:y" y:colour="red" xml:lang="en" xmlns='),
        ("specificationVersion", 'userDictionaryUri=" " specificationVersion'),
    ],
)
def test_what_is_legal_there(old: str, new: str) -> None:
    assert codes(read_naaccr_xml(document(tumor=SITE, root=root(old, new)))) == []


def test_the_line_is_that_of_the_root_element() -> None:
    xml = b"<?xml version='1.0'?>\n<!-- -->\n\n" + document(tumor=SITE, root=root('"1.8"', '\n"x"'))
    assert read_naaccr_xml(xml).errors["line"].to_list() == [4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00", True),
        (" 2026-01-31T12:00:00Z\n", True),
        ("2024-02-29T00:00:00+14:00", True),
        ("12026-01-31T12:00:00Z", True),
        ("-0044-03-15T12:00:00Z", True),
        ("2026-01-31T24:00:00.000", True),
        ("2026-01-31T24:00:01", False),
        ("2026-01-31T12:00:60Z", False),
        ("2026-01-31T12:60:00Z", False),
        ("2026-13-01T12:00:00Z", False),
        ("2023-02-29T12:00:00Z", False),
        ("0000-01-01T00:00:00Z", False),
        ("2026-01-31T12:00:00+14:01", False),
        ("2026-01-31T12:00:00z", False),
        ("2026-01-31T12:00Z", False),
        ("2026-01-31", False),
        ("２０２６-01-31T12:00:00Z", False),
        ("02026-01-31T12:00:00Z", False),
        ("", False),
    ],
)
def test_times_are_those_of_xml_and_of_the_calendar(text: str, expected: bool) -> None:
    assert is_date_time(text) is expected


def test_root_items_go_to_the_header_and_are_checked() -> None:
    head = (
        item("registryId", " 0000001234")
        + "\n"
        + item("naaccrRecordVersion", "250")
        + item("recordType", "I")
    )
    batch = read_naaccr_xml(document(head=head))
    assert batch.header.items == {
        "registryId": " 0000001234",
        "naaccrRecordVersion": "250",
        "recordType": "I",
    }
    assert batch.errors.select("line", "level", "item", "value", "code").rows() == [
        (1, "NaaccrData", "registryId", " 0000001234", "leading-space"),
        (2, "NaaccrData", "naaccrRecordVersion", "250", "base-dictionary"),
        (2, "NaaccrData", "recordType", "I", "record-type"),
    ]
    assert batch.items["patient_index"].to_list() == [None] * 3


def test_root_items_that_agree_are_fine() -> None:
    head = item("naaccrRecordVersion", "260") + item("recordType", "A")
    assert codes(read_naaccr_xml(document(head=head))) == []


# -- user dictionaries -----------------------------------------------------------------------------

STATE = Dictionary(
    None,
    "http://state/one.xml",
    [
        Item(9990, "stateItem", "State item", 2, "Tumor", "AMCI", "digits"),
        Item(9991, "weight", "Weight", 3, "Tumor", "AMCI"),
        Item(9992, "sex", "Another sex", 1, "Patient", "AMCI"),
    ],
)
OTHER = Dictionary(
    "250",
    "http://state/two.xml",
    [
        Item(9993, "weight", "Weight of another", 5, "Tumor", "AMCI"),
        Item(9994, "Weight", "In capitals", 5, "Tumor", "AMCI"),
        Item(9990, "stateItem", "State item", 2, "Patient", "AMCI", "digits"),
    ],
)


def naming(*uris: str) -> str:
    return ROOT.replace("recordType", f'userDictionaryUri="{" ".join(uris)}" recordType')


def read(tumor: str, given: list[Dictionary], *uris: str, patient: str = "") -> NaaccrData:
    return read_naaccr_xml(document(patient, tumor, root=naming(*uris)), dictionary=given)


def test_a_named_dictionary_applies() -> None:
    batch = read(item("stateItem", "1x"), [STATE], STATE.uri)
    assert codes(batch) == ["data-type"] and batch.tumors["stateItem"].to_list() == ["1x"]
    alone = read_naaccr_xml(document(tumor=item("stateItem", "11"), root=naming(STATE.uri)), dictionary=STATE)
    assert codes(alone) == []


def test_one_that_is_not_named_does_not_but_explains() -> None:
    batch = read_naaccr_xml(document(tumor=item("stateItem", "11")), dictionary=[STATE])
    assert codes(batch) == ["unknown-id"]
    assert (
        batch.errors["message"][0]
        == "stateItem is an item of http://state/one.xml, which the file does not name"
    )


def test_one_that_is_named_and_not_given_is_a_fault() -> None:
    batch = read(item("stateItem", "11"), [STATE], STATE.uri, "http://state/three.xml")
    assert codes(batch) == ["user-dictionary"]
    assert "http://state/three.xml was not given" in batch.errors["message"][0]


def test_one_of_another_version_is_a_fault_and_used() -> None:
    batch = read(item("weight", "12345"), [OTHER], OTHER.uri)
    assert codes(batch) == ["user-dictionary"] and batch.tumors["weight"].to_list() == ["12345"]


@pytest.mark.parametrize(
    ("attributes", "column", "expected"),
    [
        ('naaccrId="weight"', "weight", ["too-long"]),
        ('naaccrId="weight" naaccrNum="9993"', "weight__9993", []),
        ('naaccrId="weight" naaccrNum="9991"', "weight", ["too-long"]),
        ('naaccrId="weight" naaccrNum="1"', "weight", ["too-long", "wrong-number"]),
        ('naaccrId="Weight"', "Weight__9994", []),
    ],
)
def test_the_number_decides_between_items_of_one_id(
    attributes: str, column: str, expected: list[str]
) -> None:
    batch = read(f"<Item {attributes}>12345</Item>", [OTHER, STATE], STATE.uri, OTHER.uri)
    assert sorted(set(codes(batch)) - {"user-dictionary"}) == expected
    assert batch.tumors[column].to_list() == ["12345"]
    assert batch.items["item"][0] == column.partition("__")[0]


def test_items_of_one_id_and_two_numbers_are_no_duplicates() -> None:
    tumor = '<Item naaccrId="weight">1</Item><Item naaccrId="weight" naaccrNum="9993">2</Item>'
    batch = read(tumor, [STATE, OTHER], STATE.uri, OTHER.uri)
    assert codes(batch) == ["user-dictionary"]
    assert batch.tumors.select("weight", "weight__9993").row(0) == ("1", "2")


def test_an_item_that_two_dictionaries_put_at_two_levels_is_legal_at_both() -> None:
    uris = (STATE.uri, OTHER.uri)
    batch = read(item("stateItem", "11"), [STATE, OTHER], *uris, patient=item("stateItem", "12"))
    assert codes(batch) == ["user-dictionary"]
    assert (batch.patients["stateItem"].to_list(), batch.tumors["stateItem"].to_list()) == (["12"], ["11"])


def test_an_id_of_the_standard_is_never_taken_by_another_item() -> None:
    batch = read("", [STATE], STATE.uri, patient=item("sex", "7"))
    assert batch.patients["sex__9992"].to_list() == ["7"] and codes(batch) == []


def test_a_table_without_a_uri_stands_for_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.csv"
    path.write_text(
        "NAACCR XML ID,NAACCR Number,Name,Length,Parent XML Element\nshoeSize,9700,Shoe,2,Tumor\n"
    )
    for attributes in (naming("http://state/shoes.xml"), ROOT):
        batch = read_naaccr_xml(document(tumor=item("shoeSize", "44"), root=attributes), dictionary=path)
        assert codes(batch) == [] and batch.tumors["shoeSize"].to_list() == ["44"]
    both = read_naaccr_xml(document(root=naming("http://a", "http://b")), dictionary=path)
    assert both.errors["value"].to_list() == ["http://b"]


def test_default_user_dictionaries_apply_always() -> None:
    default = standards.default_user_dictionary("180")
    assert default is not None
    name = default.ids("Tumor")[0]
    for attributes in (ROOT, naming(default.uri)):
        xml = document(tumor=item(name, "1"), root=attributes.replace("-260", "-180"))
        assert "unknown-id" not in codes(read_naaccr_xml(xml)) and "user-dictionary" not in codes(
            read_naaccr_xml(xml)
        )
