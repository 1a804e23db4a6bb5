"""The frames that questions are asked of: consolidated for central roles, a facility's abstracts for its staff.

A facility-scoped actor's patients and tumors are made of that facility's abstracts alone, so no
value that another facility reported can reach them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import polars as pl

from registry.errors import NotFound

if TYPE_CHECKING:
    from registry.service.operations import Context

NOT_GONE = "tombstone_reason IS NULL"


def select_items(context: Context, table: str, alias: str, items: Iterable[str]) -> str:
    """Select list of NAACCR items, blank where no record ever brought the item."""
    present = set(context.store.columns(table))
    wanted = dict.fromkeys(items)
    return "".join(
        f', {alias}."{item}"' if item in present else f', CAST(NULL AS VARCHAR) AS "{item}"'
        for item in wanted
    )


def every_item(context: Context, table: str) -> list[str]:
    """NAACCR items that have a column in a wide table, in dictionary order."""
    from registry import standards
    from registry.abstracting.item_columns import is_item

    order = {item: number for number, item in enumerate(standards.all_items()["id"])}
    items = [name for name in context.store.columns(table) if is_item(name)]
    return sorted(items, key=lambda item: (order.get(item, 10**6), item))


def load(
    context: Context, patient_items: Iterable[str], tumor_items: Iterable[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors that the actor may see.

    Returns:
        (frame[patient_id, *patient_items], frame[tumor_id, patient_id, *tumor_items]),
        sorted by patient_id and tumor_id; absent items are null columns.
    """
    patient_items, tumor_items = list(dict.fromkeys(patient_items)), list(dict.fromkeys(tumor_items))
    if context.actor.facilities is None:
        patients = context.store.query(
            f"SELECT p.patient_id {select_items(context, 'patient', 'p', patient_items)} FROM patient p "
            f"WHERE p.{NOT_GONE} ORDER BY p.patient_id"
        )
        tumors = context.store.query(
            f"SELECT t.tumor_id, t.patient_id {select_items(context, 'tumor', 't', tumor_items)} FROM tumor t "
            f"WHERE t.{NOT_GONE} ORDER BY t.tumor_id"
        )
        return patients, tumors
    return of_abstracts(context, None, patient_items, tumor_items)


def of_abstracts(
    context: Context, abstract_ids: Collection[int] | None, patient_items: list[str], tumor_items: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors as the abstracts in scope (all of them, or these ids) tell them."""
    from registry.linkage import follow_abstracts
    from registry.linkage.consolidation import CURRENT_ADDRESS, TELEPHONE

    ordering = ["classOfCase", "dateOf1stContact", "dateOfLastContact", "vitalStatus"]
    for group in (CURRENT_ADDRESS, TELEPHONE):  # chosen whole, so read whole
        if set(group) & set(patient_items):
            ordering.extend(group)
    rows = abstracts(context, [*patient_items, *tumor_items, *ordering]).filter(
        pl.col("tumor_id").is_not_null()
    )
    if abstract_ids is not None:
        rows = rows.filter(pl.col("abstract_id").is_in(list(abstract_ids)))
    return follow_abstracts(rows, patient_items, tumor_items)


def abstracts(
    context: Context, items: Iterable[str], received_as: Collection[str] | None = None
) -> pl.DataFrame:
    """Abstracts in the actor's scope that are not void; `received_as` keeps those of some record types.

    Returns:
        frame[abstract_id, tumor_id, patient_id, facility_id, record_type, status, version, *items], sorted by abstract_id.
    """
    condition, parameters = context.actor.scope_sql("a.facility_id")
    if received_as is not None:
        marks = ", ".join("?" * len(received_as))
        condition += f" AND coalesce(a.record_type, 'A') IN ({marks})"
        parameters = [*parameters, *received_as]
    return context.store.query(
        f"SELECT a.abstract_id, a.tumor_id, a.patient_id, a.facility_id, a.record_type, a.status, a.version "
        f"{select_items(context, 'abstract', 'a', items)} FROM abstract a "
        f"WHERE a.status <> 'void' AND {condition} ORDER BY a.abstract_id",
        parameters,
    )


def known_facility(context: Context, facility: str) -> str:
    """A facility's number as kept, when it is in scope and known (from the table, or because it reported).

    Raises:
        NotFound: it is not.
    """
    number = facility.strip().zfill(10)
    known = context.store.query(
        "SELECT 1 FROM facility WHERE facility_id = ? UNION ALL SELECT 1 FROM abstract WHERE facility_id = ? LIMIT 1",
        [number, number],
    )
    if known.is_empty() or not context.actor.covers(number):
        raise NotFound("facility", "there is no such facility in your scope", "see the list of facilities")
    return number
