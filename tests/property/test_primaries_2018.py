"""Pairs of the Solid Tumor Rules: all at once = the plain reference, which takes one pair at a time."""

import random
from calendar import monthrange
from datetime import date

import polars as pl
import pytest

from registry.coding.primaries import compare_tumors
from registry.coding.primaries.codes import Entry, entries
from tests.property.primaries_row_by_row import Tumor, decide
from tests.property.primaries_row_by_row_organs import ORGANS
from tests.property.primaries_row_by_row_sites import SITES as OTHER_ORGANS

TODAY = date(2026, 11, 1)
GROUPS = ORGANS | OTHER_ORGANS

SITES = {
    "str_2018_and_later_breast": "C500 C504 C508 C509",
    "str_2018_and_later_colon": "C180 C182 C187 C189 C199 C209",
    "str_2018_and_later_head_and_neck": "C000 C001 C003 C019 C021 C024 C051 C079 C080 C081 C098 C099 C100 C112 C130 "
    "C139 C148 C300 C301 C310 C312 C321 C328 C329 C410 C411 C479",
    "str_2018_and_later_kidney": "C649",
    "str_2018_and_later_lung": "C340 C341 C343 C349",
    "str_2018_and_later_malignant_cns": "C471 C700 C701 C709 C711 C712 C718 C720 C721 C722 C724 C728 C729 C751",
    "str_2018_and_later_non_malignant_cns": "C700 C701 C709 C711 C712 C718 C720 C721 C722 C724 C725 C728 C729 C751",
    "str_2018_and_later_urinary": "C659 C669 C670 C674 C679 C680 C689",
    "str_2021_and_later_cutaneous_melanoma": "C440 C443 C445 C449",
    "str_2023_and_later_other_sites": "C150 C159 C170 C179 C211 C220 C250 C259 C384 C402 C413 C441 C490 C491 C541 C549 "
    "C569 C570 C619 C620 C629 C692 C739 C740 C749 C379 C809",
}
TABLES = {
    "str_2018_and_later_breast": "breast_2018_table3_rows breast_2018_table2",
    "str_2018_and_later_colon": "colon_2018_table1_rows",
    "str_2018_and_later_head_and_neck": "head_and_neck_2018_table_for_site",
    "str_2018_and_later_kidney": "kidney_2018_table1_rows",
    "str_2018_and_later_lung": "lung_2018_table3_rows lung_2018_table2",
    "str_2018_and_later_malignant_cns": "malignant_cns_2018_table3_rows",
    "str_2018_and_later_non_malignant_cns": "non_malignant_cns_2018_table6_rows",
    "str_2018_and_later_urinary": "urinary_2018_table2_rows",
    "str_2021_and_later_cutaneous_melanoma": "cutaneous_melanoma_2021_table2_rows",
    "str_2023_and_later_other_sites": "other_sites_2023_table_rows_for_site polyp",
}


def tumors(group: str, rng: random.Random, count: int) -> list[Tumor]:
    lines = [entry for name in TABLES[group].split() for entry in entries(name)]
    outside = ["8750"] if "melanoma" in group else ["8000", "8010", "8046", "8950"]
    behaviors = "011" if "non_malignant" in group else "3" if group.endswith("_malignant_cns") else "233336"
    first = 2023 if "other" in group else 2021 if "melanoma" in group else 2018
    found = []
    for _ in range(count):
        site = rng.choice(SITES[group].split())
        histologies = _histologies(lines, site) or outside
        year = rng.choice([first, first, first + 1, first + 1, 2024])
        month = rng.choice([None, *range(1, 13), *range(1, 13)])
        day = rng.choice([None, *range(1, monthrange(year, month)[1] + 1)]) if month else None
        found.append(
            Tumor(
                site,
                rng.choice(outside if rng.random() < 0.1 else histologies),
                rng.choice(behaviors),
                rng.choice(["1", "1", "2", "2", "4", "5", "9", "0", ""]),
                year,
                month,
                day,
            )
        )
    return found


def _histologies(lines: list[Entry], site: str) -> list[str]:
    """Those of the tables of the site."""
    return sorted({line.code[:4] for line in lines if not line.sites or site in line.sites.split()})


def pairs(group: str, rng: random.Random, count: int) -> list[tuple[Tumor, Tumor]]:
    """Most of them alike in site, side or year, so that the later rules are reached."""
    found = []
    for a, b in zip(tumors(group, rng, count), tumors(group, rng, count), strict=True):
        site = a.site if rng.random() < 0.8 else b.site
        side = a.side if rng.random() < 0.5 else b.side
        hist = a.hist if rng.random() < 0.2 else b.hist
        year, month = (a.year, a.month) if rng.random() < 0.4 else (b.year, b.month)
        day = b.day if month and b.day and b.day <= monthrange(year, month)[1] else None
        found.append((a, Tumor(site, hist, b.behavior, side, year, month, day)))
    return found


def frame(found: list[tuple[Tumor, Tumor]]) -> pl.DataFrame:
    rows = []
    for pair in found:
        row = {}
        for suffix, one in zip(("_1", "_2"), pair, strict=True):
            written = (
                f"{one.year}"
                + (f"{one.month:02}" if one.month else "")
                + (f"{one.day:02}" if one.day else "")
            )
            row |= {
                "primarySite" + suffix: one.site,
                "histologyIcdO3" + suffix: one.hist,
                "behaviorIcdO3" + suffix: one.behavior,
                "laterality" + suffix: one.side or None,
                "dateOfDiagnosis" + suffix: written,
            }
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize("group", GROUPS)
def test_all_at_once_is_the_plain_reference(group):
    found = pairs(group, random.Random(group), 4_000)
    compared = compare_tumors(frame(found), today=TODAY)
    inside = compared["group_id"] == group
    assert inside.sum() > 2_000
    wrong = [
        (pair, wanted, (result, step))
        for pair, known, result, step in zip(found, inside, compared["result"], compared["step"], strict=True)
        if known and (wanted := decide(GROUPS[group], *pair)) != (result, step)
    ]
    assert not wrong, f"{len(wrong)}: " + "\n".join(map(str, wrong[:8]))
