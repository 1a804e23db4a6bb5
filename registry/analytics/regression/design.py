"""Columns of a frame as the matrix of a regression: numbers as they are, text as one column a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.errors import BadInput


@dataclass(frozen=True)
class Design:
    """`terms` names the columns of `matrix` (rows, terms); `kept` says which rows of the frame are in it.

    `origin` gives each term's column and level (None for a number).
    """

    terms: list[str]
    matrix: np.ndarray
    kept: np.ndarray
    origin: dict[str, tuple[str, str | None]]


def design(frame: pl.DataFrame, covariates: Sequence[str], needed: Sequence[str] = ()) -> Design:
    """Matrix of the covariates.

    Args:
        frame: one row a person. covariates: columns; a number (or Boolean) is one term, of text (or categories) each level
            but the first in sort order is a term `column=level`. needed: further columns that must not be null.

    Returns:
        Design; rows in which one of the columns is null (or not a number) are left out.

    >>> design(pl.DataFrame({"age": [60, 70], "sex": ["F", "M"]}), ["age", "sex"]).terms
    ['age', 'sex=M']
    """
    wanted = list(dict.fromkeys(covariates))
    if not wanted:
        raise BadInput("regression", "no covariates were named")
    if missing := [name for name in (*wanted, *needed) if name not in frame.columns]:
        raise BadInput("regression", f"there is no column {', '.join(missing)}", "check the name")
    known = pl.all_horizontal(_known(frame, name) for name in dict.fromkeys((*wanted, *needed)))
    kept = frame.select(known.alias("kept"))["kept"].to_numpy()
    people = frame.filter(pl.Series(kept))
    origin: dict[str, tuple[str, str | None]] = {}
    columns: list[np.ndarray] = []
    for name in wanted:
        column = people[name]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            origin[name] = (name, None)
            columns.append(column.cast(pl.Float64).to_numpy())
            continue
        text = column.cast(pl.String)
        for level in sorted(text.unique().to_list())[1:]:
            origin[f"{name}={level}"] = (name, level)
            columns.append((text == level).cast(pl.Float64).to_numpy())
    matrix = np.column_stack(columns) if columns else np.zeros((people.height, 0))
    return Design(list(origin), matrix, np.asarray(kept), origin)


def _known(frame: pl.DataFrame, name: str) -> pl.Expr:
    value = pl.col(name).is_not_null()
    return value & pl.col(name).is_finite() if frame.schema[name].is_float() else value
