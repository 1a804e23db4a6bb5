"""`registry geocode`: addresses at diagnosis to a geocoder's file and back."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry geocode export --out addresses.csv")
def geocode() -> None:
    """Places of residence at diagnosis: coordinates, counties, census tracts."""


@geocode.command("export", epilog="Example: registry geocode export --out addresses.csv --limit 5000")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The .csv file to write.")
@click.option("--limit", type=int, help="At most so many tumors.")
@click.option("--again", is_flag=True, help="Also what never came back, and failures.")
@click.option("--recipient", help="A geocoder outside the registry: it is noted as a disclosure.")
@global_options
def export(options: Options, out: str, limit: int | None, again: bool, recipient: str | None) -> None:
    """Write addresses that were never geocoded or have changed since: key, address, reported county; no names."""
    with options.connect() as session:
        result = session.run(
            "geocode.export", out=str(Path(out).absolute()), limit=limit, again=again, recipient=recipient
        )
    text = (
        f"{out}: {result['tumors']:,} addresses ({result['queued']:,} new, {result['stale']:,} changed, "
        f"{result['again']:,} again); {result['waiting']:,} wait, {result['without_address']:,} tumors have no address"
    )
    options.answer(result, text)


@geocode.command("import", epilog="Example: registry geocode import answers.csv")
@click.argument("file", type=click.Path())
@global_options
def import_(options: Options, file: str) -> int:
    """Take results in: key, latitude, longitude, countyAtDxGeocode2020, censusTract2020, … by their NAACCR ids."""
    with options.connect() as session:
        result = session.run("geocode.import", path=str(Path(file).absolute()))
    lines = [
        f"{file}: {result['lines']:,} lines: {result['done']:,} placed, {result['failed']:,} not found, "
        f"{result['review']:,} to review, {result['stale']:,} stale (address changed), {result['refused']:,} refused",
        f"{result['abstracts']:,} abstracts changed; {result['county_reviews']:,} reviews of the county opened",
    ]
    if result["columns_not_used"]:
        lines.append(f"columns not used: {', '.join(result['columns_not_used'])}")
    if result["faults"].height:
        lines.append(output.table(result["faults"], widest=80))
    options.answer(result, "\n".join(lines))
    return 1 if result["refused"] or result["stale"] else 0


@geocode.command("status", epilog="Example: registry geocode status")
@global_options
def status(options: Options) -> None:
    """How many tumors wait, are out, came back."""
    with options.connect() as session:
        frame = session.run("geocode.status")
    options.answer(frame, output.table(frame))
