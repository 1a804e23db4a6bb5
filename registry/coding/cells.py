"""Columns of any type as the text that NAACCR writes."""

from __future__ import annotations

import polars as pl

from registry.errors import BadInput


def as_text(column: pl.Series) -> pl.Series:
    """A column as text: days as YYYYMMDD, whole numbers without a decimal point, NaN as null.

    Numbers with decimals come from tables in which a column of codes had blanks: 8500.0 is the code 8500.

    Raises:
        BadInput: cells that hold lists or records.

    >>> as_text(pl.Series([8500.0, None, 1.5])).to_list()
    ['8500', None, '1.5']
    """
    kind = column.dtype
    if kind == pl.String:
        return column
    if kind in (pl.Date, pl.Datetime):
        return column.dt.strftime("%Y%m%d")
    if kind.is_nested() or kind == pl.Object:
        raise BadInput(f"column {column.name}", f"holds {kind} instead of codes", "write one code a cell")
    if kind.is_float():
        number = pl.when(column.is_finite()).then(column)
        whole = number.cast(pl.Int64, strict=False)
        text = pl.when(whole == number).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))
        return pl.select(text.alias(column.name)).to_series()
    return column.cast(pl.String)
