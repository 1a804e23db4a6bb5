"""How well an extract hides people: what was held back, and how unique the rest is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from registry import standards
from registry.security.ages import TOP_AGE
from registry.security.allow_list import (
    BIRTH,
    DATES,
    INTERVALS,
    LIMITED_PLACES,
    PATIENT_ITEMS,
    TUMOR_ITEMS,
    TUMOR_WORDS,
    Profile,
)

#: What an outsider may know about somebody.
QUASI: Final = (
    "sex_at_birth", "race1", "spanishHispanicOrigin", "age_at_diagnosis", "diagnosis_year", "state", "zip3", "county",
    "dateOfBirth", "dateOfDiagnosis", "addrAtDxState", "addrAtDxPostalCode", "countyAtDx", "censusTract2010",
    "censusTract2020",
)  # fmt: skip


#: Columns of the store that are no items.
OWN_COLUMNS: Final = frozenset({"version", "sender", "status"})


def _text(frame: pl.DataFrame, item: str) -> pl.Expr:
    text = pl.col(item).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def report_on(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    people: pl.DataFrame,
    cases: pl.DataFrame,
    rule: Profile,
    areas: dict[str, int],
    intervals_top_coded: int,
) -> dict[str, Any]:
    """Counts for the manifest: nothing in it comes from a single record.

    Args:
        patients, tumors: what was asked for. people, cases: what leaves.
        areas: rows whose area is not named. intervals_top_coded: values that would have told an age over 89.

    Returns:
        Keys: profile, dates, patients, tumors, columns_released, columns_held_back (items of the standard) and
        further_columns_held_back (how many of the registry's own), values_refused (item → values that did not fit
        their pattern), ages_top_coded, intervals_top_coded, areas_not_named, risk (see `risk_of`).
    """
    from_items = {*PATIENT_ITEMS, *TUMOR_ITEMS, *TUMOR_WORDS, *INTERVALS}
    held_back, further = held_back_items({*patients.columns, *tumors.columns}, rule)
    refused = {
        item: lost
        for before, after in ((patients, people), (tumors, cases))
        for item in after.columns
        if item in from_items and item in before.columns and not (rule.dates == "full" and item in INTERVALS)
        and (lost := before.select(_text(before, item).count()).item() - after[item].count())
    }  # fmt: skip
    return {
        "profile": rule.name,
        "dates": rule.dates,
        "patients": people.height,
        "tumors": cases.height,
        "columns_released": {"patients": people.columns, "tumors": cases.columns},
        "columns_held_back": held_back,
        "further_columns_held_back": further,
        "values_refused": dict(sorted(refused.items())),
        "ages_top_coded": 0 if rule.limited else _ages_top_coded(cases),
        "intervals_top_coded": intervals_top_coded,
        "areas_not_named": areas,
        "risk": risk_of(people, cases),
    }


def held_back_items(columns: Iterable[str], rule: Profile) -> tuple[list[str], int]:
    """Items of the registry that do not leave: those of the standard by name, and how many of its own.

    A registry's own items are only counted: their names are free text, too.

    >>> from registry.security.allow_list import PROFILES
    >>> held_back_items(["patient_id", "nameLast", "primarySite", "stateNote"], PROFILES["DEID"])
    (['nameLast'], 1)
    """
    items = {name for name in columns if "_" not in name} - _sources_used(rule)
    standard = items & set(standards.all_items()["id"])
    return sorted(standard), len(items - standard - OWN_COLUMNS)


def _sources_used(rule: Profile) -> set[str]:
    """Items of the registry that the profile's columns are made of."""
    items = {*PATIENT_ITEMS, *TUMOR_ITEMS, *TUMOR_WORDS}
    used = {item for item in items - rule.held_back if rule.releases(item)}
    made_of = {
        "sex_at_birth": ("sex", "sexAssignedAtBirth"), "cause_of_death": ("causeOfDeath",),
        "age_at_diagnosis": ("ageAtDiagnosis",), **{name: (item,) for item, name in INTERVALS.items()},
    }  # fmt: skip
    if rule.dates == "shifted":
        made_of |= {f"shifted_{item}": (item,) for item in DATES}
    if rule.dates == "full":
        made_of |= {item: (item,) for item in (*DATES, BIRTH)}
    if rule.limited:
        made_of |= {item: (item,) for item in LIMITED_PLACES}
    if rule.state:
        made_of |= {"state": ("addrAtDxState",), "zip3": ("addrAtDxPostalCode",), "county": ("countyAtDx",)}
    return used | {item for name, items_of in made_of.items() if rule.releases(name) for item in items_of}


def _ages_top_coded(cases: pl.DataFrame) -> int:
    if "age_at_diagnosis" not in cases.columns:
        return 0
    return int((cases["age_at_diagnosis"] == TOP_AGE).sum())


def risk_of(people: pl.DataFrame, cases: pl.DataFrame) -> dict[str, Any]:
    """k-anonymity and l-diversity over what an outsider may know about somebody.

    Keys: quasi_identifiers, groups, smallest_group (k), patients_unique, patients_in_groups_below_5, _below_11,
    least_diverse_group (l: fewest different primary sites among groups of two or more patients).
    """
    both = cases.join(people, on="study_patient_id", how="left", maintain_order="left")
    quasi = [name for name in QUASI if name in both.columns]
    site = pl.col("primarySite").str.slice(0, 3) if "primarySite" in both.columns else pl.lit("")
    groups = both.group_by(quasi).agg(
        pl.col("study_patient_id").n_unique().alias("k"), site.n_unique().alias("l")
    ).sort("k", *quasi)  # fmt: skip

    def within(limit: int) -> int:
        return int(groups.filter(pl.col("k") < limit)["k"].sum())

    several = groups.filter(pl.col("k") > 1)
    return {
        "quasi_identifiers": quasi,
        "groups": groups.height,
        "smallest_group": _smallest(groups["k"]),
        "patients_unique": within(2),
        "patients_in_groups_below_5": within(5),
        "patients_in_groups_below_11": within(11),
        "least_diverse_group": _smallest(several["l"]),
    }


def _smallest(values: Iterable[int]) -> int | None:
    return min((int(value) for value in values), default=None)
