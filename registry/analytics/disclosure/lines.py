"""Which cells of a table add up to which: the equations that a reader can write down.

A table is a list of cells. A line says that some cells (its parts) add up to another cell (its total). Totals stand in
the table as rows of their own, or are added here as further cells when they are published elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.errors import BadInput

Totals = Mapping[str, Any]
Parents = Mapping[str, Mapping[Any, Any]]


@dataclass(frozen=True)
class Lines:
    """Entries of the matrix of equations: `line`, `cell` and `sign` (+1 a part, -1 the total), and its size."""

    line: np.ndarray
    cell: np.ndarray
    sign: np.ndarray
    lines: int
    cells: int

    def matrix(self) -> Any:
        """The equations as a sparse matrix (lines, cells)."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.sign, (self.line, self.cell)), shape=(self.lines, self.cells))


def lines_of(
    frame: pl.DataFrame,
    values: np.ndarray,
    by: By = (),
    totals: Totals | None = None,
    parents: Parents | None = None,
    margins: Sequence[By] = (),
) -> tuple[Lines, np.ndarray]:
    """Equations of a table, and its counts with those of the totals that stand elsewhere behind them.

    Args:
        frame: one row a cell. values: its counts.
        by: columns that name a cell. totals: label of the total row of a column. parents: label of the row that a
            label belongs to, by column (county to state). margins: totals published elsewhere, by the columns they keep.

    >>> table = pl.DataFrame({"sex": ["1", "2", "all"], "n": [3, 4, 7]})
    >>> lines, _ = lines_of(table, table["n"].to_numpy(), "sex", {"sex": "all"})
    >>> lines.matrix().toarray().tolist()
    [[1.0, 1.0, -1.0]]
    """
    columns, totals, parents = names(by), totals or {}, parents or {}
    _check(frame, columns, totals, parents, margins)
    above = [_above(frame, columns, name, totals, parents.get(name, {})) for name in columns]
    parts: list[np.ndarray] = []
    sums: list[np.ndarray] = []  # for each part the cell it adds to
    for parent in above:
        inside = np.flatnonzero(parent >= 0)
        parts.append(inside)
        sums.append(parent[inside])
    leaves = np.ones(frame.height, dtype=bool)
    for parent in above:
        leaves[parent[parent >= 0]] = False
    values, outside = _outside(frame, values, leaves, margins)
    line, cell, sign, count = _entries(list(zip(parts, sums, strict=True)) + outside)
    return Lines(line, cell, sign, count, values.size), values


def _check(
    frame: pl.DataFrame, columns: list[str], totals: Totals, parents: Parents, margins: Sequence[By]
) -> None:
    for name in (*columns, *(column for margin in margins for column in names(margin))):
        if name not in frame.columns:
            raise BadInput("suppression", f"there is no column {name}")
    if foreign := sorted((set(totals) | set(parents)) - set(columns)):
        raise BadInput(
            "suppression", f"{', '.join(foreign)} has totals but does not name a cell", "add it to by"
        )
    if columns and frame.select(pl.struct(columns).is_duplicated().any()).item():
        raise BadInput("suppression", f"two rows have the same {', '.join(columns)}", "one row a cell")


def _above(
    frame: pl.DataFrame, columns: list[str], name: str, totals: Totals, parents: Mapping[Any, Any]
) -> np.ndarray:
    """Row of the total that each row is a part of in one column, -1 where there is none."""
    if name not in totals and not parents:
        return np.full(frame.height, -1)
    total = totals.get(name)
    upper = []
    for label in frame[name].unique().to_list():
        if name in totals and label == total:
            continue
        if label in parents or name in totals:
            upper.append((label, parents.get(label, total)))
    kind = frame.schema[name]
    table = pl.DataFrame({
        name: pl.Series([low for low, _ in upper], dtype=kind),
        "_upper": pl.Series([high for _, high in upper], dtype=kind, strict=False),
    })  # fmt: skip
    keys = frame.select(columns).with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    wanted = keys.join(table, on=name, how="inner", nulls_equal=True)
    wanted = wanted.drop(name).rename({"_upper": name, "_row": "_part"})
    found = wanted.join(keys, on=columns, how="inner", nulls_equal=True)
    parent = np.full(frame.height, -1)
    parent[found["_part"].to_numpy()] = found["_row"].to_numpy()
    return parent


def _outside(
    frame: pl.DataFrame, values: np.ndarray, leaves: np.ndarray, margins: Sequence[By]
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Totals that stand elsewhere, as further cells, and what adds up to them."""
    inside = np.flatnonzero(leaves)
    found, size = [], values.size
    for margin in margins:
        kept = names(margin)
        number = np.zeros(frame.height, dtype=np.int64)
        if kept:
            number = frame.select(pl.struct(kept).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
        group = number[inside]
        count = int(group.max()) + 1 if group.size else 0
        sums = np.bincount(group, values[inside], count).astype(np.int64)
        values = np.concatenate([values, sums])
        found.append((inside, group + size))
        size += count
    return values, found


def _entries(
    found: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Line numbers, cells and signs of all (parts, totals) pairs; a line is one total of one column or margin."""
    line, cell, sign, count = [], [], [], 0
    for parts, sums in found:
        total, number = np.unique(sums, return_inverse=True)
        line += [number + count, np.arange(total.size) + count]
        cell += [parts, total]
        sign += [np.ones(parts.size), -np.ones(total.size)]
        count += total.size
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), 0
    return np.concatenate(line), np.concatenate(cell), np.concatenate(sign), count
