"""Reference tables of this room: normalised, sourced, loaded when first needed, replaceable.

A table is a CSV of text in `data/`, written by `registry.coding.build` from published files. A folder
that a registry installed (`registry standards install`) is looked into before the package's own.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from registry.errors import NotFound
from registry.standards import tables

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Table:
    """One reference table and where it comes from.

    Attributes:
        name: file name, such as `aya_rules.csv`.
        content: what a row is.
        source: who published it, and where.
        version: the publisher's version or date.
        valid_from: first day on which it applies (YYYY-MM-DD), empty when it always did.
        licence: terms of its content.
    """

    name: str
    content: str
    source: str
    version: str
    valid_from: str = ""
    licence: str = "SEER: US government work; imsweb/algorithms: BSD-style, copyright Information Management Services, Inc."


def file(name: str) -> Path:
    """The file of a table: an installed one, else the package's own.

    >>> file("site_recode_rules.csv").name
    'site_recode_rules.csv'
    """
    installed = tables.find(name)
    return installed if installed.is_file() else DATA / name


@cache
def table(name: str) -> pl.DataFrame:
    """A table, every column text, blank cells null, rows in the order of the file.

    Raises:
        NotFound: there is no such table.

    >>> table("site_recode_rules.csv").columns[:3]
    ['recode', 'step', 'code']
    """
    path = file(name)
    if not path.is_file():
        raise NotFound(name, "there is no such reference table", "see registry/coding/data/SOURCES.md")
    return pl.read_csv(path, infer_schema=False)


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table (gzipped when the name ends so, always the same bytes); returns its rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow(["" if cell is None else cell for cell in row])
        count += 1
    content = text.getvalue().encode()
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return count


Maker = Callable[[], Iterable[Sequence[object]]]
"""Makes the rows of a table from published files; raises NotFound when one is absent."""


def write_each(
    out: Path, tables: Mapping[str, tuple[Sequence[str], Maker]], *, partly: bool = False
) -> dict[str, int]:
    """Write several tables; returns the rows of each that was written.

    Args:
        out: folder.
        tables: file name → columns, and what makes the rows.
        partly: leave out tables whose published files are absent.

    Raises:
        NotFound: a published file is absent, unless `partly`.
    """
    counts = {}
    for name, (columns, rows) in tables.items():
        try:
            counts[name] = write(out / name, columns, rows())
        except NotFound:
            if not partly:
                raise
    return counts


def published(shared: Path, *parts: str) -> Path:
    """A published file under `shared`.

    Raises:
        NotFound: it is not there.
    """
    path = shared.joinpath("coding", *parts)
    if not path.is_file():
        raise NotFound(str(path), "the published file is not there", "name the folder that holds coding/")
    return path
