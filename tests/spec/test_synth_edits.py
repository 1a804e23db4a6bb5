"""The made-up records obey the edits, except where an error was planted."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from registry import edits, formats
from registry.synthetic import generate

AS_OF = dt.date(2026, 10, 31)
EXPECTED = {"ir-ssn-shared", "ir-possible-same-person", "followup-overdue"}
"""Facts of life of unlinked files: one person at two facilities, and people not seen for long."""


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict, pl.DataFrame]:
    out: Path = tmp_path_factory.mktemp("synthetic") / "registry"
    generate(6000, 3, out)
    patients, tumors = [], []
    for number, path in enumerate(sorted((out / "abstracts").glob("*.xml"))):
        batch = formats.read_naaccr_xml(path)
        shift = pl.col("patient_index") + number * 1_000_000
        patients.append(batch.patients.with_columns(shift))
        tumors.append(batch.tumors.with_columns(shift))
    records = pl.concat(tumors, how="diagonal")
    found = edits.run(pl.concat(patients, how="diagonal"), records, "all", as_of=AS_OF)
    return len(records), json.loads((out / "manifest.json").read_text()), found


def test_no_edit_fails_often(failures: tuple[int, dict, pl.DataFrame]) -> None:
    records, _, found = failures
    shares = found.filter(~pl.col("edit").is_in(sorted(EXPECTED))).group_by("edit").agg(pl.len() / records)
    too_many = shares.filter(pl.col("len") > 0.005)
    assert too_many.is_empty(), too_many.rows()


def test_most_records_fail_nothing(failures: tuple[int, dict, pl.DataFrame]) -> None:
    records, _, found = failures
    keys = found.columns[: found.columns.index("edit")]
    errors = found.filter((pl.col("severity") == "error") & ~pl.col("edit").is_in(sorted(EXPECTED)))
    assert 0.005 < errors.select(keys).n_unique() / records < 0.04


@pytest.mark.parametrize(
    ("edit", "plant"),
    [
        ("site-sex", "site_sex_conflict"),
        ("dx-before-last-contact", "last_contact_before_diagnosis"),
        ("dx-date-valid", "impossible_diagnosis_date"),
        ("rx-before-dx", "surgery_before_diagnosis"),
        ("site-valid", "invalid_primary_site"),
        ("laterality-paired-required", "laterality_not_paired"),
        ("ss-behavior", "stage_in_situ_but_invasive"),
        ("nodes-pos-gt-examined", "more_nodes_positive_than_examined"),
        ("surgery-era", "both_surgery_items"),
        ("age-matches-dates", "age_not_from_dates"),
        ("dead-without-cause", "dead_without_cause"),
        ("alive-with-cause", "alive_with_cause"),
        ("state-county", "missing_county"),
        ("seq-behavior", "malignant_sequence_60"),
    ],
)
def test_edits_find_the_planted_errors(
    failures: tuple[int, dict, pl.DataFrame], edit: str, plant: str
) -> None:
    _, manifest, found = failures
    assert len(found.filter(pl.col("edit") == edit)) == manifest["planted"][plant]["planted"]
