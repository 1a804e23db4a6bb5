"""Great Expectations in its own process: the verdicts of the checks, sentences, data docs without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import expectations
from expectations import _environment
from registry.quality import write_suite_frames
from tests.unit.suite_defects import DEFECTS
from tests.unit.suite_registry import frames
from tests.unit.suite_verdicts import failing

#: what a browser would load: any of these attributes with an address of another machine
LOADED = re.compile(
    r"(?:src|href|action|data|poster|srcset)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import", re.IGNORECASE
)
ADDRESS = re.compile(rb"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE)
TOGETHER = [
    "a line without item", "an item unknown", "an item known less often than last year", "unknown county above silver",
    "DCO above silver", "impossible codes", "codes drift", "half of the codes moved", "a tumor twice",
    "a load that lost a record", "late abstracts", "a late year", "contact after completion", "a silent facility",
    "edits not run", "an open error", "an open official review", "a facility that is held back",
    "records that fail edits",
]  # fmt: skip
"""Defects that can stand in the frames at once."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, set[tuple[str, str, str]]]:
    """What the child says of frames with many defects, and what plain pandas says."""
    made = frames()
    for name in TOGETHER:
        made = DEFECTS[name].plant(made)
    folder = tmp_path_factory.mktemp("frames")
    expected = failing(made, folder)
    return expectations.check(folder, tmp_path_factory.mktemp("docs") / "quality"), expected


def test_great_expectations_says_what_the_checks_say(planted: tuple[dict, set[tuple[str, str, str]]]) -> None:
    result, expected = planted
    found = [
        (suite["suite"], finding["severity"], finding["plain"].split("; ")[0])
        for suite in result["details"]
        for finding in suite["findings"]
    ]
    assert sorted(found) == sorted(expected)
    for name in TOGETHER:
        defect = DEFECTS[name]
        told = [
            plain for suite, severity, plain in found if (suite, severity) == (defect.suite, defect.severity)
        ]
        assert any(defect.words in plain for plain in told), name


def test_counts_and_sentences(planted: tuple[dict, set[tuple[str, str, str]]]) -> None:
    result, expected = planted
    assert (result["suites"], result["suites_passed"], result["suites_failed"]) == (4, 0, 4)
    assert result["expectations"] >= 100
    assert result["expectations"] == result["passed"] + result["failed"]
    assert result["critical"] + result["warning"] + result["info"] == result["failed"] == len(expected)
    assert "No facility has open errors; found 0000000003: 1" in result["failures"]
    assert (
        "Each facility sends at least 50 % of its mean of the years before; found 0000000002 2025: 48.33"
        in result["failures"]
    )
    severities = [finding["severity"] for suite in result["details"] for finding in suite["findings"]]
    assert severities.count("critical") == result["critical"]
    assert result["failures"][0] in {
        plain for s in result["details"] for plain in s["failures"][: s["critical"]]
    }


def test_docs_are_complete_and_offline(planted: tuple[dict, set[tuple[str, str, str]]]) -> None:
    index = Path(planted[0]["data_docs"])
    files = [page for page in sorted(index.parent.rglob("*")) if page.is_file()]
    assert [page for page in files if page.suffix != ".html"] == []
    assert len(files) == 1 + 4 + 4
    for page in files:
        content = page.read_bytes()
        assert not ADDRESS.search(content), page.name
        text = content.decode("utf-8")
        assert not LOADED.search(text), page.name
        assert "<script" not in text.lower()
        for link in re.findall(r'href="([^"#]+)', text):
            assert (page.parent / link).resolve().is_file(), f"{page.name} links to {link}"
    assert "race1 are spread as the year before" in index.read_text(encoding="utf-8")


def test_a_good_registry_passes_every_suite_and_old_docs_are_replaced(
    planted: tuple[dict, set[tuple[str, str, str]]], tmp_path: Path
) -> None:
    write_suite_frames(frames(), tmp_path)
    docs = Path(planted[0]["data_docs"]).parent
    good = expectations.check(tmp_path, docs)
    assert (good["suites"], good["suites_passed"], good["failures"]) == (4, 4, [])
    assert good["expectations"] >= 100
    assert len(list((docs / "validations").rglob("*.html"))) == 4


def test_by_hand_it_says_why_it_could_not_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "expectations.run", "--frames", str(tmp_path), "--out", str(tmp_path / "d")],
        env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip().endswith(
        "completeness.parquet: there is no such file in the folder of frames; write it first"
    )
