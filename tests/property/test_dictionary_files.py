"""Whatever is sent as a dictionary: an answer with a line, never a crash."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.standards import assign_columns, user_dictionary, validate_dictionary
from registry.standards.items import Item

XML = b"""<?xml version="1.0"?>
<NaaccrDictionary dictionaryUri="https://state.example/a.xml" naaccrVersion="180" specificationVersion="1.5"
    xmlns="http://naaccr.org/naaccrxml"><ItemDefs>
<ItemDef naaccrId="shoeSize" naaccrNum="9700" naaccrName="Shoe" length="2" startColumn="3049"
    recordTypes="A,M" parentXmlElement="Patient" dataType="digits" padding="leftZero" trim="none"/>
<ItemDef naaccrId="hatSize" naaccrNum="9701" length="2" parentXmlElement="Tumor" allowUnlimitedText="true"/>
</ItemDefs></NaaccrDictionary>
"""
TABLE = b"""# dictionaryUri: https://state.example/a.xml
NAACCR XML ID,NAACCR Number,Name,Start Column,Length,Record Types,Parent XML Element,Data Type
shoeSize,9700,"Shoe, left",3049,2,"A,M",Patient,digits
hatSize,9701,Hat,,2,"A,M,C,I",Tumor,text
"""
PIECES = [
    b"",
    b'"',
    b"<",
    b"&",
    b"\x00",
    b"\xff",
    b"99999999999",
    b"-1",
    b",",
    b";",
    b"\n",
    b" ",
    b"\xc3\xa4",
    b"]]>",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from([XML, TABLE, XML.decode().encode("utf-16"), TABLE.decode().encode("utf-16")]))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 12))
        data = data[:start] + draw(st.sampled_from(PIECES)) + data[end:]
    return data


@settings(max_examples=120, deadline=None)
@given(damaged())
def test_a_damaged_dictionary_is_judged_not_crashed_on(data: bytes) -> None:
    found = validate_dictionary(data, "a file")
    with contextlib.suppress(BadInput):
        read = user_dictionary(data, "a file")
        # What is read must be all there is: a fault of structure is never passed over.
        assert not set(found["code"]) & {"unexpected-element", "columns"}
        assert len(read.columns()) == len({(item.id, item.number) for item in read.definitions})


ITEMS = st.builds(
    lambda name, number: Item(number, name, name, 1, "Tumor", "A"),
    st.sampled_from(["a", "A", "b", "a__1", "sex", "Sex", "primarySite"]),
    st.sampled_from([1, 2, 220, 400]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(ITEMS, max_size=6), max_size=5))
def test_columns_are_stable_and_never_shared(loads: list[list[Item]]) -> None:
    held: dict[str, tuple[str, int | None]] = {}
    for load in loads:
        for key, column in assign_columns(held, load).items():
            assert held.setdefault(column, key) == key
    assert len({column.casefold() for column in held}) == len(held) == len(set(held.values()))
