"""The survival cohort: each exclusion by one example, dates, follow-up cut and filters."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from registry.analytics import SurvivalRules, kaplan_meier, survival_cohort
from registry.errors import BadInput

AS_OF = dt.date(2025, 12, 31)
PATIENT = {"patientIdNumber": "1", "vitalStatus": "1", "dateOfLastContact": "20250601", "dateOfBirth": "19500101",
           "sexAssignedAtBirth": "2"}  # fmt: skip
TUMOR = {"patientIdNumber": "1", "tumorRecordNumber": "01", "primarySite": "C509", "behaviorCodeIcdO3": "3",
         "dateOfDiagnosis": "20200601", "typeOfReportingSource": "1", "sequenceNumberCentral": "00",
         "ageAtDiagnosis": None}  # fmt: skip


def study(
    patient: dict | None = None, tumor: dict | None = None, **settings
) -> tuple[pl.DataFrame, pl.DataFrame]:  # type: ignore[no-untyped-def]
    patients = pl.DataFrame([PATIENT | (patient or {})], dict.fromkeys(PATIENT, pl.String))
    tumors = pl.DataFrame([TUMOR | (tumor or {})], dict.fromkeys(TUMOR, pl.String))
    return survival_cohort(patients, tumors, settings.pop("as_of", AS_OF), **settings)


@pytest.mark.parametrize(
    ("patient", "tumor", "reason"),
    [
        ({}, {}, None),
        ({}, {"behaviorCodeIcdO3": "2"}, "not malignant"),
        ({}, {"behaviorCodeIcdO3": "1"}, "not malignant"),
        ({}, {"behaviorCodeIcdO3": "2", "primarySite": "C672"}, None),
        ({}, {"sequenceNumberCentral": "02"}, "not the first primary"),
        ({}, {"sequenceNumberCentral": None}, None),
        ({}, {"typeOfReportingSource": "7"}, "known from death certificate or autopsy only"),
        ({}, {"typeOfReportingSource": "6"}, "known from death certificate or autopsy only"),
        ({}, {"typeOfReportingSource": None}, None),
        ({}, {"dateOfDiagnosis": "2020"}, "unknown date of diagnosis"),
        ({}, {"dateOfDiagnosis": None}, "unknown date of diagnosis"),
        ({}, {"dateOfDiagnosis": "202006"}, None),
        ({"dateOfBirth": None}, {}, "unknown age"),
        ({"dateOfBirth": None}, {"ageAtDiagnosis": "070"}, None),
        ({"dateOfBirth": None}, {"ageAtDiagnosis": "999"}, "unknown age"),
        ({"vitalStatus": None}, {}, "unknown vital status"),
        ({"vitalStatus": "9"}, {}, "unknown vital status"),
        ({"dateOfLastContact": None}, {}, "unknown date of last contact"),
        ({"dateOfLastContact": "2025"}, {}, "unknown date of last contact"),
        ({}, {"dateOfDiagnosis": "20260101"}, "diagnosed after 2025-12-31"),
        ({"dateOfLastContact": "20200531"}, {}, "last contact before diagnosis"),
        ({"dateOfLastContact": "20200601"}, {}, "no time observed (last contact on the day of diagnosis)"),
    ],
)
def test_exclusions(patient: dict, tumor: dict, reason: str | None) -> None:
    cohort, flow = study(patient, tumor)
    assert flow.filter(pl.col("excluded") > 0)["reason"].to_list() == ([reason] if reason else [])
    assert cohort.height == flow["remaining"][-1] == (0 if reason else 1)


def test_flow_adds_up_and_curve_can_be_drawn() -> None:
    cohort, flow = study()
    assert (flow["remaining"].shift(1) - flow["excluded"] == flow["remaining"]).drop_nulls().all()
    assert flow.row(0) == (0, "tumors in the registry", 0, 1)
    assert not [name for name in cohort.columns if name.startswith("_")]
    assert kaplan_meier(cohort, by="sex_at_birth")["sex_at_birth"].to_list() == ["2", "2"]


def test_switches() -> None:
    rules = SurvivalRules(
        malignant_only=False, first_primary_only=False, without_follow_up=False, zero_time="half_day"
    )
    tumor = {"behaviorCodeIcdO3": "0", "sequenceNumberCentral": "60", "typeOfReportingSource": "7"}
    cohort, _ = study({"dateOfLastContact": "20200601", "vitalStatus": "0"}, tumor, rules=rules)
    assert cohort.select("days", "dead").row(0) == (0.5, True)


def test_follow_up_is_cut_at_the_closing_date() -> None:
    late = {"vitalStatus": "0", "dateOfLastContact": "20210601"}
    cohort, _ = study(late, as_of=dt.date(2020, 12, 1))
    assert cohort.select("days", "dead").row(0) == (183.0, False)
    cohort, _ = study(late, as_of=dt.date(2021, 6, 1))
    assert cohort.select("days", "dead").row(0) == (365.0, True)


def test_first_primary_without_sequence_numbers_is_the_earliest_malignant_tumor() -> None:
    patients = pl.DataFrame([PATIENT])
    tumors = pl.DataFrame([
        TUMOR | {"tumorRecordNumber": number, "dateOfDiagnosis": day, "behaviorCodeIcdO3": behavior}
        for number, day, behavior in [("01", "20210601", "3"), ("02", "20200601", "3"), ("03", "20190601", "0")]
    ]).drop("sequenceNumberCentral")  # fmt: skip
    cohort, flow = survival_cohort(patients, tumors, AS_OF)
    assert cohort["tumorRecordNumber"].to_list() == ["02"]
    assert flow["remaining"].to_list()[-1] == 1


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"site": "C50", "diagnosis_year": (2018, 2020)}, 1),
        ({"sex_at_birth": ["1", "9"]}, 0),
        ({"age": (0, 69)}, 0),
        (pl.col("age") >= 70, 1),
        ({}, 1),
    ],
)
def test_filters(filters, kept: int) -> None:  # type: ignore[no-untyped-def]
    cohort, flow = study(filters=filters)
    assert cohort.height == kept
    assert flow.row(1)[:3] == (1, "outside the selection", 1 - kept)


def test_unknown_filter_is_named() -> None:
    with pytest.raises(BadInput, match="column nonsense is missing"):
        study(filters={"nonsense": 1})
    with pytest.raises(BadInput, match="column nonsense is missing"):
        study(filters=pl.col("nonsense") == 1)


def test_no_filter_works_on_frames_that_are_worked_on_in_parts() -> None:
    size = 60_000
    ids = [str(number) for number in range(size)]
    patients = pl.DataFrame(
        {
            "patientIdNumber": ids,
            "vitalStatus": "1",
            "dateOfLastContact": "20240101",
            "dateOfBirth": "19500101",
        }
    )
    tumors = pl.DataFrame(
        {
            "patientIdNumber": ids,
            "primarySite": "C509",
            "behaviorCodeIcdO3": "3",
            "dateOfDiagnosis": "20200101",
        }
    )
    for filters in (None, {}, pl.lit(True)):
        assert survival_cohort(patients, tumors, dt.date(2025, 1, 1), filters=filters)[0].height == size
