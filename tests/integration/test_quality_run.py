"""Running the edits over a registry: what applies, what stays, what is fixed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from registry.service import Session

KEY = "a long and random key 0123456789"


def load(session: Session, folder: Path, record_type: str, tumor: str) -> None:
    file = folder / f"{record_type}.xml"
    file.write_text(
        '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
        f'recordType="{record_type}" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient>'
        f'<Item naaccrId="dateOfBirth">1950010{len(record_type + tumor) % 9 + 1}</Item>'
        f"<Tumor>{tumor}</Tumor></Patient></NaaccrData>"
    )
    session.run("ingest.file", path=str(file))


def test_an_edit_applies_only_where_the_record_type_carries_its_items(tmp_path: Path) -> None:
    site = '<Item naaccrId="primarySite">C509</Item>'
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        load(session, tmp_path, "I", site)
        load(session, tmp_path, "A", site)
        session.run("quality.run")
        nameless = session.run("quality.failures", edit="name-last-required")
        assert nameless["abstract_id"].to_list() == [2]


def test_a_mended_record_turns_its_failure_to_fixed_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    wrong = '<Item naaccrId="primarySite">C619</Item><Item naaccrId="laterality">7</Item>'
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        load(session, tmp_path, "A", wrong)
        session.run("quality.run", as_of=dt.date(2026, 10, 31).isoformat())
        before = session.run("quality.failures").select("failure_id", "edit")
        assert "laterality-valid" in before["edit"]
        session.run("records.status", abstract_id=1, to="reopened", reason="wrong code")
        session.run("records.save", abstract_id=1, changes={"laterality": "0"}, expected_version=2)
        session.run("quality.run", as_of=dt.date(2026, 10, 31).isoformat())
        after = session.run("quality.failures").select("failure_id", "edit")
        assert before.filter(before["edit"] != "laterality-valid").equals(after)
        assert session.run("quality.failures", state="fixed")["edit"].to_list() == ["laterality-valid"]
        assert session.run("quality.run", as_of=dt.date(2026, 10, 31).isoformat())["new"] == 0


def test_a_registry_s_own_edits_stand_on_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.edits import definition
    from registry.edits.plan import forget

    own = tmp_path / "own.csv"
    own.write_text(
        "edit_id,severity,level,items,message,fails_when,sets,passes,fails\n"
        "house-site,review,inter-item,primarySite,Look at this site,primarySite = 'C619',central,C509,C619\n"
    )
    own.chmod(0o600)
    monkeypatch.setattr(definition, "_REGISTER", dict(definition.all_edits()))
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        load(session, tmp_path, "A", '<Item naaccrId="primarySite">C619</Item>')
        session.run("quality.run", own=str(own))
        found = session.run("quality.failures", edit="house-site")
        assert found.select("severity", "message").rows() == [("review", "Look at this site")]
        done = session.run("quality.override", failure_id=found["failure_id"][0], reason="it is so")
        assert done["override_item"] is None  # no flag of NAACCR's: kept here alone
        assert session.run("quality.failures", edit="house-site").is_empty()
    forget()


def test_a_save_stands_when_an_edit_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from registry.service.quality import judging as quality_judging

    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        load(session, tmp_path, "A", '<Item naaccrId="laterality">7</Item>')
        session.run("quality.run", edit_set=["laterality-valid"])
        session.run("records.status", abstract_id=1, to="reopened", reason="wrong code")
        with monkeypatch.context() as broken:
            broken.setattr(quality_judging, "of_patients", lambda *_: 1 / 0)
            saved = session.run(
                "records.save", abstract_id=1, changes={"laterality": "0"}, expected_version=2
            )
        assert saved["version"] == 3
        assert "ZeroDivisionError" in caplog.text
        assert session.run("quality.failures").height == 1  # not true yet
        assert session.run("quality.run", edit_set=["laterality-valid"])["fixed"] == 1
