"""A patient as follow-up work sees one: the records in the actor's scope, what they say together, and their version."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from registry.errors import Conflict, NotFound
from registry.followup.last_contact import Known
from registry.followup.reply_items import PATIENT_ITEMS, TUMOR_ITEMS
from registry.followup.reply_plan import known_of
from registry.linkage import consolidate
from registry.security.roles import Actor

Query = Callable[..., pl.DataFrame]
"""`Store.query` or `UnitOfWork.query`."""

PERSON_ITEMS = (
    "nameLast", "nameFirst", "nameMiddle", "dateOfBirth", "sexAssignedAtBirth", "vitalStatus", "dateOfLastContact",
    "noPatientContactFlag", *PATIENT_ITEMS,
)  # fmt: skip
TUMOR_FACTS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis", "classOfCase", *TUMOR_ITEMS,
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One patient within an actor's scope.

    Attributes:
        rows: abstracts in scope that are not void, with every column, by abstract_id.
        patient: PERSON_ITEMS as these abstracts tell them together.
        tumors: by tumor_id, TUMOR_FACTS likewise.
        elsewhere: vital status and last contact by the abstracts outside the scope, None when there are none.
        version: rises with every change of the patient within the scope.
        facility: whose entries about the patient are: the only facility, or the actor's own; None = central.
    """

    patient_id: int
    rows: list[dict[str, Any]]
    patient: dict[str, Any]
    tumors: dict[int, dict[str, Any]]
    elsewhere: Known | None
    version: int
    facility: str | None

    def require_version(self, expected: int | None) -> None:
        """Raises Conflict when somebody changed the patient since `expected` was read."""
        if expected is not None and expected != self.version:
            raise Conflict(
                f"patient {self.patient_id}",
                "was changed by somebody since you read it",
                "read it again and repeat your entry",
            )


def load(query: Query, actor: Actor, patient_id: int) -> Person:
    """A patient of the actor's scope.

    Raises:
        NotFound: there is none with an abstract that is not void.
    """
    every = query("SELECT a.* FROM abstract a WHERE a.patient_id = ? ORDER BY a.abstract_id", [patient_id])
    covered = pl.Series([actor.covers(facility) for facility in every["facility_id"]], dtype=pl.Boolean)
    live = every["status"] != "void"
    seen = every.filter(covered & live)
    if seen.is_empty():
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")
    hidden = every.filter(~covered & live)
    version = int(every.filter(covered)["version"].sum())
    if actor.facilities is None:
        row = query("SELECT version FROM patient WHERE patient_id = ? ORDER BY 1", [patient_id])
        version += int(row["version"].sum())
    named = sorted({facility for facility in seen["facility_id"] if facility is not None})
    own = named[0] if named and (actor.facilities is not None or len(named) == 1) else None
    return Person(
        patient_id=patient_id,
        rows=seen.to_dicts(),
        patient=_together(seen, "patient_id", PERSON_ITEMS)[patient_id],
        tumors=_together(seen.drop_nulls("tumor_id"), "tumor_id", TUMOR_FACTS),
        elsewhere=None if hidden.is_empty() else _known(hidden, patient_id),
        version=version,
        facility=own,
    )


def _known(rows: pl.DataFrame, patient_id: int) -> Known:
    return known_of(_together(rows, "patient_id", ("vitalStatus", "dateOfLastContact"))[patient_id])


def _together(rows: pl.DataFrame, key: str, items: tuple[str, ...]) -> dict[int, dict[str, Any]]:
    """What several abstracts say together, by patient_id or tumor_id; items without a column are None."""
    one = consolidate(with_death(rows), key, [item for item in items if item in rows.columns])
    return {
        int(row[key]): {**dict.fromkeys(items), **{item: value for item, value in row.items() if item != key}}
        for row in one.iter_rows(named=True)
    }


def with_death(rows: pl.DataFrame) -> pl.DataFrame:
    """Abstracts with one code for the dead, so that a death counts before a later contact (older files have 4)."""
    return rows.with_columns(pl.col("vitalStatus").replace("4", "0"))


def moment(day: dt.date, stamp: dt.datetime) -> dt.datetime:
    """When a contact of a day was made: now when it is today's, else the beginning of that day.

    >>> moment(dt.date(2026, 1, 5), dt.datetime(2026, 1, 7, 12, 30))
    datetime.datetime(2026, 1, 5, 0, 0)
    """
    return stamp if day == stamp.date() else dt.datetime.combine(day, dt.time())


def changes_as_json(changes: Mapping[int, Mapping[str, tuple[str | None, str | None]]]) -> str | None:
    """Changes of abstracts as a contact keeps them: abstract_id → item → [before, after]; None without any."""
    if not changes:
        return None
    return json.dumps(
        {
            str(number): {item: list(pair) for item, pair in sorted(of.items())}
            for number, of in sorted(changes.items())
        }
    )
