"""Commands about derived variables: list, explain, run over files or the registry, compare versions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.cli.words import day_of, listed

if TYPE_CHECKING:
    import polars as pl

    from registry.coding import Derivation


@click.group(epilog="Example: registry derive list")
def derive() -> None:
    """Derived variables: what there is, why a value is what it is, and making them."""


@derive.command("list", epilog="Example: registry derive list --word recode")
@click.option("--word", help="Only those whose id, outputs or description hold this word.")
@global_options
def derive_list(options: Options, word: str | None) -> None:
    """Show every derivation with version, outputs and source."""
    import polars as pl

    from registry import coding

    frame = coding.derivations()
    if word:
        text = pl.concat_str("id", "outputs", "description", separator=" ").str.to_lowercase()
        frame = frame.filter(text.str.contains(word.lower(), literal=True))
    shown = frame.select("id", "version", "outputs", "source")
    lines = output.table(shown, limit=400) if shown.height else f"no derivation holds {word!r}"
    options.answer(frame, lines)


@derive.command("show", epilog="Example: registry derive show seer-site-recode-2023")
@click.argument("name")
@global_options
def derive_show(options: Options, name: str) -> None:
    """Explain one derivation: what it means, inputs, outputs, source, examples."""
    from registry import coding
    from registry.coding.examples import examples

    one = coding.find([name])[0]
    table = examples(one)
    about = _about(one)
    width = max(map(len, about))
    lines = [f"{name.ljust(width)}  {value}" for name, value in about.items()]
    text = "\n".join([*lines, "", one.text, "", output.table(table, limit=400)])
    options.answer({**about, "description": one.text, "examples": table}, text)


def _about(one: Derivation) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "inputs": ", ".join(one.inputs),
        "outputs": ", ".join(one.outputs),
        "source": one.source,
    }


@derive.command(
    "explain",
    epilog="Example: registry derive explain site_recode_2008 primarySite=C509 histologicTypeIcdO3=8500",
)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="ITEM=VALUE ...")
@click.option("--as-of", help="Day the question is asked on (default: today).")
@click.option("--cutoff-year", type=int, help="The study ends on 31 December of this year.")
@global_options
def derive_explain(
    options: Options, name: str, values: tuple[str, ...], as_of: str | None, cutoff_year: int | None
) -> None:
    """Say what one record's value is and what it was made from."""
    from registry.coding.explaining import explain

    given = dict(_pair(text) for text in values)
    told = explain(name, given, as_of=day_of(as_of), cutoff_year=cutoff_year)
    lines = [f"{name}: {told['version']}", "", "From", *_named(told["inputs"]), "", "comes"]
    lines += [*_named(told["outputs"]), *(["", f"because {told['why']}"] if told["why"] else [])]
    options.answer(told, "\n".join([*lines, "", told["description"], f"Source: {told['source']}"]))


def _named(rows: list[dict[str, Any]]) -> list[str]:
    width = max(len(row["item"]) for row in rows)
    return [
        f"  {row['item'].ljust(width)}  {row['value'] or '(blank)'}  {row['label'] or ''}".rstrip()
        for row in rows
    ]


def _pair(text: str) -> tuple[str, str]:
    item, equals, value = text.partition("=")
    if not equals:
        from registry.errors import BadInput

        raise BadInput(text, "is not ITEM=VALUE", "write for example primarySite=C509")
    return item.strip(), value.strip()


@derive.command(
    "run",
    epilog="Example: registry derive run --input tumors.parquet --derivations site_recode_2023 --out out.parquet",
)
@click.argument("ids", nargs=-1)
@click.option(
    "--derivations", help="The same, separated by commas: derivation ids or names of output columns."
)
@click.option("--input", "source", help="A Parquet or CSV file of tumors, instead of the registry.")
@click.option("--out", help="Where its rows go with the derived columns added (.parquet or .csv).")
@click.option("--as-of", help="Day the question is asked on: later contacts are unknown (default: today).")
@click.option("--cutoff-year", type=int, help="The study ends on 31 December of this year.")
@global_options
def derive_run(
    options: Options,
    ids: tuple[str, ...],
    derivations: str | None,
    source: str | None,
    out: str | None,
    as_of: str | None,
    cutoff_year: int | None,
) -> None:
    """Derive variables for all tumors of the registry and keep them, or of a file and add them."""
    from registry.errors import BadInput

    chosen = [*ids, *listed("--derivations", derivations)]
    day = day_of(as_of)
    if source is not None or out is not None:
        if source is None or out is None:
            raise BadInput("derive run", "needs both --input and --out for files", "name the other one too")
        result = _derive_file(options, source, out, chosen, day, cutoff_year)
        made = len(result["outputs"])
        options.answer(result, f"{result['rows']:,} rows, {made} derived columns, written to {out}")
        return
    with options.connect() as session:
        more = {} if cutoff_year is None else {"cutoff_year": cutoff_year}
        result = session.run("derive.run", ids=chosen or None, as_of=str(day) if day else None, **more)
    text = f"{result['tumors']:,} tumors, {result['values']:,} values ({result['changed']:,} new or changed)"
    options.answer(result, text)


def _derive_file(
    options: Options, source: str, out: str, chosen: list[str], day: dt.date | None, cutoff_year: int | None
) -> dict[str, Any]:
    from registry import coding
    from registry.cli.frames import read_frame, write_table
    from registry.coding.derivation import usable, with_needed

    frame = read_frame(source)
    ids = chosen or usable(frame.columns)
    made = coding.find(ids)
    every = with_needed(made, frame.columns)
    absent = sorted({item for one in every for item in one.inputs} - _present(frame, every))
    if absent:
        options.remark(f"{source}: not there and taken as blank: {', '.join(absent)}")
    read = {item.lower(): item for item in absent}
    for name in frame.columns:
        if item := read.get(name.lower()):
            options.remark(f"{source}: column {name} is not read; its NAACCR XML id is written {item}")
    derived = coding.derive(frame, ids, as_of=day, cutoff_year=cutoff_year)
    versions = {output: f"{one.id} {one.version}" for one in made for output in one.outputs}
    write_table(derived, Path(out), metadata={f"derived:{name}": text for name, text in versions.items()})
    return {"rows": frame.height, "outputs": versions, "absent": absent, "out": out}


def _present(frame: pl.DataFrame, made: list[Derivation]) -> set[str]:
    """Inputs that need not be said to be absent: columns, what is derived, sex by its other item."""
    derived = {output for one in made for output in one.outputs}
    return {*frame.columns, *derived, *(["sex"] if "sexAssignedAtBirth" in frame.columns else [])}


@derive.command(
    "compare",
    epilog="Example: registry derive compare --from package --to new-tables --out changes.csv",
)
@click.option(
    "--from",
    "before",
    required=True,
    help="Derivation id, or folder of tables, or `package` (this program's).",
)
@click.option("--to", "after", required=True, help="The same for the other side.")
@click.option("--derivations", help="Which derivations, when folders are compared (default: all).")
@click.option("--input", "source", help="Tumors to compare on; without it all legal codes are tried.")
@click.option("--out", help="Every changed combination as a .csv or .parquet file.")
@click.option("--as-of", help="Day the question is asked on (default: today).")
@global_options
def derive_compare(
    options: Options,
    before: str,
    after: str,
    derivations: str | None,
    source: str | None,
    out: str | None,
    as_of: str | None,
) -> None:
    """List what a new version of an algorithm or of its tables changes."""
    from registry.cli.frames import read_frame, write_table
    from registry.coding import comparison

    frame = read_frame(source) if source else None
    ids = listed("--derivations", derivations)
    found = comparison.compare(before, after, ids=ids, frame=frame, as_of=day_of(as_of))
    if out:
        write_table(found.changes, Path(out))
    summary = found.summary()
    shown = output.table(summary, limit=400) if summary.height else "no value changes"
    lines = [shown, "", f"{found.changed:,} of {found.rows:,} records change"]
    if found.left_out:
        lines.append(f"not compared, for want of their inputs: {', '.join(found.left_out)} (give --input)")
    told = {"rows": found.rows, "changed": found.changed, "left_out": found.left_out, "summary": summary}
    options.answer(told, "\n".join(lines))
