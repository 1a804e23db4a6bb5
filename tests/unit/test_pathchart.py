"""Cancer PathCHART's yearly list: read in its variants, refused when damaged, and used by diagnosis year."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.edits import pathchart, site_histology
from registry.errors import BadInput, NotFound, NotReady
from registry.standards import tables

HEADER = "Site,Histology,Behavior,CPC Validity Status"
ROWS = ["C509,8500,3,Valid", "C710,8500,3,Impossible", "C619,8500,3,Unlikely", "C710,8312,3,Valid"]
AS_OF = dt.date(2026, 11, 1)
BOTH = ["site-histology-unlikely", "site-histology-impossible"]


def published(folder: Path, *lines: str, name: str = "list 2024.csv") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join(lines).encode())
    return path


@pytest.fixture
def in_use(tmp_path: Path) -> Iterator[Path]:
    """A folder of tables that is in use for one test."""
    folder = tmp_path / "tables"
    folder.mkdir()
    before = tables.FOLDERS[:-1]
    tables.use(folder, *before)
    yield folder
    tables.use(*before)


def verdicts(*records: tuple[str, str, str, str]) -> list[set[tuple[str, str]]]:
    names = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"]
    frame = pl.DataFrame(records, schema=names, orient="row").with_row_index("tumor_id")
    found = edits.run(None, frame, BOTH, as_of=AS_OF)
    alone = [
        {(f.edit, f.severity) for f in edits.check_record(row, BOTH, as_of=AS_OF)} for row in frame.to_dicts()
    ]
    together = [
        set(found.filter(pl.col("tumor_id") == n).select("edit", "severity").iter_rows())
        for n in range(len(records))
    ]
    assert alone == together
    return together


REVIEWED = {("site-histology-unlikely", "review")}
FORBIDDEN = {("site-histology-impossible", "error")}


def test_the_list_of_the_year_decides_from_2024(tmp_path: Path, in_use: Path) -> None:
    assert pathchart.install(published(tmp_path, HEADER, *ROWS), in_use) == 4
    assert pathchart.installed() == [2024]
    assert verdicts(
        ("C509", "8500", "3", "2024"),
        ("C710", "8500", "3", "20240101"),
        ("C619", "8500", "3", "2024"),
        ("C509", "8520", "3", "2024"),
        ("C710", "8312", "3", "2024"),
        ("C710", "8312", "3", "2023"),
        ("C710", "8312", "3", ""),
        ("C710", "8500", "3", "2023"),
        ("C443", "8070", "3", "2024"),
    ) == [set(), FORBIDDEN, REVIEWED, REVIEWED, set(), REVIEWED, REVIEWED, REVIEWED, set()]


def test_until_it_is_installed_what_the_older_list_lacks_is_reviewed(in_use: Path) -> None:
    assert verdicts(("C710", "8500", "3", "2025"), ("C509", "8500", "3", "2025")) == [REVIEWED, set()]
    assert "2024+ table not installed" in site_histology.table_in_use(2025).missing
    assert site_histology.missing_tables([2020, 2024, 2025, None]) == [
        site_histology.table_in_use(2024).missing
    ]


def test_the_list_of_an_earlier_year_stands_in(tmp_path: Path, in_use: Path) -> None:
    pathchart.install(published(tmp_path, HEADER, *ROWS), in_use)
    pathchart.install(published(tmp_path, HEADER, "C509,8500,3,Valid", "C619,8312,3,Valid"), in_use, 2026)
    assert site_histology.table_in_use(2024).missing == ""
    assert "2024" in site_histology.table_in_use(2025).name
    assert (
        site_histology.table_in_use(2025).missing
        == "2025 table not installed: the list of 2024 stands in for it"
    )
    assert site_histology.table_in_use(2026).missing == ""
    assert verdicts(
        ("C710", "8500", "3", "2025"), ("C710", "8500", "3", "2026"), ("C619", "8312", "3", "2026")
    ) == [
        FORBIDDEN,
        REVIEWED,
        set(),
    ]
    assert len(site_histology.missing_tables([2024, 2025, 2027])) == 2


def test_a_year_installed_again_replaces_the_list(tmp_path: Path, in_use: Path) -> None:
    pathchart.install(published(tmp_path, HEADER, *ROWS), in_use)
    assert verdicts(("C710", "8500", "3", "2024")) == [FORBIDDEN]
    pathchart.install(published(tmp_path, HEADER, "C710,8500,3,Valid"), in_use)
    assert verdicts(("C710", "8500", "3", "2024")) == [set()]
    assert [path.name for path in in_use.iterdir()] == ["pathchart_2024.csv.gz"]


@pytest.mark.parametrize(
    "lines",
    [
        ["Primary Site;ICD-O-3 Histology Code;Behaviour Code;Status", "C50.9;8500;3;valid", "c710;8500;3;I"],
        [
            "\ufeffOrgan\tSite Code\tMorphology\tValidity",
            "Breast\tC509\t8500/3\tVALID",
            "Brain\tC710\t8500/3\tImpossible",
        ],
        [
            "2024 list",
            "",
            "Topography|Histology/Behavior|Term|Validity Status",
            'C509|8500/3|"Carcinoma | ductal"|Valid',
            "C509|8500/3|again|Valid",
            "C710|8500/3||impossible",
            "",
            " | | | ",
        ],
        [
            "Site,Term,Histology,Behavior,Status",
            'C509,"two\r\nlines",8500,/3,Valid',
            "C710,,8500,3,Impossible,more",
        ],
        ["Site,Histology,Behavior,Status", "C509,8500/3,,Valid", '"C710, C711",8500/3,,Impossible'],
        ["Site,Histology,Behavior,Status", "C500-C509,8500,3,Valid", "C710 - 713,8500,3,Impossible"],
    ],
)
def test_variants_of_the_layout(tmp_path: Path, in_use: Path, lines: list[str]) -> None:
    assert pathchart.install(published(tmp_path, *lines), in_use) == 2
    table = pathchart.load(2024)
    assert table.columns == ["status", "histologicTypeIcdO3", "behaviorCodeIcdO3", "primarySites"]
    assert table.get_column("status").to_list() == ["impossible", "valid"]
    assert verdicts(("C509", "8500", "3", "2024"), ("C710", "8500", "3", "2024")) == [set(), FORBIDDEN]


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        ([], "list 2024.csv", "no header"),
        (["a,b,c", "1,2,3"], "list 2024.csv", "no header"),
        ([HEADER], "list 2024.csv", "no combination in it is valid"),
        ([HEADER, "C509,8500,3,Impossible"], "list 2024.csv", "no combination in it is valid"),
        ([HEADER, *ROWS, "C507,8500,3,Valid"], "list 2024.csv:6", "topography"),
        ([HEADER, *ROWS, "breast,8500,3,Valid"], "list 2024.csv:6", "topography"),
        ([HEADER, *ROWS, "C509,8499,3,Valid"], "list 2024.csv:6", "histology"),
        ([HEADER, *ROWS, "C509,850,3,Valid", "C509,,3,Valid"], "list 2024.csv:6", "(1 more such rows)"),
        ([HEADER, *ROWS, "C509,8500,9,Valid"], "list 2024.csv:6", "behavior"),
        ([HEADER, *ROWS, "C509,8500,3,1"], "list 2024.csv:6", "status"),
        ([HEADER, *ROWS, "C509,8500,3"], "list 2024.csv:6", "status"),
        ([HEADER, *ROWS, "C710,8500,3,Valid"], "list 2024.csv:6", "is valid here and impossible above"),
        ([HEADER, "C509,8500,3,Val\0id"], "list 2024.csv", "no CSV"),
        ([HEADER, 'C509,8500,3,"Valid', "x" * 200_000], "list 2024.csv:3", "cannot be read as CSV"),
        ([HEADER + ",Year", "C509,8500,3,Valid,2024", "C500,8500,3,Valid,2025"], "list 2024.csv", "several"),
    ],
)
def test_a_damaged_list_is_refused_in_one_line(
    tmp_path: Path, in_use: Path, lines: list[str], where: str, what: str
) -> None:
    with pytest.raises(BadInput) as caught:
        pathchart.install(published(tmp_path, *lines), in_use)
    assert caught.value.where == where and what in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(in_use.iterdir()) == [] and pathchart.installed() == []


def test_where_the_year_comes_from(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pathchart.install(published(tmp_path, HEADER + ",Year", *(f"{row},2027" for row in ROWS)), out)
    pathchart.install(published(tmp_path, HEADER, *ROWS, name="CPC_SMVL_2025v1.csv"), out)
    pathchart.install(published(tmp_path, HEADER, *ROWS, name="cpc.csv"), out, 2026)
    assert sorted(path.name for path in out.iterdir()) == [
        f"pathchart_{year}.csv.gz" for year in (2025, 2026, 2027)
    ]
    with pytest.raises(BadInput, match="give the year"):
        pathchart.install(published(tmp_path, HEADER, *ROWS, name="cpc.csv"), out)
    with pytest.raises(BadInput, match="2023 is not a diagnosis year of Cancer PathCHART"):
        pathchart.install(published(tmp_path, HEADER, *ROWS, name="cpc.csv"), out, 2023)


def test_what_is_not_there_or_damaged(tmp_path: Path, in_use: Path) -> None:
    with pytest.raises(NotFound):
        pathchart.install(tmp_path / "none.csv", in_use)
    with pytest.raises(NotFound, match="not installed"):
        pathchart.load(2030)
    (in_use / "pathchart_2024.csv.gz").write_bytes(b"\x1f\x8bnot gzip")
    (in_use / "pathchart_20245.csv.gz").write_bytes(b"")
    assert pathchart.installed() == [2024]
    with pytest.raises(BadInput, match="damaged"):
        pathchart.load(2024)


@pytest.mark.parametrize(
    "row",
    ["likely,8500,3,C509", "valid,85,3,C509", "valid,8500,7,C509", "valid,8500,3,breast", "valid,8500,3"],
)
def test_a_table_that_was_changed_by_hand(in_use: Path, row: str) -> None:
    lines = ["status,histologicTypeIcdO3,behaviorCodeIcdO3,primarySites", "valid,8500,2,C500-C506 C509", row]
    (in_use / "pathchart_2024.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    with pytest.raises(BadInput, match="damaged"):
        pathchart.load(2024)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotReady, match="cannot be written"):
        pathchart.install(published(tmp_path, HEADER, *ROWS), tmp_path / "file")


def test_an_installed_edition_of_seers_list_comes_first(in_use: Path) -> None:
    from registry.edits import build

    build.write(in_use / build.TABLE.name, build.COLUMNS, [("8500", "3", "C710"), ("8500", "2", "C500-C509")])
    tables.forget()
    assert verdicts(
        ("C710", "8500", "3", "2015"), ("C509", "8500", "3", "2015"), ("C509", "8500", "2", "2015")
    ) == [
        set(),
        REVIEWED,
        set(),
    ]
    assert site_histology.malignant_histologies() == {8500}
