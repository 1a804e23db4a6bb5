"""Completeness of required items and the quality indicators, against counts made by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from registry import quality, standards

AS_OF = dt.date(2026, 11, 1)

TUMORS = pl.DataFrame(
    {
        "tumor_id": [1, 2, 3, 4, 5],
        "patient_id": [1, 1, 2, 3, 4],
        "reportingFacility": ["0000000001", "0000000001", "0000000002", "0000000002", None],
        "dateOfDiagnosis": ["20200105", "20200105", "2020", "202105", None],
        "primarySite": ["C509", "C509", "C809", "C269", "C443"],
        "histologicTypeIcdO3": ["8500", "8500", "8000", "8140", "8720"],
        "behaviorCodeIcdO3": ["3", "3", "3", "3", "2"],
        "laterality": ["1", "1", "0", "0", "0"],
        "diagnosticConfirmation": ["1", "1", "9", "7", "3"],
        "typeOfReportingSource": ["1", "1", "7", "1", "1"],
        "ageAtDiagnosis": ["062", "062", "999", None, "050"],
        "sex": ["2", "2", "9", "1", None],
        "countyAtDx": ["153", "153", "999", "153", "153"],
        "race1": ["01", "01", "99", "02", "01"],
        "vitalStatus": ["0", "0", "0", "1", "1"],
        "causeOfDeath": ["C509", "C509", "7797", "0000", "0000"],
        "summaryStage2018": ["1", "1", "9", "9", None],
        "rxSummTreatmentStatus": ["1", "1", "9", "0", "1"],
    }
)


def row(frame: pl.DataFrame, **where: object) -> dict[str, object]:
    chosen = frame.filter([pl.col(k).eq_missing(pl.lit(v)) for k, v in where.items()])
    assert chosen.height == 1
    return chosen.row(0, named=True)


def test_completeness_counts_filled_and_unknown() -> None:
    found = quality.completeness(None, TUMORS)
    age = row(found, facility="all", diagnosis_year=2020, item="ageAtDiagnosis")
    assert (age["records"], age["filled"], age["unknown"], age["percent"]) == (3, 3, 1, 100.0)
    assert age["percent_known"] == pytest.approx(200 / 3)
    late = row(found, facility="0000000002", diagnosis_year=2021, item="ageAtDiagnosis")
    assert (late["records"], late["filled"], late["percent"]) == (1, 0, 0.0)


def test_completeness_takes_either_item_for_sex() -> None:
    found = quality.completeness(None, TUMORS)
    sex = row(found, facility="all", diagnosis_year=2020, item="sexAssignedAtBirth")
    assert (sex["filled"], sex["unknown"]) == (3, 1)


def test_completeness_asks_only_for_items_of_the_year() -> None:
    items = {
        y: set(quality.completeness(None, TUMORS.with_columns(dateOfDiagnosis=pl.lit(y))).get_column("item"))
        for y in ("2017", "2018")
    }
    assert "grade" in items["2017"] - items["2018"]
    assert "summaryStage2018" in items["2018"] - items["2017"]


def test_completeness_is_sorted_and_can_leave_facilities_out() -> None:
    found = quality.completeness(None, TUMORS, by_facility=False)
    assert found.get_column("facility").unique().to_list() == ["all"]
    assert found.get_column("diagnosis_year").is_sorted()


def test_required_items_are_in_the_dictionary() -> None:
    known = set(standards.all_items().get_column("id"))
    assert set(quality.required_items().get_column("item")) <= known


EXPECTED = {
    "dco_pct": (1, 4),
    "missing_age_pct": (2, 5),
    "missing_sex_pct": (2, 5),
    "missing_county_pct": (1, 5),
    "missing_race_pct": (1, 5),
    "mv_pct": (3, 5),
    "hv_pct": (3, 5),
    "clinical_only_pct": (1, 5),
    "basis_unknown_pct": (0, 5),
    "psu_pct": (2, 4),
    "cup_pct": (1, 5),
    "unspecified_morph_pct": (0, 3),
    "unspecified_subsite_pct": (3, 5),
    "stage_unknown_pct": (1, 4),
    "treatment_unknown_pct": (1, 5),
    "cod_missing_pct": (1, 3),
    "duplicate_per_1000": (1, 5),
}


@pytest.mark.parametrize("indicator", EXPECTED)
def test_indicators(indicator: str) -> None:
    found = row(quality.indicators(None, TUMORS, AS_OF), indicator=indicator, facility="all", year=None)
    assert (found["numerator"], found["denominator"]) == EXPECTED[indicator]
    per = 1000 if indicator == "duplicate_per_1000" else 100
    assert found["value"] == pytest.approx(per * EXPECTED[indicator][0] / EXPECTED[indicator][1])


def test_records_passing_edits_counts_open_errors_only() -> None:
    failures = pl.DataFrame(
        {
            "tumor_id": [1, 1, 2, 3],
            "severity": ["error", "error", "review", "error"],
            "state": ["open", "open", "open", "overridden"],
        }
    )
    found = quality.indicators(None, TUMORS, AS_OF, failures)
    assert row(found, indicator="edits_pass_pct", year=None)["value"] == 80.0
    assert quality.indicators(None, TUMORS, AS_OF).filter(pl.col("indicator") == "edits_pass_pct").is_empty()


def test_indicators_by_year_and_facility() -> None:
    found = quality.indicators(None, TUMORS, AS_OF, by_facility=True)
    cup = row(found, indicator="cup_pct", facility="0000000002", year=2020)
    assert (cup["numerator"], cup["denominator"], cup["value"]) == (1, 1, 100.0)


def test_thresholds_give_a_status() -> None:
    clean = TUMORS.head(1)
    found = quality.indicators(None, clean, AS_OF)
    assert row(found, indicator="missing_age_pct", year=None)["status"] == "gold"
    bad = quality.indicators(None, TUMORS, AS_OF)
    assert row(bad, indicator="missing_age_pct", year=None)["status"] == "below"
    assert row(bad, indicator="mv_pct", year=None)["status"] is None


def test_thresholds_hold_from_their_date() -> None:
    assert quality.thresholds(dt.date(2000, 1, 1)).is_empty()
    assert quality.thresholds(AS_OF).filter(pl.col("indicator") == "dco_pct").height == 5
