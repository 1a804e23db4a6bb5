"""Commands about the database itself: make it, back it up, its accounts, its audit trail."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.errors import BadInput


@click.command(epilog="Example: REGISTRY_KEY='a long secret sentence' registry init --db my.duckdb")
@click.option("--plain", is_flag=True, help="Without encryption, even though there is a key.")
@click.option("--synthetic", is_flag=True, help="Mark it as made-up data, everywhere people look.")
@click.option("--reference-date", help="First day of the registry, for follow-up (2007-01-01).")
@global_options
def init(options: Options, plain: bool, synthetic: bool, reference_date: str | None) -> None:
    """Make a new registry database, encrypted with $REGISTRY_KEY, --key-file or the keyring's key.

    Without a key it is made in plain mode, and every command on it warns: for made-up or public data only.
    """
    from registry.service.session import Session

    key = None if plain else options.key()
    with Session.create(options.db, key=key, reference_date=reference_date, synthetic=synthetic) as session:
        answer = {"database": str(options.db), "encrypted": key is not None, "actor": session.actor.name}
    options.answer(answer, f"{options.db} is ready; next: registry ingest FILES --db {options.db}")


@click.group(epilog="Example: registry user list")
def user() -> None:
    """Accounts of people."""


@user.command("add", epilog="Example: registry user add anna --role registrar --facility 0006210010")
@click.argument("name")
@click.option("--role", required=True, help="registrar, quality, researcher, manager, admin, auditor.")
@click.option(
    "--facility", "facilities", multiple=True, help="Hold the account to this facility (repeatable)."
)
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False), help="Else it is asked for.")
@global_options
def user_add(
    options: Options, name: str, role: str, facilities: tuple[str, ...], password_file: str | None
) -> None:
    """Add an account."""
    password = Path(password_file).read_text().strip() if password_file else _ask_password()
    with options.connect() as session:
        answer = session.run(
            "account.add", name=name, password=password, role=role, facilities=list(facilities) or None
        )
    for facility in answer["unknown_facilities"]:
        click.echo(
            f"registry: warning: facility {facility} is neither in the facility table nor in any abstract; "
            f"{answer['name']} sees nothing of it until it is",
            err=True,
        )
    options.answer(answer, f"{answer['name']} may sign in as {answer['role']}")


def _ask_password() -> str:
    """A new password, asked for twice.

    Raises:
        BadInput: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise BadInput("password", "there is no terminal to ask for the password", "use --password-file")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@user.command("list", epilog="Example: registry user list")
@global_options
def user_list(options: Options) -> None:
    """Show all accounts."""
    with options.connect() as session:
        frame = session.run("account.list")
    options.answer(frame, output.table(frame))


@user.command("deactivate", epilog="Example: registry user deactivate anna")
@click.argument("name")
@global_options
def user_deactivate(options: Options, name: str) -> None:
    """Close an account; its name stays in the audit trail."""
    with options.connect() as session:
        session.run("account.deactivate", name=name)
    options.remark(f"{name} can no longer sign in")


@click.group(epilog="Example: registry audit verify")
def audit() -> None:
    """The audit trail."""


@audit.command("verify", epilog="Example: registry audit verify --db my.duckdb")
@global_options
def audit_verify(options: Options) -> int:
    """Recompute the hash chain; names the first bad row. Exit code 1 when something is wrong."""
    with options.connect() as session:
        report = session.run("audit.verify")
    options.answer(report, report["message"])
    return 0 if report["ok"] else 1


@audit.command("log", epilog="Example: registry audit log --limit 20")
@click.option("--limit", default=50, show_default=True)
@global_options
def audit_log(options: Options, limit: int) -> None:
    """Show the latest audit events."""
    with options.connect() as session:
        frame = session.run("audit.log", limit=limit)
    shown = frame.select("seq", "happened_at", "actor", "action", "entity", "entity_id", "reason")
    options.answer(frame, output.table(shown))


@click.command(epilog="Example: registry backup /safe/registry-2026-11.duckdb --db my.duckdb")
@click.argument("target", type=click.Path())
@global_options
def backup(options: Options, target: str) -> None:
    """Copy the database, also while it is being written to, and verify the copy."""
    with options.connect() as session:
        report = session.run("store.backup", path=str(Path(target).absolute()))
    text = f"{target}: {len(report['tables']):,} tables, {report['rows']:,} rows, verified"
    options.answer(report, text)


@click.command(epilog="Example: registry restore /safe/registry-2026-11.duckdb --db again.duckdb")
@click.argument("source", type=click.Path(exists=True, dir_okay=False))
@global_options
def restore(options: Options, source: str) -> None:
    """Make the database --db from a backup (it must not exist yet), and verify it."""
    from registry.service.session import Session

    report = Session.restore(Path(source), options.db, key=options.key())
    text = f"{options.db}: {report['rows']:,} rows restored, audit chain verified"
    options.answer(report, text)
