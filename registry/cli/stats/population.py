"""`registry stats population`: denominators: populations, life tables, deaths."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.options import Options, global_options

KIND = click.option(
    "--kind",
    type=click.Choice(["population", "life-table", "mortality"]),
    default="population",
    show_default=True,
    help="What the table is.",
)


@click.group(
    "population", epilog="Example: registry stats population load population.csv --source CENSUS-2024"
)
def population() -> None:
    """Populations, life tables and mortality: load, list, choose, remove."""


@population.command(
    "load", epilog="Example: registry stats population load population.csv --source CENSUS-2024"
)
@click.argument("file", type=click.Path())
@KIND
@click.option("--source", help="Its name in all figures (default: the file's own column source).")
@click.option("--title", help="A line that says what it is.")
@click.option("--replace", is_flag=True, help="Take the place of the table of the same name.")
@click.option("--check", "dry_run", is_flag=True, help="Judge the file only.")
@global_options
def load(
    options: Options,
    file: str,
    kind: str,
    source: str | None,
    title: str | None,
    replace: bool,
    dry_run: bool,
) -> int:
    """Load a file whole, or not at all when a line is wrong (exit code 1); figures use the table loaded last.

    Columns of a CSV file (in brackets: may be left out):

    \b
    population  [state, county,] year, sex, [race,] age_group, population;
                or a SEER population file of fixed width
    life-table  [region,] sex, year, age, [age_start_days,] daily_hazard
    mortality   site_group, [state, county,] year, sex, age_group, deaths

    daily_hazard is the hazard of one day, age is in years, age_start_days in days.
    """  # noqa: D301 (the escape keeps the lines of the help apart)
    with options.connect(create=True) as session:
        found = session.run(
            "population.load", path=str(Path(file).absolute()), kind=kind, source=source, title=title,
            replace=replace, dry_run=dry_run,
        )  # fmt: skip
    for line, reason in found["faults"].select("line", "reason").iter_rows():
        click.echo(f"{file}{f', line {line}' if line is not None else ''}: {reason}", err=True)
    if found["faults_found"] > found["faults"].height:
        click.echo(f"{file}: and {found['faults_found'] - found['faults'].height} more faults", err=True)
    years = f"{found['first_year']} to {found['last_year']}"
    if found["faults_found"]:
        text = f"{file}: nothing was loaded: {found['faults_found']:,} {'fault' if found['faults_found'] == 1 else 'faults'} in {found['lines']:,} lines"
    elif found["already"]:
        text = f"{file}: {found['source']} is loaded already, with the same content"
    else:
        done = "loaded as" if found["loaded"] else "sound, not loaded:"
        used = "; figures use it from now on" if found["loaded"] else ""
        text = f"{file}: {done} {found['kind']} {found['source']}, {found['rows']:,} rows, {years}{used}"
    options.answer(found, text)
    return 1 if found["faults_found"] else 0


@population.command("list", epilog="Example: registry stats population list")
@click.option(
    "--kind", type=click.Choice(["population", "life-table", "mortality"]), help="Only tables of this kind."
)
@global_options
def list_(options: Options, kind: str | None) -> None:
    """What is loaded, and which of it figures use."""
    from registry.cli import output

    with options.connect() as session:
        frame = session.run("population.list", kind=kind)
    options.answer(frame, output.table(frame, limit=200))


@population.command("show", epilog="Example: registry stats population show --source CENSUS-2024")
@KIND
@click.option("--source", help="Its name (default: the one in use).")
@global_options
def show(options: Options, kind: str, source: str | None) -> None:
    """What a table covers: years, places, totals."""
    from registry.cli import output
    from registry.cli.stats.answers import whole

    with options.connect() as session:
        found = session.run("population.tables", kind=kind, source=source)
    head = [f"{found['kind']}: {found['source'] or 'nothing is loaded'}"]
    head += [f"{name}: {', '.join(found[name])}" for name in ("states", "counties", "races") if found[name]]
    years = found["years"]
    years = years.select(name for name in years.columns if years[name].null_count() < max(1, years.height))
    options.answer(found, "\n".join([*head, output.table(years, limit=200, formats={"total": whole})]))


@population.command("use", epilog="Example: registry stats population use CENSUS-2024")
@click.argument("source")
@KIND
@global_options
def use(options: Options, source: str, kind: str) -> None:
    """Make a loaded table the one that figures use."""
    with options.connect() as session:
        found = session.run("population.use", source=source, kind=kind)
    options.answer(found, f"figures use {found['kind']} {found['source']} from now on")


@population.command("remove", epilog="Example: registry stats population remove CENSUS-2023")
@click.argument("source")
@KIND
@global_options
def remove(options: Options, source: str, kind: str) -> None:
    """Take a loaded table out."""
    with options.connect() as session:
        found = session.run("population.remove", source=source, kind=kind)
    options.answer(found, f"{found['kind']} {found['source']} is gone ({found['rows']:,} rows)")
