"""The surgery tables hold what was published, and say what is known to be right."""

from __future__ import annotations

import gzip
import html
import re
from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.coding import derive, reference
from registry.coding.derivation import find
from registry.coding.treatment import build, surgery_codes, surgery_table
from registry.errors import BadInput, NotFound
from tests.paths import needs_shared, shared

BLOOD = "Hematopoietic/Reticuloendothelial/Immunoproliferative/Myeloproliferative Disease"


@needs_shared
def test_committed_tables_are_what_build_writes(tmp_path: Path) -> None:
    counts = build.build(shared(), tmp_path)
    for name in counts:
        assert (tmp_path / name).read_bytes() == (reference.DATA / name).read_bytes()
    assert set(counts) == {table.name for table in build.TABLES}


def _published(year: int) -> list[tuple[str, str]]:
    """Title and text of each published table of a year, read as plain text."""
    name = f"site-specific-surgery-tables-{year}.xml.gz"
    text = gzip.decompress(shared("coding", "seer", "surgery", name).read_bytes()).decode()
    return re.findall(r'<surgery-table title="([^"]*)">(.*?)</surgery-table>', text, re.DOTALL)


@needs_shared
@pytest.mark.parametrize("year", build.KNOWN_YEARS)
def test_every_published_code_is_there(year: int) -> None:
    ours = reference.table("surgery_tables.csv").filter(pl.col("year_min") == str(year)).to_dicts()
    published = _published(year)
    assert [one["title"] for one in ours] == [html.unescape(title) for title, _ in published]
    for one, (_, text) in zip(ours, published, strict=True):
        assert one["codes"].split() == re.findall(r"<code>([^<]+)</code>", text)
        for column, tag in (("sites", "site-inclusion"), ("histologies_in", "hist-inclusion")):
            found = re.search(rf"<{tag}>([^<]*)</{tag}>", text)
            parts = found[1].replace("C", "").split(",") if found else []
            assert (one[column] or "").split() == [part.strip() for part in parts]


@needs_shared
@pytest.mark.parametrize(
    ("year", "site", "histology"), [(2003, "C509", "8500"), (2014, "C000", "8000"), (2024, "C739", "8260")]
)
def test_codes_have_the_words_of_their_manual(year: int, site: str, histology: str) -> None:
    table = surgery_table(site, histology, year)
    assert table is not None
    first = {"2003": 1998}.get(table.version, int(table.version))
    text = next(text for title, text in _published(first) if html.unescape(title) == table.title)
    rows = re.findall(
        r'<row level="(\d)">\s*<code>([^<]+)</code>\s*<description>(.*?)</description>', text, re.DOTALL
    )
    assert [(code.level, code.code) for code in table.codes] == [
        (int(level), code) for level, code, _ in rows
    ]
    for code, (_, _, words) in zip(table.codes, rows, strict=True):
        letters = re.sub(r"<[^>]*>|&\w+;|\W", "", words.removeprefix("<![CDATA[").removesuffix("]]>"))
        assert re.sub(r"\W", "", code.name or "") == letters


def test_every_code_has_words() -> None:
    for version, title, site, year in (
        reference.table("surgery_tables.csv").select("version", "title", "sites", "year_min").iter_rows()
    ):
        codes = surgery_codes(f"C{site[:3]}", "8000", int(year))
        assert codes, (version, title)
        assert [code.code for code in codes if not code.name] == []


KNOWN = [
    ("C000", "8000", 2014, "Oral Cavity"),
    ("C421", "9875", 2009, BLOOD),
    ("C421", "9875", 2018, BLOOD),
    ("C421", "8000", 2018, BLOOD),
    ("C000", "9732", 2018, BLOOD),
    ("C123", "9732", 2018, BLOOD),
    ("C150", "9732", 2018, BLOOD),
    ("C000", None, 2014, None),
    (None, "8000", 2014, None),
    ("C000", "whatever", 2014, None),
    ("?", "8000", 2014, None),
]
"""Site, histology, year, title (facts from the peer's published test cases)."""


@pytest.mark.parametrize(("site", "histology", "year", "title"), KNOWN)
def test_known_tables(site: str | None, histology: str | None, year: int, title: str | None) -> None:
    table = surgery_table(site, histology, year)
    assert (table.title if table else None) in (title, title and title.replace("al/I", "al/ I"))


NEXT_YEAR = """<surgery-tables version="2025" version-name="2025 SEER Coding Manual">
<surgery-table title="Breast"><site-inclusion>C500-C509</site-inclusion>
<row level="0"><code>B000</code><description><![CDATA[None; <b>no surgery</b>]]></description></row>
<row level="0"><code/><description><![CDATA[A heading]]></description></row>
<row break="true"/>
<row level="1"><code>B999</code><description><![CDATA[Unknown &amp; not stated<br/>]]></description></row>
</surgery-table></surgery-tables>"""


def test_next_years_file_alone_is_added_to_the_known_ones(tmp_path: Path) -> None:
    """2024 ends where 2025 begins; everything before it stays as it was."""
    folder = tmp_path / "coding" / "seer" / "surgery"
    folder.mkdir(parents=True)
    (folder / "site-specific-surgery-tables-2025.xml.gz").write_bytes(gzip.compress(NEXT_YEAR.encode()))
    build.build(tmp_path, tmp_path)
    before, after = (_csv(path / "surgery_tables.csv") for path in (reference.DATA, tmp_path))
    new, known = (after.filter(after["year_min"] == "2025"), after.filter(after["year_min"] < "2025"))
    assert new.rows() == [("2025", "2025", None, "1", "Breast", "500-509", None, None, "B000 B999")]
    assert set(known.filter(known["year_min"] == "2024")["year_max"]) == {"2024"}
    assert known.drop("year_max").equals(before.drop("year_max"))
    before, after = (_csv(path / "surgery_code_names.csv") for path in (reference.DATA, tmp_path))
    new = after.filter(after["version_min"] == "2025").select("code", "level", "name")
    assert new.rows() == [("B000", "0", "None; no surgery"), ("B999", "1", "Unknown & not stated")]
    assert sorted(after.filter(after["version_min"] < "2025").rows()) == sorted(before.rows())


def _csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def test_a_missing_or_damaged_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="surgery-tables-1998"):
        build.build(tmp_path, tmp_path)
    folder = tmp_path / "coding" / "seer" / "surgery"
    folder.mkdir(parents=True)
    (folder / "site-specific-surgery-tables-1998.xml.gz").write_bytes(gzip.compress(b"<surgery-tables>"))
    with pytest.raises(BadInput, match=r"surgery-tables-1998\.xml\.gz: is not XML"):
        build.build(tmp_path, tmp_path)


def test_inputs_are_items_of_the_dictionary() -> None:
    for name in ("surgery_codes", "daysToTreatment"):
        inputs = find([name])[0].inputs
        assert [standards.item(item).id for item in inputs] == list(inputs)


def test_days_known_to_be_right() -> None:
    """Facts from the peer's published test cases."""
    rows = [
        ("20200101", "20200102", "001"),
        ("20200102", "20200101", "000"),
        ("999999999", "20200102", "999"),
    ]
    schema = ["dateOfDiagnosis", "dateInitialRxSeer", "days"]
    made = derive(pl.DataFrame(rows, schema=schema, orient="row"), ["daysToTreatment"])
    assert made.get_column("daysToTreatment").to_list() == made.get_column("days").to_list()
