"""The table of sites and histologies against the published lists that it is made of."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.edits import build
from registry.errors import BadInput, NotFound
from tests.paths import needs_shared, shared


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str], set[int]]:
    table = pl.read_csv(build.TABLE, infer_schema=False)
    return {(histology, behavior): build.sites_of(sites) for histology, behavior, sites in table.iter_rows()}


@needs_shared
def test_the_table_is_what_the_build_makes(tmp_path: Path) -> None:
    made = tmp_path / "site_histology.csv.gz"
    assert build.build(shared(), made) == 790
    assert made.read_bytes() == build.TABLE.read_bytes()


@needs_shared
def test_every_row_of_the_starter_table_is_in_it(listed: dict[tuple[str, str], set[int]]) -> None:
    with shared("quality", "seer_site_histology.csv").open(encoding="utf-8") as lines:
        for histology, behavior, sites in list(csv.reader(lines))[1:]:
            if behavior in "0123":
                assert build.sites_of(sites) <= listed.get((histology, behavior), set()), histology


@needs_shared
def test_every_row_of_the_2015_list_is_in_it(listed: dict[tuple[str, str], set[int]]) -> None:
    path = shared("coding", "icdo", "seer_site_type_validation_20150918.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            histology, _, behavior = row["Histology/Behavior"].partition("/")
            assert build.sites_of(row["Site recode"]) <= listed.get((histology, behavior), set()), row


def test_it_has_rows_for_every_site(listed: dict[tuple[str, str], set[int]]) -> None:
    sites = {int(code[1:]) for code in standards.topography().get_column("code")}
    assert set().union(*listed.values()) == sites
    assert {behavior for _, behavior in listed} == set("0123")
    assert sum(map(len, listed.values())) == 51_700


def test_ranges_and_sites_are_each_others_inverse(listed: dict[tuple[str, str], set[int]]) -> None:
    for sites in listed.values():
        assert build.sites_of(build.ranges_of(sites)) == sites


def test_lists_that_are_not_there_or_name_unknown_sites(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        build.build(tmp_path, tmp_path / "out.csv.gz")
    quality, icdo = tmp_path / "quality", tmp_path / "coding" / "icdo"
    quality.mkdir()
    icdo.mkdir(parents=True)
    (quality / "seer_site_histology.csv").write_text(",".join(build.COLUMNS) + "\n8500,3,C500-C509 C800\n")
    of_2015 = "Site recode,Site Description,Histology/Behavior\nC619,PROSTATE GLAND,8140/3\n"
    (icdo / "seer_site_type_validation_20150918.csv.gz").write_bytes(gzip.compress(of_2015.encode()))
    of_2018 = "site_group,morphology\nProstate Gland,8550/3\nScrotum,8070/3\n{}8140/3\n"
    path = icdo / "seer_site_histology_2018.csv.gz"
    path.write_bytes(gzip.compress(of_2018.format("prostate gland,").encode()))
    assert build.build(tmp_path, tmp_path / "out.csv.gz") == 4
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).decode().splitlines()[1:] == [
        "8070,3,C632",
        "8140,3,C619",
        "8500,3,C500-C509",
        "8550,3,C619",
    ]
    path.write_bytes(gzip.compress(of_2018.format("Left thumb,").encode()))
    with pytest.raises(BadInput, match="Left thumb"):
        build.build(tmp_path, tmp_path / "out.csv.gz")
