"""Frames from and to files that people open in spreadsheets and statistics programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import BadInput, NotFound

if TYPE_CHECKING:
    import polars as pl

_ENDINGS = "ends neither in .csv nor in .parquet"


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write .csv (no cell is a formula) or .parquet.

    Raises:
        BadInput: another ending.
    """
    from registry.service.safe_csv import to_csv

    if path.suffix == ".csv":
        path.write_bytes(to_csv(frame))
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        raise BadInput(path.name, _ENDINGS, "choose one of them")


def read_frame(source: str) -> pl.DataFrame:
    """A table from a .parquet file, or from a .csv or .csv.gz file as text (blank cells null).

    Raises:
        NotFound: there is no such file. BadInput: a folder, another ending, a column twice, or it can't be read as
            such a table.
    """
    import polars as pl

    path = Path(source)
    if path.is_dir():
        raise BadInput(source, "is a folder", "name a file in it")
    if not path.is_file():
        raise NotFound(source, "there is no such file")
    is_csv = path.name.endswith((".csv", ".csv.gz"))
    if not is_csv and path.suffix != ".parquet":
        raise BadInput(source, _ENDINGS, "convert it first")
    try:
        if is_csv:
            _require_single_columns(path)
            return pl.read_csv(path, infer_schema=False)
        return pl.read_parquet(path, glob=False)
    except pl.exceptions.NoDataError:
        raise BadInput(source, "is empty", "it needs at least a line of column names") from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise BadInput(source, *_unreadable(path, str(error))) from None


def _require_single_columns(path: Path) -> None:
    """A reader of CSV would call the second one otherwise, and nobody would know which one counts."""
    import polars as pl

    first = pl.read_csv(path, infer_schema=False, has_header=False, n_rows=1)
    names = [name for name in (first.row(0) if first.height else ()) if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(str(path), f"has the column {', '.join(twice)} twice", "take one of them out")


def _unreadable(path: Path, error: str) -> tuple[str, str]:
    """What is wrong with a file, and what to do; never a value of it."""
    if path.suffix == ".parquet":
        return "can't be read as a Parquet table", "look whether it is whole"
    if "utf-8" in error.lower() or "utf8" in error.lower():
        return "is not text in UTF-8", "save it as “CSV UTF-8”"
    if "more fields" in error:
        return "has a row with more cells than there are columns", "put cells that hold a comma in quotes"
    return "can't be read as a CSV table", "look whether it is whole"


def write_table(frame: pl.DataFrame, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a table for another program: plain .csv (UTF-8, no byte-order mark) or .parquet, whole or not at all.

    Args:
        frame: the table.
        path: where it goes; an older file there is replaced when the new one is complete.
        metadata: facts that a Parquet file carries with it.

    Raises:
        BadInput: another ending, or it can't be written there.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise BadInput(str(path), _ENDINGS, "choose one of them")
    with whole(path) as part:
        if path.suffix == ".csv":
            frame.write_csv(part)
        else:
            frame.write_parquet(part, metadata=metadata)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; it takes the place of `path` when all went well, else it is removed.

    Raises:
        BadInput: it can't be written there.
    """
    if not path.parent.is_dir():
        raise BadInput(str(path), "its folder is not there", "make the folder first")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        reason = error.strerror or "can't be written"
        raise BadInput(str(path), reason, "look at the folder and its permissions") from None
    finally:
        part.unlink(missing_ok=True)
