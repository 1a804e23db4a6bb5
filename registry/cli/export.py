"""`registry export`: files that leave for a state or a program, and the life of a submission."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import export_reading, export_tables, output
from registry.cli.export_reading import request_options
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    import polars as pl

_PROFILE = re.compile(r"[A-Z][A-Z0-9_]+")
_EXTRACTS = ("LIMITED", "DEID")
HELP = """Submissions to states and programs: prepare, check, write, send, answer, send again.

\b
registry export PROFILE [OPTIONS]  prepare, validate and seal (registry export make --help)
registry export [OPTIONS] --out F  one plain NAACCR XML file (registry export file --help)
"""


class ExportGroup(click.Group):
    """Words after `export`: a step, a profile's name, or options alone for one plain file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the hidden command in front that a profile's name, or options alone, mean."""
        first = args[0] if args else "--help"
        if first.startswith("-") and not {"--help", "-h"} & set(args or ["--help"]):
            args = ["file", *args]
        elif first in _EXTRACTS:
            args = ["extract", *args]
        elif _PROFILE.fullmatch(first):
            args = ["make", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown word gets the nearest ones."""
        if args[0] not in self.commands:
            import difflib

            shown = [name for name, command in self.commands.items() if not command.hidden]
            near = difflib.get_close_matches(args[0], shown, n=3)
            hint = (
                f"did you mean {', '.join(near)}?"
                if near
                else "profiles are in capitals, see `registry export profiles`"
            )
            raise click.UsageError(f"export has no {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=ExportGroup,
    help=HELP,
    subcommand_metavar="PROFILE|COMMAND [OPTIONS]",
    epilog="Examples: registry export NPCR_CSS --state NY --out out/ ; registry export --state NY --year 2024 --out ny.xml",
)
def export() -> None:
    """Submissions to states and programs: prepare, check, write, send, answer, send again."""


@export.command(
    "file", hidden=True, epilog="Example: registry export file --state NY --year 2024 --out ny-2024.xml"
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), help="File to write (.xml or .xml.gz)."
)
@click.option("--record-type", default="I", show_default=True, type=click.Choice(["I", "C", "A", "M"]))
@click.option(
    "--naaccr-version", help="140 to 260 (default: the newest installed); items not legal there are listed."
)
@click.option("--state", help="Residents of this state at diagnosis.")
@click.option("--year", type=int, help="Diagnosis year.")
@click.option("--to-year", "year_to", type=int, help="Last diagnosis year, with --year as the first.")
@click.option("--facility", help="Only this facility's abstracts (types A and M).")
@click.option("--recipient", help="Who gets it, for the accounting of disclosures (types C, A, M).")
@click.option(
    "--mark-exported", is_flag=True, help="Complete abstracts in the file become `exported` (types A and M)."
)
@click.option("--time-generated", help="Time for the file's header, for byte-equal files (default: now).")
@global_options
def plain_file(options: Options, out: str, **arguments: object) -> int:
    """Write a validated NAACCR XML file with a manifest. Exit code 1 when it holds errors."""
    with options.connect() as session:
        result = session.run("export.naaccr_xml", out=str(Path(out).absolute()), **arguments)
    if options.as_json:
        click.echo(output.as_json(result))
    else:
        click.echo(
            f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, {result['items']:,} items; "
            f"{result['errors']} errors, {result['warnings']} warnings"
        )
        for why, abstracts in result["not_taken"].items():
            options.remark(f"left out, {why}: {abstracts:,} abstracts")
        if not result["tumors"]:
            options.remark("nobody fits: check state, years and facility (`registry stats counts`)")
        if result["left_out"]:
            left = ", ".join(f"{item} ({n:,})" for item, n in result["left_out"].items())
            options.remark(
                f"not legal in version {result['naaccr_version']} type {result['record_type']}, left out: {left}"
            )
        for line in result["messages"]:
            options.remark(f"  {line}")
    return 1 if result["errors"] else 0


def _file_options(function: Any) -> Any:
    """Options that say where the sealed files go."""
    for option in reversed([
        click.option("--out", type=click.Path(), help="Folder, or the file's name (default: submissions/ by the database)."),
        click.option("--file-key-file", "file_key", type=click.Path(exists=True, dir_okay=False),
                     help="Key of profiles whose files leave encrypted."),
    ]):  # fmt: skip
        function = option(function)
    return function


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())


@export.command("make", hidden=True, epilog="Example: registry export make COC_RCRS --facility 10 --out out/")
@click.argument("profile")
@request_options
@_file_options
@click.option("--draft", is_flag=True, help="Prepare and validate it, but write no file.")
@global_options
def make(
    options: Options, profile: str, out: str | None, file_key: str | None, draft: bool, **request: Any
) -> int:
    """Prepare, validate and seal a submission. Exit code 1 when it cannot be sealed."""
    from pipelines.submit import make as submit

    with options.connect() as session:
        made = submit(
            session, profile, out=_absolute(out), draft=draft, file_key=_absolute(file_key), **request
        )
    if not made:
        options.remark(f"{profile}: no other state has records")
    return _told(options, made)


def _told(options: Options, made: list[dict[str, Any]]) -> int:
    """Say what was prepared; 1 when one of them cannot be sealed."""
    if options.as_json:
        click.echo(output.as_json(made))
    for one in [] if options.as_json else made:
        where = " ".join(str(part) for part in (one["profile"], one["region"], one["facility_id"]) if part)
        changes = ", ".join(f"{n:,} {change}" for change, n in one["changes"].items())
        click.echo(
            f"{where}: submission {one['submission_id']} {one['state']}: {one['records']:,} records ({changes or 'none'}), "
            f"{one['held']:,} held back"
        )
        for file in one.get("files", []):
            click.echo(f"  {Path(one['folder']) / file['name']} ({file['bytes']:,} bytes)")
        for line in one["problems"]:
            options.remark(f"  cannot be sealed: {line}")
        if one["held"]:
            _held(options, one["held_back"])
    return 1 if any(one["problems"] for one in made) else 0


def _held(options: Options, held: pl.DataFrame) -> None:
    for reason, detail, records in held.head(10).iter_rows():
        options.remark(f"  held back ({records:,}): {reason}{f' {detail}' if detail else ''}")
    if held.height > 10:
        options.remark(f"  and {held.height - 10:,} more reasons (--json gives all)")


@export.command("extract", hidden=True, epilog="Example: registry export extract DEID --study A --out deid/")
@click.argument("profile")
@click.option("--out", required=True, type=click.Path(), help="Folder to write.")
@click.option("--agreement", "agreement_id", help="Agreement of a limited data set.")
@click.option("--study", default="", help="Study that gets it; each has other pseudonyms.")
@click.option("--dates", type=click.Choice(["months", "shifted"]), help="How dates leave (DEID).")
@click.option("--format", "format", default="parquet", type=click.Choice(["parquet", "csv"]))
@click.option("--state", help="Residents of this state at diagnosis.")
@click.option("--from", "first_year", type=int, help="First diagnosis year.")
@click.option("--to", "last_year", type=int, help="Last diagnosis year.")
@click.option("--as-of", help="Day of the extract (default: today).")
@global_options
def extract(options: Options, out: str, **arguments: Any) -> None:
    """Write an extract for research, see `registry extract`."""
    with options.connect() as session:
        result = session.run("extract.make", out=str(Path(out).absolute()), **arguments)
    options.answer(
        result, f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, {result['profile']}"
    )


@export.command("seal", epilog="Example: registry export seal 12 --out out/")
@click.argument("submission_id", type=int)
@_file_options
@global_options
def seal(options: Options, submission_id: int, out: str | None, file_key: str | None) -> None:
    """Write the files of a validated submission."""
    with options.connect() as session:
        done = session.run(
            "submission.seal", submission_id=submission_id, out=_absolute(out), file_key=_absolute(file_key)
        )
    names = "\n".join(f"  {Path(done['folder']) / file['name']}" for file in done["files"])
    options.answer(done, f"submission {submission_id} SEALED\n{names}")


@export.command("send", epilog="Example: registry export send 12 --on 2026-11-30")
@click.argument("submission_id", type=int)
@click.option("--on", help="Day that it left (default: today).")
@click.option("--note", help="How it left, a receipt.")
@click.option("--address", "recipient_address", help="Where to, for the accounting of disclosures.")
@global_options
def send(options: Options, submission_id: int, **arguments: Any) -> None:
    """Mark a sealed submission as sent, and write down its disclosures; nothing is transmitted."""
    with options.connect() as session:
        done = session.run("submission.send", submission_id=submission_id, **arguments)
    options.answer(
        done,
        f"submission {submission_id} SENT; {done['disclosed']:,} disclosures, {done['tasks_closed']:,} tasks closed",
    )


@export.command("ack", epilog="Example: registry export ack 12 report.csv")
@click.argument("submission_id", type=int)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--all", "answer", type=click.Choice(["accepted", "rejected"]), help="The whole file, without a report."
)
@click.option("--receipt", help="The receiver's number.")
@global_options
def ack(options: Options, submission_id: int, file: str | None, **arguments: Any) -> int:
    """Load the receiver's report. Exit code 1 when it rejects records or names some that were not sent."""
    if (file is None) == (arguments["answer"] is None):
        raise click.UsageError("give the receiver's report, or --all accepted|rejected")
    with options.connect() as session:
        done = session.run(
            "submission.acknowledge", submission_id=submission_id, path=_absolute(file), **arguments
        )
    options.answer(
        done,
        f"submission {submission_id} {done['state']}: {done['accepted']:,} accepted, {done['rejected']:,} rejected, "
        f"{done['unanswered']:,} without an answer, {done['unmatched']:,} lines fit no record; {done['tasks']:,} new tasks",
    )
    if done["unmatched"] and not options.as_json:
        options.remark(output.table(done["unmatched_lines"]))
    return 1 if done["rejected"] or done["unmatched"] else 0


@export.command("resubmit", epilog="Example: registry export resubmit 12 --out out/")
@click.argument("submission_id", type=int)
@click.option("--as-of", help="Day or time (ISO; default: now).")
@click.option("--strict", is_flag=True, help="As for a submission.")
@click.option("--draft", is_flag=True, help="Prepare it, but write no file.")
@_file_options
@global_options
def resubmit(
    options: Options, submission_id: int, draft: bool, out: str | None, file_key: str | None, **arguments: Any
) -> int:
    """Send again what was rejected and corrected, and what is new, changed or deleted since."""
    with options.connect() as session:
        made = session.run(
            "submission.resubmit", submission_id=submission_id, seal=not draft, out=_absolute(out),
            file_key=_absolute(file_key), **arguments,
        )  # fmt: skip
    return _told(options, [made])


for _command in (
    *(
        export_reading.preview,
        export_reading.list_command,
        export_reading.show,
        export_reading.records_command,
    ),
    *(export_reading.calendar, export_tables.profiles, export_tables.required, export_tables.restrictions),
    *(export_tables.key, export_tables.open_file),
):
    export.add_command(_command)
