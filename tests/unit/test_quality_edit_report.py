"""The edit report: sections, one self-contained page, a workbook without formulas, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from registry.errors import BadInput
from registry.quality import edit_report, report_charts, report_html, workbook

DAY = dt.date(2026, 11, 1)
EVIL = '=HYPERLINK("http://evil.example","x")<script>alert(1)</script>&'


def _frames() -> dict[str, pl.DataFrame]:
    counts = {"records": [100, 50, 0], "failing": [10, 4, 0], "open": [12, 4, 1], "overridden": [1, 0, 0], "fixed": [3, 0, 0],
              "errors": [7, 0, 1], "reviews": [3, 2, 0], "warnings": [2, 2, 0]}  # fmt: skip
    facility = pl.DataFrame(
        {"facility_id": ["0000000001", "0000000002", None], **counts, "per_100": [12.0, 8.0, None]}
    )
    facility = facility.with_columns(facility=pl.Series([EVIL, "SECOND", None]))
    trend = pl.DataFrame(
        {"run_id": [1, 2, 2, 3], "as_of": [dt.date(2026, 8, 1), dt.date(2026, 9, 1), dt.date(2026, 9, 1), DAY],
         "facility_id": ["0000000001", "0000000001", "0000000002", "0000000001"], "records": [100] * 4, "open": [20, 15, 4, 12],
         "overridden": [0] * 4, "per_100": [20.0, 15.0, 8.0, 12.0]}
    )  # fmt: skip
    return {
        "summary": pl.DataFrame({"records": [150], "failing": [14], "open": [17], "errors": [8], "reviews": [5],
                                 "warnings": [4], "overridden": [1]}),
        "facility": facility, "trend_facility": trend,
        "year": pl.DataFrame({"diagnosis_year": [2023, 2024, None], "records": [1, 2, 3], "open": [1, 0, 0],
                              "per_100": [100.0, 0.0, 0.0]}),
        "trend": trend.unique("run_id", keep="first", maintain_order=True).drop("facility_id"),
        "gate": pl.DataFrame({"source": ["own", "official"], "edit": ["a", "b"], "severity": ["error", "error"],
                              "failures": [8, 2], "records": [7, 2]}),
        "official": pl.DataFrame(schema={"edit": pl.String, "severity": pl.String, "open": pl.Int64}),
        "records": pl.DataFrame({"abstract_id": [7], "edit": ["a"], "message": ["Alvarez is odd"], "severity": ["error"],
                                 "item_values": ["{}"], "state": ["open"]}),
    }  # fmt: skip


def _report(**more: object) -> edit_report.Report:
    words = {"title": "Edits & more", "as_of": DAY, "notes": ["2024+ table not installed."], **more}
    return edit_report.build(_frames(), **words)  # type: ignore[arg-type]


def test_sections_come_in_order_and_records_only_when_wanted() -> None:
    ids = ["gate", "facility", "year", "official", "trend"]
    assert [section.id for section in _report().sections] == ids
    assert [section.id for section in _report(records=True).sections] == [*ids, "records"]


def test_the_list_of_records_shows_ids_and_no_values() -> None:
    section = _report(records=True).sections[-1]
    assert [column.name for column in section.columns] == ["abstract_id", "edit", "severity", "state"]
    for shown in (report_html.render(_report(records=True)), _sheets(_report(records=True))):
        assert "Alvarez" not in str(shown)


def test_trends_stand_beside_their_rows() -> None:
    table = next(section.table for section in _report().sections if section.id == "facility")
    # runs without the group count 0; who never failed has no line
    assert table["facility_id"].to_list() == ["0000000001", "0000000002", None]
    assert table["trend"].to_list() == [[20, 15, 12], [0, 4, 0], None]


def test_key_figures() -> None:
    figures = {figure.label: (figure.value, figure.tone) for figure in _report().figures}
    assert figures["Records without open failure"] == ("90.7 %", "plain")
    assert figures["Open errors, own and official"] == ("8", "bad")
    assert figures["Open official failures"] == ("2", "bad")


def test_unknown_sections_and_useless_frames_are_refused() -> None:
    with pytest.raises(BadInput, match="weather"):
        edit_report.build({"weather": pl.DataFrame()}, title="", as_of=DAY)
    with pytest.raises(BadInput, match="facility"):
        edit_report.build({"facility": pl.DataFrame({"nothing": [1]})}, title="", as_of=DAY)


class _Page(HTMLParser):
    """What a page holds: tags with their attributes, in order, and whether every tag is closed."""

    VOID = frozenset("meta br wbr circle rect line polyline polygon".split())

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID or tag == "circle":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_refers_to_nothing_outside() -> None:
    text = report_html.render(_report(banner="SYNTHETIC"))
    page = _Page(text)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
    references = [
        value
        for _, found in page.tags
        for name, value in found.items()
        if name in ("src", "href", "xlink:href", "style")
    ]
    assert references
    assert all(value and value.startswith("#") for value in references)
    assert not re.search(r"url\(|@import|https?:(?!//evil)", text)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_page_can_be_read_by_everybody() -> None:
    page = _Page(report_html.render(_report()))
    assert ("html", {"lang": "en"}) in page.tags
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert (
        tables == sum(tag == "caption" for tag, _ in page.tags) == sum(tag == "thead" for tag, _ in page.tags)
    )
    assert all(found.get("scope") in ("col", "row") for tag, found in page.tags if tag == "th")
    charts = [found for tag, found in page.tags if tag == "svg"]
    assert all(
        (found.get("role") == "img" and found.get("aria-label")) or found.get("aria-hidden")
        for found in charts
    )
    links = {str(found["href"])[1:] for tag, found in page.tags if tag == "a"}
    assert links <= set(ids)


def test_print_styles_stand_in_the_page() -> None:
    text = report_html.render(_report())
    for rule in ("@media print", "display: table-header-group", "break-inside: avoid", "@page"):
        assert rule in text


def test_an_empty_section_says_so() -> None:
    assert "No official result was imported." in report_html.render(_report())


def _sheets(report: edit_report.Report) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(workbook.content(report)))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_workbook_has_no_formula_and_no_link() -> None:
    parts = _sheets(_report(records=True))
    for name, text in parts.items():
        root = ElementTree.fromstring(text)
        assert not [each for each in root.iter() if each.tag.endswith(("}f", "}hyperlink"))], name
        assert 'TargetMode="External"' not in text
    assert "=HYPERLINK" in parts["xl/sharedStrings.xml"]
    styles = parts["xl/styles.xml"]
    assert 'quotePrefix="1"' in styles


def test_numbers_are_numbers_and_headings_stay() -> None:
    parts = _sheets(_report())
    sheet = parts["xl/worksheets/sheet3.xml"]  # overview, gate, facility
    assert "<v>12</v>" in sheet
    assert 'state="frozen"' in sheet
    assert "<autoFilter ref=" in sheet
    assert "#,##0.00" in parts["xl/styles.xml"]
    assert "SECOND" in parts["xl/sharedStrings.xml"]


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    assert workbook.content(_report()) == workbook.content(_report())
    assert report_html.render(_report()) == report_html.render(_report())
    workbook.write(_report(), tmp_path / "r.xlsx")
    assert (tmp_path / "r.xlsx").read_bytes() == workbook.content(_report())


def test_control_characters_do_not_break_the_workbook() -> None:
    frame = pl.DataFrame({"edit": ["a\x00b\x1fc"], "open": [1]})
    parts = _sheets(edit_report.build({"edit": frame}, title="x", as_of=DAY))
    assert "a b c" in parts["xl/sharedStrings.xml"]
    assert ElementTree.fromstring(parts["xl/sharedStrings.xml"]) is not None


@pytest.mark.parametrize("count", [1, 2, 60])
def test_charts_hold_any_number_of_points(count: int) -> None:
    points = [(f"2026-{place:03}", float(place)) for place in range(count)]
    for draw in (report_charts.line_chart, report_charts.bar_chart):
        text = draw("Title", points)
        xs = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="220"', text)]
        assert xs
        assert all(later - earlier >= 55 for earlier, later in itertools.pairwise(xs))
        assert "nan" not in text
    assert report_charts.bar_chart("Title", [("2024", 0.0)])


@pytest.mark.parametrize("top", [0.003, 0.9, 1, 7, 10, 99, 100, 101, 123456])
def test_ticks_reach_the_top_without_waste(top: float) -> None:
    marks = report_charts.ticks(top)
    assert marks[0] == 0
    assert top <= marks[-1] * (1 + 1e-9)
    assert marks[-1] <= 2 * top
    assert 2 <= len(marks) <= 6
