"""Survival time of patients with several tumors, as small tables.

The first tables hold facts from the test cases of imsweb/algorithms (survival time 2.2); the others
follow from its description.
"""

from __future__ import annotations

import datetime as dt
import re

import polars as pl
import pytest

from registry import coding
from registry.coding.explaining import explain
from registry.coding.survival.patients import patients_of
from registry.coding.survival.survival_time import INPUTS, OUTPUTS
from registry.errors import BadInput
from tests import slow_survival

AS_OF = dt.date(2026, 11, 1)


def survival(table: str, cutoff_year: int | None = 2010, as_of: dt.date = AS_OF) -> pl.DataFrame:
    """Results of a patient: lines `contact | birth | status`, then `diagnosis | sequence | source`."""
    lines = [[cell.strip() or None for cell in line.split("|")] for line in table.strip().splitlines()]
    patient = dict(zip(("dateOfLastContact", "dateOfBirth", "vitalStatus"), lines[0], strict=True))
    names = ("dateOfDiagnosis", "sequenceNumberCentral", "typeOfReportingSource")
    rows = [{**patient, "patientIdNumber": "1", **dict(zip(names, line, strict=True))} for line in lines[1:]]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(INPUTS, pl.String))
    return coding.derive(frame, ["survival-time"], as_of=as_of, cutoff_year=cutoff_year).select(OUTPUTS)


def active(made: pl.DataFrame) -> list[str]:
    return _joined(made, "survMosActiveFollowup", "survDaysActiveFollowup", "survFlagActiveFollowup")


def presumed(made: pl.DataFrame) -> list[str]:
    return _joined(made, "survMosPresumedAlive", "survDaysPresumedAlive", "survFlagPresumedAlive")


def dates(made: pl.DataFrame) -> list[str]:
    return _joined(made, "survDateDxRecode", "survDateActiveFollowup", "survDatePresumedAlive")


def order(made: pl.DataFrame) -> list[int]:
    return made.get_column("recordNumberRecode").cast(pl.Int64).to_list()


def _joined(made: pl.DataFrame, *names: str) -> list[str]:
    return [" ".join(value or "-" for value in row) for row in made.select(names).rows()]


def test_valid_and_invalid_years_in_one_patient() -> None:
    made = survival("""
        200911   | 20080304 | 1
        20090901 | 01 | 1
        2008     | 02 | 1
        200803   | 03 | 1
        9999     | 04 | 1
        20099923 | 05 | 1
        20080405 | 06 | 1
        200911   | 07 | 1
    """)
    assert active(made) == [
        "0002 00082 3",
        "0020 00622 3",
        "0020 00616 3",
        "9999 99999 9",
        "0001 00045 2",
        "0019 00596 3",
        "0000 00007 2",
    ]
    assert presumed(made) == [
        "0015 00486 1",
        "0033 01026 3",
        "0033 01020 3",
        "9999 99999 9",
        "0014 00449 3",
        "0032 01000 1",
        "0013 00411 3",
    ]
    assert order(made) == [4, 1, 2, 5, 6, 3, 7]
    assert dates(made) == [
        "20090901 20091122 20101231",
        "20080310 20091122 20101231",
        "20080316 20091122 20101231",
        "- 20091122 20101231",
        "20091008 20091122 20101231",
        "20080405 20091122 20101231",
        "20091115 20091122 20101231",
    ]


def test_death_certificate_only_and_a_diagnosis_in_the_year_of_birth() -> None:
    table = """
        2010   | 20080304 | 0
        2008   | 01 | 1
        2010   | 02 | 6
        201003 | 03 | 7
        2010   | 04 | 1
    """
    made = survival(table)
    assert active(made) == presumed(made) == ["0026 00808 3", "9999 99999 8", "9999 99999 8", "0002 00072 2"]
    assert order(made) == [1, 2, 3, 4]
    assert dates(made) == [
        "20080802 20101019 20101019",
        "20100207 20101019 20101019",
        "20100316 20101019 20101019",
        "20100808 20101019 20101019",
    ]
    assert made.get_column("vitalStatusRecode").to_list() == ["0"] * 4
    assert survival(table, 2008).get_column("vitalStatusRecode").to_list() == ["1"] * 4


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        ("20100314 | 01", [1]),
        ("20171114 | 00 \n 20170111 | 60", [2, 1]),
        ("19870114 | 01 \n 19890227 | 02 \n 19901022 | 03 \n 9999 | 61 \n 19890227 | 62", [1, 2, 5, 3, 4]),
        ("19871014 | 01 \n 1987 | 61 \n 19870527 | 62", [3, 1, 2]),
        ("19871014 | 01 \n 1987 | 02 \n 19870527 | 03", [2, 3, 1]),
        ("19871014 | 01 \n 19870527 | 61 \n 1987 | 62", [2, 1, 3]),
        (
            "19900117 | 01 \n 19900102 | 02 \n 199001 | 61 \n 19900115 | 62 \n 199001 | 63 \n 19900110 | 64",
            [4, 1, 5, 3, 6, 2],
        ),
        ("19900117 | 01 \n 19900102 | 02 \n 199001 | 61 \n 19900115 | 62 \n 199001 | 63", [4, 1, 2, 3, 5]),
        (
            "9999 | 00 \n 20130102 | 01 \n 20130102 | 02 \n 20100301 | 61 \n 2010 | 99 \n 9999 | 03 \n"
            "20091111 | 04 \n 9999 | 05 \n 9999 | 06 \n 20080301 | 07 \n 20100101 | 09 \n 20110102 | 08",
            [1, 8, 9, 6, 5, 10, 3, 11, 12, 2, 4, 7],
        ),
    ],
)
def test_order_of_the_tumors(diagnoses: str, expected: list[int]) -> None:
    table = "20121231 | 19560304 | 0\n" + "\n".join(f"{line} | 1" for line in diagnoses.split("\n"))
    assert order(survival(table)) == expected


def test_tumors_that_disagree_on_last_contact_or_vital_status() -> None:
    frame = pl.DataFrame(
        {
            "patientIdNumber": ["1", "1", "2", "2", "3"],
            "dateOfLastContact": ["20101011", "20101021", "20101011", "20101011", "20101011"],
            "vitalStatus": ["0", "0", "1", "0", "0"],
            "dateOfDiagnosis": ["20080101", "20070102", "20080101", "20100102", "20080101"],
        }
    )
    made = coding.derive(frame, ["survival-time"], as_of=AS_OF, cutoff_year=2010)
    assert active(made) == presumed(made) == ["9999 99999 9"] * 4 + ["0033 01014 1"]
    assert dates(made) == ["- - -"] * 4 + ["20080101 20101011 20101011"]
    assert order(made) == [2, 1, 1, 2, 1]
    assert made.get_column("vitalStatusRecode").to_list() == ["0", "0", None, None, "0"]


def test_a_last_contact_written_longer_is_no_disagreement() -> None:
    frame = pl.DataFrame(
        {
            "patientIdNumber": ["1", "1"],
            "dateOfLastContact": ["201010", "2010101"],
            "dateOfDiagnosis": ["20080101", "20090101"],
        }
    )
    made = coding.derive(frame, ["survival-time"], as_of=AS_OF, cutoff_year=2010)
    assert active(made) == ["0033 01019 3", "0021 00653 3"]


def test_last_contact_in_the_future_is_unknown_relative_to_the_day_of_the_question() -> None:
    table = "20111015 | | 1 \n 20100915 | 01 | 1"
    after = survival(table, as_of=dt.date(2011, 10, 14))
    assert (active(after), presumed(after)) == (["9999 99999 9"], ["0003 00107 1"])
    assert dates(after) == ["20100915 - 20101231"]
    on = survival(table, as_of=dt.date(2011, 10, 15))
    assert (active(on), dates(on)) == (["0003 00107 1"], ["20100915 20101231 20101231"])


def test_diagnosis_after_the_study_or_after_last_contact() -> None:
    after_study = survival("2010 | | 1 \n 20110915 | 01 | 1")
    assert active(after_study) == presumed(after_study) == ["9999 99999 9"]
    assert dates(after_study) == ["- 20100702 20101231"]
    after_contact = survival("19260602 | 19621127 | 0 \n 19980107 | 00 | 1", 2023)
    assert active(after_contact) == presumed(after_contact) == ["9999 99999 9"]
    assert dates(after_contact) == ["19980107 19260602 19260602"]


def test_without_a_cutoff_year_nobody_is_presumed_alive() -> None:
    made = survival("20261030 | | 1 \n 20260115 | 01 | 1", None)
    assert (active(made), dates(made)) == (["0009 00288 1"], ["20260115 20261030 -"])
    assert presumed(made) == ["- - -"]


def test_a_study_end_that_cannot_be() -> None:
    with pytest.raises(BadInput, match="the study cannot end in 23; give a year"):
        survival("20261030 | | 1 \n 20260115 | 01 | 1", 23)


def test_more_tumors_than_two_digits_count() -> None:
    rows = "\n".join(f"2009{1 + i // 28 % 12:02}{1 + i % 28:02} | 01 | 1" for i in range(120))
    made = survival("20101011 | | 0 \n" + rows)
    assert made.get_column("recordNumberRecode").to_list()[98:] == [f"{i:02}" for i in range(99, 121)]


def test_an_empty_frame() -> None:
    made = survival("20101011 | | 0")
    assert made.shape == (0, len(OUTPUTS))


def test_patients_that_share_no_number_stay_apart_and_scattered_rows_come_together() -> None:
    frame = pl.DataFrame(
        {
            "patientIdNumber": [None, "7", None, "8", "7"],
            "dateOfLastContact": ["20101011"] * 5,
            "dateOfDiagnosis": ["20080101", "20080301", "20080101", "20080101", "2008"],
            "sequenceNumberCentral": ["00", "01", "00", "00", "02"],
        }
    )
    made = coding.derive(frame, ["survival-time"], as_of=AS_OF, cutoff_year=2010)
    assert order(made) == [1, 1, 1, 1, 2]
    assert made.item(4, "survDateDxRecode") == "20080731"


def test_the_slow_reference_agrees_on_a_patient_of_this_file() -> None:
    rows: list[slow_survival.Row] = [
        {**dict.fromkeys(INPUTS), "patientIdNumber": "1", "dateOfLastContact": "20150427"}
        | {"dateOfDiagnosis": date, "sequenceNumberCentral": number}
        for date, number in (("20150305", "01"), ("2015", "02"), ("20150223", "60"))
    ]
    made = pl.DataFrame(slow_survival.survival(rows, AS_OF, 2016))
    assert order(made) == [2, 3, 1]
    assert active(made) == ["0001 00053 1", "0000 00027 2", "0002 00063 1"]


@pytest.mark.parametrize(
    ("diagnosis", "contact", "source", "expected"),
    [
        (
            "2020",
            "20210631",
            "1",
            "The month and day of diagnosis are unknown: .* The day of last contact is unknown: ",
        ),
        ("20201301", "20210630", "6", "The month and day of diagnosis are unknown: .* autopsy only"),
        ("20200101", None, "1", "^The year of last contact is unknown"),
        ("18991231", "20210630", "1", "^The year of diagnosis is unknown or before 1900"),
        ("20200229", "20210630", "1", "^Both dates are complete"),
    ],
)
def test_why(diagnosis: str, contact: str | None, source: str, expected: str) -> None:
    values = {"dateOfDiagnosis": diagnosis, "dateOfLastContact": contact, "typeOfReportingSource": source}
    told = explain("survMosActiveFollowup", values, as_of=AS_OF, cutoff_year=2023)
    assert re.search(expected, told["why"])


def test_patients_whose_numbers_share_a_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.Series, "hash", lambda ids: pl.Series([7] * len(ids), dtype=pl.UInt64))
    found = patients_of(pl.Series(["b", "a", "b", "c", "a", "b"]))
    assert found.rows is not None
    assert (found.rows.tolist(), found.count.tolist()) == ([1, 4, 0, 2, 5, 3], [2, 3, 1])
    assert found.of_row.tolist() == [0, 0, 1, 1, 1, 2]
