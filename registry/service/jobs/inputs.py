"""What a run of a job starts from: one hash over the tables that its work reads."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from registry.service.jobs.table import WORKS, Job
from registry.service.operations import Context
from registry.store import schema
from registry.version import __version__

_PRIME = 1_000_003


def input_hash(context: Context, job: Job, as_of: dt.date) -> str:
    """SHA-256 (hex) of the job's words, the day and the state of the tables it reads.

    Of each table: rows, versions (each row's weighted by its key, so that no change is hidden by another) and the
    last moment of change; settings of the registry count too.
    """
    tables = {name: _state(context, name) for name in WORKS[job.does].reads}
    settings = context.store.query(
        "SELECT name, value FROM meta WHERE name <> 'audit_key' ORDER BY name"
    ).rows()
    told: dict[str, Any] = {
        "does": job.does, "parameters": dict(sorted(job.parameters.items())), "as_of": as_of.isoformat(),
        "software": __version__, "tables": tables, "settings": settings,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()


def _state(context: Context, name: str) -> list[str]:
    columns = set(context.store.columns(name))
    table = schema.table(name)
    parts = ["count(*)"]
    if table.versioned:
        parts += ["sum(version)", f"sum(CAST(version AS HUGEINT) * (1 + {table.key[0]} % {_PRIME}))"]
    elif len(table.key) == 1:
        parts.append(f"max({table.key[0]})")
    parts += [
        f"max({column})"
        for column in ("created_at", "changed_at", "found_at", "withdrawn_at")
        if column in columns
    ]
    row = context.store.query(f"SELECT {', '.join(parts)} FROM {name}").row(0)
    return [str(value) for value in row]
