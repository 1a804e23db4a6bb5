"""Which way a tumor is staged: by its year of diagnosis, its codes and its EOD coding system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from registry.coding.decision_table import whole_number
from registry.coding.extent.collaborative_stage import collaborative_parts, collaborative_stage
from registry.coding.extent.eod_stage import (
    another_system,
    digits,
    eod_2_digits,
    eod_4_digits,
    eod_10_digits,
    eod_10_parts,
    eod_13_digits,
    eod_oldest,
    exception_parts,
)
from registry.coding.extent.stage_tables import NOT_APPLICABLE, REVIEW, UNSTAGED


@dataclass(frozen=True)
class Road:
    """How tumors of one kind are staged.

    Attributes:
        told: the way in words.
        stage: the stage, a number or null.
        columns: columns to add before.
        parts: recodes on the way, to explain.
    """

    told: str
    stage: Callable[[], pl.Expr]
    columns: dict[str, pl.Expr] = field(default_factory=dict)
    parts: Callable[[], dict[str, pl.Expr]] | None = None


ROADS = {
    "unstaged": Road(
        "no usable year of diagnosis, or (before 2004) site and histology", lambda: pl.lit(UNSTAGED)
    ),
    "review": Road("site and histology are not codes", lambda: pl.lit(REVIEW)),
    "not applicable": Road("before 2004 without EOD coding system", lambda: pl.lit(NOT_APPLICABLE)),
    "cs": Road("Collaborative Stage", collaborative_stage, parts=collaborative_parts),
    "4": Road("EOD of 10 digits", eod_10_digits, parts=eod_10_parts),
    "3": Road("EOD of 4 digits", eod_4_digits, parts=exception_parts),
    "2": Road("EOD of 13 digits", eod_13_digits, digits("eodOld13Digit", 13), exception_parts),
    "1": Road("EOD of 2 digits", eod_2_digits, digits("eodOld2Digit", 2), exception_parts),
    "0": Road("oldest EOD of 2 digits", eod_oldest, digits("eodOld2Digit", 2), exception_parts),
    "another system": Road("an EOD coding system that is not 0 to 4", another_system),
}
"""Roads by name; one digit = EOD coding system."""


def numbers() -> dict[str, pl.Expr]:
    """Year, site and histology as numbers; site and histology are null unless both are codes."""
    written = pl.col("primarySite")
    letter = written.str.starts_with("C") | written.str.starts_with("c")
    site = whole_number(pl.when(letter).then(written.str.slice(1)).otherwise(written))
    histology = whole_number(pl.col("histologicTypeIcdO3"))
    coded = (site <= 999) & histology.is_between(8000, 9999)
    return {
        "year": whole_number(pl.col("dateOfDiagnosis").str.slice(0, 4)),
        "site": pl.when(coded).then(site),
        "histology": pl.when(coded).then(histology),
    }


def road(last_year: int) -> pl.Expr:
    """Which road a tumor takes; blank fields are no reason for review before 2004."""
    year, coded, system = pl.col("year"), pl.col("site").is_not_null(), pl.col("codingSystemForEod")
    known = year.is_between(1901, last_year)
    return (
        pl.when(~known | year.is_null())
        .then(pl.lit("unstaged"))
        .when(year >= 2004)
        .then(pl.when(coded).then(pl.lit("cs")).otherwise(pl.lit("review")))
        .when(~coded)
        .then(pl.lit("unstaged"))
        .when(system.is_null())
        .then(pl.lit("not applicable"))
        .when(system.is_in(["0", "1", "2", "3", "4"]))
        .then(system)
        .otherwise(pl.lit("another system"))
    )
