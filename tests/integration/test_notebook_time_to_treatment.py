"""The notebook on time to treatment runs from top to bottom, and finds the delay that was put into the data."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from registry.security.deidentify import deidentify
from tests.paths import ROOT

NOTEBOOK = ROOT / "notebooks" / "time_to_treatment.py"
SITES = {
    "Breast": "C509",
    "Colon and Rectum": "C182",
    "Lung and Bronchus": "C341",
    "Prostate": "C619",
    "Larynx": "C329",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 made-up patients who wait a little longer each year, the old ones longer; de-identified as `registry publish` does it."""
    random = np.random.default_rng(21)
    size = 2000
    site = random.choice(list(SITES), size, p=[0.3, 0.25, 0.25, 0.18, 0.02])
    stage = random.choice(
        ["Localized", "Regional", "Distant", "Unknown or unstaged"], size, p=[0.45, 0.3, 0.2, 0.05]
    )
    year, age = random.integers(2016, 2024, size), random.integers(30, 95, size)
    wait = random.gamma(3, (10 + 2 * (year - 2016) + np.where(age >= 75, 6, 0)), size).astype(int) - 3
    treated = random.random(size) < np.where(stage == "Distant", 0.6, 0.95)
    followed = np.maximum(random.exponential(np.where(stage == "Distant", 400, 3000), size).astype(int), 1)
    treated &= wait <= followed
    sex = np.where(site == "Breast", "2", np.where(site == "Prostate", "1", random.choice(["1", "2"], size)))
    patients = pl.DataFrame({
        "patient_id": range(size), "sexAssignedAtBirth": sex, "vitalStatus": np.where(random.random(size) < 0.5, "0", "1"),
        "dateOfLastContact": "20241231",
    })  # fmt: skip
    tumors = pl.DataFrame({
        "tumor_id": range(size), "patient_id": range(size), "site_group": site, "primarySite": [SITES[one] for one in site],
        "stage": stage, "dateOfDiagnosis": [f"{one}0615" for one in year], "ageAtDiagnosis": [f"{one:03}" for one in age],
        "behaviorCodeIcdO3": random.choice(["3", "2"], size, p=[0.95, 0.05]), "typeOfReportingSource": "1",
        "sequenceNumberCentral": random.choice(["00", "02"], size, p=[0.9, 0.1]),
        "rxSummSurgPrimSite": np.where(treated, "30", "00"), "rxSummChemo": "00", "phase1RadiationTreatmentModality": "00",
    }).with_columns(
        pl.Series("days_to_first_treatment", np.where(treated & (random.random(size) > 0.02), wait, -9999)).replace(-9999, None),
        pl.Series("days_to_last_contact", followed),
    )  # fmt: skip
    people, cases, _ = deidentify(patients, tumors, key=b"a key of at least 16 bytes")
    folder = tmp_path_factory.mktemp("waiting")
    people.write_parquet(folder / "patients.parquet")
    cases.write_parquet(folder / "tumors.parquet")
    manifest = {"profile": "research", "as_of": "2024-12-31", "synthetic": True}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_notebook_finds_the_delay(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(NOTEBOOK), "--snapshot", str(snapshot)])
    spec = importlib.util.spec_from_file_location("time_to_treatment", NOTEBOOK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, found = module.app.run()
    assert found["against_lifelines"] < 1e-9
    assert found["exclusions"]["remaining"][-1] == found["cohort"].height > 1300
    assert "Larynx" not in set(found["cohort"]["site_group"])
    assert found["trend"]["slope"] < -1 and found["trend"]["p"] < 1e-6
    ratios = dict(found["model"].select("term", "hazard_ratio").iter_rows())
    assert ratios["years_later"] < 1
    assert ratios["age=75 and over"] < ratios["age=65-74"] * 1.05
    assert found["site_waits"].height == 4
    assert found["stage_waits"]["p50"].null_count() == 0
    assert found["yearly"].filter(~pl.col("hidden"))["count"].min() >= 11
    assert len(found["chart"].data) == 3
    assert found["landmark"].height > 0 and 0 <= found["wait_test"].p <= 1
    assert found["first_course"].filter(pl.col("treatment") == "Surgery")["percent"].max() > 50


@pytest.mark.slow
def test_notebook_runs_as_a_script(snapshot: Path) -> None:
    command = [sys.executable, str(NOTEBOOK), "--snapshot", str(snapshot)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
