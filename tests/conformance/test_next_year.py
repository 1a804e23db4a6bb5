"""Next year's version needs no change of code: a made-up NAACCR 27 is built, put into use and understood."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.formats.naaccr.decode import decode
from registry.standards import tables
from registry.standards.build import build
from tests.paths import needs_shared, shared

pytestmark = needs_shared

NEW_ITEMS = """
<ItemDef naaccrId="petsAtHome" naaccrNum="4901" naaccrName="Pets at Home" length="1" recordTypes="A,M,C,I"
    parentXmlElement="Patient"/>
<ItemDef naaccrId="datePetAcquired" naaccrNum="4902" naaccrName="Date Pet Acquired" length="8"
    recordTypes="A,M" parentXmlElement="Patient" dataType="date"/>
<ItemDef naaccrId="petWeight" naaccrNum="4903" naaccrName="Pet Weight" length="3" recordTypes="A,M,C,I"
    parentXmlElement="Patient" dataType="digits" padding="leftZero"/>
"""
LOOKUPS = 'petsAtHome,0,None\npetsAtHome,1,One\npetsAtHome,2,More\nlaterality,6,"Both, as of 2027"\n'
CODES = "4903,petWeight,Patient,001-997,Weight in kg\n4903,petWeight,Patient,999,Unknown\n"


def published_270(folder: Path) -> Path:
    """The published files with those of version 27 beside them, made from those of 26."""
    for name in ("coding", "naaccr"):
        (folder / name).mkdir()
        for path in shared(name).iterdir():
            if path.name not in ("dictionaries", "codes"):
                (folder / name / path.name).symlink_to(path)
    naaccr = folder / "naaccr"
    for name in ("dictionaries", "codes"):
        (naaccr / name).mkdir()
        for path in shared("naaccr", name).iterdir():
            (naaccr / name / path.name).symlink_to(path)
    text = shared("naaccr", "dictionaries", "naaccr-dictionary-260.xml").read_text(encoding="utf-8")
    text = text.replace("dictionary-260", "dictionary-270").replace("</ItemDefs>", NEW_ITEMS + "</ItemDefs>")
    text = text.replace('naaccrVersion="260"', 'naaccrVersion="270"')
    text, gone = re.subn(r'<ItemDef naaccrId="archiveFin"[^>]*/>', "", text)
    assert gone == 1
    text = text.replace('naaccrId="nameBirthSurname"', 'naaccrId="nameAtBirth"')
    (naaccr / "dictionaries" / "naaccr-dictionary-270.xml").write_text(text, encoding="utf-8")
    for kind, added in (("lookups", LOOKUPS), ("documented-codes", CODES)):
        old = gzip.decompress(shared("naaccr", "codes", f"naaccr-v26-{kind}.csv.gz").read_bytes()).decode()
        (naaccr / "codes" / f"naaccr-v27-{kind}.csv.gz").write_bytes(gzip.compress((old + added).encode()))
    return folder


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    source, out = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("tables")
    build(published_270(source), out)
    tables.use(out)
    yield out
    tables.use()


def test_the_new_version_is_the_current_one(newer: Path) -> None:
    assert standards.CURRENT_VERSION == "270" and standards.VERSIONS[:2] == ("140", "150")
    assert standards.dictionary("27").items.height == standards.dictionary("260").items.height + 2
    assert standards.dictionary("27").uri.endswith("naaccr-dictionary-270.xml")
    assert standards.version_code(27) == "270"


def test_what_changed_in_it(newer: Path) -> None:
    found = standards.diff("260", "270").select("item", "number", "change").rows()
    assert found == [
        ("petsAtHome", 4901, "added"),
        ("datePetAcquired", 4902, "added"),
        ("petWeight", 4903, "added"),
        ("archiveFin", 3100, "retired"),
        ("nameAtBirth", 2232, "renamed"),
    ]
    assert standards.item("nameBirthSurname").id == "nameAtBirth"
    assert standards.item("archiveFin").last_version == "260"
    assert standards.item("petWeight").first_version == "270"


def test_its_codes(newer: Path) -> None:
    assert standards.label("laterality", "6") == "Both, as of 2027"
    values = pl.DataFrame({"value": ["6", "9"]})
    for version, allowed in (("260", [False, True]), ("270", [True, True])):
        assert (
            values.select(standards.in_list("laterality", pl.col("value"), version))["value"].to_list()
            == allowed
        )
    assert standards.is_closed("petsAtHome")
    assert standards.label("vitalStatus", "1") == "Alive"


def test_its_items_decode_without_published_types(newer: Path) -> None:
    frame = pl.DataFrame({"petsAtHome": ["2"], "datePetAcquired": ["2026"], "petWeight": ["12"]})
    found = decode(pl.concat([frame, frame.with_columns(petWeight=pl.lit("999"))]))
    assert found["petsAtHome"].to_list() == ["More", "More"]
    assert found["datePetAcquiredPrecision"].to_list() == ["year", "year"]
    assert found["petWeight"].to_list() == [12, None]
    assert found["petWeightReason"].to_list() == [None, "Unknown"]


def test_its_dictionary_has_no_fault(newer: Path, tmp_path: Path) -> None:
    path = published_270(tmp_path) / "naaccr" / "dictionaries" / "naaccr-dictionary-270.xml"
    assert standards.validate_dictionary(path.read_bytes(), path.name).is_empty()
    state = b"NAACCR XML ID,NAACCR Number,Length,Parent XML Element\npetsAtHome,9700,1,Patient\n"
    assert standards.validate_dictionary(state, "state.csv", "270")["code"].to_list() == ["standard-id"]
    assert standards.validate_dictionary(state, "state.csv", "260").is_empty()


def test_the_older_tables_come_back(newer: Path) -> None:
    tables.use()
    try:
        assert standards.CURRENT_VERSION == "260"
        assert standards.label("laterality", "6") is None
    finally:
        tables.use(newer)
