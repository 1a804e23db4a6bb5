"""Other tables than the package's own come into use without a restart, and leave no trace."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import edits, standards
from registry.errors import NotFound
from registry.formats import NaaccrData, NaaccrHeader, read_naaccr_xml, write_naaccr_xml
from registry.formats.naaccr.translate import translate
from registry.security import roles
from registry.standards import merging, tables
from tests.next_version import LONGER, LONGER_CODES, publish


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Path]:
    """The package's items with a version 270 that adds a confidential item and drops another."""
    lines = (tables.DATA / "items.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.replace(" 260,", " 260 270,", 1) for line in lines if not line.startswith("user")]
    rows = [line.replace(" 260 270,2232,", " 260,2232,", 1) for line in rows]
    rows.append("base,270,4999,petName,Name--Pet,40,Patient,AMC,text,none,all,false,")
    (tmp_path / "items.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    yield tmp_path
    tables.use()


def test_tables_of_a_folder_win_and_the_others_stay(newer: Path) -> None:
    before = standards.versions(), standards.dictionary().version, roles.direct_identifiers()
    tables.use(newer)
    assert standards.CURRENT_VERSION == standards.VERSIONS[-1] == standards.dictionary().version == "270"
    assert NaaccrHeader().version == "270", "the newest version is that of today, not of the import"
    assert standards.item("petName").first_version == "270"
    assert standards.dictionary("270").item("nameBirthSurname") is None
    assert standards.item("nameBirthSurname").last_version == "260"
    assert "petName" in roles.direct_identifiers()
    assert standards.label("vitalStatus", "1") == "Alive"
    assert standards.codes("vitalStatus", "270").equals(standards.codes("vitalStatus", "260"))
    tables.use()
    assert (standards.versions(), standards.dictionary().version, roles.direct_identifiers()) == before
    assert standards.CURRENT_VERSION == "260"


def test_an_item_that_changes_only_in_capitals_keeps_its_column(newer: Path) -> None:
    path = newer / "items.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    old = next(line for line in lines if ",laterality," in line and " 270," in line)
    new = ["base,270" + old[old.index(",410,") :].replace("laterality", "Laterality")]
    lines[lines.index(old)] = old.replace(" 270,", ",")
    path.write_text("\n".join([*lines, *new]) + "\n", encoding="utf-8")
    tables.use(newer)
    assert standards.dictionary("270").item("laterality") is None
    assert standards.dictionary("270").item("Laterality").column == "laterality"
    assert standards.dictionary("260").item("laterality").column == "laterality"
    user = standards.Dictionary(None, "urn:x", [standards.Item(410, "LATERALITY", "Side", 1, "Tumor", "A")])
    both = standards.dictionary("270").merged([user])
    assert [item.column for item in both.definitions if item.number == 410] == [
        "laterality",
        "LATERALITY__410",
    ]

    def data(naaccr_id: str, version: str) -> NaaccrData:
        xml = (
            '<NaaccrData xmlns="http://naaccr.org/naaccrxml" recordType="A" specificationVersion="1.8" '
            f'baseDictionaryUri="{standards.dictionary(version).uri}"><Patient><Tumor>'
            f'<Item naaccrId="{naaccr_id}">2</Item></Tumor></Patient></NaaccrData>'
        )
        return read_naaccr_xml(xml.encode())

    read = data("Laterality", "270")
    assert read.errors.is_empty() and read.tumors["laterality"].to_list() == ["2"]
    assert read.items["item"].to_list() == ["Laterality"]
    carried = translate(data("laterality", "260"), "270")
    assert carried.lost.is_empty() and carried.data.tumors["laterality"].to_list() == ["2"]
    out = io.BytesIO()
    report = write_naaccr_xml(out, carried.data.patients, carried.data.tumors, header=carried.data.header)
    assert report.left_out == [] and b'<Item naaccrId="Laterality">2</Item>' in out.getvalue()


def test_codes_are_not_lengthened_into_something_that_is_none(newer: Path, tmp_path: Path) -> None:
    merging.merge(tables.DATA, merging.published(publish(tmp_path / "naaccr-27")), newer)
    tables.use(newer)
    values = ["30", "99", "7", "x1", None]
    old = NaaccrData(
        NaaccrHeader(version="260", record_type="A"),
        pl.DataFrame({"patient_index": [0]}),
        pl.DataFrame(
            {
                "patient_index": [0] * 5,
                "tumor_index": range(5),
                LONGER_CODES: values,
                LONGER: ["1234567890"] + [None] * 4,
            }
        ),
        pl.DataFrame(),
    )
    done = translate(old, "270")
    assert done.data.tumors[LONGER_CODES].to_list() == ["030", *values[1:]]
    assert done.data.tumors[LONGER].to_list() == ["001234567890", *[None] * 4]
    why = "a value of 2 characters that has no form of 3"
    assert done.lost.select("tumor_index", "item", "value", "reason").rows() == [
        (1, LONGER_CODES, "99", why),
        (3, LONGER_CODES, "x1", why),
    ]


def test_compiled_edits_follow_the_tables(newer: Path) -> None:
    records = pl.DataFrame({"recordType": ["A"], "naaccrRecordVersion": ["270"]})

    def faults() -> bool:
        return "record-type-valid" in edits.run(None, records)["edit"].to_list()

    assert faults()
    tables.use(newer)
    assert not faults()
    tables.use()
    assert faults()


def test_a_missing_folder_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="reference tables"):
        tables.use(tmp_path / "nothing")
    assert tables.FOLDERS == [tables.DATA]


def test_a_folder_may_hold_all_tables(tmp_path: Path) -> None:
    shutil.copytree(tables.DATA, tmp_path / "all")
    tables.use(tmp_path / "all")
    try:
        assert tables.find("codes.csv.gz").parent == tmp_path / "all"
        assert standards.label("vitalStatus", "1") == "Alive"
    finally:
        tables.use()
