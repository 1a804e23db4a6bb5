"""Unit files of systemd and lines of a crontab for the jobs of a table, where `registry serve` does not run them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from registry.errors import BadInput

if TYPE_CHECKING:
    from registry.service.jobs.table import Job, JobTable

_DAYS: Final = {
    "mon": "Mon",
    "tue": "Tue",
    "wed": "Wed",
    "thu": "Thu",
    "fri": "Fri",
    "sat": "Sat",
    "sun": "Sun",
}
_SERVICE: Final = """[Unit]
Description=Registry: {title}

[Service]
Type=oneshot
User=registry
ExecStart={command}
UMask=0077
NoNewPrivileges=true
PrivateTmp=true
TimeoutStartSec=infinity
"""
_TIMER: Final = """[Unit]
Description=When to run: {title}

[Timer]
OnCalendar={calendar}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _words(job: Job | None, database: str, key_file: str | None, program: str) -> list[str]:
    named = ["--due"] if job is None else [job.name]
    return [
        program,
        "jobs",
        "run",
        *named,
        "--db",
        database,
        *(["--key-file", key_file] if key_file else []),
        "--quiet",
    ]


def systemd(table: JobTable, database: str, key_file: str | None, program: str) -> dict[str, str]:
    """File name → text: a service and a timer a job, and one pair that takes up what was missed or failed.

    Raises:
        BadInput: a schedule that a calendar of systemd cannot say.
    """
    files = {}
    zone = "" if table.time_zone == "local" else f" {table.time_zone}"
    rows: list[tuple[str, str, Job | None, str]] = [
        (f"registry-{job.name}", job.title, job, _calendar(job) + zone) for job in table.jobs if job.enabled
    ]
    rows.append(("registry-due", "what was missed or is to be tried again", None, "*-*-* *:15:00"))
    for name, title, job, calendar in rows:
        command = " ".join(_quoted(word) for word in _words(job, database, key_file, program))
        files[f"{name}.service"] = _SERVICE.format(title=title.replace("%", "%%"), command=command)
        files[f"{name}.timer"] = _TIMER.format(title=title.replace("%", "%%"), calendar=calendar)
    return files


def _quoted(word: str) -> str:
    """A word of ExecStart: specifiers and quotes as systemd.service(5) wants them."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{safe}"' if any(letter in safe for letter in " ;'\"\\") else safe


def _plain(job: Job) -> dict[str, str]:
    given = dict(job.schedule)
    simple = set(given) <= {"month", "day", "day_of_week", "hour", "minute"}
    numbers = all(value.isdecimal() for name, value in given.items() if name != "day_of_week")
    if not simple or not numbers or given.get("day_of_week", "mon") not in _DAYS or "hour" not in given:
        raise BadInput(
            "jobs units", f"the schedule of {job.name} is none that can be put over", "write its unit by hand"
        )
    return given


def _calendar(job: Job) -> str:
    given = _plain(job)
    week = f"{_DAYS[given['day_of_week']]} " if "day_of_week" in given else ""
    month, day = (f"{int(given[name]):02}" if name in given else "*" for name in ("month", "day"))
    return f"{week}*-{month}-{day} {int(given['hour']):02}:{int(given.get('minute', '0')):02}:00"


def cron(table: JobTable, database: str, key_file: str | None, program: str) -> dict[str, str]:
    """{registry.cron: lines for a crontab}: a line a job, and one that takes up what was missed or failed.

    Raises:
        BadInput: a schedule that a crontab cannot say.
    """
    lines = ["# minute hour day month weekday command; times are the machine's own"]
    if table.time_zone != "local":
        lines.append(f"CRON_TZ={table.time_zone}")
    for job in (each for each in table.jobs if each.enabled):
        given = _plain(job)
        fields = [
            str(int(given.get("minute", "0"))),
            *(given.get(name, "*") for name in ("hour", "day", "month")),
        ]
        fields.append(given.get("day_of_week", "*"))
        lines.append(f"{' '.join(fields)} {_shell(_words(job, database, key_file, program))}")
    lines.append(f"15 * * * * {_shell(_words(None, database, key_file, program))}")
    return {"registry.cron": "\n".join(lines) + "\n"}


def _shell(words: list[str]) -> str:
    """A command of a crontab: a percent sign would end it."""
    return shlex.join(words).replace("%", "\\%")
