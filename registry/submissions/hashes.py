"""A record's fingerprint, and what is new, changed or deleted since a receiver last accepted it.

The fingerprint is the sum, modulo 2^64 in each of two halves, of the BLAKE2b digests of the record's filled items
(`id=value`). So it depends on nothing but items and values: not on the order of columns, not on whether a blank item
has a column, not on the other records of a file, nor on the versions of polars, DuckDB or Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from registry.submissions.items import OWN_NUMBERS, Legal
from registry.submissions.outgoing_frames import KEYS, carried, leaving
from registry.submissions.request import Request

HASHES: Final = ("record_hash", "record_hash2")
SCHEMA: Final[dict[str, Any]] = {"tumor_id": pl.Int64, "record_hash": pl.UInt64, "record_hash2": pl.UInt64}
CHANGES: Final = ("new", "changed", "same", "deleted")
BLANKS: Final = " \t\r\n"


def record_hashes(
    patients: pl.DataFrame, tumors: pl.DataFrame, request: Request, legal: Legal | None = None
) -> pl.DataFrame:
    """Fingerprints of records as they would leave.

    Args:
        patients, tumors: as for `outgoing`.

    Returns:
        frame[tumor_id, record_hash, record_hash2], sorted by tumor_id.
    """
    legal = legal or Legal(request)
    people, records = carried(patients, tumors, request)
    return hashes_of(leaving(people, legal, "Patient"), leaving(records, legal, "Tumor"), legal)


def hashes_of(patients: pl.DataFrame, tumors: pl.DataFrame, legal: Legal) -> pl.DataFrame:
    """Fingerprints of frames that `outgoing` made; see `record_hashes`."""
    ignored = {*legal.request.profile.items.not_compared, *OWN_NUMBERS}

    def names(level: str) -> dict[str, str]:
        return {
            column: legal.name_of(item)
            for column, item in legal.columns[level].items()
            if item.id not in ignored
        }

    own = sums(patients, names("Patient"))
    at = patients.select("element_id").with_row_index("_row")
    rows = tumors.select("element_id").join(at, on="element_id", how="left", maintain_order="left")["_row"]
    together = sums(tumors, names("Tumor")) + own[:, rows.to_numpy()]
    columns = [pl.Series(name, half) for name, half in zip(HASHES, together, strict=True)]
    return pl.DataFrame([tumors["tumor_id"].cast(pl.Int64), *columns]).sort("tumor_id")


def sums(frame: pl.DataFrame, names: Mapping[str, str]) -> np.ndarray[Any, Any]:
    """The fingerprint of each row: array of uint64 [2, rows].

    Args:
        frame: text columns.
        names: column → name that goes into the digest; other columns do not count.

    >>> one = pl.DataFrame({"sex": ["1", None]})
    >>> two = pl.DataFrame({"laterality": [" ", ""], "sex": ["1 ", ""]})
    >>> ids = {"sex": "sex", "laterality": "laterality"}
    >>> bool((sums(one, ids) == sums(two, ids)).all()), int(sums(one, ids)[0, 1])
    (True, 0)
    """
    total = np.zeros((2, frame.height), np.uint64)
    if not frame.height:
        return total
    for column in frame.columns:
        if column in KEYS or column not in names or frame[column].null_count() == frame.height:
            continue
        codes, values = _encoded(frame[column])
        table = _digests(names[column], values)
        total[0] += table[0][codes]
        total[1] += table[1][codes]
    return total


def _encoded(column: pl.Series) -> tuple[np.ndarray[Any, Any], list[str | None]]:
    """Each row's place among the distinct values, and these."""
    import pyarrow.compute as pc

    text = column if column.dtype == pl.String else column.cast(pl.String)
    array = pc.cast(text.rechunk().to_arrow(), pa.large_string())
    found = pc.dictionary_encode(array, null_encoding="encode")
    return found.indices.to_numpy(zero_copy_only=False), found.dictionary.to_pylist()


def _digests(name: str, values: Iterable[str | None]) -> np.ndarray[Any, Any]:
    """Digests of the item's values, uint64 [2, values]; 0 for a blank one."""
    start = hashlib.blake2b(f"{name}=".encode(), digest_size=16)
    parts = []
    for value in values:
        bare = value.strip(BLANKS) if value else ""
        if bare:
            digest = start.copy()
            digest.update(bare.encode())
            parts.append(digest.digest())
        else:
            parts.append(bytes(16))
    return np.frombuffer(b"".join(parts), "<u8").reshape(-1, 2).T.astype(np.uint64)


def delta(current: pl.DataFrame, base: pl.DataFrame, kept: pl.DataFrame | None = None) -> pl.DataFrame:
    """What differs from the records that the receiver has.

    Args:
        current: frame[tumor_id, record_hash, record_hash2] of the records that go.
        base: the same of what the receiver last accepted.
        kept: frame[tumor_id] of records that are held back here: what the receiver has of them stays there.

    Returns:
        frame[tumor_id, change], sorted by tumor_id: new, changed, same or deleted.

    >>> def rows(**hashes):
    ...     keys, values = list(map(int, hashes.values())), list(hashes)
    ...     return pl.DataFrame({"tumor_id": keys, "record_hash": [len(v) for v in values],
    ...                          "record_hash2": [0] * len(values)}, schema=SCHEMA)
    >>> delta(rows(a=1, bb=2, c=3), rows(a=1, b=2, d=4)).rows()
    [(1, 'same'), (2, 'changed'), (3, 'new'), (4, 'deleted')]
    """
    now, then = (frame.select(*SCHEMA).cast(SCHEMA) for frame in (current, base))  # type: ignore[arg-type]
    held = (
        pl.DataFrame(schema={"tumor_id": pl.Int64})
        if kept is None
        else kept.select(pl.col("tumor_id").cast(pl.Int64))
    )
    same = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_base") for name in HASHES)
    change = (
        pl.when(pl.col("record_hash_base").is_null()).then(pl.lit("new"))
        .when(same).then(pl.lit("same"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    going = now.join(then, on="tumor_id", how="left", suffix="_base").select("tumor_id", change=change)
    gone = then.join(now, on="tumor_id", how="anti").join(held.unique(), on="tumor_id", how="anti")
    return pl.concat([going, gone.select("tumor_id", change=pl.lit("deleted"))]).sort("tumor_id")
