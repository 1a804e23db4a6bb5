"""Every kind of fault of items and their values, with its line, place, item and value."""

from __future__ import annotations

import polars as pl
import pytest

from registry.formats import NaaccrData, read_naaccr_xml

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


def codes(batch: NaaccrData) -> list[str]:
    return batch.errors["code"].to_list()


SITE = "primarySite"
NUMBER = "accessionNumberHosp"


@pytest.mark.parametrize(
    ("tumor", "code", "severity", "message"),
    [
        (item(SITE, "C5O4"), "code-list", "warning", 'primarySite "C5O4" is not in the code list (did you mean C504?)'),
        (item("primarySiteX", "C504"), "unknown-id", "error", "no item primarySiteX in NAACCR 260 (did you mean primarySite?)"),
        (item("PrimarySite", "C504"), "unknown-id", "error", "no item PrimarySite in NAACCR 260 (did you mean primarySite?)"),
        (item("pediatricStage", "1"), "unknown-id", "error", "pediatricStage is not an item of NAACCR 260 (it is in 140 to 250)"),
        (item("cs:x y\n", "1"), "unknown-id", "error", "no item cs:x y in NAACCR 260"),
        ('<Item naaccrId="primarySite" naaccrNum="401">C504</Item>', "wrong-number", "error", "primarySite has naaccrNum 401, expected 400"),
        ('<Item naaccrId="primarySite" naaccrNum="4OO">C504</Item>', "wrong-number", "error", "primarySite has naaccrNum 4OO, expected 400"),
        ('<Item naaccrId="primarySite" naaccrNum="">C504</Item>', "wrong-number", "error", "primarySite has naaccrNum , expected 400"),
        ('<Item naaccrId="site" naaccrNum="400">C504</Item>', "unknown-id", "error", "no item site in NAACCR 260 (did you mean primarySite?)"),
        ('<Item naaccrNum="400">C504</Item>', "missing-id", "error", "Item has no naaccrId (naaccrNum 400 is primarySite)"),
        ('<Item naaccrNum="99999">1</Item>', "missing-id", "error", "Item has no naaccrId"),
        ("<Item>1</Item>", "missing-id", "error", "Item has no naaccrId"),
        ('<Item naaccrId="">1</Item>', "missing-id", "error", "Item has no naaccrId"),
        ('<Item naaccrId=" &#9;">1</Item>', "missing-id", "error", "Item has no naaccrId"),
        (item("nameLast", "DOE"), "wrong-level", "error", "nameLast belongs to Patient, not to Tumor"),
        (item("registryType", "3"), "wrong-level", "error", "registryType belongs to NaaccrData, not to Tumor"),
        (item("addrAtDxCity", "D" * 51), "too-long", "error", f'addrAtDxCity "{"D" * 51}" has 51 characters, at most 50'),
        (item(NUMBER, "12"), "too-short", "error", 'accessionNumberHosp "12" has 2 characters, expected 9'),
        (item(NUMBER, "2026A0001"), "data-type", "error", 'accessionNumberHosp "2026A0001" must be digits only'),
        (item(NUMBER, "２０２６０００１２"), "data-type", "error", 'accessionNumberHosp "２０２６０００１２" must be digits only'),
        (item("dateOfDiagnosis", "20260230"), "impossible-date", "warning", 'dateOfDiagnosis "20260230" is not a day of the calendar'),
        (item("dateOfDiagnosis", "2026-2-3"), "data-type", "error", 'dateOfDiagnosis "2026-2-3" must be a date as YYYYMMDD, YYYYMM or YYYY'),
        (item("dateOfDiagnosis", "17991231"), "data-type", "error", 'dateOfDiagnosis "17991231" must be a date as YYYYMMDD, YYYYMM or YYYY'),
        (item(SITE, " C504"), "leading-space", "warning", "primarySite has blanks before its value"),
        (item(SITE, "C504\n"), "trailing-space", "warning", "primarySite has blanks after its value"),
        (item("laterality", "1") + item("laterality", "1"), "duplicate-item", "error", "laterality is given twice in one Tumor"),
    ],
)  # fmt: skip
def test_each_fault_has_one_clear_line(tumor: str, code: str, severity: str, message: str) -> None:
    batch = read_naaccr_xml(document(tumor=tumor))
    (found,) = batch.errors.rows(named=True)
    assert (found["code"], found["severity"], found["message"]) == (code, severity, message)
    assert (found["line"], found["patient_index"], found["tumor_index"], found["level"]) == (4, 0, 0, "Tumor")
    assert "\n" not in found["message"]


@pytest.mark.parametrize(
    ("tumor", "expected"),
    [
        (item(SITE, "C50412"), ["code-list", "too-long"]),
        (item(NUMBER, " 12x\n"), ["data-type", "leading-space", "too-short", "trailing-space"]),
        (item(SITE, "   "), ["leading-space", "trailing-space"]),
        (item("dateOfDiagnosis", "20261301"), ["data-type", "impossible-date"]),
        (item("dateOfDiagnosis", "202613"), ["data-type", "impossible-date"]),
        (item("dateOfDiagnosis", "00000000"), ["data-type", "impossible-date"]),
        (item("dateOfDiagnosis", "20230229"), ["impossible-date"]),
        (item("dateOfDiagnosis", "19000229"), ["impossible-date"]),
        (item("dateOfDiagnosis", "20240229"), []),
        (item("dateOfDiagnosis", "2026"), []),
        (item("dateOfDiagnosis", "202602299"), ["data-type", "too-long"]),
        (item("laterality", "x" * 2), ["code-list", "data-type", "too-long"]),
        (item("addrAtDxCity", "é" * 50), []),
        (item("addrAtDxCity", "\U0001f600" * 50), []),
        ("<Item naaccrId='primarySite'/>", []),
        (item(SITE, "") + item(SITE, "C504"), ["duplicate-item"]),
        ("<Item naaccrId='nameLast'/>", ["wrong-level"]),
        ("<Item naaccrId='zzz'/>", ["unknown-id"]),
        ("<Item naaccrId='zzz'/>" * 2, ["unknown-id", "duplicate-item", "unknown-id"]),
        ("<Item>1</Item><Item>2</Item>", ["missing-id", "missing-id"]),
        ('<Item naaccrId="primarySite" naaccrNum=" 0400 ">C504</Item>', []),
        (item("addrAtDxCity", "\u00a0X\u00a0"), []),
    ],
)  # fmt: skip
def test_a_value_has_each_of_its_faults(tumor: str, expected: list[str]) -> None:
    assert sorted(codes(read_naaccr_xml(document(tumor=tumor)))) == sorted(expected)


def test_texts_without_a_limit_are_never_too_long() -> None:
    xml = document(tumor=item("textDxProcPe", "x" * 5000))
    assert codes(read_naaccr_xml(xml)) == ["too-long"]
    assert codes(read_naaccr_xml(xml.replace(b"-260", b"-180"))) == []


def test_the_value_is_kept_as_it_came() -> None:
    batch = read_naaccr_xml(
        document(item("nameLast", "  DOE\n "), item(SITE, "C5041") + item("grade", " \n "))
    )
    assert batch.patients["nameLast"].to_list() == ["  DOE\n "]
    assert batch.tumors.columns == ["patient_index", "tumor_index", "line", SITE]
    assert batch.items["value"].to_list() == ["  DOE\n ", "C5041"]
    assert set(batch.errors.filter(pl.col("item") == "nameLast")["value"]) == {"  DOE\n "}


def test_line_ends_in_values_are_those_of_xml() -> None:
    batch = read_naaccr_xml(document(tumor=item("textRemarks", "a\r\nb\rc&#13;d")))
    assert batch.items["value"].to_list() == ["a\nb\nc\rd"]


def test_all_faults_of_a_file_are_reported_in_order() -> None:
    batch = read_naaccr_xml(
        document(item("sex", "1") + item("vitalStatus", "7"), item("zzz", "1") + item("grade", "x" * 9))
    )
    assert faults(batch) == [
        (3, 0, None, "sex", "unknown-id", "error"),
        (3, 0, None, "vitalStatus", "code-list", "warning"),
        (4, 0, 0, "grade", "code-list", "warning"),
        (4, 0, 0, "grade", "data-type", "error"),
        (4, 0, 0, "grade", "too-long", "error"),
        (4, 0, 0, "zzz", "unknown-id", "error"),
    ]


def test_items_of_another_record_type_are_a_warning_and_kept() -> None:
    root = ROOT.replace('recordType="A"', 'recordType="I"')
    batch = read_naaccr_xml(document(item("nameLast", "DOE") + item("nameFirst", ""), root=root))
    assert faults(batch) == [(3, 0, None, "nameLast", "record-type", "warning")]
    assert batch.patients["nameLast"].to_list() == ["DOE"]


def test_the_line_is_that_of_the_start_of_the_tag() -> None:
    batch = read_naaccr_xml(document(tumor='\n<!-- \n -->\n<Item\n naaccrId="grade"\n>x\n</Item>'))
    assert set(batch.errors["line"]) == {7}


def test_values_of_each_item_and_place_are_told_apart() -> None:
    tumors = "".join(f"<Tumor>{item('laterality', str(n))}</Tumor>" for n in (1, 8, 9, 8))
    batch = read_naaccr_xml(document().replace(b"<Tumor></Tumor>", tumors.encode()))
    assert batch.errors.select("tumor_index", "value", "code").rows() == [
        (1, "8", "code-list"),
        (3, "8", "code-list"),
    ]
    assert batch.tumors["laterality"].to_list() == ["1", "8", "9", "8"]


def test_columns_are_in_the_order_of_the_dictionary() -> None:
    patient = item("vitalStatus", "1") + item("nameLast", "DOE") + item("patientIdNumber", "00000001")
    batch = read_naaccr_xml(document(patient, item("grade", "1") + item(SITE, "C504")))
    assert batch.patients.columns[4:] == ["patientIdNumber", "vitalStatus", "nameLast"]
    assert batch.tumors.columns[3:] == [SITE, "grade"]
    assert batch.items["item"].to_list()[:2] == ["vitalStatus", "nameLast"]


def test_no_two_items_share_a_column_with_places() -> None:
    xml = document(item("line", "x") + item("patient_index", "y"))
    kept = read_naaccr_xml(xml, on_error="keep")
    assert kept.patients.select("patient_index", "line").row(0) == (0, 2)
    assert kept.items["item"].to_list() == ["line", "patient_index"]


def test_a_file_without_patients_gives_one_empty_batch() -> None:
    batch = read_naaccr_xml(f"<NaaccrData {ROOT}/>".encode())
    assert batch.patients.is_empty() and batch.tumors.is_empty() and batch.errors.is_empty()
    assert {"patient_index", "line"} <= set(batch.patients.columns)
    assert batch.quarantined.is_empty() and batch.items.is_empty()


def test_an_id_stands_without_the_blanks_around_it() -> None:
    batch = read_naaccr_xml(document(tumor='<Item naaccrId=" primarySite&#10;">C504</Item>'))
    assert batch.errors.is_empty() and batch.tumors["primarySite"].to_list() == ["C504"]
    batch = read_naaccr_xml(document(tumor=item(SITE, "C504") + '<Item naaccrId="primarySite ">C505</Item>'))
    assert codes(batch) == ["duplicate-item"]


def test_an_item_without_id_has_none_in_the_list_of_faults() -> None:
    batch = read_naaccr_xml(document(tumor='<Item naaccrNum="400">C504</Item>'))
    assert batch.errors.select("item", "code", "value").rows() == [(None, "missing-id", "C504")]
