"""Cancer PathCHART: the list of site and morphology combinations for diagnoses from 2024, one a year.

The publisher's CSV has one row for each site, histology, behavior (and often term) with a validity
status. Valid combinations may be coded, impossible ones may not, and all others are unlikely: they need
a review. `install` turns the CSV into a table of our own, `pathchart_<year>.csv.gz`, in a folder that
`registry.standards.tables` looks into; `load` reads it.

Source: Cancer PathCHART ICD-O-3 Site Morphology Validation List, SEER, product downloads.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl

from registry import standards
from registry.edits import build
from registry.errors import BadInput, NotFound, NotReady
from registry.standards import tables

FIRST_YEAR, LAST_YEAR = 2024, 2099
COLUMNS = ("status", *build.COLUMNS)
STATUSES = ("impossible", "unlikely", "valid")

_FILE = "pathchart_{}.csv.gz"
_LARGEST = 256 << 20
_HEADER_WITHIN = 20
"""Lines of title and notes that may stand above the header."""

# Names of columns without case, blanks and signs, and what the column holds; the first that fits counts.
_NAMES = {
    "site": "site primarysite sitecode primarysitecode icdo3site icdo3sitecode siteicdo3 topography topographycode "
    "icdo3topography icdo3topographycode",
    "histology": "histology histologycode histologictype histologictypeicdo3 icdo3histology icdo3histologycode hist",
    "behavior": "behavior behaviour behaviorcode behaviourcode behaviorcodeicdo3 icdo3behavior icdo3behaviorcode beh",
    "morphology": "morphology morphologycode icdo3morphology icdo3morphologycode histologybehavior "
    "histologybehaviorcode histbehavior histbeh",
    "status": "status validity validitystatus validitystatuscode cpcvaliditystatus cpcvalidity cpcstatus "
    "cpcdesignation designation pathchartstatus sitemorphologystatus",
    "year": "year diagnosisyear yearofdiagnosis dxyear implementationyear",
}
_STATUS = {status: status for status in STATUSES} | {status[0]: status for status in STATUSES}


def install(csv_path: Path, out_folder: Path, year: int | None = None) -> int:
    """Make our table of a year from the publisher's CSV; a table of that year is replaced.

    Args:
        csv_path: the CSV as published; comma, tab, semicolon or bar between the cells, notes above the
            header and column names in their variants are understood, further columns are left out.
        out_folder: folder for the table, made when it is not there. It counts once it is among
            `registry.standards.tables.FOLDERS`.
        year: the diagnosis year; else the CSV's own column for it, or the year in the file's name.

    Returns:
        Rows of the table: one for each status, histology and behavior.

    Raises:
        NotFound: there is no such file.
        BadInput: it is not such a list, says of no year, or has rows that cannot be read or contradict
            each other. Nothing is installed then.
        NotReady: the folder cannot be written to.
    """
    if not csv_path.is_file():
        raise NotFound(str(csv_path), "there is no such file")
    listed, said = _read(csv_path)
    year = year or said or _year_in(csv_path.name)
    if year is None:
        raise BadInput(csv_path.name, "the list does not say of which diagnosis year it is", "give the year")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(
            csv_path.name, f"{year} is not a diagnosis year of Cancer PathCHART ({FIRST_YEAR} or later)"
        )
    made, table = out_folder / f".{_FILE.format(year)}.new", out_folder / _FILE.format(year)
    try:
        out_folder.mkdir(parents=True, exist_ok=True)
        count = build.write(made, COLUMNS, build.table_rows(listed))
        made.replace(table)
    except OSError as error:
        raise NotReady(
            str(out_folder), f"the table cannot be written ({error.strerror})", "check the folder"
        ) from None
    tables.forget()
    return count


def is_list(path: Path) -> bool:
    """Whether a file is the publisher's CSV, by its header."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(1 << 16)
    try:
        _header(path.name, begin.decode("utf-8-sig", errors="replace"))
    except BadInput:
        return False
    return True


def installed() -> list[int]:
    """Diagnosis years whose list is installed, in order.

    >>> all(year >= 2024 for year in installed())
    True
    """
    names = [path.name for folder in tables.FOLDERS for path in folder.glob(_FILE.format("*"))]
    return sorted({int(name[10:14]) for name in names if re.fullmatch(r"pathchart_\d{4}\.csv\.gz", name)})


@cache
def load(year: int) -> pl.DataFrame:
    """The installed list of a year: status, histologicTypeIcdO3, behaviorCodeIcdO3, primarySites.

    Raises:
        NotFound: it is not installed.
        BadInput: the installed file is damaged.
    """
    path = tables.find(_FILE.format(year))
    if not path.is_file():
        raise NotFound(f"Cancer PathCHART {year}", "the list is not installed", "install the published CSV")
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, EOFError):
        table = pl.DataFrame()
    if tuple(table.columns) != COLUMNS or not _is_sound(table):
        raise BadInput(path.name, "the installed table is damaged", "install the published CSV again")
    return table


def _is_sound(table: pl.DataFrame) -> bool:
    status, histology, behavior, sites = (pl.col(name).fill_null("") for name in COLUMNS)
    sound = (
        status.is_in(list(STATUSES))
        & histology.str.contains(r"^[89][0-9]{3}$")
        & behavior.str.contains("^[0-3]$")
        & sites.str.contains(r"^C[0-9]{3}(-C[0-9]{3})?( C[0-9]{3}(-C[0-9]{3})?)*$")
    )
    return not table.is_empty() and bool(table.select(sound.all()).item())


def _read(path: Path) -> tuple[build.Sites, int | None]:
    """Sites by status, histology and behavior, and the one diagnosis year that the list names."""
    if path.stat().st_size > _LARGEST:
        raise BadInput(path.name, "the file is larger than any such list (256 MB)")
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise BadInput(path.name, "this is no CSV", "save the sheet as CSV (UTF-8) and try again")
    listed: build.Sites = defaultdict(set)
    status_of: dict[tuple[str, str, int], str] = {}
    years: set[int] = set()
    faults: list[tuple[int, str]] = []
    for line, cells in _rows(path.name, text):
        try:
            status, histology, behavior, sites, year = _combination(cells)
        except ValueError as error:
            faults.append((line, str(error)))
            continue
        years |= {year} - {0}
        for site in sites:
            known = status_of.setdefault((histology, behavior, site), status)
            if known != status:
                faults.append(
                    (line, f"C{site:03d} {histology}/{behavior} is {status} here and {known} above")
                )
        listed[status, histology, behavior] |= sites
    if faults:
        line, fault = faults[0]
        more = f" ({len(faults) - 1} more such rows)" if len(faults) > 1 else ""
        raise BadInput(f"{path.name}:{line}", f"{fault}{more}", "nothing was installed; get the file anew")
    if not any(status == "valid" for status, _, _ in listed):
        raise BadInput(path.name, "no combination in it is valid, so this is not the whole list")
    if len(years) > 1:
        raise BadInput(path.name, "it holds several diagnosis years", "install one year at a time")
    return listed, next(iter(years), None)


def _rows(name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and the known cells of every row that is not blank."""
    sign, above = _header(name, text)
    reader = csv.reader(io.StringIO(text), delimiter=sign, strict=True)
    columns: dict[str, int] | None = None
    try:
        for cells in reader:
            if columns is None:
                columns = _columns(cells) if reader.line_num > above else None
            elif any(cell.strip() for cell in cells):
                yield (
                    reader.line_num,
                    {kind: cells[i].strip() if i < len(cells) else "" for kind, i in columns.items()},
                )
    except csv.Error:
        raise BadInput(f"{name}:{reader.line_num}", "the line cannot be read as CSV") from None


def _header(name: str, text: str) -> tuple[str, int]:
    """The sign between cells, and how many lines stand above the header."""
    for above, line in enumerate(text.splitlines()[:_HEADER_WITHIN]):
        for sign in ",\t;|":
            found = _columns(next(csv.reader([line], delimiter=sign), []))
            if {"site", "status"} <= set(found) and (
                "morphology" in found or {"histology", "behavior"} <= set(found)
            ):
                return sign, above
    raise BadInput(
        name,
        "no header with columns for site, histology, behavior and validity status was found",
        "is this Cancer PathCHART's Site Morphology Validation List as CSV?",
    )


def _columns(cells: list[str]) -> dict[str, int]:
    """Position of each kind of column that the names tell."""
    names = [re.sub("[^a-z0-9]", "", cell.lower()) for cell in cells]
    return {
        kind: next(names.index(name) for name in known.split() if name in names)
        for kind, known in _NAMES.items()
        if set(known.split()) & set(names)
    }


def _combination(cells: dict[str, str]) -> tuple[str, str, str, set[int], int]:
    """Status, histology, behavior, sites and year (0 = not said) of one row.

    Raises:
        ValueError: what is wrong with the row.
    """
    histology, behavior = cells.get("histology", ""), cells.get("behavior", "")
    whole = re.fullmatch(r"(\d{4})\s*/\s*(\d)", cells.get("morphology", "")) or re.fullmatch(
        r"(\d{4})\s*/\s*(\d)", histology
    )
    if whole:
        histology, behavior = whole.groups()
    behavior = behavior.removeprefix("/")
    if not re.fullmatch(r"[89]\d{3}", histology) or histology not in _histologies():
        raise ValueError("the histology is not an ICD-O-3 code")
    if behavior not in ("0", "1", "2", "3"):
        raise ValueError("the behavior is not 0, 1, 2 or 3")
    status = _STATUS.get(cells["status"].lower())
    if status is None:
        raise ValueError("the status is not valid, unlikely or impossible")
    year = cells.get("year", "")
    return (
        status,
        histology,
        behavior,
        _sites(cells["site"]),
        int(year) if re.fullmatch(r"20\d\d", year) else 0,
    )


@cache
def _sites(text: str) -> set[int]:
    codes = text.upper().replace(".", "")
    if re.fullmatch(r"C\d{3}(\s*-\s*C?\d{3})?([,\s]+C\d{3}(\s*-\s*C?\d{3})?)*", codes):
        sites = build.sites_of(re.sub(r"\s*-\s*", "-", codes))
        if sites:
            return sites
    raise ValueError("the site is not an ICD-O-3 topography code")


@cache
def _histologies() -> frozenset[str]:
    return frozenset(standards.morphology().get_column("code"))


def _year_in(name: str) -> int | None:
    found = re.search(r"(?<!\d)20\d\d(?!\d)", name)
    return int(found[0]) if found else None
