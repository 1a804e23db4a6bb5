"""The published samples, loaded: counts equal an independent count, and an export gives the same items back."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.abstracting.received import received_items
from registry.cli import main
from registry.service import Session
from tests.paths import needs_shared, shared
from tests.received import KEY

pytestmark = needs_shared
ABSTRACTS = "naaccr-xml-sample-v250-abstract-1000.xml.gz"
INCIDENCE = "naaccr-xml-sample-v250-incidence-1000.xml.gz"
OURS = {"patientIdNumber", "tumorRecordNumber", "registryId"}
ITEM = re.compile(r'<Item [^>]*naaccrId="(\w+)"[^>]*?(?:/>|>(.*?)</Item>)', re.S)


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def counted(path: Path) -> tuple[int, int, int]:
    """Patients, tumors and filled items of a file, by regular expressions alone."""
    text = text_of(path)
    body = text[text.index("<Patient>") :]
    items = sum(1 for _, value in ITEM.findall(body) if value.strip())
    return body.count("<Patient>"), body.count("<Tumor>"), items


def records(path: Path) -> Counter[tuple[tuple[str, str], ...]]:
    """Each tumor with its patient's items as a sorted tuple of (item, value); our own ids left out."""
    found: Counter[tuple[tuple[str, str], ...]] = Counter()
    for patient in re.findall(r"<Patient>(.*?)</Patient>", text_of(path), re.S):
        tumors = re.findall(r"<Tumor>(.*?)</Tumor>", patient, re.S)
        own = ITEM.findall(re.sub(r"<Tumor>.*?</Tumor>", "", patient, flags=re.S))
        for tumor in tumors:
            pairs = [(item, value.strip()) for item, value in [*own, *ITEM.findall(tumor)]]
            found[tuple(sorted((item, value) for item, value in pairs if value and item not in OURS))] += 1
    return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("samples")
    with Session.create(folder / "r.duckdb", key=KEY) as session:
        names = (ABSTRACTS, INCIDENCE)
        yield (
            session,
            [session.run("ingest.file", path=str(shared("naaccr", "samples", name))) for name in names],
        )


def test_counts_equal_an_independent_count(loaded: tuple[Session, list[dict[str, Any]]]) -> None:
    session, results = loaded
    for name, result in zip((ABSTRACTS, INCIDENCE), results, strict=True):
        patients, tumors, items = counted(shared("naaccr", "samples", name))
        assert (result["patients"], result["tumors"], result["items"]) == (patients, tumors, items)
        assert (result["accepted"], result["duplicates"], result["quarantined"]) == (tumors, 0, 0)
    totals = session.run("overview.summary")
    assert (totals["patients"], totals["tumors"], totals["abstracts"]) == (1887, 2000, 2000)
    assert session._store.query("SELECT count(*) FROM patient").item() == 1887
    assert session._store.query("SELECT count(*) FROM tumor").item() == 2000


def test_every_item_is_kept_word_for_word(loaded: tuple[Session, list[dict[str, Any]]]) -> None:
    session, _ = loaded
    store = session._store
    records_kept = store.query("SELECT source_id, file_id FROM source_record ORDER BY source_id")
    kept = received_items(store, records_kept["source_id"].to_list()).join(records_kept, on="source_id")
    kept = kept.filter(kept["item"] != "sexAssignedAtBirth")  # ours, from item 220
    for file_id, name in enumerate((ABSTRACTS, INCIDENCE), start=1):
        expected: Counter[tuple[str, str]] = Counter()
        for record, number in records(shared("naaccr", "samples", name)).items():
            for pair in record:
                expected[pair] += number
        of_file = kept.filter((kept["file_id"] == file_id) & ~kept["item"].is_in(list(OURS)))
        found = Counter(of_file.select("item", "value").iter_rows())
        assert {(item, value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")): n
                for (item, value), n in found.items()} == dict(expected)  # fmt: skip


def test_loading_again_changes_nothing(loaded: tuple[Session, list[dict[str, Any]]], tmp_path: Path) -> None:
    session, _ = loaded

    def state() -> list[Any]:
        tables = "patient tumor abstract source_record source_item source_file load link_event review_task abstract_change"
        return [
            session._store.query(f"SELECT count(*), bit_xor(hash(t)) FROM {table} t").row(0)
            for table in tables.split()
        ]

    before = state()
    again = session.run("ingest.file", path=str(shared("naaccr", "samples", ABSTRACTS)))
    assert (again["accepted"], again["duplicates"], again["patients"], again["tumors"]) == (
        0,
        1000,
        943,
        1000,
    )
    plain = tmp_path / "another name.xml"
    plain.write_bytes(gzip.decompress(shared("naaccr", "samples", INCIDENCE).read_bytes()))
    again = session.run("ingest.file", path=str(plain))
    assert (again["accepted"], again["duplicates"]) == (0, 1000)
    assert "nothing changed" in again["messages"][0]
    assert state() == before
    assert session.run("audit.verify")["ok"]


@pytest.mark.parametrize(("record_type", "name"), [("A", ABSTRACTS), ("I", INCIDENCE)])
def test_the_export_gives_the_same_items_back(tmp_path: Path, record_type: str, name: str) -> None:
    out = tmp_path / "out.xml"
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=str(shared("naaccr", "samples", name)))
        result = session.run("export.naaccr_xml", out=str(out), record_type=record_type, naaccr_version="250")
    assert (result["tumors"], result["errors"]) == (1000, 0)
    assert set(result["left_out"]) <= {"sexAssignedAtBirth"}  # ours, and not legal in version 25
    expected, found = records(shared("naaccr", "samples", name)), records(out)
    assert sum((expected - found).values()) == 0
    assert found == expected


def test_both_samples_in_one_registry_export_the_abstracts(
    loaded: tuple[Session, list[dict[str, Any]]], tmp_path: Path
) -> None:
    session, _ = loaded
    out = tmp_path / "abstracts.xml.gz"
    result = session.run("export.naaccr_xml", out=str(out), record_type="A", naaccr_version="250")
    assert result["tumors"] == 1000
    assert records(out) == records(shared("naaccr", "samples", ABSTRACTS))
    both = session.run(
        "export.naaccr_xml", out=str(tmp_path / "both.xml"), record_type="I", naaccr_version="250"
    )
    assert (both["patients"], both["tumors"]) == (1887, 2000)


def test_the_current_version_lists_what_is_not_legal_there(
    loaded: tuple[Session, list[dict[str, Any]]], tmp_path: Path
) -> None:
    session, _ = loaded
    out = tmp_path / "current.xml"
    result = session.run("export.naaccr_xml", out=str(out))
    assert (result["naaccr_version"], result["record_type"]) == ("260", "I")
    # Sex [220] went as sexAssignedAtBirth [225], so it is not left out; names are no part of type I.
    assert "sex" not in result["left_out"] and result["left_out"]["nameLast"] == 943
    text = out.read_text()
    assert 'naaccrId="sexAssignedAtBirth"' in text
    assert 'naaccrId="sex"' not in text
    assert "naaccr-dictionary-260" in text
    again = session.run(
        "export.naaccr_xml", out=str(tmp_path / "again.xml"), time_generated="2026-01-01T00:00:00"
    )
    twice = session.run(
        "export.naaccr_xml", out=str(tmp_path / "twice.xml"), time_generated="2026-01-01T00:00:00"
    )
    assert again["sha256"] == twice["sha256"]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object a file, nothing else on stdout; sample counts of every version that is published."""
    keyed = ["--db", str(tmp_path / "r.duckdb"), "--key-file", str(tmp_path / "key")]
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(KEY)
    files = [str(path) for path in sorted(shared("naaccr", "samples").glob("*-10.xml.gz"))]
    with pytest.raises(SystemExit):
        main(["init", *keyed])
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["ingest", *files, *keyed, "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["file"] for line in lines] == files
    keys = {"file", "kind", "patients", "tumors", "items", "accepted", "duplicates", "quarantined", "faults"}
    for line in lines:
        assert keys <= set(line)
        assert (line["patients"], line["tumors"], line["items"]) == counted(Path(line["file"]))
        assert line["accepted"] + line["duplicates"] == line["tumors"]
