"""Commands about NAACCR files; they need no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.errors import BadInput

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
    kind = click.Path(exists=True)
    text = "User-defined dictionary (XML or CSV), or a folder of them; may be given several times."
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
    from registry.cli.naaccr_reading import documents, read_document, user_dictionaries
    from registry.cli.naaccr_tables import check_writable, written

    is_mistyped = len(files) == 1 and errors is None  # among several a file that is not there is one row
    names = documents(files, must_exist=is_mistyped)
    check_writable(errors, names)
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
    from registry.cli.naaccr_reading import one_document, user_dictionaries
    from registry.cli.naaccr_tables import check_writable, written

    name = one_document(file, "read")
    for target in (errors, quarantine, *([out] if is_long else [])):
        check_writable(target, [name])
    given = user_dictionaries([*dictionaries, *old_names])
    with ExitStack() as stack:
        report = FaultReport(stack.enter_context(written(errors)) if errors else None, _folder(errors))
        summary = _read(
            options, name, given, report, out=out, kind=None if is_long else kind, quarantine=quarantine,
            recover=recover, plain=options.as_json or STDOUT in (out, errors),
        )  # fmt: skip
    return _answer(options, [summary], {"out": out}, STDOUT if out == STDOUT else errors)


@naaccr.command(
    "write", epilog="Example: registry naaccr write cases.csv --mapping columns.csv --out cases.xml"
)
@click.argument("tables")
@click.option("--out", required=True, metavar="PATH", help="XML file; .gz is compressed.")
@click.option(
    "--mapping", metavar="PATH", help="CSV that says which column holds which item (column,naaccr_id,...)."
)
@click.option("--record-type", type=click.Choice(["A", "M", "C", "I"]), help="Only its items are written.")
@click.option(
    "--naaccr-version", "version", help="Such as 260 (default: what the tables say, else the newest)."
)
@click.option("--time-generated", help="For the root element, such as 2026-01-31T12:00:00Z.")
@dictionary_options
@click.option("--numbers", is_flag=True, help="Write naaccrNum beside every naaccrId.")
@click.option(
    "--too-long", type=click.Choice(["error", "cut", "keep"]), default="error", show_default=True,
    help="What becomes of values longer than their item.",
)  # fmt: skip
@ERRORS
@global_options
def naaccr_write(
    options: Options,
    tables: str,
    out: str,
    mapping: str | None,
    record_type: str | None,
    version: str | None,
    time_generated: str | None,
    dictionaries: tuple[str, ...],
    old_names: tuple[str, ...],
    numbers: bool,
    too_long: Any,
    errors: str | None,
) -> int:
    """Write NAACCR XML from tables.

    TABLES is a folder with patients and tumors (parquet, csv or json) as `registry naaccr read` writes it, or one CSV
    or Parquet table with a row a tumor. Items that are not part of the record type or of the version are left out and
    listed. Exit code 0: all was written, 1: something was left out or is faulty, 2: nothing could be written.
    """
    from registry.cli.naaccr_faults import FaultReport, fault_rows
    from registry.cli.naaccr_reading import check_readable, user_dictionaries
    from registry.cli.naaccr_tables import check_writable, written
    from registry.cli.naaccr_writing import load_tables
    from registry.formats import write_naaccr_xml

    sources = [tables, *([mapping] if mapping else [])]
    check_readable(sources)
    check_writable(out, sources)
    check_writable(errors, sources)
    own = user_dictionaries([*dictionaries, *old_names])
    asked = {"version": version, "record_type": record_type, "time_generated": time_generated}
    data = load_tables(tables, mapping, own, asked)
    if data.header.record_type is None:
        raise BadInput(tables, "says no record type", "give --record-type A, M, C or I")
    try:
        report = write_naaccr_xml(
            out, data.patients, data.tumors, header=data.header, dictionaries=own, numbers=numbers,
            too_long=too_long,
        )  # fmt: skip
    except BadInput as error:
        # The option as it is typed here, not the name of the library's argument.
        action = error.action and error.action.replace("too_long", "--too-long")
        raise BadInput(error.where, error.what, action) from None
    if errors:
        with written(errors) as target:
            faults = FaultReport(target)
            faults.add(fault_rows(data.errors, tables))
            faults.keep()
    left_out = [one._asdict() for one in report.left_out]
    code = 1 if left_out or data.errors.height else 0
    counts = {"patients": report.patients, "tumors": report.tumors, "items": report.items}
    answer = {"out": out, **counts, "left_out": left_out, "faults": data.errors.height, "exit_code": code}
    lines = [f"{out}: " + ", ".join(f"{number:,} {name}" for name, number in counts.items())]
    lines += [f"left out: {one['item']}: {one['reason']} ({one['values']:,} values)" for one in left_out]
    if data.errors.height:
        lines.append(f"{data.errors.height:,} faults in {tables} (--errors PATH writes them)")
    options.answer(answer, "\n".join(lines))
    return code


@naaccr.command("convert", epilog="Example: registry naaccr convert old.xml --format flat --out old.txt")
@click.argument("file")
@click.option(
    "--format", "form", type=click.Choice(["xml", "flat", "csv", "parquet"]), required=True,
    help="What to write: NAACCR XML, fixed columns (versions 14 to 18), or one table.",
)  # fmt: skip
@click.option("--out", required=True, metavar="PATH", help="Where; .gz is compressed.")
@dictionary_options
@click.option("--mapping", metavar="PATH", help="Of a registry's own table: CSV column,naaccr_id,...")
@click.option("--naaccr-version", "version", help="Of a table or flat file that does not say it.")
@click.option("--to-version", help="NAACCR version wanted, such as 260 (default: the file's own).")
@click.option("--record-type", type=click.Choice(["A", "M", "C", "I"]), help="Only its items are written.")
@click.option("--time-generated", help="For sources that have none; the time of an XML file is kept.")
@click.option("--numbers", is_flag=True, help="Write naaccrNum beside every naaccrId.")
@ERRORS
@click.option("--lost", metavar="PATH", help="Write what could not be carried as CSV.")
@click.option(
    "--quarantine", metavar="PATH", help="Write patients with structural faults, byte for byte, to a zip."
)
@RECOVER
@global_options
def naaccr_convert(
    options: Options,
    file: str,
    form: Any,
    out: str,
    dictionaries: tuple[str, ...],
    old_names: tuple[str, ...],
    errors: str | None,
    lost: str | None,
    quarantine: str | None,
    **how: Any,
) -> int:
    """Convert one file to another format, version or record type.

    FILE is NAACCR XML, fixed columns, CSV or Parquet; it is recognised by its first bytes. The same file gives the same
    bytes each time. Faulty values do not stop it; patients with structural faults are left out. Exit code 0: all was
    carried, 1: faults or losses, 2: the file could not be read or written.
    """
    from registry.cli.naaccr_reading import check_readable, one_document, user_dictionaries
    from registry.cli.naaccr_tables import check_writable
    from registry.cli.naaccr_writing import convert_file

    name = one_document(file, "convert")
    more = [how["mapping"]] if how["mapping"] else []
    check_readable(more)
    for target in (out, errors, lost, quarantine):
        check_writable(target, [name, *more])
    own = user_dictionaries([*dictionaries, *old_names])
    answer, lines = convert_file(
        name, out, form, own, errors=errors, lost=lost, quarantine=quarantine, quiet=options.quiet, **how
    )
    options.answer(answer, "\n".join(lines))
    return int(answer["exit_code"])


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
                archive = QuarantineArchive(stack.enter_context(written(quarantine)))
                stack.callback(archive.close)
                sinks.append(archive)
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
