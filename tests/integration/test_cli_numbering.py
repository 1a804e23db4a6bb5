"""`registry numbering ...` on a real database file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from registry.cli import main
from registry.service import Session
from tests.received import KEY, PERSON, TUMOR, changed, write


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "r.duckdb"
    first = changed(
        TUMOR, accessionNumberHosp="202300003", sequenceNumberHospital="00", sequenceNumberCentral="00"
    )
    second = changed(
        first, sequenceNumberHospital=None, sequenceNumberCentral=None, accessionNumberHosp=None, primarySite="C619",
        dateOfDiagnosis="20250101", tumorRecordNumber="02",
    )  # fmt: skip
    with Session.create(path, key=KEY) as session:
        session.run("ingest.file", path=write(tmp_path / "file.xml", (PERSON, [first, second])))
        session.run("records.status", abstract_id=2, to="reopened", reason="number it")
    monkeypatch.setenv("REGISTRY_DB", str(path))
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    return int(str(stop.value.code)), capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(run(capsys, *words, "--json")[1])


def test_gaps_accession_sequences_confirm(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "numbering", "gaps")
    assert code == 1 and "202300001" in text and "202300002" in text
    assert run(capsys, "numbering", "gaps", "--year", "2020") == (0, "no gaps\n")
    assert run(capsys, "numbering", "doubles") == (0, "no doubles\n")
    assert answer(capsys, "numbering", "accession", "2")["accessionNumberHosp"] == "202300003"
    shown = answer(capsys, "numbering", "sequences", "--kind", "hospital")
    assert [(row["abstract_id"], row["old"], row["new"]) for row in shown] == [
        (1, "00", "01"),
        (2, None, "02"),
    ]
    code, text = run(capsys, "numbering", "sequences", "--patient", "1")
    assert (code == 0 and "number 2 of 2 known" in text.replace("…", "")[:4000]) or "hospital" in text
    assert answer(capsys, "numbering", "confirm", "1", "--yes", "--reason", "second tumor")["changed"] == 2
    assert run(capsys, "numbering", "sequences") == (0, "nothing would change\n")
    assert answer(capsys, "numbering", "confirm", "1", "--yes")["changed"] == 0


def test_without_yes_it_asks_and_no_writes_nothing(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: object, **__: object) -> None:
        raise click.Abort

    monkeypatch.setattr(click, "confirm", no)
    assert run(capsys, "numbering", "confirm", "1")[0] == 130
    assert len(answer(capsys, "numbering", "sequences")) == 4


def test_what_is_not_there_is_one_line(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["accession", "99"], ["sequences", "--patient", "99"], ["confirm", "99", "--yes"]):
        with pytest.raises(SystemExit) as stop:
            main(["numbering", *words])
        said = capsys.readouterr().err
        assert stop.value.code == 2 and said.count("\n") == 1 and "there is no" in said
