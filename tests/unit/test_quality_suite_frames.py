"""The small frames that the suites judge: counts by hand, nothing small, nothing of a record."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput
from registry.quality import suite_frames, write_suite_frames
from registry.quality.drift import distributions, drift
from registry.quality.figures import edit_summary, gate, reconciliation, timeliness, uniqueness, validity
from registry.quality.suite_frames import NAMES
from tests.unit.suite_registry import AS_OF, FACILITIES, frames, tumors


def counts(years: dict[int, dict[str, int]]) -> pl.DataFrame:
    rows = [("laterality", year, code, n) for year, codes in years.items() for code, n in codes.items()]
    schema = {"item": pl.String, "year": pl.Int32, "code": pl.String, "records": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_same_mix_does_not_drift_and_another_does() -> None:
    same = drift(counts({2023: {"1": 500, "2": 500}, 2024: {"1": 1000, "2": 1000}}), AS_OF).row(0, named=True)
    assert (same["psi"], same["total_variation"]) == (pytest.approx(0, abs=1e-6), 0.0)
    assert same["psi_excess"] == 0
    moved = drift(counts({2023: {"1": 500, "2": 500}, 2024: {"1": 800, "2": 200}}), AS_OF).row(0, named=True)
    assert moved["psi"] == pytest.approx(0.3 * 0.4700 + 0.3 * 0.9163, abs=2e-3)
    assert moved["total_variation"] == pytest.approx(0.3)
    assert moved["psi_excess"] > 0.25


def test_small_years_drift_by_chance() -> None:
    found = drift(counts({2023: {"1": 20, "2": 20}, 2024: {"1": 26, "2": 14}}), AS_OF).row(0, named=True)
    assert found["psi"] > 0.05
    assert found["psi_excess"] == 0
    assert found["psi_by_chance"] == pytest.approx(10.83 * (1 / 40 + 1 / 40), rel=0.05)


def test_a_new_code_counts_and_the_newest_ended_year_is_judged() -> None:
    years = {
        2023: {"1": 500, "2": 500},
        2024: {"1": 500, "3": 500},
        2025: {"1": 500, "3": 500},
        2026: {"1": 500},
    }
    found = drift(counts(years), AS_OF)
    assert found.select("year", "codes", "judged").rows() == [
        (2024, 3, False),
        (2025, 2, True),
        (2026, 2, False),
    ]
    assert found["total_variation"].to_list() == [0.5, 0.0, 0.5]


def test_years_apart_or_too_small_are_not_compared() -> None:
    assert drift(counts({2020: {"1": 500}, 2022: {"1": 500}}), AS_OF).is_empty()
    assert drift(counts({2023: {"1": 29}, 2024: {"1": 500}}), AS_OF).is_empty()


def test_distributions_take_the_item_in_force_and_count_blanks() -> None:
    found = distributions(
        None,
        pl.DataFrame({"dateOfDiagnosis": ["2017", "2018"], "sex": ["1", None], "grade": ["2", "2"]}),
    )
    assert found.rows() == [("grade", 2017, "2", 1), ("sexAssignedAtBirth", 2017, "1", 1),
                            ("sexAssignedAtBirth", 2018, "", 1)]  # fmt: skip


def test_what_is_there_twice_is_counted_beyond_the_first() -> None:
    records = pl.DataFrame(
        {
            "patientIdNumber": ["1", "1", "1", "2"], "tumorRecordNumber": ["01", "01", "01", None],
            "primarySite": ["C504"] * 4, "histologicTypeIcdO3": ["8500"] * 4, "behaviorCodeIcdO3": ["3"] * 4,
            "laterality": ["1"] * 4, "dateOfDiagnosis": ["2020", "2020", "2021", "2020"],
            "sequenceNumberCentral": ["99", "99", "01", "01"],
        }
    )  # fmt: skip
    assert uniqueness(None, records).rows() == [
        ("tumor record number of the patient", 4, 1, 2),
        ("tumor of the patient", 4, 0, 1),
        ("central sequence number of the patient", 2, 0, 0),
    ]


def test_validity_knows_codes_dates_and_the_older_item_for_sex() -> None:
    records = pl.DataFrame({"sex": ["1", "5", "8"], "dateOfDiagnosis": ["20240230", "2024", None]})
    found = {row[0]: row[1:] for row in validity(None, records).iter_rows()}
    assert found["sexAssignedAtBirth"] == (3, 1, pytest.approx(200 / 3))
    assert found["dateOfDiagnosis"] == (2, 1, 50.0)
    assert found["laterality"] == (0, 0, None)


def test_lags_and_deadlines_by_hand() -> None:
    records = pl.DataFrame(
        {
            "facility_id": ["A"] * 4, "dateOfDiagnosis": ["2020", "2020", "2020", None],
            "dateOf1stContact": ["20200101", "20200101", "20200401", "20200101"],
            "dateCaseCompleted": ["20200701", "20200702", "20200301", None],
            "dateCaseReportReceived": ["20211231", "20221201", "20221130", None],
        }
    )  # fmt: skip
    every, year = (
        row for row in timeliness(records, 1).filter(pl.col("facility") == "all").iter_rows(named=True)
    )
    assert (every["records"], year["records"], year["timed"], year["reversed"]) == (4, 3, 3, 1)
    assert year["median_days"] == 182
    assert year["percent_within_6_months"] == 100.0
    assert year["percent_by_12_months"] == pytest.approx(100 / 3)
    assert year["percent_by_23_months"] == pytest.approx(200 / 3)
    assert every["percent_by_12_months"] == year["percent_by_12_months"]


def test_the_gate_counts_what_holds_back() -> None:
    records = pl.DataFrame({"tumor_id": [1, 2, 3], "facility_id": ["A", "B", None]})
    failures = pl.DataFrame(
        {
            "tumor_id": [1, 1, 2, 2, 3, 3], "edit": ["a", "b", "c", "d", "e", "f"],
            "severity": ["error", "review", "review", "warning", "error", "error"],
            "state": ["open", "open", "open", "open", "overridden", "open"],
            "source": ["own", "own", "official", "official", "own", None],
        }
    )  # fmt: skip
    found = gate(records, failures, 1)
    assert found.select("facility", "errors", "official_errors", "reviews", "ready").rows() == [
        ("all", 2, 1, 1, False), ("A", 1, 0, 1, False), ("B", 0, 1, 0, False), ("unknown", 1, 0, 0, False),
    ]  # fmt: skip
    assert gate(records, failures).height == 1
    assert gate(records, None, 1)["ready"].all()
    placed = gate(records, failures.with_columns(facility_id=pl.lit("A")).drop("tumor_id"), 1)
    assert placed.filter(pl.col("facility") == "A")["errors"].item() == 2


def test_edits_and_loads_are_summed() -> None:
    assert edit_summary(None).columns == ["edit", "severity", "source", "open", "overridden"]
    assert reconciliation(None).columns == ["load", "received", "loaded", "quarantined", "missing"]
    more = reconciliation(pl.DataFrame({"load": [1], "received": [5], "loaded": [6], "quarantined": [None]}))
    assert more.row(0) == ("1", 5, 6, 0, -1)


def test_all_frames_are_there_and_small_groups_are_not() -> None:
    few = tumors(4)
    made = suite_frames(None, few, AS_OF)
    assert tuple(made) == NAMES
    for name, facility, year in (
        ("completeness", "facility_id", "diagnosis_year"),
        ("timeliness", "facility", "year"),
    ):
        assert made[name].filter(pl.col(facility) != "all", pl.col(year).is_not_null()).is_empty(), name
    facility_years = made["indicators"].filter(pl.col("facility") != "all", pl.col("year").is_not_null())
    assert facility_years.is_empty()
    assert made["timeliness"].filter(pl.col("facility").is_in(FACILITIES))["year"].null_count() == 3
    assert made["completeness"].filter(pl.col("records") < 5).is_empty()


def test_no_frame_has_a_patient_or_a_record() -> None:
    for name, frame in frames().items():
        assert not {"tumor_id", "patient_id", "recordId", "patientIdNumber", "abstract_id"} & set(
            frame.columns
        ), name


def test_an_empty_registry_has_frames_too(tmp_path: Path) -> None:
    empty = suite_frames(None, tumors(1).clear(), dt.date(2026, 11, 1))
    assert tuple(empty) == NAMES
    assert write_suite_frames(empty, tmp_path / "new")["about"] == 1
    assert {file.stem for file in (tmp_path / "new").iterdir()} == set(NAMES)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file: cannot be written"):
        write_suite_frames({}, tmp_path / "file")
