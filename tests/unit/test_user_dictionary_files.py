"""User dictionaries as XML and as tables, however they are written, say the same."""

from __future__ import annotations

import pytest

from registry.errors import BadInput
from registry.standards import user_dictionary, validate_dictionary

HEADINGS = "NAACCR XML ID,NAACCR Number,Name,Start Column,Length,Record Types,Parent XML Element,Data Type"
TABLE = f"""{HEADINGS}
shoeSize,9700,"Shoe size, European",,2,"A,M,C,I",Patient,digits
petName,9701,Pet's name,,30,"A,M",Patient,text
"""
XML = """<?xml version="1.0"?>
<NaaccrDictionary dictionaryUri="https://state.example/shoes.xml" naaccrVersion="250"
    specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">
  <ItemDefs>
    <ItemDef naaccrId="shoeSize" naaccrNum="9700" naaccrName="Shoe size, European" length="2"
        recordTypes="A,M,C,I" parentXmlElement="Patient" dataType="digits"/>
    <ItemDef naaccrId="petName" naaccrNum="9701" naaccrName="Pet's name" length="30"
        recordTypes="A,M" parentXmlElement="Patient"/>
  </ItemDefs>
</NaaccrDictionary>
"""
SEMICOLONS = """# dictionaryUri: https://state.example/shoes.xml
# naaccrVersion: 250

Parent XML Element;LENGTH;name;naaccr number;naaccr xml id;Record Types;data type;Comment
Patient;2;Shoe size, European;9700;shoeSize;A,M,C,I;digits;metric
Patient;30;Pet's name;9701;petName;A,M;;
"""
COLUMNS = f"""{HEADINGS},Dictionary URI,NAACCR Version
shoeSize,9700,"Shoe size, European",,2,"A,M,C,I",Patient,digits,https://state.example/shoes.xml,250
petName,9701,Pet's name,,30,"A,M",Patient,text,,
"""


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("petName", "\npetName").encode(),
        SEMICOLONS.encode(),
        SEMICOLONS.replace(";", "\t").encode(),
        COLUMNS.encode(),
        XML.encode(),
        XML.encode("utf-8-sig"),
        XML.replace("?>", ' encoding="utf-16"?>').encode("utf-16"),
        XML.replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?").replace("xmlns=", "xmlns:n=").encode(),
    ],
)  # fmt: skip
def test_the_same_items_whatever_the_file(data: bytes) -> None:
    found = user_dictionary(data, "shoes.csv")
    assert found.items.equals(user_dictionary(XML.encode(), "shoes.xml").items)
    shoe = found.item("shoeSize")
    assert shoe is not None
    assert (shoe.number, shoe.name, shoe.length, shoe.level) == (9700, "Shoe size, European", 2, "Patient")
    assert (shoe.record_types, shoe.data_type, shoe.start_column) == ("AMCI", "digits", None)
    assert found.ids(record_type="I") == ["shoeSize"]


@pytest.mark.parametrize("data", [XML, SEMICOLONS, COLUMNS])
def test_a_stated_uri_and_version(data: str) -> None:
    found = user_dictionary(data.encode(), "any name")
    assert (found.uri, found.version) == ("https://state.example/shoes.xml", "250")
    assert found.uri_given


def test_a_table_without_uri_is_named_after_its_file() -> None:
    found = user_dictionary(TABLE.encode(), "Our Shoes.csv")
    assert (found.uri, found.uri_given, found.version) == ("urn:x-naaccr-dictionary:our-shoes", False, None)


def test_flat_columns_and_windows_letters() -> None:
    table = f"{HEADINGS}\nfußNote,9700,Fußnote,2340,10,A,Tumor,text\n".replace("fußNote", "footNote")
    item = user_dictionary(table.encode("cp1252"), "a.csv").item("footNote")
    assert item is not None and (item.start_column, item.name) == (2340, "Fußnote")


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ("", ":1", "empty"),
        ("id,name\n", ":1", "no heading for naaccrNum, length, parentXmlElement"),
        (TABLE.replace("9701", "many"), ":3", "no usable naaccrId, naaccrNum"),
        (TABLE.replace("30", "0"), ":3", "no usable"),
        (TABLE.replace("shoeSize", ""), ":2", "no usable"),
        (TABLE.replace("shoeSize", "shoe size"), ":2", "letters and digits"),
        (TABLE.replace("Patient,text", "Person,text"), ":3", 'parentXmlElement "Person"'),
        (TABLE.replace("Patient,text", "Patient,words"), ":3", 'unknown dataType "words"'),
        (TABLE.replace(",,30", ",first,30"), ":3", 'startColumn "first"'),
        (TABLE.replace("Patient,text", "Patient,text,a,b"), ":3", "10 values below 8 headings"),
        (TABLE.replace("Pet's", '"Pet'), ":3", "cannot be read"),
        (f"# a note\n\n{TABLE}".replace("9701", ""), ":5", "no usable"),
        (XML.replace('length="30"', 'length="x"'), ":7", "no usable"),
        (XML.replace("<ItemDefs>", "<ItemDefs><Items/>"), ":4", "Items is not expected in ItemDefs"),
    ],
)
def test_a_fault_is_named_by_its_line(data: str, place: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        user_dictionary(data.encode(), "state file")
    assert str(caught.value).startswith(f"state file{place}: ")


@pytest.mark.parametrize(
    "data",
    [
        b"<NaaccrDictionary>" + b" " * 10_000_001,
        b"id\n" + b" " * 10_000_001,
        b"<NaaccrDictionary><ItemDefs>" + b"<ItemDef/>" * 50_001 + b"</ItemDefs></NaaccrDictionary>",
        HEADINGS.encode() + b"\na,b" * 50_001,
    ],
)
def test_what_is_far_larger_than_any_dictionary_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="more than"):
        user_dictionary(data, "state")
    assert validate_dictionary(data, "state")["code"].to_list() == ["too-large"]


def test_a_file_of_nonsense_has_not_more_faults_than_can_be_read() -> None:
    data = b"<NaaccrDictionary>" + b"<a/>" * 100_000 + b"</NaaccrDictionary>"
    assert validate_dictionary(data, "state").height <= 10_010
