"""Commands about single and multiple primaries: judge pairs, read the rules, decide."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options

_ITEMS = (
    "primarySite", "histologyIcdO3", "behaviorIcdO3", "histologyIcdO2", "behaviorIcdO2", "laterality", "dateOfDiagnosis",
)  # fmt: skip
_SENTENCE = 160
_PAIR = tuple(f"{item}_{side}" for side in "12" for item in _ITEMS)
_NAACCR = {"histologyIcdO3": "histologicTypeIcdO3", "behaviorIcdO3": "behaviorCodeIcdO3"}
_OTHER = {f"{item}_{side}": f"{naaccr}_{side}" for item, naaccr in _NAACCR.items() for side in "12"}
"""Columns that may have their NAACCR name instead."""


@click.group(epilog="Example: registry primaries compare --pairs pairs.parquet --out results.parquet")
def primaries() -> None:
    """Single or multiple primary: what the rules say of two tumors of one person, and why."""


@primaries.command(
    "compare", epilog="Example: registry primaries compare --pairs pairs.parquet --out results.parquet"
)
@click.option(
    "--pairs", required=True, help="A .parquet or .csv file, a row a pair: primarySite_1 … dateOfDiagnosis_2."
)
@click.option(
    "--out",
    required=True,
    help="Where the rows go with result, group_id, step and reason (.parquet or .csv).",
)
@global_options
def primaries_compare(options: Options, pairs: str, out: str) -> None:
    """Judge pairs of tumors of a file."""
    from registry.cli.frames import read_frame, write_table
    from registry.coding.primaries import compare_tumors
    from registry.errors import BadInput

    frame = read_frame(pairs)
    absent = [name for name in _PAIR if not {name, _OTHER.get(name, name)} & set(frame.columns)]
    if len(absent) == len(_PAIR):
        raise BadInput(pairs, "has no columns of pairs of tumors", f"they are {', '.join(_PAIR)}")
    if absent:
        options.remark(f"{pairs}: not there and taken as blank: {', '.join(absent)}")
    judged = compare_tumors(frame)
    write_table(judged, Path(out))
    counts = (
        judged.get_column("result").value_counts(sort=True).sort("count", "result", descending=[True, False])
    )
    results = dict(counts.rows())
    told = ", ".join(f"{number:,} {result}" for result, number in results.items()) or "nothing to judge"
    options.answer(
        {"pairs": judged.height, "results": results, "out": out},
        f"{judged.height:,} pairs: {told}, written to {out}",
    )


@primaries.command("rules", epilog="Example: registry primaries rules --group breast")
@click.option("--group", help="Only groups whose id or name holds this word.")
@global_options
def primaries_rules(options: Options, group: str | None) -> None:
    """Show every rule: its group, step and question."""
    import polars as pl

    from registry.coding import primaries as rules

    frame = rules.rules()
    if group:
        text = pl.concat_str("group_id", "group", separator=" ").str.to_lowercase()
        frame = frame.filter(text.str.contains(group.lower(), literal=True))
    shown = frame.select("group_id", "step", "result", "question")
    options.answer(
        frame,
        output.table(shown, limit=400, widest=_SENTENCE) if frame.height else f"no group is named {group}",
    )


@primaries.command("explain", epilog="Example: registry primaries explain mph_2007_to_2017_breast M7")
@click.argument("group_id")
@click.argument("step", required=False)
@global_options
def primaries_explain(options: Options, group_id: str, step: str | None) -> None:
    """Explain one rule, or all of a group: what is asked, what follows, and examples."""
    from registry.coding import primaries as rules

    text = rules.explain(group_id, step)
    options.answer({"group_id": group_id, "step": step, "text": text}, text)


@primaries.command("run", epilog="Example: registry primaries run")
@click.option("--patient", type=int, help="Only this patient.")
@global_options
def primaries_run(options: Options, patient: int | None) -> None:
    """Judge all pairs of the registry and keep verdict, rule and reason; decisions of people stay."""
    with options.connect() as session:
        result = session.run("primaries.run", patient_id=patient)
    text = (
        f"{result['pairs']:,} pairs: {result['new']:,} new, {result['changed']:,} changed, {result['gone']:,} gone; "
        f"{result['opened']:,} review tasks opened, {result['closed']:,} closed"
    )
    options.answer(result, text)


@primaries.command("list", epilog="Example: registry primaries list --all")
@click.option("--all", "everything", is_flag=True, help="Also pairs on which records and rules agree.")
@global_options
def primaries_list(options: Options, everything: bool) -> int:
    """Show pairs that wait for a decision: records and rules disagree. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("primaries.list", only_open=not everything)
    names = [
        "pair_id",
        "kind",
        "patient_id",
        "first_id",
        "second_id",
        "result",
        "group_id",
        "step",
        "decision",
    ]
    options.answer(frame, output.table(frame.select(names)) if frame.height else "nothing waits")
    return 1 if frame.filter(frame["open"]).height else 0


@primaries.command(
    "decide", epilog='Example: registry primaries decide 12 single --reason "recurrence, see operative note"'
)
@click.argument("pair_id", type=int)
@click.argument("decision", type=click.Choice(["single", "multiple", "undecided"]))
@click.option("--reason", required=True, help="Why, for everybody who asks later.")
@global_options
def primaries_decide(options: Options, pair_id: int, decision: str, reason: str) -> None:
    """Decide a pair yourself; the rules' verdict stays beside it. `undecided` takes a decision back."""
    from registry.errors import NotFound

    with options.connect() as session:
        frame = session.run("primaries.list", only_open=False)
        found = frame.filter(frame["pair_id"] == pair_id)
        if found.is_empty():
            raise NotFound(f"pair {pair_id}", "there is no such pair", "see `registry primaries list --all`")
        answer = session.run(
            "primaries.decide",
            pair_id=pair_id,
            decision=None if decision == "undecided" else decision,
            reason=reason,
            expected_version=found.item(0, "version"),
        )
    options.answer(answer, f"pair {pair_id}: {decision}")
