"""Writing whole or not at all; telling files apart."""

from __future__ import annotations

import errno
import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput
from registry.formats import NaaccrHeader, naaccr_writer, read_naaccr_xml, sniff, write_naaccr_xml
from registry.formats.sources import replacing
from tests.paths import FIXTURES

PATIENTS = pl.DataFrame({"patient_index": [7, 3], "nameLast": ["DOE", None], "vitalStatus": ["1", "0"]})
TUMORS = pl.DataFrame(
    {"patient_index": [3, 7, 3], "tumor_index": [1, 0, 0], "primarySite": ["C509", "C619", "C504"]}
)
HEADER = NaaccrHeader(
    version="260", record_type="A", time_generated="2026-11-01T00:00:00Z", items={"registryId": "0000000001"}
)


def test_patients_in_their_order_and_tumors_in_theirs(tmp_path: Path) -> None:
    report = write_naaccr_xml(tmp_path / "out.xml", PATIENTS, TUMORS, header=HEADER, numbers=True)
    batch = read_naaccr_xml(tmp_path / "out.xml")
    assert batch.patients["vitalStatus"].to_list() == ["1", "0"]
    assert batch.tumors.select("patient_index", "primarySite").rows() == [
        (0, "C619"),
        (1, "C504"),
        (1, "C509"),
    ]
    assert (report.patients, report.tumors, report.items, report.left_out) == (2, 3, 7, [])
    assert batch.header.items == {"registryId": "0000000001"} and batch.errors.is_empty()
    assert b'<Item naaccrId="primarySite" naaccrNum="400">' in (tmp_path / "out.xml").read_bytes()


def test_what_is_not_legal_is_listed() -> None:
    patients = PATIENTS.with_columns(
        sex=pl.lit("1"), primarySite=pl.lit("C504"), made_up=pl.lit("x"), zzz=pl.lit("y")
    )
    report = write_naaccr_xml(
        io.BytesIO(), patients, TUMORS, header=NaaccrHeader(version="260", record_type="I")
    )
    assert [tuple(left) for left in report.left_out] == [
        ("nameLast", "not part of record type I", 1),
        ("primarySite", "belongs to Tumor, not to Patient", 2),
        ("sex", "not an item of NAACCR 260", 2),
        ("zzz", "not an item of NAACCR 260", 2),
    ]


def test_record_version_and_type_follow_the_header() -> None:
    header = NaaccrHeader(
        version="250", record_type="M", items={"naaccrRecordVersion": "240", "recordType": "A"}
    )
    out = io.BytesIO()
    write_naaccr_xml(out, PATIENTS, TUMORS, header=header)
    batch = read_naaccr_xml(out.getvalue())
    assert batch.header.items == {"recordType": "M", "naaccrRecordVersion": "250"} and batch.errors.is_empty()


def test_batches_are_written_one_after_another(tmp_path: Path) -> None:
    with naaccr_writer(tmp_path / "a.xml.gz", HEADER) as writer:
        for start in range(3):
            writer.add(
                PATIENTS.with_columns(pl.col("patient_index") + start * 10),
                TUMORS.with_columns(pl.col("patient_index") + start * 10),
            )
    assert writer.report.patients == 6
    assert read_naaccr_xml(tmp_path / "a.xml.gz").tumors.height == 9


def test_equal_content_gives_equal_gzipped_bytes(tmp_path: Path) -> None:
    for name in ("a.xml.gz", "b.xml.gz"):
        write_naaccr_xml(tmp_path / name, PATIENTS, TUMORS, header=HEADER)
    assert (tmp_path / "a.xml.gz").read_bytes() == (tmp_path / "b.xml.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.xml.gz").read_bytes()).startswith(b"<?xml")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.xml"
    target.write_text("old")
    stray = TUMORS.with_columns(patient_index=pl.lit(99, pl.Int64))
    with pytest.raises(BadInput, match="a tumor has no patient"):
        write_naaccr_xml(target, PATIENTS, stray, header=HEADER)
    twice = pl.concat([PATIENTS, PATIENTS])
    with pytest.raises(BadInput, match="stands twice"):
        write_naaccr_xml(target, twice, TUMORS, header=HEADER)
    with pytest.raises(KeyboardInterrupt), replacing(target) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert target.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["out.xml"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write_naaccr_xml(tmp_path / "none" / "out.xml", PATIENTS, TUMORS, header=HEADER)
    with pytest.raises(BadInput, match="record type None cannot be written"):
        write_naaccr_xml(io.BytesIO(), PATIENTS, TUMORS, header=NaaccrHeader())


def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("registry.formats.sources.os.fsync", full)
    with pytest.raises(BadInput, match=r"cannot be written .No space left on device.; make room"):
        write_naaccr_xml(tmp_path / "out.xml", PATIENTS, TUMORS, header=HEADER)
    assert not list(tmp_path.iterdir())


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "out.xml"
    write_naaccr_xml(target, PATIENTS, TUMORS, header=HEADER)
    assert target.stat().st_mode & 0o077 == 0
    target.chmod(0o644)
    write_naaccr_xml(target, PATIENTS, TUMORS, header=HEADER)
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'<?xml version="1.0"?><!-- NaaccrData --><n:NaaccrData xmlns:n="x">', "naaccr-xml"),
        ('<?xml version="1.0"?><NaaccrData>'.encode("utf-16"), "naaccr-xml"),
        (b"<ClinicalDocument/>", None),
        (b"<!-- <NaaccrData> --><other/>", None),
        (b"\x0bMSH|^~\\&|x", "hl7"),
        (b"FHS|^~\\&|x", "hl7"),
        (b"MSHA,b\n", None),
        (b"\xef\xbb\xbfmrn,Treatment Type,start_date\n", "treatments"),
        (b"last_name,first_name,death_date\n", "deaths"),
        (b"mrn,admit_date\n", None),
        (b"", None),
        (b"\x00\x01", None),
        (gzip.compress(b"<NaaccrData/>", mtime=0), "naaccr-xml"),
    ],
)
def test_telling_files_apart(data: bytes, kind: str | None) -> None:
    assert sniff(data) == kind


def test_the_fixture_abstracts() -> None:
    path = FIXTURES / "formats" / "abstracts_v260.xml"
    assert sniff(path) == "naaccr-xml"
    batch = read_naaccr_xml(path)
    assert (batch.patients.height, batch.tumors.height, batch.items.height) == (2, 3, 26)
    assert batch.errors["code"].to_list() == ["code-list", "impossible-date"]
