"""Single or multiple primary over a real database: verdicts kept with the pair, decisions kept beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

RIGHT = changed(
    TUMOR, dateOfDiagnosis="20100101", dateOf1stContact="20100101", laterality="1", summaryStage2018=None
)
LEFT = changed(RIGHT, laterality="2", sequenceNumberHospital="02", tumorRecordNumber="02")
AGAIN = changed(RIGHT, dateOfDiagnosis="20100301", sequenceNumberHospital="03", tumorRecordNumber="03")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


def take(session: Session, folder: Path, *patients: Any) -> None:
    session.run("ingest.file", path=write(folder / "file.xml", *patients))


def pairs(session: Session, patient_id: int = 1) -> pl.DataFrame:
    found: pl.DataFrame = session.run("primaries.of_patient", patient_id=patient_id)
    return found


def save(session: Session, abstract_id: int, **changes: str) -> None:
    version = session.run("records.status", abstract_id=abstract_id, to="reopened", reason="x")["version"]
    session.run("records.save", abstract_id=abstract_id, changes=changes, expected_version=version)


def tasks(session: Session) -> list[str]:
    return list(session.run("tasks.list", kind="primaries-disagree")["detail"])


def test_every_pair_has_its_verdict_and_rule(session: Session, tmp_path: Path) -> None:
    take(
        session,
        tmp_path,
        (PERSON, [RIGHT, LEFT]),
        (OTHER_PERSON, [changed(RIGHT, accessionNumberHosp="201000009")]),
    )
    assert session.run("primaries.run") == {
        "pairs": 1,
        "new": 1,
        "changed": 0,
        "gone": 0,
        "opened": 0,
        "closed": 0,
    }
    row = pairs(session).row(0, named=True)
    assert (row["kind"], row["first_id"], row["second_id"]) == ("tumors", 1, 2)
    assert (row["result"], row["group_id"], row["step"]) == ("multiple", "mph_2007_to_2017_breast", "M7")
    assert "right" in row["reason"] and row["group"] and row["algorithm_version"] not in {"", "unknown"}
    assert pairs(session, 2).is_empty()


def test_two_tumors_that_are_one_become_a_task(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT, LEFT, AGAIN]))
    session.run("primaries.run")
    found = pairs(session)
    assert found.filter(pl.col("result") == "single").select("first_id", "second_id").rows() == [(1, 3)]
    (said,) = tasks(session)
    assert said.startswith("tumors 1 and 3 are one primary by the rules (mph_2007_to_2017_breast M")
    assert session.run("primaries.list").select("first_id", "second_id").rows() == [(1, 3)]
    assert session.run("primaries.list", only_open=False).height == 3
    assert session.run("primaries.run")["opened"] == 0 and len(tasks(session)) == 1


def test_one_tumor_whose_abstracts_are_two_becomes_a_task(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT]))
    at_two = changed(RIGHT, reportingFacility=TWO, accessionNumberHosp="201000077")
    session.run(
        "ingest.file", path=write(tmp_path / "two.xml", (changed(PERSON, patientIdNumber="9"), [at_two]))
    )
    session.run("primaries.run")
    assert (
        pairs(session).select("kind", "result").rows() == [("abstracts", "single")] and tasks(session) == []
    )
    save(session, 2, laterality="2")
    session.run("primaries.run", patient_id=1)
    assert pairs(session).select("kind", "first_id", "second_id", "result").rows() == [
        ("abstracts", 1, 2, "multiple")
    ]
    assert tasks(session) == [
        "abstracts 1 and 2 of one tumor are two primaries by the rules (mph_2007_to_2017_breast M7)"
    ]


def test_a_decision_stays_and_closes_the_task(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT, AGAIN]))
    session.run("primaries.run")
    row = pairs(session).row(0, named=True)
    asked = {"pair_id": row["pair_id"], "decision": "multiple", "expected_version": row["version"]}
    for reason in ("", "  "):
        with pytest.raises(BadInput, match="reason"):
            session.run("primaries.decide", reason=reason, **asked)
    with pytest.raises(BadInput, match="no decision"):
        session.run("primaries.decide", reason="x", **{**asked, "decision": "perhaps"})
    anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    anna.run("primaries.decide", reason="second biopsy shows another tumor", **asked)
    with pytest.raises(Conflict):
        session.run("primaries.decide", reason="x", **asked)
    assert tasks(session) == []
    assert session.run("primaries.run") == {
        "pairs": 1,
        "new": 0,
        "changed": 0,
        "gone": 0,
        "opened": 0,
        "closed": 0,
    }
    row = pairs(session).row(0, named=True)
    assert (row["result"], row["decision"], row["decided_by"]) == ("single", "multiple", "anna")
    assert row["decision_reason"] == "second biopsy shows another tumor" and not row["changed_since"]
    events = session._store.changes("primary_pair", row["pair_id"])
    assert ("decision", None, "multiple") in events.select("item", "before", "after").rows()
    assert session.run("audit.verify")["ok"]


def test_a_decision_on_records_that_changed_is_marked(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT, AGAIN]))
    session.run("primaries.run")
    row = pairs(session).row(0, named=True)
    session.run(
        "primaries.decide",
        pair_id=row["pair_id"],
        decision="multiple",
        reason="two",
        expected_version=row["version"],
    )
    save(session, 2, dateOfDiagnosis="20100401")
    session.run("primaries.run")
    row = pairs(session).row(0, named=True)
    assert (row["decision"], row["changed_since"], row["open"]) == ("multiple", True, True)
    assert len(tasks(session)) == 1
    session.run(
        "primaries.decide",
        pair_id=row["pair_id"],
        decision="multiple",
        reason="still two",
        expected_version=row["version"],
    )
    assert not pairs(session)["changed_since"].item() and tasks(session) == []
    session.run(
        "primaries.decide",
        pair_id=row["pair_id"],
        decision=None,
        reason="wrong",
        expected_version=pairs(session)["version"].item(),
    )
    assert pairs(session)["decision"].item() is None and len(tasks(session)) == 1


def test_what_a_person_closed_is_not_asked_again(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT, AGAIN]))
    session.run("primaries.run")
    task = session.run("tasks.list", kind="primaries-disagree")["task_id"].item()
    session.run("tasks.close", task_id=task, outcome="looked at, stays")
    assert session.run("primaries.run")["opened"] == 0


def test_a_pair_is_gone_with_its_tumor_and_comes_back(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, (PERSON, [RIGHT, AGAIN]))
    session.run("primaries.run")
    session.run("records.status", abstract_id=2, to="void", reason="entered twice")
    assert session.run("primaries.run", patient_id=1)["gone"] == 1
    assert pairs(session).is_empty() and tasks(session) == []
    session.run("records.status", abstract_id=2, to="reopened", reason="it was not")
    assert session.run("primaries.run", patient_id=1)["changed"] == 1
    assert pairs(session).height == 1 and len(tasks(session)) == 1


def test_pairs_with_another_facility_s_abstracts_are_central_staff_s(
    session: Session, tmp_path: Path
) -> None:
    theirs = changed(AGAIN, reportingFacility=TWO, accessionNumberHosp="201000077")
    take(session, tmp_path, (PERSON, [RIGHT, LEFT, theirs]))
    session.run("primaries.run")
    assert pairs(session).height == 3
    anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    assert pairs(anna).select("first_id", "second_id").rows() == [(1, 2)]
    assert anna.run("primaries.list", only_open=False).height == 1
    hidden = pairs(session).filter(pl.col("second_id") == 3).row(0, named=True)
    with pytest.raises(NotFound):
        anna.run(
            "primaries.decide", pair_id=hidden["pair_id"], decision="multiple", reason="x", expected_version=1
        )
    with pytest.raises(Denied):
        anna.run("primaries.run")
    with pytest.raises(Denied, match="whole registry"):
        session.as_actor(Actor("quinn", "quality", frozenset({ONE}))).run("primaries.run")


def test_a_facility_s_registrar_compares_one_patient(session: Session, tmp_path: Path) -> None:
    theirs = changed(AGAIN, reportingFacility=TWO, accessionNumberHosp="201000077")
    take(session, tmp_path, (PERSON, [RIGHT, LEFT, theirs]))
    anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    assert anna.run("primaries.compare", patient_id=1) == {"patient_id": 1, "pairs": 1}
    assert pairs(session).height == 3
    with pytest.raises(NotFound):
        anna.run("primaries.compare", patient_id=7)
