"""A small registry in good order, and its frames, for the tests of the suites."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from registry.quality import suite_frames
from registry.quality.completeness import required_items
from registry.quality.drift import drift_items
from registry.standards import code_lists

AS_OF = dt.date(2026, 11, 1)
YEARS = range(2019, 2026)
FACILITIES = ("0000000001", "0000000002", "0000000003")
FIXED = {
    "typeOfReportingSource": ["1"], "diagnosticConfirmation": ["1", "2"], "behaviorCodeIcdO3": ["3"],
    "sexAssignedAtBirth": ["1", "2"], "vitalStatus": ["0", "1"], "summaryStage2018": ["1", "2", "7"],
    "rxSummTreatmentStatus": ["0", "1"], "laterality": ["1", "2"], "addrAtDxState": ["KY", "OH"],
    "primarySite": ["C504", "C341", "C187"], "histologicTypeIcdO3": ["8140", "8500"], "classOfCase": ["14", "22"],
    "ageAtDiagnosis": ["062", "071"], "causeOfDeath": ["C509"], "sequenceNumberCentral": ["00"],
    "addrAtDxPostalCode": ["40202"], "dateOfBirth": ["19500101"], "countyAtDx": ["001", "003"],
    "race1": ["01", "02"], "casefindingSource": ["10", "20"], "tumorSizeSummary": ["015"],
    "regionalNodesExamined": ["05"], "regionalNodesPositive": ["00"], "rxSummSurgPrimSite2023": ["A200"],
}  # fmt: skip
"""Codes that good records have; other items take codes that say something."""


def tumors(each: int = 60) -> pl.DataFrame:
    """`each` records of every facility and year, the codes of each item in the same mix every year."""
    random = np.random.default_rng(5)
    places = [(facility, year) for facility in FACILITIES for year in YEARS]
    size = each * len(places)
    frame = pl.DataFrame(
        {
            "tumor_id": range(size), "patient_id": range(size),
            "facility_id": [facility for facility, _ in places for _ in range(each)],
            "reportingFacility": [facility for facility, _ in places for _ in range(each)],
            "dateOfDiagnosis": [f"{year}0301" for _, year in places for _ in range(each)],
            "dateOf1stContact": [f"{year}0301" for _, year in places for _ in range(each)],
            "dateCaseCompleted": [f"{year}0{5 + n % 3}01" for _, year in places for n in range(each)],
            "dateCaseReportReceived": [f"{year}0{5 + n % 3}15" for _, year in places for n in range(each)],
            "dateOfLastContact": ["20260901"] * size,
        }
    )  # fmt: skip
    unknown = dict(required_items().select("item", "unknown").iter_rows())
    columns = []
    for item in dict.fromkeys([*required_items()["item"], *drift_items()["item"], *FIXED]):
        if item not in frame.columns:
            listed = code_lists.codes(item)["code"].to_list()
            codes = FIXED.get(item) or [c for c in listed if c not in (unknown.get(item) or [])][:3] or ["1"]
            column = pl.Series(item, [codes[n % len(codes)] for n in range(size)])
            columns.append(column.gather(np.sort(random.permutation(size))))
    return frame.with_columns(columns)


def frames(**changed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All frames of the good registry, with its edits run, both verdicts in and every outside figure good."""
    records = tumors()
    failures = pl.DataFrame(
        {
            "tumor_id": [1, 2], "edit": ["site-sex", "tag-1"], "severity": ["warning", "warning"],
            "state": ["overridden", "overridden"], "source": ["own", "official"],
            "facility_id": [FACILITIES[0]] * 2,
        }
    )  # fmt: skip
    loads = pl.DataFrame(
        {"load": [1, 2], "received": [1000, 260], "loaded": [999, 260], "quarantined": [1, 0]}
    )
    given = {
        "completeness_oe": (97.0, 970, 1000), "completeness_naaccr_imr": 97.0, "timeliness_23m": (100.0, 1, 1),
        "timeliness_12m": (93.0, 930, 1000),
    }  # fmt: skip
    made = suite_frames(None, records, AS_OF, failures=failures, loads=loads, given=given)
    return {**made, **changed}
