"""Records with fixed columns: every item in its place, every odd line reported."""

from __future__ import annotations

import gzip
import io
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.errors import BadInput
from registry.formats.naaccr.data import FAULTS, NaaccrData, UnreadableFile
from registry.formats.naaccr.flat import iter_naaccr_flat, read_naaccr_flat, write_naaccr_flat
from registry.formats.naaccr.flat_layout import flat_versions, layout, record_length
from registry.formats.naaccr.frames import merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.standards import Item
from registry.standards.items import Dictionary

STATE = Dictionary(
    "160",
    "urn:state",
    [
        Item(9501, "localThing", "Local", 5, "Tumor", "AMCI", start_column=2340),
        Item(9502, "localOther", "Other", 3, "Patient", "AMCI", start_column=2350),
        Item(9503, "localNowhere", "None", 3, "Tumor", "AMCI"),
    ],
)


def line(version: str = "160", kind: str = "I", /, **values: str) -> str:
    """A record with values at their columns, found in the dictionary alone."""
    text = [" "] * record_length(version, kind)
    known = merged_dictionary(version, [STATE])
    for name, value in {"recordType": kind, "naaccrRecordVersion": version, **values}.items():
        item = known.item(name)
        assert item is not None and item.start_column is not None
        text[item.start_column - 1 : item.start_column - 1 + item.length] = value.ljust(item.length)
    return "".join(text)


def file(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return "".join(one + end for one in lines).encode(encoding)


def faults(data: NaaccrData) -> list[tuple[Any, ...]]:
    return data.errors.select("line", "patient_index", "tumor_index", "item", "value", "code").rows()


def records(
    patients: dict[str, list[Any]],
    tumors: dict[str, list[Any]],
    version: str = "160",
    kind: str = "A",
    **header: Any,
) -> NaaccrData:
    places = {"patient_index": pl.Int64, "tumor_index": pl.Int64}
    of_patients, of_tumors = (
        pl.DataFrame(columns, schema={name: places.get(name, pl.String) for name in columns})
        for columns in (patients, tumors)
    )
    known = NaaccrHeader(version=version, record_type=kind, **header)
    return NaaccrData(known, of_patients, of_tumors, pl.DataFrame(schema=FAULTS))


def written(data: NaaccrData, **how: Any) -> tuple[str, list[tuple[Any, ...]]]:
    out = io.BytesIO()
    report = write_naaccr_flat(out, data, **how)
    return out.getvalue().decode(), report.lost.select(
        "patient_index", "tumor_index", "item", "value", "reason"
    ).rows()


@pytest.mark.parametrize(
    ("version", "kind", "length"),
    [
        *(("140", kind, length) for kind, length in zip("IMCA", (3339, 22824, 5564, 22824), strict=True)),
        *(("150", kind, length) for kind, length in zip("IMCA", (3339, 22824, 5564, 22824), strict=True)),
        *(("160", kind, length) for kind, length in zip("IMCA", (3339, 22824, 5564, 22824), strict=True)),
        *(("180", kind, length) for kind, length in zip("IMCA", (4048, 24194, 6154, 24194), strict=True)),
    ],
)
def test_records_are_as_long_as_the_standard_says_and_have_no_gaps(
    version: str, kind: str, length: int
) -> None:
    record = layout(version, kind)
    assert (record.length, record.gaps) == (length, ())


def test_items_of_a_state_take_the_place_of_the_default_ones() -> None:
    record = layout("160", "I", [STATE])
    assert "stateRequestorItems" not in {item.id for item in record.items}
    assert {"localThing", "localOther"} < {item.id for item in record.items}
    assert record.gaps == ((2345, 5), (2353, 987))


def test_a_state_item_over_a_standard_one_is_refused() -> None:
    bad = Dictionary(
        "160", "urn:bad", [Item(9501, "localThing", "Local", 5, "Tumor", "AMCI", start_column=540)]
    )
    with pytest.raises(BadInput, match="user-defined item localThing: overlaps"):
        layout("160", "I", [bad])


@pytest.mark.parametrize("version", flat_versions())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_items_are_read_from_their_columns(version: str, end: str) -> None:
    text = line(
        version,
        "A",
        patientIdNumber="00000007",
        nameLast="O'Hara",
        primarySite="C504",
        registryId="0000001234",
        textRemarks=" last  words",
    )
    data = read_naaccr_flat(file(text, end=end))
    assert data.items.select("level", "item", "value").rows() == [
        ("NaaccrData", "registryId", "0000001234"),
        ("Patient", "patientIdNumber", "00000007"),
        ("Patient", "nameLast", "O'Hara"),
        ("Tumor", "primarySite", "C504"),
        ("Tumor", "textRemarks", "last  words"),
    ]
    assert (data.header.version, data.header.record_type) == (version, "A")
    assert data.errors.is_empty()


def test_lines_of_one_number_that_follow_each_other_are_one_patient() -> None:
    one, two = ({"patientIdNumber": number} for number in ("00000001", "00000002"))
    data = read_naaccr_flat(
        file(
            line(**one, nameLast="A", primarySite="C504"),
            line(**one, primarySite="C619"),
            line(**two, primarySite="C180"),
            line(primarySite="C220"),
            line(primarySite="C221"),
            line(**one, primarySite="C340"),
            line(**two),
        )
    )
    assert data.tumors.select("patient_index", "tumor_index", "line", "primarySite").rows() == [
        (0, 0, 1, "C504"),
        (0, 1, 2, "C619"),
        (1, 0, 3, "C180"),
        (2, 0, 4, "C220"),
        (3, 0, 5, "C221"),
        (4, 0, 6, "C340"),
    ]
    assert data.patients.height == 6


def test_values_are_judged_and_conflicts_listed_with_their_line() -> None:
    one = {"patientIdNumber": "00000001"}
    data = read_naaccr_flat(
        file(
            line("160", "C", **one, nameLast="DOE", registryId="0000000001", dateOfDiagnosis="20240230"),
            line("160", "C", **one, nameLast="ROE", registryId="0000000002", primarySite="C5O4"),
        )
    )
    assert faults(data) == [
        (1, 0, 0, "dateOfDiagnosis", "20240230", "impossible-date"),
        (2, None, None, "registryId", "0000000002", "conflicting-values"),
        (2, 0, 1, "nameLast", "ROE", "conflicting-values"),
        (2, 0, 1, "primarySite", "C5O4", "code-list"),
    ]
    assert data.patients["nameLast"].to_list() == ["DOE"]


def test_odd_lines_are_reported_and_read_as_far_as_they_go() -> None:
    good = line(primarySite="C504")
    odd = good[:100] + "\0" + good[101:]
    data = read_naaccr_flat(
        file(good, good[:700], good + "  ", good + " more", "", odd, "A" + good[1:]) + b"\x1a"
    )
    assert [
        (row[0], row[1], row[2], row[4], row[5]) for row in faults(data) if row[5] != "trailing-space"
    ] == [
        (2, 1, 0, None, "line-length"),
        (3, 2, 0, None, "line-length"),
        (4, 3, 0, "more", "line-length"),
        (6, 4, 0, None, "odd-character"),
        (7, 5, 0, "A", "record-type"),
    ]
    assert data.tumors["primarySite"].to_list() == ["C504"] * 6


def test_lines_of_another_version_are_put_aside_whole() -> None:
    other = line("180", primarySite="C619")
    data = read_naaccr_flat(file(line(primarySite="C504"), other))
    assert data.tumors["primarySite"].to_list() == ["C504"]
    assert faults(data) == [(2, None, None, None, "180", "base-dictionary")]
    assert data.quarantined.select("line", "content").rows() == [(2, other.encode())]


def test_text_where_no_item_is_gets_reported() -> None:
    text = line(localThing="12345", localOther="abc")
    text = text[:2344] + "XY" + text[2346:]
    data = read_naaccr_flat(file(text), dictionary=STATE)
    assert data.items.select("item", "value").rows() == [("localOther", "abc"), ("localThing", "12345")]
    assert faults(data) == [(1, 0, 0, None, "XY", "unexpected-text")]
    assert data.header.user_dictionaries == ("urn:state",)


@pytest.mark.parametrize(("encoding", "codes"), [("utf-8", []), ("utf-8-sig", []), ("cp1252", ["encoding"])])
def test_letters_beyond_ascii_keep_the_columns(encoding: str, codes: list[str]) -> None:
    data = read_naaccr_flat(line("160", "A", nameLast="MÜLLER", primarySite="C504").encode(encoding))
    assert data.items["value"].to_list() == ["MÜLLER", "C504"]
    assert [row[-1] for row in faults(data)] == codes


def test_batches_are_whole_patients_and_together_the_file() -> None:
    lines = [line(patientIdNumber=f"{n // 3:08}", primarySite=f"C{n % 10}00") for n in range(20)]
    raw = file(*lines)
    whole = read_naaccr_flat(gzip.compress(raw, mtime=0))
    batches = list(iter_naaccr_flat(raw, batch_bytes=10_000))
    assert len(batches) > 3
    assert pl.concat([batch.tumors for batch in batches]).equals(whole.tumors)
    assert pl.concat([batch.patients for batch in batches]).equals(whole.patients)
    assert whole.patients.height == 7


@pytest.mark.parametrize(
    ("raw", "code", "what"),
    [
        (b"", "not-well-formed", "the file is empty"),
        (b"\n \r\n", "not-well-formed", "the file is empty"),
        (b"<NaaccrData/>", "base-dictionary", "columns 17 to 19"),
        (
            line().replace("160", "210").encode(),
            "base-dictionary",
            "columns 17 to 19 of the first line are '210'",
        ),
        ("x".encode("utf-16") * 300, "not-well-formed", "not a text file"),
        (b"I" * (3 << 20), "not-well-formed", "a line has more than"),
    ],
)
def test_what_cannot_be_read_says_why(raw: bytes, code: str, what: str) -> None:
    with pytest.raises(UnreadableFile, match=what) as caught:
        read_naaccr_flat(raw)
    assert caught.value.code == code


def test_a_given_version_and_type_stand_for_missing_ones() -> None:
    text = " " + line(primarySite="C504").replace("160", "   ")[1:]
    data = read_naaccr_flat(file(text), version="16", record_type="I")
    assert data.tumors["primarySite"].to_list() == ["C504"] and data.errors.is_empty()


# -- writing ---------------------------------------------------------------------------------------


def test_what_is_written_is_the_record_of_the_dictionary() -> None:
    data = records(
        {
            "patient_index": [0, 1],
            "patientIdNumber": ["00000007", "00000008"],
            "nameLast": ["O'Hara", "MÜLLER"],
        },
        {
            "patient_index": [0, 0],
            "tumor_index": [0, 1],
            "primarySite": ["C504", "C619"],
            "medicalRecordNumber": ["42", None],
        },
        items={"registryId": "0000001234"},
    )
    text, lost = written(data)
    seven = {"patientIdNumber": "00000007", "nameLast": "O'Hara", "registryId": "0000001234"}
    assert text.split("\n") == [
        line("160", "A", **seven, primarySite="C504", medicalRecordNumber=" " * 9 + "42"),
        line("160", "A", **seven, primarySite="C619"),
        line("160", "A", patientIdNumber="00000008", nameLast="MÜLLER", registryId="0000001234"),
        "",
    ]
    assert lost == []


def test_zeros_are_filled_only_when_asked() -> None:
    data = records(
        {"patient_index": [0]}, {"patient_index": [0], "tumor_index": [0], "ageAtDiagnosis": ["7"]}
    )
    assert line("160", "A", ageAtDiagnosis="7") + "\n" == written(data)[0]
    assert line("160", "A", ageAtDiagnosis="007") + "\n" == written(data, padding=True)[0]


def test_a_value_too_long_is_refused_or_cut_and_listed(tmp_path: Path) -> None:
    data = records(
        {"patient_index": [0], "patientIdNumber": ["00000001"], "nameLast": ["x" * 41]},
        {"patient_index": [0, 0], "tumor_index": [0, 1], "textRemarks": [None, "y" * 1001]},
    )
    with pytest.raises(BadInput, match=r"^patient 1 tumor 1: nameLast is longer than its 40 columns"):
        write_naaccr_flat(tmp_path / "out.txt", data)
    assert list(tmp_path.iterdir()) == []
    text, lost = written(data, too_long="cut")
    assert "x" * 40 in text and "x" * 41 not in text
    assert lost == [
        (0, None, "nameLast", "x" * 41, "cut to 40 characters"),
        (0, 1, "textRemarks", "y" * 1001, "cut to 1,000 characters"),
    ]
    assert {len(one) for one in text.splitlines()} == {22824}


def test_what_has_no_columns_is_listed() -> None:
    data = records(
        {"patient_index": [0], "nameLast": ["A"], "primarySite": ["C504"]},
        {"patient_index": [0], "tumor_index": [0], "localNowhere": ["1"], "textRemarks": ["a\r\nb\nc"]},
        items={"oddThing": "9"},
    )
    text, lost = written(data, dictionary=STATE)
    assert text == line("160", "A", nameLast="A", textRemarks="a b c") + "\n"
    assert lost == [
        (None, None, "oddThing", "9", "no columns in records of type A of NAACCR 160"),
        (0, None, "primarySite", "C504", "belongs to Tumor, not to Patient"),
        (0, 0, "localNowhere", "1", "no columns in records of type A of NAACCR 160"),
        (0, 0, "textRemarks", "a\r\nb\nc", "line breaks became blanks"),
    ]


def test_items_of_another_record_type_are_listed() -> None:
    data = records(
        {"patient_index": [0], "nameLast": ["A"]}, {"patient_index": [], "tumor_index": []}, kind="I"
    )
    assert written(data) == (
        line() + "\n",
        [(0, None, "nameLast", "A", "no columns in records of type I of NAACCR 160")],
    )


def test_patients_whom_lines_cannot_tell_apart_are_listed() -> None:
    data = records(
        {"patient_index": [0, 1, 2], "patientIdNumber": [None, "00000001", "00000001"]},
        {"patient_index": [0, 0, 1, 2], "tumor_index": [0, 1, 0, 0], "primarySite": ["C504"] * 4},
    )
    assert [row[:3] for row in written(data)[1]] == [(0, 1, "patientIdNumber"), (2, 0, "patientIdNumber")]


@pytest.mark.parametrize(
    ("version", "kind", "what"),
    [("260", "A", "no records with fixed columns"), ("160", "X", "record type 'X'")],
)
def test_what_has_no_fixed_columns_is_refused(version: str, kind: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        written(records({"patient_index": [0]}, {"patient_index": [0], "tumor_index": [0]}, version, kind))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=2)


def fits(item: Item, text: str) -> bool:
    return len(text) <= item.length


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from(flat_versions()), st.sampled_from("AMCI"))
def test_what_is_written_reads_back_the_same(draw: st.DataObject, version: str, kind: str) -> None:
    known = standards.dictionary(version)
    names = draw.draw(
        st.lists(st.sampled_from(known.columns(record_type=kind)[::9]), unique=True, max_size=12)
    )
    chosen = [item for name in names if (item := known.of_column(name)) and item.level != "NaaccrData"]
    columns: dict[str, dict[str, list[str | None]]] = {"Patient": {}, "Tumor": {}}
    for item in sorted(chosen, key=lambda item: item.number):
        value = st.one_of(st.none(), TEXT.filter(partial(fits, item)))
        columns[item.level][item.id] = draw.draw(st.lists(value, min_size=2, max_size=2))
    data = records(
        {"patient_index": [0, 1], "patientIdNumber": ["00000001", "00000002"], **columns["Patient"]},
        {"patient_index": [0, 1], "tumor_index": [0, 0], **columns["Tumor"]},
        version,
        kind,
    )
    text, lost = written(data)
    assert lost == []
    assert {len(one) for one in text.split("\n")[:-1]} == {record_length(version, kind)}
    place = ["patient_index", "item", "value"]
    again = read_naaccr_flat(text.encode())
    assert again.items.select(place).sort(place).equals(data.items.select(place).sort(place))
