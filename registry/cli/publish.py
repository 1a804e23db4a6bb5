"""`registry publish`: de-identified snapshots for research."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.options import Options, global_options


@click.command(epilog="Example: registry publish --out snapshot --profile research")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder for the snapshot.")
@click.option("--profile", default="research", show_default=True, help="What the snapshot may hold.")
@click.option("--study", default="", help="Name of the study: each gets its own study numbers.")
@click.option("--as-of", help="Date written into the manifest (default: today).")
@global_options
def publish(options: Options, out: str, profile: str, study: str, as_of: str | None) -> None:
    """Write a de-identified research snapshot as Parquet, with a manifest and a risk report."""
    with options.connect() as session:
        result = session.run(
            "publish.snapshot", out=str(Path(out).absolute()), profile=profile, study=study, as_of=as_of
        )
    text = f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, {len(result['columns'])} columns"
    text += "".join(f"\nheld back: {n:,} tumors, {why}" for why, n in result["held_back"].items())
    options.answer(result, text)
