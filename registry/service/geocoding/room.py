"""Geocoding round trip: addresses at diagnosis out to a geocoder's file, places back.

Which tumors wait is worked out from their addresses as they stand: whenever an address changes, the result that it had is
stale and the tumor waits again. Results go into the geocode items of the tumor's abstracts, never into the reported county.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from registry.abstracting import geocoding
from registry.errors import BadInput, NotFound
from registry.service import disclosures, frames
from registry.service.geocoding import results as geocode_results
from registry.service.operations import Context, operation
from registry.service.safe_csv import to_csv

Query = Callable[..., pl.DataFrame]
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
STATES = ("queued", "stale", "exported", "failed", "review", "done", "no address")
"""queued: never sent. stale: the address changed since. exported: no answer yet. review: the geocoder or the county asks."""


def standing(context: Context, query: Query | None = None) -> pl.DataFrame:
    """Every tumor with its address as it stands and where its geocoding is.

    Args:
        query: asks inside a unit of work; default the store.

    Returns:
        frame[tumor_id, patient_id, *ADDRESS, countyAtDx, digest, sent_digest, batch, task_id, exported_at, imported_at,
        version (null: never sent), state (one of STATES)], by tumor_id.
    """
    items = [*geocoding.ADDRESS, "countyAtDx"]
    found = (query or context.store.query)(
        f"""SELECT t.tumor_id, t.patient_id {frames.select_items(context, "tumor", "t", items)},
                   g.address_digest AS sent_digest, g.batch, g.task_id, g.exported_at, g.imported_at, g.version,
                   CASE WHEN g.state = 'review' AND r.state = 'closed' THEN 'done' ELSE g.state END AS kept_state
            FROM tumor t LEFT JOIN geocode g USING (tumor_id) LEFT JOIN review_task r USING (task_id) WHERE t.{frames.NOT_GONE} ORDER BY t.tumor_id"""
    )
    found = found.with_columns(geocoding.digests(found).alias("digest"))
    changed = pl.col("sent_digest").ne_missing(pl.col("digest"))
    state = (
        pl.when(pl.col("digest").is_null()).then(pl.lit("no address"))
        .when(pl.col("version").is_null()).then(pl.lit("queued"))
        .when(changed).then(pl.lit("stale"))
        .otherwise("kept_state")
    )  # fmt: skip
    return found.with_columns(state.alias("state")).drop("kept_state")


@operation("geocode.status")
def status(context: Context) -> pl.DataFrame:
    """How many tumors are where: frame[state, tumors], every one of STATES in their order."""
    context.require_central("geocode.status")
    counted = dict(standing(context)["state"].value_counts().iter_rows())
    rows = {"state": list(STATES), "tumors": [int(counted.get(state, 0)) for state in STATES]}
    return pl.DataFrame(rows, schema={"state": pl.String, "tumors": pl.Int64})


@operation("geocode.list")
def list_tumors(context: Context, state: str | None = None, limit: int = 1000) -> pl.DataFrame:
    """Tumors and where their geocoding is: frame[tumor_id, patient_id, state, batch, exported_at, imported_at, task_id]."""
    context.require_central("geocode.list")
    if state is not None and state not in STATES:
        raise BadInput("geocode state", f"{state!r} is not known", f"use {', '.join(STATES)}")
    found = standing(context)
    found = found if state is None else found.filter(pl.col("state") == state)
    return found.select(
        "tumor_id", "patient_id", "state", "batch", "exported_at", "imported_at", "task_id"
    ).head(limit)


@operation("geocode.export", changes=True)
def export(
    context: Context,
    out: str,
    limit: int | None = None,
    again: bool = False,
    recipient: str | None = None,
) -> dict[str, Any]:
    """Write the addresses that wait for a geocoder: never sent, or changed since.

    The file (UTF-8 CSV) has the columns key, the address items and countyAtDx; no name, no diagnosis. Send it back with
    the key and columns of `geocoding.RESULT`, see `geocode.import`.

    Args:
        out: the file to write (.csv).
        limit: at most so many tumors, lowest numbers first.
        again: also those that were sent and never came back, and failures.
        recipient: a geocoder outside the registry: the addresses are then noted as a disclosure.

    Returns:
        {file, batch (None when nothing waited), tumors, queued, stale, again, without_address, waiting (left for later)}.
    """
    context.require_central("geocode.export")
    path = Path(out)
    if path.suffix != ".csv":
        raise BadInput(path.name, "does not end in .csv", "name a .csv file")
    if not path.parent.is_dir():
        raise BadInput(str(path.parent), "there is no such folder", "make it, or name another")
    found = standing(context)
    wanted = found.filter(
        pl.col("state").is_in(["queued", "stale", *(("exported", "failed") if again else ())])
    )
    chosen = wanted if limit is None else wanted.head(max(limit, 0))
    counts = dict(chosen["state"].value_counts().iter_rows())
    lines = chosen.select(geocoding.keys("tumor_id", "digest").alias("key"), *geocoding.ADDRESS, "countyAtDx")
    parts = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        parts.touch(mode=0o600)
        parts.write_bytes(to_csv(lines).removeprefix(BYTE_ORDER_MARK))
        batch = _note_sent(context, chosen, recipient, parts, path)
    finally:
        parts.unlink(missing_ok=True)
    return {
        "file": str(path), "batch": batch, "tumors": chosen.height, "queued": counts.get("queued", 0),
        "stale": counts.get("stale", 0), "again": counts.get("exported", 0) + counts.get("failed", 0),
        "without_address": found.filter(pl.col("state") == "no address").height,
        "waiting": wanted.height - chosen.height,
    }  # fmt: skip


def _note_sent(
    context: Context, chosen: pl.DataFrame, recipient: str | None, parts: Path, path: Path
) -> str | None:
    """Note what is sent and give the file its name: both or neither."""
    if chosen.is_empty():
        parts.replace(path)
        return None
    with context.store.unit_of_work(context.actor.name, "geocode.export") as work:
        batch = f"G{work.new_ids('geocode_batch', 1)[0]}"
        sent = chosen.select(
            "tumor_id", "patient_id", pl.col("digest").alias("address_digest"), pl.lit("exported").alias("state"),
            pl.lit(batch).alias("batch"), pl.lit(context.stamp).alias("exported_at"), "version",
        )  # fmt: skip
        new = sent.filter(pl.col("version").is_null()).drop("version")
        if new.height:
            work.insert("geocode", new)
        work.merge("geocode", sent.filter(pl.col("version").is_not_null()).drop("version", "patient_id"))
        if recipient:
            disclosures.record(
                work, recipient=recipient, purpose="geocoding of addresses at diagnosis",
                content="addresses at diagnosis, without names", legal_basis=None, kind="other", subject_id=None,
                patient_ids=chosen["patient_id"], on=context.today,
            )  # fmt: skip
        parts.replace(path)
    return batch


@operation("geocode.import", changes=True)
def import_results(context: Context, path: str) -> dict[str, Any]:
    """Take a geocoder's answers in: results into the abstracts, refused lines kept with their reasons.

    A line is refused when its key was never sent, its address changed since (stale: the tumor waits again), or a value is
    not one that its item may have. A geocoded county that is not the reported one opens a review task. The same
    file again changes nothing.

    Args:
        path: CSV with the column key and any of `geocoding.RESULT`, named by their NAACCR ids.

    Returns:
        {file, lines, done, failed, review, abstracts (changed), county_reviews, stale, refused, columns_not_used,
        faults: frame[line, item, reason]}.

    Raises:
        NotFound: there is no such file. BadInput: it is no such table.
    """
    context.require_central("geocode.import")
    file = Path(path)
    if not file.is_file():
        raise NotFound(file.name, "there is no such file", "check the name")
    content = file.read_bytes()
    lines = geocode_results.read_lines(content, file.name)
    return geocode_results.take(context, lines, content, file.name, lambda ask: standing(context, ask))
