"""Extracts for research: which profile an agreement leaves, the words that may stand in it, its published counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

import polars as pl

from registry.analytics.counts import counts_by
from registry.analytics.disclosure import suppress
from registry.errors import BadInput
from registry.security.allow_list import DEATH_CLASSES, KEYS, PROFILES, Dates, Profile, shapes

EXTRACTS: Final = ("DEID", "LIMITED")
SMALLEST_CELL: Final = 11
COUNT: Final = "tumors"
COUNT_SHAPES: Final = {COUNT: r"[0-9]{1,9}", "suppressed": r"true|false"}
_DATES: Final[dict[str, tuple[Dates, ...]]] = {
    "DEID": ("months", "shifted"),
    "LIMITED": ("full", "shifted", "months"),
}

#: What allows the release, for the manifest.
BASIS: Final = {
    ("DEID", "months"): "45 CFR 164.514(b)(2), safe harbor",
    ("DEID", "shifted"): "45 CFR 164.514(b)(1): shifted dates need an expert's determination",
    ("LIMITED", "months"): "45 CFR 164.514(e), limited data set under a data use agreement",
    ("LIMITED", "shifted"): "45 CFR 164.514(e), limited data set under a data use agreement",
    ("LIMITED", "full"): "45 CFR 164.514(e), limited data set under a data use agreement",
}


def profile_for(name: str, dates: str | None = None, columns: Iterable[str] | None = None) -> Profile:
    """The profile of an extract, narrowed to what was agreed.

    Args:
        name: one of EXTRACTS.
        dates: "months", "shifted" or (limited data set) "full"; None = the profile's own.
        columns: the only columns to leave beside the keys; None = all of the profile.

    Raises:
        BadInput: no such profile, dates that it may not release, or a column outside its allow list.

    >>> profile_for("DEID", columns=["primarySite", "diagnosis_year"]).releases("race1")
    False
    >>> profile_for("DEID", dates="full")
    Traceback (most recent call last):
    registry.errors.BadInput: extract DEID: dates "full" may not leave; use months, shifted
    """
    if name not in EXTRACTS:
        raise BadInput("extract", f"{name!r} is no profile of an extract", f"use {' or '.join(EXTRACTS)}")
    base = PROFILES[name]
    chosen = dates or base.dates
    if chosen not in _DATES[name]:
        raise BadInput(f"extract {name}", f'dates "{chosen}" may not leave', f"use {', '.join(_DATES[name])}")
    rule = replace(base, dates=chosen)
    if columns is None:
        return rule
    wanted = frozenset(column.strip() for column in columns if column.strip())
    if not wanted:
        raise BadInput(f"extract {name}", "no column is named", "name columns, or leave the list out")
    if outside := sorted(wanted - set(shapes(rule)) - {"site_group"}):
        raise BadInput(
            f"extract {name}",
            f"{', '.join(outside[:5])} is not on its allow list",
            "an agreement may narrow the list, never widen it; `registry extract profiles` shows it",
        )
    return replace(rule, columns=wanted)


def allowed_columns(name: str, dates: str | None = None) -> list[str]:
    """Every column that a profile may release, keys first.

    >>> allowed_columns("LIMITED")[:2], "dateOfBirth" in allowed_columns("LIMITED")
    (['study_patient_id', 'study_tumor_id'], True)
    """
    found = shapes(profile_for(name, dates))
    return [*KEYS, *sorted(set(found) - set(KEYS))]


def dates_of(name: str) -> list[str]:
    """How dates may leave in a profile, its default first.

    >>> dates_of("LIMITED")
    ['full', 'shifted', 'months']
    """
    return list(_DATES[name])


def published_words(site_groups: Collection[str]) -> dict[str, frozenset[str]]:
    """Columns of words → the words of published tables that they may hold.

    Args:
        site_groups: names of site groups that the caller derives.
    """
    from registry.analytics.stages import GROUPS
    from registry.coding.recodes.site import recode_names

    names = recode_names("2008")["name"].to_list()
    return {
        "site_group": frozenset({*names, *site_groups, "Unknown"}),
        "stage": frozenset(GROUPS),
        "death_class": frozenset(DEATH_CLASSES),
        "suppressed": frozenset({"true", "false"}),
    }


def published_counts(people: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Tumors by year, site group and sex, small cells hidden and protected: fit to be published.

    Args:
        people, cases: as `deidentify` returned them; columns that an extract lacks do not divide the table.

    Returns:
        frame[diagnosis_year, site_group, sex_at_birth, tumors (null where hidden), suppressed], sorted by group.

    >>> cases = pl.DataFrame({"study_patient_id": list("abcdefghijklmn"), "diagnosis_year": [2020] * 12 + [2021] * 2})
    >>> published_counts(cases.select("study_patient_id"), cases).rows()
    [(2020, None, True), (2021, None, True)]
    """
    both = cases
    if "sex_at_birth" in people.columns:
        both = cases.join(
            people.select("study_patient_id", "sex_at_birth"), on="study_patient_id", how="left"
        )
    by = [name for name in ("diagnosis_year", "site_group", "sex_at_birth") if name in both.columns]
    table = counts_by(both, by).rename({"count": COUNT})
    return suppress(table, COUNT, SMALLEST_CELL, margins=[None, *by])
