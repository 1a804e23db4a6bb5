"""The generator's tables against published figures and code tables."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from registry.synthetic.facts import load, read
from registry.synthetic.survival import other_hazard
from tests.paths import needs_shared, shared

pytestmark = needs_shared


def _sites(text: str) -> Iterator[str]:
    """C000-C006 C019 as single codes."""
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        yield from (f"C{number:03d}" for number in range(int(first[1:]), int((last or first)[1:]) + 1))


def test_targets_are_the_published_survival() -> None:
    published = pl.read_csv(shared("statistics", "published_reference.csv"), infer_schema=False)
    letters = {"localized": "L", "regional": "R", "distant": "D", "unstaged": "U"}
    groups = {"lung and bronchus": "lung", "breast": "breast"}
    ours = {(g, s): float(rs) for g, s, rs in read("stages").select("group", "stage", "rs5").iter_rows()}
    rows = published.filter(
        (pl.col("measure") == "5y_relative_survival") & pl.col("stage").is_in(list(letters))
    )
    compared = 0
    for site, stage, value in rows.select("site", "stage", "value").iter_rows():
        if site in groups:
            assert ours[groups[site], letters[stage]] == pytest.approx(float(value), abs=0.05)
            compared += 1
    assert compared == 8


def test_other_mortality_is_like_the_us_life_table() -> None:
    table = pl.read_csv(shared("statistics", "us_lifetable_survexp.csv.gz")).filter(
        pl.col("year").is_between(2007, 2014) & pl.col("age").is_between(45, 95)
    )
    male = (table["sex"] == 1).to_numpy().astype(int)
    age, year = table["age"].to_numpy() + 0.5, table["year"].to_numpy().astype(float)
    ratio = other_hazard(load(), male, age, year) / (table["daily_hazard"].to_numpy() * 365.2425)
    assert 0.97 < np.exp(np.log(ratio).mean()) < 1.03
    assert ratio.min() > 0.8 and ratio.max() < 1.2


@pytest.mark.parametrize(
    ("version", "column"),
    [(2007, "code_2022"), (2010, "code_2022"), (2018, "code_2022"), (2022, "code_2022"), (2023, "code_2023"), (2024, "code_2024")],
)  # fmt: skip
def test_surgery_codes_are_legal(version: int, column: str) -> None:
    path = shared("coding", "seer", "surgery", f"site-specific-surgery-tables-{version}.xml.gz")
    legal: dict[str, set[str]] = {}
    for table in ElementTree.fromstring(gzip.decompress(path.read_bytes())):
        codes = {(row.findtext("code") or "").strip() for row in table.findall("row")}
        legal.update(dict.fromkeys(_sites(table.findtext("site-inclusion") or ""), codes))
    wanted = read("surgery").join(read("subsites"), on="group")
    wrong = [
        (site, code) for site, code in wanted.select("site", column).iter_rows() if code not in legal[site]
    ]
    assert not wrong


def test_site_and_histology_fit() -> None:
    """Every combination is on the SEER list; the list has no rows for C809."""
    rows = pl.read_csv(shared("quality", "seer_site_histology.csv"), infer_schema=False)
    listed = {(h, b, site) for h, b, sites in rows.iter_rows() for site in _sites(sites)}
    ours = read("histologies").join(read("subsites"), on="group").filter(pl.col("site") != "C809")
    missing = [key for key in ours.select("histology", "behavior", "site").iter_rows() if key not in listed]
    assert not missing
