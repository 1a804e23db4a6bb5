"""The audit trail: verify the chain, read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from registry.service.operations import Context, operation


@operation("audit.verify")
def verify(context: Context) -> dict[str, Any]:
    """Recompute the hash chain and check references: {ok, rows, first_bad, message}."""
    return asdict(context.store.verify_audit())


@operation("audit.log")
def log(
    context: Context, entity: str | None = None, entity_id: str | None = None, limit: int = 200
) -> pl.DataFrame:
    """Audit events, newest first; without the values for roles that see no identifiers."""
    conditions, parameters = ["TRUE"], []
    for column, value in (("entity", entity), ("entity_id", entity_id)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(str(value))
    events = context.store.query(
        f"""SELECT seq, happened_at, actor, action, entity, entity_id, reason, before_value, after_value, digest
            FROM audit_event WHERE {" AND ".join(conditions)} ORDER BY seq DESC LIMIT ?""",
        [*parameters, limit],
    )
    return events if context.actor.sees_identifiers else events.drop("before_value", "after_value")


@operation("downloads.record", changes=True)
def record_download(
    context: Context, name: str, rows: int, sha256: str, operation: str | None = None
) -> None:
    """Note who downloaded what: file name, rows and hash, never its content."""
    with context.store.unit_of_work(context.actor.name, "download") as work:
        work.log("download", name, "download", None, {"rows": rows, "operation": operation}, digest=sha256)
