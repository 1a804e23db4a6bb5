"""Who may do what, and to whose records: the whole matrix, the whole list of operations, every scoped result."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Denied, NotFound, NotReady, RegistryError
from registry.security.roles import ROLES, Actor, group_of
from registry.service import Session, operations
from tests.received import (
    FACILITIES,
    KEY,
    ONE,
    OTHER_PERSON,
    PERSON,
    TREATMENT_HEADER,
    TUMOR,
    TWO,
    changed,
    hl7,
    treatment,
    write,
)  # fmt: skip

SECRET = "OTHERHOSPITALSECRET"
"""Marks every value that only facility TWO reported."""
DOOR = {"session.sign_in", "session.check", "session.resume", "session.sign_out", "account.password"}
"""Operations before anybody is known; accounts and sessions write their own audit (tests of security)."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Facility ONE and TWO share a patient and a tumor; TWO has another patient of its own; failures, tasks, reports."""
    folder = tmp_path_factory.mktemp("scope")
    at_two = changed(
        TUMOR, reportingFacility=TWO, accessionNumberHosp="202399999", medicalRecordNumber=f"{SECRET[:9]}", classOfCase="00",
        textRemarks=SECRET, rxSummChemo="03", summaryStage2018="7", primarySite="C504",
    )  # fmt: skip
    shared = changed(
        PERSON, patientIdNumber="900", addrCurrentCity=SECRET, dateOfLastContact="20259999", vitalStatus="0"
    )
    own = changed(OTHER_PERSON, patientIdNumber="901", nameLast=SECRET)
    with Session.create(folder / "r.duckdb", key=KEY) as opened:
        (folder / "facilities.csv").write_text(FACILITIES.replace("SECOND HOSPITAL", SECRET))
        (folder / "messages.hl7").write_text(hl7(text="Ductal carcinoma."))
        (folder / "theirs.hl7").write_text(
            hl7(control="M2", text=SECRET).replace(ONE.lstrip("0"), TWO.lstrip("0")).replace("S23-1", "S23-2")
        )
        (folder / "rows.csv").write_text(
            "\n".join(
                [
                    TREATMENT_HEADER,
                    treatment(),
                    treatment("1000001028", SECRET[:9], "20230404").replace("Whole breast", SECRET),
                ]
            )
            + "\n"
        )
        for path in (
            str(folder / "facilities.csv"),
            write(folder / "one.xml", (PERSON, [TUMOR])),
            write(folder / "two.xml", (shared, [at_two]), (own, [changed(at_two, accessionNumberHosp="202388888", laterality="9")])),
            write(folder / "two-again.xml", (own, [changed(at_two, accessionNumberHosp="202388888", laterality="1")])),
            str(folder / "messages.hl7"),
            str(folder / "theirs.hl7"),
            str(folder / "rows.csv"),
        ):  # fmt: skip
            opened.run("ingest.file", path=path)
        opened.run("quality.run", edit_set="all")
        opened.run("primaries.run")
        opened.run("submission.prepare", profile="STATE_FULL", facility=TWO)
        opened.run("submission.prepare", profile="STATE_FULL")
        yield opened


def test_every_operation_is_named_by_the_matrix() -> None:
    assert [name for name in operations() if group_of(name) is None] == []


def _arguments(name: str, folder: Path) -> dict[str, Any]:
    """Words that an operation understands."""
    given: dict[str, Any] = {
        "abstract_id": 1, "patient_id": 1, "changes": {"laterality": "1"}, "expected_version": 1, "to": "exported",
        "text": "alvarez", "item": "laterality", "load_id": 1, "quarantine_id": 1, "task_id": 1, "outcome": "seen",
        "path": str(folder / "missing"), "out": str(folder / "missing" / "file"), "name": "nobody", "password": "p",
        "role": "registrar", "token": "t", "old": "o", "new": "n", "rows": 1, "sha256": "0" * 64, "result": {},
        "data_docs": "x", "based_on": 1, "shown": "x", "tumor_id": 1,
        "pair_id": 1, "decision": "multiple", "reason": "seen", "code": "C504", "site": "C504", "year": 2022,
        "measure": "colon-twelve-nodes", "cohort": {}, "covariates": ["age"], "audit_id": 1, "case_id": 1, "finding_id": 1, "entry_id": 1, "values": {}, "kind": "recoding", "resolution": "both",
        "expected": 10, "month": 1, "source": "index", "names": ["index"],
        "failure_id": 1, "failure_ids": [1], "override_id": 1, "source_name": "State edits", "folder": str(folder / "no"),
        "submission_id": 1, "allowed": True,
        "facility": ONE, "patient_ids": [1], "recipient": "County court", "purpose": "seen", "content": "seen",
        "profile": "DEID", "agreement_id": "A-1", "title": "seen", "definition": {},
        "job": "derive", "owner": "0-0-0", "run_id": 1, "attempt": 1, "state": "done",
        "physician_id": "1", "batch_id": 1, "batch_ids": [1], "addressee": "patient", "language": "en",
    }  # fmt: skip
    if name.startswith("submission."):
        given["profile"] = "STATE_FULL"
    parameters = list(inspect.signature(operations()[name].function).parameters.values())[1:]
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return {each: given[each] for each in needed}


@pytest.mark.parametrize("role", ROLES)
def test_each_refused_cell_is_denied_and_noted(session: Session, tmp_path: Path, role: str) -> None:
    actor = Actor(f"tester-{role}", role)
    asked = session.as_actor(actor)
    refused = [name for name in operations() if not actor.may(name)]
    assert refused or role == "admin"
    for name in refused:
        with pytest.raises(Denied, match=role):
            asked.run(name, **_arguments(name, tmp_path))
    noted = session._store.query(
        "SELECT entity_id FROM audit_event WHERE actor = ? AND action = 'denied' ORDER BY seq", [actor.name]
    )
    assert noted["entity_id"].to_list() == refused


def test_every_operation_leaves_an_audit_event(session: Session, tmp_path: Path) -> None:
    """SEC08: each one that ends well, and each refusal; a failed call changes nothing."""
    silent = []
    asked = session.as_actor(Actor("tester-all", "admin"))
    for name in operations():
        if name in DOOR:
            continue
        before = session._store.query("SELECT max(seq) FROM audit_event").item()
        try:
            asked.run(name, **_arguments(name, tmp_path))
        except RegistryError:
            continue
        if session._store.query("SELECT max(seq) FROM audit_event").item() == before:
            silent.append(name)
    # A draft is unfinished typing, a change that changes nothing leaves nothing to note, a job's sign of life is no act.
    assert set(silent) <= {
        "records.keep_draft", "records.drop_draft", "settings.change", "derive.run", "jobs.beat", "jobs.look",
    }  # fmt: skip


def test_secrets_never_reach_the_audit_trail(session: Session) -> None:
    with pytest.raises(RegistryError):
        session.run(
            "account.add", name="x", password="short-secret-1", role="registrar", facilities=["nonsense"] * 3
        )
    with pytest.raises(Denied):
        session.as_actor(Actor("rita", "researcher")).run(
            "account.add", name="x", password="a secret word", role="admin"
        )
    found = session._store.query(
        "SELECT count(*) FROM audit_event WHERE contains(coalesce(after_value, ''), 'secret')"
    )
    assert found.item() == 0


def _text(value: Any) -> str:
    if isinstance(value, pl.DataFrame):
        return json.dumps(value.to_dicts(), default=str)
    if isinstance(value, dict):
        return " ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return str(value)


@pytest.mark.parametrize("role", ["registrar", "quality", "manager"])
def test_nothing_of_another_facility_is_in_any_result(session: Session, tmp_path: Path, role: str) -> None:
    """Each reading operation, with each record's id, for somebody held to facility ONE."""
    actor = Actor("anna", role, frozenset({ONE}))
    asked = session.as_actor(actor)
    numbers = {
        "patient_id": range(1, 5),
        "abstract_id": range(1, 6),
        "load_id": range(1, 9),
        "task_id": range(1, 6),
        "tumor_id": range(1, 4),
        "failure_id": range(1, 60),
        "submission_id": range(1, 4),
    }
    leaks = []
    for name, found in operations().items():
        if (
            name in DOOR
            or found.changes
            or not actor.may(name)
            or name.startswith(("facility.", "physician."))
        ):
            continue
        base = _arguments(name, tmp_path)
        varied = [{**base, key: n} for key, each in numbers.items() if key in base for n in each] or [base]
        varied += [
            {**base, "by": by} for by in ("facility", "site", "stage") if "by" in found_parameters(name)
        ]
        if name == "records.search":
            varied = [{"text": word} for word in (SECRET, "brooks", "alvarez", "1", "202399999", "219099999")]
        for arguments in varied:
            try:
                text = _text(asked.run(name, **arguments))
            except (NotFound, Denied, BadInput, NotReady):
                continue
            if (
                SECRET in text
                or SECRET[:9] in text
                or TWO in text
                or "202399999" in text
                or "20259999" in text
            ):
                leaks.append((name, arguments))
    assert leaks == []


def found_parameters(name: str) -> set[str]:
    return set(inspect.signature(operations()[name].function).parameters)


def test_a_scoped_actor_changes_nothing_of_another_facility(session: Session) -> None:
    asked = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    theirs = session._store.query("SELECT abstract_id FROM abstract WHERE facility_id = ? ORDER BY 1", [TWO])
    for abstract_id in theirs["abstract_id"].to_list():
        for name, arguments in (
            ("records.save", {"changes": {"laterality": "1"}, "expected_version": 1}),
            ("records.status", {"to": "void", "reason": "x"}),
            ("records.keep_draft", {"changes": {}, "based_on": 1}),
            ("records.check", {"changes": {}}),
            ("records.history", {}),
        ):
            with pytest.raises(NotFound):
                asked.run(name, abstract_id=abstract_id, **arguments)
    task = session._store.query("SELECT min(task_id) FROM review_task WHERE facility_id = ?", [TWO]).item()
    with pytest.raises(NotFound):
        asked.run("tasks.close", task_id=task, outcome="mine now")


def test_a_scoped_actor_loads_only_files_of_its_own(session: Session, tmp_path: Path) -> None:
    asked = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    own = write(tmp_path / "own.xml", (PERSON, [changed(TUMOR, rxSummChemo="01")]))
    assert asked.run("ingest.file", path=own)["new_versions"] == 1
    other = write(tmp_path / "other.xml", (PERSON, [TUMOR, changed(TUMOR, reportingFacility=TWO)]))
    nobodys = write(tmp_path / "nobodys.xml", (PERSON, [changed(TUMOR, reportingFacility=None)]))
    (tmp_path / "other.hl7").write_text(hl7(control="M9").replace(ONE.lstrip("0"), TWO.lstrip("0")))
    (tmp_path / "rows.csv").write_text(f"{TREATMENT_HEADER}\n{treatment('1000001028')}\n")
    (tmp_path / "sites.csv").write_text(FACILITIES.replace("FIRST", "MINE"))
    before = session._store.query("SELECT count(*) FROM load").item()
    for path in (other, nobodys, *(str(tmp_path / name) for name in ("other.hl7", "rows.csv", "sites.csv"))):
        with pytest.raises(Denied):
            asked.run("ingest.file", path=path)
    assert session._store.query("SELECT count(*) FROM load").item() == before
    (tmp_path / "mine.csv").write_text(f"{TREATMENT_HEADER}\n{treatment(start='20230505')}\n")
    assert asked.run("ingest.file", path=str(tmp_path / "mine.csv"))["accepted"] == 1


def test_what_works_on_the_whole_registry_is_not_for_one_facility(session: Session) -> None:
    """It would mark others' failures as fixed, and take others' derived values away."""
    asked = session.as_actor(Actor("quinn", "quality", frozenset({ONE})))
    open_failures = session.run("quality.failures").height
    assert open_failures
    for name in ("quality.run", "derive.run"):
        with pytest.raises(Denied, match="whole registry"):
            asked.run(name)
    assert session.run("quality.failures").height == open_failures


def test_a_scoped_actor_sees_its_own(session: Session) -> None:
    asked = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
    found = asked.run("records.patient", patient_id=1)
    assert found["patient"]["vitalStatus"] == "1"  # as facility ONE reported; TWO says dead
    assert found["abstracts"]["facility_id"].to_list() == [ONE]
    assert found["reports"].height == 1
    assert found["treatments"].height >= 1
    assert asked.run("overview.summary")["abstracts"] == 1
    assert asked.run("overview.summary")["facilities"] == 1
    assert asked.run("records.search", text="alvarez")["tumors"].to_list() == [1]


def test_nobody_s_facilities_see_nothing(session: Session) -> None:
    asked = session.as_actor(Actor("new", "registrar", frozenset()))
    assert asked.run("overview.summary")["patients"] == 0
    assert asked.run("records.search", text="alvarez").is_empty()
    assert asked.run("tasks.list").is_empty()


def test_a_scoped_export_holds_only_its_facility(session: Session, tmp_path: Path) -> None:
    """Managers of one facility export what is theirs."""
    asked = session.as_actor(Actor("maya", "manager", frozenset({ONE})))
    for record_type in ("A", "I"):
        asked.run("export.naaccr_xml", out=str(tmp_path / f"{record_type}.xml"), record_type=record_type)
        text = (tmp_path / f"{record_type}.xml").read_text()
        assert SECRET not in text
        assert TWO not in text
        assert text.count("<Tumor>") == 1


@pytest.mark.parametrize("role", ["researcher", "auditor"])
def test_some_roles_see_no_identifiers(session: Session, tmp_path: Path, role: str) -> None:
    actor = Actor("rita", role)
    asked = session.as_actor(actor)
    seen = []
    for name, found in operations().items():
        if name in DOOR or found.changes or not actor.may(name) or name == "facility.list":
            continue
        try:
            text = _text(asked.run(name, **_arguments(name, tmp_path)))
        except RegistryError as line:  # nothing of this number is here
            text = str(line)
        if any(word in text for word in ("Alvarez", "19500214", "078051120", SECRET, "MRN1")):
            seen.append(name)
    assert seen == []
