"""Each notebook runs from top to bottom over a small published snapshot, as a script and cell by cell."""

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
from registry.synthetic.facts import load
from registry.synthetic.statistics import life_table
from tests.paths import ROOT

NOTEBOOK = ROOT / "notebooks" / "survival_by_stage.py"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 made-up patients, de-identified as `registry publish` does it."""
    random = np.random.default_rng(11)
    size = 600
    stage = random.choice(list("0127"), size, p=[0.05, 0.45, 0.3, 0.2])
    months = random.exponential(np.select([stage == "7", stage == "2"], [15, 50], 120), size)
    diagnosed = np.datetime64("2016-01-15") + random.integers(0, 2000, size).astype("timedelta64[D]")
    last = np.minimum(diagnosed + (months * 30).astype("timedelta64[D]"), np.datetime64("2024-12-31"))
    text = [pl.Series(days.astype("datetime64[D]")).dt.strftime("%Y%m%d") for days in (diagnosed, last)]
    patients = pl.DataFrame({
        "patient_id": range(size), "nameLast": "SYNTHETIC", "sexAssignedAtBirth": random.choice(["1", "2"], size),
        "vitalStatus": np.where(last < np.datetime64("2024-12-31"), "0", "1"), "dateOfLastContact": text[1],
    })  # fmt: skip
    tumors = pl.DataFrame({
        "tumor_id": range(size), "patient_id": range(size), "primarySite": "C509", "dateOfDiagnosis": text[0],
        "ageAtDiagnosis": pl.Series(random.integers(30, 99, size)).cast(pl.String).str.zfill(3),
        "behaviorCodeIcdO3": np.where(stage == "0", "2", "3"), "summaryStage2018": stage,
        "sequenceNumberCentral": random.choice(["00", "02"], size, p=[0.9, 0.1]), "typeOfReportingSource": "1",
    })  # fmt: skip
    people, cases, _ = deidentify(patients, tumors, key=b"a key of at least 16 bytes")
    folder = tmp_path_factory.mktemp("snapshot")
    people.write_parquet(folder / "patients.parquet")
    cases.write_parquet(folder / "tumors.parquet")
    life_table(load(), 2024).write_csv(folder / "life_table.csv")
    (folder / "manifest.json").write_text(
        json.dumps({"profile": "research", "as_of": "2024-12-31", "synthetic": True})
    )
    return folder


def test_cells_give_what_they_promise(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--snapshot", str(snapshot), "--life-table", str(snapshot / "life_table.csv")]
    monkeypatch.setattr(sys, "argv", [str(NOTEBOOK), *words])
    spec = importlib.util.spec_from_file_location("survival_by_stage", NOTEBOOK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, found = module.app.run()
    assert found["against_lifelines"] < 1e-10
    assert found["test"].p < 1e-6
    assert found["exclusions"]["remaining"][-1] == found["cohort"].height > 400
    survival = dict(found["five_year"].filter(pl.col("time") == 12).select("stage", "survival").iter_rows())
    assert survival["Localized"] > survival["Regional"] > survival["Distant"]
    assert found["periods"]["period"].unique().sort().to_list() == ["2015-2019", "2020-2021"]
    assert found["period_test"].df == 1
    net = found["net_survival"].filter(pl.col("years") == 1)
    assert net["approach"].unique().sort().to_list() == ["all years", "period 2019-2023"]
    alive = dict(net.filter(pl.col("approach") == "all years").select("stage", "survival").iter_rows())
    assert all(alive[stage] > survival[stage] for stage in alive), "the population dies too"
    assert len(found["chart"].data) == 9  # two limits and a curve for each of three stages
    assert found["yearly"].filter(~pl.col("suppressed"))["count"].min() >= 11


@pytest.mark.slow
def test_notebook_runs_as_a_script(snapshot: Path) -> None:
    command = [sys.executable, str(NOTEBOOK), "--snapshot", str(snapshot)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
