"""Facts about the project itself: pinned versions agree, README's commands are CI's, nothing local leaks."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from tests.paths import ROOT
from tools.constraints import HEADER, listed, with_constraints

PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(PYPROJECT)


def test_pip_and_uv_are_held_to_the_same_versions() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == listed(PYPROJECT)
    assert len(lines) > 80


def test_writing_constraints_twice_changes_nothing() -> None:
    assert with_constraints(PYPROJECT, listed(PYPROJECT)) == PYPROJECT
    assert HEADER in (ROOT / "constraints.txt").read_text()


def test_direct_dependencies_are_pinned_and_constrained() -> None:
    direct = [
        *PROJECT["project"]["dependencies"],
        *[line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra],
        *PROJECT["dependency-groups"]["dev"],
    ]
    assert all(re.match(r"[A-Za-z0-9_.-]+==[0-9][^ ]*( ;|$)", line) for line in direct), direct
    pinned = {line.split(" ;")[0].strip().lower().replace("_", "-") for line in listed(PYPROJECT)}
    assert {line.split(" ;")[0].strip().lower().replace("_", "-") for line in direct} <= pinned


def test_readme_shows_the_two_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text().splitlines()
    assert "pip install uv && uv run registry demo" in readme
    assert "pip install uv && uv run pytest" in readme
    assert "grep -m1 '^pip install uv && uv run pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def test_every_document_that_readme_names_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_no_hosts_of_download_registries_and_no_machine_paths() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    words = [
        "pypi" + ".org",
        "python" + "hosted",
        "registry.npm" + "js",
        "deb." + "debian",
        "/wo" + "rk/",
        "/ro" + "ot/",
    ]
    found = subprocess.run(
        ["git", "grep", "-nIE", "|".join(re.escape(word) for word in words), "--", ".", ":!*.svg"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""
    assert not subprocess.run(
        ["git", "ls-files", "uv.lock"], cwd=ROOT, capture_output=True, check=True
    ).stdout


def test_python_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("registry", "pipelines", "dashboards", "expectations", "tools")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 500
    }
    assert long == {}
