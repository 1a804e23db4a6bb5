"""The analysis frame: one row a tumor, coded, kept in memory, so that changing a filter costs milliseconds.

A frame belongs to a database, a scope and a version of the data. The version is the number of the last audit event that
can have changed what a tumor says; reading, work queues and figures write events too, and those do not count.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from registry.service import frames
from registry.store import Store
from registry.store.schema import TABLES

if TYPE_CHECKING:
    from registry.service.operations import Context

MOST_BYTES = 1 << 30
"""Memory that the frames of one database may take together; the newest stays whatever its size."""
MOST_FRAMES = 12
TOLD_BY = (
    "patient",
    "tumor",
    "abstract",
    "item_column",
    "user_dictionary",
    "standards_pack",
    "standards_change",
    "meta",
)
"""Tables that say what a tumor is, or how its codes are read."""
APART = tuple(
    sorted({*TABLES, "operation", "download", "letters", "casefinding_sources", "disclosure"} - {*TOLD_BY})
)
"""Entities of audit events that leave figures as they are. Any other makes a new version of the data."""
KEYS = {"patient": "patient_id", "tumor": "tumor_id", "abstract": "abstract_id"}
"""Entities of which single records can be made anew → their key."""
FEW = 2_000
"""Changed records for which rows are exchanged; more cost as much as making the frame."""


@dataclass
class _Kept:
    """What one open database has in memory."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    seen: int = 0
    version: int = 0
    frames: OrderedDict[tuple[object, ...], tuple[int, pl.DataFrame]] = field(default_factory=OrderedDict)


_KEPT: weakref.WeakKeyDictionary[Store, _Kept] = weakref.WeakKeyDictionary()
_DOOR = threading.Lock()


def _kept(context: Context) -> _Kept:
    with _DOOR:
        return _KEPT.setdefault(context.store, _Kept())


def data_version(context: Context) -> int:
    """Number of the last audit event that changed what figures count; 0 for an empty registry."""
    kept = _kept(context)
    with kept.lock:
        marks = ", ".join("?" * len(APART))
        seen, changed = context.store.query(
            f"SELECT max(seq), max(seq) FILTER (WHERE entity IS NULL OR entity NOT IN ({marks})) "
            "FROM audit_event WHERE seq > ?",
            [*APART, kept.seen],
        ).row(0)
        kept.seen, kept.version = max(kept.seen, seen or 0), max(kept.version, changed or 0)
        return kept.version


def tumors(context: Context) -> pl.DataFrame:
    """One row a tumor in the actor's scope, sorted by tumor_id; see `analysis_columns.build`.

    After changes of few patients only their rows are made anew.
    """
    return _cached(context, ("tumors",), partial(_made, context))


def _made(context: Context, before: tuple[int, pl.DataFrame] | None) -> pl.DataFrame:
    from registry.service.statistics.analysis_columns import build

    patients = None if before is None else _changed_patients(context, *before)
    if before is None or patients is None:
        return build(context)
    frame = before[1]
    others = frame.filter(~frame["patient_id"].is_in(pl.Series(sorted(patients), dtype=pl.Int64).implode()))
    return others.merge_sorted(build(context, patients), "tumor_id")


def _changed_patients(context: Context, version: int, frame: pl.DataFrame) -> set[int] | None:
    """Patients whose records changed since a version, those of whom a tumor was taken too; None: too many, or unknown.

    A record that moved to another patient or tumor is too much, too: what it left behind is not in its event.
    """
    marks = ", ".join("?" * len(APART))
    events = context.store.query(
        f"""SELECT DISTINCT entity, entity_id,
                coalesce(before_value LIKE '%"patient_id"%' OR before_value LIKE '%"tumor_id"%', FALSE) AS moved
            FROM audit_event WHERE seq > ? AND (entity IS NULL OR entity NOT IN ({marks})) ORDER BY ALL LIMIT {FEW + 1}""",
        [version, *APART],
    )
    known = events.filter(pl.col("entity").is_in(list(KEYS)) & pl.col("entity_id").str.contains(r"^[0-9]+$"))
    if events.height > FEW or known.height < events.height or events["moved"].any():
        return None
    found: set[int] = set()
    for entity, key in KEYS.items():
        ids = known.filter(pl.col("entity") == entity)["entity_id"].cast(pl.Int64)
        rows = context.store.query(
            f"SELECT DISTINCT patient_id FROM {entity} WHERE {key} IN (SELECT id FROM changed) AND patient_id IS NOT NULL",
            frames={"changed": ids.to_frame("id")},
        )
        found |= set(rows["patient_id"].to_list())
        if entity == "tumor":
            found |= set(frame.filter(frame["tumor_id"].is_in(ids.implode()))["patient_id"].to_list())
    return found


def items(context: Context, wanted: Iterable[str]) -> pl.DataFrame:
    """Further NAACCR items of the same tumors in the same order: frame[tumor_id, *wanted], Categorical, blank = null."""
    names = list(dict.fromkeys(wanted))
    rows = tumors(context).select("tumor_id")
    lacking = [name for name in names if _find(context, ("item", name)) is None]
    read = _read_items(context, lacking, rows) if lacking else None

    def one(name: str, _: tuple[int, pl.DataFrame] | None) -> pl.DataFrame:
        if read is not None and name in read.columns:
            return read.select(name)
        return _read_items(context, [name], rows)

    columns = [_cached(context, ("item", name), partial(one, name)) for name in names]
    return pl.concat([rows, *columns], how="horizontal")


def _read_items(context: Context, names: list[str], rows: pl.DataFrame) -> pl.DataFrame:
    known = {table: set(frames.every_item(context, table)) for table in ("patient", "tumor")}
    of_tumor = [name for name in names if name in known["tumor"]]
    of_patient = [name for name in names if name in known["patient"] and name not in of_tumor]
    patients, cases = frames.load(context, of_patient, of_tumor)
    joined = cases.with_columns(pl.col("tumor_id", "patient_id").cast(pl.Int64)).join(
        patients.with_columns(pl.col("patient_id").cast(pl.Int64)), on="patient_id", how="left"
    )
    found = rows.join(joined, on="tumor_id", how="left", maintain_order="left")
    blank = pl.lit(None, pl.Categorical)
    return found.with_columns(
        pl.col(name).str.strip_chars().replace("", None).cast(pl.Categorical)
        if name in found.columns
        else blank.alias(name)
        for name in names
    ).select(names)


def _find(context: Context, what: tuple[object, ...]) -> pl.DataFrame | None:
    kept, version = _kept(context), data_version(context)
    with kept.lock:
        held = kept.frames.get((context.actor.facilities, *what))
        return held[1] if held is not None and held[0] == version else None


def _cached(
    context: Context,
    what: tuple[object, ...],
    make: Callable[[tuple[int, pl.DataFrame] | None], pl.DataFrame],
) -> pl.DataFrame:
    """The frame of this scope and of today's data, made when it is not there; one thread makes, the others wait.

    Args:
        make: gets the version and the frame that was there, if any.
    """
    kept = _kept(context)
    with kept.lock:
        version = data_version(context)
        key = (context.actor.facilities, *what)
        held = kept.frames.get(key)
        if held is not None and held[0] == version:
            kept.frames.move_to_end(key)
            return held[1]
        frame = make(held)
        kept.frames[key] = (version, frame)
        kept.frames.move_to_end(key)
        _let_go(kept, version)
        return frame


def _let_go(kept: _Kept, version: int) -> None:
    """Drop what older data made, then what was not asked for longest."""
    stale = [key for key, (made, _) in kept.frames.items() if made != version and key[1:] != ("tumors",)]
    for key in stale:
        del kept.frames[key]
    size = sum(frame.estimated_size() for _, frame in kept.frames.values())
    while len(kept.frames) > 1 and (size > MOST_BYTES or len(kept.frames) > MOST_FRAMES):
        _, (_, frame) = kept.frames.popitem(last=False)
        size -= frame.estimated_size()
