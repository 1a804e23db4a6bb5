"""A new version added to known tables: nothing of the older versions changes, and twice is once."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput, NotReady
from registry.standards import build, installed, merging
from registry.standards.comparison import TableSet, compare_codes, compare_items, judged_otherwise
from registry.standards.tables import DATA
from tests.next_version import (
    ADDED,
    BEFORE,
    LONGER,
    LONGER_CODES,
    RENAMED,
    dictionary_xml,
    next_definitions,
    publish,
)
from tests.paths import needs_shared, shared

TABLES = sorted(path.name for path in DATA.iterdir() if path.suffix in (".csv", ".gz"))


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merged")
    merging.merge(DATA, merging.published(publish(folder / "published")), folder / "tables")
    return folder


def without(rows: list[merging.Row], version: str) -> list[merging.Row]:
    """Rows as they were before a version came."""
    kept = [{**row, "versions": " ".join(v for v in row["versions"].split() if v != version)} for row in rows]
    return [row for row in kept if row["versions"]]


@pytest.mark.parametrize("name", ["items.csv", "grouped_items.csv"])
def test_older_versions_stay_as_they_were(merged: Path, name: str) -> None:
    def plain(rows: list[merging.Row]) -> list[tuple[tuple[str, str], ...]]:
        return sorted(tuple(sorted(row.items())) for row in rows)

    found = merging.read(merged / "tables" / name)
    assert plain(without(found, "270")) == plain(merging.read(DATA / name))
    of_new = [row for row in found if "270" in row["versions"].split()]
    assert len(of_new) == (len(next_definitions()) if name == "items.csv" else 0)


@pytest.mark.parametrize("name", ["codes.csv.gz", "ranges.csv", "causes_of_death.csv.gz"])
def test_older_code_lists_stay_as_they_were(merged: Path, name: str) -> None:
    found = without(merging.read(merged / "tables" / name), "27")
    keys = [name for name in found[0] if name != "label"]
    known = merging.read(DATA / name)
    assert [[row[key] for key in keys] for row in found] == [[row[key] for key in keys] for row in known]


def test_merging_twice_is_merging_once(merged: Path, tmp_path: Path) -> None:
    merging.merge(merged / "tables", merging.published(merged / "published"), tmp_path)
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (merged / "tables" / name).read_bytes(), name


def test_what_was_not_published_is_not_touched(merged: Path) -> None:
    for name in ("topography.csv", "counties.csv", "morphology.csv.gz", "sex_conversion.csv"):
        assert merging.read(merged / "tables" / name) == merging.read(DATA / name)


def test_renamed_items_are_known_by_every_older_id(merged: Path, tmp_path: Path) -> None:
    rows = merging.read(merged / "tables" / "renamed_items.csv")
    assert {"number": "1182", "old_id": BEFORE, "id": RENAMED} in rows
    (tmp_path / "dictionaries").mkdir()
    text = dictionary_xml(next_definitions()).replace(f'"{RENAMED}"', '"invasionOfVessels"')
    (tmp_path / "dictionaries" / "naaccr-dictionary-270.xml").write_text(text)
    merging.merge(merged / "tables", merging.published(tmp_path), tmp_path / "again")
    again = [row for row in merging.read(tmp_path / "again" / "renamed_items.csv") if row["number"] == "1182"]
    assert [(row["old_id"], row["id"]) for row in again] == [
        (BEFORE, "invasionOfVessels"), (RENAMED, "invasionOfVessels"),
    ]  # fmt: skip


def test_comparison_and_what_is_judged_otherwise(merged: Path) -> None:
    old, new = TableSet(DATA), TableSet(merged / "tables")
    assert compare_items(old, new)["change"].to_list().count("added") == 1
    assert compare_items(new, new).is_empty()
    assert compare_codes(new, new).is_empty()
    assert judged_otherwise(old, new) == {
        LONGER: LONGER, "laterality": "laterality", LONGER_CODES: LONGER_CODES,
    }  # fmt: skip
    values = pl.DataFrame({"side": ["1", "5", "6"]})
    for tables, allowed in ((old, [True, True, False]), (new, [True, False, True])):
        assert values.select(tables.allows("laterality", pl.col("side"))).to_series().to_list() == allowed
    assert set(new.codes(ADDED)) == {"01", "02", "03"}


def test_names_of_files_do_not_matter(merged: Path, tmp_path: Path) -> None:
    source = merged / "published" / "dictionaries" / "naaccr-dictionary-270.xml"
    (tmp_path / "naaccr" / "dictionaries").mkdir(parents=True)
    shutil.copy(source, tmp_path / "naaccr" / "dictionaries" / "new.xml")
    for path in (tmp_path, tmp_path / "naaccr", source):
        found = merging.published(path)
        assert (found.newest, list(found.dictionaries)) == ("270", ["naaccr-dictionary-270.xml"])


def test_two_different_dictionaries_of_a_version(merged: Path, tmp_path: Path) -> None:
    text = (merged / "published" / "dictionaries" / "naaccr-dictionary-270.xml").read_text()
    (tmp_path / "a.xml").write_text(text)
    (tmp_path / "b.xml").write_text(text)
    assert merging.published(tmp_path).newest == "270"
    (tmp_path / "b.xml").write_text(text.replace("Serum", "Other"))
    with pytest.raises(BadInput, match="two different files"):
        merging.published(tmp_path)


def test_a_table_that_is_no_table(tmp_path: Path) -> None:
    published = publish(tmp_path / "published")
    (published / "codes" / "naaccr-v27-documented-codes.csv.gz").write_bytes(
        gzip.compress(b"a,b\n1,2\n", mtime=0)
    )
    with pytest.raises(BadInput, match="published tables cannot be read"):
        merging.merge(DATA, merging.published(published), tmp_path / "tables")


def test_a_pack_is_its_contents(tmp_path: Path) -> None:
    content, digest = installed.pack(DATA)
    shutil.copytree(DATA, tmp_path / "copy")
    codes = tmp_path / "copy" / "codes.csv.gz"
    codes.write_bytes(gzip.compress(gzip.decompress(codes.read_bytes()), compresslevel=1, mtime=0))
    assert installed.pack(tmp_path / "copy")[1] == digest, "how it is compressed does not matter"
    with pytest.raises(NotReady, match="cannot be unfolded"):
        installed.unfold(content, "0" * 64)
    with pytest.raises(NotReady, match="cannot be unfolded"):
        installed.unfold(content[: len(content) // 2], "1" * 64)


@needs_shared
def test_merging_the_newest_version_equals_building_from_all(tmp_path: Path) -> None:
    """Tables of 14 to 25 with 26 merged are those built from 14 to 26 at once."""
    older, newest = tmp_path / "older", tmp_path / "newest"
    for part in ("dictionaries", "items", "codes"):
        shutil.copytree(shared("naaccr", part), older / "naaccr" / part)
    (older / "coding").symlink_to(shared("coding"))
    for part, pattern in (("dictionaries", "naaccr-dictionary-260.xml"), ("codes", "*-v26*")):
        (newest / part).mkdir(parents=True)
        for path in (older / "naaccr" / part).glob(pattern):
            shutil.move(path, newest / part)
    for path in (older / "naaccr" / "codes").glob("padoh-*"):
        shutil.copy(path, newest / "codes")
    build.build(older, tmp_path / "known")
    merging.merge(tmp_path / "known", merging.published(newest), tmp_path / "merged")
    build.build(shared(), tmp_path / "whole")
    for name in TABLES:
        whole = merging.read(tmp_path / "whole" / name)
        assert merging.read(tmp_path / "merged" / name) == whole, name


def test_codes_follow_an_item_to_its_new_id(merged: Path, tmp_path: Path) -> None:
    lone = merged / "published" / "dictionaries" / "naaccr-dictionary-270.xml"
    merging.merge(DATA, merging.published(lone), tmp_path)
    old, new = TableSet(DATA), TableSet(tmp_path)
    assert new.codes(RENAMED) == old.codes(BEFORE) != {}
    assert RENAMED in new.closed
    kinds = {row["item"]: row["kind"] for row in merging.read(tmp_path / "item_types.csv")}
    assert kinds[RENAMED] == kinds[BEFORE]
    assert compare_codes(old, new).is_empty()
