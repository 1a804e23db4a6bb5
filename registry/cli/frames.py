"""Frames to files that people open in spreadsheets and statistics programs."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from registry.errors import BadInput

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> safe_text(pl.DataFrame({"nameLast": ["=1+1", "Roe"]}))["nameLast"].to_list()
    ["'=1+1", 'Roe']
    """
    return frame.with_columns(
        pl.when(pl.col(name).str.slice(0, 1).is_in(list(FORMULA_STARTS)))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.String
    )


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write .csv (safe for spreadsheets) or .parquet.

    Raises:
        BadInput: another ending.
    """
    if path.suffix == ".csv":
        safe_text(frame).write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        raise BadInput(path.name, "ends neither in .csv nor in .parquet", "choose one of them")
