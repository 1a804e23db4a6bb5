"""Examples for systemd and cron are what the program prints, and can be read by what they are for."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from pipelines.units import cron, systemd
from registry.cli import cli
from registry.errors import BadInput
from registry.service.jobs.periods import FIELDS, Schedule
from registry.service.jobs.table import Job, JobTable, own_file, read
from tests.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"
WORDS = ("/srv/registry/my.duckdb", "/etc/registry/key", "/opt/registry/bin/registry")
CALENDAR = re.compile(
    r"((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\*-(\*|\d\d)-(\*|\d\d) (\*|\d\d):\d\d:00( [A-Za-z_/]+)?"
)


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


def understood(words: list[str]) -> None:
    """Every word of a command is one that the program knows."""
    context = cli.make_context("registry", words[1:], resilient_parsing=False)
    while isinstance(command := context.command, type(cli)) or hasattr(command, "commands"):
        name, found, rest = command.resolve_command(context, context._protected_args + context.args)  # type: ignore[attr-defined]
        assert name is not None and found is not None
        context = found.make_context(name, list(rest), parent=context)


def test_a_word_of_nobody_is_not_understood() -> None:
    for words in ("registry jobs run --dues", "registry jobs runs backup", "registry serves"):
        with pytest.raises(click.UsageError):
            understood(words.split())


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("systemd/registry-*")), ids=lambda path: path.name)
def test_examples_are_what_is_printed(path: Path) -> None:
    assert path.read_text() == systemd(read(None), *WORDS)[path.name]


def test_the_crontab_is_what_is_printed() -> None:
    assert (EXAMPLES / "registry.cron").read_text() == cron(read(None), *WORDS)["registry.cron"]


def test_every_job_has_a_pair_and_there_is_one_for_what_was_missed() -> None:
    table = read(None)
    files = systemd(table, *WORDS)
    names = [f"registry-{job.name}" for job in table.jobs] + ["registry-due"]
    assert list(files) == [f"{name}.{kind}" for name in names for kind in ("service", "timer")]
    for name in names:
        service, timer = unit(files[f"{name}.service"]), unit(files[f"{name}.timer"])
        assert service["Service"]["Type"] == "oneshot"
        understood(shlex.split(service["Service"]["ExecStart"]))
        assert CALENDAR.fullmatch(timer["Timer"]["OnCalendar"]), timer["Timer"]["OnCalendar"]
        assert timer["Timer"]["Persistent"] == "true"


def test_the_serving_example_can_be_read() -> None:
    found = unit((EXAMPLES / "systemd" / "registry.service").read_text())
    understood(shlex.split(found["Service"]["ExecStart"]))
    assert int(found["Service"]["TimeoutStopSec"]) > 30  # the server's own patience with a running job


def test_the_example_table_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_JOBS", raising=False)
    shutil.copy(EXAMPLES / "registry.jobs.toml", own_file(tmp_path / "my.duckdb"))
    table = read(tmp_path / "my.duckdb")
    assert (table.find("backup").keep, table.find("state-edits").period) == (30, "week")
    assert table.notify["on"] == ["failed", "problems"]
    files = systemd(table, *WORDS)
    assert unit(files["registry-backup.timer"])["Timer"]["OnCalendar"] == "*-*-* 22:15:00 America/New_York"
    assert "registry-snapshot.timer" not in files
    assert cron(table, *WORDS)["registry.cron"].splitlines()[1] == "CRON_TZ=America/New_York"


def test_lines_of_the_crontab_have_five_fields_and_a_command() -> None:
    lines = cron(read(None), "/srv/100% ours/r.duckdb", None, WORDS[2])["registry.cron"].splitlines()[1:]
    assert len(lines) == len(read(None).jobs) + 1
    for line in lines:
        assert re.match(r"\d+ (\d+|\*) (\d+|\*) (\d+|\*) (\*|mon|sun) /opt/", line), line
        assert "100\\% ours" in line
        understood(shlex.split(line.replace("\\%", "%"))[5:])


def one(schedule: Schedule) -> JobTable:
    job = Job("x", "X", "", "derive", schedule, "day", parameters={})
    return JobTable("local", (job,), {})


def test_a_path_with_blanks_and_percent_signs_stays_one_word() -> None:
    text = systemd(one((("hour", "1"),)), '/srv/my "own" 100%/r.duckdb', None, WORDS[2])["registry-x.service"]
    start = unit(text)["Service"]["ExecStart"]
    assert '"/srv/my \\"own\\" 100%%/r.duckdb"' in start
    assert shlex.split(start)[5] == '/srv/my "own" 100%%/r.duckdb'


@pytest.mark.parametrize(
    "schedule", [(("hour", "*/6"),), (("week", "2"), ("hour", "1")), (("day", "last"), ("hour", "1"))]
)
def test_what_a_calendar_cannot_say_is_refused(schedule: Schedule) -> None:
    assert {name for name, _ in schedule} <= set(FIELDS)
    for make in (systemd, cron):
        with pytest.raises(BadInput, match="the schedule of x is none that can be put over"):
            make(one(schedule), *WORDS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_reads_the_calendars() -> None:
    for name, text in systemd(read(None), *WORDS).items():
        if name.endswith(".timer"):
            calendar = unit(text)["Timer"]["OnCalendar"]
            assert subprocess.run(["systemd-analyze", "calendar", calendar], check=False).returncode == 0
