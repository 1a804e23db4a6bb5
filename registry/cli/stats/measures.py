"""`registry stats measures`: quality measures of care, their figures, and a registry's own measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.cli.stats.narrowing import narrowing
from registry.errors import BadInput

MOST_ROWS = 500
MOST_BYTES = 1 << 20


class DefaultFigures(click.Group):
    """A group that gives the figures when no command is named: `registry stats measures --by facility`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `figures` before words that name no command."""
        if "--help" not in args[:1] and (not args or args[0] not in self.commands):
            args = ["figures", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultFigures, epilog="Example: registry stats measures --by facility --from 2020")
def measures() -> None:
    """Quality measures of care; without a command: their figures."""


@measures.command("list", epilog="Example: registry stats measures list")
@global_options
def listed(options: Options) -> int:
    """Measures in force."""
    with options.connect() as session:
        frame = session.run("measures.list")
    shown = frame.select("measure", "version", "site", "title", "benchmark", "own")
    options.answer(frame, output.table(shown, limit=MOST_ROWS))
    return 0


@measures.command("columns", epilog="Example: registry stats measures columns")
@global_options
def columns(options: Options) -> int:
    """Columns that a measure may name, beside every NAACCR item by its id."""
    with options.connect() as session:
        frame = session.run("measures.columns")
    options.answer(frame, output.table(frame, limit=MOST_ROWS, widest=80))
    return 0


@measures.command("show", epilog="Example: registry stats measures show colon-twelve-nodes")
@click.argument("measure")
@global_options
def show(options: Options, measure: str) -> int:
    """What one measure asks, line by line, and its versions."""
    with options.connect() as session:
        answer = session.run("measures.show", measure=measure)
    parts = [output.table(answer["lines"], limit=MOST_ROWS, widest=120)]
    if answer["versions"].height:
        parts.append(output.table(answer["versions"]))
    options.answer(answer, "\n\n".join(parts))
    return 0


@measures.command(
    "figures", epilog="Example: registry stats measures figures --measure colon-twelve-nodes --by year"
)
@click.option("--measure", help="Only this one.")
@click.option("--by", help="facility, year, stage …")
@click.option("--why", is_flag=True, help="Also why cases were left out.")
@global_options
@narrowing
def figures(
    options: Options, measure: str | None, by: str | None, why: bool, selection: dict[str, Any]
) -> int:
    """How often measures were met; exact limits (95 %); small numbers are hidden."""
    with options.connect() as session:
        answer = session.run("measures.figures", measure=measure, by=by, **selection)
    shown = answer["table"].drop("version", "title", "hidden")
    parts = [output.table(shown, limit=MOST_ROWS)]
    if why:
        parts.append(output.table(answer["why"].drop("hidden"), limit=MOST_ROWS, widest=80))
    notes = [
        *answer["notes"],
        f"Numbers below {answer['threshold']}, and what would give them away, are not shown.",
    ]
    options.answer(answer, "\n\n".join([*parts, "\n".join(notes)]))
    return 0


@measures.command("cases", epilog="Example: registry stats measures cases colon-twelve-nodes --from 2022")
@click.argument("measure")
@global_options
@narrowing
def cases(options: Options, measure: str, selection: dict[str, Any]) -> int:
    """Cases that did not meet a measure, for who may see records."""
    selection.pop("profile", None)
    with options.connect() as session:
        frame = session.run("measures.cases", measure=measure, **selection)
    options.answer(frame, output.table(frame, limit=MOST_ROWS))
    return 0


@measures.command("add", epilog="Example: registry stats measures add our-measures.toml")
@click.argument("path", type=click.Path(dir_okay=False))
@global_options
def add(options: Options, path: str) -> int:
    """Add the registry's own measures from a TOML file, or new versions of them."""
    file = Path(path)
    if not file.is_file():
        raise BadInput(file.name, "there is no such file", "give a TOML file of measures")
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(file.name, "is too large for a file of measures")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(file.name, "is no UTF-8 text", "save it as UTF-8") from None
    with options.connect() as session:
        answer = session.run("measures.add", text=text)
    told = [f"{word}: {', '.join(answer[word])}" for word in ("added", "unchanged") if answer[word]]
    options.answer(answer, "\n".join(told))
    return 0


@measures.command("withdraw", epilog="Example: registry stats measures withdraw our-lung-measure")
@click.argument("measure")
@global_options
def withdraw(options: Options, measure: str) -> int:
    """Take one of the registry's own measures out of force."""
    with options.connect() as session:
        answer = session.run("measures.withdraw", measure=measure)
    options.answer(answer, f"withdrawn: {answer['withdrawn']}")
    return 0
