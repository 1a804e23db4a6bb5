"""Suites without Great Expectations: planted defects, thresholds, figures, frames, pages; and how errors come back."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import expectations
from expectations import _environment, _error
from expectations.checks import SEVERITIES, Figures
from expectations.completeness import thresholds
from expectations.frames import COLUMNS, read, read_all
from expectations.pages import index_page, make_offline, offline
from expectations.programmes import due_years, judged_years
from expectations.suites import ROOMS, all_suites
from registry.errors import BadInput, NotReady
from registry.quality import write_suite_frames
from registry.quality.indicators import find
from tests.unit.suite_defects import DEFECTS
from tests.unit.suite_registry import frames
from tests.unit.suite_verdicts import failing, fails

GOOD = frames()
SUITES = ("completeness", "validity", "timeliness", "submission-readiness")
AS_OF = dt.date(2026, 11, 1)


def test_a_good_registry_fails_nothing_and_is_asked_much(tmp_path: Path) -> None:
    assert failing(GOOD, tmp_path) == set()
    suites = all_suites(tmp_path)
    assert [suite.name for suite in suites] == [
        "completeness",
        "validity",
        "timeliness",
        "submission-readiness",
    ]
    assert sum(len(suite.checks) for suite in suites) >= 100
    assert {check.severity for suite in suites for check in suite.checks} == set(SEVERITIES)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_fails_the_right_expectation(name: str, tmp_path: Path) -> None:
    defect = DEFECTS[name]
    room = ROOMS[SUITES.index(defect.suite)]
    found = failing(defect.plant(GOOD), tmp_path, [room])
    told = [plain for suite, severity, plain in found if (suite, severity) == (defect.suite, defect.severity)]
    assert any(defect.words in plain for plain in told), found
    assert len(found) <= 5, "a defect in one place is no alarm everywhere"


def test_sentences_and_figures_are_not_said_twice(tmp_path: Path) -> None:
    write_suite_frames(GOOD, tmp_path)
    suites = all_suites(tmp_path)
    said = [check.plain for suite in suites for check in suite.checks[1:]]
    assert len(set(said)) == len(said)
    assert not any(suite.frame.duplicated(["subject", "facility", "year"]).any() for suite in suites)


def test_frames_that_are_missing_are_not_judged_but_two_are_needed(tmp_path: Path) -> None:
    write_suite_frames({name: GOOD[name] for name in ("completeness", "about")}, tmp_path)
    assert [len(suite.checks) > 1 for suite in all_suites(tmp_path)] == [True, False, False, True]
    (tmp_path / "about.parquet").unlink()
    with pytest.raises(BadInput, match=r"about\.parquet: there is no such file"):
        read_all(tmp_path)


def test_an_empty_registry_fails_nothing_but_that_nothing_is_known(tmp_path: Path) -> None:
    empty = {name: frame.clear() if name != "about" else frame for name, frame in GOOD.items()}
    assert failing({**empty, "thresholds": GOOD["thresholds"]}, tmp_path) == {
        ("submission-readiness", "info", f"{find(name).name} can be computed")
        for name in ("completeness_oe", "dco_pct", "duplicate_per_1000", "edits_pass_pct", "missing_age_pct",
                     "missing_county_pct", "missing_race_pct", "missing_sex_pct", "timeliness_12m", "timeliness_23m")
    }  # fmt: skip


def test_a_figure_told_twice_is_found() -> None:
    figures = Figures("x", "X")
    figures.add("percent", [{"facility": "A", "value": 1.0}, {"facility": "A", "value": 2.0}])
    suite = figures.suite()
    assert fails(suite, suite.checks[0])


def test_limits_are_good_or_not_as_they_say() -> None:
    figures = Figures("x", "X")
    figures.add("percent", [{"value": 3.0}, {"subject": "nothing", "value": float("nan")}])
    figures.between("percent", "below 3", most=3, strict=True)
    figures.between("percent", "at most 3", most=3)
    figures.between("percent", "above 3", 3, strict=True)
    figures.between("percent", "at least 3", 3)
    figures.between("nobody knows", "is not asked", 3)
    suite = figures.suite()
    assert [fails(suite, check) for check in suite.checks] == [False, True, False, True, False]
    assert len(suite.frame) == 1


def test_thresholds_of_items_are_dated_data() -> None:
    assert (thresholds()["countyAtDx"].percent, thresholds()["countyAtDx"].facility) == (98.0, 90.0)
    assert thresholds()["*"].percent == 90.0
    assert thresholds(dt.date(2020, 1, 1)) == {}


def test_closed_years_are_judged_and_old_enough_ones_are_due() -> None:
    years = pd.Series([2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, None], dtype="Int64")
    assert judged_years(years, AS_OF) == [2021, 2022, 2023, 2024, 2025]
    assert due_years(years, AS_OF, 23)[-1] == 2024
    assert due_years(years, AS_OF, 12)[-1] == 2024
    assert judged_years(pd.Series([2026, 2027]), AS_OF) == [2026, 2027]


def test_tiny_facilities_are_not_judged(tmp_path: Path) -> None:
    tiny = GOOD["completeness"].with_columns(
        records=pl.when(pl.col("facility_id") == "all").then("records").otherwise(3),
        filled=pl.when(pl.col("facility_id") == "all").then("filled").otherwise(0),
    )
    found = failing({**GOOD, "completeness": tiny}, tmp_path)
    assert not {plain for _, _, plain in found if "each facility" in plain and "known" in plain}


def test_a_frame_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "loads.parquet"
    assert read(file, needed=False).columns.tolist() == list(COLUMNS["loads"])
    with pytest.raises(BadInput, match=r"loads\.parquet: there is no such file"):
        read(file)
    file.write_text("no parquet")
    with pytest.raises(BadInput, match=r"loads\.parquet: not a readable Parquet file"):
        read(file)
    pd.DataFrame({"load": ["a"]}).to_parquet(file)
    with pytest.raises(BadInput, match="column received, loaded"):
        read(file)
    pd.DataFrame({name: ["a"] for name in COLUMNS["loads"]}).to_parquet(file)
    with pytest.raises(BadInput, match="must be numbers"):
        read(file)


def test_pages_load_nothing_from_elsewhere_and_run_nothing() -> None:
    page = offline(
        '<html><head><link rel="stylesheet" href="https://cdn.example/a.css"><style>@import url(//b)</style></head>'
        '<body><script>alert(1)</script><SCRIPT src="//c"></SCRIPT><img src="https://d.example/i.png">'
        '<p onclick="go()">kept <a href="https://e.example">words</a> <a href="x.html">here</a></p>'
        "<footer>newsletter</footer></body></html>"
    )
    assert 'kept words <a href="x.html">here</a>' in page
    for gone in ("example", "<script", "<SCRIPT", "onclick", "newsletter", "@import", "<link", "<img"):
        assert gone not in page
    assert "Content-Security-Policy" in page


def test_index_names_findings_by_severity_and_safely(tmp_path: Path) -> None:
    suite = {
        "suite": "s", "title": "A <title>", "success": False, "passed": 1, "failed": 2, "critical": 1, "warning": 1,
        "info": 0,
        "findings": [{"severity": "critical", "plain": "a < b"}, {"severity": "warning", "plain": "c"}],
    }  # fmt: skip
    index_page(tmp_path, [suite])
    make_offline(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "A &lt;title&gt;" in page
    assert page.index("a &lt; b") < page.index("<li>c</li>")
    assert "1 of 1 suites failed" in page
    assert (
        page.count("<h3>Needed for certification</h3>")
        == page.count("<h3>Needed for a better level</h3>")
        == 1
    )
    assert "<h3>To watch</h3>" not in page


def test_the_child_gets_no_secret_and_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_KEY", "secret")
    environment = _environment()
    assert "secret" not in environment.values()
    assert environment["GX_ANALYTICS_ENABLED"] == "false"


def test_errors_of_the_child_become_ours() -> None:
    told = json.dumps({"where": "x.parquet", "what": "broken", "action": None})
    assert str(_error(2, f"noise\n{told}\n")) == "x.parquet: broken"
    assert isinstance(_error(-9, "killed"), NotReady)
    assert "code -9" in str(_error(-9, ""))


def test_a_missing_frame_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"completeness\.parquet: there is no such file"):
        expectations.check(tmp_path, tmp_path / "docs")


def test_importing_the_room_is_cheap() -> None:
    code = "import expectations, sys; print({'pandas', 'great_expectations', 'polars'} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=_environment(), check=True
    )
    assert answer.stdout.strip() == "set()"
