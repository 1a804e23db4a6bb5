"""Commands about NAACCR files; they need no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.data import expand
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    from registry.cli.naaccr_faults import FaultReport
    from registry.cli.naaccr_reading import Summary
    from registry.standards import Dictionary

STDOUT = "-"


@click.group(epilog="Example: registry naaccr validate abstracts.xml.gz")
def naaccr() -> None:
    """NAACCR files, without a database: validate, read, write, convert.

    Exit codes: 0 clean, 1 faults were found, 2 a file could not be read.
    """


def dictionary_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--user-dictionary, any number of times; --dictionary is its old name."""
    kind = click.Path(exists=True, dir_okay=False)
    text = "User-defined dictionary (XML or CSV); may be given several times."
    command = click.option("--dictionary", "old_names", multiple=True, type=kind, hidden=True)(command)
    return click.option("--user-dictionary", "dictionaries", multiple=True, type=kind, help=text)(command)


ERRORS = click.option("--errors", metavar="PATH", help="Write every fault as CSV; - is stdout.")
RECOVER = click.option(
    "--recover", is_flag=True, help="Load whole patients before and after a break of the XML."
)


@naaccr.command("validate", epilog="Example: registry naaccr validate incoming/*.xml.gz --errors faults.csv")
@click.argument("files", nargs=-1, required=True)
@dictionary_options
@ERRORS
@RECOVER
@click.option("--limit", default=50, show_default=True, help="Faults shown of a file.")
@global_options
def naaccr_validate(
    options: Options,
    files: tuple[str, ...],
    dictionaries: tuple[str, ...],
    old_names: tuple[str, ...],
    errors: str | None,
    recover: bool,
    limit: int,
) -> int:
    """List every fault of NAACCR XML files: place, code, item, value, what to do.

    FILES are files (plain, .gz, .zip), patterns or folders. Exit code 0: no fault, 1: faults, 2: a file could not
    be read.
    """
    from registry.cli.naaccr_faults import FaultReport
    from registry.cli.naaccr_reading import check_readable, read_document, user_dictionaries
    from registry.cli.naaccr_tables import check_writable, written

    names = expand(files)
    check_readable(names)
    check_writable(errors)
    given = user_dictionaries([*dictionaries, *old_names])
    with ExitStack() as stack:
        report = FaultReport(stack.enter_context(written(errors)) if errors else None, _folder(errors))
        plain = options.as_json or errors == STDOUT
        summaries = [
            read_document(
                name, given, report, recover=recover, quiet=options.quiet, limit=limit, as_json=plain
            )
            for name in names
        ]
    return _answer(options, summaries, {}, errors)


@naaccr.command("read", epilog="Example: registry naaccr read abstracts.xml --long --out items.csv")
@click.argument("file")
@click.option(
    "--out", required=True, metavar="PATH", help="CSV file with --long (- is stdout), else a folder."
)
@click.option("--long", "is_long", is_flag=True, help="One row a value: patient,tumor,level,naaccr_id,value.")
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv", "json"]), default="parquet", show_default=True,
    help="Of the wide tables patients, tumors and errors.",
)  # fmt: skip
@dictionary_options
@ERRORS
@click.option(
    "--quarantine", metavar="PATH", help="Write patients with structural faults, byte for byte, to a zip."
)
@RECOVER
@global_options
def naaccr_read(
    options: Options,
    file: str,
    out: str,
    is_long: bool,
    kind: str,
    dictionaries: tuple[str, ...],
    old_names: tuple[str, ...],
    errors: str | None,
    quarantine: str | None,
    recover: bool,
) -> int:
    """Read a NAACCR XML file into tables.

    With --long one CSV of all values in the order of the file. Otherwise a folder with patients, tumors, errors and
    header.json. Patients with a structural fault are left out whole. Of a file that is not well-formed nothing is
    written. Exit code 0: no fault, 1: faults, 2: the file could not be read.
    """
    from registry.cli.naaccr_faults import FaultReport
    from registry.cli.naaccr_reading import check_readable, user_dictionaries
    from registry.cli.naaccr_tables import check_writable, written

    check_readable([file])
    for target in (errors, quarantine, *([out] if is_long else [])):
        check_writable(target)
    given = user_dictionaries([*dictionaries, *old_names])
    with ExitStack() as stack:
        report = FaultReport(stack.enter_context(written(errors)) if errors else None, _folder(errors))
        summary = _read(
            options, file, given, report, out=out, kind=None if is_long else kind, quarantine=quarantine,
            recover=recover, plain=options.as_json or STDOUT in (out, errors),
        )  # fmt: skip
    return _answer(options, [summary], {"out": out}, STDOUT if out == STDOUT else errors)


class _NothingToWriteError(Exception):
    """The document could not be read: what is half-written goes away."""


def _read(
    options: Options,
    file: str,
    dictionaries: Sequence[Dictionary],
    report: FaultReport,
    *,
    out: str,
    kind: str | None,
    quarantine: str | None,
    recover: bool,
    plain: bool,
) -> Summary:
    """Read into the tables asked for (`kind` None: the long one); an unreadable document leaves none."""
    from registry.cli.naaccr_reading import read_document
    from registry.cli.naaccr_tables import LongTable, QuarantineArchive, Sink, WideTables, new_folder, written

    try:
        with ExitStack() as stack:
            sinks: list[Sink] = []
            if kind is None:
                sinks.append(LongTable(stack.enter_context(written(out))))
            else:
                sinks.append(WideTables(stack.enter_context(new_folder(Path(out))), kind))
            if quarantine:
                sinks.append(QuarantineArchive(stack.enter_context(written(quarantine))))
            summary = read_document(
                file,
                dictionaries,
                report,
                sinks,
                recover=recover,
                quiet=options.quiet,
                limit=20,
                as_json=plain,
            )
            if summary.unreadable:
                raise _NothingToWriteError
    except _NothingToWriteError:
        pass
    return summary


def _folder(errors: str | None) -> str | None:
    return str(Path(errors).parent) if errors and errors != STDOUT else None


def _answer(options: Options, summaries: Sequence[Summary], more: dict[str, Any], stdout: str | None) -> int:
    """Print the summary (on stderr when stdout carries a table) and give the exit code."""
    from registry.cli.naaccr_reading import summary_tables

    code = max((summary.exit_code for summary in summaries), default=0)
    is_taken = stdout == STDOUT
    if options.as_json and not is_taken:
        total = sum((summary.faults for summary in summaries), Counter())  # type: Counter[str]
        every = [summary.as_dict() for summary in summaries]
        answer = {"files": every, "faults": dict(sorted(total.items())), **more, "exit_code": code}
        click.echo(output.as_json(answer))
    elif not is_taken:
        click.echo(summary_tables(summaries))
    elif not options.quiet:
        click.echo(summary_tables(summaries), err=True)
    return code
