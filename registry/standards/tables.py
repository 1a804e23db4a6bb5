"""Load the tables in `data/`, once each. Every column is text; blank cells are null."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

DATA = Path(__file__).parent / "data"


@cache
def table(name: str) -> pl.DataFrame:
    """One table of this room as written by `registry.standards.build`, all columns text.

    >>> table("sex_conversion.csv").columns
    ['sex', 'sexAssignedAtBirth', 'meaning']
    """
    return pl.read_csv(DATA / name, infer_schema=False)
