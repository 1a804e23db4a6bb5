"""The rules of writing NAACCR XML: what is legal, how long it may be, and how the file begins."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry import standards
from registry.errors import BadInput
from registry.formats import NaaccrHeader, jit, naaccr_writer, read_naaccr_xml, write_naaccr_xml
from registry.formats.naaccr import writer
from registry.standards import Dictionary, Item

NO_TUMORS = pl.DataFrame(schema={"patient_index": pl.Int64})
STATE = Dictionary(
    "260", "urn:state", [Item(9950, "weight", "A", 3, "Tumor", "AMCI"), Item(9951, "weight", "B", 3, "Tumor", "A")]
)  # fmt: skip
OTHER = Dictionary("260", "urn:other", [Item(9952, "height", "H", 3, "Patient", "AMCI")])


def one(
    items: dict[str, Any], level: str = "Patient", **options: Any
) -> tuple[str, list[tuple[str, str, int]]]:
    """The text of a file with one patient and one tumor, and what was left out."""
    options = {"header": NaaccrHeader(version="260", record_type="A"), **options}
    key = pl.DataFrame({"patient_index": [0]})
    row = key.hstack([pl.Series(name, [value]) for name, value in items.items()])
    out = io.BytesIO()
    report = write_naaccr_xml(out, *((row, NO_TUMORS) if level == "Patient" else (key, row)), **options)
    return out.getvalue().decode(), [tuple(left) for left in report.left_out]


@pytest.mark.parametrize(
    ("record_type", "written"),
    [
        ("A", {"nameLast", "vitalStatus", "textRemarks", "ruralurbanContinuum2013"}),
        ("M", {"nameLast", "vitalStatus", "textRemarks", "ruralurbanContinuum2013"}),
        ("C", {"nameLast", "vitalStatus", "ruralurbanContinuum2013"}),
        ("I", {"vitalStatus", "ruralurbanContinuum2013"}),
    ],
)
def test_only_what_the_record_type_carries(record_type: str, written: set[str]) -> None:
    patients = pl.DataFrame({"patient_index": [0], "nameLast": ["DOE"], "vitalStatus": ["1"]})
    tumors = pl.DataFrame({"patient_index": [0], "textRemarks": ["x"], "ruralurbanContinuum2013": ["01"]})
    out = io.BytesIO()
    report = write_naaccr_xml(out, patients, tumors, header=NaaccrHeader("", "260", record_type))
    data = read_naaccr_xml(out.getvalue())
    assert set(data.items["item"]) == written and data.errors.is_empty()
    given = {"nameLast", "vitalStatus", "textRemarks", "ruralurbanContinuum2013"}
    assert {left.item for left in report.left_out} == given - written
    dictionary = standards.dictionary("260")
    for item in map(dictionary.item, given):
        assert item is not None and (item.id in written) == (record_type in item.record_types)


def test_values_too_long_are_refused_before_anything_is_written() -> None:
    tumors = pl.DataFrame(
        {
            "patient_index": [1, 0, 1, 1],
            "tumor_index": [2, 0, 1, 0],
            "primarySite": ["C5091", "C509", "C5092", " C509 "],
        }
    )
    out = io.BytesIO()
    with pytest.raises(BadInput) as raised:
        write_naaccr_xml(
            out, pl.DataFrame({"patient_index": [0, 1]}), tumors, header=NaaccrHeader(record_type="A")
        )
    assert str(raised.value) == (
        "<output>: primarySite has 2 values longer than 4 characters, the first in patient 2 tumor 2; "
        "correct them, or write with too_long cut or keep"
    )
    assert out.getvalue() == b""


def test_places_count_on_over_batches() -> None:
    with (
        pytest.raises(
            BadInput, match="vitalStatus has 1 value longer than 1 characters, the first in patient 4;"
        ),
        naaccr_writer(io.BytesIO(), NaaccrHeader(record_type="A")) as out,
    ):
        out.add(pl.DataFrame({"patient_index": [0, 1], "vitalStatus": ["1", None]}), NO_TUMORS)
        out.add(pl.DataFrame({"patient_index": [2, 3], "vitalStatus": ["1", "11"]}), NO_TUMORS)


@pytest.mark.parametrize(
    ("value", "too_long", "content", "cut"),
    [
        ("C5091", "cut", "C509", 1),
        ("C5091", "keep", "C5091", 0),
        (" C509\t", "error", " C509\t", 0),  # blanks around a value do not count
        ("  C50 91", "cut", "C50", 1),  # a cut value keeps none
        ("éééé", "error", "éééé", 0),  # characters, not bytes
        ("ééééé", "cut", "éééé", 1),
        ("<&>\r", "error", "&lt;&amp;&gt;&#13;", 0),
        ("a\nb\n", "error", "a\nb\n", 0),
    ],
)
def test_lengths(value: str, too_long: str, content: str, cut: int) -> None:
    text, left = one({"primarySite": value}, "Tumor", too_long=too_long)
    assert f'<Item naaccrId="primarySite">{content}</Item>' in text
    assert left == ([("primarySite", "longer than 4 characters, cut", 1)] if cut else [])


def test_unlimited_text_is_never_cut() -> None:
    assert standards.dictionary("210").item("textRemarks").unlimited  # type: ignore[union-attr]
    header = NaaccrHeader(version="210", record_type="A")
    text, left = one({"textRemarks": "x" * 70_000}, "Tumor", too_long="cut", header=header)
    assert "x" * 70_000 in text and left == []


@pytest.mark.parametrize("value", [None, "", " ", "\t\r\n ", " " * 20])
def test_no_value_is_no_item(value: str | None) -> None:
    assert one({"nameLast": value}) == (one({})[0], [])


def test_illegal_characters_become_blanks() -> None:
    reason = "characters that XML does not allow became blanks"
    text, left = one({"nameLast": "A\x00B\uffff\x1f", "nameFirst": "\x01\ufffe"})
    assert ">A B  </Item>" in text and "nameFirst" not in text
    assert left == [("nameFirst", reason, 1), ("nameLast", reason, 1)]
    assert one({"nameLast": "\ufeffA\x7f\x85"})[1] == []


@pytest.mark.parametrize("compiled", [True, False])
def test_every_character_that_xml_allows_is_kept(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "compiled_pays", lambda _: compiled)
    edges = "\t\n\x20\x7e\x7f\x80\x9f\u2028\ud7ff\ue000\uf8ff\ufffd\U00010000\U0010ffffz"
    text, left = one({"nameLast": edges, "nameFirst": "\ud7ff", "nameMiddle": "\x08\ue000\ufffe\x0b"})
    assert f">{edges}</Item>" in text and ">\ud7ff</Item>" in text and "> \ue000  </Item>" in text
    assert [name for name, *_ in left] == ["nameMiddle"]


def test_items_that_share_an_id_are_written_with_their_number() -> None:
    items = {"weight": "1", "weight__9951": "2", "primarySite": "C509"}
    text, left = one(items, "Tumor", dictionaries=STATE)
    assert [line.strip() for line in text.splitlines() if "Item" in line] == [
        '<Item naaccrId="primarySite">C509</Item>',
        '<Item naaccrId="weight" naaccrNum="9950">1</Item>',
        '<Item naaccrId="weight" naaccrNum="9951">2</Item>',
    ]
    assert left == []
    tumors = read_naaccr_xml(text.encode(), dictionary=STATE).tumors
    assert tumors.select("weight", "weight__9951").row(0) == ("1", "2")
    text, left = one(items, "Tumor", dictionaries=STATE, header=NaaccrHeader("", "260", "I"))
    assert "9951" not in text and left == [("weight__9951", "not part of record type I", 1)]


def test_an_item_that_two_dictionaries_put_at_two_levels() -> None:
    here, there = (
        Dictionary("260", f"urn:{level}", [Item(9970, "shared", "S", 3, level, "AMCI")])
        for level in ("Patient", "Tumor")
    )
    for level in ("Patient", "Tumor"):
        text, left = one({"shared": "1"}, level, dictionaries=[here, there])
        assert '<Item naaccrId="shared">1</Item>' in text and left == []
    assert one({"shared": "1"}, "Patient", dictionaries=there)[1] == [
        ("shared", "belongs to Tumor, not to Patient", 1)
    ]


def test_columns_that_no_dictionary_knows() -> None:
    items = {"weight__7": "1", "our_own": "2", "line": "3", "primarySite__400": "C501", "primarySite": "C509"}
    text, left = one(items, "Tumor")
    assert text.count("<Item") == 1 and ">C501<" in text
    assert left == [
        ("primarySite", "stands in another column already (primarySite__400)", 1),
        ("weight__7", "not an item of NAACCR 260", 1),
    ]


def test_dates_and_numbers_are_written_as_text() -> None:
    text, _ = one({"dateOfBirth": dt.date(1950, 2, 3), "vitalStatus": 1})
    assert ">19500203<" in text and ">1<" in text
    time = dt.datetime(2026, 1, 2, 3, 4, 5)
    assert ">20260102030405<" in one({"pathDateSpecCollect1": time}, "Tumor")[0]
    with pytest.raises(BadInput, match="column nameLast holds List"):
        one({"nameLast": ["DOE"]})


def test_user_dictionaries_are_named_and_raise_the_specification() -> None:
    header = NaaccrHeader(
        version="260", record_type="A", specification_version="1.0", user_dictionaries=("urn:other",)
    )
    text, _ = one({"height": "180"}, dictionaries=[STATE, OTHER], header=header)
    assert 'userDictionaryUri="urn:other urn:state"' in text and 'specificationVersion="1.2"' in text
    text, _ = one({"height": "180"}, dictionaries=OTHER, header=header)
    assert 'userDictionaryUri="urn:other"' in text and 'specificationVersion="1.0"' in text
    for unknown in (None, "", "9.9"):
        header.specification_version = unknown
        assert 'specificationVersion="1.8"' in one({}, header=header)[0]


def test_root_attributes_of_other_namespaces() -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    attributes = {
        "{urn:b}second": "2",
        "{urn:a}first": 'a "quoted" <\x01>\n',
        "{urn:a}also": "1",
        "{http://www.w3.org/XML/1998/namespace}lang": "en",
        f"{{{xsi}}}schemaLocation": "urn:a a.xsd",
        "colour": "red",
        "{urn:a}not a name": "x",
        "{http://naaccr.org/naaccrxml}own": "x",
    }
    header = NaaccrHeader(version="260", record_type="A", attributes=attributes)
    text, left = one({}, header=header)
    read = read_naaccr_xml(text.encode()).header.attributes
    kept = {name: value for name, value in attributes.items() if name.startswith("{urn:") and " " not in name}
    kept["{urn:a}first"] = 'a "quoted" < >\n'
    assert {name: value for name, value in read.items() if name.startswith("{urn:")} == kept
    assert (
        text.count('"urn:a"') == 1 and 'xml:lang="en"' in text and 'xsi:schemaLocation="urn:a a.xsd"' in text
    )
    unwritten = ["colour", "{http://naaccr.org/naaccrxml}own", "{urn:a}first", "{urn:a}not a name"]
    assert [item for item, _, _ in left] == unwritten
    again = NaaccrHeader(version="260", record_type="A", attributes=read)
    assert one({}, header=again) == (text, [])


def test_root_items_have_rules_too() -> None:
    items = {"registryId": "1" * 11, "naaccrRecordVersion": "180", "primarySite": "C509", "nothing": "x"}
    header = NaaccrHeader("", "260", "A", items=items)
    with pytest.raises(
        BadInput, match="registryId has 1 value longer than 10 characters, the first in the root"
    ):
        one({}, header=header)
    text, left = one({}, header=header, too_long="cut")
    root = text.partition("    <Patient>")[0].splitlines()[2:]
    assert root == [
        '    <Item naaccrId="registryId">1111111111</Item>',
        '    <Item naaccrId="naaccrRecordVersion">260</Item>',
    ]
    assert [item for item, _, _ in left] == ["nothing", "primarySite", "registryId"]


def test_a_header_of_another_version_names_the_version_that_is_written() -> None:
    old = NaaccrHeader(version="180", record_type="A")
    header = NaaccrHeader(old.base_dictionary_uri, "260", "A")
    assert "naaccr-dictionary-260.xml" in one({}, header=header)[0]


def test_keys_of_another_type_join_and_missing_ones_are_one_clear_line() -> None:
    patients = pl.DataFrame({"patient_index": pl.Series([5, 7], dtype=pl.UInt32)})
    out = io.BytesIO()
    tumors = pl.DataFrame({"patient_index": ["7"], "primarySite": ["C509"]})
    write_naaccr_xml(out, patients, tumors, header=NaaccrHeader(record_type="A"))
    assert read_naaccr_xml(out.getvalue()).tumors["patient_index"].to_list() == [1]
    for frames, message in (
        ((patients, tumors.rename({"patient_index": "key"})), "the tumors have no column patient_index"),
        ((patients[:0], tumors), "a tumor has no patient"),
        ((pl.concat([patients, patients]), NO_TUMORS), "stands twice"),
    ):
        with pytest.raises(BadInput, match=message):
            write_naaccr_xml(io.BytesIO(), *frames, header=NaaccrHeader(record_type="A"))


def test_small_files_do_not_wait_for_numba(tmp_path: Path) -> None:
    script = (
        "import sys, polars as pl; from registry import formats\n"
        "frame = pl.DataFrame({'patient_index': range(1000), 'vitalStatus': '1'})\n"
        "header = formats.NaaccrHeader(record_type='A')\n"
        f"formats.write_naaccr_xml({str(tmp_path / 'a.xml')!r}, frame, pl.DataFrame(), header=header)\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert read_naaccr_xml(tmp_path / "a.xml").patients.height == 1000


def test_when_the_compiled_way_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    assert not writer.compiled_pays(writer.COMPILED_FROM - 1) and writer.compiled_pays(writer.COMPILED_FROM)
    monkeypatch.setitem(sys.modules, "numba", types.ModuleType("numba"))
    assert writer.compiled_pays(writer.COMPILED_FROM_WHEN_LOADED)
    assert not writer.compiled_pays(writer.COMPILED_FROM_WHEN_LOADED - 1)


@pytest.mark.skipif(not jit.available(), reason="numba is not installed or switched off")
def test_compiled_text_goes_packed_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 5000
    patients = pl.DataFrame(
        {"patient_index": range(rows), "nameLast": ["D'ARCY & <SONS>", None] * (rows // 2)}
    )
    tumors = pl.DataFrame({"patient_index": range(rows), "primarySite": "C509"}).reverse()
    for compiled in (True, False):
        monkeypatch.setattr(writer, "compiled_pays", lambda _, way=compiled: way)
        target = tmp_path / f"{compiled}.xml.gz"
        report = write_naaccr_xml(target, patients, tumors, header=NaaccrHeader(record_type="A"))
        assert (report.patients, report.tumors, report.items) == (rows, rows, rows + rows // 2)
    assert (tmp_path / "True.xml.gz").read_bytes() == (tmp_path / "False.xml.gz").read_bytes()


def test_without_numba_the_bytes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "compiled_pays", lambda _: True)
    expected = one({"nameLast": "R&D"})
    monkeypatch.setattr("registry.formats.jit.available", lambda: False)
    assert one({"nameLast": "R&D"}) == expected
    monkeypatch.undo()
    monkeypatch.setattr(writer, "compiled_pays", lambda _: True)
    monkeypatch.setitem(sys.modules, "registry.formats.naaccr.write_kernel", None)
    monkeypatch.delattr("registry.formats.naaccr.write_kernel", raising=False)
    assert one({"nameLast": "R&D"}) == expected
