"""Frames to files that people open in spreadsheets and statistics programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl


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
        raise BadInput(path.name, "ends neither in .csv nor in .parquet", "choose one of them")
