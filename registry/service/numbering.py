"""Numbers that the registry gives: accession numbers, and sequence numbers shown before they are changed."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.abstracting import numbering, numbering_sequence
from registry.coding.numbering import CENTRAL, HOSPITAL, ITEMS, KINDS, gaps
from registry.errors import BadInput, Conflict, NotFound
from registry.service import frames
from registry.service.operations import Context, operation

_ABSTRACT = ["abstract_id", "tumor_id", "patient_id", "facility_id", "status", "version"]


@operation("numbering.accession", changes=True)
def accession(context: Context, abstract_id: int, expected_version: int) -> dict[str, Any]:
    """Give an abstract its patient's accession number at its facility; a new one when the patient has none there.

    Returns {abstract_id, accessionNumberHosp, how, version}; `how` is kept (the abstract had one: it stays), known
    (of another abstract of the patient) or issued.

    Raises:
        NotFound: not in scope. BadInput: no date of first contact. Denied: locked. Conflict: somebody saved first.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f'SELECT {", ".join(_ABSTRACT)}, "{numbering.ITEM}" FROM abstract WHERE abstract_id = ? AND {condition}',
        [abstract_id, *scope],
    )
    if found.is_empty():
        raise NotFound("abstract", f"there is no abstract {abstract_id} in your scope")
    given = numbering.give(
        context.store,
        found.row(0, named=True),
        actor=context.actor.name,
        expected_version=expected_version,
        today=context.today,
    )
    if given.how == "kept":
        with context.store.unit_of_work(context.actor.name, "accession number") as work:
            work.log("abstract", abstract_id, "accession number kept")
    return {
        "abstract_id": abstract_id,
        "accessionNumberHosp": given.number,
        "how": given.how,
        "version": given.version,
    }


@operation("numbering.gaps")
def gap_report(context: Context, facility_id: str | None = None, year: int | None = None) -> pl.DataFrame:
    """Accession numbers that nobody has, below the highest of each facility and year.

    Numbers of void records, and numbers that were changed, are no gaps: they were used.
    Returns frame[facility_id, year, first, last, missing], sorted.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    if facility_id is not None:
        condition, scope = f"{condition} AND facility_id = ?", [*scope, facility_id]
    found = gaps(numbering.used(context.store, f"facility_id IS NOT NULL AND {condition}", scope))
    return found if year is None else found.filter(pl.col("year") == year)


@operation("numbering.doubles")
def double_report(context: Context) -> pl.DataFrame:
    """Accession numbers of several patients, and patients with several numbers at one facility.

    Returns frame[facility_id, problem, accessionNumberHosp, patient_id], sorted.
    """
    return numbering.doubles(context.store, *context.actor.scope_sql("facility_id"))


@operation("numbering.proposal")
def proposal(context: Context, patient_id: int) -> dict[str, Any]:
    """Sequence numbers of a patient's abstracts as they stand and as they are proposed, with the reason.

    All tumors that the actor may see count, also those before the reference date or of other facilities.

    Returns:
        {patient_id, rows, changes, shown}: `rows` has one row an abstract and kind of number (hospital; central for
        central staff), `changes` counts those that differ, `shown` is the mark that `numbering.confirm` asks for.
    """
    rows = _rows(context, patient_id)
    if rows.is_empty() and not _in_scope(context, patient_id):
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")
    changed = numbering_sequence.changes(rows).height
    return {
        "patient_id": patient_id,
        "rows": rows,
        "changes": changed,
        "shown": numbering_sequence.mark(rows),
    }


@operation("numbering.proposals")
def proposals(context: Context, kind: str | None = None) -> pl.DataFrame:
    """Every sequence number that the rules would change, of all patients in scope.

    Args:
        kind: hospital or central; both when absent.

    Returns:
        frame[patient_id, tumor_id, abstract_id, facility_id, status, version, kind, series, old, new, why], sorted.
    """
    if kind is not None and kind not in KINDS:
        raise BadInput(
            "sequence numbers", f"{kind!r} is no kind of number", f"use one of: {', '.join(KINDS)}"
        )
    return numbering_sequence.changes(_rows(context, None, kind))


@operation("numbering.confirm", changes=True)
def confirm(
    context: Context, patient_id: int, shown: str, reason: str | None = None, kind: str | None = None
) -> dict[str, Any]:
    """Write the sequence numbers that were shown; each abstract that differs gets a new version.

    An exported abstract becomes complete again, so that the next export sends it.

    Args:
        shown: the mark of `numbering.proposal`: what the person saw.
        kind: hospital or central; both when absent.

    Returns:
        {patient_id, changed, versions}.

    Raises:
        Conflict: the records changed since the proposal was shown.
    """
    rows = _rows(context, patient_id)
    if rows.is_empty() and not _in_scope(context, patient_id):
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")
    if numbering_sequence.mark(rows) != shown:
        raise Conflict(
            "sequence numbers", "the records changed since they were shown", "look at the proposal again"
        )
    changed = numbering_sequence.changes(rows)
    if kind is not None:
        changed = changed.filter(pl.col("kind") == kind)
    words = (reason or "").strip() or "sequence numbers over all known tumors"
    with context.store.unit_of_work(context.actor.name, "renumber", reason=words) as work:
        versions = numbering_sequence.write(work, changed, today=context.today)
        work.log("patient", patient_id, "renumber", None, {"abstracts": sorted(versions)})
    return {
        "patient_id": patient_id,
        "changed": len(versions),
        "versions": {str(key): version for key, version in versions.items()},
    }


def _in_scope(context: Context, patient_id: int) -> bool:
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT count(*) FROM abstract WHERE patient_id = ? AND {condition}", [patient_id, *scope]
    )
    return bool(found.item())


def _rows(context: Context, patient_id: int | None, kind: str | None = None) -> pl.DataFrame:
    """The proposal for one patient or all; a facility's staff gets its own hospital numbers alone."""
    central = context.actor.facilities is None
    kinds = [name for name in (HOSPITAL, CENTRAL) if (central or name == HOSPITAL) and kind in {None, name}]
    abstracts = _abstracts(context, patient_id)
    tumors = _tumors(context, patient_id) if central else _own_tumors(abstracts)
    present = abstracts.filter(pl.col("status") != "void")
    return numbering_sequence.proposal(tumors, present, kinds)


def _abstracts(context: Context, patient_id: int | None) -> pl.DataFrame:
    """Abstracts in scope with their numbers, void ones too; for a facility's staff with what orders tumors."""
    condition, scope = context.actor.scope_sql("a.facility_id")
    if patient_id is not None:
        condition, scope = f"{condition} AND a.patient_id = ?", [*scope, str(patient_id)]
    items = list(KINDS.values())
    if context.actor.facilities is not None:
        items += [*ITEMS, "classOfCase"]
    selected = frames.select_items(context, "abstract", "a", items)
    return context.store.query(
        f"SELECT {', '.join(f'a.{name}' for name in _ABSTRACT)} {selected} FROM abstract a "
        f"WHERE a.tumor_id IS NOT NULL AND {condition} ORDER BY a.abstract_id",
        scope,
    )


def _tumors(context: Context, patient_id: int | None) -> pl.DataFrame:
    condition = "TRUE" if patient_id is None else "t.patient_id = ?"
    parameters = [] if patient_id is None else [patient_id]
    return context.store.query(
        f"SELECT t.tumor_id, t.patient_id, t.tombstone_reason IS NOT NULL AS gone "
        f"{frames.select_items(context, 'tumor', 't', ITEMS)} FROM tumor t WHERE {condition} ORDER BY t.tumor_id",
        parameters,
    )


def _own_tumors(abstracts: pl.DataFrame) -> pl.DataFrame:
    """Tumors as a facility's own abstracts tell them."""
    from registry.linkage import follow_abstracts

    present = pl.col("status") != "void"
    alive = abstracts.filter(present)
    void = abstracts.join(alive, on="tumor_id", how="anti")
    parts = []
    for rows, gone in ((alive, False), (void, True)):
        _patients, tumors = follow_abstracts(rows, [], list(ITEMS))
        parts.append(tumors.with_columns(gone=pl.lit(gone)))
    return pl.concat(parts, how="diagonal_relaxed").sort("tumor_id")
