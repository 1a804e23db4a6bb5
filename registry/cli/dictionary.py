"""Commands about the NAACCR dictionary; they need no database."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry dictionary show primarySite")
def dictionary() -> None:
    """The NAACCR dictionary."""


@dictionary.command("show", epilog="Example: registry dictionary show primarySite")
@click.argument("item")
@global_options
def dictionary_show(options: Options, item: str) -> None:
    """Show one item, by id or number: name, level, length, versions, allowed codes."""
    from dataclasses import asdict

    from registry import standards
    from registry.errors import NotFound

    found = standards.by_number(int(item)) if item.isdigit() else standards.item(item)
    if found is None:
        raise NotFound(
            f"item {item}", "no NAACCR version has this number", "try `registry dictionary search`"
        )
    codes = standards.codes(found.id)
    if options.as_json:
        click.echo(output.as_json({**asdict(found), "codes": codes.to_dicts()}))
        return
    click.echo(output.pairs(asdict(found)))
    if codes.height:
        click.echo("")
        click.echo(output.table(codes, limit=60))


@dictionary.command("search", epilog="Example: registry dictionary search laterality")
@click.argument("words", nargs=-1, required=True)
@global_options
def dictionary_search(options: Options, words: tuple[str, ...]) -> None:
    """Find items whose id, number or name holds all the words."""
    import polars as pl

    from registry import standards

    text = pl.concat_str("id", pl.col("number").cast(pl.String), "name", separator=" ").str.to_lowercase()
    fits = pl.all_horizontal(text.str.contains(word.lower(), literal=True) for word in words)
    frame = standards.all_items().filter(fits).sort("number")
    shown = frame.select("number", "id", "name", "level", "length", "first_version", "last_version")
    options.answer(frame, output.table(shown, limit=100))
