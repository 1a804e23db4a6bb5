"""Judging what changed leaves the board as judging everybody does, whatever happened before."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.service import Session
from registry.service.quality import records as quality_records
from registry.synthetic import generate
from tests.received import KEY, OTHER_PERSON, PERSON, TUMOR, changed, write

BOARD = """SELECT patient_id, tumor_id, abstract_id, facility_id, edit, edit_version, severity, items, item_values, message,
                  state FROM edit_failure WHERE state <> 'fixed' ORDER BY ALL"""
VALUES = {
    "laterality": ("0", "1", "2", "7"),
    "primarySite": ("C509", "C619", "C779", "C61"),
    "behaviorCodeIcdO3": ("2", "3"),
    "dateOfDiagnosis": ("20230115", "202613", "20261105", "20990101", "2019"),
    "dateOfLastContact": ("20240301", "20261103", "20270101"),
    "socialSecurityNumber": ("078051120", "219099999", "999999999"),
    "sequenceNumberCentral": ("00", "01", "02"),
    "overRideSiteType": ("1", None),
    "diagnosticConfirmation": ("1", "6", "8"),
    "vitalStatus": ("0", "1"),
}
DAYS = ("2026-10-31", "2026-11-04", "2026-11-10", "2027-02-01")
SETS = ("all", "central", "hospital")
FEW = ["laterality-valid", "dx-date-valid", "ir-ssn-shared"]


def board(session: Session) -> pl.DataFrame:
    return session._store.query(BOARD)


def step(session: Session, rng: random.Random) -> None:
    """One thing that people do: save an item, void a record, override, withdraw."""
    rows = session._store.query("SELECT abstract_id, version, status FROM abstract ORDER BY abstract_id")
    row = rows.row(rng.randrange(rows.height), named=True)
    number = int(row["abstract_id"])
    roll = rng.random()
    if roll < 0.1 and row["status"] != "void":
        session.run("records.status", abstract_id=number, to="void", reason="test")
    elif roll < 0.35:
        soft = session.run("quality.failures", severity="review", limit=1000).drop_nulls("abstract_id")
        soft = soft.filter(~pl.col("edit").str.starts_with("ir-"))
        if soft.height:
            session.run(
                "quality.override", failure_id=soft["failure_id"][rng.randrange(soft.height)], reason="test"
            )
    elif roll < 0.45:
        live = session.run("quality.overrides", standing="live")
        if live.height:
            session.run("quality.withdraw_override", override_id=live["override_id"][0], reason="test")
    else:
        if row["status"] not in ("reopened", "in_progress"):
            session.run("records.status", abstract_id=number, to="reopened", reason="test")
        version = session._store.query("SELECT version FROM abstract WHERE abstract_id = ?", [number]).item()
        items = rng.sample(sorted(VALUES), rng.randint(1, 3))
        changes = {item: rng.choice(VALUES[item]) for item in items}
        session.run("records.save", abstract_id=number, changes=changes, expected_version=version)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A few patients of one and of several tumors, and a made-up file."""
    generate(40, 5, tmp_path / "made", as_of=dt.date(2026, 10, 31))
    second = changed(
        TUMOR,
        primarySite="C619",
        accessionNumberHosp="202300001",
        sequenceNumberHospital="02",
        tumorRecordNumber="02",
    )
    opened = Session.create(tmp_path / "r.duckdb", key=KEY)
    opened.run("ingest.file", path=write(tmp_path / "own.xml", (PERSON, [TUMOR, second]), (OTHER_PERSON, [
        changed(TUMOR, accessionNumberHosp="202300005", histologicTypeIcdO3="9680", primarySite="C779", diagnosticConfirmation="6"),
    ])))  # fmt: skip
    for file in sorted((tmp_path / "made" / "abstracts").glob("*.xml"))[:1]:
        opened.run("ingest.file", path=str(file))
    return opened


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_changed_is_enough(session: Session, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality_records, "CHUNK", 7)
    rng = random.Random(seed)
    with session:
        for _round in range(5):
            edit_set, day = rng.choice(SETS), rng.choice(DAYS)
            session.run("quality.run", edit_set=edit_set, as_of=day)
            incremental = board(session)
            session.run("quality.run", edit_set=edit_set, as_of=day, full=True)
            assert incremental.equals(board(session)), (seed, _round, edit_set, day)
            assert incremental.height
            for _ in range(rng.randint(1, 4)):
                step(session, rng)
        assert session.run("audit.verify")["ok"]


def test_only_changed_patients_are_judged_again(session: Session) -> None:
    with session:
        first = session.run("quality.run", edit_set=FEW, as_of="2026-10-31")
        assert first["judged"] == first["patients"] > 2
        assert session.run("quality.run", edit_set=FEW, as_of="2026-10-31")["judged"] == 0
        session.run("records.status", abstract_id=1, to="reopened", reason="test")
        session.run("records.save", abstract_id=1, changes={"laterality": "7"}, expected_version=2)
        again = session.run("quality.run", edit_set=FEW, as_of="2026-10-31")
        assert again["judged"] == 1
        assert session.run("quality.run", edit_set=FEW, as_of="2026-11-01")["judged"] == first["patients"]


def test_another_version_of_an_edit_is_asked_of_everybody(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from registry.edits import definition
    from registry.edits.plan import forget

    with session:
        session.run("records.status", abstract_id=1, to="reopened", reason="test")
        session.run("records.save", abstract_id=1, changes={"primarySite": "C619"}, expected_version=2)
        session.run("quality.run", edit_set=["site-sex"], as_of="2026-10-31")
        before = session.run("quality.failures", edit="site-sex")
        assert before.height
        stricter = dataclasses.replace(edits.find("site-sex"), version="2099.1", message="Look again")
        monkeypatch.setitem(definition._REGISTER, "site-sex", stricter)
        forget()
        try:
            again = session.run("quality.run", edit_set=["site-sex"], as_of="2026-10-31")
            assert again["judged"] == again["patients"]
            after = session.run("quality.failures", edit="site-sex")
        finally:
            monkeypatch.undo()
            forget()
        assert after["failure_id"].to_list() == before["failure_id"].to_list()
        assert set(after["message"]) == {"Look again"}


def test_a_failure_that_comes_back_with_its_values_keeps_its_id(session: Session) -> None:
    with session:
        session.run("records.status", abstract_id=1, to="reopened", reason="test")
        run = lambda value, version: (  # noqa: E731
            session.run(
                "records.save", abstract_id=1, changes={"laterality": value}, expected_version=version
            ),
            session.run("quality.run", edit_set=FEW),
            session.run("quality.failures", edit="laterality-valid", abstract_id=1, state=None),
        )[2]
        first = run("7", 2)
        assert first["state"].to_list() == ["open"]
        other = run("8", 3)  # still wrong: the same work, other values
        assert other["failure_id"].to_list() == first["failure_id"].to_list()
        mended = run("1", 4)
        assert mended.select("state", "closed_as").row(0) == ("fixed", "fixed")
        assert mended["fixed_at"][0] is not None
        back = run("8", 5)
        assert back["failure_id"].to_list() == first["failure_id"].to_list()
        assert back.select("state", "fixed_at").row(0) == ("open", None)
        assert back["reopened_at"][0] is not None
        run("1", 6)
        new = run("7", 7)
        assert new["state"].to_list() == ["fixed", "open"]  # other values: other work


def test_two_runs_at_once_do_not_double_the_board(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.errors import Conflict
    from registry.service.quality import keeping as quality_keeping

    with session:
        session.run("quality.run", edit_set=FEW)
        inner = {"left": 1}
        together = quality_keeping.together

        def meanwhile(parts: object) -> object:
            found = together(parts)  # type: ignore[arg-type]
            if inner.pop("left", None):
                session.run("quality.run", edit_set=FEW)
            return found

        monkeypatch.setattr(quality_keeping, "together", meanwhile)
        with pytest.raises(Conflict, match="another run"):
            session.run("quality.run", edit_set=FEW)
        doubled = session._store.query(
            "SELECT count(*) FROM edit_failure WHERE state <> 'fixed' GROUP BY abstract_id, tumor_id, edit HAVING count(*) > 1"
        )
        assert doubled.is_empty()


def test_a_record_saved_during_a_run_keeps_what_its_save_found(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run read the record before it was saved: what it found then is not written over what is true now."""
    from registry.service.quality import keeping as quality_keeping

    with session:
        session.run("records.status", abstract_id=1, to="reopened", reason="test")
        session.run("records.save", abstract_id=1, changes={"laterality": "7"}, expected_version=2)
        session.run("quality.run", edit_set=FEW)
        inner = {"left": 1}
        together = quality_keeping.together

        def meanwhile(parts: object) -> object:
            found = together(parts)  # type: ignore[arg-type]
            if inner.pop("left", None):
                session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=3)
            return found

        monkeypatch.setattr(quality_keeping, "together", meanwhile)
        session.run("quality.run", edit_set=["laterality-valid"], full=True)
        assert session.run("quality.failures", abstract_id=1).is_empty()
        assert session.run("quality.run", edit_set=["laterality-valid"])["judged"] == 1
        assert session.run("quality.failures", abstract_id=1).is_empty()
