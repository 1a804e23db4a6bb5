"""Which records go, which are held back and why, and what a profile may say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from registry.errors import BadInput, RegistryError
from registry.security import restriction
from registry.submissions import Request, due_dates, profile_of, profiles, read_profiles, select
from registry.submissions.profiles import TABLE
from tests.paths import needs_shared, shared

NOON = dt.datetime(2026, 10, 31, 12, 0)
GOOD = {
    "addrAtDxState": "NY", "dateOfDiagnosis": "20200115", "primarySite": "C504", "histologicTypeIcdO3": "8500",
    "behaviorCodeIcdO3": "3", "classOfCase": "14", "reportingFacilityRestrictionFlag": "00", "status": "complete",
    "facility_id": "0000000001", "record_type": "A", "version": 2,
}  # fmt: skip


def rows(*changes: dict[str, object]) -> pl.DataFrame:
    """Records like GOOD but for the changes, numbered from 1; each its own patient."""
    records = [
        {**GOOD, **change, "tumor_id": n, "abstract_id": n, "patient_id": n}
        for n, change in enumerate(changes, 1)
    ]
    return pl.DataFrame(records, schema_overrides={"version": pl.Int64}, infer_schema_length=None)


def asked(name: str, **values: object) -> Request:
    return Request(profiles()[name], NOON, **{"home_state": "NY", **values})  # type: ignore[arg-type]


def taken(request: Request, frame: pl.DataFrame) -> list[int]:
    return select(request, frame).taken["tumor_id"].to_list()


@pytest.mark.parametrize(
    ("profile", "change", "why"),
    [
        ("NPCR_CSS", {"addrAtDxState": "CT"}, "not a resident"),
        ("NPCR_CSS", {"addrAtDxState": None}, "not a resident"),
        ("NPCR_CSS", {"addrAtDxState": " ny "}, None),
        ("NPCR_CSS", {"dateOfDiagnosis": "1994"}, "another year"),
        ("NPCR_CSS", {"dateOfDiagnosis": "1995"}, None),
        ("NPCR_CSS", {"dateOfDiagnosis": ""}, "another year"),
        ("NPCR_CSS", {"behaviorCodeIcdO3": "0"}, "not reportable"),
        ("NPCR_CSS", {"primarySite": "C700", "behaviorCodeIcdO3": "0"}, None),
        (
            "NPCR_CSS",
            {"primarySite": "C700", "behaviorCodeIcdO3": "0", "dateOfDiagnosis": "2003"},
            "not reportable",
        ),
        ("NPCR_CSS", {"primarySite": "C443", "histologicTypeIcdO3": "8070"}, "not reportable"),
        ("NPCR_CSS", {"primarySite": "C539", "behaviorCodeIcdO3": "2"}, "not reportable"),
        (
            "NPCR_CSS",
            {"primarySite": "C619", "histologicTypeIcdO3": "8148", "behaviorCodeIcdO3": "2"},
            "not reportable",
        ),
        ("CI5", {"behaviorCodeIcdO3": "2"}, "not reportable"),
        ("CI5", {"primarySite": "C679", "behaviorCodeIcdO3": "1"}, None),
        ("CI5", {"primarySite": "C751", "behaviorCodeIcdO3": "0"}, None),
        ("CI5", {"primarySite": "C754", "behaviorCodeIcdO3": "0"}, "not reportable"),
        ("CI5", {"primarySite": None}, "not reportable"),
        ("COC_RCRS", {"classOfCase": "30"}, "class of case"),
        ("COC_RCRS", {"classOfCase": "00"}, None),
        ("COC_RCRS", {"classOfCase": None}, "class of case"),
        ("STATE_MODIFIED", {"version": 1}, "never modified"),
        ("STATE_FULL", {"version": 1}, None),
        ("IDE", {"addrAtDxState": "NY"}, "a resident here"),
        ("IDE", {"addrAtDxState": "CT"}, None),
        ("IDE", {"addrAtDxState": "ZZ"}, "no state of residence"),
        ("IDE", {"addrAtDxState": None}, "no state of residence"),
    ],
)
def test_what_is_asked_for(profile: str, change: dict[str, object], why: str | None) -> None:
    found = select(asked(profile), rows(change))
    assert found.outside == ({} if why is None else {why: 1})
    assert found.taken.height == (why is None)
    assert found.held.is_empty()


@pytest.mark.parametrize(
    ("profile", "change", "reason", "detail"),
    [
        ("STATE_FULL", {"status": "incomplete"}, "not complete", "incomplete"),
        ("STATE_FULL", {"status": "exported"}, None, None),
        ("STATE_FULL", {"record_type": "C"}, "lesser record type", "C"),
        ("COC_RCRS", {"record_type": "I"}, None, None),
        ("COC_RCRS", {"reportingFacilityRestrictionFlag": "01"}, "restricted", "01"),
        ("COC_RCRS", {"reportingFacilityRestrictionFlag": "02"}, None, None),
        ("NPCR_CSS", {"reportingFacilityRestrictionFlag": "07"}, None, None),
        ("NPCR_CSS", {"reportingFacilityRestrictionFlag": None}, None, None),
        ("NPCR_CSS", {"reportingFacilityRestrictionFlag": "77"}, "restricted", "77"),
        ("IDE", {"addrAtDxState": "CT", "reportingFacilityRestrictionFlag": "02"}, "restricted", "02"),
        ("CANREG", {"reportingFacilityRestrictionFlag": "03"}, "restricted", "03"),
        ("VPR", {"reportingFacilityRestrictionFlag": "9"}, "restricted", "9"),
    ],
)
def test_what_is_held_back(
    profile: str, change: dict[str, object], reason: str | None, detail: str | None
) -> None:
    found = select(asked(profile), rows(change))
    assert found.held.select("reason", "detail").rows() == ([] if reason is None else [(reason, detail)])
    assert found.taken.height == (reason is None)
    assert found.outside == {}


def test_an_unknown_code_is_held_back_by_every_profile() -> None:
    for name in profiles():
        frame = rows(
            {"reportingFacilityRestrictionFlag": "88", "addrAtDxState": "CT" if name == "IDE" else "NY"}
        )
        assert select(asked(name), frame).held["detail"].to_list() == ["88"], name


def test_a_rule_of_a_registry_and_of_one_state_wins() -> None:
    own = pl.DataFrame(
        {"recipient": ["ide:CT", "cdc"], "code": ["02", "02"], "allowed": [True, False]},
    )
    rules = restriction.with_own(own)
    frame = rows(
        {"addrAtDxState": "CT", "reportingFacilityRestrictionFlag": "02"},
        {"addrAtDxState": "NJ", "reportingFacilityRestrictionFlag": "02"},
        {"reportingFacilityRestrictionFlag": "02"},
    )
    found = select(asked("IDE"), frame, rules)
    assert found.taken.select("tumor_id", "region").rows() == [(1, "CT")]
    assert found.held.select("tumor_id", "region").rows() == [(2, "NJ")]
    assert select(asked("IDE", state="CT"), frame, rules).taken["tumor_id"].to_list() == [1]
    assert select(asked("NPCR_CSS"), frame, rules).held["tumor_id"].to_list() == [3]


def test_edit_errors_hold_records_back_or_refuse_the_file() -> None:
    errors = pl.DataFrame({"tumor_id": [1, 1, 3, 9], "edit": ["b", "a", "a", "a"]})
    frame = rows({}, {}, {}, {"addrAtDxState": "CT"})
    found = select(asked("NPCR_CSS"), frame, errors=errors)
    assert found.taken["tumor_id"].to_list() == [2]
    assert found.held.select("tumor_id", "reason", "detail").rows() == [
        (1, "edit errors", "a"), (1, "edit errors", "b"), (3, "edit errors", "a")
    ]  # fmt: skip
    assert found.held_counts() == {"edit errors": 2} and found.held_records == 2
    assert found.held_back().rows() == [("edit errors", "a", 2), ("edit errors", "b", 1)]
    with pytest.raises(BadInput, match="2 records have errors"):
        select(asked("NPCR_CSS", strict=True), frame, errors=errors)
    gated = select(
        asked("COC_RCRS", strict=True), rows({}), errors=pl.DataFrame({"abstract_id": [1], "edit": ["a"]})
    )
    assert gated.held["detail"].to_list() == ["a"], (
        "a record-gated profile holds the record back, strict or not"
    )


def test_years_facility_and_order() -> None:
    frame = rows({"dateOfDiagnosis": "2019"}, {"dateOfDiagnosis": "202006"}, {"dateOfDiagnosis": "20211231"})
    assert taken(asked("NPCR_CSS", from_year=2020), frame) == [2, 3]
    assert taken(asked("NPCR_CSS", from_year=2020, to_year=2020), frame) == [2]
    assert taken(asked("NPCR_CSS", from_year=1900, to_year=2019), frame) == [1]
    here = rows({}, {"facility_id": "0000000002"})
    assert taken(asked("STATE_FULL", facility="0000000002"), here) == [2]
    assert taken(asked("NPCR_CSS"), frame.reverse()) == [1, 2, 3]


def test_columns_that_no_record_ever_had() -> None:
    bare = pl.DataFrame(
        {"tumor_id": [1], "patient_id": [1], "addrAtDxState": ["NY"], "dateOfDiagnosis": ["2020"]}
    )
    assert taken(asked("NPCR_CSS"), bare) == [1]
    assert taken(asked("NPCR_CSS"), bare.clear()) == []


def test_residents_are_asked_of_one_state() -> None:
    with pytest.raises(BadInput, match="residents of one state"):
        Request(profiles()["NPCR_CSS"], NOON)
    assert Request(profiles()["NPCR_CSS"], NOON, state="CT").region == "CT"
    with pytest.raises(BadInput, match="own state is not set"):
        Request(profiles()["IDE"], NOON, state="CT")
    with pytest.raises(BadInput, match="goes to other states"):
        Request(profiles()["IDE"], NOON, state="NY", home_state="NY")
    for values in ({"record_type": "A"}, {"state": "QQ"}, {"from_year": 2021, "to_year": 2020}):
        with pytest.raises(BadInput):
            asked("NPCR_CSS", **values)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('level = "abstract"', 'level = "person"', "level is one of"),
        ('recipient = "state"', 'recipient = "moon"', "recipient is one of"),
        ('record_type = "A"', 'record_type = "X"', "record types are"),
        ("version = 1", 'version = "1"', "version cannot be '1'"),
        ("identifiers = true", "identifiers = false", "user-defined items are named"),
        ('due = ["*-15"]', 'due = ["13-01"]', "due is"),
        ('edit_set = "submission"', 'edit_set = "nothing"', "there is no such set"),
        ('purpose = "', 'colour = "', "there is no field colour"),
        ('statuses = ["complete", "exported"]', "statuses = 3", "statuses cannot be 3"),
        ("[[profile]]", "[[profil]]", "[[profile]] alone"),
        ('user = "all"', 'only = ["nobodysItem"]\nuser = "all"', "nobodysItem"),
        ("delta = true", "delta = true = 2", "is not TOML"),
    ],
)
def test_a_profile_that_cannot_be(old: str, new: str, line: str) -> None:
    text = TABLE.read_text(encoding="utf-8")
    first = text[
        text.index('[[profile]]\nid = "STATE_FULL"') : text.index('[[profile]]\nid = "STATE_MODIFIED"')
    ]
    assert old in first
    with pytest.raises(RegistryError, match=line.replace("[", r"\[").replace("]", r"\]")) as caught:
        read_profiles(first.replace(old, new, 1), "mine.toml")
    assert "\n" not in str(caught.value)


def test_a_table_without_identifiers_names_none() -> None:
    text = profiles()["CI5"].definition.replace('"race1"', '"nameLast"')
    with pytest.raises(BadInput, match="nameLast identifies by itself"):
        profile_of(text)


def test_profiles_come_back_from_their_definition() -> None:
    for profile in profiles().values():
        assert profile_of(profile.definition) == profile
    assert profile_of(replace(profiles()["CI5"]).definition).columns == profiles()["CI5"].columns


def test_due_dates() -> None:
    days = due_dates(profiles()["STATE_FULL"], dt.date(2026, 1, 20), dt.date(2026, 3, 15))
    assert days == [dt.date(2026, 2, 15), dt.date(2026, 3, 15)]
    last = replace(profiles()["IDE"], due=("*-31",))
    assert due_dates(last, dt.date(2027, 2, 1), dt.date(2027, 3, 31)) == [
        dt.date(2027, 2, 28),
        dt.date(2027, 3, 31),
    ]
    assert due_dates(profiles()["CI5"], dt.date(2026, 1, 1), dt.date(2030, 1, 1)) == []


@needs_shared
def test_the_published_list_of_profiles() -> None:
    """Every receiver of the list has a profile; a limited or de-identified set for research is an extract instead."""
    listed = {row["profile"]: row for row in pl.read_csv(shared("linkage", "export_profiles.csv")).to_dicts()}
    assert set(profiles()) == set(listed) - {"LIMITED", "DEID"} | {"STATE_MODIFIED"}
    for name, profile in profiles().items():
        row = listed.get(name)
        if row is None:
            continue
        assert profile.identifiers == row["identifiers"].startswith(("yes", "identified")), name
        assert profile.status.startswith("verified") == row["status"].startswith("verified"), name
        assert (profile.record_type or "del")[:1] in row["record_type"] or profile.format != "naaccr_xml", (
            name
        )
