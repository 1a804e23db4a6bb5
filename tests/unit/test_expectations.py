"""Suites without Great Expectations: thresholds, figures, sentences, pages; and how errors come back."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import expectations
from expectations import _environment, _error
from expectations.pages import index_page, make_offline, offline
from expectations.suites import COMPLETENESS, INDICATORS, by_facility, by_item, indicators, read, thresholds
from registry.errors import BadInput, NotReady


def completeness(rows: list[tuple[str, int, str, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (facility, year, item, records, records, round(records * (1 - percent / 100)), 100.0)
            for facility, year, item, records, percent in rows
        ],
        columns=list(COMPLETENESS),
    )


def test_thresholds_are_dated_data() -> None:
    assert thresholds()["countyAtDx"] == (98.0, 90.0)
    assert thresholds()["*"] == (90.0, 75.0)
    assert thresholds(dt.date(2020, 1, 1)) == {}


def test_percent_known_of_an_item_is_over_all_records() -> None:
    suite = by_item(completeness([("A", 2022, "race1", 900, 100.0), ("B", 2023, "race1", 100, 50.0)]))
    assert suite.frame["percent"].tolist() == [95.0]
    assert suite.checks[0].plain == "race1 is known in at least 97 % of the records"
    assert suite.checks[0].arguments["min_value"] == 97.0


def test_the_line_for_all_records_counts_where_there_is_one() -> None:
    frame = completeness([("all", 2022, "race1", 1000, 90.0), ("A", 2022, "race1", 500, 100.0)])
    assert by_item(frame).frame["percent"].tolist() == [90.0]
    assert by_facility(frame).frame["facility_id"].tolist() == ["A"]


def test_an_item_without_a_threshold_takes_the_general_one() -> None:
    assert by_item(completeness([("A", 2022, "tobacco", 9, 100.0)])).checks[0].arguments["min_value"] == 90.0


def test_tiny_facilities_are_not_judged() -> None:
    suite = by_facility(completeness([("A", 2022, "race1", 19, 0.0), ("B", 2022, "race1", 20, 99.0)]))
    assert suite.frame["facility_id"].tolist() == ["B"]


def indicator(
    value: float | None, gold: float | None, silver: float | None, status: str | None
) -> pd.DataFrame:
    row = ("x", "An indicator", "validity", 2023, 1, 1, value, gold, silver, status)
    return pd.DataFrame([row], columns=list(INDICATORS))


@pytest.mark.parametrize(
    ("value", "gold", "silver", "status", "good"),
    [
        (96.0, 95.0, 90.0, None, True), (89.0, 95.0, 90.0, None, False),  # more is better
        (4.0, 3.0, 5.0, None, True), (6.0, 3.0, 5.0, None, False),  # less is better
        (6.0, 3.0, None, "below", False), (2.0, 3.0, None, "gold", True),  # one limit: the status decides
        (6.0, None, None, "none", False),
    ],
)  # fmt: skip
def test_direction_of_an_indicator(
    value: float, gold: float | None, silver: float | None, status: str | None, good: bool
) -> None:
    suite = indicators(indicator(value, gold, silver, status))
    assert len(suite.checks) == 1
    assert (suite.frame["distance_from_limit"] >= 0).tolist() == [good]


def test_indicator_without_limits_or_without_value_is_not_judged() -> None:
    assert indicators(indicator(50.0, None, None, None)).checks == []
    assert indicators(indicator(None, 95.0, 90.0, None)).frame["distance_from_limit"].isna().all()


def test_years_are_judged_one_by_one() -> None:
    frame = pd.concat([indicator(1.0, 3.0, 5.0, None), indicator(1.0, 3.0, 5.0, None).assign(year=None)])
    assert indicators(frame).frame["year"].tolist() == [2023]


def test_a_frame_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"x\.parquet: there is no such file"):
        read(tmp_path / "x.parquet", COMPLETENESS)
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match=r"x\.parquet: not a readable Parquet file"):
        read(tmp_path / "x.parquet", COMPLETENESS)
    pd.DataFrame({"item": ["a"]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(BadInput, match="column facility_id, diagnosis_year, records"):
        read(tmp_path / "x.parquet", COMPLETENESS)


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


def test_index_names_failures_safely(tmp_path: Path) -> None:
    suite = {
        "suite": "s",
        "title": "A <title>",
        "success": False,
        "passed": 1,
        "failed": 1,
        "failures": ["a < b"],
    }
    index_page(tmp_path, [suite])
    make_offline(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "A &lt;title&gt;" in page
    assert "<li>a &lt; b</li>" in page
    assert "1 of 1 suites failed" in page


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
