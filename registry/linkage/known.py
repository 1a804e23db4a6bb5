"""Who is known here: the abstracts that incoming records could concern, found by their numbers."""

from __future__ import annotations

import polars as pl

from registry.linkage.persons import PersonMatch, identity, match_persons
from registry.store import UnitOfWork

IDENTITY_ITEMS = [
    "patientIdNumber", "nameLast", "nameFirst", "dateOfBirth", "sex", "sexAssignedAtBirth", "socialSecurityNumber",
]  # fmt: skip
NUMBERS = [
    "tumorRecordNumber",
    "accessionNumberHosp",
    "sequenceNumberHospital",
    "medicalRecordNumber",
    "primarySite",
]
PROBE = [
    "sender", "facility_id", "patientIdNumber", "accessionNumberHosp", "medicalRecordNumber", "dateOfBirth",
    "socialSecurityNumber",
]  # fmt: skip


def facility_number(item: pl.Expr) -> pl.Expr:
    """Facility number as kept: zero-filled to ten positions; blank and all zeros are no facility.

    >>> pl.DataFrame({"f": ["6210010", "0000000000", " "]}).select(facility_number(pl.col("f"))).to_series().to_list()
    ['0006210010', None, None]
    """
    digits = item.str.strip_chars().str.zfill(10)
    return pl.when((item.str.strip_chars() != "") & digits.str.contains("[^0]")).then(digits)


def known_abstracts(work: UnitOfWork, records: pl.DataFrame) -> pl.DataFrame:
    """Abstracts that any of the records could concern.

    Args:
        records: any of the columns PROBE; absent ones find nothing.

    Returns:
        frame[abstract_id, patient_id, tumor_id, facility_id, sender, status, IDENTITY_ITEMS, NUMBERS, last, first,
        birth, birth_sex, ssn], sorted by abstract_id.
    """
    probe = records.select(
        pl.col(name) if name in records.columns else pl.lit(None, pl.String).alias(name) for name in PROBE
    ).unique()
    columns = ", ".join(f'a."{item}"' for item in [*IDENTITY_ITEMS, *NUMBERS])
    found = work.query(
        f"""
        SELECT a.abstract_id, a.patient_id, a.tumor_id, a.facility_id, a.sender, a.status, {columns}
        FROM abstract a
        WHERE a."dateOfBirth" IN (SELECT "dateOfBirth" FROM probe WHERE "dateOfBirth" IS NOT NULL)
           OR a."socialSecurityNumber" IN
              (SELECT "socialSecurityNumber" FROM probe WHERE "socialSecurityNumber" IS NOT NULL)
           OR coalesce(a.sender, '') || '|' || a."patientIdNumber" IN
              (SELECT coalesce(sender, '') || '|' || "patientIdNumber" FROM probe WHERE "patientIdNumber" IS NOT NULL)
           OR a.facility_id || '|' || a."accessionNumberHosp" IN
              (SELECT facility_id || '|' || "accessionNumberHosp" FROM probe
               WHERE facility_id IS NOT NULL AND "accessionNumberHosp" IS NOT NULL)
           OR a.facility_id || '|' || a."medicalRecordNumber" IN
              (SELECT facility_id || '|' || "medicalRecordNumber" FROM probe
               WHERE facility_id IS NOT NULL AND "medicalRecordNumber" IS NOT NULL)
        ORDER BY a.abstract_id
        """,
        frames={"probe": probe},
    ).with_columns(pl.col("abstract_id", "patient_id", "tumor_id").cast(pl.Int64))
    compared = identity(found, ["abstract_id"]).drop("sender", "patientIdNumber")
    return found.join(compared, on="abstract_id").sort("abstract_id")


def match_by_record_number(rows: pl.DataFrame, known: pl.DataFrame) -> PersonMatch:
    """Join rows that carry a facility's medical record number (messages, treatments) to known patients.

    The same strict rules as for abstracts, with facility and medical record number in the place of
    sender and patient id.

    Args:
        rows: frame[row, facility_id, medicalRecordNumber, identity items].
        known: from `known_abstracts`.
    """

    def by_facility(frame: pl.DataFrame, keep: list[str]) -> pl.DataFrame:
        numbered = frame.with_columns(
            sender=pl.col("facility_id"), patientIdNumber=pl.col("medicalRecordNumber")
        )
        return identity(numbered, keep)

    match = match_persons(by_facility(rows, ["row"]), by_facility(known, ["patient_id"]).unique())
    renamed = match.matches.with_columns(
        pl.col("rule").replace("same-sender-id", "same-medical-record-number")
    )
    return PersonMatch(renamed, match.doubts)
