"""Cohorts: faults of a definition, what each rule leaves out, the flow, YAML and links, the words."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics import cohorts
from registry.analytics.cohorts import Cohort, apply, cohort_from
from registry.analytics.disclosure import publish_flow
from registry.errors import BadInput

AS_OF = dt.date(2024, 12, 31)
SITES = pl.Enum(["Breast", "Prostate", "Unknown"])
ROW: dict[str, Any] = {
    "tumor_id": 1, "patient_id": 1, "site_group": "Breast", "primarySite": "C504", "histologicTypeIcdO3": 8500,
    "behavior": 3, "malignant": True, "sex": "2", "race": "White", "hispanic": "No", "age": 61, "stage": "Localized",
    "state": "NY", "county": "001", "facility": "0000000001", "analytic": True, "year": 2015,
    "diagnosed": dt.date(2015, 6, 1), "diagnostic_confirmation": 1, "sequence": 0, "first_primary": True,
    "reporting_source": 1, "last_contact": dt.date(2020, 6, 1), "dead": True, "cause": "this cancer",
}  # fmt: skip


def frame(*changes: dict[str, Any]) -> pl.DataFrame:
    rows = [
        ROW | {"tumor_id": number, "patient_id": number} | change for number, change in enumerate(changes, 1)
    ]
    types = {
        "site_group": SITES, "primarySite": pl.Categorical, "state": pl.Categorical, "age": pl.Int16, "year": pl.Int16,
        "behavior": pl.Int8, "histologicTypeIcdO3": pl.Int16, "cause": pl.Enum(["alive", "this cancer", "other cause", "unknown"]),
    }  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=types)


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"site": "Breast"}, "did you mean sites"),
        ({"sexes": ["3"]}, "choose from 1, 2, 9"),
        ({"years": [2020, 2010]}, "the first is after the last"),
        ({"years": ["2010", 2020]}, "whole numbers"),
        ({"years": [2010]}, "the first and the last"),
        ({"ages": {"from": 1, "till": 3}}, "give from and to"),
        ({"primary_sites": ["breast"]}, "C500-C506"),
        ({"histologies": ["84"]}, "8140-8147"),
        ({"behavior": "3"}, "choose from malignant"),
        ({"confirmed": "yes"}, "true or false"),
        ({"cut_off": "31.12.2020"}, "2025-12-31"),
        ({"diagnosed": ["2020-01-01", "2019-01-01"]}, "the first is after the last"),
        ({"sites": [None]}, "list of words"),
        ({"name": "two\nlines"}, "one line"),
        ({"format": 9}, "format 9"),
    ],
)
def test_faults_of_a_definition_take_one_line(definition: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as found:
        cohort_from(definition)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("definition", "other", "reason"),
    [
        ({"sites": "Breast"}, {"site_group": "Prostate"}, "another site"),
        ({"primary_sites": ["C50"]}, {"primarySite": "C619"}, "another site"),
        ({"primary_sites": ["C500-C506"]}, {"primarySite": "C508"}, "another site"),
        ({"primary_sites": ["C50"]}, {"primarySite": None}, "another site"),
        ({"histologies": ["8500-8508"]}, {"histologicTypeIcdO3": 8140}, "another histology"),
        ({"sexes": ["2"]}, {"sex": "1"}, "another sex"),
        ({"races": ["White"]}, {"race": "Black"}, "another race"),
        ({"hispanic": ["No"]}, {"hispanic": "Yes"}, "another origin"),
        ({"stages": ["Localized"]}, {"stage": "Distant"}, "another stage"),
        ({"states": ["NY"]}, {"state": "NJ"}, "living in another state"),
        ({"counties": ["001"]}, {"county": None}, "living in another county"),
        ({"facilities": ["0000000001"]}, {"facility": "0000000002"}, "reported by another facility"),
        ({"years": [2010, 2016]}, {"year": 2017}, "diagnosed outside 2010 to 2016"),
        ({"years": [2010, None]}, {"year": None}, "diagnosed before 2010"),
        ({"diagnosed": [None, "2015-06-01"]}, {"diagnosed": dt.date(2015, 6, 2)}, "diagnosed after 2015-06-01"),
        ({"ages": [15, 99]}, {"age": 14}, "age not from 15 to 99"),
        ({"ages": [15, None]}, {"age": None}, "age not 15 or more"),
        ({"analytic": True}, {"analytic": False}, "not analytic"),
        ({"confirmed": True}, {"diagnostic_confirmation": 5}, "not confirmed by microscopy"),
        ({}, {"malignant": False}, "not malignant"),
        ({"behavior": "invasive"}, {"behavior": 2}, "not invasive"),
        ({"sequence": "first"}, {"first_primary": False}, "not the first primary"),
        ({"sequence": "only"}, {"sequence": 1}, "not the only primary"),
        ({"death_certificate": "exclude"}, {"reporting_source": 7}, "known from death certificate only"),
        ({"autopsy": "exclude"}, {"reporting_source": 6}, "known from autopsy only"),
        ({"unknown_age": "exclude"}, {"age": None}, "unknown age"),
        ({"cut_off": "2016-12-31"}, {"diagnosed": dt.date(2017, 1, 1), "year": 2017}, "diagnosed after 2016-12-31"),
        ({"unit": "patients"}, {"patient_id": 1, "diagnosed": dt.date(2016, 1, 1)}, "a later tumor of the same patient"),
    ],
)  # fmt: skip
def test_each_rule_leaves_out_the_other(
    definition: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    kept, flow = apply(frame({}, other), cohort_from(definition), AS_OF)
    assert kept["tumor_id"].to_list() == [1]
    assert flow.filter(pl.col("excluded") > 0)["reason"].to_list() == [reason]
    assert flow["remaining"][-1] == 1


def test_an_unknown_word_is_named_with_a_near_one() -> None:
    with pytest.raises(BadInput, match=r"'Brest' is unknown; did you mean Breast\?"):
        apply(frame({}), Cohort(sites=("Brest",)), AS_OF)


@pytest.mark.parametrize(
    ("change", "day", "expected"),
    [
        ({}, AS_OF, (1827, 1827.0, True, "this cancer")),
        ({}, dt.date(2020, 6, 1), (1827, 1827.0, True, "this cancer")),
        ({}, dt.date(2020, 5, 31), (1826, 1826.0, False, "alive")),
        ({"last_contact": dt.date(2015, 6, 1)}, AS_OF, (0, 0.5, True, "this cancer")),
        ({"dead": False, "cause": "alive"}, AS_OF, (1827, 1827.0, False, "alive")),
    ],
)
def test_time_is_cut_at_the_cut_off(change: dict[str, Any], day: dt.date, expected: tuple[Any, ...]) -> None:
    kept, _ = apply(frame(change), Cohort(), day, follow_up=True)
    assert kept.select("days", "time", "dead", "cause").row(0) == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"diagnosed": None}, "unknown date of diagnosis"),
        ({"age": None}, "unknown age"),
        ({"dead": None}, "unknown vital status"),
        ({"last_contact": None}, "unknown date of last contact"),
        ({"diagnosed": dt.date(2025, 1, 1)}, "diagnosed after 2024-12-31"),
        ({"last_contact": dt.date(2015, 5, 31)}, "last contact before diagnosis"),
    ],
)
def test_who_cannot_be_followed(change: dict[str, Any], reason: str) -> None:
    kept, flow = apply(frame({}, change), Cohort(), AS_OF, follow_up=True)
    assert kept.height == 1
    assert flow.filter(pl.col("excluded") > 0)["reason"].to_list() == [reason]


def test_patients_are_counted_by_their_earliest_tumor_whatever_the_order() -> None:
    rows = frame(
        {"patient_id": 5, "diagnosed": None, "year": None}, {"patient_id": 5, "diagnosed": dt.date(2014, 1, 1)},
        {"patient_id": 5, "diagnosed": None, "year": 2013}, {"patient_id": 6, "malignant": False}, {"patient_id": 6},
    )  # fmt: skip
    kept, _ = apply(rows, Cohort(unit="patients"), AS_OF)
    assert kept["tumor_id"].to_list() == [3, 5]


def test_nobody_at_all() -> None:
    kept, flow = apply(frame({}).clear(), cohorts.SURVIVAL, AS_OF, follow_up=True)
    assert kept.is_empty()
    assert flow["remaining"].unique().to_list() == [0]
    assert "0 tumors in the registry" in cohorts.methods_text(cohorts.SURVIVAL, flow, AS_OF)


words = (
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12).map(str.strip).filter(bool)
)
years = st.one_of(st.none(), st.integers(1950, 1999))
definitions = st.builds(
    Cohort,
    name=words,
    sites=st.lists(words, max_size=3, unique=True).map(tuple),
    ages=st.tuples(st.one_of(st.none(), st.integers(0, 40)), st.one_of(st.none(), st.integers(41, 120))),
    years=st.tuples(years, st.one_of(st.none(), st.integers(2000, 2030))),
    diagnosed=st.tuples(st.one_of(st.none(), st.dates(dt.date(1990, 1, 1), dt.date(2000, 1, 1))), st.none()),
    behavior=st.sampled_from(["malignant", "invasive", "in situ", "all"]),
    analytic=st.one_of(st.none(), st.booleans()),
    cut_off=st.one_of(st.none(), st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1))),
)


@settings(deadline=None, max_examples=60)
@given(definitions)
def test_every_form_leads_back_to_the_definition(cohort: Cohort) -> None:
    assert cohort_from(cohorts.as_dict(cohort)) == cohort
    assert cohorts.from_yaml(cohorts.to_yaml(cohort)) == cohort
    link = cohorts.to_link(cohort)
    assert cohorts.from_link(link) == cohort
    assert link.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert link.isascii()


@pytest.mark.parametrize("text", ["", "c1.", "c1.!!!", "c1.AAAA", "c2.q1YqAA", "c1." + "A" * 99])
def test_a_damaged_link_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="damaged"):
        cohorts.from_link(text)


@pytest.mark.parametrize(
    "text", ["- a\n- b", "a: [", "just words", "!!python/object:os.system {}", "sites: {a: &x [*x]}"]
)
def test_yaml_that_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="cohort"):
        cohorts.from_yaml(text)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 60))
def test_a_shown_flow_has_no_small_count_and_none_can_be_worked_out(left_out: list[int], last: int) -> None:
    total = sum(left_out) + last
    rows, remaining = [(0, "start", 0, total)], total
    for step, count in enumerate(left_out, 1):
        remaining -= count
        rows.append((step, f"r{step}", count, remaining))
    flow = pl.DataFrame(rows, schema=["step", "reason", "excluded", "remaining"], orient="row")
    shown = publish_flow(flow)
    numbers = [n for n in shown["remaining"].to_list() if n is not None]
    steps = [a - b for a, b in pairwise(numbers)]
    assert all(n == 0 or n >= 11 for n in [*steps, *numbers, *shown["excluded"].drop_nulls()])


def test_methods_text_is_made_of_whole_sentences() -> None:
    cohort = Cohort(
        sites=("Breast", "Prostate"), sexes=("2",), ages=(15, 99), years=(2010, 2020), stages=("Localized",),
        sequence="first", death_certificate="exclude", confirmed=True, unit="patients", cut_off=dt.date(2023, 12, 31),
    )  # fmt: skip
    _, flow = apply(frame(*[{}] * 40, *[{"sex": "1"}] * 20), cohort, AS_OF, follow_up=True)
    text = cohorts.methods_text(
        cohort,
        flow,
        AS_OF,
        ["Survival was estimated by Kaplan-Meier."],
        follow_up=True,
        threshold=11,
        software="x 1",
    )
    for part in (
        "of Breast and Prostate in women aged 15 to 99 years, diagnosed from 2010 to 2020, of stage Localized, were counted.",
        "The unit of counting was the person", "first primary", "death certificate only were excluded",
        "microscopically confirmed", "Of 60 tumors in the registry, 40 were analysed", "another sex (20)",
        "The data cut-off was 2023-12-31.", "Counts below 11", "Calculated with x 1.",
    ):  # fmt: skip
        assert part in text
    assert text.endswith(".")
    assert ".." not in text


BOMB = "[" + ", ".join(["&a [x, x]"] + [f"&{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in pairwise("abcdefghijk")]) + "]"  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "cut_off: 2020-13-45", "diagnosed: [2020-02-31, null]", f"years: [{'9' * 6000}, null]", 'name: "\\ud800"',
        'name: "a\\u2028b"', "name: [1, 2]", "histologies: [8147-8140]", "histologies: ['٨١٤٠']", 'sites: ["a\\u2028b"]',
        *(f"{key}: {BOMB}" for key in ("sites", "name", "cut_off", "years", "format", "behavior")),
    ],
    ids=lambda text: text.partition(":")[0] + str(len(text)),
)  # fmt: skip
def test_definitions_of_ill_will_are_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        cohorts.from_yaml(text)
    assert len(str(refused.value)) < 200
    assert str(refused.value).isprintable()


def test_a_link_with_more_behind_it_is_refused() -> None:
    with pytest.raises(BadInput, match="damaged"):
        cohorts.from_link(cohorts.to_link(Cohort(sites=("Breast",))) + "AAAA")
