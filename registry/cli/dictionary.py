"""Commands about NAACCR dictionaries; they need no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.data import expand
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    import polars as pl

    from registry.standards import Dictionary, Item

CODES_SHOWN = 60
# Of these codes a dictionary has just one fault: it can't be read as a dictionary.
UNREADABLE = ("too-large", "not-well-formed", "wrong-root", "entities", "not-a-table", "no-heading")
SEARCHED = ("number", "id", "name", "level", "length", "first_version", "last_version")

USER_DICTIONARY = click.option(
    "--user-dictionary",
    "given",
    multiple=True,
    type=click.Path(exists=True),
    help="User-defined dictionary (XML or CSV), or a folder of them, to look into as well; may be given several times.",
)


@click.group(epilog="Example: registry dictionary show primarySite")
def dictionary() -> None:
    """NAACCR dictionaries: look items up, compare versions, check a dictionary of one's own."""


@dictionary.command("show", epilog="Example: registry dictionary show primarySite")
@click.argument("item")
@USER_DICTIONARY
@global_options
def dictionary_show(options: Options, item: str, given: tuple[str, ...]) -> None:
    """Show an item, by id (in any letters) or number; also retired, renamed and user-defined ones.

    Level, length, record types, data type, versions, what changed from version to version, columns of flat files,
    and codes with their labels. With --json: {"items": [...]}.
    """
    found = [_facts(one, source) for one, source in _matches(item, _load(given))]
    if options.as_json:
        click.echo(output.as_json({"items": found}))
        return
    click.echo("\n\n".join(_card(one) for one in found))


@dictionary.command("search", epilog="Example: registry dictionary search laterality")
@click.argument("words", nargs=-1, required=True)
@USER_DICTIONARY
@global_options
def dictionary_search(options: Options, words: tuple[str, ...], given: tuple[str, ...]) -> None:
    """Find items whose id (also an old one), number or name holds all the words."""
    import polars as pl

    from registry import standards

    frames = [standards.all_items(), *(one.items for one in _load(given))]
    frame = pl.concat(frames, how="diagonal").unique(["id", "number"], keep="first", maintain_order=True)
    old = pl.DataFrame(
        list(standards.renamed_items().items()), schema={"old_id": pl.String, "id": pl.String}, orient="row"
    )
    old = old.group_by("id").agg(pl.col("old_id").str.join(" ")).sort("id")
    frame = frame.join(old, on="id", how="left", maintain_order="left")
    text = pl.concat_str(
        "id", pl.col("number").cast(pl.String), "name", "old_id", separator=" ", ignore_nulls=True
    )
    fits = pl.all_horizontal(
        text.str.to_lowercase().str.contains(word.lower(), literal=True) for word in words
    )
    frame = frame.filter(fits).sort("number", "id").drop("old_id")
    shown = _table(frame.select(*SEARCHED), 100)
    options.answer(frame, shown if frame.height else "no item has these words")


@dictionary.command("diff", epilog="Example: registry dictionary diff 250 260")
@click.argument("before")
@click.argument("after")
@global_options
def dictionary_diff(options: Options, before: str, after: str) -> None:
    """Compare two NAACCR versions, or two dictionary files: added, retired, renamed and changed items."""
    from registry import standards

    frame = standards.diff(_version_or_file(before), _version_or_file(after))
    options.answer(frame, _table(frame, 1000) if frame.height else "no difference")


@dictionary.command("validate", epilog="Example: registry dictionary validate my-dictionary.xml")
@click.argument("files", nargs=-1, required=True)
@click.option("--naaccr-version", "version", help="For dictionaries that name no version, such as 260.")
@click.option(
    "--together", is_flag=True, help="The dictionaries are used together: ids and numbers must agree."
)
@click.option("--errors", metavar="PATH", help="Write every fault as CSV; - is stdout.")
@global_options
def dictionary_validate(
    options: Options, files: tuple[str, ...], version: str | None, together: bool, errors: str | None
) -> int:
    """Check user-defined dictionaries (XML or CSV).

    Exit code 0: no fault, 1: faults, 2: a file is no dictionary.
    """
    import polars as pl

    from registry import standards
    from registry.cli.naaccr_faults import csv_bytes
    from registry.cli.naaccr_reading import check_readable
    from registry.cli.naaccr_tables import check_writable, written
    from registry.formats.sources import read_all

    names = expand(files)
    check_readable(names)
    check_writable(errors, names)
    contents = [(name, read_all(name)) for name in names]
    if together:
        faults = standards.validate_dictionaries(contents, version)
    else:
        faults = pl.concat(standards.validate_dictionaries([content], version) for content in contents)
    if errors:
        with written(errors) as target:
            target.write(csv_bytes(faults, header=True))
    code = 2 if faults.filter(faults["code"].is_in(UNREADABLE)).height else 1 if faults.height else 0
    if options.as_json:
        click.echo(output.as_json({"files": names, "faults": faults, "exit_code": code}))
    elif errors != "-":
        click.echo("\n".join(_said(names, faults)))
    return code


def _said(names: Sequence[str], faults: pl.DataFrame) -> Iterator[str]:
    for name in names:
        own = faults.filter(faults["file"] == name)
        for row in own.iter_rows(named=True):
            yield f"{name}:{row['line']} {row['code']}: {row['message']}"
        yield f"{name}: {own.height:,} faults" if own.height else f"{name}: no fault"


def _table(frame: pl.DataFrame, limit: int) -> str:
    """The first rows, and how many more there are.

    >>> import polars as pl
    >>> print(_table(pl.DataFrame({"id": ["sex", "grade"]}), 1))
    id
    ---
    sex
    ... and 1 more (--json gives all)
    """
    text = output.table(frame.head(limit), limit=limit)
    rest = frame.height - limit
    return f"{text}\n... and {rest:,} more (--json gives all)" if rest > 0 else text


def _load(given: Sequence[str]) -> list[Dictionary]:
    from registry.cli.naaccr_reading import user_dictionaries

    return user_dictionaries(given)


def _version_or_file(text: str) -> Dictionary | str:
    """A dictionary file, when there is one of this name, else a NAACCR version."""
    return _load([text])[0] if Path(text).is_file() else text


def _matches(wanted: str, given: Sequence[Dictionary]) -> list[tuple[Item, str]]:
    """Items with this id or number, newest definition, and the dictionary that they are from.

    Raises:
        NotFound: there is none; the line says which id was probably meant.
    """
    from registry import standards
    from registry.errors import NotFound
    from registry.standards.items import items_of_frame

    defaults = [d for v in reversed(standards.versions()) if (d := standards.default_user_dictionary(v))]
    every = [(one, "NAACCR") for one in items_of_frame(standards.all_items())]
    every += [(one, "default user dictionary") for each in defaults for one in each.definitions]
    every += [(one, each.uri) for each in given for one in each.definitions]
    if wanted.isdigit():
        found = [pair for pair in every if pair[0].number == int(wanted)]
    else:
        folded = {old.casefold(): new for old, new in standards.renamed_items().items()}
        names = {wanted.casefold(), folded.get(wanted.casefold(), "").casefold()}
        found = [pair for pair in every if pair[0].id.casefold() in names]
        exact = [pair for pair in found if pair[0].id == wanted]
        found = exact or found
    first = {(one.id, one.number, one.level): (one, source) for one, source in reversed(found)}
    if not first:
        near = None if wanted.isdigit() else standards.nearest(wanted, {one.id for one, _ in every})
        hint = standards.did_you_mean(near)
        raise NotFound(f"item {wanted}", f"no dictionary has it{hint}", "try `registry dictionary search`")
    return list(reversed(first.values()))


def _facts(one: Item, source: str) -> dict[str, Any]:
    """All that is known of an item, as JSON carries it."""
    from registry import standards

    by_version = {
        version: here for version in standards.versions() if (here := _in_version(one, version)) is not None
    }
    # The list of the newest version that has the item; one of users' items has none.
    of = next(reversed(by_version), None) if source == "NAACCR" else None
    closed = bool(of) and standards.is_closed(one.id)
    return {
        "number": one.number, "id": one.id, "name": one.name, "dictionary": source, "level": one.level,
        "length": one.length, "record_types": list(one.record_types), "data_type": one.data_type,
        "padding": one.padding, "unlimited": one.unlimited, "column": one.column,
        "versions": list(by_version), "retired_after": _retired_after(list(by_version)),
        "old_ids": sorted(old for old, new in standards.renamed_items().items() if new == one.id),
        "changes": _changes(by_version),
        "flat_columns": {
            version: f"{here.start_column}-{here.start_column + here.length - 1}"
            for version, here in by_version.items() if here.start_column
        },
        "codes_are_complete": closed,
        "codes": standards.special_codes(one.id, of).to_dicts() if of else [],
        "ranges": [list(pair) for pair in standards.ranges(one.id)] if of else [],
    }  # fmt: skip


def _in_version(one: Item, version: str) -> Item | None:
    """The item of this number as one version defines it, under whatever id."""
    from registry import standards

    default = standards.default_user_dictionary(version)
    here = standards.dictionary(version).by_number(one.number)
    if here is None and default is not None:
        here = default.by_number(one.number)
    renamed = standards.renamed_items()
    if here is None or one.id not in (here.id, renamed.get(here.id)):
        return None
    return here


def _retired_after(versions: Sequence[str]) -> str | None:
    from registry import standards

    return versions[-1] if versions and versions[-1] != standards.versions()[-1] else None


def _changes(by_version: dict[str, Item]) -> list[dict[str, Any]]:
    """What became different from one version to the next."""
    names = ("id", "name", "level", "length", "record_types", "data_type", "padding", "unlimited")
    steps = list(by_version.items())
    return [
        {"version": version, "attribute": name, "before": getattr(was, name), "after": getattr(now, name)}
        for (_, was), (version, now) in pairwise(steps)
        for name in names
        if getattr(was, name) != getattr(now, name)
    ]


def _card(facts: dict[str, Any]) -> str:
    """The facts as a person reads them."""
    import polars as pl

    versions = facts["versions"]
    lines = {
        "item": f"{facts['id']} [{facts['number']}]  {facts['name']}",
        "dictionary": facts["dictionary"],
        "level": facts["level"],
        "length": f"{facts['length']}" + (" (unlimited text)" if facts["unlimited"] else ""),
        "record types": " ".join(facts["record_types"]),
        "data type": facts["data_type"]
        + (f", padding {facts['padding']}" if facts["padding"] != "none" else ""),
        "column": facts["column"],
        "versions": " ".join(versions)
        + (f"  (retired after {versions[-1]})" if facts["retired_after"] else ""),
        "old ids": " ".join(facts["old_ids"]),
        "flat columns": "  ".join(f"{version}: {place}" for version, place in facts["flat_columns"].items()),
        "ranges": "  ".join(f"{low} to {high}" for low, high in facts["ranges"]),
    }
    width = max(map(len, lines))
    text = [f"{name.ljust(width)}  {value}" for name, value in lines.items() if value]
    text += [
        f"{'changed'.ljust(width)}  in {one['version']}: {one['attribute'].replace('_', ' ')} {one['before']} "
        f"became {one['after']}"
        for one in facts["changes"]
    ]
    if facts["codes"]:
        heading = "codes" if facts["codes_are_complete"] else "known codes; other values are allowed"
        text += ["", f"{heading}:", _table(pl.DataFrame(facts["codes"]), CODES_SHOWN)]
    return "\n".join(text)
