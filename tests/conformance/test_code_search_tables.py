"""The tables of code search are what the builder makes of the published files, and say what those say."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from registry.coding import reference
from registry.coding.search import build
from registry.coding.search.legality import is_legal
from registry.coding.search.terms import site_names
from registry.errors import NotFound
from tests.paths import needs_shared, shared


@needs_shared
def test_committed_tables_are_what_the_builder_writes(tmp_path: Path) -> None:
    rows = build.build(shared(), tmp_path)
    assert set(rows) == {table.name for table in build.TABLES}
    for name in rows:
        assert (tmp_path / name).read_bytes() == (reference.DATA / name).read_bytes(), name


@needs_shared
def test_every_published_combination_is_legal() -> None:
    path = shared("coding", "icdo", build.LIST_2015)
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Histology/Behavior"][4:5] == "/"]
    for row in rows[::50]:
        for site in row["Site recode"].replace(" ", "").split(","):
            assert is_legal(site[:4], row["Histology/Behavior"], 2015), row


def test_sites_are_complete_and_exclusions_left_out() -> None:
    assert len(site_names()) == 330
    terms = reference.table("site_terms.csv.gz")
    upper_lip = {code for code, _, term in terms.iter_rows() if term.lower() == "skin of upper lip"}
    assert upper_lip == {"C440"}
    assert ("C443", "included", "Skin of nose") in terms.rows()
    assert not [
        term for _, _, term in terms.iter_rows() if term.endswith("Note:") or "smallintestine" in term
    ]


def test_one_meaning_for_one_abbreviation_in_published_names() -> None:
    words = reference.table("term_words.csv")
    same = [said for said, _, closeness in words.iter_rows() if closeness == "1"]
    assert len(set(same)) == len(same)
    assert all(0 < float(closeness) <= 1 for closeness in words.get_column("closeness"))


def test_missing_published_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="icdo3_topography_terms"):
        build.build(tmp_path, tmp_path)
