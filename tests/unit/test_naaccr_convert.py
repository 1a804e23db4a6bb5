"""File to file: any form to any other, the same bytes each time, nothing lost in silence."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, NotFound
from registry.formats.naaccr.convert import Form, convert, write_quarantine
from registry.formats.naaccr.data import NaaccrData, UnreadableFile
from registry.formats.naaccr.flat import read_naaccr_flat
from registry.formats.naaccr.forms import form_of
from registry.formats.naaccr.reader import read_naaccr_xml
from registry.formats.naaccr.spreadsheet import read_table

TIME = "2026-11-01T12:00:00Z"
STATE = b"""<NaaccrDictionary dictionaryUri="urn:state" naaccrVersion="160" specificationVersion="1.8"
 xmlns="http://naaccr.org/naaccrxml"><ItemDefs><ItemDef naaccrId="localThing" naaccrNum="9501" length="5"
 naaccrName="Local" parentXmlElement="Tumor" startColumn="2340"/></ItemDefs></NaaccrDictionary>"""


def item(name: str, value: str) -> str:
    return f'<Item naaccrId="{name}">{value}</Item>'


def document(
    *patients: str, version: str = "160", kind: str = "A", root: str = "", more: str = "", late: str = ""
) -> bytes:
    body = "\n".join(f"<Patient>{patient}</Patient>" for patient in patients)
    return (
        f'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-{version}.xml" '
        f'recordType="{kind}" timeGenerated="{TIME}" specificationVersion="1.6" {more} '
        f'xmlns="http://naaccr.org/naaccrxml">{root}\n{body}\n{late}</NaaccrData>'
    ).encode()


def patient(number: int, *tumors: str, **items: str) -> str:
    own = "".join(item(name, value) for name, value in items.items())
    return item("patientIdNumber", f"{number:08}") + own + "".join(f"<Tumor>{one}</Tumor>" for one in tumors)


SMALL = document(
    patient(1, item("primarySite", "C504"), item("primarySite", "C619"), nameLast="O'Hara &amp; Müller"),
    patient(2, item("primarySite", "C5O4") + item("localThing", "123")),
    patient(3, nameLast="No tumor"),
    root=item("registryId", "0000001234"),
    more='userDictionaryUri="urn:state"',
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.xml"
    path.write_bytes(STATE)
    return path


def read(path: Path, form: str, state: Path | None = None) -> NaaccrData:
    if form == "xml":
        return read_naaccr_xml(path, dictionary=state)
    return read_naaccr_flat(path, dictionary=state) if form == "flat" else read_table(path, dictionary=state)


@pytest.mark.parametrize("form", ["xml", "flat", "csv", "parquet"])
@pytest.mark.parametrize("back", ["xml", "flat", "csv", "parquet"])
def test_every_form_goes_to_every_form(form: Any, back: Any, tmp_path: Path, state: Path) -> None:
    first, second = tmp_path / f"first.{form}", tmp_path / "second"
    report = convert(SMALL, first, form, dictionary=state)
    assert (report.read_as, report.patients, report.tumors) == ("xml", 3, 3)
    assert report.errors["code"].to_list() == ["code-list"]
    assert report.lost.is_empty() and report.left_out == []
    assert form_of(first) == form
    again = convert(first, second, back, dictionary=state)
    assert (again.read_as, again.patients, again.tumors) == (form, 3, 3)
    original, there = read_naaccr_xml(SMALL, dictionary=state), read(second, back, state)
    assert there.items.equals(original.items)
    assert there.header.user_dictionaries == ("urn:state",)
    if "flat" not in (form, back):
        assert there.header == original.header


@pytest.mark.parametrize("form", ["xml", "flat", "csv", "parquet"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_equal_input_gives_equal_bytes(form: Any, suffix: str, tmp_path: Path, state: Path) -> None:
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    convert(SMALL, one, form, dictionary=state)
    convert(io.BytesIO(SMALL), two, form, dictionary=state)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_unknown_attributes_of_the_root_come_back(form: Any, tmp_path: Path) -> None:
    root = item("registryId", "0000001234")
    source = document(patient(1), root=root, more='sender="A" registryId="B" xmlns:x="urn:x" x:sender="C"')
    convert(source, tmp_path / "out", form)
    original, again = read_naaccr_xml(source), read_table(tmp_path / "out")
    assert again.header == original.header
    assert again.header.attributes == {"sender": "A", "registryId": "B", "{urn:x}sender": "C"}
    assert again.items.equals(original.items)
    assert again.errors["code"].to_list() == ["unexpected-attribute"] * 2


TWINS = "NAACCR XML ID,NAACCR Number,Name,Length,Parent XML Element\n{},{},Twin,1,Tumor\n"


@pytest.mark.parametrize("form", ["xml", "csv", "parquet"])
@pytest.mark.parametrize("named", ["urn:one urn:two", "urn:two urn:one"])
def test_the_order_of_the_file_decides_between_dictionaries(form: Any, named: str, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.xml", "two.xml")]
    for path, naaccr_id, number in zip(paths, ("Twin", "twin"), (95005, 95021), strict=True):
        text = STATE.decode().replace("urn:state", f"urn:{path.stem}").replace("localThing", naaccr_id)
        path.write_text(text.replace("9501", str(number)).replace(' startColumn="2340"', ""))
    source = document(patient(1, item("Twin", "a") + item("twin", "b")), more=f'userDictionaryUri="{named}"')
    for given in (paths, paths[::-1]):
        report = convert(source, tmp_path / "out", form, dictionary=given)
        assert report.left_out == [] and report.lost.is_empty()
        read_back: Any = read_naaccr_xml if form == "xml" else read_table
        for other in (paths, paths[::-1]):
            again = read_back(tmp_path / "out", dictionary=other)
            assert again.tumors.columns[3:] == read_naaccr_xml(source, dictionary=given).tumors.columns[3:]
            assert dict(again.items.select("item", "value").rows())["Twin"] == "a"
            assert again.header.user_dictionaries == tuple(named.split())


@pytest.mark.parametrize("form", ["xml", "csv", "parquet"])
def test_a_dictionary_without_a_name_stands_for_the_one_that_is_named(form: Any, tmp_path: Path) -> None:
    table = tmp_path / "ours.csv"
    table.write_text(TWINS.format("twin", 95021))
    source = document(patient(1, item("twin", "b")), more='userDictionaryUri="urn:theirs"')
    report = convert(source, tmp_path / "out", form, dictionary=table)
    assert report.left_out == [] and report.errors.is_empty()
    again = (read_naaccr_xml if form == "xml" else read_table)(tmp_path / "out", dictionary=table)
    assert again.items.equals(read_naaccr_xml(source, dictionary=table).items)
    assert again.header.user_dictionaries == ("urn:theirs",)
    assert again.errors.is_empty()


def test_time_generated_is_kept_or_given(tmp_path: Path) -> None:
    xml, flat = tmp_path / "a.xml", tmp_path / "a.txt"
    convert(document(patient(1)), xml, "xml")
    assert f'timeGenerated="{TIME}"' in xml.read_text()
    convert(xml, flat, "flat")
    convert(flat, xml, "xml", time_generated="2030-01-01T00:00:00Z")
    assert 'timeGenerated="2030-01-01T00:00:00Z"' in xml.read_text()


def test_faults_of_values_do_not_stop_and_values_stay(tmp_path: Path) -> None:
    long = "x" * 50
    source = document(patient(1, item("primarySite", " C5O4567"), nameLast=long))
    target = tmp_path / "out"
    report = convert(source, target, "xml")
    assert {"too-long", "leading-space"} <= set(report.errors["code"])
    assert read_naaccr_xml(target).items.equals(read_naaccr_xml(source).items)
    report = convert(source, target, "flat")
    assert report.lost.select("item", "value", "reason").rows() == [
        ("nameLast", long, "cut to 40 characters"),
        ("primarySite", " C5O4567", "cut to 4 characters"),
    ]


@pytest.mark.parametrize("form", ["xml", "flat", "csv", "parquet"])
def test_patients_with_structural_faults_are_put_aside_whole(form: Any, tmp_path: Path) -> None:
    bad = patient(2, "<Odd/>", nameLast="Müller")
    source = document(patient(1), bad, patient(3))
    report = convert(source, tmp_path / "out", form, quarantine=tmp_path / "aside.csv")
    assert report.patients == 2
    assert report.quarantined["content"].to_list() == [f"<Patient>{bad}</Patient>".encode()]
    aside = pl.read_csv(tmp_path / "aside.csv", infer_schema=False)
    assert aside.select("patient", "content").row(0) == ("2", f"<Patient>{bad}</Patient>")
    numbers = read(tmp_path / "out", form).patients["patientIdNumber"].to_list()
    assert numbers == ["00000001", "00000003"]


def test_a_quarantine_keeps_exact_bytes_as_parquet(tmp_path: Path) -> None:
    report = convert(document("<Odd>\u00e9</Odd>"), tmp_path / "out.xml", "xml")
    write_quarantine(tmp_path / "aside.parquet", report.quarantined)
    kept = pl.read_parquet(tmp_path / "aside.parquet")
    assert kept.select("patient", "content").row(0) == (1, "<Patient><Odd>\u00e9</Odd></Patient>".encode())


def test_root_items_after_the_patients_are_not_forgotten(tmp_path: Path) -> None:
    many = [patient(number, item("primarySite", "C504")) for number in range(1, 5102)]
    source = document(*many, late=item("registryId", "0000001234"), kind="I")
    forms: tuple[Form, ...] = ("xml", "csv", "flat")
    for form in forms:
        report = convert(source, tmp_path / "out", form)
        assert report.patients == 5101
        assert read(tmp_path / "out", form).header.items == {"registryId": "0000001234"}


def test_batches_with_other_items_make_one_table(tmp_path: Path) -> None:
    many = [patient(n, item("primarySite" if n < 5001 else "laterality", "1")) for n in range(1, 5102)]
    report = convert(document(*many), tmp_path / "out.csv", "csv")
    assert report.errors["line"].n_unique() == 5000
    there = read_table(tmp_path / "out.csv")
    assert there.tumors.select(pl.col("primarySite", "laterality").count()).row(0) == (5000, 101)


def test_translation_on_the_way_lists_what_is_lost(tmp_path: Path) -> None:
    source = document(patient(1, item("seerMets", "00"), sex="3"), version="160")
    report = convert(source, tmp_path / "out.xml", "xml", to_version="26")
    there = read_naaccr_xml(tmp_path / "out.xml")
    assert there.header.version == "260"
    assert there.items.select("item", "value").rows() == [
        ("patientIdNumber", "00000001"),
        ("sexAssignedAtBirth", "9"),
        ("eodMets", "00"),
    ]
    assert report.lost.select("item", "value").rows() == [("sex", "3")]


def test_another_record_type_leaves_items_out_and_says_so(tmp_path: Path) -> None:
    source = document(patient(1, item("primarySite", "C504"), nameLast="A"), root=item("recordType", "A"))
    report = convert(source, tmp_path / "out.xml", "xml", record_type="I")
    there = read_naaccr_xml(tmp_path / "out.xml")
    assert (there.header.record_type, there.errors.height) == ("I", 0)
    assert [(left.item, left.values) for left in report.left_out] == [("nameLast", 1)]


def test_numbers_are_written_when_asked(tmp_path: Path) -> None:
    convert(document(patient(1)), tmp_path / "out.xml", "xml", numbers=True)
    assert '<Item naaccrId="patientIdNumber" naaccrNum="20">' in (tmp_path / "out.xml").read_text()


def test_a_broken_document_converts_its_whole_patients_when_asked(tmp_path: Path) -> None:
    source = document(patient(1), patient(2), patient(3)).replace(b"00000002</Item>", b"00000002<")
    with pytest.raises(UnreadableFile):
        convert(source, tmp_path / "out.xml", "xml")
    assert list(tmp_path.iterdir()) == []
    report = convert(source, tmp_path / "out.xml", "xml", recover=True)
    assert report.patients == 2
    assert "not-well-formed" in report.errors["code"].to_list()


def test_a_registry_table_becomes_xml_with_a_mapping(tmp_path: Path) -> None:
    report = convert(
        b"ID;SITE\n00000001;C504\n", tmp_path / "out.xml", "xml",
        mapping=b"column,naaccr_id\nID,patientIdNumber\nSITE,primarySite\n", version="260", record_type="I",
    )  # fmt: skip
    assert (report.read_as, report.patients, report.tumors) == ("csv", 1, 1)
    there = read_naaccr_xml(tmp_path / "out.xml")
    assert (there.header.record_type, there.items["value"].to_list()) == ("I", ["00000001", "C504"])


@pytest.mark.parametrize(
    ("source", "form", "error", "what"),
    [
        (document(patient(1), version="260"), "flat", BadInput, "no records with fixed columns"),
        (document(patient(1)), "xlsx", BadInput, "use xml, flat, csv, parquet"),
        (b"", "xml", UnreadableFile, "empty"),
        (b"hello", "csv", UnreadableFile, "<input>:1"),
        ("missing.xml", "csv", NotFound, "no such file"),
    ],
)
def test_what_cannot_be_converted_leaves_the_target_alone(
    source: Any, form: Any, error: type[Exception], what: str, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"before")
    with pytest.raises(error, match=what):
        convert(source, target, form)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_several_documents_are_refused(tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_bytes(document(patient(1)))
    with pytest.raises(BadInput, match="several documents"):
        convert(tmp_path, tmp_path / "out.csv", "csv")


def test_a_file_can_be_converted_over_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(document(patient(1, item("primarySite", "C504"))))
    convert(path, path, "csv")
    assert path.read_text().startswith("patient,tumor,patientIdNumber,primarySite,")


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (document(), "xml"),
        (b"\xef\xbb\xbf \n<!-- --><a/>", "xml"),
        (
            document()
            .decode()
            .replace("<NaaccrData", '<?xml version="1.0" encoding="UTF-16"?><NaaccrData', 1)
            .encode("utf-16"),
            "xml",
        ),
        (gzip.compress(document(), mtime=0), "xml"),
        (b"primarySite;laterality\n", "csv"),
        ("primarySite\tlaterality\n".encode("utf-16"), "csv"),
        (b'"patient","tumor"\n', "csv"),
        (b"A".ljust(16) + b"180".ljust(400), "flat"),
        (b"some words", "xml"),
        (b"", "xml"),
    ],
)
def test_a_form_is_seen_from_the_first_bytes(data: bytes, form: str) -> None:
    assert form_of(data) == form


def test_a_missing_record_type_is_kept_missing_in_tables_and_asked_for_otherwise(tmp_path: Path) -> None:
    source = document(patient(1)).replace(b'recordType="A"', b"")
    tables: tuple[Form, ...] = ("csv", "parquet")
    others: tuple[Form, ...] = ("xml", "flat")
    for form in tables:
        convert(source, tmp_path / form, form)
        there = read_table(tmp_path / form)
        assert there.header.record_type is None
        assert there.errors["code"].to_list() == ["record-type"]
    for form in others:
        with pytest.raises(BadInput, match="has no record type; say which is wanted"):
            convert(source, tmp_path / "out", form)
    convert(source, tmp_path / "out", "xml", record_type="C")
    assert read_naaccr_xml(tmp_path / "out").header.record_type == "C"
