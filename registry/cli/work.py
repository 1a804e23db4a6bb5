"""Commands about a registry's work: follow-up, statistics, export, publication."""

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


@click.group(epilog="Example: registry stats survival --by stage")
def stats() -> None:
    """Survival and counts."""


@stats.command("survival", epilog="Example: registry stats survival --by stage --site Breast")
@click.option("--by", help="site, stage or sex.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--stage", help="Only this stage.")
@click.option("--from", "year_from", type=int, help="First diagnosis year.")
@click.option("--to", "year_to", type=int, help="Last diagnosis year.")
@global_options
def stats_survival(options: Options, **filters: object) -> None:
    """Kaplan–Meier survival at 1, 2, 3, 5 and 10 years, with confidence limits and exclusions."""
    with options.connect() as session:
        answer = session.run("survival.kaplan_meier", **filters)
    if options.as_json:
        click.echo(output.as_json(answer))
        return
    click.echo(output.table(answer["at_years"]))
    click.echo(output.table(answer["exclusions"]))
    click.echo(answer["note"])


@stats.command("overview", epilog="Example: registry stats overview")
@global_options
def stats_overview(options: Options) -> None:
    """What the registry holds, in key figures."""
    with options.connect() as session:
        answer = session.run("overview.summary")
    options.answer(answer, output.pairs(answer))


@stats.command("counts", epilog="Example: registry stats counts --by diagnosis_year")
@click.option(
    "--by", default="diagnosis_year", show_default=True, help="diagnosis_year, site, sex, stage, facility."
)
@global_options
def stats_counts(options: Options, by: str) -> None:
    """Tumors by one characteristic."""
    with options.connect() as session:
        frame = session.run("overview.counts", by=by)
    options.answer(frame, output.table(frame, limit=200))


@click.command(epilog="Example: registry export --state NY --year 2024 --out ny-2024.xml")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), help="File to write (.xml or .xml.gz)."
)
@click.option("--record-type", default="I", show_default=True, type=click.Choice(["I", "C", "A", "M"]))
@click.option(
    "--naaccr-version", help="140 to 260 (default: the newest installed); items not legal there are listed."
)
@click.option("--state", help="Residents of this state at diagnosis.")
@click.option("--year", type=int, help="Diagnosis year.")
@click.option("--to-year", "year_to", type=int, help="Last diagnosis year, with --year as the first.")
@click.option("--facility", help="Only this facility's abstracts (types A and M).")
@click.option(
    "--mark-exported", is_flag=True, help="Complete abstracts in the file become `exported` (types A and M)."
)
@click.option("--time-generated", help="Time for the file's header, for byte-equal files (default: now).")
@global_options
def export(options: Options, out: str, **arguments: object) -> int:
    """Write a validated NAACCR XML file with a manifest. Exit code 1 when it holds errors."""
    with options.connect() as session:
        result = session.run("export.naaccr_xml", out=str(Path(out).absolute()), **arguments)
    if options.as_json:
        click.echo(output.as_json(result))
    else:
        click.echo(
            f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, {result['items']:,} items; "
            f"{result['errors']} errors, {result['warnings']} warnings"
        )
        for why, abstracts in result["not_taken"].items():
            options.remark(f"left out, {why}: {abstracts:,} abstracts")
        if not result["tumors"]:
            options.remark("nobody fits: check state, years and facility (`registry stats counts`)")
        if result["left_out"]:
            left = ", ".join(f"{item} ({n:,})" for item, n in result["left_out"].items())
            options.remark(
                f"not legal in version {result['naaccr_version']} type {result['record_type']}, left out: {left}"
            )
        for line in result["messages"]:
            options.remark(f"  {line}")
    return 1 if result["errors"] else 0


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
    options.answer(result, text)
