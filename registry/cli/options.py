"""Options that every command takes, before or after its name, and how a command gets its session."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from registry.service.remote import AnySession

DEFAULT_DATABASE = "registry.duckdb"


@dataclass(frozen=True)
class Options:
    """The global options of one call."""

    db: Path
    key_file: Path | None = None
    as_user: str | None = None
    as_json: bool = False
    quiet: bool = False

    def connect(self, *, create: bool = False) -> AnySession:
        """A session: through `registry serve` when it runs on this database, else on the file itself.

        Args:
            create: make the database when there is none yet (not for an account: a new one has none).
        """
        from registry.service.remote import connect

        if create and not self.as_user and not self.db.exists():
            from registry.errors import BadInput
            from registry.service.session import Session

            try:
                Session.create(self.db, key=self.key()).close()
                self.remark(f"{self.db}: a new database")
            except BadInput:
                if not self.db.exists():  # else another command made it a moment earlier
                    raise

        return connect(self.db, key=self.key(), as_user=self.as_user, progress=self.progress())

    def key(self) -> str | None:
        """The database key: --key-file, else $REGISTRY_KEY, else the OS keyring; None = plain mode."""
        from registry.store.keys import resolve_key

        return resolve_key(key_file=self.key_file, database=self.db)

    def progress(self) -> Callable[[str, int, int], None]:
        """Progress on stderr, unless --quiet."""
        from registry.cli.output import progress_line

        return (lambda _what, _done, _total: None) if self.quiet else progress_line

    def answer(self, value: Any, text: str) -> None:
        """Print what was asked for: the value as JSON with --json, else the text."""
        from registry.cli.output import as_json

        click.echo(as_json(value) if self.as_json else text)

    def remark(self, text: str) -> None:
        """A line for people, on stderr, unless --quiet."""
        if not self.quiet:
            click.echo(text, err=True)


_OPTIONS = [
    click.option("--db", type=click.Path(), help="Database file (default: $REGISTRY_DB or registry.duckdb)."),
    click.option(
        "--key-file", type=click.Path(), help="File that holds the database key (or $REGISTRY_KEY)."
    ),
    click.option("--as", "as_user", help="Act as this account (or $REGISTRY_USER)."),
    click.option(
        "--json", "as_json", is_flag=True, help="Machine-readable answer on stdout, nothing else there."
    ),
    click.option("--quiet", is_flag=True, help="No progress and no remarks."),
]


def global_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the global options; it receives them as its first argument, an `Options`."""

    @functools.wraps(function)
    @click.pass_context
    def command(ctx: click.Context, /, **arguments: Any) -> Any:
        outer = ctx.find_root().obj or {}
        given = {name: arguments.pop(name) for name in ("db", "key_file", "as_user", "as_json", "quiet")}
        chosen = {name: value or outer.get(name) for name, value in given.items()}
        options = Options(
            db=Path(chosen["db"] or os.environ.get("REGISTRY_DB") or DEFAULT_DATABASE),
            key_file=Path(chosen["key_file"]) if chosen["key_file"] else None,
            as_user=chosen["as_user"] or os.environ.get("REGISTRY_USER"),
            as_json=bool(chosen["as_json"]),
            quiet=bool(chosen["quiet"]),
        )
        return function(options, **arguments)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command
