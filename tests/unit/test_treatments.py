"""The treatment table: what is read, and what becomes a fault with its row."""

from __future__ import annotations

import gzip

import pytest

from registry.errors import BadInput
from registry.formats import read_treatments
from tests.paths import FIXTURES, needs_shared, shared

HEADER = "source_system,facility_npi,mrn,last_name,first_name,birth_date,sex,primary_site,laterality,treatment_type,start_date,end_date,code,code_system,description,dose_cgy,fractions,modality,volume"
ROW = 'ONC,1000000046,A1,DOE,ANN,19700406,F,C504,2,radiation,20260901,20261009,77412,HCPCS,"Whole breast, tangents",5000,25,photons,breast'


def table(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def test_a_row_under_naaccr_ids() -> None:
    batch = read_treatments(table(ROW))
    assert batch.faults.is_empty()
    assert batch.rows.row(0, named=True) == {
        "line": 2,
        "source_system": "ONC",
        "npiReportingFacility": "1000000046",
        "medicalRecordNumber": "A1",
        "nameLast": "DOE",
        "nameFirst": "ANN",
        "dateOfBirth": "19700406",
        "sexAssignedAtBirth": "2",
        "primarySite": "C504",
        "laterality": "2",
        "treatment_type": "radiation",
        "start_date": "20260901",
        "end_date": "20261009",
        "code": "77412",
        "code_system": "HCPCS",
        "description": "Whole breast, tangents",
        "dose_cgy": 5000,
        "fractions": 25,
        "modality": "photons",
        "volume": "breast",
        "date_item": "rxDateRadiation",
    }


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        ("20260901", "2026-13-40", "invalid-date", "error"),
        ("19700406", "1970-04-31", "invalid-date", "error"),
        ("20260901", "", "missing-value", "error"),
        ("DOE", "", "missing-value", "error"),
        ("5000", "much", "invalid-number", "error"),
        ("radiation", "radiaton", "treatment-type", "error"),
        ("ONC,", "", "columns", "error"),
        ("20261009", "20260801", "date-order", "warning"),
        ("C504", "C999", "not-in-list", "warning"),
    ],
)
def test_faults_keep_the_row(old: str, new: str, code: str, severity: str) -> None:
    bad = ROW.replace(old, new, 1)
    batch = read_treatments(table(ROW.replace("A1", "A2"), bad))
    (fault,) = batch.faults.rows(named=True)
    assert (fault["line"], fault["code"], fault["severity"], fault["row_text"]) == (3, code, severity, bad)
    assert batch.rows.height == 1 + (severity == "warning")


def test_values_that_are_written_in_another_way() -> None:
    written = ROW.replace("20260901", "2026-09-01").replace("C504", "c50.4").replace(",F,", ",x,")
    row = read_treatments(table(written)).rows.row(0, named=True)
    assert (row["start_date"], row["primarySite"], row["sexAssignedAtBirth"]) == ("20260901", "C504", "9")


def test_the_same_row_twice_is_one_treatment() -> None:
    batch = read_treatments(table(ROW, ROW))
    assert batch.rows.height == 1
    assert batch.faults.select("line", "code").rows() == [(3, "duplicate-row")]


def test_columns_may_come_in_any_order_and_unknown_ones_are_kept() -> None:
    data = b"Start Date,Treatment-Type,mrn,LAST_NAME,first_name,birth_date,note\n20260901,chemo,A1,DOE,ANN,19700406,hello\n"
    batch = read_treatments(data)
    assert batch.rows["note"].to_list() == ["hello"] and batch.rows["sexAssignedAtBirth"].to_list() == [None]
    assert batch.faults["code"].to_list() == ["unknown-column"]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(table(ROW), mtime=0),
        b"\xef\xbb\xbf" + table(ROW),
        table(ROW).replace(b"\n", b"\r\n"),
        table(ROW).decode().encode("utf-16"),
    ],
)
def test_plain_gzipped_bom_and_crlf(data: bytes) -> None:
    assert read_treatments(data).rows["nameLast"].to_list() == ["DOE"]


def test_an_older_character_set_is_read_with_a_warning() -> None:
    batch = read_treatments(table(ROW).replace(b"DOE", "MÜLLER".encode("cp1252")))
    assert batch.rows["nameLast"].to_list() == ["MÜLLER"] and batch.faults["code"].to_list() == ["encoding"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\x00\x01\x02", "not a text table"),
        (b"a,b,c\n1,2,3\n", "not a treatment table: no column mrn"),
        (
            table(ROW, header=HEADER.replace("birth_date", "birth_dat")),
            "no column birth_date .did you mean birth_dat",
        ),
        (table(ROW, header=HEADER + ",mrn"), "stands twice"),
        (table('"open quote'), "not a readable CSV table"),
    ],
)
def test_a_file_that_is_no_treatment_table_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_treatments(data)


def test_the_fixture_file() -> None:
    batch = read_treatments(FIXTURES / "formats" / "treatments.csv")
    assert batch.rows["treatment_type"].to_list() == ["surgery", "chemo"]
    assert batch.faults["code"].to_list() == ["invalid-date"]


@needs_shared
def test_the_shared_table() -> None:
    batch = read_treatments(shared("messages", "csv", "treatment_abstracts.csv"))
    assert batch.rows.height == 15
    errors = batch.faults.filter(batch.faults["code"] != "unknown-column")
    assert errors.select("line", "code").rows() == [(17, "invalid-date"), (18, "duplicate-row")]
