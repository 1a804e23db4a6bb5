"""Changes that are not records and need no audit: drafts of a person's typing, sessions, job runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from registry.errors import BadInput, Busy
from registry.store.engine import Engine, waits

TABLES = frozenset({"draft", "session", "job_run", "job_attempt"})


def run(engine: Engine, sql: str, params: Sequence[Any]) -> int:
    """Change one of TABLES at once; see `Store.housekeeping`."""
    engine.check_writable()
    target = re.match(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)", sql, re.IGNORECASE)
    if target is None or target.group(1) not in TABLES:
        raise BadInput("housekeeping", f"only {', '.join(sorted(TABLES))} change without audit")
    cursor = engine.cursor()
    try:
        for wait in (*waits(), 0.0):
            try:
                rows = cursor.execute(sql, params).fetchall()
                return int(rows[0][0]) if rows else 0
            except duckdb.TransactionException:
                time.sleep(wait)
        raise Busy(target.group(1), "the save kept being overtaken by others", "try again")
    except duckdb.Error as error:
        raise engine.translate(error, target.group(1)) from None
    finally:
        cursor.close()


def save_draft(
    engine: Engine,
    account: str,
    entity: str,
    entity_id: str,
    content: Mapping[str, Any],
    based_on: int | None,
) -> None:
    """Insert or replace a draft."""
    run(
        engine,
        "INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, entity, entity_id) DO UPDATE SET "
        "content = excluded.content, based_on = excluded.based_on, changed_at = excluded.changed_at",
        [account, entity, entity_id, json.dumps(dict(content), ensure_ascii=False), based_on, engine.clock()],
    )
