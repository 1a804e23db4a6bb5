"""The text of patients made with polars: for small files, and where numba is not installed.

It gives the same bytes as `write_kernel`, which is thirty times as fast and takes a second to load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from registry.formats.naaccr.write_items import BLANK, ILLEGAL, MARKUP, SUSPECT, Column, Look

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
NOT_PLAIN = r"^[\t\n\x20]|[^\t\n\x{20}-%\x{27}-;=\x{3F}-\x{7F}]"
PATIENTS_AT_ONCE = 2_000


def look(columns: Sequence[pl.Series]) -> list[Look]:
    """What is in String columns (see `write_items.Hand`).

    >>> look([pl.Series(["Mill & Pond", None, ""])])
    [Look(values=1, longest=11, flags=1, view=None)]
    """
    return [Look(_values(column), _longest(column), _flags(column)) for column in columns]


def elements(columns: Sequence[Column], rows: int) -> list[str]:
    """The Item elements of each row as one text."""
    if not columns:
        return [""] * rows
    frame = pl.DataFrame([column.values.alias(str(n)) for n, column in enumerate(columns)])
    texts = [_element(str(n), column) for n, column in enumerate(columns)]
    return frame.select(pl.concat_str(texts, ignore_nulls=True)).to_series().to_list()


def write(
    sink: Callable[[bytes], object],
    patients: Sequence[Column],
    tumors: Sequence[Column],
    order: np.ndarray,
    ends: np.ndarray,
) -> None:
    """Hand the text of whole patients to `sink`, in slices (see `write_items.Hand`)."""
    for start in range(0, len(ends), PATIENTS_AT_ONCE):
        own = ends[start : start + PATIENTS_AT_ONCE]
        first = int(ends[start - 1]) if start else 0
        rows = pl.Series(order[first : own[-1]])
        patient_texts = elements([_taken(c, slice(start, start + len(own))) for c in patients], len(own))
        tumor_texts = elements([_taken(c, rows) for c in tumors], len(rows))
        parts, at = [], 0
        for text, end in zip(patient_texts, (own - first).tolist(), strict=True):
            parts.append(f"    <Patient>\n{text}")
            parts += [f"        <Tumor>\n{tumor}        </Tumor>\n" for tumor in tumor_texts[at:end]]
            parts.append("    </Patient>\n")
            at = end
        sink("".join(parts).encode())


def _taken(column: Column, rows: slice | pl.Series) -> Column:
    return Column(column.item, column.opening, column.values[rows], column.look)


def _element(name: str, column: Column) -> pl.Expr:
    value = pl.col(name)
    if column.look.flags & MARKUP:
        for character, escape in ESCAPES.items():
            value = value.str.replace_all(character, escape, literal=True)
    element = pl.format(f"{column.opening}{{}}</Item>\n", value)
    return pl.when(pl.col(name) != "").then(element)


def _values(column: pl.Series) -> int:
    return int((column != "").sum() or 0)


def _longest(column: pl.Series) -> int:
    longest = column.str.len_bytes().max()
    return int(longest) if isinstance(longest, int) else 0


def _flags(column: pl.Series) -> int:
    odd = column.filter(column.str.contains(NOT_PLAIN).fill_null(False))
    if odd.is_empty():
        return 0
    return (
        (MARKUP if odd.str.contains(r"[&<>\r]").any() else 0)
        | (SUSPECT if odd.str.contains(ILLEGAL).any() else 0)
        | (BLANK if odd.str.contains(r"^[\x00-\x20]").any() else 0)
    )
