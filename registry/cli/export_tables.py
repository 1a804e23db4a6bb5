"""`registry export profiles|required|restrictions|key|open`: the tables behind submissions, and encrypted files."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options

FILE = click.Path(exists=True, dir_okay=False)


@click.command("profiles", epilog="Example: registry export profiles --add my-profiles.toml")
@click.option("--add", type=FILE, help="Take the registry's own profiles from this TOML file.")
@click.option("--show", "shown", help="Everything of one profile.")
@global_options
def profiles(options: Options, add: str | None, shown: str | None) -> None:
    """List the profiles, or add the registry's own."""
    with options.connect() as session:
        if add:
            done = session.run("submission.add_profile", path=str(Path(add).absolute()))
            lines = [
                f"{each['profile']} version {each['version']}" + ("" if each["added"] else ": stands already")
                for each in done["profiles"]
            ]
            options.answer(done, "\n".join(lines))
            return
        found = session.run("submission.profiles", profile=shown)
    if shown:
        row = found.row(0, named=True)
        options.answer(
            found, "\n".join(f"{name:12} {output.cell(value, 100)}" for name, value in row.items())
        )
        return
    columns = [
        "profile",
        "version",
        "title",
        "level",
        "record_type",
        "identifiers",
        "needs",
        "cadence",
        "status",
    ]
    options.answer(found, output.table(found.select(columns)))


@click.command("required", epilog="Example: registry export required required-26.csv --agency NPCR")
@click.argument("file", required=False, type=FILE)
@click.option("--agency", help="Of the file, when it does not say; else show this agency's.")
@click.option("--naaccr-version", help="Of the file, when it does not say; else show this version's.")
@click.option("--source", help="Where the table is from.")
@global_options
def required(
    options: Options, file: str | None, agency: str | None, naaccr_version: str | None, source: str | None
) -> None:
    """Load a table of required items, or show what is loaded."""
    with options.connect() as session:
        if file is None:
            found = session.run("submission.required", agency=agency, naaccr_version=naaccr_version)
            options.answer(found, output.table(found))
            return
        done = session.run(
            "submission.load_required", path=str(Path(file).absolute()), agency=agency, naaccr_version=naaccr_version,
            source=source,
        )  # fmt: skip
    named = f"{', '.join(done['agencies'])}, versions {', '.join(done['versions'])}"
    options.answer(done, f"{done['rows']:,} rows of {named}")


@click.command(
    "restrictions",
    epilog="Example: registry export restrictions --set ide:CT 02 --allow --reason 'agreement 2026'",
)
@click.option(
    "--set",
    "rule",
    nargs=2,
    metavar="RECIPIENT CODE",
    help="Say whether a receiver may get this code of item 1856.",
)
@click.option("--allow/--refuse", "allowed", default=False, help="Which, with --set.")
@click.option("--reason", default="", help="By which law or agreement, with --set.")
@global_options
def restrictions(options: Options, rule: tuple[str, str] | None, allowed: bool, reason: str) -> None:
    """Show or change which receiver may get records of a restricted origin (item 1856)."""
    with options.connect() as session:
        if rule:
            row = session.run(
                "submission.set_restriction", recipient=rule[0], code=rule[1], allowed=allowed, reason=reason
            )
            options.answer(row, f"{row['recipient']} {row['code']}: {'allowed' if allowed else 'refused'}")
            return
        found = session.run("submission.restrictions")
    options.answer(found, output.table(found, limit=200))


@click.command("open", epilog="Example: registry export open IDE-CT-12.xml.sealed --file-key-file key")
@click.argument("file", type=FILE)
@click.option("--file-key-file", "file_key", required=True, type=FILE, help="The key it was sealed with.")
@click.option(
    "--out", type=click.Path(), help="File or folder to write (default: beside it, under the name inside)."
)
@global_options
def open_file(options: Options, file: str, file_key: str, out: str | None) -> None:
    """Open an encrypted submission file."""
    from registry import submissions

    target = submissions.unseal_file(
        Path(file), submissions.read_key(Path(file_key)), Path(out) if out else None
    )
    target.chmod(0o600)
    options.answer({"file": str(target)}, f"{target}: opened")


@click.command("key", epilog="Example: registry export key exchange.key")
@click.argument("file", type=click.Path(dir_okay=False))
@global_options
def key(options: Options, file: str) -> None:
    """Make a key for encrypted submission files; give it to the receiver by another way than the file."""
    from registry import submissions

    submissions.write_key(Path(file), submissions.new_key())
    options.answer({"file": file}, f"{file}: a new key")
