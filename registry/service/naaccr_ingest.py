"""Ingestion of NAACCR records: read in batches, carried to today's version, taken in as one unit of work.

A small file is parsed once and its frames are held. A large one is read batch by batch: its first batches say which
columns it needs; should a later batch bring another item, the load is rolled back, the whole file is looked through,
and it is loaded from the start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from registry import formats, standards
from registry.abstracting import item_columns, receive
from registry.abstracting.carrying import Carried, carry, in_store_columns, joined, newest, used_dictionaries
from registry.abstracting.consolidated import ensure_columns
from registry.errors import BadInput, Denied
from registry.formats import NaaccrData, NaaccrHeader
from registry.service import user_dictionaries
from registry.service.operations import Context
from registry.standards import Item
from registry.store import UnitOfWork

AT_ONCE = 64 << 20
"""Bytes of patients that are taken in together: many rows at once cost DuckDB less a row."""
RECORDS_AT_ONCE = 60_000


class MoreItems(Exception):
    """A batch holds items that have no column yet."""


@dataclass
class Survey:
    """What a file needs before it can be loaded."""

    header: NaaccrHeader | None = None
    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    of_patients: set[tuple[str, int]] = field(default_factory=set)

    def add(self, carried: Carried) -> None:
        """Look at one batch."""
        self.header = carried.data.header
        here = {(item.id, item.number): item for item in carried.items.values()}
        self.items |= here
        patient_columns = set(carried.data.patients.columns)
        self.of_patients |= {
            (item.id, item.number) for column, item in carried.items.items() if column in patient_columns
        }


@dataclass
class Outcome:
    """What loading a file came to: receipt, faults, and the header of the file as received."""

    receipt: receive.Receipt
    faults: pl.DataFrame
    header: NaaccrHeader


class NaaccrFile:
    """One NAACCR file on its way into the store.

    Args:
        source: path to read from.
        dictionaries: user-defined dictionaries (paths).
        held: parse it once and hold the frames; else it is read batch by batch.
    """

    def __init__(
        self, context: Context, source: Path, dictionaries: Sequence[str], *, held: bool = True
    ) -> None:
        self._context, self._source = context, source
        self._paths = list(dictionaries)
        # Dictionaries that came with earlier files serve this one too, when it names them.
        given = [formats.load_user_dictionary(path) for path in dictionaries]
        self._given = [*given, *user_dictionaries.kept(context.store)]
        self._held = held
        self._batches: list[Carried] = []
        self._rest: Iterator[Carried] | None = None
        self._header: NaaccrHeader | None = None
        self._survey = Survey()

    def _read(self) -> Iterator[Carried]:
        for batch in formats.iter_naaccr_xml(self._source, dictionary=self._given):
            require_own(self._context, self._source, receive.facilities(batch.tumors))
            self._header = batch.header
            yield carry(batch, self._given)

    def look_through(self, *, whole: bool) -> None:
        """Find out which items the file holds; of a large file its first batches tell, unless `whole` is asked for."""
        seen, batches = 0, self._read()
        self._batches, self._rest = [], None
        for carried in batches:
            self._survey.add(carried)
            if self._held or not whole:
                self._batches.append(carried)
            seen += _bytes(carried.data)
            if not self._held and not whole and seen > AT_ONCE:
                self._rest = batches
                break
        if self._survey.header is None:
            raise BadInput(self._source.name, "holds no patients", "send the file again")

    def ensure_columns(self) -> None:
        """Give the items found their columns in the store."""
        store = self._context.store
        columns = item_columns.assign(store, self._context.actor.name, list(self._survey.items.values()))
        of_patients = {columns[key] for key in self._survey.of_patients}
        ensure_columns(store, [*receive.CORE_ITEMS, *columns.values()], of_patients)

    def load(self, work: UnitOfWork, sender: str | None, load_id: int, file_id: int) -> Outcome:
        """Take the file in.

        Raises:
            MoreItems: it holds an item without a column; nothing can be kept of this unit of work.
        """
        columns = item_columns.columns_of(item_columns.held(work), self._survey.items.values())
        if not self._held:
            work.only_once()
        user_dictionaries.keep(work, self._paths)
        header = self._header
        assert header is not None
        root = self._survey.header or header
        arrival = receive.Arrival(
            load_id=load_id, file_id=file_id, record_type=header.record_type or "", naaccr_version=header.version,
            sender=sender, root_items=dict(root.items), actor=self._context.actor.name, now=self._context.stamp,
            legal=self._legal(work, header), dictionaries=tuple(self._given),
        )  # fmt: skip
        receipt, faults = receive.Receipt(), []

        def batches() -> Iterator[NaaccrData]:
            for carried in self._portions():
                if any((item.id, item.number) not in columns for item in carried.items.values()):
                    raise MoreItems
                faults.append(carried.data.errors)
                receipt.items += carried.received
                receipt.quarantined += carried.data.quarantined.height
                self._set_aside(work, carried.data.quarantined, load_id)
                data = in_store_columns(carried, columns)
                del carried  # the taker lets go of a batch before the next one is read
                yield data
                del data
                self._context.progress(f"{self._source.name}: patients", receipt.patients, 0)

        receive.receive(work, batches(), arrival, receipt)
        return Outcome(receipt, pl.concat(faults), header)

    def _taken(self) -> Iterator[Carried]:
        """All batches; those of a large file once, from where looking through it stopped."""
        if self._held:
            yield from self._batches
            return
        seen, rest = self._batches, self._rest
        self._batches, self._rest = [], None
        if not seen:
            rest = self._read()
        seen.reverse()
        while seen:
            yield seen.pop()
        yield from rest or ()

    def _portions(self) -> Iterator[Carried]:
        """Batches put together to a size that is quick to write."""
        waiting: list[Carried] = []
        for carried in self._taken():
            waiting.append(carried)
            del carried
            if sum(_bytes(one.data) for one in waiting) > AT_ONCE or (
                sum(one.data.tumors.height for one in waiting) > RECORDS_AT_ONCE
            ):
                whole, waiting = joined(waiting), []
                yield whole
                del whole
        if waiting:
            yield joined(waiting)

    def _legal(self, work: UnitOfWork, header: NaaccrHeader) -> frozenset[str]:
        """Columns of the items that a record of this file can carry."""
        record_type = header.record_type or ""
        used = used_dictionaries(header.user_dictionaries, self._given)
        able = [
            item
            for dictionary in (standards.dictionary(header.version), *used)
            for item in dictionary.definitions
            if record_type in item.record_types
        ]
        named = [dataclasses.replace(item, id=newest(item)) for item in able]
        return frozenset(item_columns.columns_of(item_columns.held(work), named).values())

    def _set_aside(self, work: UnitOfWork, quarantined: pl.DataFrame, load_id: int) -> None:
        """Keep patients with a structural fault, with their exact bytes."""
        name = self._source.name
        work.quarantine_all(
            quarantined.select(
                "reason",
                "content",
                place=pl.format("{}:{} patient {}", pl.lit(name), "line", pl.col("patient_index") + 1),
                load_id=pl.lit(load_id, pl.Int64),
                file_name=pl.lit(name),
                kind=pl.lit("patient"),
                expected=pl.lit(
                    "a Patient element as NAACCR XML defines it; correct it and send the file again"
                ),
            )
        )


def _bytes(data: NaaccrData) -> int:
    return int(data.patients["byte_length"].sum())


def require_own(context: Context, source: Path, facility_ids: Collection[str | None]) -> None:
    """Who is held to facilities loads only files of those: a record would change another one's abstracts.

    Raises:
        Denied: the file holds a record of another facility, or of none.
    """
    if not all(context.actor.covers(facility) for facility in facility_ids):
        raise Denied(
            source.name,
            "holds records of other facilities than yours, or of none",
            "let central staff load it",
        )
