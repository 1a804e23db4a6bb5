"""What a resent record changes: received last, standing now, arriving; and which abstract it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.abstracting.matching import find_resends, find_tumors, rounds
from registry.abstracting.versions import differences
from registry.standards.dates import earliest_date, latest_date

LEGAL = {"laterality", "grade", "primarySite"}


def long(**items: str | None) -> pl.DataFrame:
    rows = [(1, item, value) for item, value in items.items() if value is not None]
    return pl.DataFrame(
        rows, schema={"abstract_id": pl.Int64, "item": pl.String, "value": pl.String}, orient="row"
    )


@pytest.mark.parametrize(
    ("received", "standing", "arriving", "expected"),
    [
        ("1", "1", "1", None),
        ("1", "1", "2", ("1", "2", True)),
        ("1", "1", None, ("1", None, True)),
        (None, None, "2", (None, "2", True)),
        ("1", "9", "1", None),  # edited here, sent as before
        ("1", "9", "2", ("9", "2", False)),  # edited here, another value arrives: held
        ("1", "9", None, ("9", None, False)),
        ("1", "2", "2", None),  # edited here to what now arrives
        (None, "9", None, None),
        (None, "9", "2", ("9", "2", False)),
        ("1", None, "2", (None, "2", False)),  # blanked here
    ],
)
def test_three_sides(
    received: str | None,
    standing: str | None,
    arriving: str | None,
    expected: tuple[str | None, str | None, bool] | None,
) -> None:
    found = differences(long(grade=arriving), long(grade=received), long(grade=standing), LEGAL)
    assert found.select("before", "after", "applied").rows() == ([] if expected is None else [expected])


def test_what_the_record_could_not_carry_is_not_blanked() -> None:
    assert differences(long(), long(textRemarks="x"), long(textRemarks="x"), LEGAL).is_empty()
    found = differences(long(textRemarks="y"), long(textRemarks="x"), long(textRemarks="x"), LEGAL)
    assert found["applied"].to_list() == [True]


def test_frozen_takes_nothing_and_critical_is_marked() -> None:
    found = differences(long(primarySite="C509", grade="2"), long(), long(), LEGAL, frozen=[1])
    assert found.select("item", "applied", "critical").rows() == [
        ("grade", False, False),
        ("primarySite", False, True),
    ]


SENT = {
    "dateOfLastContact": "20240301", "vitalStatus": "1", "followUpSource": "1", "causeOfDeath": "0000",
    "addrCurrentNoStreet": "12 ELM ST", "addrCurrentSupplementl": "APT 4", "addrCurrentCity": "ALBANY", "telephone": "5185550101",
    "cancerStatus": "1", "dateOfLastCancerStatus": "20240301", "dateCaseLastChanged": "20240401", "grade": "2",
}  # fmt: skip
MOVED = {**SENT, "dateOfLastContact": "20260601", "followUpSource": "3", "dateCaseLastChanged": "20260701"}
HOME = {"addrCurrentNoStreet": "9 OAK AVE", "addrCurrentSupplementl": None, "addrCurrentCity": "BOISE"}
GONE = {**MOVED, "vitalStatus": "0", "causeOfDeath": "7777"}


def outcomes(
    standing: Mapping[str, str | None],
    sent: Mapping[str, str | None],
    received: Mapping[str, str] = SENT,
    **more: Any,
) -> dict[str, tuple[str | None, str]]:
    """Items that a resend with other items changes: value that arrives, and what becomes of it."""
    arriving = {**received, **sent}
    found = differences(long(**arriving), long(**received), long(**standing), set(arriving), **more)
    return {
        item: (after, "applied" if applied else "older" if older else "held")
        for item, after, applied, older in found.select("item", "after", "applied", "older").rows()
    }


def of(outcome: str, **items: str | None) -> dict[str, tuple[str | None, str]]:
    return {item: (value, outcome) for item, value in items.items()}


@pytest.mark.parametrize("date", ["20260602", "202607", "2027"])
def test_a_later_contact_brings_its_follow_up(date: str) -> None:
    told = {"dateOfLastContact": date, "dateCaseLastChanged": "20270101"}
    assert outcomes(MOVED, told) == of("applied", **told, followUpSource="1")


@pytest.mark.parametrize("date", ["20260531", "202605", "2025", "20240228"])
def test_an_older_contact_is_left_out(date: str) -> None:
    told = {"dateOfLastContact": date, "followUpSource": "2", "dateCaseLastChanged": "20250101", **HOME}
    assert outcomes(MOVED, {**told, "telephone": "2"}) == of("older", **told, telephone="2")


@pytest.mark.parametrize("date", ["202606", "2026", "20269999", None])
def test_an_order_that_is_not_known_is_reviewed_with_all_that_belongs_to_it(date: str | None) -> None:
    told = {"dateOfLastContact": date, "vitalStatus": "0", "causeOfDeath": "C509"}
    assert outcomes(MOVED, told) == of("held", **told)


def test_the_same_contact_is_no_difference_and_what_was_not_changed_here_follows() -> None:
    assert outcomes(MOVED, {"dateOfLastContact": "20260601", **HOME}) == of("applied", **HOME)
    moved_house = {**MOVED, "addrCurrentNoStreet": "1 ASH LN"}
    assert outcomes(moved_house, {"dateOfLastContact": "20260601", **HOME}) == of("held", **HOME)


def test_a_later_address_comes_whole_also_where_its_sender_did_not_change_it() -> None:
    moved_house = {**MOVED, **HOME, "telephone": "2085550199", "addrCurrentState": "ID"}
    found = outcomes(moved_house, {"dateOfLastContact": "20260801", "addrCurrentState": None})
    old = {item: SENT[item] for item in (*HOME, "telephone")}
    assert found == of(
        "applied", **old, dateOfLastContact="20260801", followUpSource="1", addrCurrentState=None
    )


@pytest.mark.parametrize("word", ["UNKNOWN", None])
def test_a_later_contact_without_an_address_takes_none_away(word: str | None) -> None:
    moved_house = {**MOVED, **HOME, "telephone": "2085550199"}
    sent = {**dict.fromkeys(HOME), "addrCurrentCity": word, "telephone": None}
    received = {item: value for item, value in SENT.items() if item not in sent}
    found = outcomes(moved_house, {**sent, "dateOfLastContact": "20260801"}, received)
    assert {item: outcome for item, (_, outcome) in found.items()} == {
        "dateOfLastContact": "applied", "followUpSource": "applied", **({"addrCurrentCity": "held"} if word else {}),
    }  # fmt: skip


def test_half_of_an_address_does_not_join_the_half_that_stands() -> None:
    here = {**SENT, "addrCurrentCity": "BOISE"}
    assert outcomes(here, {"addrCurrentNoStreet": "9 OAK AVE"}) == of("held", addrCurrentNoStreet="9 OAK AVE")
    back = {
        **SENT,
        "dateOfLastContact": "20230301",
    }  # corrected here: a death at the old date is not one at the new
    assert outcomes(back, {"vitalStatus": "0"}) == of("held", vitalStatus="0")


def test_a_record_that_cannot_carry_a_street_brings_no_city_beside_it() -> None:
    moved_house = {**MOVED, **HOME}
    told = {"dateOfLastContact": "20260801", "addrCurrentCity": "TROY"}
    arriving = long(**told, vitalStatus="1")
    found = differences(arriving, long(**SENT), long(**moved_house), {*told, "vitalStatus"})
    assert found.select("item", "applied", "older").rows() == [
        ("addrCurrentCity", False, False),
        ("dateOfLastContact", True, False),
    ]


def test_a_source_that_does_not_come_does_not_stay_with_a_new_date() -> None:
    received = {item: value for item, value in SENT.items() if item != "followUpSource"}
    found = outcomes(MOVED, {"dateOfLastContact": "20260801", "followUpSource": None}, received)
    assert found == of("applied", dateOfLastContact="20260801", followUpSource=None)


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (GONE, {"dateOfLastContact": "20260602", **HOME}),  # alive after a death that is known
        (GONE, {"dateOfLastContact": "20260701", "vitalStatus": "0"}),
        (GONE, {"dateOfLastContact": "20260501", "vitalStatus": "0", "causeOfDeath": "C509"}),
        (MOVED, {"dateOfLastContact": "202605", "vitalStatus": "0", "causeOfDeath": "C509", **HOME}),
        ({**GONE, "vitalStatus": "4"}, {"dateOfLastContact": "20260602"}),
    ],
)
def test_a_contradiction_about_death_holds_all_of_it(
    standing: dict[str, str | None], told: dict[str, str | None]
) -> None:
    differing = {item: value for item, value in told.items() if standing.get(item) != value}
    assert outcomes(standing, told) == of("held", **differing)


def test_a_contact_before_the_death_and_a_death_after_the_contact_contradict_nothing() -> None:
    assert outcomes(GONE, {"dateOfLastContact": "20260501"}) == of("older", dateOfLastContact="20260501")
    death = {"dateOfLastContact": "20260801", "vitalStatus": "0", "causeOfDeath": "C509"}
    assert outcomes(MOVED, death) == of("applied", **death, followUpSource="1")


def test_a_sender_corrects_what_nobody_touched_here() -> None:
    earlier = {"dateOfLastContact": "20230301", "addrCurrentCity": "TROY", "cancerStatus": "2"}
    assert outcomes(SENT, earlier) == of("applied", **earlier)
    dead = {**SENT, "vitalStatus": "0"}
    alive = {"dateOfLastContact": "20250101", "vitalStatus": "1"}
    assert outcomes(dead, alive, dead) == of("applied", **alive)


def test_a_date_corrected_here_is_not_undone_by_the_same_record() -> None:
    back = {**SENT, "dateOfLastContact": "20230301"}
    assert outcomes(back, {}) == {}
    assert outcomes(back, {"grade": "3"}) == of("applied", grade="3")


@pytest.mark.parametrize(
    ("here", "told", "outcome"),
    [
        (
            {},
            {"cancerStatus": "2", "dateOfLastCancerStatus": "20250101"},
            "applied",
        ),  # nobody touched it here
        ({"cancerStatus": "9"}, {"cancerStatus": "2", "dateOfLastCancerStatus": "20250101"}, "older"),
        ({}, {"recurrenceType1st": "13", "recurrenceDate1st": "20250101"}, "applied"),
        ({"recurrenceType1st": "88"}, {"recurrenceType1st": "13", "recurrenceDate1st": "2025"}, "older"),
        ({"countyCurrent": None}, {"countyCurrent": "001"}, "older"),
    ],
)
def test_an_older_record_corrects_a_tumor_that_nobody_touched(
    here: dict[str, str | None], told: dict[str, str | None], outcome: str
) -> None:
    found = outcomes({**MOVED, **here}, {"dateOfLastContact": "20250201", **told})
    assert found == {**of(outcome, **told), **of("older", dateOfLastContact="20250201")}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"cancerStatus": "1", "dateOfLastCancerStatus": "20260801"}, "applied"),
        ({"cancerStatus": "9", "dateOfLastCancerStatus": "2025"}, "older"),
        ({}, None),
    ],
)
def test_a_later_record_moves_the_cancer_status_of_replies_by_its_own_date(
    told: dict[str, str | None], outcome: str | None
) -> None:
    here = {**MOVED, "cancerStatus": "2", "dateOfLastCancerStatus": "20260601"}
    found = outcomes(here, {"dateOfLastContact": "20260901", **told})
    assert {found[item][1] for item in told} == ({outcome} if outcome else set())
    assert set(found) == {"dateOfLastContact", "followUpSource", *told}


def test_an_older_record_fills_an_address_that_is_not_known() -> None:
    blank = {item: value for item, value in SENT.items() if item not in HOME}
    here = {item: value for item, value in MOVED.items() if item not in HOME}
    found = outcomes(here, {"dateOfLastContact": "2025", "addrCurrentCity": "TROY"}, blank)
    assert found == {**of("older", dateOfLastContact="2025"), **of("applied", addrCurrentCity="TROY")}


def test_other_items_and_void_abstracts_are_compared_as_ever() -> None:
    here = {**MOVED, "grade": "9"}
    later = {"dateOfLastContact": "20260801", "grade": "3"}
    assert outcomes(here, later)["grade"] == ("3", "held")
    assert outcomes(here, {"dateOfLastContact": "2025", "grade": "3"})["grade"] == ("3", "held")
    assert outcomes(MOVED, later, frozen=[1]) == of("held", **later)
    stamp = {"dateCaseLastChanged": "20250101"}
    assert outcomes({**SENT, "dateCaseLastChanged": "20240501"}, stamp) == of("held", **stamp)


FOLLOWED = {
    "dateOfLastContact": ["20240301", "20260601", "202606", "2026", "20270101", None],
    "vitalStatus": ["0", "1", None],
    "followUpSource": ["1", "3", None],
    **{item: ["A", "B", None] for item in ("addrCurrentNoStreet", "addrCurrentCity", "telephone", "grade")},
    "cancerStatus": ["1", "2", None],
    "dateOfLastCancerStatus": ["20240301", "20260601", None],
}
SIDE = st.fixed_dictionaries({item: st.sampled_from(values) for item, values in FOLLOWED.items()})


@settings(deadline=None, max_examples=100, derandomize=True)
@given(received=SIDE, standing=SIDE, arriving=SIDE)
def test_nothing_of_a_resend_is_lost_and_nobody_goes_back(
    received: dict[str, str | None], standing: dict[str, str | None], arriving: dict[str, str | None]
) -> None:
    found = differences(long(**arriving), long(**received), long(**standing), set(FOLLOWED))
    rows = {row["item"]: row for row in found.iter_rows(named=True)}
    assert len(rows) == found.height
    for item in FOLLOWED:
        if arriving[item] not in (received[item], standing[item]):
            assert (rows[item]["before"], rows[item]["after"]) == (standing[item], arriving[item])
        elif arriving[item] == standing[item]:
            assert item not in rows
    assert not any(row["applied"] and row["older"] for row in rows.values())
    went = {item for item, row in rows.items() if row["applied"]}
    known, told = standing["dateOfLastContact"], arriving["dateOfLastContact"]
    if known != received["dateOfLastContact"] and "dateOfLastContact" in went:
        assert earliest_date(told) > latest_date(known) and standing["vitalStatus"] != "0"  # type: ignore[operator]
    address = {"addrCurrentNoStreet", "addrCurrentCity"}
    if address & went:
        untouched = all(standing[item] == received[item] for item in address)
        assert untouched or all(item in went or arriving[item] == standing[item] for item in address)
    assert ("grade" in went) == (standing["grade"] == received["grade"] != arriving["grade"])


RECORD = {
    "facility_id": "0000000001", "accessionNumberHosp": "202300001", "sequenceNumberHospital": "00", "sender": "S",
    "patientIdNumber": "7", "tumorRecordNumber": "01", "last": "ROE", "first": "ANN", "birth": "19500214", "birth_sex": "2",
    "ssn": "078051120",
}  # fmt: skip


def records(key: str, *changes: dict[str, str | None]) -> pl.DataFrame:
    schema = dict.fromkeys(RECORD, pl.String)
    rows = pl.DataFrame([{**RECORD, **change} for change in changes], schema=schema)
    return rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(key))


@pytest.mark.parametrize(
    ("change", "matched", "ambiguous"),
    [
        ({}, True, False),
        ({"sender": "OTHER", "patientIdNumber": "8", "tumorRecordNumber": "02"}, True, False),
        ({"last": "DOE"}, True, False),  # one contradiction: a correction
        ({"last": "DOE", "birth": "19610101"}, False, True),
        ({"sequenceNumberHospital": "01"}, False, False),
        ({"facility_id": "0000000002"}, False, False),
        ({"accessionNumberHosp": None}, True, False),  # patient id and tumor record number
        ({"accessionNumberHosp": "000000000"}, True, False),
        ({"accessionNumberHosp": None, "last": "DOE"}, False, False),
        ({"accessionNumberHosp": None, "tumorRecordNumber": "02"}, False, False),
        (
            {"accessionNumberHosp": None, "birth": None, "ssn": None},
            False,
            False,
        ),  # nothing of the person agrees
        ({"accessionNumberHosp": None, "sender": "OTHER"}, False, False),
    ],
)
def test_which_records_are_resends(change: dict[str, str | None], matched: bool, ambiguous: bool) -> None:
    found = find_resends(records("row", change), records("abstract_id", {}))
    assert (found.matches.height == 1, found.ambiguous.height == 1) == (matched, ambiguous)


def test_an_ambiguous_row_is_listed_once() -> None:
    known = records(
        "abstract_id", {"tumorRecordNumber": None}, {"tumorRecordNumber": None}, {"tumorRecordNumber": None}
    )
    found = find_resends(records("row", {"tumorRecordNumber": None}), known)
    assert found.matches.is_empty()
    assert found.ambiguous.select("row", "abstract_id").rows() == [(0, 0)]


TUMOR = {
    "primarySite": "C504", "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3", "laterality": "2",
    "dateOfDiagnosis": "20230115",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "facility", "same", "doubtful"),
    [
        ({}, "2", True, False),
        ({}, "1", False, True),  # the facility has an abstract of it: a second primary, or its own repetition
        ({"laterality": "1"}, "2", False, True),
        ({"primarySite": "C509"}, "2", False, True),
        ({"primarySite": "C341"}, "2", False, False),
        ({"dateOfDiagnosis": "20250115"}, "2", False, False),
        ({"dateOfDiagnosis": None}, "2", False, False),
    ],
)
def test_which_tumor_an_abstract_describes(
    change: dict[str, str | None], facility: str, same: bool, doubtful: bool
) -> None:
    schema = dict.fromkeys(TUMOR, pl.String)
    new = pl.DataFrame([{**TUMOR, **change}], schema=schema).with_columns(
        row=pl.lit(0), patient_id=pl.lit(1), facility_id=pl.lit(facility)
    )
    known = pl.DataFrame([TUMOR], schema=schema).with_columns(
        tumor_id=pl.lit(5), patient_id=pl.lit(1), facilities=pl.lit(["1"])
    )
    strict, doubts = find_tumors(new, known)
    assert (strict.height == 1, doubts.height == 1) == (same, doubtful)


def test_records_that_concern_one_another_wait_for_one_another() -> None:
    frame = records(
        "row", {}, {"ssn": None}, {"patientIdNumber": "8", "accessionNumberHosp": "3"}
    ).with_columns(patient_index=pl.Series([0, 1, 2]))
    assert rounds(frame).to_list() == [0, 1, 1]
    strangers = records(
        "row", *({"accessionNumberHosp": "000000000", "last": f"L{n}", "birth": f"1950010{n}", "ssn": f"{n}"} for n in range(5))
    ).with_columns(patient_index=pl.int_range(5))  # fmt: skip
    assert rounds(strangers).to_list() == [0] * 5
