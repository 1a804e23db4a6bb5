"""Current address and telephone of several abstracts: whole, and from the latest last contact that knows one."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.followup import reply_items
from registry.linkage import consolidate
from registry.linkage.consolidation import (
    CANCER_STATUS,
    CURRENT_ADDRESS,
    FOLLOW_UP_ITEMS,
    RECURRENCE,
    TELEPHONE,
)

COLUMNS = ("abstract_id", "patient_id", "classOfCase", "dateOf1stContact", "dateOfLastContact", "vitalStatus")
NUMBERS = {"abstract_id": pl.Int64, "patient_id": pl.Int64}
OLD_HOME = {
    "addrCurrentNoStreet": "12 ELM ST", "addrCurrentSupplementl": "APT 4", "addrCurrentCity": "ALBANY",
    "addrCurrentState": "NY", "addrCurrentPostalCode": "122071410", "countyCurrent": "001",
}  # fmt: skip
NEW_HOME = {"addrCurrentNoStreet": "9 OAK AVE", "addrCurrentCity": "BOISE", "addrCurrentState": "ID"}
NOT_KNOWN = {
    "addrCurrentNoStreet": "UNKNOWN", "addrCurrentCity": "Unknown", "addrCurrentState": "ZZ",
    "addrCurrentPostalCode": "999999999", "addrCurrentCountry": "ZZU", "countyCurrent": "999", "telephone": "9999999999",
}  # fmt: skip


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    names = (*COLUMNS, *CURRENT_ADDRESS, *TELEPHONE)
    base = {"patient_id": 1, "vitalStatus": "1", "classOfCase": "14"}
    schema = {name: NUMBERS.get(name, pl.String) for name in names}
    return pl.DataFrame(
        [{**dict.fromkeys(names), "abstract_id": n, **base, **row} for n, row in enumerate(rows)],
        schema=schema,
    )


def told(*rows: dict[str, Any]) -> dict[str, str]:
    one = consolidate(frame(*rows), "patient_id", [*CURRENT_ADDRESS, *TELEPHONE]).drop("patient_id")
    return {item: value for item, value in one.row(0, named=True).items() if value is not None}


def test_the_latest_contact_brings_its_whole_address() -> None:
    """The analytic abstract comes first in everything else; none of its apartment, ZIP code and county stays."""
    first = {"dateOfLastContact": "20240301", **OLD_HOME, "telephone": "5185550101"}
    later = {"classOfCase": "30", "dateOfLastContact": "20260115", **NEW_HOME}
    assert told(first, later) == {**NEW_HOME, "telephone": "5185550101"}
    assert told(later, first) == {**NEW_HOME, "telephone": "5185550101"}


def test_the_telephone_goes_by_itself() -> None:
    first = {"dateOfLastContact": "20240301", **OLD_HOME, "telephone": "5185550101"}
    later = {"dateOfLastContact": "20260115", "telephone": "2085550199"}
    assert told(first, later) == {**OLD_HOME, "telephone": "2085550199"}


@pytest.mark.parametrize("last", [{}, NOT_KNOWN, {"addrCurrentCountry": "USA"}, {"addrCurrentCity": " "}])
def test_a_later_abstract_that_knows_no_address_takes_none_away(last: dict[str, str]) -> None:
    first = {"dateOfLastContact": "20240301", **OLD_HOME, "telephone": "5185550101"}
    assert told(first, {"dateOfLastContact": "20260115", **last}) == {**OLD_HOME, "telephone": "5185550101"}


def test_what_is_not_known_is_told_where_nothing_else_is() -> None:
    assert told({"dateOfLastContact": "20240301"}, {"dateOfLastContact": "2023", **NOT_KNOWN}) == NOT_KNOWN


@pytest.mark.parametrize("date", ["20260115", "202613", None])
def test_equal_or_unknown_contacts_leave_the_order_of_the_other_items(date: str | None) -> None:
    other = {"classOfCase": "30", "dateOfLastContact": date, **NEW_HOME}
    assert told(other, {"dateOfLastContact": date, **OLD_HOME}) == OLD_HOME
    early = {"dateOf1stContact": "20230101", "dateOfLastContact": date, **NEW_HOME}
    assert told({"dateOf1stContact": "20230201", "dateOfLastContact": date, **OLD_HOME}, early) == NEW_HOME


def test_a_dated_contact_goes_before_an_undated_one() -> None:
    assert told(OLD_HOME, {"classOfCase": "30", "dateOfLastContact": "2020", **NEW_HOME}) == NEW_HOME


def test_an_address_does_not_wait_for_the_columns_of_others() -> None:
    rows = frame({"dateOfLastContact": "2024", **OLD_HOME}, {"dateOfLastContact": "2026", **NEW_HOME})
    assert consolidate(rows, "patient_id", ["addrCurrentCity"])["addrCurrentCity"].to_list() == ["BOISE"]
    bare = rows.select("abstract_id", "patient_id", "addrCurrentCity")
    assert consolidate(bare, "patient_id", ["addrCurrentCity"])["addrCurrentCity"].to_list() == ["ALBANY"]


def test_a_reply_writes_no_address_that_is_taken_apart() -> None:
    """What a reply changes, what goes together here and what a resend takes as one are the same items."""
    assert set(reply_items.ADDRESS) == {*CURRENT_ADDRESS, *TELEPHONE}
    assert {*reply_items.OF_DEATH, *reply_items.SOURCES} <= FOLLOW_UP_ITEMS
    assert set(reply_items.STATUS) <= set(CANCER_STATUS)
    assert set(reply_items.RECURRENCE) <= set(RECURRENCE)
    assert not FOLLOW_UP_ITEMS & {*CURRENT_ADDRESS, *TELEPHONE}


def words(number: int) -> st.SearchStrategy[dict[str, Any]]:
    """Values that tell their abstract, blanks and what stands for not known."""
    own: dict[str, st.SearchStrategy[Any]] = {
        item: st.sampled_from([f"{number} {item}", f"{number} {item}", None, "", NOT_KNOWN.get(item)])
        for item in (*CURRENT_ADDRESS, *TELEPHONE)
    }
    ranks: dict[str, st.SearchStrategy[Any]] = {
        "patient_id": st.integers(1, 3),
        "classOfCase": st.sampled_from(["14", "30", None]),
        "dateOf1stContact": st.sampled_from(["20230101", "2023", None]),
        "dateOfLastContact": st.sampled_from(["20240301", "202403", "2024", "20260115", "20269999", None]),
        "vitalStatus": st.sampled_from(["0", "1", None]),
    }
    return st.fixed_dictionaries({"abstract_id": st.just(number), **ranks, **own})


ABSTRACTS = st.integers(1, 7).flatmap(lambda count: st.tuples(*(words(number) for number in range(count))))


@settings(deadline=None, max_examples=80, derandomize=True)
@given(rows=ABSTRACTS, data=st.data())
def test_no_row_order_counts_and_no_address_mixes_two_abstracts(
    rows: tuple[dict[str, Any], ...], data: st.DataObject
) -> None:
    items = ["dateOfLastContact", *CURRENT_ADDRESS, *TELEPHONE]
    given_rows = frame(*rows)
    one = consolidate(given_rows, "patient_id", items)
    order = data.draw(st.permutations(range(len(rows))))
    assert consolidate(given_rows[order], "patient_id", items).equals(one)
    for patient in one.iter_rows(named=True):
        own = [row for row in rows if row["patient_id"] == patient["patient_id"]]
        for group in (CURRENT_ADDRESS, TELEPHONE):
            assert tuple(patient[item] for item in group) in [
                tuple(row[item] for item in group) for row in own
            ]
