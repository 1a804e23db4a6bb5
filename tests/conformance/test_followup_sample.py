"""The published follow-up sample: eligibility, list, order, dates and rates, byte for byte."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import polars as pl
import pytest

from registry.followup import LIST_COLUMNS, FollowUpConfiguration, eligibility, follow_up_list, rates, summary
from tests.paths import needs_shared, shared

pytestmark = needs_shared

AS_OF = dt.date(2026, 10, 31)
SETTINGS = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1))
KEY = "patientIdNumber"


def read(name: str) -> bytes:
    return gzip.decompress(shared("linkage", "followup_sample", name).read_bytes())


@pytest.fixture(scope="module", params=["as published", "shuffled"])
def cohort(request: pytest.FixtureRequest) -> tuple[pl.DataFrame, pl.DataFrame]:
    patients, tumors = (
        pl.read_csv(read(f"{name}.csv.gz"), infer_schema=False) for name in ("patients", "tumors")
    )
    if request.param == "shuffled":
        return patients.sample(fraction=1, shuffle=True, seed=5), tumors.sample(
            fraction=1, shuffle=True, seed=6
        )
    return patients, tumors


def test_eligibility_is_byte_identical(cohort: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    written = eligibility(*cohort, AS_OF, configuration=SETTINGS).write_csv().encode()
    assert written == read("expected_eligibility.csv.gz")


def test_list_is_byte_identical(cohort: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    listed = follow_up_list(*cohort, AS_OF, configuration=SETTINGS)
    assert listed.select(KEY, *LIST_COLUMNS).write_csv().encode() == read("expected_followup_list.csv.gz")


def test_summary_is_the_published_one(cohort: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    assert summary(*cohort, AS_OF, configuration=SETTINGS) == json.loads(read_text("expected_summary.json"))


def read_text(name: str) -> str:
    return shared("linkage", "followup_sample", name).read_text(encoding="utf-8")


def test_groups_add_up_on_the_tumor_basis(cohort: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    whole = rates(*cohort, AS_OF, configuration=SETTINGS).filter(pl.col("basis") == "tumor")
    for by in ("site", "year"):
        parts = rates(*cohort, AS_OF, configuration=SETTINGS, by=by).filter(pl.col("basis") == "tumor")
        sums = parts.group_by("window", maintain_order=True).agg(pl.col("A_eligible", "E_lost").sum())
        assert sums.rows() == whole.select("window", "A_eligible", "E_lost").rows()


@needs_shared
def test_the_plain_call_with_three_arguments_gives_the_sample() -> None:
    patients, tumors = (
        pl.read_csv(shared("linkage", "followup_sample", f"{name}.csv.gz"), infer_schema=False)
        for name in ("patients", "tumors")
    )
    expected = pl.read_csv(
        shared("linkage", "followup_sample", "expected_followup_list.csv.gz"), infer_schema=False
    )
    listed = follow_up_list(patients, tumors, dt.date(2026, 10, 31))
    assert listed.select(pl.col(expected.columns).cast(pl.String)).equals(expected)
    later = follow_up_list(patients, tumors, dt.date(2026, 10, 31), reference_date=dt.date(2015, 1, 1))
    assert 0 < later.height < listed.height
