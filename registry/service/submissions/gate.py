"""The gate: records whose edits are open do not leave.

An open error holds its record back, and so does an open review that has a NAACCR over-ride flag: the receiver's metafile
calls that an error until the flag is set. Over-rides given here count for the values that they were given for. Edits
whose items the file's record type cannot carry are not asked: the receiver could not see their faults.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from registry import edits, standards
from registry.service import frames
from registry.service.quality import judging, records
from registry.service.quality.judging import Asked

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.service.submissions.request import Wish

FOUND = {"record_id": pl.Int64, "edit": pl.String}
OURS = frozenset(("patientIdNumber", "tumorRecordNumber", "registryId", "recordType"))
"""Items that the writer fills itself, whatever the record holds."""


def carries(wish: Wish) -> str | None:
    """Record type whose items the file may hold at most: a table without identifiers holds no more than type I."""
    if wish.profile.format == "naaccr_xml":
        return wish.request.type
    return None if wish.profile.identifiers else "I"


def asked_edits(edit_set: str, record_type: str | None) -> Asked:
    """Edits of a set that can hold a record back from a file.

    Args:
        record_type: I, C, A or M of the file; None for files that are not NAACCR XML.

    >>> "ir-ssn-shared" in asked_edits("submission", "I").ids, "ir-ssn-shared" in asked_edits("submission", "A").ids
    (False, True)
    """
    carried = dict(standards.all_items().select("id", "record_types").iter_rows())

    def counts(edit_id: str) -> bool:
        edit = edits.find(edit_id)
        holds = edit.severity == edits.ERROR or (edit.severity == edits.REVIEW and bool(edit.override_items))
        seen = record_type is None or all(
            record_type in (carried.get(item) or record_type) for item in edit.items
        )
        return holds and seen and not set(edit.items) <= OURS

    return Asked([edit_id for edit_id in edits.edit_ids(edit_set) if counts(edit_id)])


def of_tumors(context: Context, asked: Asked, wanted: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """What holds consolidated tumors of these patients back, compared with the patient's other tumors too.

    Args:
        wanted: frame[patient_id], some thousands at once.

    Returns:
        frame[record_id (tumor_id), edit], sorted.
    """
    ids = [name for name in (*asked.single, *asked.within) if not edits.find(name).of_flags]
    return _of_tumors(context, ids, wanted, day)


def of_abstracts(context: Context, asked: Asked, wanted: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """What holds abstracts of these patients back, as the board of edits judges them.

    Returns:
        frame[record_id (abstract_id), edit], sorted; an actor held to facilities is told of theirs alone.
    """
    found = judging.of_patients(context, Asked([*asked.single, *asked.within]), wanted, day)
    return _of_board(context, found)


def across(
    context: Context, asked: Asked, level: str, day: dt.date, only: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What edits between patients find; central staff's alone, because it tells of other people's records.

    Args:
        only: frame[patient_id] of those about whom it is asked; what it finds of others is not complete. None: everybody.

    Returns:
        frame[record_id, edit], sorted; `level` says whether a record is a tumor or an abstract.
    """
    if not asked.across or context.actor.facilities is not None:
        return pl.DataFrame(schema=FOUND)
    compared = None if only is None else _compared_with(context, asked.across, only)
    if compared is None:
        compared = records.with_ids(
            context.store.query(
                "SELECT patient_id FROM patient WHERE tombstone_reason IS NULL ORDER BY patient_id"
            )
        )
    if level == "abstract":
        return _of_board(context, judging.across_patients(context, asked, compared, day))
    return _of_tumors(context, asked.across, compared, day)


def _compared_with(context: Context, ids: Sequence[str], only: pl.DataFrame) -> pl.DataFrame | None:
    """These patients and all whose tumors such edits compare with theirs: frame[patient_id], sorted; None = everybody.

    An edit between patients compares tumors that agree in the columns that it is `over`.
    """
    held = {table: set(context.store.columns(table)) for table in ("tumor", "patient")}
    found = [only.select(pl.col("patient_id").cast(pl.Int64))]
    for over in dict.fromkeys(edits.find(name).over for name in ids):
        if not over or any(column.startswith("@") for column in over):
            return None
        if not set(over) <= held["tumor"] | held["patient"]:
            continue  # blank in every record
        named = {column: f't."{column}"' if column in held["tumor"] else f'p."{column}"' for column in over}
        people = "JOIN patient p USING (patient_id)" if set(over) - held["tumor"] else ""
        keys = ", ".join(f'{what} AS "{column}"' for column, what in named.items())
        columns = ", ".join(f'"{column}"' for column in over)
        filled = " AND ".join(f"{what} IS NOT NULL" for what in named.values())
        near = context.store.query(
            f"""WITH r AS (SELECT patient_id, {keys} FROM tumor t {people} WHERE t.{frames.NOT_GONE} AND {filled}),
                     k AS (SELECT DISTINCT {columns} FROM r SEMI JOIN wanted USING (patient_id))
                SELECT DISTINCT patient_id FROM r SEMI JOIN k USING ({columns}) ORDER BY patient_id""",
            frames={"wanted": only.select("patient_id")},
        )
        found.append(records.with_ids(near))
    return pl.concat(found).unique().sort("patient_id")


def _of_tumors(context: Context, ids: list[str], wanted: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    if not ids or wanted.is_empty():
        return pl.DataFrame(schema=FOUND)
    patients, tumors = records.consolidated(context, ids, wanted)
    if tumors.is_empty():
        return pl.DataFrame(schema=FOUND)
    found = edits.run(patients, tumors, ids, as_of=day, keys=["patient_id", "tumor_id"])
    return _held(judging.overridden(found, judging.overrides(context, wanted), "tumor_id"), "tumor_id")


def _of_board(context: Context, found: pl.DataFrame) -> pl.DataFrame:
    return _held(found.filter(context.actor.scope_expr("facility_id")), "abstract_id")


def _held(found: pl.DataFrame, key: str) -> pl.DataFrame:
    """Open failures that hold back; one that became a review needs a flag that could answer it."""
    flagged = [name for name, edit in edits.all_edits().items() if edit.override_items]
    holds = (pl.col("severity") == edits.ERROR) | (
        (pl.col("severity") == edits.REVIEW) & pl.col("edit").is_in(flagged)
    )
    rows = found.filter((pl.col("state") == "open") & holds & pl.col(key).is_not_null())
    named = rows.select(record_id=pl.col(key).cast(pl.Int64), edit=pl.col("edit").cast(pl.String))
    return named.unique().sort("record_id", "edit")
