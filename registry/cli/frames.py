"""Frames from and to files that people open in spreadsheets and statistics programs."""

from __future__ import annotations

import os
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
    """A table from a .parquet file, or from a .csv file as text (blank cells null).

    Raises:
        NotFound: there is no such file. BadInput: another ending, or it can't be read as such a table.
    """
    import polars as pl

    path = Path(source)
    if not path.is_file():
        raise NotFound(source, "there is no such file")
    if path.suffix not in (".csv", ".parquet"):
        raise BadInput(source, _ENDINGS, "convert it first")
    try:
        if path.suffix == ".csv":
            return pl.read_csv(path, infer_schema=False)
        return pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        kind = path.suffix[1:].upper() if path.suffix == ".csv" else "Parquet"
        raise BadInput(source, f"can't be read as a {kind} table", "look whether it is whole") from None


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
    if not path.parent.is_dir():
        raise BadInput(str(path), "its folder is not there", "make the folder first")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.suffix == ".csv":
            frame.write_csv(part)
        else:
            frame.write_parquet(part, metadata=metadata)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or "can't be written"
        raise BadInput(str(path), reason, "look at the folder and its permissions") from None
    finally:
        part.unlink(missing_ok=True)
