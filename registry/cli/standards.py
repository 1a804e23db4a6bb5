"""Commands about the reference tables."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry standards list")
def standards() -> None:
    """Reference tables."""


@standards.command("list", epilog="Example: registry standards list")
@global_options
def standards_list(options: Options) -> None:
    """Show which published tables are installed, with their sources."""
    from registry.standards.build import DATA

    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    options.answer({"sources": text}, text)


@standards.command("build", epilog="Example: registry standards build --from ../shared")
@click.option(
    "--from",
    "shared",
    required=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder with naaccr/ and coding/.",
)
@click.option(
    "--out", type=click.Path(file_okay=False), help="Folder for the tables (default: the package's own)."
)
@global_options
def standards_build(options: Options, shared: str, out: str | None) -> None:
    """Write the reference tables again from the published files, such as next year's."""
    from registry.coding import build as coding
    from registry.standards import build as base

    counts = base.build(Path(shared), Path(out) / "standards" if out else base.DATA)
    counts |= coding.build(Path(shared), Path(out) / "coding" if out else coding.DATA)
    options.answer(counts, output.pairs(counts))
