"""Sequence numbers of all patients at once are those that a plain reading of the rules gives, one patient after another."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.coding.numbering import CENTRAL, HOSPITAL, propose
from registry.coding.numbering.accession import LAST_COUNTER, gaps, next_counter

DATES = ["2015", "201503", "20150301", "20150315", "20160101", "2016", "20140704", None]
NUMBERS = [None, "00", "01", "02", "03", "05", "59", "60", "61", "63", "88", "99", "98", "x"]
SITES = ["C509", "C530", "C441", "C619", "C700", None]
TUMOR = st.fixed_dictionaries(
    {
        "dateOfDiagnosis": st.sampled_from(DATES),
        "existing": st.sampled_from(NUMBERS),
        "primarySite": st.sampled_from(SITES),
        "histologicTypeIcdO3": st.sampled_from(["8500", "8090", "8148", "8070"]),
        "behaviorCodeIcdO3": st.sampled_from(["0", "1", "2", "3", None]),
        "summaryStage2018": st.sampled_from([None, "0", "1", "3", "7", "9"]),
        "gone": st.booleans(),
    }
)
PATIENTS = st.lists(st.lists(TUMOR, min_size=1, max_size=5), min_size=1, max_size=4)
SCHEMA = dict.fromkeys(
    ("dateOfDiagnosis", "existing", "primarySite", "behaviorCodeIcdO3", "summaryStage2018", "facility_id"),
    pl.String,
)


def frame(patients: list[list[dict[str, Any]]]) -> pl.DataFrame:
    numbered = [(patient, tumor) for patient, tumors in enumerate(patients) for tumor in tumors]
    rows = [
        {"patient_id": patient, "tumor_id": n, "facility_id": "A", **tumor}
        for n, (patient, tumor) in enumerate(numbered)
    ]
    return pl.DataFrame(rows, schema_overrides=SCHEMA)


def plain_series(tumor: dict[str, Any], kind: str) -> str | None:
    site, behavior = tumor["primarySite"] or "", tumor["behaviorCodeIcdO3"]
    if behavior is None:
        return None
    year = int((tumor["dateOfDiagnosis"] or "0")[:4])
    if kind == CENTRAL:
        if behavior == "2" and site.startswith("C53") and year >= 1996:
            return "98" if year <= 2002 else "non-malignant"
        if site.startswith("C44") and behavior in "23" and 8000 <= int(tumor["histologicTypeIcdO3"]) <= 8110:
            return "non-malignant"
        if site == "C619" and behavior == "2" and tumor["histologicTypeIcdO3"] == "8148":
            return "non-malignant"
    return "malignant" if behavior in "23" else "non-malignant"


def ordinal_day(text: str) -> tuple[int, int]:
    year, month, day = int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1)
    first = dt.date(year, month, day)
    if len(text) == 8:
        last = first
    elif len(text) == 6:
        last = (dt.date(year, month, 28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    else:
        last = dt.date(year, 12, 31)
    return first.toordinal(), last.toordinal()


def plain_key(number: int | None, before: list[int], tumor: dict[str, Any]) -> int:
    """Position in time of a tumor, doubled days; `before` are the first days of tumors with lower numbers."""
    far = 10**7
    text = tumor["dateOfDiagnosis"]
    first, last = ordinal_day(text) if text else (-far, far)
    if text and len(text) == 8:
        return 2 * first
    if number is not None:
        lower = max(before, default=-far)
        return 2 * min(max(first, lower), last) + (1 if lower >= first else -1)
    # the same day that counting from 1970 gives, also for an odd number of days
    epoch = dt.date(1970, 1, 1).toordinal()
    return 2 * ((first - epoch + last - epoch + 1) // 2 + epoch) if text else 2 * last


def plain(tumors: list[tuple[int, dict[str, Any]]], kind: str) -> dict[int, str | None]:
    """The proposed number of each tumor of one patient that is not gone."""
    answer: dict[int, str | None] = {}
    for name, low, high, top, unspecified in (
        ("malignant", 0, 59, 59, "99"),
        ("non-malignant", 60, 87, 27, "88"),
    ):
        members = [(n, tumor) for n, tumor in tumors if plain_series(tumor, kind) == name]
        gone = sum(tumor["gone"] for _, tumor in members)

        def number_of(tumor: dict[str, Any], low: int = low, high: int = high) -> int | None:
            text = tumor["existing"]
            return int(text) - low if text and text.isdigit() and low <= int(text) <= high else None

        present = [(n, tumor) for n, tumor in members if not tumor["gone"]]
        listed = sorted(
            present,
            key=lambda one: (
                number_of(one[1]) is None,
                number_of(one[1]) or 0,
                ordinal_day(one[1]["dateOfDiagnosis"])[0] if one[1]["dateOfDiagnosis"] else -(10**7),
                one[0],
            ),
        )
        keys: dict[int, int] = {}
        before: list[int] = []
        for n, tumor in listed:
            keys[n] = plain_key(number_of(tumor), before, tumor)
            before.append(ordinal_day(tumor["dateOfDiagnosis"])[0] if tumor["dateOfDiagnosis"] else -(10**7))
        extent = {"7": 40, "3": 25, "1": 10, "0": 0}
        ordered = sorted(
            present,
            key=lambda one: (
                keys[one[0]], (number_of(one[1]) or 0) if keys[one[0]] % 2 else 0, -extent.get(one[1]["summaryStage2018"] or "", 5), -int(one[1]["behaviorCodeIcdO3"]), one[0]
            ),
        )  # fmt: skip
        claims = [
            max(number, 1) if (number := number_of(tumor)) is not None else None for _, tumor in ordered
        ]
        known = [claim for claim in claims if claim is not None]
        trusted = all(a < b for a, b in itertools.pairwise(known)) and not gone
        unseen = max(0, max(known, default=0) - len(ordered) - gone)
        last = 0
        for place, ((n, tumor), claim) in enumerate(zip(ordered, claims, strict=True), 1):
            wanted = claim or 0
            if not trusted:
                wanted = min(wanted, place + unseen)
            last = max(last + 1, wanted)
            alone = len(ordered) == 1 and last == 1 and not (number_of(tumor) == 1 and trusted)
            answer[n] = f"{low + (0 if alone else min(last, top)):02d}"
            if len(ordered) == 1 and tumor["existing"] == unspecified:
                answer[n] = unspecified
    for n, tumor in tumors:
        if not tumor["gone"] and n not in answer:
            answer[n] = "98" if plain_series(tumor, kind) == "98" else tumor["existing"]
    return answer


@settings(max_examples=120, deadline=None)
@given(PATIENTS, st.sampled_from([HOSPITAL, CENTRAL]))
def test_all_at_once_is_one_after_another(patients: list[list[dict[str, Any]]], kind: str) -> None:
    found = dict(propose(frame(patients), kind).select("tumor_id", "proposed").iter_rows())
    expected: dict[int, str | None] = {}
    n = 0
    for tumors in patients:
        expected |= plain(list(enumerate(tumors, n)), kind)
        n += len(tumors)
    assert found == expected


@settings(max_examples=60, deadline=None)
@given(PATIENTS, st.integers(0, 100))
def test_the_order_of_rows_does_not_matter(patients: list[list[dict[str, Any]]], seed: int) -> None:
    rows = frame(patients)
    places = list(range(rows.height))
    random.Random(seed).shuffle(places)
    assert propose(rows[places], HOSPITAL).equals(propose(rows, HOSPITAL))


FEWER = TUMOR.filter(lambda tumor: tumor["existing"] != "59")
"""59 stands for all that follow too, so it may be given twice."""


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(FEWER, min_size=1, max_size=5), min_size=1, max_size=4))
def test_numbers_of_a_patient_differ_and_are_proposed_once(patients: list[list[dict[str, Any]]]) -> None:
    first = propose(frame(patients), HOSPITAL)
    numbered = first.filter(pl.col("series").is_not_null())
    assert not numbered.select("patient_id", "proposed").is_duplicated().any()
    again = frame(patients).join(first.select("tumor_id", "proposed"), on="tumor_id", how="left")
    again = again.filter(~pl.col("gone")).with_columns(existing=pl.col("proposed"))
    second = propose(again.drop("proposed"), HOSPITAL)
    assert second.select("tumor_id", "proposed").equals(first.select("tumor_id", "proposed"))


@settings(deadline=None)
@given(st.sets(st.integers(1, LAST_COUNTER), max_size=40))
def test_the_next_counter_is_free_and_after_a_used_one(used: set[int]) -> None:
    counter = next_counter(used)
    assert counter not in used and 1 <= counter <= LAST_COUNTER
    assert counter == 1 or counter - 1 in used
    assert counter == max(used, default=0) + 1 or LAST_COUNTER in used


@settings(deadline=None)
@given(st.sets(st.integers(1, 60), max_size=30))
def test_gaps_and_numbers_add_up(used: set[int]) -> None:
    frame = pl.DataFrame({"facility_id": "A", "accessionNumberHosp": [f"2020{n:05d}" for n in used]}, schema_overrides={
        "accessionNumberHosp": pl.String})  # fmt: skip
    found = gaps(frame)
    missing = {
        n
        for row in found.iter_rows(named=True)
        for n in range(int(row["first"][4:]), int(row["last"][4:]) + 1)
    }
    assert missing == set(range(1, max(used, default=0))) - used
    assert found["missing"].sum() == len(missing)
