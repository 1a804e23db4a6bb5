"""`registry settings`: facts about this registry, shown and changed."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.errors import BadInput


@click.command(epilog="Example: registry settings home_state=NY submission_profiles='NPCR_CSS NAACCR_CFD'")
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@global_options
def settings(options: Options, changes: tuple[str, ...]) -> None:
    """Show this registry's settings, or change some; no value brings back the default."""
    wanted = {}
    for change in changes:
        name, sign, value = change.partition("=")
        if not sign:
            raise BadInput("settings", f"{change!r} has no =", "write NAME=VALUE")
        wanted[name.strip()] = value.strip()
    with options.connect() as session:
        if wanted:
            session.run("settings.change", **wanted)
        answer = session.run("settings.show")
    options.answer(answer, output.pairs({name: value or "" for name, value in answer.items()}))
