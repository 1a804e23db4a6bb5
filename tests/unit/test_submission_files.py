"""A submission's file: its bytes, its numbers, its tables, and that what may not leave refuses it."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry import formats
from registry.standards import Dictionary, Item
from registry.submissions import (
    FileRequest,
    Legal,
    NotLegal,
    Request,
    coding_table,
    elements_of_abstracts,
    invalid_values,
    plan,
    profiles,
    submission_file,
    write_file,
)
from registry.submissions.proof import check, read_back

NOON = dt.datetime(2026, 10, 31, 12, 0)
PATIENTS = pl.DataFrame(
    {
        "patient_id": [3, 7, 12], "nameLast": ["Rivera", "O'Hara & <Sons>", "Brooks"], "sexAssignedAtBirth": ["2", "1", "9"],
        "dateOfBirth": ["19500214", "1961", ""], "vitalStatus": ["1", "0", "1"], "race1": ["01", None, "98"],
        "socialSecurityNumber": ["219099999", None, " "],
    }
)  # fmt: skip
TUMORS = pl.DataFrame(
    {
        "tumor_id": [10, 11, 12, 13], "patient_id": [3, 7, 7, 12], "tumor_number": [1, 2, 5, 1],
        "primarySite": ["C504", "C619", "C679", "C341"], "dateOfDiagnosis": ["20200115", "201906", "2021", ""],
        "histologicTypeIcdO3": ["8500", "8140", "8130", "8000"], "behaviorCodeIcdO3": ["3", "3", "2", "3"],
        "diagnosticConfirmation": ["1", "2", "8", None], "typeOfReportingSource": ["1", "1", "1", "7"],
        "ageAtDiagnosis": ["069", "058", "60", "999"], "grade": ["2", "9", None, None], "textRemarks": ["secret", None, None, None],
        "addrAtDxState": ["NY"] * 4, "addrAtDxNoStreet": ["1 Main St", None, None, None],
    }
)  # fmt: skip


def asked(name: str, **values: Any) -> Request:
    return Request(profiles()[name], NOON, **{"home_state": "NY", **values})


def write(path: Path, request: Request, *parts: tuple[pl.DataFrame, pl.DataFrame], **options: Any) -> Any:
    with submission_file(path, request, **options) as file:
        for part in parts or [(PATIENTS, TUMORS)]:
            file.add(*part)
    return file.written


def test_own_numbers_and_our_items_alone(tmp_path: Path) -> None:
    written = write(tmp_path / "o.xml", asked("NPCR_CSS", registry_id="0000001234"), hashes=True)
    data = formats.read_naaccr_xml(tmp_path / "o.xml")
    assert data.header.items == {"registryId": "0000001234"} and not data.header.attributes
    assert data.patients["patientIdNumber"].to_list() == ["00000003", "00000007", "00000012"]
    assert data.tumors["tumorRecordNumber"].to_list() == ["01", "02", "05", "01"]
    assert not {"nameLast", "socialSecurityNumber", "addrAtDxNoStreet", "textRemarks"} & {
        *data.patients.columns,
        *data.tumors.columns,
    }
    assert (written.patients, written.tumors) == (3, 4)
    assert written.items == data.items.height
    assert written.sha256 == hashlib.sha256((tmp_path / "o.xml").read_bytes()).hexdigest()
    assert written.size == (tmp_path / "o.xml").stat().st_size
    assert written.item_counts["race1"] == 2 and "socialSecurityNumber" not in written.item_counts
    assert written.counts.by_year == {"2019": 1, "2020": 1, "2021": 1, "unknown": 1}
    assert (written.counts.first, written.counts.last) == ("201906", "2021")
    assert written.hashes is not None and written.hashes["tumor_id"].to_list() == [10, 11, 12, 13]


@pytest.mark.parametrize("name", ["NPCR_CSS", "IDE", "STATE_FULL", "VPR", "CI5", "CANREG"])
def test_same_data_same_bytes(tmp_path: Path, name: str) -> None:
    """In one piece or in several, in any order of the rows and columns, packed or not."""
    request, kind = asked(name), "xml" if profiles()[name].record_type else profiles()[name].format
    first = write(tmp_path / f"1.{kind}", request)
    parts = [
        (
            PATIENTS.filter(patient_id=n).select(reversed(PATIENTS.columns)),
            TUMORS.filter(patient_id=n).reverse(),
        )
        for n in (3, 7, 12)
    ]
    second = write(tmp_path / f"2.{kind}", request, *parts)
    shuffled = write(
        tmp_path / f"3.{kind}", request, (PATIENTS.reverse(), TUMORS.sample(fraction=1, shuffle=True, seed=1))
    )
    packed = write(tmp_path / f"4.{kind}.gz", request)
    assert first.sha256 == second.sha256 == shuffled.sha256
    assert gzip.decompress((tmp_path / f"4.{kind}.gz").read_bytes()) == (tmp_path / f"1.{kind}").read_bytes()
    assert packed.sha256 == hashlib.sha256((tmp_path / f"4.{kind}.gz").read_bytes()).hexdigest()
    assert first.items == packed.items > 0
    later = write(tmp_path / f"5.{kind}", replace(request, as_of=NOON + dt.timedelta(hours=1)))
    assert (later.sha256 == first.sha256) == (kind != "xml"), "the header's time is the only clock"
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}, "nobody else reads them"


def test_no_records_is_a_file_as_well(tmp_path: Path) -> None:
    for name, kind in (("NPCR_CSS", "xml"), ("CI5", "csv")):
        written = write(tmp_path / f"o.{kind}", asked(name), (PATIENTS.clear(), TUMORS.clear()), hashes=True)
        assert (written.patients, written.tumors) == (0, 0) and written.hashes.is_empty()
        with submission_file(tmp_path / f"p.{kind}", asked(name), hashes=True) as file:
            pass
        assert file.written.tumors == 0 and file.written.hashes is not None


@pytest.mark.parametrize("version", ["250", "210", "180", "140"])
def test_older_versions(tmp_path: Path, version: str) -> None:
    written = write(tmp_path / "o.xml", asked("NPCR_CSS", naaccr_version=version))
    data = formats.read_naaccr_xml(tmp_path / "o.xml")
    assert data.header.version == version and written.tumors == 4
    assert data.patients["sex"].to_list() == ["2", "1", "9"]
    assert data.tumors["primarySite"].to_list() == ["C504", "C619", "C679", "C341"]
    assert data.tumors["tumorRecordNumber"].to_list() == ["01", "02", "05", "01"]


def test_abstracts_that_differ_keep_a_patient_element_each(tmp_path: Path) -> None:
    rows = TUMORS.rename({"tumor_id": "abstract_id"}).with_columns(
        vitalStatus=pl.Series(["1", "1", "0", "1"]), nameLast=pl.Series(["Rivera", "Ames", "Ames", "Brooks"])
    )
    patients, tumors = elements_of_abstracts(rows, ["vitalStatus", "nameLast"], ["primarySite"])
    assert patients["element_id"].to_list() == [10, 11, 12, 13]
    write(tmp_path / "o.xml", asked("STATE_FULL"), (patients, tumors))
    data = formats.read_naaccr_xml(tmp_path / "o.xml")
    assert data.patients["patientIdNumber"].to_list() == ["00000003", "00000007", "00000007", "00000012"]
    assert data.patients["vitalStatus"].to_list() == ["1", "1", "0", "1"]
    assert data.tumors["primarySite"].to_list() == ["C504", "C619", "C679", "C341"]


# --- what refuses a file ---------------------------------------------------------------------------------------------


def test_an_item_that_slips_by_refuses_the_file(tmp_path: Path) -> None:
    """Were the frames ever to hold more than may leave, the bytes tell, and nothing is kept."""
    profile = replace(
        profiles()["NPCR_CSS"], items=replace(profiles()["NPCR_CSS"].items, leave_out=("race1",))
    )
    request = Request(profile, NOON, home_state="NY")
    with (
        pytest.raises(NotLegal, match=r"race1 \(Patient\)"),
        submission_file(tmp_path / "o.xml", request) as file,
    ):
        file.target.add(
            PATIENTS.select(pl.col("patient_id").alias("element_id"), "race1"),
            TUMORS.clear().select(element_id="patient_id"),
        )
    assert list(tmp_path.iterdir()) == []


ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/'
    'naaccr-dictionary-260.xml"{root} recordType="I" timeGenerated="2026-10-31T12:00:00" specificationVersion="1.8" '
    'xmlns="http://naaccr.org/naaccrxml">\n{items}    <Patient{attribute}>\n{inside}        <Item naaccrId="race1">01</Item>\n'
    "    </Patient>\n</NaaccrData>\n"
)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({}, None),
        ({"inside": '        <Item naaccrId="nameLast">x</Item>\n'}, "nameLast"),
        ({"inside": '        <Item naaccrId="nobodysItem">x</Item>\n'}, "unknown-id"),
        ({"inside": '        <other xmlns="urn:x">Rivera</other>\n'}, "."),
        ({"inside": "        <!-- Rivera -->\n"}, "element for element"),
        ({"inside": "        <Note>Rivera</Note>\n"}, "."),
        ({"inside": '        <Item naaccrId="race2"><![CDATA[01]]></Item>\n'}, "."),
        ({"items": '    <Item naaccrId="registryId">1</Item>\n'}, "registryId"),
        ({"root": ' xmlns:o="urn:o" o:name="Rivera"'}, "root element"),
        ({"root": ' userDictionaryUri="urn:names"'}, "user-defined dictionary"),
        ({"attribute": ' xmlns:o="urn:o" o:name="Rivera"'}, "."),
        ({"attribute": ' name="Rivera"'}, "."),
    ],
)
def test_bytes_that_hold_more_than_was_written(
    tmp_path: Path, parts: dict[str, str], line: str | None
) -> None:
    path = tmp_path / "o.xml"
    path.write_text(ROOT.format(**{"root": "", "items": "", "attribute": "", "inside": "", **parts}))
    header = formats.NaaccrHeader(version="260", record_type="I")
    proof, legal = read_back(path), {("Patient", "race1"), ("Patient", "race2")}
    if line is None:
        check(proof, "o.xml", legal, header, (1, 0, 1))
        return
    with pytest.raises(NotLegal, match=line):
        check(proof, "o.xml", legal, header, (1, 0, 1))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    from registry.errors import BadInput

    for name, kind in (("NPCR_CSS", "xml"), ("CI5", "csv")):
        with (
            pytest.raises(BadInput, match="cannot be written"),
            submission_file(tmp_path / "no" / f"o.{kind}", asked(name)),
        ):
            pass


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    for name, kind in (("NPCR_CSS", "xml"), ("CI5", "csv")):
        path = tmp_path / f"o.{kind}"
        path.write_text("before")
        with pytest.raises(RuntimeError), submission_file(path, asked(name)) as file:
            file.add(PATIENTS, TUMORS)
            raise RuntimeError
        assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


# --- before writing --------------------------------------------------------------------------------------------------


def test_values_that_the_dictionary_refuses() -> None:
    patients = PATIENTS.with_columns(vitalStatus=pl.Series(["1", "dead", "1"]))
    tumors = TUMORS.with_columns(
        primarySite=pl.Series(["C504", "C50499", "C679", None]), textRemarks=pl.lit("x" * 5000)
    )
    found = invalid_values(patients, tumors, asked("NPCR_CSS"))
    assert found.select("tumor_id", "item", "code").unique(maintain_order=True).rows() == [
        (11, "primarySite", "too-long"),
        (11, "vitalStatus", "data-type"), (11, "vitalStatus", "too-long"),
        (12, "ageAtDiagnosis", "too-short"), (12, "vitalStatus", "data-type"), (12, "vitalStatus", "too-long"),
    ]  # fmt: skip
    assert invalid_values(PATIENTS.clear(), TUMORS.clear(), asked("NPCR_CSS")).is_empty()


def test_user_items_leave_by_name_alone(tmp_path: Path) -> None:
    own = Dictionary(
        None,
        "urn:state",
        [Item(9500, "stateFavourite", "F", 8, "Tumor", "AMCI"), Item(9501, "sex", "S", 8, "Tumor", "AMCI")],
    )
    tumors = TUMORS.with_columns(stateFavourite=pl.lit("a"), sex__9501=pl.lit("b"))
    columns = {"sex__9501": ("sex", 9501)}
    none = asked("NPCR_CSS", dictionaries=(own,), columns=columns)
    assert plan(none, tumors.columns[3:]).left_out["stateFavourite"].startswith("user-defined")
    write(tmp_path / "n.xml", none, (PATIENTS, tumors))
    assert "urn:state" not in (tmp_path / "n.xml").read_text()
    profile = replace(
        profiles()["NPCR_CSS"], items=replace(profiles()["NPCR_CSS"].items, user=("stateFavourite",))
    )
    one = Request(profile, NOON, home_state="NY", dictionaries=(own,), columns=columns)
    written = write(tmp_path / "o.xml", one, (PATIENTS, tumors))
    assert written.item_counts["stateFavourite"] == 4 and "sex" not in written.item_counts
    assert "urn:state" in (tmp_path / "o.xml").read_text()
    assert (
        formats.read_naaccr_xml(tmp_path / "o.xml", dictionary=own).tumors["stateFavourite"].to_list()
        == ["a"] * 4
    )
    assert Legal(one).dictionaries == (own,) and Legal(none).dictionaries == ()


# --- tables ----------------------------------------------------------------------------------------------------------


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def test_cases_for_ci5(tmp_path: Path) -> None:
    written = write(tmp_path / "c.csv", asked("CI5"))
    rows = table(tmp_path / "c.csv")
    assert [list(row.values()) for row in rows] == [
        ["00000003", "00", "2", "19500214", "20200115", "069", "C504", "8500", "3", "2", "7", "01"],
        ["00000007", "01", "1", "19619999", "20190699", "058", "C619", "8140", "3", "9", "5", ""],
        ["00000007", "02", "1", "19619999", "20219999", "060", "C679", "8130", "2", "9", "1", ""],
        ["00000012", "00", "9", "99999999", "99999999", "999", "C341", "8000", "3", "9", "0", "98"],
    ]
    assert written.item_counts["ETHNIC_GROUP"] == 2 and written.tumors == 4
    told = coding_table(profiles()["CI5"])
    assert "BASIS,basis,0,death certificate only" in told.splitlines()


def test_patients_for_the_pooled_linkage(tmp_path: Path) -> None:
    written = write(tmp_path / "v.csv", asked("VPR"))
    rows = table(tmp_path / "v.csv")
    assert [row["LastName"] for row in rows] == ["Rivera", "O'Hara & <Sons>", "Brooks"]
    assert [(row["SSN"], row["Tumors"], row["FirstDiagnosisYear"], row["LastDiagnosisYear"]) for row in rows] == [
        ("219099999", "1", "2020", "2020"), ("", "2", "2019", "2021"), ("", "1", "", "")
    ]  # fmt: skip
    assert (written.patients, written.tumors, written.linkable) == (3, 4, 0), "nobody has a first name"
    named = PATIENTS.with_columns(
        nameFirst=pl.lit("Ann"), dateOfBirth=pl.Series(["19500214", "19610101", "19700101"]),
        socialSecurityNumber=pl.Series(["219099999", "000001234", "999999999"]), telephone=pl.Series(["", None, " "]),
    )  # fmt: skip
    assert write(tmp_path / "w.csv", asked("VPR"), (named, TUMORS)).linkable == 2


def test_tumors_for_canreg(tmp_path: Path) -> None:
    tumors = TUMORS.with_columns(countyAtDx=pl.lit("0\t1\n"))
    write(tmp_path / "c.tsv", asked("CANREG"), (PATIENTS, tumors))
    rows = table(tmp_path / "c.tsv")
    assert [row["Topography"] for row in rows] == ["504", "619", "679", "341"]
    assert [row["TumourNumber"] for row in rows] == ["1", "2", "5", "1"]
    assert rows[0]["AddressCode"] == "0 1"
    assert [row["VitalStatus"] for row in rows] == ["1", "2", "2", "1"]


def test_the_plain_file_keeps_shut_what_the_standard_does(tmp_path: Path) -> None:
    """A user dictionary that gives a name's id or number to an item of type I opens nothing."""
    own = Dictionary(
        None, "urn:state",
        [Item(9503, "nameLast", "Again", 40, "Patient", "AMCI"), Item(2230, "family", "Its number", 40, "Tumor", "AMCI"),
         Item(9504, "weight", "Weight", 4, "Tumor", "AMCI")],
    )  # fmt: skip
    tumors = TUMORS.with_columns(family=pl.lit("Rivera"), weight=pl.lit("70"))
    patients = PATIENTS.with_columns(nameLast__9503=pl.lit("Rivera"))
    request = FileRequest("I", "260", NOON, dictionaries=(own,))
    written = write_file(tmp_path / "o.xml", patients, tumors, request)
    text = (tmp_path / "o.xml").read_text()
    assert "Rivera" not in text and "weight" in text
    assert (
        written.left_out["family"] == 4
        and written.left_out["nameLast__9503"] == 3
        and written.left_out["nameLast"] == 3
    )
