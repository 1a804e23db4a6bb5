"""Columns of tables for receivers that do not read NAACCR files: what each is made of and how it is written.

Sources: CI5 call for data, data specification (IARC, volume X, 2011): dates as YYYYMMDD with 99 for an unknown month
or day and 9999 for a year, sequence 00 for a single tumor, basis of diagnosis 0 to 9 as ICD-O-3, section 4.3.5;
CanReg5 standard variables (IACR).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from registry.standards import sex_at_birth
from registry.submissions.profiles import Profile


@dataclass(frozen=True)
class Derived:
    """A column made of items: `of` are the items (or our own columns) that it reads."""

    of: tuple[str, ...]
    make: Callable[[], pl.Expr]


OWN: Final = (
    "patient_id",
    "patient_number",
    "tumor_number",
    "tumors",
    "tumor_place",
    "first_year",
    "last_year",
)
"""Columns that the frames get before the table is made, see `registry.submissions.delimited`."""

#: NAACCR diagnostic confirmation → basis of diagnosis (ICD-O-3): histology of a metastasis (6) is not told apart.
BASIS: Final = {"1": "7", "2": "5", "3": "7", "4": "7", "5": "4", "6": "2", "7": "2", "8": "1", "9": "9"}


def _filled(item: str) -> pl.Expr:
    text = pl.col(item).str.strip_chars()
    return pl.when(text != "").then(text)


def _day(item: str) -> pl.Expr:
    """A full or partial NAACCR date with nines for what is not known."""
    text = pl.col(item).str.strip_chars().fill_null("")
    digits = text.str.contains(r"^\d+$")
    size = text.str.len_bytes()
    return (
        pl.when(digits & (size == 8)).then(text)
        .when(digits & (size == 6)).then(text + "99")
        .when(digits & (size == 4)).then(text + "9999")
        .otherwise(pl.lit("99999999"))
    )  # fmt: skip


def _basis() -> pl.Expr:
    code = pl.col("diagnosticConfirmation").str.strip_chars().replace_strict(BASIS, default="9")
    return pl.when(pl.col("typeOfReportingSource").str.strip_chars() == "7").then(pl.lit("0")).otherwise(code)


def _sequence() -> pl.Expr:
    """00 for an only tumor, else its place among the patient's tumors."""
    place = pl.when(pl.col("tumors") > 1).then(pl.col("tumor_place")).otherwise(0)
    return place.cast(pl.String).str.zfill(2)


def _age() -> pl.Expr:
    age = _filled("ageAtDiagnosis")
    return pl.when(age.str.contains(r"^\d+$")).then(age.str.zfill(3)).otherwise(pl.lit("999"))


def _grade() -> pl.Expr:
    """Grade in ICD-O's sixth digit: item 440 up to 2017, later the first of 3843 to 3845 that is a plain grade."""
    grades = [_filled(item) for item in ("grade", "gradePathological", "gradeClinical")]
    plain = [pl.when(grade.is_in([*"12345678"])).then(grade) for grade in grades]
    return pl.coalesce(*plain, pl.lit("9"))


DERIVED: Final = {
    **{name: Derived((), lambda name=name: pl.col(name).cast(pl.String)) for name in OWN},  # type: ignore[misc]
    "sex": Derived(("sex", "sexAssignedAtBirth"), sex_at_birth),
    "birth_date": Derived(("dateOfBirth",), lambda: _day("dateOfBirth")),
    "incidence_date": Derived(("dateOfDiagnosis",), lambda: _day("dateOfDiagnosis")),
    "last_contact_date": Derived(("dateOfLastContact",), lambda: _day("dateOfLastContact")),
    "age": Derived(("ageAtDiagnosis",), _age),
    "sequence": Derived((), _sequence),
    "topography_3": Derived(("primarySite",), lambda: _filled("primarySite").str.slice(1, 3)),
    "grade_icdo": Derived(("grade", "gradePathological", "gradeClinical"), _grade),
    "basis": Derived(("diagnosticConfirmation", "typeOfReportingSource"), _basis),
    "canreg_status": Derived(
        ("vitalStatus",),
        lambda: pl.col("vitalStatus").replace_strict({"1": "1", "0": "2", "4": "2"}, default="9"),
    ),
}


def needs(profile: Profile) -> set[str]:
    """The items that the columns of a profile are made of.

    >>> from registry.submissions.profiles import profiles
    >>> sorted(needs(profiles()["CI5"]))[:3]
    ['ageAtDiagnosis', 'behaviorCodeIcdO3', 'dateOfBirth']
    """
    wanted: set[str] = set()
    for _, source in profile.columns:
        wanted |= set(DERIVED[source].of) if source in DERIVED else {source}
    return wanted | {"dateOfDiagnosis"}


def expressions(profile: Profile) -> list[pl.Expr]:
    """The columns of a profile's table, in order; text, null where nothing is known."""
    return [
        (DERIVED[source].make() if source in DERIVED else _filled(source)).alias(name)
        for name, source in profile.columns
    ]
