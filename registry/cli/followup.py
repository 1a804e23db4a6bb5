"""`registry followup`: the annual list, the rates, their trend and settings; letters and work in files of their own."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

SHOWN = (
    "patient_id", "nameLast", "nameFirst", "dateOfLastContact", "dueDate", "status", "monthsSinceContact", "lettersTo",
    "attempts", "nextSource",
)  # fmt: skip
ELSEWHERE = ("followup_work", "letters")
"""Modules whose commands belong to this group: a list COMMANDS."""


class FollowUp(click.Group):
    """The commands of this file at once, those of other files when they are asked for."""

    def _others(self) -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for name in ELSEWHERE:
            if importlib.util.find_spec(f"registry.cli.{name}") is not None:
                module = importlib.import_module(f"registry.cli.{name}")
                found |= {str(command.name): command for command in getattr(module, "COMMANDS", ())}
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, those of this file first."""
        return [*self.commands, *self._others()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command."""
        return self.commands.get(cmd_name) or self._others().get(cmd_name)


@click.group(cls=FollowUp, epilog="Example: registry followup list --out follow-up.csv")
def followup() -> None:
    """Annual follow-up."""


@followup.command(
    "list",
    epilog="Example: registry followup list --as-of 2026-10-31 --out followup.csv\n\n"
    "From files: registry followup list --patients P.csv --tumors T.csv --as-of 2026-10-31 --out list.csv",
)
@click.option("--as-of", help="Day the list is made for (default: today).")
@click.option("--status", help="DELINQUENT, OVERDUE or DUE.")
@click.option("--next", "next_source", help="Those whose next step this is, such as physician_letter.")
@click.option("--physician", help="Those whom this physician follows up (licence number or NPI).")
@click.option("--facility", help="Patients that this facility reported.")
@click.option("--limit", type=click.IntRange(min=0), help="So many lines at most.")
@click.option("--reference", "--reference-date", "reference_date", help="First day of the registry.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write this .csv or .parquet file instead.")
@click.option("--patients", help="Read patients from this .csv, .csv.gz or .parquet; no database is opened.")
@click.option("--tumors", help="Read their tumors from this file.")
@click.option(
    "--eligibility", type=click.Path(dir_okay=False), help="From files: why each tumor counts or not."
)
@click.option("--summary", type=click.Path(dir_okay=False), help="From files: counts and rates as .json.")
@global_options
def followup_list(
    options: Options, out: str | None, patients: str | None, tumors: str | None, **asked: Any
) -> None:
    """List living eligible patients whose follow-up is due, in the order to work them."""
    files = {name: asked.pop(name) for name in ("eligibility", "summary")}
    if patients or tumors:
        _list_from_files(options, patients, tumors, out, files, asked)
        return
    if any(files.values()):
        raise click.UsageError("--eligibility and --summary go with --patients and --tumors")
    _known_step(asked["next_source"])
    with options.connect() as session:
        frame = session.run("followup.list", **asked)
    if out:
        from registry.cli.frames import write_frame

        write_frame(frame, Path(out))
        _written(options, {out: frame.height}, frame.height)
        return
    options.answer(frame, output.table(frame.select(name for name in SHOWN if name in frame.columns)))


def _known_step(step: str | None) -> None:
    """Refuse a step that is none: an empty list would look like no work."""
    from registry.followup import STEPS

    if step is not None and step not in STEPS and not step.startswith("passive_"):
        raise click.UsageError(f"--next: there is no step {step!r}; choose of {', '.join(STEPS)}")


def _list_from_files(
    options: Options,
    patients: str | None,
    tumors: str | None,
    out: str | None,
    files: dict[str, str | None],
    asked: dict[str, Any],
) -> None:
    from registry.cli import followup_files as form

    if not patients or not tumors:
        raise click.UsageError("give both --patients and --tumors")
    if named := [name for name in ("next_source", "physician", "facility") if asked[name]]:
        raise click.UsageError(f"--{named[0].removesuffix('_source')} needs a database")
    as_of = form.day(asked["as_of"], "--as-of") or form.today()
    frames = form.read(patients, tumors)
    listed, verdicts, summary = form.run(frames, as_of, form.day(asked["reference_date"], "--reference"))
    if again := form.repeated(frames[1]):
        options.remark(f"{Path(tumors).name}: {again:,} rows repeat a tumor of a patient; each counts")
    if asked["status"]:
        listed = listed.filter(listed["status"] == asked["status"].upper())
    if asked["limit"] is not None:
        listed = listed.head(asked["limit"])
    written: dict[str, int] = {}
    for path, frame in ((files["eligibility"], verdicts), (out, listed)):
        if path:
            form.write(frame, path)
            written[path] = frame.height
    if files["summary"]:
        form.write_summary(summary, files["summary"])
        written[files["summary"]] = 1
    if out:
        _written(options, written, listed.height)
    else:
        options.answer(listed, output.table(listed))


def _written(options: Options, files: dict[str, int], patients: int) -> None:
    """Say what was written."""
    out = list(files)[-1] if len(files) == 1 else next(iter(files))
    if options.as_json:
        click.echo(output.as_json({"file": out, "patients": patients, "files": files}))
    for path, rows in files.items():
        options.remark(f"{path}: {rows:,} {'patients' if rows == patients else 'rows'}")


@followup.command("rates", epilog="Example: registry followup rates --as-of 2026-10-31 --by facility")
@click.option("--as-of", help="Day (default: today).")
@click.option(
    "--by", type=click.Choice(["facility", "site", "year", "physician", "age_band"]), help="Groups."
)
@click.option(
    "--age-bands", is_flag=True, help="SEER's groups by age at diagnosis: the same as --by age_band."
)
@click.option("--reference", "--reference-date", "reference_date", help="First day of the registry.")
@click.option(
    "--trend", type=click.IntRange(min=1), metavar="N", help="The last N periods, of rates that were kept."
)
@click.option("--every", type=click.Choice(["month", "quarter", "year"]), default="month", show_default=True)
@click.option("--facility", help="With --trend: of this facility.")
@click.option("--keep", is_flag=True, help="Keep the rates of the day for the trend (a monthly job does).")
@click.option("--out", type=click.Path(dir_okay=False), help="Write this .csv or .parquet file instead.")
@click.option("--patients", help="Read patients from this .csv, .csv.gz or .parquet; no database is opened.")
@click.option("--tumors", help="Read their tumors from this file.")
@global_options
def followup_rates(
    options: Options,
    age_bands: bool,
    trend: int | None,
    every: str,
    keep: bool,
    out: str | None,
    **asked: Any,
) -> None:
    """Follow-up rates per window, of patients and of tumors, with their targets."""
    by = "age_band" if age_bands else asked["by"]
    if asked["patients"] or asked["tumors"]:
        frame = _rates_from_files(asked, by)
    else:
        with options.connect() as session:
            if keep:
                done = session.run("followup.keep_rates", as_of=asked["as_of"])
                words = "are kept already" if done["already"] else "are kept now"
                options.remark(f"the rates of {done['as_of']} {words}")
            if trend:
                frame = session.run(
                    "followup.trend",
                    every=every,
                    periods=trend,
                    as_of=asked["as_of"],
                    facility=asked["facility"],
                )
            else:
                frame = session.run(
                    "followup.rates", as_of=asked["as_of"], by=by, reference_date=asked["reference_date"]
                )
    if out:
        from registry.cli.frames import write_frame

        write_frame(frame, Path(out))
        options.remark(f"{out}: {frame.height:,} rows")
        return
    options.answer(frame, output.table(frame, limit=200))


def _rates_from_files(asked: dict[str, Any], by: str | None) -> Any:
    from registry.cli import followup_files as form

    if not asked["patients"] or not asked["tumors"]:
        raise click.UsageError("give both --patients and --tumors")
    as_of = form.day(asked["as_of"], "--as-of") or form.today()
    frames = form.read(asked["patients"], asked["tumors"])
    return form.rated(frames, as_of, form.day(asked["reference_date"], "--reference"), by)


@followup.command(
    "configuration", epilog="Example: registry followup configuration --set tries_before_lost=4"
)
@click.option("--as-of", help="Rules in force on this day (default: today).")
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting; no value: the default."
)
@global_options
def followup_configuration(options: Options, as_of: str | None, changes: tuple[str, ...]) -> None:
    """What the rules are: the registry's settings, targets, windows and months."""
    given = dict(change.split("=", 1) for change in changes if "=" in change)
    if len(given) != len(changes):
        raise click.UsageError("--set takes NAME=VALUE, each name once")
    with options.connect() as session:
        if given:
            session.run("settings.change", **given)
        frame = session.run("followup.configuration", as_of=as_of)
    options.answer(frame, output.table(frame, limit=200, widest=70))
