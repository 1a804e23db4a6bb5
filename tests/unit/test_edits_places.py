"""Tables of places: made from published lists, replaced by newer ones."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.edits import build_places, places, plan
from registry.errors import BadInput, NotFound
from registry.standards import tables

ZIPS = "zip,state\n560,MN\n561,MN\n56027,MN\n56027,IA\n503,IA\n50309,IA\n09012,AE\n"
TRACTS = "USPS\tGEOID\tALAND\t\nIA\t19153000200\t1\t\nIA\t19153000101\t2\t\nIL\t17031010100\t3\t\n"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "zip_states.csv").write_text(ZIPS)
    (folder / "tracts.txt").write_text("\ufeff" + TRACTS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def installed(published: Path, tmp_path: Path) -> Iterator[Path]:
    out = tmp_path / "tables"
    out.mkdir()
    build_places.build(published, out)
    tables.use(out)
    plan.forget()
    yield out
    tables.use()
    plan.forget()


def fired(edit_id: str, **record: str) -> bool:
    return edits.run(None, pl.DataFrame([record]), [edit_id], as_of=dt.date(2026, 11, 1)).height == 1


def test_lists_become_ranges_of_prefixes_and_tracts_of_counties(published: Path, tmp_path: Path) -> None:
    counted = build_places.build(published, tmp_path)
    rows = (tmp_path / "postal_codes.csv").read_text().splitlines()
    assert rows[:5] == [
        "first,last,state",
        "09000,09099,AE",
        "50300,50399,IA",
        "56000,56199,MN",
        "56027,56027,IA",
    ]
    assert counted["postal_codes.csv"] == len(rows) - 1 == 4 + 18 + 1, "and 18 letters, X for two territories"
    assert gzip.decompress((tmp_path / "census_tracts_2020.csv.gz").read_bytes()).decode().splitlines() == [
        "state,county,tracts",
        "IA,153,000101 000200",
        "IL,031,010100",
    ]


def test_a_second_build_writes_the_same_bytes(published: Path, tmp_path: Path) -> None:
    def written() -> bytes:
        build_places.build(published, tmp_path)
        return (tmp_path / "census_tracts_2020.csv.gz").read_bytes()

    assert written() == written()


@pytest.mark.usefixtures("installed")
def test_installed_tables_come_before_the_package_s_own() -> None:
    assert fired("tract-county", addrAtDxState="IA", countyAtDx="153", censusTract2020="000300")
    assert not fired("tract-county", addrAtDxState="IA", countyAtDx="001", censusTract2020="000300")
    assert fired("state-postal", addrAtDxState="IA", addrAtDxPostalCode="52240")
    assert not fired("state-postal", addrAtDxState="NE", addrAtDxPostalCode="52240"), "no list for Nebraska"


def test_missing_or_strange_lists_are_said_in_one_line(published: Path, tmp_path: Path) -> None:
    (published / "places" / "tracts.txt").write_text("GEOID\n1915300020\n")
    with pytest.raises(BadInput, match="GEOID"):
        build_places.build(published, tmp_path)
    (published / "places" / "tracts.txt").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="first line"):
        build_places.build(published, tmp_path)
    (published / "places" / "tracts.txt").unlink()
    with pytest.raises(NotFound):
        build_places.build(published, tmp_path)


def test_shipped_tables_are_complete() -> None:
    tracts = places.table("census_tracts_2020.csv.gz")
    assert tracts.get_column("state").n_unique() == 52
    assert tracts.get_column("tracts").str.split(" ").list.len().sum() == 85_395, "as the 2020 Census counted"
    postal = places.table("postal_codes.csv")
    assert set(postal.get_column("state")) >= set(tracts.get_column("state"))
    assert set(postal.get_column("state")) <= set(places.state_codes())
