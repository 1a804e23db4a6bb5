"""Site recodes against the published definitions, read row by row in the plainest way."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import polars as pl
import pytest

from registry import coding, standards
from registry.coding import build
from registry.coding.recodes import build as recodes
from tests.paths import needs_shared, shared


def _in(value: int, text: str) -> bool:
    for part in text.replace("C", "").split(","):
        low, _, high = part.strip().partition("-")
        if low and int(low) <= value <= int(high or low):
            return True
    return False


def _fits(value: int, included: str, excluded: str) -> bool:
    return _in(value, included) if included else not (excluded and _in(value, excluded))


def plain_recode(
    rows: list[list[str]], site: str, histology: str, behavior: str, year: int, *, newer: bool
) -> str:
    """The first row that matches, as the published note says."""
    place, kind = int(site[1:]), int(histology)
    for row in rows:
        if newer:
            sites, kinds_in, kinds_out, behaviors, first, last, code = row[3:10]
            in_time = year >= int(first) if first else (year <= int(last) if last else True)
            fits = (
                _in(place, sites)
                and _fits(kind, kinds_in, kinds_out)
                and _in(int(behavior), behaviors)
                and in_time
            )
        else:
            sites_in, sites_out, kinds_in, kinds_out, code = row[3:8]
            fits = _fits(place, sites_in, sites_out) and _fits(kind, kinds_in, kinds_out)
        if code and fits:
            return code
    return "99" if newer else "99999"


@needs_shared
@pytest.mark.parametrize("recode", recodes.SOURCES)
def test_equals_the_published_definition(recode: str) -> None:
    path = shared("coding", "seer", "seersiterecode", recodes.SOURCES[recode])
    with path.open(newline="") as lines:
        rows = [row + [""] * 10 for row in csv.reader(lines) if row][1:]
    random_ = random.Random(7)
    sites = standards.topography().get_column("code").to_list()
    histologies = sorted({*standards.morphology().get_column("code"), "8000", "9993", "9994", "9589", "9590"})
    cases = [
        (
            random_.choice(sites),
            random_.choice(histologies),
            random_.choice("0123"),
            random_.randint(1995, 2025),
        )
        for _ in range(6_000)
    ]
    frame = pl.DataFrame(
        {
            "primarySite": [c[0] for c in cases],
            "histologicTypeIcdO3": [c[1] for c in cases],
            "behaviorCodeIcdO3": [c[2] for c in cases],
            "dateOfDiagnosis": [str(c[3]) for c in cases],
        }
    )
    output = "site_recode_" + recode.replace("-", "_")
    got = coding.derive(frame, [output]).get_column(output).to_list()
    newer = recode.startswith("2023")
    assert got == [plain_recode(rows, *case, newer=newer) for case in cases]


@needs_shared
def test_the_tables_are_what_the_build_makes(tmp_path: Path) -> None:
    counts = build.build(shared(), tmp_path)
    assert counts["2008"] == 85
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (build.DATA / made.name).read_bytes()
