"""Reference tables by CSV, effective-dated: facilities and physicians."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.service.operations import Context, operation

TABLES: dict[str, tuple[str, list[str]]] = {
    "facility": (
        "facility_id",
        (
            "facility_id effective_from effective_to npi name network reference_date opened closed merged_into "
            "contact_name contact_phone contact_email address city state postal_code expected_cases"
        ).split(),
    ),
    "physician": (
        "physician_id",
        (
            "physician_id effective_from effective_to npi name specialty address city state postal_code phone "
            "active letter_preference"
        ).split(),
    ),
}
"""Table → (key column, columns of its CSV). A row counts from `effective_from` (default 1900-01-01)."""
HEADER_BYTES = 1 << 16


def kind_of(data: bytes) -> str | None:
    r"""`facility` or `physician` when a CSV's header is one of theirs.

    >>> kind_of(b"facility_id,name\n1,FIRST\n"), kind_of(b"<NaaccrData/>")
    ('facility', None)
    """
    line = data[:HEADER_BYTES].splitlines()[0] if data else b""
    header = {name.strip().strip('"') for name in line.decode("utf-8-sig", "replace").split(",")}
    return next((name for name, (key, _) in TABLES.items() if {key, "name"} <= header), None)


def load_csv(context: Context, table: str, path: Path, data: bytes) -> dict[str, Any]:
    """Load or update a reference table; the same rows again change nothing.

    Args:
        path: what the file is called. data: its bytes.

    Raises:
        BadInput: not a table, an unknown or missing column, a blank key, a row twice.
        Denied: the actor may not change reference tables.
    """
    context.actor.require(f"{table}.load")
    key, columns = TABLES[table]
    try:
        frame = pl.read_csv(data, infer_schema=False, encoding="utf8-lossy")
    except pl.exceptions.PolarsError:
        raise BadInput(path.name, "is not a CSV with as many fields in each row", "correct it") from None
    frame = frame.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()).name.keep())
    unknown = set(frame.columns) - set(columns)
    if unknown:
        raise BadInput(
            path.name, f"unknown columns {', '.join(sorted(unknown))}", f"use {', '.join(columns)}"
        )
    if frame[key].is_null().any():
        raise BadInput(path.name, f"a row has no {key}", "fill it or take the row out")
    missing = [pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns]
    frame = frame.with_columns(missing).with_columns(pl.col("effective_from").fill_null("1900-01-01"))
    if "active" in frame.columns:
        frame = frame.with_columns(pl.col("active").fill_null("true"))
    if table == "facility":
        frame = frame.with_columns(pl.col(key).str.zfill(10))
    if frame.select(key, "effective_from").is_duplicated().any():
        raise BadInput(
            path.name, f"a {key} stands twice with the same effective_from", "keep one of the rows"
        )
    types = dict.fromkeys(columns, "VARCHAR") | context.store.column_types(table)
    casts = ", ".join(f'TRY_CAST(n."{name}" AS {types[name]}) AS "{name}"' for name in columns)
    new = context.store.query(f"SELECT {casts} FROM incoming n", frames={"incoming": frame.select(columns)})
    lost = [name for name in columns if new[name].null_count() > frame[name].null_count()]
    if lost:
        raise BadInput(path.name, f"column {lost[0]} holds a value that is no {types[lost[0]]}", "correct it")
    fresh = new.join(
        context.store.query(f"SELECT {', '.join(columns)} FROM {table}"),
        on=columns,
        how="anti",
        nulls_equal=True,
    )
    if fresh.height:
        with context.store.unit_of_work(context.actor.name, f"{table}.load", reason=path.name) as work:
            work.execute(
                f"DELETE FROM {table} WHERE ({key}, effective_from) IN (SELECT ({key}, effective_from) FROM fresh)",
                frames={"fresh": fresh.select(key, "effective_from")},
            )
            work.insert(table, fresh)
    return {"rows": frame.height, "accepted": fresh.height, "duplicates": frame.height - fresh.height}


@operation("facility.list")
def facilities(context: Context) -> pl.DataFrame:
    """Facilities by number."""
    condition, scope = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"SELECT * FROM facility WHERE {condition} ORDER BY facility_id, effective_from", scope
    )


@operation("physician.list")
def physicians(context: Context) -> pl.DataFrame:
    """Physicians by number."""
    return context.store.query("SELECT * FROM physician ORDER BY physician_id, effective_from")
