"""The edit report as a spreadsheet (XLSX): a sheet a section, numbers as numbers, no cell ever a formula.

xlsxwriter is imported when a workbook is written. The same report gives the same bytes: the file's dates are those of the
report, and text cells that a spreadsheet could take for formulas carry the quote prefix besides being text.
"""

from __future__ import annotations

import datetime as dt
import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.quality.edit_report import BAR, CODE, COUNT, DATE, PERCENT, RATE, TREND, Column, Report, Section

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

NUMBER_FORMATS = {COUNT: "#,##0", RATE: "#,##0.00", BAR: "#,##0.00", PERCENT: '0.0" %"', DATE: "yyyy-mm-dd"}
WIDEST, NARROWEST, LONGEST = 60, 8, 32_767
RISKY = re.compile(r"^[\s\x00]*[=+\-@|%＝＋－＠]")
"""What a spreadsheet could take for a formula once the sheet is saved as CSV and opened again (OWASP, CSV injection)."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write(report: Report, path: Path) -> None:
    """Write the workbook; an existing file is replaced."""
    path.write_bytes(content(report))


def content(report: Report) -> bytes:
    """The workbook's bytes.

    >>> content(Report("Edits", "", dt.date(2026, 11, 1), (), (), ()))[:2]
    b'PK'
    """
    from xlsxwriter import Workbook

    buffer = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(buffer, options)
    created = dt.datetime.combine(report.as_of, dt.time())
    book.set_properties({"title": report.title, "subject": report.subtitle, "created": created})
    formats = _Formats(book)
    _overview(book.add_worksheet("Overview"), report, formats)
    for section in report.sections:
        _sheet(book.add_worksheet(_sheet_name(section.title)), section, formats)
    book.close()
    return buffer.getvalue()


def _sheet_name(title: str) -> str:
    """At most 31 characters, none of those that a sheet's name may not have."""
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:31].strip()


class _Formats:
    """The few formats of the book, made once."""

    def __init__(self, book: Workbook) -> None:
        top: dict[str, Any] = {"valign": "top"}
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": "#1b3a57"})
        self.strong = book.add_format({"bold": True, **top})
        self.head = book.add_format(
            {
                "bold": True,
                "bg_color": "#1b3a57",
                "font_color": "#ffffff",
                "text_wrap": True,
                "valign": "bottom",
                "border": 1,
            }
        )
        self.text = book.add_format({"text_wrap": True, **top})
        self.risky = book.add_format({"text_wrap": True, "quote_prefix": True, **top})
        self.numbers = {
            kind: book.add_format({"num_format": shape, **top}) for kind, shape in NUMBER_FORMATS.items()
        }

    def of_text(self, text: str, usual: Format | None = None) -> Format:
        """The format of a text cell; a risky one is marked as text for whatever reads it next."""
        return self.risky if RISKY.match(text) else usual or self.text


def _overview(sheet: Worksheet, report: Report, formats: _Formats) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 80)
    _put(sheet, 0, 0, report.title, formats, formats.title)
    row = 1
    for line in (report.banner, report.subtitle, f"As of {report.as_of.isoformat()}"):
        if line:
            _put(sheet, row, 0, line, formats, formats.strong if line == report.banner else None)
            row += 1
    for label, text in (
        *(
            (figure.label, figure.value + (f" ({figure.note})" if figure.note else ""))
            for figure in report.figures
        ),
        *(("To know", note) for note in report.notes),
        *((f"Sheet: {_sheet_name(section.title)}", section.intro) for section in report.sections),
        *((("", report.footer),) if report.footer else ()),
    ):
        row += 1
        _put(sheet, row, 0, label, formats, formats.strong)
        _put(sheet, row, 1, text, formats)


def _sheet(sheet: Worksheet, section: Section, formats: _Formats) -> None:
    """Heading with filter, frozen; cells by kind. Lists of a trend are left to the HTML report."""
    columns = [column for column in section.columns if column.kind != TREND]
    table = section.table.select(column.name for column in columns)
    for place, column in enumerate(columns):
        _put(sheet, 0, place, column.label or " ", formats, formats.head)
        sheet.set_column(place, place, _width(column, table[column.name].to_list()))
    for number, row in enumerate(table.iter_rows(), 1):
        for place, (value, column) in enumerate(zip(row, columns, strict=True)):
            _cell(sheet, number, place, value, column, formats)
    if table.is_empty():
        _put(sheet, 1, 0, section.empty, formats)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, table.height), len(columns) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _cell(sheet: Worksheet, row: int, place: int, value: object, column: Column, formats: _Formats) -> None:
    if value is None:
        return
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        sheet.write_datetime(row, place, dt.datetime.combine(value, dt.time()), formats.numbers[DATE])
    elif isinstance(value, int | float) and not isinstance(value, bool) and column.kind != CODE:
        sheet.write_number(row, place, value, formats.numbers.get(column.kind))
    elif isinstance(value, list):
        _put(sheet, row, place, "; ".join(map(str, value)), formats)
    else:
        _put(sheet, row, place, str(value), formats)


def _put(
    sheet: Worksheet, row: int, place: int, text: str, formats: _Formats, usual: Format | None = None
) -> None:
    clean = _CONTROL.sub(" ", text)[:LONGEST]
    sheet.write_string(row, place, clean, formats.of_text(clean, usual))


def _width(column: Column, values: list[Any]) -> float:
    """Wide enough for the heading's longest word and most values."""
    words = max((len(word) for word in column.label.split()), default=0)
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return float(min(WIDEST, max(NARROWEST, words + 3, longest + 2)))
