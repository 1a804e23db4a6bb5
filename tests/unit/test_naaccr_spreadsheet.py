"""Tables of registries, read as they come: no value changed, every fault with its line."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.formats.naaccr.data import FAULTS, NaaccrData
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.mapping import BadMapping
from registry.formats.naaccr.spreadsheet import read_table, write_table
from registry.standards import Item
from registry.standards.items import Dictionary

HEADER = NaaccrHeader(
    version="260",
    record_type="A",
    time_generated="2026-11-01T12:00:00Z",
    specification_version="1.8",
    user_dictionaries=("urn:state",),
    attributes={"{urn:x}note": 'a "note"'},
    items={"recordType": "A", "registryId": "0000001234"},
)
STATE = Dictionary("260", "urn:state", [Item(9501, "localThing", "Local", 40, "Tumor", "AMCI")])


def records(
    patients: dict[str, list[Any]], tumors: dict[str, list[Any]], header: NaaccrHeader = HEADER
) -> NaaccrData:
    places = {"patient_index": pl.Int64, "tumor_index": pl.Int64}
    of_patients, of_tumors = (
        pl.DataFrame(columns, schema={name: places.get(name, pl.String) for name in columns})
        for columns in (patients, tumors)
    )
    return NaaccrData(header, of_patients, of_tumors, pl.DataFrame(schema=FAULTS))


def faults(data: NaaccrData) -> list[tuple[Any, ...]]:
    return data.errors.select("line", "patient_index", "tumor_index", "item", "value", "code").rows()


def written(data: NaaccrData, form: str) -> bytes:
    out = io.BytesIO()
    write_table(out, data, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_all_that_a_file_says_comes_back(form: str) -> None:
    data = records(
        {
            "patient_index": [0, 1, 2],
            "patientIdNumber": ["00000007", None, "00000008"],
            "nameLast": ['O\'Hara; "Q"', None, " x"],
        },
        {
            "patient_index": [0, 0, 2],
            "tumor_index": [0, 1, 0],
            "primarySite": ["C504", "C619", None],
            "textRemarks": ["line 1\nline 2\r\nline 3", None, "é, 語"],
            "localThing": [None, "1", None],
        },
    )
    again = read_table(written(data, form), dictionary=STATE)
    assert again.header == HEADER
    assert again.items.equals(data.items)
    assert again.tumors.select("patient_index", "tumor_index").equals(
        data.tumors.select("patient_index", "tumor_index")
    )
    assert again.patients["patient_index"].to_list() == [0, 1, 2]
    line = 7 if form == "csv" else 4
    assert faults(again) == [(line, 2, None, "nameLast", " x", "leading-space")]
    assert written(data, form) == written(data, form)


def test_the_columns_stand_in_dictionary_order() -> None:
    data = records(
        {"patient_index": [0], "nameLast": ["A"], "patientIdNumber": ["00000001"]},
        {"patient_index": [0], "tumor_index": [0], "laterality": ["1"], "primarySite": ["C504"]},
        NaaccrHeader(version="260", record_type="I", items={"registryId": "1"}),
    )
    assert written(data, "csv").decode().splitlines() == [
        "patient,tumor,patientIdNumber,registryId,primarySite,laterality,nameLast,NaaccrData.baseDictionaryUri,NaaccrData.recordType",
        "1,1,00000001,1,C504,1,A,http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml,I",
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_without_patients_keeps_what_it_says_of_itself(form: str) -> None:
    data = records({"patient_index": []}, {"patient_index": [], "tumor_index": []})
    again = read_table(written(data, form), dictionary=STATE)
    assert again.header == HEADER
    assert again.patients.height == again.tumors.height == 0
    assert again.errors.is_empty()


def test_an_item_at_another_level_comes_back_there() -> None:
    data = records(
        {"patient_index": [0], "nameLast": ["A"]},
        {"patient_index": [0], "tumor_index": [0], "nameLast": ["B"]},
    )
    again = read_table(written(data, "csv"), dictionary=STATE)
    assert again.items.equals(data.items)


@pytest.mark.parametrize(
    "table",
    [
        "patientIdNumber,nameLast,primarySite\r\n00000007,MÜLLER,C504\r\n".encode(),
        "\ufeffpatientIdNumber;nameLast;primarySite\n00000007;MÜLLER;C504\n".encode(),
        "patientIdNumber\tnameLast\tprimarySite\n00000007\tMÜLLER\tC504".encode("utf-16"),
        '"patientIdNumber"|" nameLast "|primarySite\n"00000007"|"MÜLLER"|C504\n\n'.encode("latin-1"),
        "patientIdNumber,nameLast,primarySite\r00000007,MÜLLER,C504\r".encode(),
        gzip.compress("patientIdNumber,nameLast,primarySite\n00000007,MÜLLER,C504\n".encode(), mtime=0),
    ],
    ids=["plain", "bom-semicolon", "utf16-tab", "latin1-quoted", "old-mac", "gz"],
)
def test_every_way_to_save_a_table_reads_the_same(table: bytes) -> None:
    data = read_table(table, version="260", record_type="A")
    assert data.items.select("item", "value").rows() == [
        ("patientIdNumber", "00000007"),
        ("nameLast", "MÜLLER"),
        ("primarySite", "C504"),
    ]


def test_windows_text_is_said() -> None:
    data = read_table("nameLast\nMÜLLER\n".encode("cp1252"))
    assert [code for *_, code in faults(data)] == ["encoding"]


def test_values_are_judged_as_in_xml_with_the_line_of_the_row() -> None:
    table = b'patientIdNumber,primarySite,textRemarks,dateOfDiagnosis\n00000001,C5O4,"a\nb",20240230\n00000002,C504, ,2024\n'
    data = read_table(table, version="260", record_type="A")
    assert faults(data) == [
        (2, 0, 0, "dateOfDiagnosis", "20240230", "impossible-date"),
        (2, 0, 0, "primarySite", "C5O4", "code-list"),
        (4, 1, 0, "textRemarks", " ", "leading-space"),
        (4, 1, 0, "textRemarks", " ", "trailing-space"),
    ]
    assert data.tumors["textRemarks"].to_list() == ["a\nb", None]


def test_items_of_another_record_type_are_said() -> None:
    data = read_table(b"nameLast\nDOE\n", version="260", record_type="I")
    assert faults(data) == [(2, 0, None, "nameLast", "DOE", "record-type")]
    assert data.patients["nameLast"].to_list() == ["DOE"]


def test_rows_become_patients_by_their_number_wherever_they_stand() -> None:
    table = b"patientIdNumber,nameLast,primarySite\n00000007,DOE,C504\n,ROE,C619\n00000007,,C180\n,POE,C220\n"
    data = read_table(table, version="260")
    assert data.patients["nameLast"].to_list() == ["DOE", "ROE", "POE"]
    assert data.tumors.select("patient_index", "tumor_index", "primarySite").rows() == [
        (0, 0, "C504"),
        (0, 1, "C180"),
        (1, 0, "C619"),
        (2, 0, "C220"),
    ]


def test_another_key_and_the_numbers_of_tumors_order_the_rows() -> None:
    table = b"MED_REC,tumor,primarySite\nb,2,C504\na,1,C619\nb,1,C180\nb,,\n"
    mapping = b"column,naaccr_id\nMED_REC,\n"
    data = read_table(table, mapping, key="MED_REC")
    assert data.tumors.select("patient_index", "primarySite").rows() == [
        (0, "C180"),
        (0, "C504"),
        (1, "C619"),
    ]
    with pytest.raises(BadInput, match="there is no column MED_REK \\(did you mean MED_REC"):
        read_table(table, mapping, key="MED_REK")


def test_what_rows_of_one_patient_say_differently_is_reported_and_the_first_stands() -> None:
    table = b"patientIdNumber,registryId,nameLast,primarySite\n00000007,0000000001,DOE,C504\n00000007,0000000002,ROE,C619\n"
    data = read_table(table, version="260", record_type="A")
    assert data.patients["nameLast"].to_list() == ["DOE"]
    assert data.header.items["registryId"] == "0000000001"
    assert faults(data) == [
        (3, None, None, "registryId", "0000000002", "conflicting-values"),
        (3, 0, 1, "nameLast", "ROE", "conflicting-values"),
    ]


def test_rows_of_a_wrong_width_are_reported_whole() -> None:
    data = read_table(b'nameLast,primarySite\nDOE,C504,x\nROE\n\n"A\nB",C619\n,C180\n', version="260")
    assert faults(data) == [
        (2, None, None, None, "DOE,C504,x", "row-length"),
        (3, None, None, None, "ROE", "row-length"),
    ]
    assert data.tumors.select("line", "primarySite").rows() == [(5, "C619"), (7, "C180")]


MAPPING = b"""column,naaccr_id,default,date_format,code_map
ID,patientIdNumber,,,
SEX,sexAssignedAtBirth,9,,M=1; F=2
DX,dateOfDiagnosis,,%m/%d/%Y,
,registryId,0000001234,,
NOTES,,,,
"""


def test_a_mapping_names_changes_and_fills_columns() -> None:
    table = b"ID,SEX,DX,NOTES,primarySite,Extra\n00000001,F,2/29/2024,n,C504,e\n00000002,,13/1/2024,n,C619,\n"
    data = read_table(table, MAPPING, version="260", record_type="A")
    assert data.patients["sexAssignedAtBirth"].to_list() == ["2", "9"]
    assert data.tumors["dateOfDiagnosis"].to_list() == ["20240229", "13/1/2024"]
    assert data.header.items == {"registryId": "0000001234"}
    assert faults(data) == [
        (1, None, None, "Extra", None, "unmapped-column"),
        (3, 1, 0, "dateOfDiagnosis", "13/1/2024", "data-type"),
        (3, 1, 0, "dateOfDiagnosis", "13/1/2024", "too-long"),
    ]


def test_every_fault_of_a_mapping_is_one_line() -> None:
    mapping = b"column,naaccr_id\nSITE,primarySit\nID,patientIdNumber\nID2,patientIdNumber\nGONE,laterality\n"
    with pytest.raises(BadMapping) as caught:
        read_table(b"SITE,ID,ID2\n1,2,3\n", mapping, version="260")
    assert caught.value.lines == (
        "<input>:2: no item primarySit in NAACCR 260 (did you mean primarySite?)",
        "<input>:4: patientIdNumber is mapped twice (columns ID and ID2); keep one of them",
        "<input>:5: <input> has no column GONE",
    )
    assert str(caught.value) == f"{caught.value.lines[0]} (and 2 more)"


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        (b"column,item\na,b\n", "columns column and naaccr_id"),
        (b"column,naaccr_id,colour\na,b,c\n", "colour"),
        (b"column,naaccr_id,code_map\na,sex,M1\n", '2: code_map "M1" is not like'),
        (b"column,naaccr_id,date_format\na,sex,%Q\n", '2: date_format "%Q" is not like'),
        (b"column,naaccr_id\n,sex\n", "2: sex has neither a column nor a default"),
        (b"column,naaccr_id\n\xff,sex\n", "not UTF-8"),
    ],
)
def test_a_bad_mapping_file_says_what_is_wrong(mapping: bytes, line: str) -> None:
    with pytest.raises(BadInput, match=line.replace("(", "\\(")):
        read_table(b"a\n1\n", mapping)


def test_without_a_mapping_every_column_must_be_known() -> None:
    with pytest.raises(
        BadMapping, match="column primarysite is not an item of NAACCR 260 \\(did you mean primarySite"
    ):
        read_table(b"primarysite\nC504\n", version="260")


def zipped(name: str, content: bytes = b"<a/>") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_a_zipped_table_is_read() -> None:
    assert read_table(zipped("a.csv", b"nameLast\nDOE\n")).patients["nameLast"].to_list() == ["DOE"]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (b"", "the file is empty"),
        (b"nameLast\0\nA\n", "not a text table"),
        (b"PK\x03\x04 cut off", "the zip file is damaged"),
        (zipped("[Content_Types].xml"), "an Office file"),
        (b"a,,b\n1,2,3\n", "column 2 has no name"),
        (b"a,b,a\n1,2,3\n", "column a is there twice"),
        (b"PAR1 but broken", "not a readable Parquet file"),
        (b"NaaccrData.baseDictionaryUri,nameLast\nurn:x,A\n", "not a supported NAACCR version"),
    ],
)
def test_what_is_no_table_is_one_clear_line(table: bytes, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        read_table(table)


def test_numbers_and_dates_of_a_parquet_file_become_text_by_rule() -> None:
    frame = pl.DataFrame(
        {
            "patientIdNumber": [7, 123456789],
            "dateOfBirth": [dt.date(1970, 1, 2), None],
            "ageAtDiagnosis": [7.0, 7.5],
            "sequenceNumberCentral": [float("nan"), 0.0],
            "tumorSizeSummary": pl.Series([1, None], dtype=pl.UInt16),
            "pathDateSpecCollect1": [dt.datetime(2024, 1, 31, 10, 20), dt.datetime(2024, 1, 31)],
            "overRideAgeSiteMorph": [True, None],
            "textRemarks": [12, 13],
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    data = read_table(out.getvalue(), version="260", record_type="A")
    values = {(row[0], row[1]): row[2] for row in data.items.select("patient_index", "item", "value").rows()}
    assert values == {
        (0, "patientIdNumber"): "00000007",
        (1, "patientIdNumber"): "123456789",
        (0, "dateOfBirth"): "19700102",
        (0, "ageAtDiagnosis"): "007",
        (1, "ageAtDiagnosis"): "7.5",
        (1, "sequenceNumberCentral"): "00",
        (0, "tumorSizeSummary"): "001",
        (0, "pathDateSpecCollect1"): "2024-01-31T10:20:00",
        (1, "pathDateSpecCollect1"): "2024-01-31",
        (0, "overRideAgeSiteMorph"): "1",
        (0, "textRemarks"): "12",
        (1, "textRemarks"): "13",
    }
    assert [(row[0], row[3], row[5]) for row in faults(data)] == [
        (2, "patientIdNumber", "too-long"),
        (2, "ageAtDiagnosis", "data-type"),
    ]


def test_a_tumor_without_its_patient_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    data = records(
        {"patient_index": [0]}, {"patient_index": [1], "tumor_index": [0], "primarySite": ["C504"]}
    )
    target = tmp_path / "out.csv"
    target.write_bytes(b"before")
    with pytest.raises(BadInput, match="its patient is not there"):
        write_table(target, data)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
VALUE = st.one_of(st.none(), TEXT.filter(lambda text: bool(text.strip(" \t\r\n"))))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["csv", "parquet"]))
def test_any_values_come_back_the_same(draw: st.DataObject, form: str) -> None:
    count = draw.draw(st.integers(1, 4))
    owners = sorted(draw.draw(st.lists(st.integers(0, count - 1), max_size=6)))

    def column(height: int) -> list[str | None]:
        return draw.draw(st.lists(VALUE, min_size=height, max_size=height))

    data = records(
        {"patient_index": list(range(count)), "patientIdNumber": column(count), "nameLast": column(count)},
        {
            "patient_index": owners,
            "tumor_index": [owners[:at].count(owner) for at, owner in enumerate(owners)],
            "primarySite": column(len(owners)),
            "textRemarks": column(len(owners)),
        },
        NaaccrHeader(version="260", record_type="A", items={"registryId": draw.draw(TEXT.filter(str.strip))}),
    )
    again = read_table(written(data, form))
    assert again.items.equals(data.items)
    assert again.header == data.header
    assert (
        again.tumors.select("patient_index", "tumor_index").rows()
        == data.tumors.select("patient_index", "tumor_index").rows()
    )
