"""Items of records as they were received, read again from the bytes that are kept.

A file is kept once, and each record points to its bytes, so items need no second copy in the database. They are read
again by the same reader, in the document that holds them: its beginning (declaration, entities, root), the patients
that are wanted, its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from registry.abstracting.carrying import carry, in_store_columns, items_of
from registry.abstracting.item_columns import columns_of, held
from registry.formats import read_naaccr_xml
from registry.standards import Dictionary
from registry.store import Store, UnitOfWork

ITEMS = {"source_id": pl.Int64, "item": pl.String, "value": pl.String}
BYTES_AT_ONCE = 64 << 20


def received_items(
    work: UnitOfWork | Store, source_ids: Sequence[int], dictionaries: Sequence[Dictionary] = ()
) -> pl.DataFrame:
    """Items of received NAACCR records, carried to today's version, under the store's columns.

    Args:
        source_ids: of `source_record`.
        dictionaries: user dictionaries that are kept; those that a file names are used.

    Returns:
        frame[source_id, item, value], the patient's items with each of its tumors; sorted by source_id.
    """
    wanted = pl.DataFrame({"source_id": list(source_ids)}, schema={"source_id": pl.Int64})
    records = work.query(
        """SELECT r.source_id, r.file_id, r.byte_start, r.byte_length, r.tumor_index
           FROM source_record r SEMI JOIN wanted USING (source_id)
           WHERE r.kind = 'naaccr' AND r.byte_length IS NOT NULL ORDER BY r.file_id, r.byte_start, r.source_id""",
        frames={"wanted": wanted},
    )
    found = [pl.DataFrame(schema=ITEMS)]
    for (file_id,), of_file in records.group_by("file_id", maintain_order=True):
        spans = of_file.select("byte_start", "byte_length").unique(maintain_order=True)
        for part in _portions(spans):
            places = of_file.join(part, on=["byte_start", "byte_length"], how="inner", maintain_order="left")
            found.append(_read(work, int(str(file_id)), part, places, dictionaries))
    return pl.concat(found).sort("source_id", maintain_order=True)


def _portions(spans: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Spans in groups of bounded size."""
    group = (spans["byte_length"].cum_sum() - spans["byte_length"]) // BYTES_AT_ONCE
    for _, part in spans.with_columns(group.alias("group")).group_by("group", maintain_order=True):
        yield part.drop("group")


def _read(
    work: UnitOfWork | Store,
    file_id: int,
    spans: pl.DataFrame,
    records: pl.DataFrame,
    dictionaries: Sequence[Dictionary],
) -> pl.DataFrame:
    """Items of the records that lie in some spans of a file."""
    around = work.query(
        """SELECT min(r.byte_start) AS begin, max(r.byte_start + r.byte_length) AS finish, any_value(f.bytes) AS size
           FROM source_record r JOIN source_file f USING (file_id) WHERE r.file_id = ? AND r.byte_length IS NOT NULL""",
        [file_id],
    ).row(0)
    begin, finish, size = (int(number) for number in around)
    wanted = [(0, begin), *spans.rows(), (finish, size - finish)]
    pieces = work.received(file_id, wanted)
    starts = pl.Series([begin, *(len(piece) for piece in pieces[1:-2])], dtype=pl.Int64).cum_sum()
    batch = read_naaccr_xml(b"".join(pieces), dictionary=list(dictionaries), on_error="keep")
    carried = carry(batch, dictionaries)
    known = columns_of(held(work), carried.items.values())
    data = in_store_columns(carried, known)
    moved = spans.select(pl.col("byte_start").alias("of_file"), byte_start=starts)
    patients = data.patients.join(moved, on="byte_start", how="inner", maintain_order="left")
    rows = records.select("source_id", "tumor_index", of_file="byte_start").join(
        patients.select("of_file", "patient_index"), on="of_file", how="inner", maintain_order="left"
    )
    of_patient = _long(data.patients, rows, ["patient_index"])
    of_tumor = _long(data.tumors, rows, ["patient_index", "tumor_index"])
    both = of_tumor.join(of_patient, on=["source_id", "item"], how="full", coalesce=True, suffix="_patient")
    return both.select("source_id", "item", pl.coalesce("value", "value_patient").alias("value"))


def _long(frame: pl.DataFrame, rows: pl.DataFrame, place: list[str]) -> pl.DataFrame:
    """Values of the rows that are wanted: frame[source_id, item, value]."""
    items = items_of(frame).columns
    here = rows.drop_nulls(place).select("source_id", *place)
    joined = here.join(frame.select(*place, *items), on=place, how="inner", maintain_order="left")
    if not items:
        return pl.DataFrame(schema=ITEMS)
    long = joined.unpivot(items, index="source_id", variable_name="item", value_name="value")
    return long.drop_nulls("value").cast(ITEMS)  # type: ignore[arg-type]
