"""`registry followup`: the annual list, the rates, letters, contacts, replies, passive sources."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry followup list --out follow-up.csv")
def followup() -> None:
    """Annual follow-up."""


@followup.command("list", epilog="Example: registry followup list --as-of 2026-10-31 --out followup.csv")
@click.option("--as-of", help="Day the list is made for (default: today).")
@click.option("--status", help="DELINQUENT, OVERDUE or DUE.")
@click.option("--reference-date", help="First day of the registry (default: the database's setting).")
@click.option("--out", type=click.Path(dir_okay=False), help="Write this .csv or .parquet file instead.")
@global_options
def followup_list(
    options: Options, as_of: str | None, status: str | None, reference_date: str | None, out: str | None
) -> None:
    """List living eligible patients whose follow-up is due, in the order to work them."""
    with options.connect() as session:
        frame = session.run("followup.list", as_of=as_of, status=status, reference_date=reference_date)
    if out:
        from registry.cli.frames import write_frame

        write_frame(frame, Path(out))
        if options.as_json:
            click.echo(output.as_json({"file": out, "patients": frame.height}))
        options.remark(f"{out}: {frame.height:,} patients")
        return
    shown = [
        "patient_id",
        "nameLast",
        "nameFirst",
        "dateOfLastContact",
        "dueDate",
        "status",
        "monthsSinceContact",
        "lettersTo",
    ]
    columns = [name for name in shown if name in frame.columns]
    options.answer(frame, output.table(frame.select(columns)))


@followup.command("rates", epilog="Example: registry followup rates --as-of 2026-10-31 --by facility")
@click.option("--as-of", help="Day (default: today).")
@click.option("--by", help="facility, site, year or physician.")
@click.option("--reference-date", help="First day of the registry (default: the database's setting).")
@global_options
def followup_rates(options: Options, as_of: str | None, by: str | None, reference_date: str | None) -> None:
    """Follow-up rates per window, of patients and of tumors, with their targets."""
    with options.connect() as session:
        frame = session.run("followup.rates", as_of=as_of, by=by, reference_date=reference_date)
    options.answer(frame, output.table(frame))
