"""Recodes against the published files, read row by row in the plainest way, over all codes there are."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from registry import coding
from registry.coding import reference
from registry.coding.recodes import aya, brain_cns, build, iccc, lymphoid
from registry.coding.recodes.recode_table import RecodeTable
from tests.paths import needs_shared, shared

SITES, HISTOLOGIES, BEHAVIORS = np.arange(810), np.arange(8000, 10_000), np.array([0, 1, 2, 3, 9])
Block = tuple[str, str, str, str, str, str]
"""Ranges of sites in and out, histologies in and out, behaviors; the code."""


def _meant(values: npt.NDArray[np.int64], text: str) -> npt.NDArray[np.bool_]:
    """Which values the published list means: every number written, every range with both ends."""
    found = np.zeros(len(values), dtype=bool)
    for low, high in re.findall(r"C?([\d.]+)(?:-C?([\d.]+))?", text):
        first, last = int(low.replace(".", "")), int((high or low).replace(".", ""))
        found |= (values >= first) & (values <= last)
    return found


def _axis(values: npt.NDArray[np.int64], included: str, excluded: str = "") -> npt.NDArray[np.int64]:
    keep = _meant(values, included) if included.strip() else ~_meant(values, excluded)
    return np.flatnonzero(keep)


def first_matches(blocks: list[Block], unknown: str) -> npt.NDArray[np.str_]:
    """Answers over all sites, histologies and behaviors: later rows first, so that earlier ones win."""
    answers = np.full((len(SITES), len(HISTOLOGIES), len(BEHAVIORS)), unknown)
    for sites, no_sites, kinds, no_kinds, behaviors, code in reversed(blocks):
        place = np.ix_(
            _axis(SITES, sites, no_sites), _axis(HISTOLOGIES, kinds, no_kinds), _axis(BEHAVIORS, behaviors)
        )
        answers[place] = code
    return answers


def answers_of(table: RecodeTable, output: int = 0) -> npt.NDArray[np.str_]:
    """What the compiled table says over the same codes."""
    grid = np.meshgrid(SITES, HISTOLOGIES, BEHAVIORS, indexing="ij")
    numbers = {"site": grid[0], "histology": grid[1], "behavior": grid[2]}
    columns = [pl.Series(numbers[axis].ravel(), dtype=pl.UInt16) for axis in table.reading.axes]
    texts = [pl.repeat("x", len(columns[0]), eager=True)] * len(columns)
    found = table.numbers([*columns, *texts])
    return np.array(table.answers[output].to_list())[found].reshape(grid[0].shape)


def _rows(delimiter: str, skip: int, *parts: str) -> list[list[str]]:
    with shared("coding", "seer", *parts).open(encoding="utf-8", newline="") as lines:
        return [[*row, *[""] * 11] for row in csv.reader(lines, delimiter=delimiter)][skip:]


def _iccc(name: str, code: int) -> list[Block]:
    return [
        (row[3], row[4], row[5], row[6], row[10], row[code] or "999")
        for row in _rows(",", 1, "iccc", name)
        if row[7].strip()
    ]


def _aya_2008() -> list[Block]:
    rows = _rows(";", 2, "ayasiterecode", "ayarecodewho2008.txt")
    return [(r[2], "", r[3], "", r[1], r[4].strip()) for r in rows if r[3].strip()]


def _aya_2020() -> list[Block]:
    rows = _rows(",", 1, "ayasiterecode", "ayarecode-2020revision.csv")
    return [(r[2], "", r[1], "", r[3], r[4].strip().zfill(3)) for r in rows if r[1].strip()]


def _lymphoid() -> list[Block]:
    rows = _rows(",", 1, "lymphoma", "lymphoma-2021revision.csv")
    return [(r[1], "", r[2], "", "", r[3].strip().zfill(2)) for r in rows if r[1].strip()]


def _brain() -> list[Block]:
    rows = _rows(",", 1, "braincnsrecode", "brain-cnsrecode-2020revision.csv")
    return [(r[1], "", r[3], r[4], r[2], r[5].strip().zfill(2)) for r in rows if "-" not in r[5]]


IARC = "iccc-data-third-edition-iarc-2017.csv"
Case = tuple[Callable[[], list[Block]], str, Callable[[str], RecodeTable], str, int]
CASES: dict[str, Case] = {
    "iccc third edition": (
        lambda: _iccc("iccc-data-third-edition.csv", 7),
        "999",
        iccc._table,
        "iccc_third_edition",
        0,
    ),
    "iccc who 2008": (lambda: _iccc("iccc-data-who-2008.csv", 7), "999", iccc._table, "iccc_who2008", 0),
    "iccc who 2008 extended": (
        lambda: _iccc("iccc-data-who-2008.csv", 9),
        "999",
        iccc._table,
        "iccc_who2008",
        1,
    ),
    "iccc iarc 2017": (lambda: _iccc(IARC, 7), "999", iccc._table, "iccc_iarc2017", 0),
    "iccc iarc 2017 extended": (lambda: _iccc(IARC, 9), "999", iccc._table, "iccc_iarc2017", 1),
    "aya 2008": (_aya_2008, "99", aya._table, "ayaSiteRecode2008", 0),
    "aya 2020": (_aya_2020, "999", aya._table, "ayaSiteRecode2020", 0),
    "lymphoid 2021": (_lymphoid, "99", lambda _: lymphoid._table(), "", 0),
    "brain 2020": (_brain, "99", lambda _: brain_cns._table(), "", 0),
}


@needs_shared
@pytest.mark.parametrize("case", CASES)
def test_every_code_has_the_answer_of_the_first_published_row(case: str) -> None:
    blocks, unknown, table, recode, output = CASES[case]
    wanted = first_matches(blocks(), unknown)
    got = answers_of(table(recode), output)
    different = np.argwhere(wanted != got)
    assert not different.size, [(tuple(at), wanted[tuple(at)], got[tuple(at)]) for at in different[:5]]
    assert len(np.unique(got)) > 20


@needs_shared
def test_no_published_row_includes_and_excludes_histologies() -> None:
    """The published programs differ in what they would make of such a row."""
    assert not [block for block in _brain() if block[2].strip() and block[3].strip()]


def _codes(text: str, length: int) -> Iterator[str]:
    """Some causes that a published list means: both ends of each range, and what lies between."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        low, _, high = part.partition("-")
        letter, digits = (low[0], low[1:]) if low[0].isalpha() else ("", low)
        last = (high or low)[1:] if letter and (high or low)[0] == letter else (high or low)
        if letter and not last.isdigit():
            yield from (low, high)
            continue
        for number in range(int(digits), int(last) + 1):
            yield letter + str(number).zfill(length - len(letter))


@needs_shared
@pytest.mark.parametrize(
    ("name", "version", "recode"),
    [
        ("data_2008_pre_bug_fix.txt", "2008", "site_recode_2008"),
        ("data_2008_post_bug_fix.txt", "2008_fixed", "site_recode_2008"),
        ("data_2023.txt", "2023", "site_recode_2023"),
    ],
)
def test_each_published_cause_is_death_of_the_cancer(name: str, version: str, recode: str) -> None:
    tumor_of = _a_tumor_of_each_group(recode)
    rows, missing = [], set()
    for line in shared("coding", "seer", "causespecific", name).read_text("ascii").splitlines()[1:]:
        icd, sequence, group, *lists, _ = line.split(";")
        if group not in tumor_of:
            missing.add(group)
            continue
        for length, text in zip((3, 4), lists, strict=False):
            for cause in _codes(text, length):
                for written in (cause, cause + "9") if length == 3 else (cause,):
                    rows.append((icd, sequence[:1].zfill(2), written, *tumor_of[group]))
    columns = ["icdRevisionNumber", "sequenceNumberCentral", "causeOfDeath", *TUMOR]
    deaths = pl.DataFrame(rows, schema=columns, orient="row")
    derived = coding.derive(deaths, [f"cause_specific_{version}", f"other_{version}"], cutoff_year=2020)
    assert deaths.height > 9_000
    wrong = derived.filter((pl.col(f"cause_specific_{version}") != "1") | (pl.col(f"other_{version}") != "0"))
    assert wrong.is_empty()
    assert missing <= NO_SUCH_GROUP


NO_SUCH_GROUP = {"80", "82"}
"""In situ and benign neoplasms: groups of the table for 2023 that the 2023 site recode does not have."""
TUMOR = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"]


def _a_tumor_of_each_group(recode: str) -> dict[str, tuple[str, ...]]:
    sites = [f"C{number:03d}" for number in range(810)]
    kinds = ["8000", "8140", "8720", "9050", "9140", "9591", *map(str, range(9590, 9993))]
    grid = pl.DataFrame(list(product(sites, kinds, "03", ["2005", "2015"])), schema=TUMOR, orient="row")
    first = coding.derive(grid, [recode]).unique(recode, keep="first", maintain_order=True)
    return {row[recode]: tuple(row[item] for item in TUMOR) for row in first.iter_rows(named=True)}


def _icd_rows() -> list[tuple[str, list[str]]]:
    files = {
        "icd10cm": "icd-10-cm-to-icd-o-3.csv",
        "icd10": "icd-10-to-icd-o-3.csv",
        "icd9cm": "icd-9-cm-to-icd-o-3.csv",
    }
    return [(system, row) for system, name in files.items() for row in _rows(",", 1, "icd", name)]


@needs_shared
def test_each_diagnosis_code_has_its_published_conversion() -> None:
    rows = _icd_rows()
    frame = pl.DataFrame(
        {
            "icdSystem": [system for system, _ in rows],
            "icdCode": [row[0] for _, row in rows],
            "sex": [row[7] or "9" for _, row in rows],
        }
    )
    got = coding.derive(frame, ["icd-to-icd-o-3"]).select("icd_site", "icd_histology", "icd_behavior").rows()
    assert got == [tuple(cell or None for cell in row[1:4]) for _, row in rows]


def plain_icd_o_2(
    lines: list[str], special: list[str], site: int, kind: int, behavior: str
) -> tuple[str, str]:
    """The conversion of one code, step by step."""
    entry = lines[kind - 8000]
    new, changed = entry[:4], behavior
    if entry[5] in (behavior, "A"):
        for line in special:
            if line.startswith(f"{kind}{behavior}"):
                new, changed = line[5:9], line[9]
                break
    if entry[6] == behavior:
        by_site: dict[int, Callable[[], tuple[str, str]]] = {
            8240: lambda: (new if site == 181 else "8241", changed),
            8245: lambda: ("8240", "1" if site == 181 else "3"),
            8249: lambda: (new, "1" if site == 181 else changed),
            9133: lambda: ("9134", "1") if 340 <= site <= 349 else (new, changed),
            9160: lambda: ("8724" if 440 <= site <= 449 else new, changed),
            9590: lambda: ("9594" if 710 <= site <= 719 else new, changed),
        }
        new, changed = by_site[kind]()
    return new, changed


@needs_shared
def test_each_morphology_has_its_published_icd_o_2_code() -> None:
    lines = shared("coding", "seer", "icd", "icdo3.to.icdo2.morphology.txt").read_text().split()
    special = shared("coding", "seer", "icd", "icdo3.to.icdo2.morphology.special.txt").read_text().split()
    cases = list(product((0, 181, 345, 440, 509, 712, 809), range(8000, 10_000), "012369"))
    frame = pl.DataFrame(
        {
            "primarySite": [f"C{site:03d}" for site, _, _ in cases],
            "histologicTypeIcdO3": [str(kind) for _, kind, _ in cases],
            "behaviorCodeIcdO3": [behavior for _, _, behavior in cases],
        }
    )
    got = coding.derive(frame, ["icd-o-2-morphology"]).select("histologyIcdO2", "behaviorIcdO2").rows()
    wanted = [
        (None, None)
        if lines[kind - 8000] == "9999XXX"
        else plain_icd_o_2(lines, special, site, kind, behavior)
        for site, kind, behavior in cases
    ]
    assert got == wanted


@needs_shared
def test_the_committed_tables_are_what_the_build_makes(tmp_path: Path) -> None:
    build.build(shared(), tmp_path)
    made = sorted(tmp_path.iterdir())
    assert {one.name for one in made} == {table.name for table in build.TABLES}
    for one in made:
        assert one.read_bytes() == (reference.DATA / one.name).read_bytes()
