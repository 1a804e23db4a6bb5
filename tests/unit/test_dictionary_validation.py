"""Each fault that a dictionary can have, found in its line, and nothing else."""

from __future__ import annotations

import pytest

from registry import standards
from registry.standards import validate_dictionaries, validate_dictionary
from registry.standards.validation import WARNINGS

NAMESPACE = 'xmlns="http://naaccr.org/naaccrxml"'
URI = "https://state.example/dictionary.xml"
GOOD = 'naaccrId="shoeSize" naaccrNum="9700" naaccrName="Shoe Size" length="2" parentXmlElement="Patient"'


def xml(*items: str, root: str = "", spec: str = "1.8", uri: str = URI, grouped: str = "") -> bytes:
    """A dictionary whose item definitions begin in lines 4, 5 and so on."""
    lines = [
        '<?xml version="1.0"?>',
        f'<NaaccrDictionary dictionaryUri="{uri}" specificationVersion="{spec}" {root} {NAMESPACE}>',
        "<ItemDefs>",
        *(f"<ItemDef {item}/>" for item in items),
        f"</ItemDefs>{grouped}</NaaccrDictionary>",
    ]
    return "\n".join(lines).encode()


def faults(data: bytes, version: str | None = None) -> list[tuple[int, str | None, str]]:
    frame = validate_dictionary(data, "state.xml", version)
    assert frame.columns == ["line", "item", "code", "message"]
    assert not frame["message"].str.contains("\n").any()
    return frame.select("line", "item", "code").rows()


def good(**changes: str | None) -> str:
    """Attributes of a faultless item, some changed or (None) left out."""
    attributes = {
        "naaccrId": "shoeSize", "naaccrNum": "9700", "naaccrName": "Shoe Size",
        "length": "2", "parentXmlElement": "Patient",
    }  # fmt: skip
    return " ".join(
        f'{name}="{value}"' for name, value in {**attributes, **changes}.items() if value is not None
    )


@pytest.mark.parametrize("spec", ["1.1", "1.5", "1.8"])
def test_a_dictionary_without_fault(spec: str) -> None:
    everything = good(
        recordTypes="A,I", dataType="digits", padding="leftZero", trim="none", sourceOfStandard="State"
    )
    assert faults(xml(everything, root='naaccrVersion="260" description="ours"', spec=spec)) == []
    assert faults(xml(good(), spec=spec), "260") == faults(xml(good(), spec=spec)) == []


@pytest.mark.parametrize("spec", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "2.0"])
@pytest.mark.parametrize(
    ("changes", "code", "since", "until"),
    [
        ({"naaccrId": None}, "missing-id", "1.0", "2.0"),
        ({"naaccrId": " "}, "missing-id", "1.0", "2.0"),
        ({"naaccrId": "ShoeSize"}, "id-format", "1.0", "2.0"),
        ({"naaccrId": "shoe-size"}, "id-format", "1.0", "2.0"),
        ({"naaccrId": "s"}, "id-format", "1.0", "2.0"),
        ({"naaccrId": "s" * 33}, "id-length", "1.0", "2.0"),
        ({"naaccrNum": None}, "missing-number", "1.0", "2.0"),
        ({"naaccrNum": ""}, "missing-number", "1.0", "2.0"),
        ({"naaccrNum": "97oo"}, "number-format", "1.0", "2.0"),
        ({"naaccrNum": "-1"}, "number-format", "1.0", "2.0"),
        ({"naaccrNum": "99999999999"}, "number-format", "1.0", "2.0"),
        ({"naaccrNum": "9499"}, "number-range", "1.0", "1.2"),
        ({"naaccrNum": "100000"}, "number-range", "1.0", "1.2"),
        ({"naaccrName": "n" * 51}, "name-length", "1.0", "2.0"),
        ({"length": None}, "missing-length", "1.0", "2.0"),
        ({"length": "2.5"}, "length-format", "1.0", "2.0"),
        ({"length": "0"}, "length-format", "1.0", "2.0"),
        ({"startColumn": "x"}, "start-column-not-allowed", "1.0", "2.0"),
        ({"startColumn": "2340"}, "start-column-not-allowed", "1.0", "2.0"),
        ({"parentXmlElement": None}, "missing-level", "1.0", "2.0"),
        ({"parentXmlElement": "tumor"}, "level", "1.0", "2.0"),
        ({"recordTypes": "A, M"}, "record-types", "1.0", "2.0"),
        ({"recordTypes": "AMCI"}, "record-types", "1.0", "2.0"),
        ({"dataType": "number"}, "data-type", "1.0", "2.0"),
        ({"dataType": "dateTime"}, "data-type", "1.0", "1.7"),
        ({"padding": "left"}, "padding", "1.0", "2.0"),
        ({"trim": "left"}, "trim", "1.0", "2.0"),
        ({"allowUnlimitedText": "true"}, "unlimited-text", "1.6", "2.0"),
        ({"allowUnlimitedText": "yes"}, "unlimited-text", "1.0", "2.0"),
        ({"allowUnlimitedText": "true", "dataType": "digits"}, "unlimited-text", "1.0", "2.0"),
        ({"regexValidation": "[0-9]+"}, "regex", "1.2", "2.0"),
        ({"regexValidation": "[0-9"}, "regex", "1.0", "2.0"),
        ({"colour": "red"}, "unknown-attribute", "1.0", "2.0"),
        ({"contains": "a"}, "unknown-attribute", "1.0", "2.0"),
        ({"naaccrId": "primarySite"}, "standard-id", "1.0", "2.0"),
        ({"naaccrNum": "400"}, "standard-number", "1.0", "2.0"),
    ],
)  # fmt: skip
def test_one_fault_of_an_item(
    changes: dict[str, str | None], code: str, since: str, until: str, spec: str
) -> None:
    data = xml(good(**changes), root='naaccrVersion="260"', spec=spec)
    written = changes.get("naaccrId", "shoeSize")
    expected = [(4, written.strip() or None if written else None, code)] if since <= spec <= until else []
    always = {"missing-start-column", "number-range"} if spec < "1.3" else set()
    found = [
        row for row in faults(data) if row[2] == code or row[2] not in {*always, "specification-version"}
    ]
    assert found == expected
    assert [row for row in faults(data) if row[2] == "specification-version"] == (
        [(2, None, "specification-version")] if spec == "2.0" else []
    )


def test_several_faults_of_an_item_are_all_found() -> None:
    bad = good(naaccrId="BootSize", length="", parentXmlElement="Foot", dataType="size", naaccrNum=None)
    codes = ["data-type", "id-format", "level", "missing-length", "missing-number"]
    assert faults(xml(good(), bad, spec="1.4")) == [(5, "BootSize", code) for code in codes]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"naaccrNum": "9701"}, "duplicate-id"),
        ({"naaccrId": "hatSize"}, "duplicate-number"),
        ({"naaccrId": "shoesize", "naaccrNum": "9701"}, "id-case"),
    ],
)
def test_two_items_that_clash(second: dict[str, str], code: str) -> None:
    item = second.get("naaccrId", "shoeSize")
    assert faults(xml(good(), good(**second))) == [(5, item, code)]
    assert (code in WARNINGS) == (code == "id-case")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (xml(good(), uri=" "), [(2, None, "missing-uri")]),
        (xml(), [(2, None, "no-items")]),
        (xml(good(), root='naaccrVersion="999"'), [(2, None, "unknown-version")]),
        (xml(good(), root='naaccrVersion="250"'), [(2, None, "other-version")]),
        (xml(good(), root='dateLastModified="2025-02-30T12:00:00"'), [(2, None, "date-last-modified")]),
        (xml(good(), root='dateLastModified="2025-02-28T12:00:00.5-04:00"'), []),
        (xml(good(), root='colour="red"'), [(2, None, "unknown-attribute")]),
        (xml(good(), root='xmlns:x="urn:x" x:a="b"'), [(2, None, "unknown-attribute")]),
        (xml(good()).replace(NAMESPACE.encode(), b""), [(2, None, "namespace")]),
        (xml(good()).replace(b"naaccrxml\"", b"other\""), [(2, None, "namespace")]),
        (xml(good()).replace(b"<ItemDefs>", b"<ItemDefs a='b'>"), [(3, None, "unknown-attribute")]),
        (xml(good()).replace(b"<ItemDefs>", b"<ItemDefs>\n<Item><a/></Item>"), [(4, None, "unexpected-element")]),
        (xml(good()).replace(b"<ItemDefs>", b"<ItemDefs>\n<x:ItemDef xmlns:x='urn:x'/>"), [(4, None, "unexpected-element")]),
        (xml(good()).replace(b"<ItemDefs>", b"<ItemDefs>words"), [(3, None, "unexpected-text")]),
        (b"", [(1, None, "no-heading")]),
        (b"<NaaccrDictionary>\n<a></NaaccrDictionary>", [(2, None, "not-well-formed")]),
        (b"\n<NaaccrData/>", [(2, None, "wrong-root")]),
        (b'<!DOCTYPE a [\n<!ENTITY b "c">]><NaaccrDictionary/>', [(2, None, "entities")]),
    ],
)  # fmt: skip
def test_faults_of_the_file(data: bytes, found: list[tuple[int, str | None, str]]) -> None:
    version = "260" if (None, "other-version") in [row[1:] for row in found] else None
    assert faults(data, version) == found


def test_the_first_specification_asks_for_version_and_column() -> None:
    assert faults(xml(good(), spec="1.0")) == [
        (2, None, "missing-version"),
        (4, "shoeSize", "missing-start-column"),
    ]
    assert faults(xml(good()).replace(b'specificationVersion="1.8"', b"")) == faults(xml(good(), spec="1.0"))


FLAT = 'naaccrVersion="180"'


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([good(startColumn="3049")], []),
        ([good(startColumn="3049.0")], [(4, "shoeSize", "start-column-format")]),
        ([good(startColumn="4047")], []),
        ([good(startColumn="4048")], [(4, "shoeSize", "beyond-record"), (4, "shoeSize", "start-column-gap")]),
        ([good(startColumn="554")], [(4, "shoeSize", "start-column-gap")]),
        ([good(startColumn="6105")], [(4, "shoeSize", "beyond-record")]),
        ([good(startColumn="6105", recordTypes="A,M")], []),
        (
            [good(startColumn="3050"), good(startColumn="3049", naaccrId="hatSize", naaccrNum="9701")],
            [(4, "shoeSize", "overlapping-columns")],
        ),
        (
            [
                good(startColumn="3049", length="20"),
                good(startColumn="3051", naaccrId="hatSize", naaccrNum="9701"),
                good(startColumn="3055", naaccrId="gloveSize", naaccrNum="9702"),
            ],
            [(5, "hatSize", "overlapping-columns"), (6, "gloveSize", "overlapping-columns")],
        ),
    ],
)  # fmt: skip
def test_columns_of_a_flat_version(items: list[str], found: list[tuple[int, str | None, str]]) -> None:
    assert faults(xml(*items, root=FLAT, spec="1.5")) == found
    without_version = [row for row in found if row[2] in ("overlapping-columns", "start-column-format")]
    assert faults(xml(*items, spec="1.5")) == without_version


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("naaccrNum", "9999"),
        ("naaccrName", "State Items"),
        ("length", "999"),
        ("recordTypes", "A,M"),
        ("parentXmlElement", "Patient"),
        ("dataType", "digits"),
        ("startColumn", "3050"),
    ],
)
def test_a_default_item_may_be_repeated_only_as_it_is(attribute: str, value: str) -> None:
    item = {
        "naaccrId": "stateRequestorItems", "naaccrNum": "2220", "naaccrName": "State/Requestor Items",
        "length": "1000", "recordTypes": "I,C,M,A", "parentXmlElement": "Tumor",
    }  # fmt: skip
    # The order of the letters has no meaning.
    assert faults(xml(good(**item), root=FLAT, spec="1.5")) == []
    found = validate_dictionary(xml(good(**{**item, attribute: value}), root=FLAT, spec="1.5"), "a.xml")
    assert set(found["code"]) - {"beyond-record"} == {"default-item"}
    assert found["message"].str.contains(attribute).any()


GROUP = "naaccrId='both' naaccrNum='9800' startColumn='3' contains='one,two'"


@pytest.mark.parametrize(
    ("group", "spec", "code"),
    [
        (GROUP, "1.5", None),
        (GROUP, "1.6", "grouped-item"),
        (GROUP.replace("two", "three"), "1.5", "grouped-item"),
        (GROUP.replace("'3'", "'4'"), "1.5", "grouped-item"),
        (GROUP.replace("'both'", "'one'"), "1.5", "duplicate-id"),
        (GROUP.replace("9800", "1"), "1.5", "duplicate-number"),
        (GROUP.replace("'both'", "''"), "1.5", "missing-id"),
        (GROUP.replace("9800", ""), "1.5", "missing-number"),
        (GROUP.replace("'both'", "'Both'"), "1.5", "id-format"),
    ],
)
def test_grouped_items_of_a_base_dictionary(group: str, spec: str, code: str | None) -> None:
    items = [
        good(naaccrId="one", naaccrNum="1", startColumn="3"),
        good(naaccrId="two", naaccrNum="2", startColumn="5"),
    ]
    base = "http://naaccr.org/naaccrxml/naaccr-dictionary-180.xml"
    grouped = f"<GroupedItemDefs><GroupedItemDef {group}/></GroupedItemDefs>"
    assert [row[2] for row in faults(xml(*items, root=FLAT, spec=spec, uri=base, grouped=grouped))] == (
        [code] if code else []
    )
    of_a_state = faults(xml(*items, spec="1.5", grouped=grouped))
    assert of_a_state[-1] == (6, None if "naaccrId=''" in group else group.split("'")[1], "grouped-item")


def test_a_base_dictionary_needs_columns_only_in_flat_versions() -> None:
    for version, codes in (("180", ["missing-start-column"]), ("210", [])):
        uri = f"http://naaccr.org/naaccrxml/naaccr-dictionary-{version}.xml"
        data = xml(good(naaccrId="one", naaccrNum="1"), root=f'naaccrVersion="{version}"', uri=uri)
        assert [row[2] for row in faults(data)] == codes


def test_a_new_base_version_can_be_judged_before_it_is_known() -> None:
    uri = "http://naaccr.org/naaccrxml/naaccr-dictionary-270.xml"
    data = xml(good(), root='naaccrVersion="270"', uri=uri)
    assert [row[2] for row in faults(data)] == ["unknown-version"]
    assert faults(data, "270") == []


def test_a_table_is_judged_by_the_same_rules() -> None:
    table = (
        "NAACCR XML ID,NAACCR Number,Name,Start Column,Length,Record Types,Parent XML Element,Data Type\n"
        'shoeSize,9700,Shoe,,2,"A,M",Patient,digits\n'
        'primarySite,9700,Shoe,7,2,"A;M",Patient,number\n'
        ",,,,x,,,\n"
    )
    assert faults(table.encode(), "260") == [
        (3, "primarySite", "data-type"),
        (3, "primarySite", "duplicate-number"),
        (3, "primarySite", "record-types"),
        (3, "primarySite", "standard-id"),
        (3, "primarySite", "start-column-not-allowed"),
        (4, None, "length-format"),
        (4, None, "missing-id"),
        (4, None, "missing-level"),
        (4, None, "missing-number"),
    ]


def test_several_dictionaries_together() -> None:
    one = xml(good(), good(naaccrId="hatSize", naaccrNum="9701"))
    same = xml(good(recordTypes="I,C,M,A", dataType="text"), uri=URI + "2")
    other = xml(good(length="3"), good(naaccrId="gloveSize", naaccrNum="9701"))
    found = validate_dictionaries([("one.xml", one), ("same.xml", same), ("other.xml", other)])
    assert found.select("file", "line", "item", "code").rows() == [
        ("other.xml", 2, None, "duplicate-uri"),
        ("other.xml", 4, "shoeSize", "other-item"),
        ("other.xml", 5, "gloveSize", "other-number"),
    ]
    assert found["message"][1] == "one.xml defines it with another length"


def test_dictionaries_of_different_versions_or_in_the_same_columns() -> None:
    hat = good(naaccrId="hatSize", naaccrNum="9701", startColumn="3050")
    first = xml(good(startColumn="3049"), root=FLAT, spec="1.5")
    found = validate_dictionaries(
        [
            ("a.xml", first),
            ("a.xml", xml(hat, root=FLAT, spec="1.5", uri=URI + "2")),
            (
                "later.xml",
                xml(good(naaccrId="own", naaccrNum="9702"), root='naaccrVersion="260"', uri=URI + "3"),
            ),
            ("same.xml", first.replace(URI.encode(), b"urn:x")),
            ("broken.xml", b"<NaaccrDictionary>"),
        ]
    )
    assert found.select("file", "line", "item", "code").rows() == [
        ("a.xml", 4, "hatSize", "overlapping-columns"),
        ("later.xml", 2, None, "other-version"),
        ("broken.xml", 1, None, "not-well-formed"),
    ]
    assert found["message"][0] == "its columns overlap shoeSize of a.xml in 3049-3050"


def test_an_overlap_is_told_at_the_later_dictionary() -> None:
    later = good(naaccrId="hatSize", naaccrNum="9701", startColumn="3048", length="4")
    files = [
        ("first.xml", xml(good(startColumn="3049"), spec="1.5")),
        ("later.xml", xml(later, spec="1.5", uri=URI + "2")),
    ]
    found = validate_dictionaries(files)
    assert found.rows() == [
        (
            "later.xml",
            4,
            "hatSize",
            "overlapping-columns",
            "its columns overlap shoeSize of first.xml in 3049-3050",
        )
    ]


def test_nothing_to_validate() -> None:
    assert validate_dictionaries([]).columns == ["file", "line", "item", "code", "message"]
    assert standards.validate_dictionary(xml(good()), "a.xml").is_empty()
