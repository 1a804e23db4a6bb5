"""What is held back, why, and what lets it go: edits, over-rides, restrictions, values, required items, scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.integration.submitted import AS_OF, RECORDS, THIRD, registry, tumor
from tests.received import ONE, OTHER_PERSON, PERSON, TWO, changed

FLAGGED = changed(
    THIRD, nameLast="Ito", dateOfBirth="20150101", socialSecurityNumber="302227777", patientIdNumber="4"
)
"""Born in 2015: a lung cancer at eight is to be reviewed."""
ODD: tuple[Any, ...] = (
    *RECORDS,
    (FLAGGED, [tumor(4)]),
    (changed(THIRD, nameLast="Jones", dateOfBirth="19510101", socialSecurityNumber="303227777", patientIdNumber="5"),
     [tumor(5, dateOf1stContact="20230110", primarySite="C619", laterality="0")]),
    (changed(THIRD, nameLast="King", dateOfBirth="19520101", socialSecurityNumber="304227777", patientIdNumber="6"),
     [tumor(6, reportingFacilityRestrictionFlag="02")]),
    (changed(THIRD, nameLast="Lee", dateOfBirth="19530101", socialSecurityNumber="305227777", patientIdNumber="7"),
     [tumor(7, reportingFacilityRestrictionFlag="42")]),
)  # fmt: skip
"""And a prostate of a woman, a record of the VA, and one with a code of item 1856 that nobody knows."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Nothing in it is changed by the tests that use it."""
    with registry(tmp_path_factory.mktemp("gate"), *ODD) as opened:
        yield opened


def held(found: dict[str, Any]) -> dict[int, set[tuple[str, str]]]:
    """patient → (reason, detail)."""
    told: dict[int, set[tuple[str, str]]] = {}
    for row in found["held_records"].iter_rows(named=True):
        told.setdefault(row["patient_id"], set()).add((row["reason"], row["detail"]))
    return told


def preview(session: Session, profile: str, **request: Any) -> dict[str, Any]:
    return dict(session.run("submission.preview", profile=profile, as_of=AS_OF, **request))


def test_each_record_is_held_back_for_its_own_reason(session: Session) -> None:
    found = preview(session, "STATE_FULL")
    told = held(found)
    assert ("edit errors", "site-sex") in told[5]
    assert 6 not in told, "the state's own registry may have a record of the VA"
    assert {reason for reason, _ in told[7]} <= {"restricted", "edit errors"}
    assert found["going"] + found["held"] == len(ODD)
    research = held(preview(session, "CI5"))
    assert ("restricted", "02") in research[6]
    assert ("restricted", "42") in research[7]
    counts = {(reason, detail): n for reason, detail, n in found["held_back"].iter_rows()}
    assert counts["edit errors", "site-sex"] == 1


def test_a_strict_submission_is_refused_by_one_record(session: Session) -> None:
    found = preview(session, "STATE_FULL", strict=True)
    assert len(found["problems"]) == 1
    assert "the submission is strict" in found["problems"][0]


def test_a_rule_of_the_registry_lets_a_restricted_record_go(tmp_path: Path) -> None:
    with registry(tmp_path, *ODD[-2:]) as session:
        assert preview(session, "CI5")["going"] == 0
        with pytest.raises(BadInput, match="needs a reason"):
            session.run("submission.set_restriction", recipient="ci5", code="02", allowed=True, reason=" ")
        with pytest.raises(BadInput, match="no rules for a receiver"):
            session.run("submission.set_restriction", recipient="nobody", code="02", allowed=True, reason="x")
        session.run(
            "submission.set_restriction", recipient="ci5", code="02", allowed=True, reason="agreement of 2026"
        )
        rules = session.run("submission.restrictions").filter(pl.col("own"))
        assert rules.select("recipient", "code", "allowed").rows() == [("ci5", "02", True)]
        assert preview(session, "CI5")["going"] == 1
        assert session.run("audit.verify")["ok"]


def test_an_override_lets_a_review_go(tmp_path: Path) -> None:
    """An edit that can be over-ridden is an error to the receiver until its flag is set."""
    with registry(tmp_path, (FLAGGED, [tumor(4)])) as session:
        session.run("submission.add_profile", path=None, content=OWN_PROFILE)
        assert held(preview(session, "MY_STATE")) == {1: {("edit errors", "site-histology-unlikely")}}
        session.run("quality.run", edit_set="central")
        failure = session.run("quality.failures", edit="site-histology-unlikely")["failure_id"].item()
        over = session.run("quality.override", failure_id=failure, reason="seen by two pathologists")
        assert preview(session, "MY_STATE")["going"] == 1
        session.run(
            "quality.withdraw_override", override_id=over["override_id"], reason="the slides say otherwise"
        )
        assert preview(session, "MY_STATE")["going"] == 0


OWN_PROFILE = """
[[profile]]
id = "MY_STATE"
version = 1
title = "Own"
recipient = "state"
receiver = "the state"
purpose = "reporting"
legal_basis = "state law"
level = "tumor"
format = "naaccr_xml"
record_type = "C"
identifiers = true
edit_set = "all"
gate = "record"
delta = true
status = "design"
source = "own"
[profile.selection]
"""


def test_required_items_that_are_blank_are_counted(tmp_path: Path) -> None:
    table = "item,naaccr_version,agency,code\ncountyAtDx,260,NPCR,R\nrace1,260,NPCR,R\ngrade,260,NPCR,.\n"
    with registry(tmp_path) as session:
        told = session.run("submission.load_required", path=None, content=table)
        assert (told["rows"], told["agencies"], told["versions"]) == (3, ["NPCR"], ["260"])
        again = session.run(
            "submission.load_required", path=None, content=table.replace("grade,260,NPCR,.\n", "")
        )
        assert again["rows"] == session.run("submission.required", agency="NPCR").height == 2
        found = preview(session, "STATE_FULL")
        assert dict(found["required"].select("item", "blank").iter_rows()) == {"countyAtDx": 0, "race1": 3}
        assert found["problems"] == []
        strict = session.run("submission.prepare", profile="STATE_FULL", as_of=AS_OF, strict=True)
        assert strict["state"] == "DRAFT"
        assert "race1" in strict["problems"][0]
        with pytest.raises(BadInput, match="cannot be sealed: required items"):
            session.run("submission.seal", submission_id=strict["submission_id"], out=str(tmp_path / "o"))
        made = session.run(
            "submission.prepare", profile="STATE_FULL", as_of=AS_OF, seal=True, out=str(tmp_path / "o")
        )
        manifest = session.run("submission.show", submission_id=made["submission_id"])["manifest"]
        assert {row["item"]: row["blank"] for row in manifest["required"]} == {"countyAtDx": 0, "race1": 3}


def test_an_own_profile_has_versions(tmp_path: Path) -> None:
    with registry(tmp_path) as session:
        first = session.run("submission.add_profile", path=None, content=OWN_PROFILE)
        assert first["profiles"] == [{"profile": "MY_STATE", "version": 1, "added": True}]
        assert not session.run("submission.add_profile", path=None, content=OWN_PROFILE)["profiles"][0][
            "added"
        ]
        other = OWN_PROFILE.replace('title = "Own"', 'title = "Other"')
        with pytest.raises(BadInput, match="give it version 2"):
            session.run("submission.add_profile", path=None, content=other)
        session.run("submission.add_profile", path=None, content=other.replace("version = 1", "version = 2"))
        shown = session.run("submission.profiles").filter(pl.col("own"))
        assert shown.select("profile", "version", "title").rows() == [("MY_STATE", 2, "Other")]
        with pytest.raises(NotFound, match="no such profile"):
            preview(session, "NOBODY")


def test_values_that_the_dictionary_refuses_stay_here(tmp_path: Path) -> None:
    with registry(tmp_path) as session:
        with session._store.unit_of_work("test", "plant") as work:
            version = work.query("SELECT version FROM abstract WHERE abstract_id = 2").item()
            work.update("abstract", 2, {"censusTrCert19708090": "too long by far"}, expected_version=version)
        found = preview(session, "STATE_FULL")
        assert held(found) == {2: {("invalid value", "censusTrCert19708090")}}
        made = session.run(
            "submission.prepare", profile="STATE_FULL", as_of=AS_OF, seal=True, out=str(tmp_path / "o")
        )
        assert (made["state"], made["records"]) == ("SEALED", 2)


def test_unfinished_abstracts_wait(tmp_path: Path) -> None:
    with registry(tmp_path) as session:
        session.run("records.status", abstract_id=2, to="reopened", reason="a look")
        assert held(preview(session, "STATE_FULL")) == {2: {("not complete", "reopened")}}


def test_an_edit_between_patients_holds_both(tmp_path: Path) -> None:
    twin = changed(OTHER_PERSON, nameLast="Zeller", socialSecurityNumber=PERSON["socialSecurityNumber"])
    with registry(tmp_path, (PERSON, [tumor(1)]), (twin, [tumor(2, reportingFacility=TWO)])) as session:
        told = held(preview(session, "STATE_FULL"))
        assert told, "the same social security number at two people"
        assert {detail for reasons in told.values() for _, detail in reasons} == {"ir-ssn-shared"}
        assert preview(session, "NPCR_CSS")["held"] == 0, "a type I file holds no such number"
        anna = session.as_actor(Actor("anna", "manager", frozenset({ONE})))
        assert preview(anna, "STATE_FULL")["held"] == 0, "nothing of the other facility is told"


def test_a_facility_submits_its_own_alone(session: Session, tmp_path: Path) -> None:
    anna = session.as_actor(Actor("anna", "manager", frozenset({ONE})))
    found = preview(anna, "STATE_FULL")
    assert found["facility_id"] == ONE
    assert found["going"] + found["held"] == len(ODD) - 1
    assert 3 not in held(found)
    with pytest.raises(NotFound, match="facility"):
        preview(anna, "STATE_FULL", facility=TWO)
    for central in ("NPCR_CSS", "CI5", "VPR", "IDE"):
        with pytest.raises(Denied, match="whole registry"):
            preview(anna, central, state="CT")
    both = session.as_actor(Actor("bo", "manager", frozenset({ONE, TWO})))
    with pytest.raises(BadInput, match="which one submits"):
        preview(both, "STATE_FULL")
    made = anna.run(
        "submission.prepare", profile="STATE_FULL", as_of=AS_OF, seal=True, out=str(tmp_path / "o")
    )
    assert TWO.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "o").iterdir())
    cara = session.as_actor(Actor("cara", "manager", frozenset({TWO})))
    assert cara.run("submission.list").is_empty()
    for step in ("show", "records", "held", "seal", "send", "resubmit"):
        with pytest.raises(NotFound):
            cara.run(f"submission.{step}", submission_id=made["submission_id"])
    assert anna.run("submission.list")["submission_id"].to_list() == [made["submission_id"]]
    for change in ("add_profile", "load_required"):
        with pytest.raises(Denied):
            anna.run(f"submission.{change}", path=None, content="x")
    with pytest.raises(Denied):
        anna.run("submission.set_restriction", recipient="cdc", code="02", allowed=True, reason="x")


def test_words_that_do_not_fit(session: Session) -> None:
    for request, why in (
        ({"profile": "NPCR_CSS", "state": "QQ"}, "not a code of item 80"),
        ({"profile": "NPCR_CSS", "from_year": 2024, "to_year": 2020}, "after"),
        ({"profile": "NPCR_CSS", "facility": ONE}, "consolidated"),
        ({"profile": "NPCR_CSS", "record_type": "A"}, "record type"),
        ({"profile": "IDE"}, "one file a state"),
        ({"profile": "IDE", "state": "NY"}, "other states"),
        ({"profile": "STATE_FULL", "as_of": "noon"}, "ISO"),
    ):
        with pytest.raises(BadInput, match=why):
            session.run("submission.preview", **{"as_of": AS_OF, **request})
