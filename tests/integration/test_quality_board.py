"""The board of edit failures: list, assign, override, withdraw, count, and what holds a submission back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

LYMPHOMA = {
    "histologicTypeIcdO3": "9680",
    "primarySite": "C779",
    "laterality": "0",
    "abstractedBy": "ANN",
    "sequenceNumberCentral": "00",
}
SET = "all"
SOFT = "lymphoma-dxconf"
"""A review with the flag overRideLeukLymphoma: lymphoma without microscopic confirmation."""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Facility ONE: a lymphoma confirmed by direct visualization alone (a review), and an invalid laterality (an error).
    Facility TWO: another person with an invalid laterality."""
    soft = changed(TUMOR, **LYMPHOMA, diagnosticConfirmation="6")
    hard = changed(
        TUMOR, laterality="7", accessionNumberHosp="202300002", abstractedBy="BEN", tumorRecordNumber="01",
        dateOfDiagnosis="20220301",
    )  # fmt: skip
    theirs = changed(hard, reportingFacility=TWO, accessionNumberHosp="202300003", abstractedBy="ANN")
    other = changed(OTHER_PERSON, patientIdNumber="00000002")
    third = changed(
        OTHER_PERSON,
        patientIdNumber="00000003",
        nameLast="Carter",
        dateOfBirth="19450505",
        socialSecurityNumber=None,
    )
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        file = write(tmp_path / "a.xml", (PERSON, [soft]), (other, [hard]), (third, [theirs]))
        opened.run("ingest.file", path=file)
        opened.run("quality.run", edit_set=SET)
        yield opened


def the(session: Session, edit: str, **more: Any) -> dict[str, Any]:
    found = session.run("quality.failures", edit=edit, **more)
    assert found.height == 1, found
    return found.row(0, named=True)


def anna(session: Session) -> Session:
    return session.as_actor(Actor("anna", "registrar", frozenset({ONE})))


def test_failures_can_be_asked_for_by_everything_they_are_of(session: Session) -> None:
    ask = lambda **words: session.run("quality.failures", edit="laterality-valid", **words)  # noqa: E731
    assert ask().height == 2
    assert ask(facility=TWO)["abstractor"].to_list() == ["ANN"]
    assert ask(abstractor="BEN")["facility_id"].to_list() == [ONE]
    assert ask(year=2022).height == 2
    assert ask(year=2023).is_empty()
    assert ask(source="official").is_empty()
    assert ask(severity="review").is_empty()
    assert ask(state="fixed").is_empty()
    assert ask(state=None).height == 2
    assert ask(limit=1).height == 1
    with pytest.raises(BadInput, match="'gone' is no state"):
        ask(state="gone")


def test_one_failure_comes_with_its_record_and_the_items_highlighted(session: Session) -> None:
    failure = the(session, SOFT)
    found = session.run("quality.failure", failure_id=failure["failure_id"])
    assert set(found["highlight"]) == set(failure["items"].split(";"))
    involved = {item["item"] for item in found["record"]["items"] if item["involved"]}
    assert {"histologicTypeIcdO3", "diagnosticConfirmation"} <= involved
    assert "{" not in found["rule"]
    assert (found["may_override"], found["changed_since"], found["overrides"].height) == (True, False, 0)
    assert failure["failure_id"] not in found["others"]["failure_id"].to_list()
    with pytest.raises(NotFound):
        session.run("quality.failure", failure_id=99_999)


def test_assigned_work_comes_first_and_stands_in_a_worklist(session: Session) -> None:
    session.run("account.add", name="anna", password="a long password 1", role="registrar", facilities=[ONE])
    session.run("account.add", name="rita", password="a long password 2", role="researcher")
    session.run("account.add", name="olga", password="a long password 3", role="registrar", facilities=[TWO])
    last = session.run("quality.failures", facility=ONE)["failure_id"].max()
    assert session.run("quality.assign", failure_ids=[last], to="anna", note="yours") == {
        "assigned": 1,
        "to": "anna",
    }
    mine = anna(session).run("quality.failures")
    assert mine["failure_id"][0] == last
    assert mine["note"][0] == "yours"
    assert anna(session).run("quality.failures", assigned_to="anna")["failure_id"].to_list() == [last]
    assert last not in anna(session).run("quality.failures", assigned_to="")["failure_id"].to_list()
    assert anna(session).run("quality.worklist")["assigned_to"].to_list() == ["anna", None]
    for account in ("rita", "olga"):
        with pytest.raises(Denied, match="may not see"):
            session.run("quality.assign", failure_ids=[last], to=account)
    with pytest.raises(NotFound, match="no active account"):
        session.run("quality.assign", failure_ids=[last], to="nobody")
    theirs = session.run("quality.failures", facility=TWO)["failure_id"][0]
    with pytest.raises(NotFound, match="in your scope"):
        anna(session).run("quality.assign", failure_ids=[last, theirs], to="anna")
    session.run("quality.assign", failure_ids=[last], to=None)
    assert session.run("quality.failures", assigned_to="anna").is_empty()
    told = session.run("audit.log", entity="edit_failure", entity_id=str(last))
    assert [json.loads(text) for text in told.filter(pl.col("action") == "assign")["after_value"]] == [
        {"assigned_to": None}, {"assigned_to": "anna"},
    ]  # fmt: skip


def test_an_override_sets_the_flag_of_a_locked_record_and_says_why(session: Session) -> None:
    failure = the(session, SOFT)
    before = session.run("records.abstract", abstract_id=failure["abstract_id"])
    assert before["status"] == "complete"
    done = session.run(
        "quality.override", failure_id=failure["failure_id"], reason="cytology lost, clinically clear"
    )
    assert done["override_item"] == "overRideLeukLymphoma"
    after = session.run("records.abstract", abstract_id=failure["abstract_id"])
    assert after["status"] == "complete"
    assert after["version"] == done["version"] == before["version"] + 1
    assert {i["item"]: i["value"] for i in after["items"]}["overRideLeukLymphoma"] == "1"
    history = session.run("records.history", abstract_id=failure["abstract_id"])
    assert history.row(0, named=True)["reason"] == "cytology lost, clinically clear"
    assert the(session, SOFT, state="overridden")["failure_id"] == failure["failure_id"]
    assert session.run("quality.overrides")["standing"].to_list() == ["live"]
    for full in (False, True):  # runs leave it, and miss no reason
        session.run("quality.run", edit_set=SET, full=full)
        assert the(session, SOFT, state="overridden")["failure_id"] == failure["failure_id"]
        assert session.run("quality.failures", edit="override-without-reason").is_empty()
    tumor = session._store.query(
        'SELECT "overRideLeukLymphoma" AS flag FROM tumor WHERE tumor_id = ?', [failure["tumor_id"]]
    )
    assert tumor.item() == "1"


def test_an_override_is_stale_after_an_item_changed_and_unneeded_after_it_was_mended(
    session: Session,
) -> None:
    failure = the(session, SOFT)
    done = session.run("quality.override", failure_id=failure["failure_id"], reason="seen")
    abstract_id = failure["abstract_id"]
    session.run("records.status", abstract_id=abstract_id, to="reopened", reason="new facts")
    save = lambda **items: session.run(  # noqa: E731
        "records.save",
        abstract_id=abstract_id,
        changes=items,
        expected_version=session.run("records.abstract", abstract_id=abstract_id)["version"],
    )
    save(diagnosticConfirmation="8")
    again = the(session, SOFT)  # open, though the flag is still set: nobody looked at these values
    assert again["failure_id"] == failure["failure_id"]
    assert session.run("quality.overrides", standing="stale")["override_id"].to_list() == [
        done["override_id"]
    ]
    with pytest.raises(Conflict, match="changed since it was judged"):
        stale = session._store.query("SELECT item_values FROM edit_override").item()
        with session._store.unit_of_work("test", "test") as work:
            work.execute(
                "UPDATE edit_failure SET item_values = ? WHERE failure_id = ?", [stale, again["failure_id"]]
            )
        session.run("quality.override", failure_id=again["failure_id"], reason="again")
    session.run("quality.rerun", abstract_id=abstract_id)
    save(diagnosticConfirmation="1")
    assert the(session, SOFT, state="fixed")["closed_as"] == "fixed"
    assert session.run("quality.overrides")["standing"].to_list() == ["unneeded"]
    assert session.run("quality.failures", edit="override-unneeded").height == 1
    save(diagnosticConfirmation="6")  # the values of the override again: it counts again
    assert the(session, SOFT, state="overridden")["item_values"] == failure["item_values"]
    assert session.run("quality.overrides")["standing"].to_list() == ["live"]


def test_a_withdrawn_override_leaves_the_failure_open_and_the_flag_blank(session: Session) -> None:
    failure = the(session, SOFT)
    done = session.run("quality.override", failure_id=failure["failure_id"], reason="seen")
    with pytest.raises(BadInput, match="needs a reason"):
        session.run("quality.withdraw_override", override_id=done["override_id"], reason=" ")
    session.run("quality.withdraw_override", override_id=done["override_id"], reason="the wrong record")
    assert the(session, SOFT)["failure_id"] == failure["failure_id"]
    record = session.run("records.abstract", abstract_id=failure["abstract_id"])
    assert {i["item"]: i["value"] for i in record["items"]}["overRideLeukLymphoma"] is None
    kept = session.run("quality.overrides").row(0, named=True)
    assert (kept["standing"], kept["withdrawn_reason"]) == ("withdrawn", "the wrong record")
    with pytest.raises(BadInput, match="withdrawn already"):
        session.run("quality.withdraw_override", override_id=done["override_id"], reason="again")
    with pytest.raises(NotFound):
        session.run("quality.withdraw_override", override_id=77, reason="x")


def test_what_cannot_be_overridden(session: Session) -> None:
    error = session.run("quality.failures", edit="laterality-valid")["failure_id"][0]
    with pytest.raises(BadInput, match="only reviews can be overridden"):
        session.run("quality.override", failure_id=error, reason="it is right")
    review = the(session, SOFT)["failure_id"]
    with pytest.raises(BadInput, match="needs a reason"):
        session.run("quality.override", failure_id=review, reason=" ")
    with pytest.raises(Conflict):
        session.run("quality.override", failure_id=review, reason="seen", expected_version=7)
    assert session.run("quality.overrides").is_empty()
    session.run("quality.override", failure_id=review, reason="seen")
    with pytest.raises(Conflict, match="overridden already"):
        session.run("quality.override", failure_id=review, reason="seen")
    with pytest.raises(NotFound):
        session.as_actor(Actor("olga", "quality", frozenset({TWO}))).run(
            "quality.override", failure_id=review, reason="x"
        )


def test_a_flag_set_here_without_a_reason_is_an_error_and_a_received_one_is_not(
    session: Session, tmp_path: Path
) -> None:
    received = changed(
        TUMOR,
        **LYMPHOMA,
        diagnosticConfirmation="6",
        overRideLeukLymphoma="1",
        accessionNumberHosp="202300009",
    )
    person = changed(
        PERSON, nameLast="Dorn", nameFirst="Eva", socialSecurityNumber="219090001", patientIdNumber="9"
    )
    session.run("ingest.file", path=write(tmp_path / "b.xml", (person, [received])))
    session.run("quality.run", edit_set=SET)
    assert session.run("quality.failures", edit="override-without-reason").is_empty()
    mine = the(session, SOFT)
    session.run("records.status", abstract_id=mine["abstract_id"], to="reopened", reason="flag")
    version = session.run("records.abstract", abstract_id=mine["abstract_id"])["version"]
    session.run(
        "records.save",
        abstract_id=mine["abstract_id"],
        changes={"overRideLeukLymphoma": "1"},
        expected_version=version,
    )
    assert the(session, "override-without-reason")["abstract_id"] == mine["abstract_id"]
    session.run("quality.override", failure_id=mine["failure_id"], reason="seen")
    assert session.run("quality.failures", edit="override-without-reason").is_empty()


def test_figures_count_failures_and_records(session: Session) -> None:
    total = session.run("quality.report", by=[]).row(0, named=True)
    board = session.run("quality.failures", limit=10_000)
    assert (total["records"], total["open"]) == (3, board.height)
    assert total["per_100"] == round(100 * board.height / 3, 2)
    facilities = session.run("quality.report", by="facility")
    assert facilities["facility_id"].to_list() == [ONE, TWO, *([None] if facilities.height == 3 else [])]
    assert facilities["records"].to_list()[:2] == [2, 1]
    people = session.run("quality.report", by=["abstractor", "year"], edit="laterality-valid")
    assert people.filter(pl.col("open") > 0).select("abstractor", "diagnosis_year", "records", "open").rows() == [
        ("ANN", 2022, 1, 1), ("BEN", 2022, 1, 1),
    ]  # fmt: skip
    assert ("ANN", 2023, 1, 0) in people.select("abstractor", "diagnosis_year", "records", "open").rows()
    edits = session.run("quality.report", by=["edit", "facility"], edit="laterality-valid")
    assert edits.select("edit", "facility_id", "records", "open", "per_100").rows() == [
        ("laterality-valid", ONE, 2, 1, 50.0), ("laterality-valid", TWO, 1, 1, 100.0),
    ]  # fmt: skip
    assert anna(session).run("quality.report", by="facility")["facility_id"].to_list() == [ONE]
    with pytest.raises(BadInput, match="cannot count by 'colour'"):
        session.run("quality.report", by="colour")


def test_the_trend_shows_what_stood_on_the_board_after_each_run(session: Session) -> None:
    failure = session.run("quality.failures", edit="laterality-valid", facility=ONE).row(0, named=True)
    session.run("records.status", abstract_id=failure["abstract_id"], to="reopened", reason="wrong code")
    session.run(
        "records.save", abstract_id=failure["abstract_id"], changes={"laterality": "1"}, expected_version=2
    )
    session.run("quality.run", edit_set=SET)
    trend = session.run("quality.trend", by="facility", edit="laterality-valid")
    assert trend.filter(pl.col("facility_id") == ONE)["open"].to_list() == [1, 0]
    assert trend.filter(pl.col("facility_id") == TWO)["open"].to_list() == [1, 1]
    assert session.run("quality.trend", limit=1).height == 1
    by_edit = session.run("quality.trend", by=["edit"])
    assert by_edit.filter(pl.col("edit") == "laterality-valid")["open"].to_list() == [2, 1]
    runs = session.run("quality.runs")
    assert runs["kind"].to_list() == ["own", "own"]
    assert runs["judged"].to_list() == [1, 3]  # the second run judged the one patient that changed


def test_errors_hold_a_submission_back(session: Session) -> None:
    gate = session.run("quality.gate", facility=ONE)
    errors = session.run("quality.failures", facility=ONE, severity="error").height
    assert (gate["ready"], gate["errors"], gate["official"]) == (False, errors, 0)
    assert gate["by_edit"]["failures"].sum() == errors
    assert "no official result was imported" in gate["notes"]
    with session._store.unit_of_work("test", "test") as work:  # all mended
        work.execute("UPDATE edit_failure SET state = 'fixed' WHERE severity = 'error'")
    assert session.run("quality.gate")["ready"]
    assert session.run("quality.gate", facility=TWO)["ready"]


def test_a_submission_waits_for_a_first_run(tmp_path: Path) -> None:
    with Session.create(tmp_path / "new.duckdb", key=KEY) as empty:
        gate = empty.run("quality.gate")
        assert (gate["ready"], gate["reasons"]) == (False, ["the edits were never run"])


def test_a_void_record_holds_nothing_back(session: Session) -> None:
    failure = session.run("quality.failures", edit="laterality-valid", facility=ONE).row(0, named=True)
    session.run("records.status", abstract_id=failure["abstract_id"], to="void", reason="reported twice")
    held = session.run("quality.failures", state="fixed", abstract_id=failure["abstract_id"])
    assert set(held["closed_as"]) == {"void"}
    assert session.run("quality.failures", abstract_id=failure["abstract_id"]).is_empty()


def test_edits_outside_the_set_leave_the_board(session: Session) -> None:
    before = the(session, SOFT)
    session.run("quality.run", edit_set="all")
    assert session.run("quality.failures", edit="laterality-valid").height == 2
    ids = [name for name in session.run("quality.summary")["edit"] if name != SOFT]
    assert ids
    session.run("quality.run", edit_set=["laterality-valid"])
    assert session.run("quality.failures")["edit"].unique().to_list() == ["laterality-valid"]
    assert the(session, SOFT, state="fixed")["closed_as"] == "retired"
    session.run("quality.run", edit_set=SET)
    assert the(session, SOFT)["failure_id"] == before["failure_id"]


def test_what_compares_records_of_two_facilities_is_central_work(session: Session, tmp_path: Path) -> None:
    """Values that another facility reported do not show in a comparison."""
    shared = changed(
        TUMOR,
        primarySite="C509",
        reportingFacility=TWO,
        accessionNumberHosp="202300077",
        sequenceNumberCentral="00",
    )
    session.run("ingest.file", path=write(tmp_path / "c.xml", (PERSON, [shared])))
    session.run("quality.run", edit_set=SET)
    between = session._store.query(
        "SELECT edit, facility_id FROM edit_failure WHERE patient_id = 1 AND edit LIKE 'ir-%' AND state <> 'fixed'"
    )
    assert between.height
    assert between["facility_id"].to_list() == [None] * between.height
    assert not [
        name for name in anna(session).run("quality.failures", limit=10_000)["edit"] if name.startswith("ir-")
    ]
