"""Tables are made from what was published: all of it for the program, a part of it in an update."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.coding import build, reference
from registry.errors import NotFound
from tests.paths import needs_shared, shared


def test_everything_must_be_there_for_the_program(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="the published file is not there"):
        build.build(tmp_path, tmp_path / "out")


def test_nothing_published_gives_nothing_but_what_needs_nothing(tmp_path: Path) -> None:
    made = build.build(tmp_path, tmp_path / "out", partly=True)
    assert set(made) <= {"birthplace_groups.csv", "states_at_diagnosis.csv"}


PARTS = {
    "seer/nhia": {"nhia_surnames.csv.gz", "nhia_low_hispanic_counties.csv"},
    "seer/prcda": {"prcda_counties.csv"},
    "seer/lymphoma": {"lymphoid_rules.csv"},
    "seer/tumorsizeovertime": {"tumor_sizes.csv"},
    "mph": {"mph_groups.csv", "mph_constants.csv.gz", "hematopoietic_pairs.csv.gz"},
}


@needs_shared
@pytest.mark.parametrize("part", PARTS)
def test_a_part_gives_its_own_tables_as_the_whole_does(tmp_path: Path, part: str) -> None:
    shutil.copytree(shared("coding", *part.split("/")), tmp_path / "coding" / part)
    build.build(tmp_path, tmp_path / "out", partly=True)
    always = {"birthplace_groups.csv", "states_at_diagnosis.csv"}
    made = {path.name for path in (tmp_path / "out").iterdir()} - always
    assert made == PARTS[part]
    for name in made:
        assert (tmp_path / "out" / name).read_bytes() == (reference.DATA / name).read_bytes()


def test_every_table_is_listed_with_its_source() -> None:
    listed = {one.name: one for one in build.tables()}
    held = {path.name for path in reference.DATA.iterdir()} - {"SOURCES.md", "coding_tables.csv"}
    assert set(listed) == held
    assert all(one.content and one.source and one.version and one.licence for one in listed.values())
