"""Our tables say what the published dictionaries say, and building them again gives the same bytes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry import standards
from registry.standards.build import build
from registry.standards.tables import DATA
from tests.paths import needs_shared, shared

ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@needs_shared
@pytest.mark.parametrize("version", standards.VERSIONS)
def test_every_item_of_a_base_dictionary(version: str) -> None:
    path = shared("naaccr", "dictionaries", f"naaccr-dictionary-{version}.xml")
    text = path.read_text(encoding="utf-8")
    published = {}
    for element in re.findall(r"<ItemDef\s([^>]*)/>", text):
        a = dict(ATTRIBUTE.findall(element))
        name = a["naaccrName"].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
        published[a["naaccrId"]] = (
            int(a["naaccrNum"]),
            name,
            int(a["length"]),
            a["parentXmlElement"],
            a["recordTypes"].replace(",", ""),
            a.get("dataType", "text"),
            a.get("padding", "none"),
            a.get("allowUnlimitedText") == "true",
            int(a["startColumn"]) if "startColumn" in a else None,
        )
    ours = standards.dictionary(version).items
    columns = ["id", "number", "name", "length", "level", "record_types", "data_type", "padding", "unlimited"]
    columns.append("start_column")
    assert {row[0]: row[1:] for row in ours.select(columns).rows()} == published


@needs_shared
def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    build(shared(), tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (DATA / path.name).read_bytes(), path.name
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_000_000
    assert {p.name for p in DATA.iterdir()} == {p.name for p in tmp_path.iterdir()}
