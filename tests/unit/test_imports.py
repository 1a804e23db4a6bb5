"""Starting is cheap: heavy libraries load only in the room that needs them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from tests.paths import ROOT

HEAVY = [
    "pandas",
    "lifelines",
    "streamlit",
    "numba",
    "splink",
    "great_expectations",
    "matplotlib",
    "scipy",
    "plotly",
]
PROGRAM = """
import json, sys
{body}
print(json.dumps([name for name in {heavy!r} if name in sys.modules]))
"""
COMMAND = """
import contextlib, io
from registry.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        main({words!r})
    except SystemExit:
        pass
"""
BODIES = {
    "import registry": "import registry",
    "registry --help": COMMAND.format(words=["--help"]),
    "registry ingest, edits, followup": "".join(
        COMMAND.format(words=words)
        for words in (
            ["ingest", "--help"],
            ["edits", "list"],
            ["followup", "list", "--help"],
            ["export", "--help"],
            ["audit", "verify", "--help"],
        )
    )
    + "import registry.service, registry.service.ingest, registry.service.followup.room, registry.service.quality.room, "
    "registry.service.export, registry.service.records, pipelines.ingest\n",
}


def _loaded(body: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body, heavy=HEAVY)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("what", BODIES)
def test_nothing_heavy_is_imported(what: str) -> None:
    assert _loaded(BODIES[what]) == []


def test_importing_the_package_loads_no_frames() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import registry, sys; print('polars' in sys.modules, 'duckdb' in sys.modules)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


def test_polars_spills_nothing_to_plain_files() -> None:
    """The setting stands before Polars is imported, whichever room is asked for first."""
    for first in ("registry.formats", "registry.cli.data", "pipelines.ingest", "registry.store"):
        done = subprocess.run(
            [sys.executable, "-c", f"import {first}, os; print(os.environ['POLARS_OOC_DISK_BUDGET_MB'])"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "0"


def test_help_is_quick() -> None:
    """At most 0.4 CPU seconds beyond what Python itself takes; the best of three, for a machine that is busy."""

    def seconds(words: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds(["-m", "registry", "--help"]) for _ in range(3)) <= 0.4


def test_every_name_of_the_formats_is_there_and_reading_xml_waits_for_none() -> None:
    from registry import formats

    assert [name for name in formats.__all__ if not callable(getattr(formats, name))] == []
    assert sorted(formats.__all__) == formats.__all__
    with pytest.raises(AttributeError, match="no attribute 'red_table'"):
        formats.red_table  # noqa: B018
    program = "import sys, registry.formats; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
