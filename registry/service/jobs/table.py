"""The job table: which jobs there are, when they run, what a failure does; the package's own and a registry's."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from registry.errors import BadInput
from registry.service.jobs import periods

PACKAGED: Final = Path(__file__).with_name("jobs.toml")
RECORDS = ("patient", "tumor", "abstract")


@dataclass(frozen=True)
class Work:
    """What a job can do: its parameters with their defaults, and the tables that its result depends on."""

    parameters: Mapping[str, Any]
    reads: tuple[str, ...]


WORKS: Final[dict[str, Work]] = {
    "followup-list": Work(
        {"letters": True}, (*RECORDS, "follow_up_contact", "contact_bar", "letter_consent")
    ),
    "followup-annual": Work({}, (*RECORDS, "follow_up_contact", "contact_bar")),
    "passive": Work({}, ("patient", "pathology_report")),
    "linkage": Work({}, ("abstract", "pathology_report", "treatment")),
    "derive": Work({}, ("patient", "tumor")),
    "edits": Work({"edit_set": "central", "own": ""}, (*RECORDS, "edit_override")),
    "suites": Work({}, (*RECORDS, "edit_failure", "load")),
    "snapshot": Work({"profile": "research", "study": ""}, ("patient", "tumor")),
    "backup": Work({}, ("audit_event",)),
    "submissions": Work({"days_before": 30}, (*RECORDS, "submission")),
}
"""Name → work; `pipelines.works` has a function for each."""


@dataclass(frozen=True)
class Job:
    """One row of the job table; see the comment at the head of `jobs.toml`."""

    name: str
    title: str
    what: str
    does: str
    schedule: tuple[tuple[str, str], ...]
    period: str
    catch_up: str = "latest"
    retries: int = 3
    retry_wait: int = 300
    lease: int = 300
    keep: int = 0
    folder: str = ""
    enabled: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobTable:
    """All jobs in the order of the table, the time zone of their schedules, and whom failures are told.

    fault: the line about a registry's own file that could not be used; the packaged table stands in for it.
    """

    time_zone: str
    jobs: tuple[Job, ...]
    notify: Mapping[str, Any]
    fault: str | None = None

    def find(self, name: str) -> Job:
        """The job of this name.

        Raises:
            BadInput: there is none.

        >>> read(None).find("backup").period
        'day'
        """
        for job in self.jobs:
            if job.name == name:
                return job
        names = ", ".join(job.name for job in self.jobs)
        raise BadInput("jobs", f"there is no job {name!r}", f"choose of {names}")


def own_file(database: Path) -> Path:
    """The registry's own table: $REGISTRY_JOBS, else `<database>.jobs.toml`.

    >>> own_file(Path("data/r.duckdb")).name if "REGISTRY_JOBS" not in os.environ else "r.duckdb.jobs.toml"
    'r.duckdb.jobs.toml'
    """
    named = os.environ.get("REGISTRY_JOBS")
    return Path(named) if named else database.with_name(database.name + ".jobs.toml")


def read(database: Path | None) -> JobTable:
    """The job table of a registry: the package's with the changes of its own file.

    Raises:
        BadInput: one line that names the file, the job and the key that is wrong.

    >>> [job.name for job in read(None).jobs][:2]
    ['linkage', 'passive']
    """
    base = _parsed(PACKAGED)
    if database is None:
        return _table(base, {}, PACKAGED.name)
    path = own_file(database)
    if not path.exists():
        if os.environ.get("REGISTRY_JOBS"):
            raise BadInput(path.name, "the job table that REGISTRY_JOBS names is not there", "check its path")
        return _table(base, {}, PACKAGED.name)
    return _table(base, _parsed(path), path.name)


def read_anyway(database: Path) -> JobTable:
    """As `read`; where the registry's own file has a fault, the package's table with the line about it."""
    try:
        return read(database)
    except BadInput as error:
        return replace(read(None), fault=str(error))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise BadInput(path.name, "the job table cannot be read as text", "check the file") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(path.name, f"is not TOML ({error})", "see registry/service/jobs.toml") from None


def _table(base: Mapping[str, Any], own: Mapping[str, Any], where: str) -> JobTable:
    if unknown := sorted(set(own) - {"time_zone", "jobs", "notify"}):
        raise BadInput(where, f"there is no key {unknown[0]!r}", "use time_zone, jobs, notify")
    zone = _text(own.get("time_zone", base["time_zone"]), where, "time_zone")
    periods.zone(zone, where)
    given = own.get("jobs", {})
    if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
        raise BadInput(where, "jobs are tables", "begin each with [jobs.NAME]")
    notify = _notify(own.get("notify", {}), where)
    packaged: dict[str, Any] = base["jobs"]
    rows = {name: {**packaged.get(name, {}), **given.get(name, {})} for name in [*packaged, *given]}
    for name, row in rows.items():
        if name in packaged and "parameters" in given.get(name, {}):
            row["parameters"] = {
                **packaged[name].get("parameters", {}),
                **_parameters(given[name], where, name),
            }
    return JobTable(zone, tuple(_job(name, row, where) for name, row in rows.items()), notify)


def _parameters(row: Mapping[str, Any], where: str, name: str) -> dict[str, Any]:
    found = row.get("parameters", {})
    if not isinstance(found, dict):
        raise BadInput(where, f"[jobs.{name}] parameters is not a table", "write { name = value }")
    return found


_KEYS: Final[dict[str, Callable[[Any], bool]]] = {
    "title": lambda value: isinstance(value, str) and bool(value.strip()),
    "what": lambda value: isinstance(value, str),
    "does": lambda value: value in WORKS,
    "schedule": lambda value: isinstance(value, dict) and bool(value),
    "period": lambda value: value in periods.KINDS,
    "catch_up": lambda value: value in ("all", "latest"),
    "retries": lambda value: _whole(value, 0, 20),
    "retry_wait": lambda value: _whole(value, 1, 86_400),
    "lease": lambda value: _whole(value, 2, 86_400),
    "keep": lambda value: _whole(value, 0, 100_000),
    "folder": lambda value: isinstance(value, str) and (not value or Path(value).is_absolute()),
    "enabled": lambda value: isinstance(value, bool),
    "parameters": lambda value: isinstance(value, dict),
}
_EXPECTED: Final[dict[str, str]] = {
    "title": "a name for people",
    "what": "a sentence",
    "does": "one of " + ", ".join(WORKS),
    "schedule": "a table as { hour = 1, minute = 30 }",
    "period": "one of " + ", ".join(periods.KINDS),
    "catch_up": '"all" or "latest"',
    "retries": "a whole number from 0 to 20",
    "retry_wait": "seconds, 1 to 86400",
    "lease": "seconds, 2 to 86400",
    "keep": "a whole number, 0 = all",
    "folder": "an absolute path",
    "enabled": "true or false",
    "parameters": "a table",
}


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _text(value: Any, where: str, key: str) -> str:
    if not isinstance(value, str):
        raise BadInput(where, f"{key} is not a text", "put it in quotes")
    return value


def _job(name: str, row: Mapping[str, Any], where: str) -> Job:
    place = f"[jobs.{name}]"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
        raise BadInput(where, f"{place} is no name of a job", "use small letters, digits and hyphens")
    if unknown := sorted(set(row) - set(_KEYS)):
        raise BadInput(where, f"{place} has no key {unknown[0]!r}", f"use {', '.join(_KEYS)}")
    row = {"does": name, "what": "", "title": name, **row}
    for key, value in row.items():
        if not _KEYS[key](value):
            raise BadInput(where, f"{place} {key}: {value!r} will not do", f"expected {_EXPECTED[key]}")
    for key in ("schedule", "period"):
        if key not in row:
            raise BadInput(where, f"{place} has no {key}", f"expected {_EXPECTED[key]}")
    schedule = periods.schedule(row["schedule"], where, place)
    periods.check_once(schedule, row["period"], where, place)
    parameters = _checked(WORKS[row["does"]], row.get("parameters", {}), where, place)
    return Job(name=name, **{**row, "schedule": schedule, "parameters": parameters})


def _checked(work: Work, given: Mapping[str, Any], where: str, place: str) -> dict[str, Any]:
    for key, value in given.items():
        if key not in work.parameters:
            known = ", ".join(work.parameters) or "none"
            raise BadInput(where, f"{place} has no parameter {key!r}", f"parameters of this work: {known}")
        wanted = type(work.parameters[key])
        if type(value) is not wanted:
            kind = {str: "a text", int: "a whole number", bool: "true or false"}[wanted]
            raise BadInput(where, f"{place} parameter {key}: {value!r} will not do", f"expected {kind}")
    return {**work.parameters, **given}


_EMAIL = {"host", "port", "from", "to", "user", "password_env", "password_file", "starttls", "ca_file"}
_WEBHOOK = {"url", "token_env", "token_file", "ca_file"}


def _notify(given: Any, where: str) -> dict[str, Any]:
    """The checked section [notify]."""
    if not isinstance(given, dict) or (unknown := sorted(set(given) - {"on", "email", "webhook"})):
        named = f" {unknown[0]!r}" if isinstance(given, dict) else ""
        raise BadInput(where, f"[notify] has no key{named}", "use on, email, webhook")
    on = given.get("on", ["failed"])
    if not isinstance(on, list) or not on or not set(on) <= {"failed", "problems"}:
        raise BadInput(
            where, f"[notify] on: {on!r} will not do", 'expected ["failed"] or ["failed", "problems"]'
        )
    for part, keys, needed in (("email", _EMAIL, ("host", "from", "to")), ("webhook", _WEBHOOK, ("url",))):
        section = given.get(part)
        if section is None:
            continue
        place = f"[notify.{part}]"
        if not isinstance(section, dict) or (wrong := sorted(set(section) - keys)):
            named = f" {wrong[0]!r}" if isinstance(section, dict) else ""
            raise BadInput(where, f"{place} has no key{named}", f"use {', '.join(sorted(keys))}")
        if missing := [key for key in needed if not section.get(key)]:
            raise BadInput(where, f"{place} has no {missing[0]}", "name it")
    _check_addresses(given, where)
    return {**given, "on": on}


def _check_addresses(given: Mapping[str, Any], where: str) -> None:
    email, hook = given.get("email", {}), given.get("webhook", {})
    to = email.get("to", [])
    if email and (not isinstance(to, list) or not all(isinstance(each, str) and "@" in each for each in to)):
        raise BadInput(where, "[notify.email] to is not a list of addresses", 'write ["anna@example.org"]')
    texts = {key: value for key, value in {**email, **hook}.items() if key not in ("to", "port", "starttls")}
    for key, value in texts.items():
        if not isinstance(value, str) or any(ord(letter) < 32 for letter in value):
            raise BadInput(where, f"[notify] {key} is not a text of one line", "put it in quotes")
    if not _whole(email.get("port", 587), 1, 65_535) or not isinstance(email.get("starttls", True), bool):
        raise BadInput(where, "[notify.email] port or starttls will not do", "expected 587 and true")
    if hook and not re.match(r"https://[^/\s]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)", hook["url"]):
        raise BadInput(where, "[notify.webhook] url is not an https address", 'write "https://host/path"')
