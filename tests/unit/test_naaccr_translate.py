"""From one NAACCR version to another: every value is carried or listed."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.formats.naaccr.data import FAULTS, NaaccrData
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.translate import Translation, translate
from registry.standards import Item
from registry.standards.items import Dictionary


def data(
    version: str,
    patients: dict[str, list[str | None]],
    tumors: dict[str, list[str | None]] | None = None,
    of_patient: list[int] | None = None,
    **header: object,
) -> NaaccrData:
    """Patients with one tumor each, unless `of_patient` says whose the tumors are."""
    count = len(next(iter(patients.values()), [None]))
    of_patient = list(range(count)) if of_patient is None else of_patient
    index = [of_patient[:at].count(patient) for at, patient in enumerate(of_patient)]
    texts = {"patient_index": pl.Int64, "tumor_index": pl.Int64}
    return NaaccrData(
        NaaccrHeader(version=version, record_type="A", **header),  # type: ignore[arg-type]
        pl.DataFrame({"patient_index": range(count), **patients}, schema_overrides=texts),
        pl.DataFrame(
            {"patient_index": of_patient, "tumor_index": index, **(tumors or {})}, schema_overrides=texts
        ),
        pl.DataFrame(schema=FAULTS),
    )


def lost(done: Translation) -> list[tuple[object, ...]]:
    return done.lost.select("patient_index", "tumor_index", "item", "number", "value").rows()


@pytest.mark.parametrize(
    ("version", "old", "new", "to"),
    [
        ("160", "derivedSs2017", "derivedSummaryStage2018", "260"),
        ("160", "seerMets", "eodMets", "210"),
        ("180", "eodMets", "seerMets", "160"),
        ("180", "dateRegionalLymphNodeDissection", "dateRegionalLNDissection", "210"),
        ("210", "primarySite", "primarySite", "260"),
        ("260", "primarySite", "primarySite", "140"),
    ],
)
def test_items_are_matched_by_number(version: str, old: str, new: str, to: str) -> None:
    done = translate(data(version, {}, {old: ["1"]}), to)
    assert done.data.tumors.columns == ["patient_index", "tumor_index", new]
    assert done.data.tumors[new].to_list() == ["1"]
    assert done.lost.is_empty()


def test_the_header_says_the_new_version_and_keeps_the_rest() -> None:
    old = data(
        "210",
        {},
        time_generated="2022-01-02T03:04:05Z",
        specification_version="1.4",
        user_dictionaries=("http://naaccr.org/naaccrxml/user-defined-naaccr-dictionary-210.xml", "urn:own"),
        items={"naaccrRecordVersion": "210", "registryId": "0000001234"},
        attributes={"{urn:x}note": "n"},
    )
    assert translate(old, "26").data.header == NaaccrHeader(
        version="260",
        record_type="A",
        time_generated="2022-01-02T03:04:05Z",
        specification_version="1.4",
        user_dictionaries=("urn:own",),
        items={"naaccrRecordVersion": "260", "registryId": "0000001234"},
        attributes={"{urn:x}note": "n"},
    )
    back = translate(old, "180").data.header.user_dictionaries
    assert back == ("http://naaccr.org/naaccrxml/user-defined-naaccr-dictionary-180.xml", "urn:own")


def test_retired_items_and_date_flags_are_listed_with_their_reason() -> None:
    old = data("220", {"dateOfBirthFlag": ["12"], "dateOfBirth": [None]}, {"ehrReporting": ["x"]})
    done = translate(old, "230")
    assert done.lost.rows() == [
        (
            0,
            None,
            "dateOfBirthFlag",
            241,
            "12",
            "date flags are not part of NAACCR 230: the date is only left blank",
        )
    ]
    assert done.data.tumors.columns == ["patient_index", "tumor_index", "ehrReporting"]
    done = translate(data("240", {}, {"pediatricStage": ["2"]}), "260")
    assert done.lost["reason"].to_list() == ["not an item of NAACCR 260"]


def test_an_item_moves_up_when_the_tumors_agree() -> None:
    item = "followUpSourceCentral"
    old = data(
        "230",
        {"nameLast": ["A", "B", "C"]},
        {item: ["10", None, "20", "20", "10", "30"]},
        of_patient=[0, 0, 1, 1, 2, 2],
    )
    done = translate(old, "240")
    assert done.data.patients[item].to_list() == ["10", "20", None]
    assert item not in done.data.tumors.columns
    assert lost(done) == [(2, 0, item, 1791, "10"), (2, 1, item, 1791, "30")]
    assert "disagree" in done.lost["reason"][0]


def test_an_item_moves_down_to_every_tumor() -> None:
    item = "followUpSourceCentral"
    done = translate(data("240", {item: ["10", "20"]}, {}, of_patient=[0, 0]), "230")
    assert done.data.tumors[item].to_list() == ["10", "10"]
    assert lost(done) == [(1, None, item, 1791, "20")]


def test_sex_becomes_sex_assigned_at_birth_and_lost_meaning_is_listed() -> None:
    done = translate(data("250", {"sex": ["1", "2", "9", "3", "5", "8", None]}), "260")
    assert done.data.patients["sexAssignedAtBirth"].to_list() == ["1", "2", "9", "9", "1", None, None]
    assert "sex" not in done.data.patients.columns
    assert done.lost.select("patient_index", "value", "reason").rows() == [
        (3, "3", "became sexAssignedAtBirth 9, which says less"),
        (4, "5", "became sexAssignedAtBirth 1, which says less"),
        (5, "8", "sexAssignedAtBirth has no such code"),
    ]


def test_sex_assigned_at_birth_stays_where_it_is_filled() -> None:
    done = translate(data("250", {"sex": ["1", "2"], "sexAssignedAtBirth": ["2", "2"]}), "260")
    assert done.data.patients["sexAssignedAtBirth"].to_list() == ["2", "2"]
    assert done.lost.select("value", "reason").rows() == [("1", "sexAssignedAtBirth says 2")]


def test_sex_assigned_at_birth_becomes_sex_in_older_versions() -> None:
    done = translate(data("260", {"sexAssignedAtBirth": ["1", "9", "X"]}), "180")
    assert done.data.patients["sex"].to_list() == ["1", "9", None]
    assert lost(done) == [(2, None, "sexAssignedAtBirth", 225, "X")]


def test_specimen_dates_change_their_form() -> None:
    item, dates = "pathDateSpecCollect1", ["20240131", "202401", "2024", "31.1.2024"]
    people: dict[str, list[str | None]] = {"nameLast": ["A", "B", "C", "D"]}
    up = translate(data("240", people, {item: [*dates]}), "250")
    assert up.data.tumors[item].to_list() == ["2024-01-31", "2024-01", "2024", "31.1.2024"]
    down = translate(up.data, "240")
    assert down.data.tumors[item].to_list() == dates
    assert up.lost.is_empty() and down.lost.is_empty()
    timed = translate(data("250", {}, {item: ["2024-01-31T10:20:30Z"]}), "240")
    assert timed.data.tumors[item].to_list() == ["20240131"]
    assert timed.lost["value"].to_list() == ["2024-01-31T10:20:30Z"]


def test_long_text_is_carried_whole_to_a_version_with_less_room() -> None:
    done = translate(data("260", {}, {"textRemarks": ["x" * 4000]}), "180")
    assert done.data.tumors["textRemarks"].to_list() == ["x" * 4000]


def test_user_items_are_carried_by_number() -> None:
    state = Dictionary(
        None,
        "urn:state",
        [
            Item(9501, "localThing", "Local", 1, "Tumor", "AMCI"),
            Item(9502, "sexAssignedAtBirth", "Own", 1, "Patient", "AMCI"),
        ],
    )
    old = data(
        "250",
        {"sexAssignedAtBirth__9502": ["Q"], "sex": ["1"]},
        {"localThing": ["1"], "notKnownAtAll": ["2"]},
        user_dictionaries=("urn:state",),
    )
    done = translate(old, "260", dictionaries=[state])
    assert done.data.tumors.columns[2:] == ["localThing", "notKnownAtAll"]
    assert done.data.patients.select("sexAssignedAtBirth", "sexAssignedAtBirth__9502").rows() == [("1", "Q")]
    assert done.lost.is_empty()


def test_an_id_that_newly_means_something_is_not_mixed_up_in_silence() -> None:
    old = data("250", {"sexAssignedAtBirth": ["Q"]}, user_dictionaries=("urn:state",))
    assert translate(old, "260").lost["reason"].to_list() == [
        "sexAssignedAtBirth is another item in NAACCR 260; give the user dictionary"
    ]


def test_the_same_version_is_the_same_data() -> None:
    same = data("250", {"nameLast": ["A"]})
    assert translate(same, "250").data is same


VALUES = st.one_of(st.none(), st.sampled_from(["0", "1", "9", "20240131", "x"]))


@st.composite
def any_data(draw: st.DrawFn) -> tuple[NaaccrData, str]:
    source, target = draw(st.sampled_from(standards.VERSIONS)), draw(st.sampled_from(standards.VERSIONS))
    dictionary = standards.dictionary(source)
    of_patient = sorted(draw(st.lists(st.integers(0, 2), max_size=5)))
    odd = ["followUpSourceCentral", "sex", "dateOfDiagnosisFlag", "pathDateSpecCollect1", "seerMets"]
    pool = [*odd, *dictionary.ids()[::40]]
    chosen = draw(st.lists(st.sampled_from([i for i in pool if dictionary.item(i)]), unique=True, max_size=8))
    columns: dict[str, dict[str, list[str | None]]] = {"Patient": {}, "Tumor": {}}
    for name in chosen:
        item = dictionary.item(name)
        assert item is not None
        if item.level != "NaaccrData":
            height = 3 if item.level == "Patient" else len(of_patient)
            columns[item.level][name] = draw(st.lists(VALUES, min_size=height, max_size=height))
    columns["Patient"].setdefault("nameLast", [None] * 3)
    return data(source, columns["Patient"], columns["Tumor"], of_patient), target


@settings(max_examples=150, deadline=None)
@given(any_data())
def test_every_value_is_carried_or_listed(case: tuple[NaaccrData, str]) -> None:
    old, to = case
    done = translate(old, to)

    def number_of(name: str, version: str) -> int | None:
        found = standards.dictionary(version).item(name)
        return found.number if found else None

    before = {
        (patient, number_of(name, old.header.version), value)
        for patient, name, value in old.items.select("patient_index", "item", "value").rows()
    }
    after = {
        (patient, number_of(name, done.data.header.version), value.replace("-", ""))
        for patient, name, value in done.data.items.select("patient_index", "item", "value").rows()
    }
    listed = {row[:3] for row in done.lost.select("patient_index", "number", "value").rows()}
    for patient, number, value in before:
        numbers = {220, 225} if number in (220, 225) else {number}
        assert any((patient, n, value) in after | listed for n in numbers)
    assert done.data.patients.height == old.patients.height
    assert done.data.tumors.height == old.tumors.height
