"""Workbooks for spreadsheets: a sheet with the numbers, a sheet that says where they come from; no cell is a formula."""

from __future__ import annotations

import datetime as dt
import io
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

#: Same numbers, same bytes: a workbook does not say when it was clicked for; its provenance says of which day it is.
_CREATED: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST: Final = 60


def to_xlsx(frame: pl.DataFrame, provenance: Sequence[tuple[str, str]]) -> bytes:
    """A frame and its provenance as a workbook with the sheets "Data" and "Provenance".

    Text is written as text whatever it begins with (`=`, `+`, `-`, `@`); nulls are empty cells.

    >>> import polars as pl
    >>> to_xlsx(pl.DataFrame({"n": [1]}), [("Cohort", "=1+1")])[:2]
    b'PK'
    """
    import xlsxwriter

    kept = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    book = xlsxwriter.Workbook(kept, options)
    book.set_properties({"created": _CREATED, "title": "Figures of the cancer registry"})
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Data")
    for column, name in enumerate(frame.columns):
        values = frame[name].to_list()
        sheet.write_string(0, column, name, bold)
        for row, value in enumerate(values, start=1):
            _write(sheet, row, column, value, day)
        longest = max((len(str(value)) for value in values[:500] if value is not None), default=0)
        sheet.set_column(column, column, min(_WIDEST, max(len(name), min(longest, 40)) + 2))
    sheet.freeze_panes(1, 0)
    told = book.add_worksheet("Provenance")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    told.set_column(0, 0, 24)
    told.set_column(1, 1, 100)
    for row, (name, text) in enumerate(provenance):
        told.write_string(row, 0, name, bold)
        told.write_string(row, 1, text, wrapped)
    book.close()
    return kept.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, (int, float)) and abs(value) < 1e300:
        sheet.write_number(row, column, value)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, dt.datetime(value.year, value.month, value.day), day)
    elif isinstance(value, (list, tuple)):
        sheet.write_string(row, column, "; ".join(str(each) for each in value))
    else:
        sheet.write_string(row, column, str(value))
