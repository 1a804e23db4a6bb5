"""Commands about what comes in: ingest, quarantine, review, made-up data."""

from __future__ import annotations

import datetime as dt
import glob
import os
import time
from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.errors import BadInput


def expand(names: tuple[str, ...]) -> list[str]:
    """Files of names, globs, folders (what lies in them) and zip files of several ("a.zip!b.xml"), in a stated order:
    as given, then by name.

    Raises:
        BadInput: a folder holds no files.
    """
    from registry.formats.sources import members

    files: list[str] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(str(each) for each in path.rglob("*") if each.is_file() and each.name[0] != ".")
            if not found:
                raise BadInput(name, "this folder holds no files", "name another one")
            files += found
        elif glob.has_magic(name) and not path.exists():
            # A pattern that fits nothing stays, so that somebody says so.
            files += sorted(glob.glob(name)) or [name]  # noqa: PTH207 (absolute patterns too)
        else:
            files.append(name)
    documents: list[str] = []
    for file in files:
        try:
            documents += members(file)
        except BadInput:
            documents.append(file)  # a damaged zip file: loading it says so, and keeps it in quarantine
    return list(dict.fromkeys(documents))


@click.command(epilog="Example: registry ingest incoming/*.xml.gz pathology.hl7 --db my.duckdb")
@click.argument("files", nargs=-1, required=True)
@click.option("--sender", help="Facility or registry that sent the files, when they do not say.")
@click.option(
    "--dictionary",
    "dictionaries",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="User-defined NAACCR dictionary.",
)
@global_options
def ingest(
    options: Options, files: tuple[str, ...], sender: str | None, dictionaries: tuple[str, ...]
) -> int:
    """Load abstracts (NAACCR XML), pathology messages (HL7 v2), treatments, facilities, physicians (CSV).

    The same file twice changes nothing. With --json one object a file is printed, one a line. Exit code 1 when
    a file had errors, warnings or quarantined pieces, 2 when a file could not be read at all (it is in quarantine).
    """
    from pipelines.ingest import ingest_files

    worst, names = 0, expand(files)
    own = _checked(dictionaries)
    if not options.db.exists():
        _refuse_nothing(names)
    with options.connect(create=True) as session:
        for result in ingest_files(session, names, sender=sender, dictionaries=own):
            if options.as_json:
                click.echo(output.as_json(result))
            else:
                _say(result, options)
            worst = max(
                worst, 2 if result.get("error") else 1 if any(result[name] for name in PROBLEMS) else 0
            )
    return worst


def _checked(dictionaries: tuple[str, ...]) -> list[str]:
    """Absolute paths of dictionaries that load; a wrong one is not the fault of the files read with it.

    Raises:
        BadInput: one is not a usable dictionary.
    """
    from registry.formats import load_user_dictionary

    for name in dictionaries:
        load_user_dictionary(name)
    return [str(Path(name).absolute()) for name in dictionaries]


def _refuse_nothing(names: list[str]) -> None:
    """Before a database is made for them: at least one of the files can be read.

    Raises:
        BadInput: none can.
    """
    from registry.formats.sources import split_member

    files = [split_member(name)[0] for name in names]
    if any(file.is_file() and os.access(file, os.R_OK) and file.stat().st_size for file in files):
        return
    first = files[0]
    what = (
        "there is no such file"
        if not first.exists()
        else "is empty"
        if first.is_file() and os.access(first, os.R_OK)
        else "may not be read by you"
    )
    more = f" (nor can {len(names) - 1} more be read)" if len(names) > 1 else ""
    raise BadInput(str(first), what + more, "check the name; no database was made")


SAID = (
    "patients", "tumors", "items", "accepted", "new_versions", "duplicates", "joined", "review_tasks", "quarantined",
    "errors", "warnings",
)  # fmt: skip
PROBLEMS = ("quarantined", "errors", "warnings")


def _say(result: dict[str, Any], options: Options) -> None:
    name = Path(result["file"]).name
    if result.get("error"):
        click.echo(f"registry: {result['error']}", err=True)
        return
    counts = ", ".join(f"{result[key]:,} {key.replace('_', ' ')}" for key in SAID if result.get(key))
    click.echo(f"{name}  [{result['kind']}]  {counts or 'nothing new'}")
    for line in result["messages"]:
        options.remark(f"  {line}")


@click.group(epilog="Example: registry quarantine list")
def quarantine() -> None:
    """What could not be loaded; kept whole, with the reason."""


@quarantine.command("list", epilog="Example: registry quarantine list --json")
@global_options
def quarantine_list(options: Options) -> int:
    """Show open entries. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("quarantine.list")
    options.answer(frame, output.table(frame) if frame.height else "nothing in quarantine")
    return 1 if frame.height else 0


@quarantine.command("show", epilog="Example: registry quarantine show 3 --out piece.bin")
@click.argument("quarantine_id", type=int)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the content as received to this file.")
@global_options
def quarantine_show(options: Options, quarantine_id: int, out: str | None) -> None:
    """Show one entry: where, why, what was expected; --out gives its content."""
    with options.connect() as session:
        entry = session.run("quarantine.show", quarantine_id=quarantine_id)
    content = entry.pop("content") or b""
    if out:
        Path(out).write_bytes(content)
    options.answer(entry, output.pairs(entry))


@click.command(epilog="Example: registry review --kind possible-same-person")
@click.option("--kind", help="Only this kind of task.")
@global_options
def review(options: Options, kind: str | None) -> int:
    """List what waits for a registrar's decision. Exit code 1 when there is anything."""
    with options.connect() as session:
        frame = session.run("tasks.list", kind=kind)
    options.answer(frame, output.table(frame) if frame.height else "nothing waits")
    return 1 if frame.height else 0


@click.command(epilog="Example: registry synth --patients 5000 --seed 1 --out incoming")
@click.option("--patients", default=5000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder for the files.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day the registry is seen on (default: today)."
)
@global_options
def synth(options: Options, patients: int, seed: int, out: str, as_of: dt.datetime | None) -> None:
    """Write made-up patients as the files a registry really receives. No real person is in them."""
    from registry.synthetic import generate

    begun = time.monotonic()
    day = as_of.date() if as_of else dt.date.today()
    report = options.progress()
    manifest = generate(
        patients, seed, Path(out), as_of=day, progress=lambda done, total: report("patients", done, total)
    )
    if options.as_json:
        click.echo(output.as_json(manifest.to_dict()))
    else:
        click.echo(f"{out}: {patients:,} made-up patients in {time.monotonic() - begun:.1f} s")


@click.group(epilog="Example: registry load list")
def load() -> None:
    """What was loaded, and the faults of each file."""


@load.command("list", epilog="Example: registry load list --json")
@global_options
def load_list(options: Options) -> None:
    """Show loads, newest first."""
    with options.connect() as session:
        frame = session.run("load.list")
    options.answer(frame, output.table(frame))


@load.command("faults", epilog="Example: registry load faults 3")
@click.argument("load_id", type=int)
@global_options
def load_faults(options: Options, load_id: int) -> int:
    """Every fault of one load with its place. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("load.faults", load_id=load_id)
    options.answer(frame, output.table(frame) if frame.height else "no faults")
    return 1 if frame.height else 0
