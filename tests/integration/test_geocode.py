"""The geocoding round trip on a real database: out, back, changed addresses, counties, refused lines, twice the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.cli import main
from registry.errors import BadInput, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

HERE = {
    "addrAtDxNoStreet": "7 Main St", "addrAtDxCity": "Albany", "addrAtDxPostalCode": "12207", "countyAtDx": "001",
}  # fmt: skip
PLACE = {
    "latitude": "42.6525", "longitude": "-73.7562", "stateAtDxGeocode2020": "36", "countyAtDxGeocode2020": "001",
    "censusTract2020": "000401", "censusTractCertainty2020": "1", "gisCoordinateQuality": "02", "geocodingQualityCode": "M",
}  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Two patients: one tumor that two facilities reported, one tumor without an address."""
    own = changed(TUMOR, **HERE)
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        opened.run("ingest.file", path=write(tmp_path / "a.xml", (PERSON, [own]), (changed(OTHER_PERSON, patientIdNumber="00000002"), [changed(TUMOR, accessionNumberHosp="202300002")])))  # fmt: skip
        theirs = changed(own, reportingFacility=TWO, accessionNumberHosp="202300077", classOfCase="30")
        opened.run(
            "ingest.file",
            path=write(tmp_path / "b.xml", (changed(PERSON, patientIdNumber="00000009"), [theirs])),
        )
        assert opened.run("overview.summary")["tumors"] == 2
        yield opened


def states(session: Session) -> dict[str, int]:
    return {state: n for state, n in session.run("geocode.status").iter_rows() if n}


def sent(session: Session, folder: Path, **words: Any) -> list[dict[str, str]]:
    session.run("geocode.export", out=str(folder / "out.csv"), **words)
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def answer(folder: Path, *lines: dict[str, str], name: str = "back.csv") -> str:
    columns = list(dict.fromkeys(column for line in lines for column in line))
    with (folder / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(lines)
    return str(folder / name)


def items(session: Session, table: str, *names: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    return session._store.query(
        f'SELECT {columns} FROM {table} WHERE "addrAtDxNoStreet" IS NOT NULL ORDER BY {table}_id'
    ).rows()


def test_out_and_back(session: Session, tmp_path: Path) -> None:
    assert states(session) == {"queued": 1, "no address": 1}
    (line,) = sent(session, tmp_path)
    text = (tmp_path / "out.csv").read_text()
    assert (line["addrAtDxNoStreet"], line["countyAtDx"]) == ("7 Main St", "001")
    assert not any(word in text for word in ("Alvarez", "C504", "8500", "078051120", "202300001"))
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600
    assert states(session) == {"exported": 1, "no address": 1}
    assert sent(session, tmp_path) == []  # it is out
    assert len(sent(session, tmp_path, again=True)) == 1
    before = items(session, "abstract", "version")
    result = session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **PLACE}))
    assert (result["done"], result["abstracts"], result["county_reviews"], result["refused"]) == (1, 2, 0, 0)
    assert states(session) == {"done": 1, "no address": 1}
    expected = ("42.652500", "-73.756200", "000401", "001", "001")
    for table, rows in (("abstract", 2), ("tumor", 1)):
        assert items(session, table, "latitude", "longitude", "censusTract2020", "countyAtDxGeocode2020", "countyAtDx") == [expected] * rows  # fmt: skip
    assert items(session, "abstract", "version") == [(version + 1,) for (version,) in before]
    history = session.run("records.history", abstract_id=1).filter(pl.col("item") == "latitude")
    assert history.select("before", "after", "reason").rows() == [(None, "42.652500", "geocoding")]
    assert session._store.verify_audit().ok


def test_the_same_file_again_changes_nothing(session: Session, tmp_path: Path) -> None:
    (line,) = sent(session, tmp_path)
    back = answer(
        tmp_path,
        {"key": line["key"], **PLACE},
        {"key": "999-0123456789abcdef", **PLACE},
        {"key": "x", **PLACE},
    )
    first = session.run("geocode.import", path=back)
    assert (first["refused"], session.run("quarantine.list").height) == (2, 2)
    tables = {name: session._store.query(f"SELECT * FROM {name} ORDER BY ALL") for name in ("abstract", "tumor", "geocode", "abstract_change")}  # fmt: skip
    again = session.run("geocode.import", path=back)
    assert (again["done"], again["abstracts"]) == (1, 0)
    assert all(session._store.query(f"SELECT * FROM {name} ORDER BY ALL").equals(frame) for name, frame in tables.items())  # fmt: skip
    assert session.run("quarantine.list").height == 2


def test_another_county_opens_a_review_and_the_reported_one_stays(session: Session, tmp_path: Path) -> None:
    (line,) = sent(session, tmp_path)
    place = PLACE | {"countyAtDxGeocode2020": "083"}
    result = session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **place}))
    assert (result["done"], result["county_reviews"]) == (1, 1)
    assert items(session, "abstract", "countyAtDx", "countyAtDxGeocode2020") == [("001", "083")] * 2
    task = session.run("tasks.list", kind="geocoded county").row(0, named=True)
    assert (
        task["detail"] == "tumor 1: county at diagnosis is reported as 001, geocoded as 083"
        and task["facility_id"] == ONE
    )
    assert states(session)["review"] == 1
    session.run("tasks.close", task_id=task["task_id"], outcome="the reported one is right")
    assert states(session)["done"] == 1
    again = session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **place, "latitude": "42.7"}))  # fmt: skip
    assert (again["abstracts"], again["county_reviews"]) == (2, 0)  # decided once


def test_a_changed_address_makes_the_result_stale(session: Session, tmp_path: Path) -> None:
    (line,) = sent(session, tmp_path)
    session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **PLACE}))
    version = session._store.query("SELECT version FROM abstract WHERE abstract_id = 1").item()
    session.run("records.status", abstract_id=1, to="reopened", reason="moved")
    session.run("records.save", abstract_id=1, changes={"addrAtDxNoStreet": "9 Elm Ave"}, expected_version=version + 1)  # fmt: skip
    assert states(session) == {"stale": 1, "no address": 1}
    late = session.run(
        "geocode.import",
        path=answer(tmp_path, {"key": line["key"], **PLACE, "latitude": "1", "longitude": "1"}),
    )
    assert (late["stale"], late["done"], late["abstracts"]) == (1, 0, 0)
    assert items(session, "tumor", "latitude") == [("42.652500",)]
    (new,) = sent(session, tmp_path)
    assert (new["addrAtDxNoStreet"], new["key"] != line["key"]) == ("9 Elm Ave", True)
    place = {"latitude": "42.7", "longitude": "-73.6", "countyAtDxGeocode2020": "001"}
    session.run("geocode.import", path=answer(tmp_path, {"key": new["key"], **place}))
    assert states(session) == {"done": 1, "no address": 1}
    # what belonged to the address before does not stay beside the new place
    assert items(session, "tumor", "latitude", "censusTract2020", "gisCoordinateQuality") == [
        ("42.700000", None, None)
    ]


def test_what_a_facility_reported_is_not_blanked_by_an_empty_cell(session: Session, tmp_path: Path) -> None:
    session.run("records.status", abstract_id=1, to="reopened", reason="x")
    session.run("records.save", abstract_id=1, changes={"censusTract2010": "000500"}, expected_version=2)
    (line,) = sent(session, tmp_path)
    session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **PLACE, "censusTract2010": ""}))
    assert items(session, "abstract", "censusTract2010", "censusTract2020") == [("000500", "000401"), (None, "000401")]  # fmt: skip


def test_refused_lines_are_kept_with_their_reasons(session: Session, tmp_path: Path) -> None:
    (line,) = sent(session, tmp_path)
    result = session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], **PLACE, "latitude": "95.5", "censusTract2020": "12"}))  # fmt: skip
    assert result["faults"].select("line", "item").rows() == [(2, "censusTract2020"), (2, "latitude")]
    kept = session.run(
        "quarantine.show", quarantine_id=session.run("quarantine.list")["quarantine_id"].item()
    )
    assert (kept["kind"], kept["place"], b"95.5" in kept["content"], "95.5" in kept["reason"]) == (
        "geocode",
        "line 2",
        True,
        False,
    )
    assert states(session)["exported"] == 1


def test_no_match_is_noted_and_can_be_sent_again(session: Session, tmp_path: Path) -> None:
    (line,) = sent(session, tmp_path)
    result = session.run("geocode.import", path=answer(tmp_path, {"key": line["key"], "geocodingQualityCode": "F", "gisCoordinateQuality": "99"}))  # fmt: skip
    assert (result["failed"], states(session)["failed"]) == (1, 1)
    assert sent(session, tmp_path) == []
    assert len(sent(session, tmp_path, again=True)) == 1


def test_a_geocoder_outside_is_a_disclosure(session: Session, tmp_path: Path) -> None:
    sent(session, tmp_path)
    assert session.run("disclosures.list").is_empty()
    sent(session, tmp_path, again=True, recipient="Geocoder Ltd")
    noted = session.run("disclosures.of_patient", patient_id=1)
    assert noted.select("recipient", "kind").rows() == [("Geocoder Ltd", "other")]


def test_bad_files_and_scoped_actors(session: Session, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        session.run("geocode.import", path=str(tmp_path / "none.csv"))
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00key")
    with pytest.raises(BadInput):
        session.run("geocode.import", path=str(tmp_path / "bad.csv"))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(BadInput):
        session.run("geocode.import", path=str(tmp_path / "empty.csv"))
    with pytest.raises(BadInput, match="no such folder"):
        session.run("geocode.export", out=str(tmp_path / "no" / "a.csv"))
    asked = session.as_actor(Actor("maya", "manager", frozenset({ONE})))
    for name, words in (("geocode.status", {}), ("geocode.export", {"out": "a.csv"}), ("geocode.list", {})):
        with pytest.raises(Denied, match="whole registry"):
            asked.run(name, **words)


def test_a_file_from_a_spreadsheet(session: Session, tmp_path: Path) -> None:
    """A byte-order mark, lost zeros, a column of its own."""
    (line,) = sent(session, tmp_path)
    text = f"key,latitude,longitude,countyAtDxGeocode2020,remark\r\n{line['key']},42.5,-73.5,1,fine\r\n"
    (tmp_path / "s.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    result = session.run("geocode.import", path=str(tmp_path / "s.csv"))
    assert (result["done"], result["columns_not_used"]) == (1, ["remark"])
    assert items(session, "tumor", "countyAtDxGeocode2020") == [("001",)]


def test_from_the_command_line(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    session.close()

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            main([*words, "--db", str(tmp_path / "r.duckdb")])
        return int(stop.value.code or 0), capsys.readouterr().out

    code, out = run("geocode", "export", "--out", str(tmp_path / "o.csv"), "--json")
    assert (code, json.loads(out)["tumors"]) == (0, 1)
    key = (tmp_path / "o.csv").read_text().splitlines()[1].split(",")[0]
    back = answer(tmp_path, {"key": key, **PLACE}, {"key": "1-x"})
    assert run("geocode", "import", back)[0] == 1
    code, out = run("geocode", "status")
    assert (code, "done" in out) == (0, True)
