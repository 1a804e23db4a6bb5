"""`registry jobs`: the job table, runs by hand, by cron or systemd, what ran and what comes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.group(epilog="Example: registry jobs run followup-list --period 2026-11")
def jobs() -> None:
    """Scheduled jobs. Exit codes: 0 done (or done already), 1 done with problems or failed, 2 could not be run."""


@jobs.command("list", epilog="Example: registry jobs list")
@global_options
def jobs_list(options: Options) -> int:
    """Show the job table with the newest run of each job; exit code 1 when the table has a fault."""
    with options.connect() as session:
        frame = session.run("jobs.list")
    shown = frame.select(
        "job", "title", "schedule", "enabled", "next_at", "last_period", "last_state", "last_finished_at"
    )
    options.answer(frame, output.table(shown))
    fault = frame["fault"].drop_nulls()
    if fault.len():
        click.echo(f"registry: {fault[0]}; the packaged table stands in", err=True)
    return 1 if fault.len() else 0


@jobs.command("run", epilog="Example: registry jobs run backup; registry jobs run --due")
@click.argument("name", required=False)
@click.option("--period", help="Such as 2026-11-22, 2026-W47, 2026-11, 2026 (default: the newest one begun).")
@click.option("--again", is_flag=True, help="Also when it was done already.")
@click.option("--due", is_flag=True, help="Everything that is due: missed periods, runs to be tried again.")
@global_options
def jobs_run(options: Options, name: str | None, period: str | None, again: bool, due: bool) -> int:
    """Run one period of a job now, or all that is due; a period is run once."""
    from registry.cli.serve import stoppable
    from registry.errors import BadInput

    if due == (name is not None) or (due and (period or again)):
        raise BadInput("jobs run", "takes the name of a job, or --due", "see registry jobs list")
    from pipelines.run import run_job, work_off

    with stoppable(), options.connect() as session:
        if name is not None:
            told = [run_job(session, name, period, again=again)]
        else:
            told, seen = work_off(session)
            _tell(options, session, seen["notify"])
    lines = [_line(each) for each in told] or ["nothing is due"]
    options.answer(told[0] if name is not None else told, "\n".join(lines))
    return max((_code(each) for each in told), default=0)


def _tell(options: Options, session: Any, runs: list[dict[str, Any]]) -> None:
    from pipelines.notify import tell
    from registry.service.jobs.table import read_anyway

    if runs:
        tell(session, read_anyway(options.db).notify, runs)


def _line(told: dict[str, Any]) -> str:
    what = f"{told['job']} {told['period']}: "
    if told["ran"] and told["state"] in ("done", "problems"):
        where = f", {len(told['files'])} files in {told['folder']}" if told["files"] else ""
        return what + told["state"] + where + (f"; {told['message']}" if told["message"] else "")
    return what + (told["message"] or told["state"])


def _code(told: dict[str, Any]) -> int:
    """0 done, 1 problems or failed (perhaps tried again later), 2 another process has it or it was stopped."""
    if told["state"] == "done":
        return 0
    if told["state"] in ("problems", "failed") or told.get("ended") == "failed":
        return 1
    return 2


@jobs.command("history", epilog="Example: registry jobs history backup --limit 10")
@click.argument("name", required=False)
@click.option(
    "--state", type=click.Choice(["waiting", "running", "done", "problems", "failed"]), help="Only these."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@global_options
def jobs_history(options: Options, name: str | None, state: str | None, limit: int) -> None:
    """Show runs, the newest first."""
    with options.connect() as session:
        frame = session.run("jobs.history", job=name, state=state, limit=limit)
    shown = frame.select(
        "run_id", "job", "period", "state", "attempt", "cause", "started_at", "seconds", "error"
    )
    options.answer(frame, output.table(shown, limit=limit))


@jobs.command("show", epilog="Example: registry jobs show 12")
@click.argument("run_id", type=int)
@global_options
def jobs_show(options: Options, run_id: int) -> None:
    """Show one run: its attempts, its log and its files."""
    with options.connect() as session:
        told = session.run("jobs.show", run_id=run_id)
    run = told["run"]
    facts = "\n".join(
        f"{name}: {output.cell(value, 100)}" for name, value in run.items() if value not in (None, {})
    )
    parts = [facts, output.table(told["attempts"]), told["log"], output.table(told["outputs"], widest=64)]
    options.answer(told, "\n\n".join(part for part in parts if part))


@jobs.command("next", epilog="Example: registry jobs next --count 10")
@click.option("--count", default=20, show_default=True, type=click.IntRange(1, 1000))
@global_options
def jobs_next(options: Options, count: int) -> None:
    """Show what comes: runs that wait, then the next moments of the table (UTC)."""
    with options.connect() as session:
        frame = session.run("jobs.next", count=count)
    options.answer(frame, output.table(frame, limit=count))


@jobs.command("failures", epilog="Example: registry jobs failures")
@global_options
def jobs_failures(options: Options) -> int:
    """Show runs that failed or ended with problems and were not made good. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("jobs.failures")
    shown = frame.select("run_id", "job", "period", "state", "attempt", "finished_at", "error")
    options.answer(frame, output.table(shown))
    return 1 if frame.height else 0


@jobs.command("units", epilog="Example: registry jobs units --cron --db /srv/registry/my.duckdb")
@click.option("--cron", "kind", flag_value="cron", help="Lines for a crontab.")
@click.option(
    "--systemd",
    "kind",
    flag_value="systemd",
    default="systemd",
    help="A service and a timer a job (default).",
)
@click.option("--out", type=click.Path(file_okay=False), help="Write each into a file of this folder.")
@global_options
def jobs_units(options: Options, kind: str, out: str | None) -> None:
    """Print what cron or systemd needs to run the jobs of this database without `registry serve`."""
    from pipelines.units import cron, systemd
    from registry.service.jobs.table import read

    key = str(options.key_file.absolute()) if options.key_file else None
    make = cron if kind == "cron" else systemd
    files = make(read(options.db), str(options.db.absolute()), key, str(_program()))
    if out:
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    options.answer(files, "\n".join(_shown(files, out)))


def _program() -> Path:
    """The `registry` command of this installation."""
    return Path(sys.executable).parent / "registry"


def _shown(files: dict[str, str], out: str | None) -> Iterable[str]:
    for name, text in files.items():
        yield f"{Path(out) / name}" if out else (f"# {name}\n{text}" if len(files) > 1 else text)
