"""Great Expectations in its own process: verdicts, sentences, data docs without a network."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import expectations
from expectations.suites import COMPLETENESS, INDICATORS

#: what a browser would load: any of these attributes with an address of another machine
LOADED = re.compile(
    r"(?:src|href|action|data|poster|srcset)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import", re.IGNORECASE
)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    rows = [
        (facility, 2023, item, 200, 200, round(200 - 2 * percent), 100.0)
        for facility in ("0000000001", "0000000002")
        for item, percent in (
            ("primarySite", 100.0), ("race1", 99.0), ("countyAtDx", 99.0 if facility.endswith("1") else 60.0),
        )
    ]  # fmt: skip
    pl.DataFrame(rows, schema=list(COMPLETENESS), orient="row").write_parquet(folder / "completeness.parquet")
    indicators = [
        ("dco_pct", "Death certificate only", "validity", 2023, 2, 100, 2.0, 3.0, 5.0, "gold"),
        ("missing_race_pct", "Unknown race", "missing", 2022, 8, 100, 8.0, 3.0, 5.0, "below"),
        ("missing_race_pct", "Unknown race", "missing", 2023, 0, 0, None, 3.0, 5.0, None),
    ]
    pl.DataFrame(indicators, schema=list(INDICATORS), orient="row").write_parquet(
        folder / "indicators.parquet"
    )
    return folder


@pytest.fixture(scope="module")
def result(frames: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return expectations.check(frames, tmp_path_factory.mktemp("docs") / "quality")


def test_counts_and_sentences(result: dict) -> None:
    assert (result["suites"], result["suites_passed"], result["suites_failed"]) == (4, 1, 3)
    assert result["expectations"] == result["passed"] + result["failed"]
    assert result["failures"] == [
        "countyAtDx is known in at least 98 % of the records; found 79.5",
        "countyAtDx is known in at least 90 % of the records of each facility; found 0000000002: 60.0",
        "Unknown race should be at most 5; found 2022: 8.0",
    ]
    assert [suite["suite"] for suite in result["details"]] == [
        "figures", "completeness", "completeness-by-facility", "indicators",
    ]  # fmt: skip


def test_docs_are_complete_and_offline(result: dict) -> None:
    index = Path(result["data_docs"])
    pages = sorted(index.parent.rglob("*"))
    html = [page for page in pages if page.suffix == ".html"]
    assert len(html) == 1 + 4 + 4
    assert [page for page in pages if page.is_file() and page.suffix != ".html"] == []
    for page in html:
        text = page.read_text(encoding="utf-8")
        assert not LOADED.search(text), page.name
        assert "<script" not in text.lower()
        for link in re.findall(r'href="([^"#]+)', text):
            assert (page.parent / link).resolve().is_file(), f"{page.name} links to {link}"
    assert "countyAtDx is known in at least 98 %" in index.read_text(encoding="utf-8")


def test_nothing_to_judge_is_no_failure_and_old_docs_are_replaced(result: dict, tmp_path: Path) -> None:
    schema = {"facility_id": pl.String, "diagnosis_year": pl.Int32, "item": pl.String, "records": pl.Int64,
              "filled": pl.Int64, "unknown": pl.Int64, "percent": pl.Float64}  # fmt: skip
    pl.DataFrame(schema=schema).write_parquet(tmp_path / "completeness.parquet")
    docs = Path(result["data_docs"]).parent
    empty = expectations.check(tmp_path, docs)
    assert (empty["suites"], empty["suites_passed"], empty["failures"]) == (3, 3, [])
    assert not list((docs / "validations").rglob("indicators*.html"))
