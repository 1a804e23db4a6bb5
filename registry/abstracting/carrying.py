"""From a received batch to frames of the store: today's version, the store's columns, no blanks around values.

Records of an older version are translated. Items that today's version no longer has keep a column of their own, under
their last id, so nothing of an old file disappears from sight. A value that finds no place is listed with the load;
the received bytes keep it anyway.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import polars as pl

from registry import standards
from registry.abstracting.item_columns import Key
from registry.formats import NaaccrData, merged_dictionary
from registry.formats.naaccr.data import PLACES
from registry.formats.naaccr.translate import SEX, translate
from registry.standards import Dictionary, Item

BLANKS = " \t\r\n"
SPACES = ("leading-space", "trailing-space")
NOT_CARRIED = "not-carried"
SEX_CONVERTED = "sex-220-to-225"


class Carried(NamedTuple):
    """A batch in today's version.

    Attributes:
        data: frames whose item columns are keys of `items`; `errors` with what could not be carried (severity info).
        items: column → item, of the patient and tumor frames.
        received: values of patients and tumors in the batch as it came.
    """

    data: NaaccrData
    items: dict[str, Item]
    received: int


def used_dictionaries(names: Sequence[str], given: Sequence[Dictionary]) -> list[Dictionary]:
    """User dictionaries that a file names, in its order."""
    by_uri = {dictionary.uri: dictionary for dictionary in reversed(given)}
    return [by_uri[uri] for uri in dict.fromkeys(names) if uri in by_uri]


def carry(batch: NaaccrData, given: Sequence[Dictionary] = (), version: str | None = None) -> Carried:
    """Bring a batch to a version (today's by default).

    Args:
        batch: as a reader gave it.
        given: user dictionaries; those that the file names are used.
    """
    version = version or standards.CURRENT_VERSION
    used = tuple(used_dictionaries(batch.header.user_dictionaries, given))
    here = _merged(batch.header.version, used)
    received = sum(
        frame.height * frame.width - sum(frame.null_count().row(0))
        for frame in (items_of(batch.patients), items_of(batch.tumors))
    )
    trimmed = _trimmed(batch)
    if batch.header.version == version:
        return Carried(trimmed, _items(trimmed, here), received)
    there = _merged(version, used)
    retired = {
        column: item
        for column, item in _items(trimmed, here).items()
        if there.by_number(item.number) is None and item.number != SEX
    }
    moved = translate(_without(trimmed, retired), version, dictionaries=used)
    sex = {column: item for column, item in _items(trimmed, here).items() if item.number == SEX}
    kept = {column: newest(item) for column, item in {**retired, **sex}.items()}
    items = _items(moved.data, there)
    items |= {kept[column]: item for column, item in {**retired, **sex}.items()}
    data = dataclasses.replace(
        moved.data,
        patients=_beside(moved.data.patients, trimmed.patients, kept),
        tumors=_beside(moved.data.tumors, trimmed.tumors, kept),
        errors=pl.concat([batch.errors, _not_carried(moved.lost, batch)], how="diagonal"),
    )
    return Carried(data, items, received)


def joined(batches: Sequence[Carried]) -> Carried:
    """Batches of one file as one, in their order."""
    if len(batches) == 1:
        return batches[0]
    data = [batch.data for batch in batches]

    def concat(name: str) -> pl.DataFrame:
        return pl.concat([getattr(one, name) for one in data], how="diagonal")

    whole = NaaccrData(
        header=data[-1].header,
        patients=concat("patients"),
        tumors=concat("tumors"),
        errors=concat("errors"),
        quarantined=concat("quarantined"),
    )
    items = {name: item for batch in batches for name, item in batch.items.items()}
    return Carried(whole, items, sum(batch.received for batch in batches))


def in_store_columns(carried: Carried, columns: Mapping[Key, str]) -> NaaccrData:
    """The frames of a carried batch under the store's columns."""
    names = {
        name: columns[item.id, item.number]
        for name, item in carried.items.items()
        if (item.id, item.number) in columns
    }
    data = carried.data

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.rename(
            {name: new for name, new in names.items() if name in frame.columns and name != new}
        )

    return dataclasses.replace(data, patients=renamed(data.patients), tumors=renamed(data.tumors))


def items_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The item columns of a reader's frame."""
    return frame.select(name for name in frame.columns if name not in PLACES)


def _trimmed(batch: NaaccrData) -> NaaccrData:
    """Values without blanks around them, where the dictionary allows none: the reader lists each of those."""
    spaced = set(batch.errors.filter(pl.col("code").is_in(SPACES))["item"])
    if not spaced:
        return batch

    def stripped(frame: pl.DataFrame) -> pl.DataFrame:
        names = [name for name in frame.columns if name.split("__")[0] in spaced]
        return frame.with_columns(pl.col(names).str.strip_chars(BLANKS))

    return dataclasses.replace(batch, patients=stripped(batch.patients), tumors=stripped(batch.tumors))


def _items(data: NaaccrData, dictionary: Dictionary) -> dict[str, Item]:
    found = {
        name: dictionary.of_column(name)
        for frame in (data.patients, data.tumors)
        for name in items_of(frame).columns
    }
    return {name: item for name, item in found.items() if item is not None}


def _without(data: NaaccrData, columns: Mapping[str, Item]) -> NaaccrData:
    return dataclasses.replace(
        data,
        patients=data.patients.drop(columns, strict=False),
        tumors=data.tumors.drop(columns, strict=False),
    )


def _beside(frame: pl.DataFrame, origin: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """A translated frame with columns of the frame as it was (same rows), under other names."""
    return frame.with_columns(
        origin[column].alias(name) for column, name in names.items() if column in origin.columns
    )


def _not_carried(lost: pl.DataFrame, batch: NaaccrData) -> pl.DataFrame:
    """Values that found no place, as rows for `load_fault`."""
    lines = batch.patients.select("patient_index", "line")
    is_sex = pl.col("number").eq_missing(SEX)
    return lost.join(lines, on="patient_index", how="left", maintain_order="left").select(
        "line",
        "patient_index",
        "tumor_index",
        pl.when(pl.col("patient_index").is_null())
        .then(pl.lit("NaaccrData"))
        .when(pl.col("tumor_index").is_null())
        .then(pl.lit("Patient"))
        .otherwise(pl.lit("Tumor"))
        .alias("level"),
        "item",
        "value",
        pl.when(is_sex).then(pl.lit(SEX_CONVERTED)).otherwise(pl.lit(NOT_CARRIED)).alias("code"),
        pl.lit("info").alias("severity"),
        pl.format('{} "{}": {}', "item", "value", "reason").alias("message"),
    )


@lru_cache(maxsize=32)
def _merged(version: str, used: tuple[Dictionary, ...]) -> Dictionary:
    return merged_dictionary(version, used)


@cache
def newest_ids() -> dict[int, str]:
    """Number → the id that its item had last."""
    items = standards.all_items().sort("last_version")
    return dict(items.select("number", "id").rows())


def newest(item: Item) -> str:
    """The id of an item in the newest version that has it; a user-defined item keeps its column."""
    return newest_ids().get(item.number, item.column) if item.first_version else item.column
