"""Commands about edits: what there is, why one fails, running them over the registry or over a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    import polars as pl

    from registry.edits import Edit

SETS = "hospital, central, npcr, seer, submission, all."


@click.group(epilog="Example: registry edits run")
def edits() -> None:
    """Edits: checks of values, of values against each other, of records of one patient."""


@edits.command("list", epilog="Example: registry edits list --set hospital --word surgery")
@click.option("--set", "edit_set", default="all", show_default=True, help=SETS)
@click.option("--word", help="Only those whose id, message or items hold this word.")
@global_options
def edits_list(options: Options, edit_set: str, word: str | None) -> None:
    """Show the edits of a set."""
    import polars as pl

    from registry.edits import listing

    frame = listing(edit_set)
    if word:
        text = pl.concat_str("edit", "message", "items", separator=" ").str.to_lowercase()
        frame = frame.filter(text.str.contains(word.lower(), literal=True))
    shown = frame.select("edit", "severity", "level", "override_item", "items", "message")
    lines = output.table(shown, limit=400) if frame.height else f"no edit holds {word!r}"
    options.answer(frame, f"{lines}\n{frame.height} edits" if frame.height else lines)


@edits.command("explain", epilog="Example: registry edits explain site-sex")
@click.argument("edit_id")
@global_options
def edits_explain(options: Options, edit_id: str) -> None:
    """Say what an edit demands: rule, items, over-ride, source, and records that pass and fail."""
    from registry import edits as room

    one = room.find(edit_id)
    sets = [name for name in room.names() if name != "all" and edit_id in room.edit_ids(name)]
    since, until = one.effective_years or (None, None)
    about = {
        "edit": one.id,
        "message": one.message,
        "meaning": " ".join((one.expression.__doc__ or "").split()),
        "severity": one.severity,
        "level": one.level,
        "version": one.version,
        "items": ", ".join(one.items),
        "asked when filled and valid": ", ".join(one.requires),
        "diagnosis years": f"{since or '…'} to {until or '…'}" if one.effective_years else "all",
        "over-ride": f"{', '.join(one.override_items)} = {', '.join(one.override_codes)}"
        if one.override_items
        else "none",
        "sets": ", ".join(sets),
        "NAACCR edit": one.naaccr_name,
        "source": one.source,
        "notes": one.notes,
    }
    examples = _examples(one)
    width = max(map(len, about))
    lines = [f"{name.ljust(width)}  {value}" for name, value in about.items() if value]
    text = "\n".join([*lines, "", output.table(examples, limit=400)])
    options.answer({**about, "examples": examples.to_dicts()}, text)


def _examples(edit: Edit) -> pl.DataFrame:
    """Records that pass and fail, one row a record; records of one patient share a number."""
    import polars as pl

    from registry.edits.examples import examples

    rows = []
    for number, example in enumerate(examples(edit), 1):
        for record in example.records().select(example.columns).rows(named=True):
            rows.append({"example": number, **record, "verdict": example.kind})
    order = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "verdict"]
    rows = [{name: row.get(name) for name in [*order, "verdict"]} for row in rows]
    return pl.DataFrame(rows, infer_schema_length=None)


@edits.command(
    "run", epilog="Example: registry edits run --input cohort.csv --as-of 2026-11-01 --out failures.csv"
)
@click.option("--set", "edit_set", help=f"Edit set: {SETS} Default: central; of a file all.")
@click.option("--edits", "names", help="These edits instead of a set, separated by commas.")
@click.option("--as-of", help="Day of judgement (default: today).")
@click.option("--full", is_flag=True, help="Judge every patient again, not only those that changed.")
@click.option("--input", "source", help="A CSV, Parquet or NAACCR XML file, instead of the registry.")
@click.option("--out", help="Where the file's failures go (.csv or .parquet).")
@click.option("--own", help="A Python or CSV file of the registry's own edits.")
@click.option("--overridden", is_flag=True, help="List over-ridden failures too, with a column `state`.")
@global_options
def edits_run(
    options: Options,
    edit_set: str | None,
    names: str | None,
    as_of: str | None,
    full: bool,
    source: str | None,
    out: str | None,
    own: str | None,
    overridden: bool,
) -> int:
    """Judge all records and keep what fails, or judge a file. Exit code 1 when errors remain."""
    from registry.cli.judged_files import judge_file, write_failures
    from registry.cli.words import day_of, listed
    from registry.errors import BadInput

    chosen = listed("--edits", names)
    if chosen and edit_set:
        raise BadInput("edits run", "takes --set or --edits, not both", "leave one out")
    if source is None:
        if out is not None or overridden:
            raise BadInput("edits run", "needs --input for --out and --overridden", "name a file")
        more = {"own": str(Path(own).absolute())} if own else {}
        return _run_registry(options, chosen or edit_set or "central", as_of=as_of, full=full, **more)
    judged = judge_file(options, source, chosen or edit_set or "all", day_of(as_of), own=own)
    shown = write_failures(judged.failures, Path(out) if out else None, overridden=overridden)
    told = {**judged.summary(), "out": out}
    text = (
        f"{told['records']:,} records: {told['errors']:,} errors, {told['reviews']:,} to review, "
        f"{told['warnings']:,} warnings, {told['overridden']:,} over-ridden"
    )
    if out:
        options.answer(told, f"{text}; written to {out}")
    else:
        lines = output.table(shown.drop("values"), limit=40) if shown.height else "nothing fails"
        options.answer({**told, "failures": shown.to_dicts()}, f"{lines}\n{text}")
    return 1 if told["errors"] else 0


def _run_registry(options: Options, edit_set: str | list[str], **how: Any) -> int:
    with options.connect() as session:
        result = session.run("quality.run", edit_set=edit_set, **how)
        frame = session.run("quality.summary")
    if options.as_json:
        click.echo(output.as_json({**result, "edits": frame.to_dicts()}))
    else:
        click.echo(output.table(frame, limit=15))
        click.echo(
            f"{result['abstracts']:,} abstracts: {result['errors']:,} errors, {result['reviews']:,} to review, "
            f"{result['warnings']:,} warnings; {result['new']:,} new, {result['fixed']:,} fixed"
            + (f", {result['retired']:,} closed with their edit" if result["retired"] else "")
        )
    return 1 if result["errors"] else 0


@edits.command("failures", epilog="Example: registry edits failures --edit site-sex")
@click.option("--edit", help="Only this edit.")
@click.option("--severity", type=click.Choice(["error", "review", "warning"]))
@click.option("--facility", help="Only this facility.")
@click.option("--source", type=click.Choice(["own", "official"]), help="Our edits, or imported verdicts.")
@click.option("--assigned-to", help="Only what this account has to do.")
@click.option("--limit", default=500, show_default=True)
@global_options
def edits_failures(options: Options, limit: int, **chosen: str | None) -> int:
    """Show open failures. Exit code 1 when there are any."""
    with options.connect() as session:
        given = {name: value for name, value in chosen.items() if value is not None}
        frame = session.run("quality.failures", limit=limit, **given)
    shown = frame.select(
        "failure_id", "patient_id", "abstract_id", "facility_id", "edit", "severity", "message"
    )
    options.answer(frame, output.table(shown) if frame.height else "no open failures")
    return 1 if frame.height else 0


@edits.command("assign", epilog="Example: registry edits assign 17 18 --to ana --note 'ask the ward'")
@click.argument("failures", nargs=-1, required=True, type=int)
@click.option("--to", required=True, help="Account that shall see to them.")
@click.option("--note", help="What to do.")
@global_options
def edits_assign(options: Options, failures: tuple[int, ...], to: str, note: str | None) -> None:
    """Give failures to somebody."""
    with options.connect() as session:
        result = session.run("quality.assign", failure_ids=list(failures), to=to, note=note)
    options.answer(result, f"{len(failures)} assigned to {to}")


@edits.command("override", epilog="Example: registry edits override 17 --reason 'pathology reviewed'")
@click.argument("failure", type=int)
@click.option("--reason", required=True, help="Why the record is right as it is.")
@global_options
def edits_override(options: Options, failure: int, reason: str) -> None:
    """Accept a record that an edit asks to review: who, when and why are kept."""
    with options.connect() as session:
        result = session.run("quality.override", failure_id=failure, reason=reason)
    options.answer(result, f"failure {failure} is over-ridden")


@edits.command("withdraw", epilog="Example: registry edits withdraw 4 --reason 'site was corrected'")
@click.argument("override", type=int)
@click.option("--reason", required=True, help="Why it does not hold any more.")
@global_options
def edits_withdraw(options: Options, override: int, reason: str) -> None:
    """Take an over-ride back."""
    with options.connect() as session:
        result = session.run("quality.withdraw_override", override_id=override, reason=reason)
    options.answer(result, f"over-ride {override} is withdrawn")


@edits.command("rerun", epilog="Example: registry edits rerun --abstract 17")
@click.option("--abstract", "abstract_id", type=int, help="The abstract whose patient is judged again.")
@click.option("--patient", "patient_id", type=int, help="The patient.")
@global_options
def edits_rerun(options: Options, abstract_id: int | None, patient_id: int | None) -> None:
    """Judge one patient's records again, at once."""
    with options.connect() as session:
        result = session.run("quality.rerun", abstract_id=abstract_id, patient_id=patient_id)
    options.answer(result, output.pairs(result))


@edits.command(
    "import-results",
    epilog="Example: registry edits import-results state-report.csv --mapping state.toml --run-date 2026-11-02",
)
@click.argument("report", type=click.Path(dir_okay=False))
@click.option("--mapping", required=True, help="A TOML file that says where things stand in the report.")
@click.option("--run-date", help="Day of the official run (default: today).")
@global_options
def edits_import(options: Options, report: str, mapping: str, run_date: str | None) -> int:
    """Take in the report of an official EDITS run. Exit code 1 when a line was unreadable or of no known record."""
    import datetime as dt

    from registry.cli.words import day_of
    from registry.formats.edit_results import read_edit_results, read_mapping

    day = day_of(run_date, "--run-date")
    if day and day > dt.date.today():
        options.remark(
            f"--run-date {day}: is yet to come; an earlier run of this source is refused from now on"
        )
    how = read_mapping(mapping)
    results = read_edit_results(report, how)
    for line in results.warnings:
        options.remark(line)
    with options.connect() as session:
        told = session.run(
            "quality.import_official", rows=results.rows, source_name=how.source, covers=how.covers,
            sent=how.sent, bad=results.bad, file_name=Path(report).name, run_date=day.isoformat() if day else None,
        )  # fmt: skip
    text = (
        f"{told['rows']:,} results of {told['source_name']}: {told['matched']:,} of known records, "
        f"{told['unmatched']:,} of none, {told['unreadable']:,} lines in quarantine; "
        f"{told['new']:,} new failures, {told['fixed']:,} closed"
    )
    options.answer(told, text)
    return 1 if told["unmatched"] or told["unreadable"] else 0


@edits.command("unmatched", epilog="Example: registry edits unmatched")
@global_options
def edits_unmatched(options: Options) -> int:
    """Show official results that belong to no known record. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("quality.unmatched")
    shown = frame.drop([name for name in frame.columns if frame[name].null_count() == frame.height])
    options.answer(
        frame, output.table(shown, limit=400) if frame.height else "every official result has its record"
    )
    return 1 if frame.height else 0


@edits.command("gate", epilog="Example: registry edits gate --facility 0006210010")
@click.option("--facility", help="Only this facility.")
@global_options
def edits_gate(options: Options, facility: str | None) -> int:
    """Say what holds back a submission: open errors, ours and official. Exit code 1 when something does."""
    with options.connect() as session:
        told = session.run("quality.gate", facility=facility)
    lines = ["ready" if told["ready"] else "not ready", *told["reasons"], *told["notes"]]
    if told["by_edit"].height:
        lines += ["", output.table(told["by_edit"], limit=40)]
    options.answer(told, "\n".join(lines))
    return 0 if told["ready"] else 1
