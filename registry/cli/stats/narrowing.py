"""Options that questions of outcomes and measures share: who counts, and how small numbers are hidden."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

OPTIONS = (
    click.option("--cohort", help="A saved cohort, or its link text."),
    click.option("--site", "sites", multiple=True, help="Only this site group (may be repeated)."),
    click.option("--sex", "sexes", multiple=True, help="Only this sex: 1 or 2."),
    click.option("--stage", "stages", multiple=True, help="Only this stage (may be repeated)."),
    click.option("--from", "year_from", type=int, help="First diagnosis year."),
    click.option("--to", "year_to", type=int, help="Last diagnosis year."),
    click.option("--profile", default="default", show_default=True, help="Disclosure profile: default (11), uscs (16) or a number."),
    click.option("--as-of", help="Day asked about (2026-10-31; default today)."),
)  # fmt: skip


def narrowing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options; their values come as one dict `selection`."""

    @functools.wraps(command)
    def with_selection(*arguments: Any, **given: Any) -> Any:
        names = ("cohort", "sites", "sexes", "stages", "year_from", "year_to", "profile", "as_of")
        taken = {name: given.pop(name) for name in names}
        selection = {
            name: list(value) if isinstance(value, tuple) else value for name, value in taken.items()
        }
        return command(
            *arguments, selection={name: value for name, value in selection.items() if value}, **given
        )

    for option in reversed(OPTIONS):
        with_selection = option(with_selection)
    return with_selection
