"""Groups of commands that are imported only when they are run, so that help is quick."""

from __future__ import annotations

import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of a table: name → (module:function of its package, one line of help)."""

    def __init__(
        self, *args: Any, table: dict[str, tuple[str, str]] | None = None, package: str = "", **words: Any
    ) -> None:
        super().__init__(*args, **words)
        self.table, self.package = table or {}, package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.table:
            return None
        module, function = self.table[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"{self.package}.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the group's help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown command gets the nearest names."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], self.table, n=3)
            hint = (
                f"did you mean {', '.join(near)}?"
                if near
                else f"`{ctx.command_path} --help` lists the commands"
            )
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)
