"""The service over a real database: consolidation, saves, versions, status, audit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound, RegistryError
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, PERSON, TUMOR, TWO, changed, write

AT_TWO = changed(
    TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", medicalRecordNumber="X9", classOfCase="00",
    dateOf1stContact="20221201", rxSummChemo="03", summaryStage2018=None,
)  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


def take(session: Session, folder: Path, name: str, *patients: Any, **header: Any) -> dict[str, Any]:
    return dict(session.run("ingest.file", path=write(folder / f"{name}.xml", *patients, **header)))


def one(session: Session, table: str, *items: str) -> tuple[Any, ...]:
    selected = ", ".join(f'"{item}"' for item in items)
    return session._store.query(f"SELECT {selected} FROM {table}").row(0)


def reopen(session: Session, abstract_id: int = 1) -> int:
    return int(
        session.run("records.status", abstract_id=abstract_id, to="reopened", reason="correction")["version"]
    )


def test_with_one_facility_the_tumor_follows_its_abstract(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    for item in ("primarySite", "laterality", "dateOfDiagnosis", "summaryStage2018", "classOfCase"):
        assert one(session, "tumor", item) == (TUMOR[item],)
    for item in ("nameLast", "dateOfBirth", "vitalStatus"):
        assert one(session, "patient", item) == (PERSON[item],)


def test_two_facilities_one_tumor(session: Session, tmp_path: Path) -> None:
    take(
        session,
        tmp_path,
        "one",
        (PERSON, [changed(TUMOR, classOfCase="30", laterality="2", rxSummChemo="00")]),
    )
    dead = changed(
        PERSON, vitalStatus="0", dateOfLastContact="20231111", causeOfDeath="C509", patientIdNumber="9"
    )
    take(session, tmp_path, "two", (dead, [AT_TWO]))
    # the analytic abstract comes first; what it leaves blank comes from the other one
    assert one(session, "tumor", "classOfCase", "rxSummChemo", "summaryStage2018") == ("00", "03", "1")
    # a death beats a later living contact
    assert one(session, "patient", "vitalStatus", "dateOfLastContact", "causeOfDeath") == (
        "0",
        "20231111",
        "C509",
    )
    # each facility keeps what it said
    kept = session._store.query(
        'SELECT "classOfCase", "vitalStatus" FROM abstract ORDER BY abstract_id'
    ).rows()
    assert kept == [("30", "1"), ("00", "0")]


def test_the_latest_contact_of_the_living_wins(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    later = changed(PERSON, dateOfLastContact="20250505", patientIdNumber="9")
    take(session, tmp_path, "two", (later, [changed(AT_TWO, classOfCase="30")]))
    assert one(session, "patient", "dateOfLastContact") == ("20250505",)
    assert one(session, "tumor", "classOfCase") == ("14",)


def test_a_void_abstract_no_longer_speaks(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    take(session, tmp_path, "two", (changed(PERSON, patientIdNumber="9"), [AT_TWO]))
    assert one(session, "tumor", "classOfCase", "rxSummChemo") == ("00", "03")
    session.run("records.status", abstract_id=2, to="void", reason="reported twice")
    assert one(session, "tumor", "classOfCase", "rxSummChemo") == ("14", None)
    session.run("records.status", abstract_id=1, to="void", reason="not reportable")
    totals = session.run("overview.summary")
    assert (totals["patients"], totals["tumors"], totals["abstracts"]) == (0, 0, 0)
    assert session.run("overview.counts", by="diagnosis_year").is_empty()
    session.run("records.status", abstract_id=1, to="reopened", reason="it was reportable")
    assert session.run("overview.counts", by="diagnosis_year")["tumors"].to_list() == [1]


def test_a_save_flows_into_tumor_and_patient_with_history_and_audit(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    version = reopen(session)
    answer = session.run(
        "records.save", abstract_id=1, changes={"laterality": "1", "nameLast": " Brooks ", "rxSummChemo": "02"},
        expected_version=version, reason="path report",
    )  # fmt: skip
    assert answer["version"] == version + 1
    assert one(session, "tumor", "laterality", "rxSummChemo") == ("1", "02")
    assert one(session, "patient", "nameLast") == ("Brooks",)
    history = session.run("records.history", abstract_id=1).filter(pl.col("version") == version + 1)
    assert set(history["item"]) == {"laterality", "nameLast", "rxSummChemo", "dateCaseLastChanged"}
    assert set(history["reason"]) == {"path report"}
    events = session._store.changes("abstract", 1)
    pairs = events.filter(pl.col("action") == "edit").select("item", "before", "after").rows()
    assert ("laterality", "2", "1") in pairs
    assert ("rxSummChemo", None, "02") in pairs
    assert session.run("audit.verify")["ok"]


def test_only_items_whose_codes_are_all_listed_are_chosen_from_a_list(
    session: Session, tmp_path: Path
) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    items = {row["item"]: row for row in session.run("records.abstract", abstract_id=1)["items"]}
    assert items["laterality"]["listed"] and items["behaviorCodeIcdO3"]["listed"]
    for item in ("tumorSizeSummary", "sequenceNumberHospital", "ageAtDiagnosis"):  # sizes and counts
        assert not items[item]["listed"]


def test_a_save_that_changes_nothing_is_no_version(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    version = reopen(session)
    answer = session.run("records.save", abstract_id=1, changes={"laterality": "2"}, expected_version=version)
    assert (answer["version"], answer["changed"]) == (version, 0)


def test_somebody_else_saved_first(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    version = reopen(session)
    session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=version)
    with pytest.raises(Conflict) as caught:
        session.run("records.save", abstract_id=1, changes={"rxSummChemo": "02"}, expected_version=version)
    assert "Alvarez" not in str(caught.value)
    assert one(session, "abstract", "rxSummChemo") == (None,)
    assert one(session, "abstract", "version") == (version + 1,)


def test_the_same_save_again_answers_the_same(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    call: dict[str, Any] = {
        "abstract_id": 1, "changes": {"laterality": "1"}, "expected_version": reopen(session), "idempotency_key": "k1",
    }  # fmt: skip
    first = session.run("records.save", **call)
    assert session.run("records.save", **call) == first
    assert session.run("records.history", abstract_id=1).filter(pl.col("item") == "laterality").height == 1


def test_eight_editors_on_one_abstract_lose_nothing(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    reopen(session)
    saved: list[str] = []

    def edit(name: str) -> None:
        editor = session.as_actor(Actor(name, "registrar", frozenset({ONE})))
        for number in range(5):
            text = f"{name} {number}"
            try:
                version = editor.run("records.abstract", abstract_id=1)["version"]
                editor.run(
                    "records.save", abstract_id=1, changes={"textRemarks": text}, expected_version=version
                )
                saved.append(text)
            except Conflict:
                continue

    threads = [threading.Thread(target=edit, args=(f"editor{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = session.run("records.history", abstract_id=1).filter(pl.col("item") == "textRemarks")
    assert sorted(history["after"]) == sorted(saved)
    assert saved
    assert session.run("audit.verify")["ok"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"noSuchItem": "1"}, "noSuchItem"),
        ({"version": "7"}, "version"),
        ({"patient_id": "7"}, "patient_id"),
        ({"status": "complete"}, "status"),
        ({"void_reason": "x"}, "void_reason"),
        ({"facility_id": TWO}, "facility_id"),
        ({'laterality" = 1 --': "1"}, "laterality"),
        ({"recordType": "M"}, "recordType"),
        ({"laterality": "22"}, "laterality"),
    ],
)
def test_what_cannot_be_saved(session: Session, tmp_path: Path, changes: dict[str, str], said: str) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    version = reopen(session)
    with pytest.raises(BadInput, match=said):
        session.run("records.save", abstract_id=1, changes=changes, expected_version=version)
    assert one(session, "abstract", "version", "facility_id") == (version, ONE)


def test_the_life_of_an_abstract(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    with pytest.raises(Denied, match="locked"):
        session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=1)
    with pytest.raises(Denied, match="reason"):
        session.run("records.status", abstract_id=1, to="reopened")
    with pytest.raises(BadInput, match="suspense"):
        session.run("records.status", abstract_id=1, to="suspense", reason="x")
    with pytest.raises(BadInput, match="archived"):
        session.run("records.status", abstract_id=1, to="archived", reason="x")
    session.run("records.status", abstract_id=1, to="exported")
    assert one(session, "abstract", "dateCaseReportExported")[0] is not None
    reopen(session)
    session.run("records.status", abstract_id=1, to="complete")
    assert one(session, "abstract", "dateCaseCompleted")[0] is not None
    with pytest.raises(Denied, match="reason"):
        session.run("records.status", abstract_id=1, to="void", reason="  ")
    session.run("records.status", abstract_id=1, to="void", reason="reported twice")
    assert one(session, "abstract", "status", "void_reason") == ("void", "reported twice")
    with pytest.raises(Denied, match="locked"):
        session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=5)
    with pytest.raises(Conflict):
        session.run("records.status", abstract_id=1, to="reopened", reason="x", expected_version=1)
    steps = session.run("records.history", abstract_id=1).filter(pl.col("item") == "status")
    assert steps["after"].to_list() == ["void", "complete", "reopened", "exported"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("records.patient", {"patient_id": 99}),
        ("records.abstract", {"abstract_id": 99}),
        ("records.history", {"abstract_id": 99}),
        ("records.save", {"abstract_id": 99, "changes": {"laterality": "1"}, "expected_version": 1}),
        ("records.status", {"abstract_id": 99, "to": "void", "reason": "x"}),
        ("tasks.close", {"task_id": 99, "outcome": "x"}),
        ("quarantine.show", {"quarantine_id": 99}),
        ("records.nonsense", {}),
        ("nonsense.list", {}),
    ],
)
def test_what_is_not_there(session: Session, operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        session.run(operation, **arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("records.search", {"text": "  "}),
        ("records.search", {}),
        ("records.search", {"text": "a", "colour": "b"}),
        ("followup.list", {"as_of": "yesterday"}),
        ("overview.counts", {"by": "colour"}),
        ("export.naaccr_xml", {"out": "/nowhere/at/all.xml"}),
        ("export.naaccr_xml", {"out": "x.xml", "record_type": "Z"}),
        ("export.naaccr_xml", {"out": "x.xml", "naaccr_version": "999"}),
        ("settings.change", {"colour": "blue"}),
        ("survival.kaplan_meier", {"by": "colour"}),
        ("derive.run", {"ids": ["no-such-derivation"]}),
        ("quality.run", {"edit_set": "no-such-set"}),
        ("followup.rates", {"by": "colour"}),
        ("publish.snapshot", {"out": "snapshot", "profile": "no-such-profile"}),
        ("facility.list", {"x": 1}),
    ],
)
def test_a_bad_question_is_one_line(
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    arguments: dict[str, Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RegistryError) as caught:
        session.run(operation, **arguments)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.glob("[!r]*")) == []


def test_a_retry_after_the_record_was_locked_still_answers(session: Session, tmp_path: Path) -> None:
    take(session, tmp_path, "one", (PERSON, [TUMOR]))
    call: dict[str, Any] = {
        "abstract_id": 1, "changes": {"laterality": "1"}, "expected_version": reopen(session), "idempotency_key": "k1",
    }  # fmt: skip
    first = session.run("records.save", **call)
    session.run("records.status", abstract_id=1, to="complete")
    assert session.run("records.save", **call) == first
    with pytest.raises(Denied):
        session.run("records.save", **{**call, "idempotency_key": "k2"})


def test_an_empty_registry_answers_everything(session: Session) -> None:
    """Every question that needs no argument has an answer before the first load."""
    from registry.service import operations

    skipped = {
        "session.sign_in",
        "session.check",
        "session.resume",
        "session.sign_out",
        "audits.casefinding",
        "quality.record_suites",
        "quality.rerun",
        "letters.configure",
        "standards.undo",
    }
    for name, found in operations().items():
        if name in skipped:
            continue
        try:
            found.check_arguments({})
        except BadInput:
            continue
        session.run(name)


def person(number: int, last: str, first: str, **more: str) -> tuple[Any, list[Any]]:
    """One made-up patient with one tumor, like nobody else."""
    own = {
        "patientIdNumber": f"{number:08}", "nameLast": last, "nameFirst": first,
        "dateOfBirth": f"19{40 + number}0{1 + number % 9}1{number % 9}",
        "socialSecurityNumber": f"90000{number:04}",
    }  # fmt: skip
    tumor = changed(TUMOR, accessionNumberHosp=f"2023{number:05}", medicalRecordNumber=f"M{number}")
    return changed(PERSON, **{**own, **more}), [tumor]


def test_the_last_name_is_found_before_what_holds_the_word_somewhere(
    session: Session, tmp_path: Path
) -> None:
    people = [("Abbott", "Kathleen"), ("Leeds", "Amy"), ("Adams", "Lee"), ("Lee", "Zoe"), ("Park-Lee", "Ann"),
              ("Lee", "Bob"), ("Fleet", "Carl")]  # fmt: skip
    take(session, tmp_path, "many", *(person(n, last, first) for n, (last, first) in enumerate(people, 1)))
    found = session.run("records.search", text="lee")
    assert found.select("nameLast", "nameFirst").rows() == [
        ("Lee", "Bob"), ("Lee", "Zoe"), ("Park-Lee", "Ann"), ("Adams", "Lee"), ("Leeds", "Amy"),
        ("Abbott", "Kathleen"), ("Fleet", "Carl"),
    ]  # fmt: skip
    assert session.run("records.search", text="zoe lee")["nameFirst"].to_list() == ["Zoe"]


def test_outsiders_get_no_small_counts_and_no_staff_counts(session: Session, tmp_path: Path) -> None:
    people = [person(n, f"Last{chr(64 + n)}", f"First{chr(64 + n)}") for n in range(1, 15)]
    for n, (_who, tumors) in enumerate(people):
        tumors[0]["dateOfDiagnosis"] = "2021" if n < 12 else "2022"
        tumors[0]["dateOf1stContact"] = "20230101"
    take(session, tmp_path, "many", *people)
    staff = session.run("overview.summary")
    assert {"open_edit_failures", "review_tasks", "quarantined"} <= set(staff)
    assert dict(session.run("overview.counts").iter_rows()) == {"2021": 12, "2022": 2}
    for role in ("researcher", "auditor"):
        asked = session.as_actor(Actor("rita", role))
        answer = asked.run("overview.summary")
        assert not {"open_edit_failures", "review_tasks", "quarantined"} & set(answer)
        assert (answer["tumors"], answer["treatments"]) == (14, 0)
        # 2021 alone would tell 2022, because the total is shown
        assert dict(asked.run("overview.counts").iter_rows()) == {"2021": None, "2022": None}


def test_rules_of_failing_edits_name_items(session: Session, tmp_path: Path) -> None:
    wrong = changed(TUMOR, regionalNodesPositive="12", regionalNodesExamined="03", laterality="0")
    take(session, tmp_path, "one", (PERSON, [wrong]))
    session.run("quality.run")
    rules = session.run("quality.summary")["message"].to_list()
    assert "[Regional Nodes Positive] nodes positive of [Regional Nodes Examined] examined" in rules
    assert not [rule for rule in rules if "{" in rule]


def test_every_rule_can_be_named() -> None:
    from registry import edits
    from registry.service.quality.board import _rule

    for name in edits.edit_ids("central"):
        assert "{" not in _rule(edits.find(name).message)


@pytest.mark.parametrize("name", ["overview.completeness", "quality.completeness"])
def test_completeness_of_an_empty_registry(session: Session, name: str) -> None:
    assert session.run(name).is_empty()


def test_a_researcher_gets_completeness_without_counts(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text(
        '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" recordType="A" '
        'specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient><Tumor>'
        '<Item naaccrId="primarySite">C509</Item><Item naaccrId="dateOfDiagnosis">2020</Item>'
        "</Tumor></Patient></NaaccrData>"
    )
    session.run("ingest.file", path=str(file))
    assert session.run("overview.completeness")["records"].sum() > 0
    seen = session.as_actor(Actor("rita", "researcher")).run("overview.completeness")
    assert seen.height and seen["records"].null_count() == seen["filled"].null_count() == seen.height
    assert set(seen["percent"]) == {0.0, 100.0}


def test_last_contact_moves_back_only_with_a_reason(session: Session, tmp_path: Path) -> None:
    take(
        session, tmp_path, "a.xml", person(7, "RIVERA", "ANA", dateOfLastContact="20240501", vitalStatus="0")
    )
    version = reopen(session)
    for changes in ({"dateOfLastContact": "2023"}, {"dateOfLastContact": ""}, {"vitalStatus": "1"}):
        with pytest.raises(Denied, match="reason"):
            session.run("records.save", abstract_id=1, changes=changes, expected_version=version)
    back = {"dateOfLastContact": "20240401", "vitalStatus": "1"}
    saved = session.run(
        "records.save", abstract_id=1, changes=back, expected_version=version, reason="misread"
    )
    forward = {"dateOfLastContact": "20240402"}
    session.run("records.save", abstract_id=1, changes=forward, expected_version=saved["version"])
    assert one(session, "patient", "dateOfLastContact", "vitalStatus") == ("20240402", "1")
