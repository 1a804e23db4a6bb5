"""Extent of disease explains itself: which codes decided, what values are called."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.coding.explaining import explain

AS_OF = dt.date(2026, 1, 31)
TUMOR = {"primarySite": "C509", "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3"}


@pytest.mark.parametrize(
    ("more", "label", "why"),
    [
        (
            {"dateOfDiagnosis": "2009", "csExtension": "100", "csLymphNodes": "000", "csMetsAtDx": "00"},
            "Localized",
            "Collaborative Stage: schema 58, extension 1, nodes 6, metastases 6",
        ),
        (
            {"dateOfDiagnosis": "2009", "csExtension": "070", "behaviorCodeIcdO3": None},
            "Needs review",
            "Collaborative Stage: schema 58, extension -, nodes -, metastases -",
        ),
        (
            {"dateOfDiagnosis": "2009", "typeOfReportingSource": "7"},
            "Unstaged",
            "Collaborative Stage: known from a death certificate only, unstaged unless a leukemia",
        ),
        (
            {
                "dateOfDiagnosis": "1990",
                "codingSystemForEod": "4",
                "eodExtension": "05",
                "eodLymphNodeInvolv": "0",
            },
            "Localized",
            "EOD of 10 digits: extension 2, nodes 1",
        ),
        (
            {"dateOfDiagnosis": "1975", "codingSystemForEod": "1", "eodOld2Digit": "&2"},
            "Distant",
            "EOD of 2 digits: rule for leukemia, lymphoma and brain -",
        ),
        ({"dateOfDiagnosis": "1975"}, "Not applicable", "before 2004 without EOD coding system"),
        ({}, "Unstaged", "no usable year of diagnosis, or (before 2004) site and histology"),
    ],
)
def test_historic_stage_says_what_decided(more: dict[str, str | None], label: str, why: str) -> None:
    told = explain("historicStage", TUMOR | more, as_of=AS_OF)
    assert told["outputs"][0]["label"] == label
    assert told["why"] == why


def test_breast_subtype_has_names() -> None:
    receptors = {"estrogenReceptorSummary": "1", "progesteroneRecepSummary": "0", "her2OverallSummary": "0"}
    tumor = {"primarySite": "C509", "histologicTypeIcdO3": "8500", "dateOfDiagnosis": "2020"}
    told = explain("breastSubtype", tumor | receptors)
    labels = [output["label"] for output in told["outputs"]]
    assert labels == ["Positive", "Negative", "Negative", "HR+/HER2- (luminal A)"]
