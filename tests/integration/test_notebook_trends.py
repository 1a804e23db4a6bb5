"""The notebook on incidence trends runs from top to bottom, and finds the turn that was put into the data."""

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

from registry.analytics.incidence import AGE_GROUPS
from registry.security.deidentify import deidentify
from tests.paths import ROOT

NOTEBOOK = ROOT / "notebooks" / "incidence_trends.py"
YEARS = range(2000, 2026)
SITES = {"Prostate": "C619", "Breast": "C509", "Lung and Bronchus": "C341", "Larynx": "C329"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A snapshot whose lung cancers rise by 5 % a year until 2012 and then fall by 7 %, and its population."""
    random = np.random.default_rng(12)
    rows = []
    for year in YEARS:
        for site in SITES:
            bend = 1.05 ** min(year - 2000, 12) * 0.93 ** max(year - 2012, 0)
            cases = (
                4
                if site == "Larynx"
                else round(180 * (bend if site == "Lung and Bronchus" else 1.01 ** (year - 2000)))
            )
            sex = {"Prostate": "1", "Breast": "2"}.get(site)
            for _ in range(random.poisson(cases)):
                rows.append(
                    (site, SITES[site], sex or str(random.integers(1, 3)), year, random.integers(40, 90))
                )
    table = pl.DataFrame(rows, schema=["site_group", "primarySite", "sex", "year", "age"], orient="row")
    number = pl.int_range(pl.len())
    patients = table.select(
        number.alias("patient_id"), pl.col("sex").alias("sexAssignedAtBirth"), pl.lit("1").alias("vitalStatus"),
        pl.lit("20260101").alias("dateOfLastContact"),
    )  # fmt: skip
    tumors = table.select(
        number.alias("tumor_id"), number.alias("patient_id"), "site_group", "primarySite",
        pl.format("{}0615", "year").alias("dateOfDiagnosis"),
        pl.col("age").cast(pl.String).str.zfill(3).alias("ageAtDiagnosis"),
        pl.when(number % 50 == 0).then(pl.lit("2")).otherwise(pl.lit("3")).alias("behaviorCodeIcdO3"),
    )  # fmt: skip
    people, cases_, _ = deidentify(patients, tumors, key=b"a key of at least 16 bytes")
    folder = tmp_path_factory.mktemp("trends")
    people.write_parquet(folder / "patients.parquet")
    cases_.write_parquet(folder / "tumors.parquet")
    manifest = {"profile": "research", "as_of": "2026-11-01", "synthetic": True}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    population = pl.DataFrame({"year": list(YEARS)}).join(pl.DataFrame({"sex": ["1", "2"]}), how="cross")
    population = population.join(pl.DataFrame({"age_group": AGE_GROUPS}), how="cross").select(
        pl.lit("NY").alias("state"), pl.lit("001").alias("county"), "year", "sex", pl.lit("").alias("race"), "age_group",
        pl.lit(5000).alias("population"),
    )  # fmt: skip
    population.write_csv(folder / "population.csv")
    return folder, folder / "population.csv"


def test_notebook_finds_the_turn(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, population = files
    arguments = [str(NOTEBOOK), "--snapshot", str(snapshot), "--population", str(population)]
    monkeypatch.setattr(sys, "argv", arguments)
    spec = importlib.util.spec_from_file_location("incidence_trends", NOTEBOOK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, found = module.app.run()
    assert found["late_years"] == [2025]  # still being reported
    assert found["names"][:2] == ["All sites, men", "All sites, women"]
    assert set(found["names"][2:]) == {"Prostate, men", "Breast, women", "Lung and Bronchus", "Larynx"}
    lung = found["models"]["Lung and Bronchus"]
    (turn,) = lung.joinpoints
    low, high = lung.locations.select("lower", "upper").row(0)
    assert low <= turn <= high and abs(turn - 2012) <= 1
    first, second = lung.segments["apc"]
    assert first > 2 and second < -4
    assert found["models"]["Prostate, men"].joinpoints == ()
    assert "Larynx" not in found["models"] and "No trend is given for: Larynx." in found["summary"]
    assert f"The trend turns in {turn} ({low}–{high})." in found["summary"]
    assert found["against_plain_search"] < 1e-6
    assert found["parallel"].p > 0.001 and "(test of parallelism" in found["summary"]
    larynx = found["rates"].filter((pl.col("series") == "Larynx") & pl.col("suppressed"))
    assert larynx.height and larynx["rate"].null_count() == larynx.height
    assert len(found["chart_sites"].data) == 7  # four sites, three of them with a trend
    assert "2025" not in str(found["changes_table"]["last_year"].to_list())


@pytest.mark.slow
def test_notebook_runs_as_a_script(files: tuple[Path, Path]) -> None:
    snapshot, population = files
    command = [sys.executable, str(NOTEBOOK), "--snapshot", str(snapshot), "--population", str(population)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
