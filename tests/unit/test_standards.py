"""The dictionary, the code lists and the sex conversion."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

from registry import standards
from registry.errors import BadInput, NotFound
from registry.standards import sex_at_birth


def test_importing_standards_loads_no_polars() -> None:
    code = "import registry.standards, sys; assert 'polars' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", standards.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(standards, name) is not None


def test_counts_of_items_by_version() -> None:
    assert {v: standards.dictionary(v).items.height for v in standards.VERSIONS} == {
        "140": 527, "150": 534, "160": 564, "180": 772, "210": 798,
        "220": 810, "230": 782, "240": 783, "250": 780, "260": 771,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "column", "end"), [("140", 540, 22824), ("160", 540, 22824), ("180", 554, 24194)]
)
def test_items_of_flat_versions_fill_a_record_without_overlap(version: str, column: int, end: int) -> None:
    base, user = standards.dictionary(version), standards.default_user_dictionary(version)
    assert user is not None and base.item("primarySite").start_column == column  # type: ignore[union-attr]
    items = pl.concat([base.items, user.items]).sort("start_column")
    ends = items["start_column"] + items["length"]
    assert (items["start_column"][1:] >= ends[:-1]).all()
    assert ends[-1] - 1 == end


def test_versions_after_18_have_no_columns() -> None:
    assert standards.dictionary("210").items["start_column"].null_count() == 798


def test_the_items_that_left_and_came_in_version_26() -> None:
    older, newer = (set(standards.dictionary(v).ids()) for v in ("250", "260"))
    assert len(older - newer) == 17 and len(newer - older) == 8
    assert standards.item("comorbidComplication1").last_version == "250"
    assert standards.item("sexAssignedAtBirth").first_version == "260"


def test_ids_by_level_and_record_type() -> None:
    dictionary = standards.dictionary("260")
    confidential = set(dictionary.ids(record_type="A")) - set(dictionary.ids(record_type="I"))
    assert {"nameLast", "socialSecurityNumber"} <= confidential
    assert "primarySite" in dictionary.ids(level="Tumor") and "primarySite" not in dictionary.ids(
        level="Patient"
    )
    numbers = [dictionary.item(i).number for i in dictionary.ids()]  # type: ignore[union-attr]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("written", ["26", "260", 26, 260, "v26", "V260"])
def test_a_version_may_be_written_in_several_ways(written: str | int) -> None:
    assert standards.dictionary(written).version == "260"


@pytest.mark.parametrize("version", ["120", "27", "", "abc"])
def test_an_unknown_version_is_refused_in_one_line(version: str) -> None:
    with pytest.raises(NotFound, match="use one of"):
        standards.dictionary(version)


def test_an_unknown_item_says_what_was_meant() -> None:
    with pytest.raises(NotFound, match="did you mean primarySite"):
        standards.item("primarysite")


def test_a_renamed_item_is_found_under_its_old_id() -> None:
    assert standards.item("eodMets").id == standards.item("seerMets").id == "eodMets"


def test_date_flags_belong_to_version_22_and_older() -> None:
    flags = standards.date_flags("220")
    assert flags["rxDateSurgery"] == "rxDateSurgeryFlag"
    assert flags["subsqRx2ndCourseDate"] == "subsqRx2ndcrsDateFlag"
    assert len(flags) == 29 and standards.date_flags("260") == {}
    assert standards.is_date_flag("dateOfBirthFlag") and not standards.is_date_flag("icdO3ConversionFlag")


@pytest.mark.parametrize(
    ("item", "code", "label"),
    [
        ("vitalStatus", "1", "Alive"),
        ("race1", "01", "White"),
        ("histologicTypeIcdO3", "8140", "Adenocarcinoma, NOS"),
        ("causeOfDeath", "C509", None),
        ("sex", "2", "Female"),
        ("addrAtDxState", "NY", "New York"),
    ],
)
def test_labels_of_known_codes(item: str, code: str, label: str | None) -> None:
    found = standards.label(item, code)
    assert found is not None and (label is None or found == label)


def test_labels_are_short() -> None:
    for item in ("race1", "classOfCase", "summaryStage2018", "reasonForNoSurgery"):
        assert all(len(text) <= 80 and "\n" not in text for text in standards.codes(item)["label"])


def test_items_without_a_closed_list() -> None:
    assert standards.codes("nameLast").is_empty()
    assert standards.codes("socialSecurityNumber").is_empty()
    assert standards.code_set("eodPrimaryTumor") == frozenset()
    assert not standards.is_closed("causeOfDeath")


@pytest.mark.parametrize(
    ("item", "value", "allowed"),
    [
        ("primarySite", "C509", True),
        ("primarySite", "C999", False),
        ("tumorSizeSummary", "988", True),
        ("tumorSizeSummary", "02", False),
        ("psaLabValue", "73.8", True),
        ("psaLabValue", "XXX.7", True),
        ("psaLabValue", "1000.1", False),
        ("breslowTumorThickness", "A5.0", True),
        ("oncotypeDxRecurrenceScoreInvasiv", "035", True),
        ("oncotypeDxRecurrenceScoreInvasiv", "101", False),
        ("sequenceNumberCentral", "03", True),
        ("sequenceNumberCentral", "97", False),
        ("nameLast", "anything", True),
    ],
)
def test_values_against_closed_lists(item: str, value: str, allowed: bool) -> None:
    frame = pl.DataFrame({"value": [value]})
    assert frame.select(standards.in_list(item, pl.col("value"))).item() is allowed


def test_topography_and_morphology() -> None:
    assert standards.topography().height == 330
    assert standards.topography()["code"].is_sorted()
    morphology = standards.morphology()
    assert morphology.schema["code"] == pl.String
    assert not morphology.select("edition", "code", "behavior").is_duplicated().any()
    assert set(morphology["edition"]) == {"ICD-O-3", "ICD-O-3.2", "NAACCR-25", "NAACCR-26"}


@pytest.mark.parametrize(
    ("new", "old", "resolved"),
    [
        ("1", None, "1"), ("2", "1", "2"), (None, "5", "1"), (None, "6", "2"), ("", "1", "1"),
        (None, "3", "9"), (None, None, "9"), ("9", "1", "9"), (None, "7", "9"), (" ", "2", "2"),
    ],
)  # fmt: skip
def test_sex_at_birth_from_either_item(new: str | None, old: str | None, resolved: str) -> None:
    schema = {"sexAssignedAtBirth": pl.String, "sex": pl.String}
    frame = pl.DataFrame({"sexAssignedAtBirth": [new], "sex": [old]}, schema=schema)
    assert frame.select(sex_at_birth()).item() == resolved
    if new is None:
        assert frame.drop("sexAssignedAtBirth").select(sex_at_birth()).item() == resolved
    if old is None:
        assert frame.drop("sex").select(sex_at_birth()).item() == resolved
    lazily = frame.lazy().filter(sex_at_birth() == resolved).with_columns(sex_at_birth()).collect()
    assert lazily["sex_at_birth"].to_list() == [resolved]


def test_converting_sex_logs_every_row() -> None:
    frame = pl.DataFrame({"sex": ["1", "4", "6", "2", "8", None], "sexAssignedAtBirth": [None, None, None, "1", None, None]})  # fmt: skip
    filled, log = standards.convert_sex(frame)
    assert filled["sexAssignedAtBirth"].to_list() == ["1", "9", "2", "1", None, None]
    assert filled["sex"].equals(frame["sex"])
    assert log.rows() == [
        (0, "1", "1", "converted"),
        (1, "4", "9", "converted"),
        (2, "6", "2", "converted"),
        (3, "2", "1", "kept"),
        (4, "8", None, "no rule"),
    ]


def test_converting_sex_without_the_old_item_changes_nothing() -> None:
    frame = pl.DataFrame({"sexAssignedAtBirth": ["1"]})
    filled, log = standards.convert_sex(frame)
    assert filled.equals(frame) and log.is_empty()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<NaaccrDictionary>", "not well-formed"),
        (b"<other/>", "expected NaaccrDictionary"),
        (b"<NaaccrDictionary><ItemDefs><ItemDef naaccrId='a'/></ItemDefs></NaaccrDictionary>", "no usable"),
        (b"<NaaccrDictionary><ItemDef naaccrId='a'/></NaaccrDictionary>", "not expected"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><NaaccrDictionary/>', "entities"),
    ],
)
def test_a_broken_user_dictionary_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        standards.user_dictionary(data, "state.xml")
