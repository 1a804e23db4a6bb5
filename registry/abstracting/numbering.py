"""Accession numbers: one a patient and facility for life, given out once and never again.

Numbers that senders wrote stay as they are and count as used; so do numbers of void records and those that an
abstract had before it was changed. What was given out here stands in the table `accession_number` for ever. Two
saves at the same time take the same number: the second fails on the table's key and takes the next one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from registry.abstracting import consolidated, status
from registry.coding import numbering
from registry.coding.numbering.accession import is_number
from registry.errors import BadInput, Conflict
from registry.store import Store, UnitOfWork
from registry.store.changes import VersionConflict

ITEM = "accessionNumberHosp"
ATTEMPTS = 50
_USED = f"""
    SELECT facility_id, number AS "{ITEM}", patient_id FROM accession_number WHERE {{of}}
    UNION SELECT facility_id, "{ITEM}", patient_id FROM abstract WHERE "{ITEM}" IS NOT NULL AND {{of}}
    UNION SELECT facility_id, c."before", patient_id FROM abstract_change c JOIN abstract USING (abstract_id)
          WHERE c.item = '{ITEM}' AND c."before" IS NOT NULL AND {{of}}
    ORDER BY 1, 2, 3"""


@dataclass(frozen=True)
class Given:
    """An abstract's accession number and how it came by it: `kept`, `known` (of the patient) or `issued` (new)."""

    number: str
    how: str
    version: int


def used(
    source: Store | UnitOfWork, condition: str = "TRUE", parameters: list[Any] | None = None
) -> pl.DataFrame:
    """Every accession number that was ever seen.

    Args:
        condition: SQL over facility_id, with `?` for `parameters`.

    Returns:
        frame[facility_id, accessionNumberHosp, patient_id], sorted.
    """
    return source.query(_USED.format(of=condition), (parameters or []) * 3)


def give(store: Store, row: dict[str, Any], *, actor: str, expected_version: int, today: dt.date) -> Given:
    """Give an abstract the accession number of its patient at its facility, a new one when there is none.

    Args:
        row: the abstract: abstract_id, patient_id, facility_id, status, version and the number it has.

    Raises:
        BadInput: no facility, or the date of first contact is not known. Denied: the abstract is locked.
        VersionConflict: somebody saved it meanwhile.
    """
    if own := _number_of(row):
        return Given(own, "kept", int(row["version"]))
    if not row["facility_id"]:
        raise BadInput("accession number", "the abstract has no facility", "fill in reportingFacility first")
    status.require_editable(row["status"])
    for attempt in range(ATTEMPTS):
        try:
            return _give_once(store, row, actor, expected_version, today)
        except VersionConflict:
            raise
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _number_of(row: dict[str, Any]) -> str | None:
    """The number that the abstract carries; a placeholder is none."""
    frame = pl.DataFrame({"n": [row.get(ITEM)]}, schema={"n": pl.String})
    return None if frame.filter(is_number(pl.col("n"))).is_empty() else str(row[ITEM])


def _give_once(store: Store, row: dict[str, Any], actor: str, expected: int, today: dt.date) -> Given:
    patient_id, facility_id = int(row["patient_id"]), str(row["facility_id"])
    with store.unit_of_work(actor, "accession number", facility_id=facility_id) as work:
        number, how = known_number(work, patient_id, facility_id), "known"
        if number is None:
            number, how = _new_number(work, patient_id, facility_id), "issued"
            work.insert(
                "accession_number",
                pl.DataFrame(
                    {
                        "facility_id": [facility_id],
                        "number": [number],
                        "patient_id": [patient_id],
                        "issued_at": [work.now],
                        "issued_by": [actor],
                    }
                ),
            )
        changes = {ITEM: number, "dateCaseLastChanged": f"{today:%Y%m%d}"}
        version = work.update("abstract", int(row["abstract_id"]), changes, expected_version=expected)
        consolidated.refresh(work, {patient_id}, work.now)
    return Given(number, how, version)


def known_number(source: Store | UnitOfWork, patient_id: int, facility_id: str) -> str | None:
    """The accession number that a patient has at a facility: the one given out here, else the lowest of its abstracts."""
    given = source.query(
        "SELECT number FROM accession_number WHERE facility_id = ? AND patient_id = ? ORDER BY issued_at, number LIMIT 1",
        [facility_id, patient_id],
    )
    if given.height:
        return str(given.item())
    written = source.query(
        f"SELECT DISTINCT \"{ITEM}\" AS number, status = 'void' AS void FROM abstract "
        f'WHERE facility_id = ? AND patient_id = ? AND "{ITEM}" IS NOT NULL ORDER BY void, number',
        [facility_id, patient_id],
    ).filter(is_number(pl.col("number")))
    return str(written["number"][0]) if written.height else _earlier_number(source, patient_id, facility_id)


def _earlier_number(source: Store | UnitOfWork, patient_id: int, facility_id: str) -> str | None:
    """The last number that the patient had there and that was taken out of its abstract, unless others have it now."""
    found = source.query(
        f"""SELECT c."before" AS number, max(c.changed_at) AS taken_at FROM abstract_change c JOIN abstract a USING (abstract_id)
            WHERE a.facility_id = $facility AND a.patient_id = $patient AND c.item = '{ITEM}' AND c."before" IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM abstract o WHERE o.facility_id = $facility AND o.patient_id <> $patient
                              AND o."{ITEM}" = c."before")
              AND NOT EXISTS (SELECT 1 FROM accession_number o WHERE o.facility_id = $facility
                              AND o.patient_id <> $patient AND o.number = c."before")
            GROUP BY 1 ORDER BY taken_at DESC, number LIMIT 1""",
        {"facility": facility_id, "patient": patient_id},
    ).filter(is_number(pl.col("number")))
    return str(found["number"][0]) if found.height else None


def _new_number(work: UnitOfWork, patient_id: int, facility_id: str) -> str:
    contacts = work.query(
        'SELECT "dateOf1stContact" AS day FROM abstract '
        "WHERE facility_id = ? AND patient_id = ? AND status <> 'void' ORDER BY abstract_id",
        [facility_id, patient_id],
    )
    year = numbering.year_of(contacts["day"].to_list())
    taken = used(work, "facility_id = ?", [facility_id])
    of_year, counter = numbering.parts(pl.col(ITEM))
    counters = taken.select(year=of_year, counter=counter).filter(pl.col("year") == year)["counter"]
    return numbering.number(year, numbering.next_counter(counters.to_list()))


def doubles(source: Store | UnitOfWork, condition: str, parameters: list[Any]) -> pl.DataFrame:
    """Where a number and a patient don't belong together one to one within a facility.

    Args:
        condition, parameters: SQL that holds the facilities, as of `Actor.scope_sql("facility_id")`.

    Returns:
        frame[facility_id, problem, accessionNumberHosp, patient_id]: a number that several patients have has a row a
        patient, a patient with several numbers a row a number.
    """
    held = source.query(
        f"""SELECT DISTINCT facility_id, "{ITEM}", patient_id FROM abstract
            WHERE status <> 'void' AND "{ITEM}" IS NOT NULL AND facility_id IS NOT NULL AND {condition} ORDER BY 1, 2, 3""",
        parameters,
    ).filter(is_number(pl.col(ITEM)))
    several = pl.len().over("facility_id", ITEM) > 1
    many = pl.len().over("facility_id", "patient_id") > 1
    parts = [
        held.filter(several).with_columns(problem=pl.lit("one number, several patients")),
        held.filter(many).with_columns(problem=pl.lit("one patient, several numbers")),
    ]
    columns = ["facility_id", "problem", ITEM, "patient_id"]
    return pl.concat(parts).select(columns).sort(columns)


def former_numbers(work: UnitOfWork, known: pl.DataFrame) -> pl.DataFrame:
    """Accession and sequence numbers that abstracts had before they were changed here.

    Args:
        known: frame[abstract_id, accessionNumberHosp, sequenceNumberHospital], as they are.

    Returns:
        frame of the same columns: every combination of present and former values but the present one.
    """
    columns = ["abstract_id", ITEM, "sequenceNumberHospital"]
    held = known.select(columns).unique()
    if held.is_empty():
        return held
    before = work.query(
        f"""SELECT DISTINCT c.abstract_id, c.item, c."before" AS value FROM abstract_change c SEMI JOIN wanted USING (abstract_id)
            WHERE c.item IN ('{ITEM}', 'sequenceNumberHospital') AND c."before" IS NOT NULL ORDER BY 1, 2, 3""",
        frames={"wanted": held.select("abstract_id")},
    ).with_columns(pl.col("abstract_id").cast(pl.Int64))
    touched = held.join(before, on="abstract_id", how="semi")
    for item in columns[1:]:
        earlier = before.filter(pl.col("item") == item).select("abstract_id", pl.col("value").alias(item))
        touched = pl.concat([touched, touched.drop(item).join(earlier, on="abstract_id").select(columns)])
    return touched.unique().join(held, on=columns, how="anti", nulls_equal=True).sort(columns)
