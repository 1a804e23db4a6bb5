"""The tables and rules of multiple primaries against the published ones they come from."""

from __future__ import annotations

import csv
import gzip
import json

import polars as pl
import pytest

from registry.coding import reference
from registry.coding.primaries import build, codes, hematopoietic, rules
from tests.paths import SHARED, needs_shared, shared

pytestmark = needs_shared


def published_rows(name: str) -> list[dict[str, str]]:
    with shared("coding", "mph", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if name.endswith("tsv") else ","))


def test_the_committed_tables_are_what_build_writes(tmp_path):
    assert build.build(SHARED, tmp_path).keys() == {one.name for one in build.TABLES}
    for one in build.TABLES:
        committed, written = (reference.DATA / one.name).read_bytes(), (tmp_path / one.name).read_bytes()
        if one.name.endswith(".gz"):
            committed, written = gzip.decompress(committed), gzip.decompress(written)
        assert committed == written, f"{one.name} is not what build writes"


def test_every_group_is_there_with_its_ranges():
    table = reference.table("mph_groups.csv").fill_null("").unique("group_id", keep="first")
    groups = {row["group_id"]: row for row in table.to_dicts()}
    published = {row["group_id"]: row for row in published_rows("mph_groups.tsv")}
    assert groups.keys() == published.keys()
    names = {
        "sites": "site_incl",
        "histologies": "hist_incl",
        "behaviors": "behav_incl",
        "years": "year_incl",
    }
    for group_id, row in groups.items():
        for column, other in (names | {"without_histologies": "hist_excl"}).items():
            assert row[column].split() == published[group_id][other].replace(",", " ").split()


def test_no_text_of_the_catalogue_is_repeated():
    published = {
        row[name] for row in published_rows("mph_rule_catalogue.csv") for name in ("question", "reason")
    }
    ours = rules().select(pl.concat_list("question", "reason").explode())["question"]
    assert not {text for text in ours if text in published}


def test_every_published_set_and_table_can_be_looked_up():
    published = json.loads(shared("coding", "mph", "mph_tables.json").read_text(encoding="utf-8"))
    for name, content in published.items():
        if isinstance(content, list):
            listed = [part for item in content for part in item.replace(",", " ").split()]
        elif isinstance(content, dict) and not any(isinstance(value, dict) for value in content.values()):
            listed = list(content)
        else:
            continue
        entries = [part for entry in codes.entries(name.lower().lstrip("_")) for part in entry.code.split()]
        assert sorted(entries) == sorted(listed), name


def test_a_table_by_site_gives_each_morphology_its_row():
    published = json.loads(shared("coding", "mph", "mph_tables.json").read_text(encoding="utf-8"))
    for name, content in published.items():
        if not (isinstance(content, dict) and all(isinstance(value, dict) for value in content.values())):
            continue
        table = codes.site_rows(name.lower())
        for site, lines in content.items():
            row = table.row[table.table[int(site[1:])]]
            # a histology without behavior hides the same histology with behavior
            seen = {code: value for code, value in lines.items() if len(code) == 4 or code[:4] not in lines}
            number = {code: int(row[int(code.replace("/", "").ljust(5, "3"))]) for code in seen}
            assert min(number.values()) > 0
            assert len(set(number.values())) == len(set(seen.values()))
            assert len(set(zip(number.values(), seen.values(), strict=True))) == len(set(seen.values()))


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("same_2010", "Hematopoietic2010SamePrimaryPairs.csv"),
        ("transform_to_2010", "Hematopoietic2010TransformToPairs.csv"),
        ("transform_from_2010", "Hematopoietic2010TransformFromPairs.csv"),
    ],
)
def test_every_hematopoietic_pair_is_linked_in_its_years_only(name, published):
    links = hematopoietic.links(name)
    with shared("coding", "mph", published).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    for code, valid_from, valid_to, first, last, other in rows:
        one, two = (pl.Series([int(text.replace("/", ""))]).to_numpy() for text in (code, other))
        begin, end = int(first or valid_from or 0), int(last or valid_to or 9999)
        years = {begin: begin <= end, end: begin <= end, begin - 1: False, end + 1: False}
        for year, expected in years.items():
            if 0 <= year <= 9999:
                assert bool(links.linked(one, two, year)[0]) == expected, (code, other, year)
