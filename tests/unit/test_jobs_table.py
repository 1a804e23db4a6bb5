"""The job table: what a registry's own file may change, and one clear line for every fault in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import works
from registry.errors import BadInput
from registry.service.jobs import table as jobs_table
from registry.service.jobs.table import JobTable, own_file, read, read_anyway


@pytest.fixture(autouse=True)
def _no_table_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_JOBS", raising=False)


def of(folder: Path, text: str) -> JobTable:
    own_file(folder / "r.duckdb").write_text(text)
    return read(folder / "r.duckdb")


def test_the_packaged_table_has_every_work_and_every_work_a_function() -> None:
    table = read(None)
    assert {job.does for job in table.jobs} == set(jobs_table.WORKS) == set(works.WORKS)
    assert {job.name: job.period for job in table.jobs if job.catch_up == "all"} == {
        "followup-list": "month",
        "followup-annual": "year",
    }
    assert all(job.enabled and job.retries and job.title and job.what for job in table.jobs)


def test_nightly_jobs_come_in_the_order_in_which_they_need_each_other() -> None:
    at = {
        job.name: tuple(int(dict(job.schedule)[name]) for name in ("hour", "minute"))
        for job in read(None).jobs
    }
    order = ["linkage", "passive", "derive", "edits", "suites", "submissions", "snapshot", "backup"]
    assert [at[name] for name in order] == sorted(at[name] for name in order)


def test_own_keys_go_over_the_packaged_ones(tmp_path: Path) -> None:
    table = of(
        tmp_path,
        """
        time_zone = "Pacific/Honolulu"
        [jobs.backup]
        schedule = { hour = 22 }
        keep = 3
        [jobs.snapshot]
        enabled = false
        [jobs.edits.parameters]
        own = "/etc/registry/own.py"
        [jobs.state-edits]
        does = "edits"
        schedule = { day_of_week = "sun", hour = 2 }
        period = "week"
        parameters = { edit_set = "state" }
        """,
    )
    assert table.time_zone == "Pacific/Honolulu"
    backup, edits = table.find("backup"), table.find("edits")
    assert (backup.schedule, backup.keep, backup.title) == ((("hour", "22"),), 3, "Backup")
    assert not table.find("snapshot").enabled
    assert edits.parameters == {"edit_set": "central", "own": "/etc/registry/own.py"}
    assert table.jobs[-1].name == table.jobs[-1].title == "state-edits"
    assert table.jobs[-1].parameters == {"edit_set": "state", "own": ""}


JOB = "[jobs.x]\ndoes = 'derive'\nperiod = 'day'\nschedule = { hour = 1 }\n"
FAULTS = {
    "not TOML": ("jobs = [", "is not TOML"),
    "a stranger at the top": ("zone = 'UTC'", "there is no key 'zone'; use time_zone, jobs, notify"),
    "no such zone": ("time_zone = 'Mars/Base'", "time_zone 'Mars/Base' is unknown"),
    "a zone that is a path": ("time_zone = '../../etc/passwd'", "is unknown"),
    "a zone that is a number": ("time_zone = 5", "time_zone is not a text"),
    "jobs as a list": ("jobs = ['backup']", "begin each with [jobs.NAME]"),
    "a job as a text": ("[jobs]\nbackup = 'nightly'", "begin each with [jobs.NAME]"),
    "a name that is a path": (JOB.replace("jobs.x", "jobs.'../x'"), "[jobs.../x] is no name of a job"),
    "no such work": (JOB.replace("'derive'", "'divine'"), "[jobs.x] does: 'divine' will not do; expected one of"),
    "a new job without a work": ("[jobs.x]\nperiod = 'day'\nschedule = { hour = 1 }", "[jobs.x] does: 'x'"),
    "no schedule": ("[jobs.x]\ndoes = 'derive'\nperiod = 'day'", "[jobs.x] has no schedule"),
    "no period": ("[jobs.x]\ndoes = 'derive'\nschedule = { hour = 1 }", "[jobs.x] has no period"),
    "a stranger in a job": (JOB + "retrys = 3", "[jobs.x] has no key 'retrys'"),
    "an hour too late": (JOB.replace("hour = 1", "hour = 24"), "schedule hour: '24' will not do"),
    "no weekday": (JOB.replace("hour = 1", "day_of_week = 'someday'"), "schedule day_of_week: 'someday'"),
    "a schedule field of nobody": (JOB.replace("hour", "stunde"), "schedule has no field 'stunde'"),
    "a schedule of truth": (JOB.replace("hour = 1", "hour = true"), "schedule hour is neither a number nor a text"),
    "twice a day": (JOB.replace("hour = 1", "hour = '1,13'"), "comes more than once in a day"),
    "twice a month": (JOB.replace("'day'", "'month'"), "comes more than once in a month"),
    "never": (JOB.replace("hour = 1", "month = 2, day = 30, hour = 1"), "schedule never comes"),
    "retries below nothing": (JOB + "retries = -1", "retries: -1 will not do; expected a whole number from 0 to 20"),
    "retries as truth": (JOB + "retries = true", "retries: True will not do"),
    "no lease": (JOB + "lease = 0", "lease: 0 will not do"),
    "a folder from nowhere": (JOB + "folder = 'out'", "folder: 'out' will not do; expected an absolute path"),
    "a parameter of nobody": (JOB + "parameters = { x = 1 }", "has no parameter 'x'; parameters of this work: none"),
    "a parameter of another kind": (
        "[jobs.submissions]\nparameters = { days_before = 'ten' }",
        "parameter days_before: 'ten' will not do; expected a whole number",
    ),
    "parameters as a text": ("[jobs.edits]\nparameters = 'all'", "[jobs.edits] parameters is not a table"),
    "notify nobody": ("[notify.email]\nhost = 'h'\nfrom = 'a@b'", "[notify.email] has no to"),
    "notify no address": ("[notify.email]\nhost = 'h'\nfrom = 'a@b'\nto = 'c@d'", "to is not a list of addresses"),
    "a second header": ('[notify.email]\nhost = "h"\nfrom = "a@b\\nBcc: x@y"\nto = ["c@d"]', "text of one line"),
    "a hook in the clear": ("[notify.webhook]\nurl = 'http://example.org/x'", "is not an https address"),
    "a hook that only looks local": ("[notify.webhook]\nurl = 'http://127.0.0.1.example.org/'", "not an https address"),
    "a way of nobody": ("[notify.pigeon]\nname = 'x'", "[notify] has no key 'pigeon'"),
    "told of success": ("[notify]\non = ['done']", "on: ['done'] will not do"),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_one_line_that_names_the_place(tmp_path: Path, what: str) -> None:
    text, line = FAULTS[what]
    with pytest.raises(BadInput) as told:
        of(tmp_path, text)
    assert line in str(told.value)
    assert str(told.value).startswith("r.duckdb.jobs.toml: ")
    assert "\n" not in str(told.value)
    stand_in = read_anyway(tmp_path / "r.duckdb")
    assert (stand_in.fault, stand_in.jobs) == (str(told.value), read(None).jobs)


def test_a_table_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_JOBS", str(tmp_path / "mine.toml"))
    with pytest.raises(BadInput, match=r"mine\.toml: the job table that REGISTRY_JOBS names is not there"):
        read(tmp_path / "r.duckdb")
    (tmp_path / "mine.toml").write_text("[jobs.backup]\nenabled = false\n")
    assert not read(tmp_path / "r.duckdb").find("backup").enabled


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    own_file(tmp_path / "r.duckdb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read as text"):
        read(tmp_path / "r.duckdb")


def test_an_unknown_job_gets_the_names(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no job 'backups'; choose of linkage"):
        read(None).find("backups")
