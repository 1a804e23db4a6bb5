"""A large file is taken in batch by batch, read once; a late batch with another item begins the load again."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import formats
from registry.service import Session, naaccr_ingest, received_file

PATIENT = (
    '<Patient><Item naaccrId="patientIdNumber">{0:08d}</Item><Item naaccrId="nameLast">NAME{1}</Item><Tumor>'
    '<Item naaccrId="primarySite">C504</Item>{2}</Tumor></Patient>'
)
LATE = '<Item naaccrId="grade">2</Item><Item naaccrId="rxSummBrm">00</Item>'


@pytest.mark.parametrize("late", [False, True])
def test_a_large_file_is_in_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    reads: list[object] = []
    plain = formats.iter_naaccr_xml

    def read(*given: object, **named: object) -> object:
        reads.append(given)
        return plain(*given, patients_per_batch=2, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(received_file, "HELD_IN_MEMORY", 1)
    monkeypatch.setattr(naaccr_ingest, "AT_ONCE", 600)
    monkeypatch.setattr(formats, "iter_naaccr_xml", read)
    letters = "ABCDEFGHIJKLM"
    patients = [PATIENT.format(n, letters[n] * 5, LATE if late and n > 9 else "") for n in range(13)]
    file = tmp_path / "large.xml"
    file.write_text(
        '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" recordType="A" '
        f'specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">{"".join(patients)}</NaaccrData>'
    )
    with Session.create(tmp_path / "r.duckdb", synthetic=True) as session:
        result = session.run("ingest.file", path=str(file))
        assert (result["patients"], result["tumors"], result["new_patients"]) == (13, 13, 13)
    assert len(reads) == (3 if late else 1)
