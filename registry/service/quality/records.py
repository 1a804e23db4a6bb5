"""Which records the edits judge: fingerprints that tell what changed, and frames of the patients asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from registry import edits
from registry.edits.plan import columns_of, compile_plan
from registry.service import frames

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.store import Store, UnitOfWork

CHUNK = 100_000
"""Patients that are judged at once: bounds the memory of a run."""

IDS = ("patient_id", "tumor_id", "abstract_id")

DIGESTS = f"""
    SELECT patient_id, CAST(bit_xor(part) AS VARCHAR) AS digest FROM (
        SELECT patient_id, hash('a', abstract_id, version, tumor_id, facility_id, record_type) AS part
        FROM abstract WHERE status <> 'void'
        UNION ALL SELECT patient_id, hash('t', tumor_id, version) FROM tumor WHERE {frames.NOT_GONE}
        UNION ALL SELECT patient_id, hash('p', patient_id, version) FROM patient WHERE {frames.NOT_GONE}
        UNION ALL SELECT patient_id, hash('o', override_id) FROM edit_override WHERE withdrawn_at IS NULL)
    WHERE patient_id IS NOT NULL GROUP BY patient_id"""
"""One text a patient that differs after any change of its records or overrides: every change makes a new version."""


class Patients(NamedTuple):
    """What a run finds: who is there, who changed since the last judgement, who is gone.

    Attributes:
        present: frame[patient_id, digest], sorted.
        changed: frame[patient_id, digest] of those whose records are not as they were judged.
        gone: frame[patient_id] judged once and without records now.
        held: frame[patient_id, held_digest, held_run]: what was kept of the last judgements.
    """

    present: pl.DataFrame
    changed: pl.DataFrame
    gone: pl.DataFrame
    held: pl.DataFrame


def patients(store: Store) -> Patients:
    """Everybody, compared with what was judged last."""
    present = with_ids(store.query(f"{DIGESTS} ORDER BY patient_id"))
    held = with_ids(
        store.query(
            "SELECT patient_id, digest AS held_digest, run_id AS held_run FROM edit_judged ORDER BY patient_id"
        )
    )
    together = present.join(held, on="patient_id", how="left", maintain_order="left")
    differs = pl.col("digest").ne_missing(pl.col("held_digest"))
    return Patients(
        present,
        together.filter(differs).select("patient_id", "digest"),
        held.join(present, on="patient_id", how="anti").select("patient_id"),
        held,
    )


def moved(work: UnitOfWork, judged: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Of the judged patients, frame[patient_id] of those changed, or judged by somebody else, since they were read.

    Args:
        judged: frame[patient_id, digest] as read. held: see `Patients`.
    """
    return with_ids(
        work.query(
            f"""WITH j AS MATERIALIZED (SELECT * FROM judged)
                SELECT j.patient_id FROM j LEFT JOIN ({DIGESTS}) d USING (patient_id)
                LEFT JOIN held h USING (patient_id) LEFT JOIN edit_judged e USING (patient_id)
                WHERE j.digest IS DISTINCT FROM d.digest OR h.held_run IS DISTINCT FROM e.run_id
                ORDER BY j.patient_id""",
            frames={"judged": judged, "held": held.select("patient_id", "held_run")},
        )
    )


def waiting(store: Store) -> int:
    """How many patients changed, came or went since they were judged."""
    return int(
        store.query(
            f"""SELECT count(*) FROM ({DIGESTS}) d FULL JOIN edit_judged e USING (patient_id)
                WHERE d.digest IS DISTINCT FROM e.digest"""
        ).item()
    )


def tables_in_use(store: Store) -> str:
    """Which program, item edits and installed tables judge: when this differs, everybody is judged again by all edits.

    Item edits say which values the other edits may look at, so a new version of one can change what others find.
    """
    from registry import __version__

    versions = [(name, edit.version) for name, edit in edits.all_edits().items() if edit.level == "item"]
    validity = hashlib.sha256(repr(versions).encode()).hexdigest()[:16]
    installed = store.query(
        "SELECT digest FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    return f"{__version__} {validity} {installed.item() if installed.height else 'own'}"


def chunks(wanted: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Patients in pieces that fit into memory, ascending."""
    for start in range(0, wanted.height, CHUNK):
        yield wanted.slice(start, CHUNK)


def abstracts(context: Context, edit_ids: Sequence[str], wanted: pl.DataFrame) -> pl.DataFrame:
    """Abstracts of patients that are not void, with the items that these edits read and show.

    Returns:
        frame[abstract_id, tumor_id, patient_id, facility_id, record_type, *items], sorted by abstract_id.
    """
    selected = frames.select_items(context, "abstract", "a", _items(context, "abstract", edit_ids))
    return _of(
        context,
        f"SELECT a.abstract_id, a.tumor_id, a.patient_id, a.facility_id, a.record_type {selected} FROM abstract a "
        "SEMI JOIN wanted USING (patient_id) WHERE a.status <> 'void' AND a.patient_id BETWEEN $low AND $high "
        "ORDER BY a.abstract_id",
        wanted,
    )


def consolidated(
    context: Context, edit_ids: Sequence[str], wanted: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and their tumors with the items that these edits read and show."""
    found = []
    for table, keys in (("patient", "t.patient_id"), ("tumor", "t.tumor_id, t.patient_id")):
        selected = frames.select_items(context, table, "t", _items(context, table, edit_ids))
        found.append(
            _of(
                context,
                f"SELECT {keys} {selected} FROM {table} t SEMI JOIN wanted USING (patient_id) "
                f"WHERE t.{frames.NOT_GONE} AND t.patient_id BETWEEN $low AND $high ORDER BY {keys}",
                wanted,
            )
        )
    return found[0], found[1]


def leading(context: Context, wanted: pl.DataFrame) -> pl.DataFrame:
    """The abstract that stands for a tumor on the board, and the facility whose work the comparison is.

    What compares records of several facilities shows values of each: it is central staff's, without a facility.

    Returns:
        frame[tumor_id, abstract_id, facility_id], one row a tumor.
    """
    return _of(
        context,
        """SELECT a.tumor_id, min(a.abstract_id) AS abstract_id, any_value(p.facility_id) AS facility_id
           FROM abstract a SEMI JOIN wanted USING (patient_id)
           JOIN (SELECT patient_id, CASE WHEN count(DISTINCT facility_id) = 1 THEN min(facility_id) END AS facility_id
                 FROM abstract WHERE status <> 'void' AND patient_id BETWEEN $low AND $high GROUP BY patient_id) p
               USING (patient_id)
           WHERE a.status <> 'void' AND a.tumor_id IS NOT NULL AND a.patient_id BETWEEN $low AND $high
           GROUP BY a.tumor_id ORDER BY a.tumor_id""",
        wanted,
    )


def with_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Our own ids as 64-bit integers, also where a frame is empty."""
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in IDS if name in frame.columns)


def _of(context: Context, sql: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Answer of a query about the patients `wanted`, between the lowest and the highest of them."""
    return with_ids(context.store.query(sql, ends(wanted), frames={"wanted": wanted.select("patient_id")}))


def ends(wanted: pl.DataFrame) -> dict[str, Any]:
    """Lowest and highest patient id, as parameters of a query: they spare it most of a table."""
    return {"low": wanted["patient_id"].min() or 0, "high": wanted["patient_id"].max() or 0}


def _items(context: Context, table: str, edit_ids: Iterable[str]) -> list[str]:
    """Columns of a table that these edits read, show or are silenced by."""
    ids = tuple(edit_ids)
    read = {*compile_plan(ids).columns, *columns_of([edits.find(name) for name in ids])}
    return [name for name in frames.every_item(context, table) if name in read]
