"""Edits across patients: what only one person, or one abstract, can have."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import PATIENT, REVIEW, WARNING, edit
from registry.edits.rules import person_pairs
from registry.edits.rules.codes import DICTIONARY


def several_patients(*key: str) -> pl.Expr:
    """True for records of a patient whose key is also a known other patient's."""
    filled = pl.all_horizontal([pl.col(item).is_not_null() for item in (*key, PATIENT)])
    return filled & (pl.col(PATIENT).drop_nulls().n_unique().over(key) > 1)


@edit(
    "ir-ssn-shared",
    message="The social security number is shared with another patient",
    items=["socialSecurityNumber", "patientIdNumber"],
    level="inter-record",
    category="person",
    source="Registry practice: patient identity",
    over=("socialSecurityNumber",),
    passes=[
        "111223333 | 00000001 / 111223333 | 00000001",
        "999999999 | 00000001 / 999999999 | 00000002",
        "000000000 | 00000001 / 000000000 | 00000002",
        "111223333 | 00000001 / 111223334 | 00000002",
        "111223333 | 00000001 / 111223333 | ",
        " | 00000001 / | 00000002",
    ],
    fails=[
        "111223333 | 00000001 / 111223333 | 00000002",
        "111223333 | 00000003 / 111223333 | 00000002 / 111223333 | 00000003",
    ],
    notes="999999999 and 000000000 say that the number is not known.",
)
def shared_ssn() -> pl.Expr:
    """One number, two patients."""
    known = ~pl.col("socialSecurityNumber").is_in(["999999999", "000000000"])
    return known & several_patients("socialSecurityNumber")


@edit(
    "ir-accession-shared",
    message="Facility {reportingFacility} has given accession {accessionNumberHosp} to another patient too",
    items=["accessionNumberHosp", "reportingFacility", "patientIdNumber"],
    level="inter-record",
    category="person",
    source=DICTIONARY,
    over=("reportingFacility", "accessionNumberHosp"),
    passes=[
        "202000001 | 0000000001 | 00000001 / 202000001 | 0000000001 | 00000001",
        "202000001 | 0000000001 | 00000001 / 202000001 | 0000000002 | 00000002",
        "202000001 | 0000000001 | 00000001 / 202000002 | 0000000001 | 00000002",
        " | 0000000001 | 00000001 / | 0000000001 | 00000002",
        "202000001 | | 00000001 / 202000001 | | 00000002",
    ],
    fails=[
        "202000001 | 0000000001 | 00000001 / 202000001 | 0000000001 | 00000002",
        "202000001 | 0000000001 | 00000001 / 202000001 | 0000000001 | 00000002 / 202000001 | 0000000001 | 00000001",
    ],
)
def shared_accession() -> pl.Expr:
    """One accession number of a facility, two patients."""
    return several_patients("reportingFacility", "accessionNumberHosp")


ABSTRACT = ("reportingFacility", "accessionNumberHosp", "sequenceNumberHospital")


@edit(
    "ir-facility-duplicate",
    message="Facility {reportingFacility} has accession {accessionNumberHosp}, sequence {sequenceNumberHospital} twice",
    severity=WARNING,
    items=ABSTRACT,
    level="inter-record",
    category="person",
    source="Registry practice: one abstract per facility, accession and sequence",
    over=ABSTRACT,
    passes=[
        "0000000001 | 202000001 | 00 / 0000000002 | 202000001 | 00",
        "0000000001 | 202000001 | 01 / 0000000001 | 202000001 | 02",
        "0000000001 | 202000001 | 00 / 0000000001 | 202000002 | 00",
        "0000000001 | | 00 / 0000000001 | | 00",
        "0000000001 | 202000001 | 97 / 0000000001 | 202000001 | 97",
    ],
    fails=[
        "0000000001 | 202000001 | 00 / 0000000001 | 202000001 | 00",
        "0000000001 | 202000001 | 61 / 0000000001 | 202000001 | 61",
    ],
)
def facility_duplicate() -> pl.Expr:
    """All three valid and equal: the groups themselves are the failures."""
    return pl.all_horizontal([pl.col(item).is_not_null() for item in ABSTRACT])


@edit(
    "ir-possible-same-person",
    message="Another patient number may be the same person. {found}",
    severity=REVIEW,
    items=[
        "nameLast",
        "nameFirst",
        "dateOfBirth",
        "socialSecurityNumber",
        "sexAssignedAtBirth",
        "sex",
        "patientIdNumber",
    ],
    level="inter-record",
    category="person",
    source="Fellegi and Sunter, A Theory for Record Linkage (1969); own weights",
    over=(),
    reads=["dateOfBirth@first", "dateOfBirth@last", "@sex"],
    columns=[
        "nameLast",
        "nameFirst",
        "dateOfBirth",
        "socialSecurityNumber",
        "sexAssignedAtBirth",
        "patientIdNumber",
    ],
    passes=[
        "SMITH | JOHN | 19500102 | | 1 | 00000001 / SMITH | JOHN | 19500102 | | 1 | 00000001",
        "SMITH | JOHN | 19500102 | 111223333 | 1 | 00000001 / SMITH | JOHN | 19500102 | 222334444 | 1 | 00000002",
        "SMITH | JOHN | 19500102 | | 1 | 00000001 / SMITH | JOHN | 19750611 | | 1 | 00000002",
        "SMITH | JOHN | 1950 | | 1 | 00000001 / SMITH | JOHN | 1950 | | 1 | 00000002",
        "SMITH | MARY | 19520711 | 111223333 | 2 | 00000001 / SMITH | JOHN | 19500102 | 111223333 | 1 | 00000002",
        "SMITH | JEAN | 19500102 | 111223333 | 2 | 00000001 / SMITH | MARGARET | 19500102 | 111223334 | 2 | 00000002",
        "SMITH | | 19500102 | | 1 | 00000001 / SMITH | | 19500102 | | 1 | 00000002",
        "SMITH | JOHN | 19500102 | | 1 | 00000001 / SMITH | JOHN | 19500102 | | 1 | ",
        " | | | 111223333 | | 00000001 / | | | 111223333 | | 00000002",
        "SMITH | JOHN | 19500102 | 999999999 | 1 | 00000001 / DOE | JOHN | 19500102 | 999999999 | 1 | 00000002",
        "SMITH | JOHN | 19501399 | | 1 | 00000001 / SMITH | JOHN | 19501399 | | 1 | 00000002",
    ],
    fails=[
        "SMITH | JOHN | 19500102 | | 1 | 00000001 / SMITH | JOHN | 19500102 | | 1 | 00000002",
        "Smith | John | 19500102 | 999999999 | 9 | 00000001 / SMITH | JOHN | 19500102 | 111223333 | 1 | 00000002",
        "SMITH | JOHN | 19500102 | | 1 | 00000001 / SMYTH | JOHN | 19500102 | | 1 | 00000002",
        "GARCIA LOPEZ | ANA | 19500102 | | 2 | 00000001 / LOPEZ | ANA | 19500102 | | 2 | 00000002",
        "SMITH | J | 19500102 | | 1 | 00000001 / SMITH | JOHN | 19500102 | | 1 | 00000002",
        "NGUYEN | ANH | 19500102 | | 1 | 00000001 / ANH | NGUYEN | 19500102 | | 1 | 00000002",
        "SMITH | MARY | 19500102 | 111223333 | 2 | 00000001 / JONES | MARY | 19500102 | 111223333 | 2 | 00000002",
        "SMITH | WILLIAM | 19500102 | 111223333 | 1 | 00000001 / SMITH | BILL | 19500102 | 111223333 | 1 | 00000002",
        "SMITH | JOHN | 19500102 | 111223333 | 1 | 00000001 / SMITH | JOHN | 19500201 | 111232333 | 1 | 00000002",
        "SMITH | JOHN | 1950 | 111223333 | 1 | 00000001 / SMITH | JOHN | 195001 | 111223333 | 1 | 00000002",
        " | | 19500102 | 111223333 | | 00000001 / | | 19500102 | 111223333 | | 00000002",
    ],
    notes="Fires on every record of both patient numbers. Weights of agreement and disagreement in last name, "
    "first name, birth date, social security number and sex add up; weights and threshold are data "
    "(person_weights.csv). Pairs are compared that share the social security number, or the full birth date "
    "with a name or the initials, or both names with the year or the day of birth, unless more than 30 do. "
    "Records without first name and without social security number are not compared. "
    "A blank, invalid or unknown item says nothing.",
)
def possible_same_person(frame: pl.DataFrame) -> pl.Series:
    """Two patient numbers whose evidence adds up to the threshold."""
    pairs = person_pairs.likely(frame)
    said = pl.concat(
        [
            pairs.select(patient=this, found=_evidence(pairs, other))
            for this, other in (("patient_1", "patient_2"), ("patient_2", "patient_1"))
        ]
    )
    strongest = said.unique("patient", keep="first", maintain_order=True)
    records = frame.select(patient=PATIENT)
    return records.join(strongest, on="patient", how="left", maintain_order="left").get_column("found")


_SAID = {
    "ssn": "social security number",
    "names": "names",
    "last": "last name",
    "first": "first name",
    "birth": "birth date",
    "sex": "sex",
}


def _evidence(pairs: pl.DataFrame, other: str) -> pl.Expr:
    """The other patient number and how its items agree, in words."""
    parts = [pl.format("{} {}", pl.lit(_SAID[part]), part) for part in person_pairs.EXPLAINED]
    return pl.format(
        "Patient {}: {} (weight {})", other, pl.concat_str(parts, separator=", ", ignore_nulls=True), "weight"
    )
