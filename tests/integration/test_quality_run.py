"""Running the edits over a registry: what applies, what stays, what is fixed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

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
