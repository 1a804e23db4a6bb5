"""The edit report as one HTML file: everything inside it, made to be read on screen and on paper.

No script, no address of anything outside, no time of writing: the same report gives the same bytes.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from registry.quality import report_charts
from registry.quality.edit_report import (
    BAR,
    CODE,
    COUNT,
    DATE,
    OPERATOR,
    PERCENT,
    RATE,
    STATE,
    TREND,
    Chart,
    Column,
    Figure,
    Report,
    Section,
)
from registry.quality.report_text import NOTHING, TONES, written

STYLE = Path(__file__).parent / "data" / "report.css"
SHORT = 15
"""A section of so many rows stays on one page of print."""
_NUMBERS = (COUNT, RATE, PERCENT, BAR, DATE, OPERATOR)


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")


def render(report: Report) -> str:
    """The whole document.

    >>> import datetime as dt
    >>> page = render(Report("Edits <2026>", "", dt.date(2026, 11, 1), (), (), ()))
    >>> "<h1>Edits &lt;2026&gt;</h1>" in page, "http" in page, "<script" in page
    (True, False, False)
    """
    banner = f'<p class="banner" role="note">{escape(report.banner)}</p>' if report.banner else ""
    subtitle = f'<p class="subtitle">{escape(report.subtitle)}</p>' if report.subtitle else ""
    return "\n".join(
        part
        for part in (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>",
            f"{banner}<header>\n<h1>{escape(report.title)}</h1>\n{subtitle}",
            f'<p class="meta">As of <time datetime="{report.as_of}">{report.as_of}</time></p>\n</header>\n<main>',
            _figures(report.figures),
            _notes(report.notes),
            _contents(report.sections),
            *(_section(section) for section in report.sections),
            f"</main>\n<footer><p>{escape(report.footer)}</p></footer>\n</body>\n</html>\n",
        )
        if part
    )


def _figures(figures: tuple[Figure, ...]) -> str:
    if not figures:
        return ""
    cards = "".join(
        f'<div class="figure {figure.tone}"><dt>{escape(figure.label)}</dt><dd>{escape(figure.value)}'
        + (f"<small>{escape(figure.note)}</small>" if figure.note else "")
        + "</dd></div>\n"
        for figure in figures
    )
    return f'<dl class="figures" aria-label="Key figures">\n{cards}</dl>'


def _notes(notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<aside class="notes" aria-label="To know"><h2>To know</h2><ul>{items}</ul></aside>'


def _contents(sections: tuple[Section, ...]) -> str:
    if len(sections) < 2:
        return ""
    links = "".join(f'<li><a href="#{section.id}">{escape(section.title)}</a></li>' for section in sections)
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _section(section: Section) -> str:
    short = ' class="short"' if section.table.height <= SHORT else ""
    title = f'<h2 id="{section.id}-title">{escape(section.title)}</h2>'
    head = f'<section id="{section.id}"{short} aria-labelledby="{section.id}-title">\n{title}'
    intro = f'<p class="intro">{escape(section.intro)}</p>'
    if section.table.is_empty():
        return f'{head}\n{intro}\n<p class="empty">{escape(section.empty)}</p>\n</section>'
    chart = _chart(section.chart) if section.chart else ""
    return f"{head}\n{intro}\n{chart}{_table(section)}\n</section>"


def _chart(chart: Chart) -> str:
    draw = {"line": report_charts.line_chart, "bars": report_charts.bar_chart}[chart.kind]
    return (
        f"<figure>{draw(chart.title, chart.points)}<figcaption>{escape(chart.title)}</figcaption></figure>\n"
    )


def _table(section: Section) -> str:
    tops = {
        column.name: section.table[column.name].max() or 0 for column in section.columns if column.kind == BAR
    }
    head = "".join(
        f'<th scope="col" class="{_class(column)}">{escape(column.label) or "<span>&#160;</span>"}</th>'
        for column in section.columns
    )
    rows = []
    for row in section.table.select(column.name for column in section.columns).iter_rows():
        cells = [
            _cell(value, column, float(str(tops.get(column.name, 0))), first=place == 0)
            for place, (value, column) in enumerate(zip(row, section.columns, strict=True))
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f"<caption>{escape(section.title)}: {section.table.height:,} {'row' if section.table.height == 1 else 'rows'}</caption>"
    body = "\n".join(rows)
    return f'<div class="wide"><table>\n{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _class(column: Column) -> str:
    return "number" if column.kind in _NUMBERS else column.kind


def _cell(value: object, column: Column, top: float, *, first: bool) -> str:
    if column.kind == TREND:
        inside = report_charts.sparkline(value) if isinstance(value, list) else NOTHING
    else:
        inside = escape(written(value, column.kind))
    if column.kind == CODE:
        inside = inside.replace("-", "-<wbr>")
    if column.kind == STATE and value:
        inside = f'<span class="badge {TONES.get(str(value), "plain")}">{inside}</span>'
    if column.kind == BAR and isinstance(value, int | float):
        inside += report_charts.bar(value, top)
    if first and inside == NOTHING:
        inside = "(none)"
    if first:
        return f'<th scope="row" class="{_class(column)}">{inside}</th>'
    return f'<td class="{_class(column)}">{inside}</td>'
