"""Commands about the quality of the registry: indicators, scorecard, suites, reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.audits import audit
from registry.cli.monitor import monitor
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
    card, levels = told["card"], told["levels"]
    shown = card.select(
        "programme", "level", "name", "value", "operator", "threshold", "state", "records_missing"
    )
    text = f"Diagnosis year {told['year']}\n\n{output.table(levels, limit=40)}\n\n{output.table(shown, limit=400)}"
    options.answer(told, text)
    return 0 if told["reached"].get("NAACCR") == "gold" else 1


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


@quality.command("report", epilog="Example: registry quality report --by facility,edit --out report.html")
@click.option(
    "--by", "split", help="Sections: facility, abstractor, year, edit (several: a,b). Default: all."
)
@click.option("--facility", help="Only this facility's records.")
@click.option("--year", type=int, help="Diagnosis year of the scorecard in it.")
@click.option("--as-of", help="Day of judgement (default: today).")
@click.option("--records", is_flag=True, help="With the numbers of the abstracts that have open failures.")
@click.option(
    "--out", help="Write the whole report: .html (one page, printable), .xlsx, or .zip of CSV files."
)
@global_options
def quality_report(
    options: Options, split: str | None, facility: str | None, year: int | None, as_of: str | None, records: bool,
    out: str | None,
) -> None:  # fmt: skip
    """Edit failures by facility, abstractor, diagnosis year and edit, with trend."""
    from registry.cli.frames import whole
    from registry.cli.words import listed

    by = listed("--by", split)
    given: dict[str, Any] = {"facility": facility, **({"by": by} if by else {})}
    if out is None:
        with options.connect() as session:
            frame = session.run("quality.report", **given, **({"year": year} if year else {}))
        options.answer(frame, output.table(frame, limit=400) if frame.height else "nothing was judged yet")
        return
    form = _FORMS.get(Path(out).suffix)
    if form is None:
        from registry.errors import BadInput

        raise BadInput(out, f"ends in none of {', '.join(_FORMS)}", "choose one of them")
    with options.connect() as session:
        document = session.run(
            "quality.report_document", format=form, year=year, as_of=as_of, records=records, **given
        )
    with whole(Path(out)) as part:
        part.write_bytes(document["content"])
    options.answer({"out": out, "bytes": len(document["content"])}, f"written to {out}")


_FORMS = {".html": "html", ".xlsx": "xlsx", ".zip": "csv"}


quality.add_command(monitor)
quality.add_command(audit)
