"""Derived variables of a whole registry: kept with algorithm and version, only changes written, explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import coding
from registry.errors import BadInput, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        second = changed(
            TUMOR,
            primarySite="C619",
            histologicTypeIcdO3="8140",
            dateOfDiagnosis="20240101",
            tumorRecordNumber="02",
            sequenceNumberHospital="02",
        )
        other = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202388888")
        opened.run(
            "ingest.file",
            path=write(
                tmp_path / "one.xml",
                (PERSON, [TUMOR, second]),
                (changed(OTHER_PERSON, patientIdNumber="9"), [other]),
            ),
        )
        yield opened


def values(session: Session, tumor_id: int) -> dict[str, str]:
    found = session._store.query(
        "SELECT item, value FROM derived WHERE tumor_id = ? ORDER BY item", [tumor_id]
    )
    return dict(found.iter_rows())


def test_all_that_has_inputs_is_derived_and_kept(session: Session) -> None:
    answer = session.run("derive.run", as_of="2026-01-01")
    assert answer["tumors"] == 3
    assert {"seer-site-recode-2008", "seer-site-recode-2023", "age-at-diagnosis"} <= set(
        answer["derivations"]
    )
    held = session._store.query("SELECT * FROM derived")
    assert held.height == answer["values"] == answer["changed"]
    assert held.select("tumor_id", "item", "algorithm").is_duplicated().sum() == 0
    assert held["version"].null_count() == 0
    assert values(session, 1)["site_recode_2008"] == "26000"
    assert values(session, 2)["site_recode_2008"] == "28010"


def test_what_is_kept_is_what_derive_gives(session: Session) -> None:
    answer = session.run("derive.run", as_of="2026-01-01")
    tumors = session._store.query(
        'SELECT t.*, CAST(t.patient_id AS VARCHAR) AS "patientIdNumber", p.* EXCLUDE (patient_id, "patientIdNumber", version, '
        "created_at, changed_at, changed_by, tombstone_reason) FROM tumor t JOIN patient p USING (patient_id) ORDER BY tumor_id"
    )
    import datetime as dt

    derived = coding.derive(tumors, answer["derivations"], as_of=dt.date(2026, 1, 1))
    expected = coding.derived_values(derived, answer["derivations"])
    held = session._store.query(
        "SELECT tumor_id, item, value, algorithm, version FROM derived ORDER BY tumor_id, item"
    )
    assert held.rows() == expected.rows()


def test_the_second_run_writes_nothing_and_a_change_only_itself(session: Session) -> None:
    first = session.run("derive.run", as_of="2026-01-01")
    stamps = session._store.query("SELECT DISTINCT derived_at FROM derived").height
    again = session.run("derive.run", as_of="2026-01-01")
    assert (again["values"], again["changed"]) == (first["values"], 0)
    version = session.run("records.status", abstract_id=2, to="reopened", reason="site")["version"]
    session.run("records.save", abstract_id=2, changes={"primarySite": "C189"}, expected_version=version)
    third = session.run("derive.run", ids=["seer-site-recode-2008"], as_of="2026-01-01")
    assert third["changed"] == 2  # one away, one new
    assert (
        values(session, 2)["site_recode_2008"] == "21049"
        and values(session, 1)["site_recode_2008"] == "26000"
    )
    assert session._store.query("SELECT DISTINCT derived_at FROM derived").height == stamps + 1
    assert session.run("audit.verify")["ok"]


def test_a_new_version_replaces_the_old_value(session: Session) -> None:
    session.run("derive.run", ids=["seer-site-recode-2008"])
    with session._store.unit_of_work("test", "older") as work:
        work.execute("UPDATE derived SET version = 'older'")
        work.log("derived", None, "older")
    assert session.run("derive.run", ids=["seer-site-recode-2008"])["changed"] == 6
    assert session._store.query("SELECT DISTINCT version FROM derived")["version"].to_list() != ["older"]


def test_values_of_algorithms_that_are_gone_are_taken_away(session: Session) -> None:
    stale = pl.DataFrame(
        {"tumor_id": [1], "item": ["old"], "value": ["1"], "algorithm": ["gone"], "version": ["1"]}
    )
    with session._store.unit_of_work("test", "older") as work:
        work.insert("derived", stale)
    session.run("derive.run", ids=["seer-site-recode-2008"])
    assert "old" in values(session, 1)
    session.run("derive.run")
    assert "old" not in values(session, 1)


def test_a_tumor_s_variables_are_named_and_explained(session: Session) -> None:
    session.run("derive.run", as_of="2026-01-01")
    found = session.run("derive.of_tumor", tumor_id=1)
    row = found.row(found["item"].to_list().index("site_recode_2008"), named=True)
    assert (row["value"], row["algorithm"]) == ("26000", "seer-site-recode-2008")
    assert row["label"] in {None, "Breast"}
    assert row["version"] and row["description"]
    told = session.run("derive.why", tumor_id=1, item="site_recode_2008")
    assert {"item": "primarySite", "value": "C504"}.items() <= told["inputs"][0].items()
    assert told["outputs"][0]["value"] == "26000"


def test_facility_staff_see_what_their_own_abstracts_give(session: Session) -> None:
    session.run("derive.run")
    anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    found = anna.run("derive.of_tumor", tumor_id=1)
    assert dict(found.select("item", "value").iter_rows())["site_recode_2008"] == "26000"
    for name in ("derive.of_tumor", "derive.why"):
        more = {"item": "site_recode_2008"} if name == "derive.why" else {}
        with pytest.raises(NotFound):
            anna.run(name, tumor_id=3, **more)


def test_an_unknown_derivation_is_one_line(session: Session) -> None:
    with pytest.raises(NotFound, match="no such derivation"):
        session.run("derive.run", ids=["nonsense"])
    with pytest.raises(BadInput):
        session.run("derive.run", as_of="yesterday")
