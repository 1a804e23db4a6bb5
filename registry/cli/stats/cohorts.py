"""`registry stats cohort`: saved definitions of who is counted, their exclusion flow, as YAML and as a link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.errors import BadInput, NotFound

MOST_BYTES = 64 * 1024


@click.group(epilog="Example: registry stats cohort flow --cohort 'Early breast'")
def cohorts() -> None:
    """Cohorts: one definition of who is counted, for every figure."""


@cohorts.command("list", epilog="Example: registry stats cohort list")
@global_options
def listed(options: Options) -> int:
    """Saved cohorts that you may see."""
    with options.connect() as session:
        found = session.run("cohort.list")
    options.answer(found, output.table(found, limit=500))
    return 0


@cohorts.command("show", epilog="Example: registry stats cohort show 'Early breast'")
@click.argument("name")
@global_options
def show(options: Options, name: str) -> int:
    """What a saved cohort counts, its version and its link."""
    with options.connect() as session:
        found = session.run("cohort.show", name=name)
    lines = [f"{found['name']}, version {found['version']}, saved by {found['owner']}", *found["sentences"]]
    options.answer(found, "\n".join([*lines, "", found["yaml"], found["link"]]))
    return 0


@cohorts.command("save", epilog="Example: registry stats cohort save 'Early breast' --file breast.yaml")
@click.argument("name")
@click.option("--file", "path", type=click.Path(dir_okay=False), help="Definition as YAML.")
@click.option("--cohort", help="Another saved cohort, or the text of a link, to copy.")
@click.option("--note", help="A line of explanation.")
@click.option("--private", is_flag=True, help="Others do not see it.")
@click.option("--replace", "version", type=int, help="Version of the saved cohort that this one replaces.")
@global_options
def save(
    options: Options,
    name: str,
    path: str | None,
    cohort: str | None,
    note: str | None,
    private: bool,
    version: int | None,
) -> int:
    """Save a definition under a name, or a new version of it."""
    if (path is None) == (cohort is None):
        raise BadInput("cohort save", "needs a definition", "give --file or --cohort")
    with options.connect() as session:
        definition: Any = (
            cohort if path is None else session.run("cohort.load", text=_text(path))["definition"]
        )
        found = session.run(
            "cohort.save",
            name=name,
            definition=definition,
            note=note,
            shared=not private,
            expected_version=version,
        )
    options.answer(found, f"{found['name']}: saved, version {found['version']}")
    return 0


@cohorts.command("remove", epilog="Example: registry stats cohort remove 'Early breast' --version 2")
@click.argument("name")
@click.option("--version", type=int, required=True, help="The version that you saw.")
@global_options
def remove(options: Options, name: str, version: int) -> int:
    """Take a saved cohort off the list; it stays in the history."""
    with options.connect() as session:
        found = session.run("cohort.remove", name=name, expected_version=version)
    options.answer(found, f"{found['name']}: removed")
    return 0


@cohorts.command("export", epilog="Example: registry stats cohort export 'Early breast' --out breast.yaml")
@click.argument("name")
@click.option("--link", is_flag=True, help="The text of a link instead of YAML.")
@click.option("--out", type=click.Path(dir_okay=False), help="File to write; without it the screen.")
@global_options
def export(options: Options, name: str, link: bool, out: str | None) -> int:
    """A saved cohort (or the text of a link) as YAML, or as a link."""
    with options.connect() as session:
        text = session.run("cohort.export", cohort=name, form="link" if link else "yaml")
    if out is None:
        click.echo(text.rstrip("\n"))
    else:
        Path(out).write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    return 0


@cohorts.command("import", epilog="Example: registry stats cohort import breast.yaml --name 'Early breast'")
@click.argument("path", type=click.Path(dir_okay=False))
@click.option("--name", help="Name to save it under; default: the one in the file.")
@click.option("--note", help="A line of explanation.")
@click.option("--private", is_flag=True, help="Others do not see it.")
@global_options
def imported(options: Options, path: str, name: str | None, note: str | None, private: bool) -> int:
    """Save a definition from a YAML file (or a file with the text of a link)."""
    with options.connect() as session:
        read = session.run("cohort.load", text=_text(path))
        wanted = name or read["name"]
        if not wanted:
            raise BadInput(Path(path).name, "the cohort has no name", "give --name")
        found = session.run(
            "cohort.save", name=wanted, definition=read["definition"], note=note, shared=not private
        )
    options.answer(found, f"{found['name']}: saved, version {found['version']}")
    return 0


@cohorts.command("flow", epilog="Example: registry stats cohort flow --cohort 'Early breast'")
@click.option("--cohort", help="A saved cohort, or the text of a link; default: first malignant primaries.")
@click.option("--file", "path", type=click.Path(dir_okay=False), help="Definition as YAML.")
@click.option(
    "--no-follow-up", is_flag=True, help="As incidence counts: without the steps of survival figures."
)
@click.option(
    "--profile", default="default", show_default=True, help="Counts below its threshold are hidden."
)
@click.option("--as-of", help="Data cut-off (default: today).")
@global_options
def flow(
    options: Options,
    cohort: str | None,
    path: str | None,
    no_follow_up: bool,
    profile: str,
    as_of: str | None,
) -> int:
    """Who is counted and who is left out, step by step, with the text for a methods section."""
    if cohort is not None and path is not None:
        raise BadInput("cohort flow", "got two definitions", "give --file or --cohort")
    with options.connect() as session:
        asked: Any = cohort if path is None else session.run("cohort.load", text=_text(path))["definition"]
        if asked is None:
            asked = session.run("cohort.choices")["defaults"]["incidence" if no_follow_up else "survival"]
        found = session.run(
            "cohort.preview", cohort=asked, follow_up=not no_follow_up, profile=profile, as_of=as_of
        )
    options.answer(found, f"{output.table(found['exclusions'], limit=100)}\n\n{found['methods']}")
    return 0


def _text(path: str) -> str:
    """The text of a definition's file.

    Raises:
        NotFound: no such file. BadInput: too long, or no text.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFound(file.name, "there is no such file", "check the name")
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(file.name, "is too long for a definition", "name a cohort's YAML file")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(file.name, "is no text in UTF-8", "name a cohort's YAML file") from None
