"""Files that leave: what is in them, under whose numbers, and nothing half-written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, RegistryError
from registry.formats import read_naaccr_xml
from registry.service import Session
from tests.received import KEY, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

AT_TWO = changed(
    TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", medicalRecordNumber="X9", addrAtDxState="CA",
    dateOfDiagnosis="20210701", primarySite="C341",
)  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """PERSON at both facilities (dead, says the second), OTHER_PERSON at the second, one resent record."""
    dead = changed(PERSON, vitalStatus="0", patientIdNumber="00000900")
    files = {
        "one": [(PERSON, [TUMOR])],
        "two": [
            (dead, [AT_TWO]),
            (OTHER_PERSON, [changed(AT_TWO, accessionNumberHosp="202300778", primarySite="C509")]),
        ],
        "again": [(PERSON, [changed(TUMOR, laterality="1")])],
    }
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        for name, records in files.items():
            opened.run("ingest.file", path=write(tmp_path / f"{name}.xml", *records))
        yield opened


def export(
    session: Session, out: Path, **arguments: Any
) -> tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]:
    result = session.run("export.naaccr_xml", out=str(out), **arguments)
    batch = read_naaccr_xml(out)
    assert (result["patients"], result["tumors"]) == (batch.patients.height, batch.tumors.height)
    assert result["items"] == batch.items.height
    return result, batch.patients, batch.tumors


def test_consolidated_tumors_under_our_numbers(session: Session, tmp_path: Path) -> None:
    session.run("settings.change", registry_id_item="0000001234")
    _, patients, tumors = export(session, tmp_path / "c.xml", record_type="C")
    assert patients["patientIdNumber"].to_list() == ["00000001", "00000002"]
    assert tumors["tumorRecordNumber"].to_list() == ["01", "02", "01"]
    assert patients["vitalStatus"].to_list() == ["0", "1"]
    assert '<Item naaccrId="registryId">0000001234</Item>' in re.sub(
        r' naaccrNum="\d+"', "", (tmp_path / "c.xml").read_text()
    )


def test_abstracts_keep_what_each_facility_said(session: Session, tmp_path: Path) -> None:
    _, patients, tumors = export(session, tmp_path / "a.xml", record_type="A")
    assert patients["patientIdNumber"].to_list() == ["00000001", "00000001", "00000002"]
    assert patients["vitalStatus"].to_list() == ["1", "0", "1"]
    joined = tumors.join(patients.select("patient_index", "vitalStatus"), on="patient_index")
    assert joined.filter(pl.col("reportingFacility") == TWO)["vitalStatus"].to_list() == ["0", "1"]


def test_tumors_of_one_report_share_a_patient_element(tmp_path: Path) -> None:
    second = changed(AT_TWO, sequenceNumberHospital="02", tumorRecordNumber="02")
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=write(tmp_path / "one.xml", (PERSON, [TUMOR, second])))
        _, patients, tumors = export(session, tmp_path / "a.xml", record_type="A")
    assert (patients.height, tumors.height) == (1, 2)


def test_filters(session: Session, tmp_path: Path) -> None:
    for arguments, expected in (
        ({"record_type": "M"}, 1),
        ({"record_type": "A", "facility": TWO.lstrip("0")}, 2),
        ({"state": "ca"}, 2),
        ({"state": "NY", "year": 2023}, 1),
        ({"year": 2021, "year_to": 2023}, 3),
        ({"year": 1999}, 0),
    ):
        result, *_ = export(session, tmp_path / "x.xml", **arguments)
        assert result["tumors"] == expected, arguments
    with pytest.raises(BadInput, match="type A or M"):
        session.run("export.naaccr_xml", out=str(tmp_path / "y.xml"), record_type="I", facility=TWO)
    with pytest.raises(BadInput, match="ISO"):
        session.run("export.naaccr_xml", out=str(tmp_path / "y.xml"), time_generated="noon")
    assert not (tmp_path / "y.xml").exists()


def test_void_abstracts_stay_here(session: Session, tmp_path: Path) -> None:
    session.run("records.status", abstract_id=1, to="void", reason="not reportable")
    for record_type in ("A", "I"):
        result, *_ = export(session, tmp_path / "x.xml", record_type=record_type)
        assert result["tumors"] == 2


def test_marking_what_was_exported(session: Session, tmp_path: Path) -> None:
    session.run("records.status", abstract_id=1, to="reopened", reason="to be corrected")
    result, *_ = export(session, tmp_path / "a.xml", record_type="A", mark_exported=True)
    assert result["marked_exported"] == 2
    kept = session._store.query(
        'SELECT status, "dateCaseReportExported" IS NULL FROM abstract ORDER BY abstract_id'
    )
    assert kept.rows() == [("reopened", True), ("exported", False), ("exported", False)]
    history = session.run("records.history", abstract_id=2)
    assert history.select("version", "item", "before", "after").rows() == [
        (2, "status", "complete", "exported")
    ]
    with pytest.raises(BadInput):
        session.run("export.naaccr_xml", out=str(tmp_path / "i.xml"), record_type="I", mark_exported=True)
    assert session.run("audit.verify")["ok"]


def test_each_file_is_recorded_without_patient_data(session: Session, tmp_path: Path) -> None:
    result, *_ = export(session, tmp_path / "i.xml.gz", year=2023)
    listed = session.run("export.list").row(0, named=True)
    assert (listed["file_name"], listed["tumors"], listed["record_type"]) == ("i.xml.gz", 1, "I")
    manifest = json.loads((tmp_path / "i.xml.gz.manifest.json").read_text())
    assert manifest["sha256"] == result["sha256"]
    assert manifest["tumors_by_diagnosis_year"] == {"2023": 1}
    assert not any(word in json.dumps(manifest) for word in ("Alvarez", "078051120", "19500214"))


def test_nothing_half_written(session: Session, tmp_path: Path) -> None:
    (tmp_path / "folder.xml").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises((RegistryError, OSError)):
        session.run("export.naaccr_xml", out=str(tmp_path / "folder.xml"))
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert session.run("export.list").is_empty()
    assert not list((tmp_path / "folder.xml").iterdir())


def test_an_earlier_file_is_replaced_whole(session: Session, tmp_path: Path) -> None:
    out = tmp_path / "i.xml"
    out.write_text("an earlier, longer file\n" * 10_000)
    result, *_ = export(session, out, year=1999)
    assert result["tumors"] == 0
    assert "earlier" not in out.read_text()


def test_what_is_not_taken_is_said(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        for name, record_type in (("full.xml", "A"), ("incidence.xml", "I")):
            body = (
                f'<Patient><Tumor><Item naaccrId="primarySite">C509</Item></Tumor></Patient><!-- {name} -->'
            )
            (tmp_path / name).write_text(
                '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
                f'recordType="{record_type}" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">'
                f"{body}</NaaccrData>"
            )
            session.run("ingest.file", path=str(tmp_path / name))
        session.run("records.status", abstract_id=1, to="reopened", reason="a look")
        made = session.run("export.naaccr_xml", out=str(tmp_path / "o.xml"), record_type="A")
        assert made["not_taken"] == {"not complete": 1, "received as a lesser type than A": 1}
        assert made["tumors"] == 0
        with pytest.raises(BadInput, match="'QQ' is not a code"):
            session.run("export.naaccr_xml", out=str(tmp_path / "o.xml"), state="QQ")
