"""Accounting of disclosures: six years, whose data, what needs no accounting, the command."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry.cli import main
from registry.errors import BadInput, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session, disclosures
from tests.received import KEY

DAY = dt.date(2026, 11, 22)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        with opened._store.unit_of_work("local:test", "load") as work:
            work.insert("patient", pl.DataFrame({"patient_id": range(1, 41)}))
        yield opened


def disclose(
    session: Session, on: dt.date, patients: object = (1,), kind: str = "submission", recipient: str = "State"
) -> int:
    with session._store.unit_of_work("local:test", "send") as work:
        return disclosures.record(
            work, recipient=recipient, purpose="Surveillance", content="Type I records", legal_basis="State law", kind=kind,
            subject_id=7, patient_ids=patients, on=on, recipient_address="1 Capitol Sq",
        )  # type: ignore[arg-type]  # fmt: skip


def test_each_patient_is_noted_once_and_the_chain_holds(session: Session) -> None:
    number = disclose(session, DAY, pl.Series([3, 1, 3, 2]))
    many = disclose(session, DAY, range(5, 41))
    rows = session._store.query(
        "SELECT * FROM disclosure_patient WHERE disclosure_id = ? ORDER BY ALL", [number]
    )
    assert rows["patient_id"].to_list() == [1, 2, 3]
    listed = session.run("disclosures.list", as_of="2026-11-22")
    assert listed.select("disclosure_id", "patients").rows() == [(many, 36), (number, 3)]
    assert session._store.verify_audit().ok


def test_six_years_back_to_the_day(session: Session) -> None:
    for day in ("2020-11-21", "2020-11-22", "2024-02-29", "2026-11-22", "2026-11-23"):
        disclose(session, dt.date.fromisoformat(day))
    disclose(session, DAY, [2])
    found = session.run("disclosures.of_patient", patient_id=1, as_of="2026-11-22")
    assert [str(day) for day in found["disclosed_on"]] == ["2020-11-22", "2024-02-29", "2026-11-22"]
    assert found.row(0, named=True) == {
        "disclosure_id": 2, "disclosed_on": dt.date(2020, 11, 22), "recipient": "State", "recipient_address": "1 Capitol Sq",
        "content": "Type I records", "purpose": "Surveillance", "legal_basis": "State law", "kind": "submission",
        "no_accounting_because": None,
    }  # fmt: skip
    wider = session.run("disclosures.of_patient", patient_id=1, start="2000-01-01", end="2020-11-21")
    assert wider.height == 1
    leap = session.run("disclosures.of_patient", patient_id=1, as_of="2028-02-29", start=None)
    assert [str(day) for day in leap["disclosed_on"]] == ["2024-02-29", "2026-11-22", "2026-11-23"]


def test_what_needs_no_accounting_is_kept_and_shown_when_asked(session: Session) -> None:
    for kind in disclosures.KINDS:
        disclose(session, DAY, kind=kind)
    shown = session.run("disclosures.of_patient", patient_id=1, as_of="2026-11-22")
    assert shown["kind"].to_list() == [kind for kind, why in disclosures.KINDS.items() if why is None]
    everything = session.run("disclosures.of_patient", patient_id=1, as_of="2026-11-22", everything=True)
    assert everything["kind"].to_list() == list(disclosures.KINDS)
    assert everything.filter(kind="limited")["no_accounting_because"].item().startswith("limited data set")


def test_a_disclosure_says_all_that_the_law_asks(session: Session) -> None:
    for words in ({"recipient": " "}, {"kind": "gossip"}):
        with pytest.raises(BadInput):
            disclose(session, DAY, **words)  # type: ignore[arg-type]
    assert session.run("disclosures.list").is_empty()
    with pytest.raises(BadInput, match="still to come"):
        session.run(
            "disclosures.add", patient_ids=[1], recipient="r", purpose="p", content="c", on="2999-01-01"
        )
    with pytest.raises(NotFound, match="1 of the patients are unknown"):
        session.run("disclosures.add", patient_ids=[1, 99], recipient="r", purpose="p", content="c")
    with pytest.raises(BadInput, match="no patient is named"):
        session.run("disclosures.add", patient_ids=[], recipient="r", purpose="p", content="c")
    with pytest.raises(NotFound, match="no patient 99"):
        session.run("disclosures.of_patient", patient_id=99)
    with pytest.raises(BadInput, match="other way round"):
        session.run("disclosures.of_patient", patient_id=1, start="2026-01-02", end="2026-01-01")


def test_who_may_look(session: Session) -> None:
    disclose(session, DAY)
    for role in ("manager", "admin", "auditor"):
        assert session.as_actor(Actor("x", role)).run("disclosures.list", as_of="2026-11-22").height == 1
    for role in ("registrar", "quality", "researcher", "job"):
        with pytest.raises(Denied):
            session.as_actor(Actor("x", role)).run("disclosures.list")


def test_from_the_command_line(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disclose(session, DAY)
    disclose(session, DAY, kind="limited", recipient="A university")
    session.close()
    monkeypatch.setenv("REGISTRY_KEY", KEY)

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as stop:
            main(["disclosures", *words, "--db", str(tmp_path / "r.duckdb")])
        assert stop.value.code == 0
        return capsys.readouterr().out

    text = run("--patient", "1", "--as-of", "2026-12-01")
    assert "State" in text
    assert "1 Capitol Sq" in text
    assert "A university" not in text
    rows = json.loads(run("--patient", "1", "--as-of", "2026-12-01", "--all", "--json"))
    assert [row["recipient"] for row in rows] == ["State", "A university"]
    assert run("--patient", "2", "--as-of", "2026-12-01") == "no disclosures in that time\n"
    run("--patient", "1", "--from", "2026-01-01", "--to", "2026-12-31", "--out", str(tmp_path / "a.csv"))
    assert pl.read_csv(tmp_path / "a.csv").height == 1
    added = run("add", "--patient", "2", "--recipient", "County court", "--purpose", "Subpoena", "--content", "Abstract")  # fmt: skip
    assert added.startswith("disclosure ")
    assert "County court" in run("--patient", "2")
