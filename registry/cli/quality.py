"""Commands about the quality of the registry: indicators, scorecard, suites, reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    import polars as pl


@click.group(epilog="Example: registry quality scorecard --year 2024")
def quality() -> None:
    """Indicators, certification scorecard, suites with offline data docs, edit reports, audits."""


@quality.command(
    "indicators",
    epilog="Example: registry quality indicators --input cohort.csv --as-of 2026-11-01 --out indicators.csv",
)
@click.option("--as-of", help="Day of judgement (default: today).")
@click.option("--by", "split", help="Split by facility, county, site, sex, year, abstractor (several: a,b).")
@click.option("--input", "source", help="A CSV, Parquet or NAACCR XML file as one population, no registry.")
@click.option("--edits", "names", help="The prescribed edits of a file, separated by commas (default: all).")
@click.option("--out", help="Where they go (.csv or .parquet).")
@global_options
def quality_indicators(
    options: Options,
    as_of: str | None,
    split: str | None,
    source: str | None,
    names: str | None,
    out: str | None,
) -> None:
    """Show quality and certification indicators of the registry by diagnosis year, or of a file."""
    from registry.cli.frames import write_table
    from registry.cli.words import listed
    from registry.errors import BadInput

    if source is not None:
        if split:
            raise BadInput("quality indicators", "takes --by for the registry only", "leave it out")
        frame = _of_file(options, source, as_of, listed("--edits", names))
    elif names is not None:
        raise BadInput("quality indicators", "needs --input for --edits", "name a file")
    else:
        with options.connect() as session:
            more = {"by": by} if (by := listed("--by", split)) else {}
            frame = session.run("quality.indicators", as_of=as_of, **more)
    if out:
        write_table(frame, Path(out))
        options.answer({"rows": frame.height, "out": out}, f"{frame.height:,} rows, written to {out}")
        return
    options.answer(frame, output.table(frame, limit=400))


def _of_file(options: Options, source: str, as_of: str | None, names: list[str]) -> pl.DataFrame:
    import datetime as dt

    from registry import quality as room
    from registry.cli.judged_files import judge_file
    from registry.cli.words import day_of

    day = day_of(as_of) or dt.date.today()
    judged = judge_file(options, source, names or "all", day)
    return room.indicator_values(judged.records, day, judged.failures)


@quality.command("scorecard", epilog="Example: registry quality scorecard --year 2024")
@click.option("--year", type=int, help="Diagnosis year (default: two years before the day of judgement).")
@click.option("--as-of", help="Day of judgement (default: today).")
@global_options
def quality_scorecard(options: Options, year: int | None, as_of: str | None) -> int:
    """Say which certification levels a year meets, and what is missing. Exit code 1 when Gold is missed."""
    with options.connect() as session:
        told = session.run("quality.scorecard", year=year, as_of=as_of)
    rows, levels = told["scorecard"], told["certification"]
    shown = rows.select(
        "programme", "level", "name", "value", "operator", "threshold", "state", "records_missing"
    )
    text = f"Diagnosis year {told['year']}\n\n{output.table(levels, limit=40)}\n\n{output.table(shown, limit=400)}"
    options.answer({**told, "scorecard": rows.to_dicts(), "certification": levels.to_dicts()}, text)
    gold = levels.filter(levels["level"] == "gold")
    return 0 if gold.height and gold["state"][0] == "met" else 1


def _docs(function: Any) -> Any:
    return click.option(
        "--docs",
        default="data-docs",
        show_default=True,
        type=click.Path(file_okay=False),
        help="Folder for offline data docs.",
    )(function)


@quality.command("suites", epilog="Example: registry quality suites --docs data-docs")
@_docs
@global_options
def quality_suites(options: Options, docs: str) -> int:
    """Run the Great Expectations suites. Exit code 1 when one fails."""
    return _run_suites(options, docs)


@quality.command("run", hidden=True, epilog="Example: registry quality run --docs data-docs")
@_docs
@global_options
def quality_run(options: Options, docs: str) -> int:
    """The same as `registry quality suites`, by its older name."""
    return _run_suites(options, docs)


def _run_suites(options: Options, docs: str) -> int:
    from pipelines.check import run_suites

    with options.connect() as session:
        result = run_suites(session, Path(docs))
    if options.as_json:
        click.echo(output.as_json(result))
    else:
        for line in result["failures"]:
            click.echo(f"  {line}")
        click.echo(f"{result['suites_passed']} of {result['suites']} suites passed; {result['data_docs']}")
    return 0 if result["suites_passed"] == result["suites"] else 1
