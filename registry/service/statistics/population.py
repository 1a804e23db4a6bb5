"""Denominators: populations, life tables, deaths of the population; loading and naming them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry.errors import BadInput, Conflict, NotFound
from registry.service.operations import Context, operation
from registry.service.statistics import population_file
from registry.service.statistics.population_file import KINDS

MOST_BYTES: Final = 2 << 30
SHOWN_FAULTS: Final = 200


def known_kind(kind: str) -> str:
    """A kind of table as kept (life-table is life_table).

    Raises:
        BadInput: there is no such kind.
    """
    wanted = kind.strip().lower().replace("-", "_")
    if wanted not in KINDS:
        raise BadInput("population", f"{kind!r} is no kind of table", f"use {', '.join(KINDS)}")
    return wanted


@operation("population.load", changes=True)
def load(
    context: Context,
    path: str,
    kind: str = "population",
    source: str | None = None,
    title: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Load a file of denominators: whole, or not at all when any line is wrong. It is in use from then on.

    Args:
        path: CSV (gzip or not), or a SEER population file of fixed width. Columns: population: state, county, year, sex,
            race, age_group, population; life_table: region, sex, year, age, age_start_days, daily_hazard; mortality:
            site_group, state, county, year, sex, age_group, deaths. An empty state, county or race means all of them.
        kind: population, life_table or mortality.
        source: its name in all figures; default the file's own column source, if all rows have one.
        title: a line that says what it is.
        replace: take the place of the table of the same name.
        dry_run: judge only.

    Returns:
        {kind, source, loaded (False when there are faults, on a dry run, or when it is loaded already), already, rows,
        lines, first_year, last_year, faults: frame[line, reason] (the first 200), faults_found}.

    Raises:
        NotFound: no such file. BadInput: no table of this kind, or no name. Conflict: the name is taken.
    """
    wanted, file = known_kind(kind), Path(path)
    if not file.is_file():
        raise NotFound(file.name, "there is no such file", "check the name")
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(file.name, "is larger than 2 GB", "load the years and places that you need")
    content = file.read_bytes()
    found = population_file.read(content, wanted, file.name)
    name = (source or (found.sources[0] if found.sources else "")).strip()
    if not name and found.faults.is_empty():
        raise BadInput(file.name, "the table has no name", "give it one with --source")
    sha256 = hashlib.sha256(content).hexdigest()
    before = context.store.query(
        "SELECT sha256 FROM population_table WHERE kind = ? AND source = ?", [wanted, name]
    )
    already = before.height == 1 and before["sha256"].item() == sha256
    years = found.rows["year"] if found.rows.height else pl.Series([], dtype=pl.Int32)
    answer = {
        "kind": wanted, "source": name, "loaded": False, "already": already, "rows": found.rows.height,
        "lines": found.lines, "first_year": years.min(), "last_year": years.max(),
        "faults": found.faults.head(SHOWN_FAULTS), "faults_found": found.faults.height,
    }  # fmt: skip
    if found.faults.height or dry_run or already:
        return answer
    if before.height and not replace:
        raise Conflict(
            "population",
            f"there is a {wanted} called {name} already",
            "say --replace, or give another --source",
        )
    about = {
        "kind": wanted, "source": name, "title": title, "file_name": file.name, "sha256": sha256,
        "rows": found.rows.height, "first_year": years.min(), "last_year": years.max(), "current": True,
        "loaded_by": context.actor.name, "loaded_at": context.stamp,
    }  # fmt: skip
    _keep(context, wanted, name, found.rows, about)
    return answer | {"loaded": True}


def _keep(context: Context, kind: str, source: str, rows: pl.DataFrame, about: dict[str, Any]) -> None:
    with context.store.unit_of_work(context.actor.name, "population.load") as work:
        for table in (kind, "population_table"):
            condition = "source = ?" + (" AND kind = ?" if table == "population_table" else "")
            work.execute(f"DELETE FROM {table} WHERE {condition}", [source, kind][: condition.count("?")])
        work.execute("UPDATE population_table SET current = FALSE WHERE kind = ?", [kind])
        work.insert(kind, rows.select(pl.lit(source).alias("source"), pl.all()), logged=False)
        schema = {"title": pl.String, "first_year": pl.Int32, "last_year": pl.Int32}
        work.insert("population_table", pl.DataFrame([about], schema_overrides=schema))


@operation("population.list")
def list_tables(context: Context, kind: str | None = None) -> pl.DataFrame:
    """The tables loaded: frame[kind, source, title, current, first_year, last_year, rows, file_name, loaded_by, loaded_at]."""
    found = context.store.query(
        """SELECT kind, source, title, "current", first_year, last_year, rows, file_name, loaded_by, loaded_at
           FROM population_table ORDER BY kind, source"""
    )
    return found if kind is None else found.filter(pl.col("kind") == known_kind(kind))


@operation("population.tables")
def tables(context: Context, kind: str = "population", source: str | None = None) -> dict[str, Any]:
    """What a table covers, by year.

    Args:
        kind: population, life_table or mortality.
        source: its name; default the one in use.

    Returns:
        {kind, source (None when nothing is loaded), years: frame[year, places, total (persons or deaths; none for life
        tables)], states, counties, races: lists of the values it has}.
    """
    wanted = known_kind(kind)
    name = in_use(context, wanted, source)
    value = {"population": "population", "mortality": "deaths"}.get(wanted)
    place = "state || county" if value else "region"
    total = f"sum({value})::DOUBLE" if value else "NULL::DOUBLE"
    years = context.store.query(
        f"SELECT year, count(DISTINCT {place}) AS places, {total} AS total FROM {wanted} WHERE source = ? "
        "GROUP BY year ORDER BY year",
        [name],
    )
    answer: dict[str, Any] = {"kind": wanted, "source": name, "years": years}
    for plural, column in (("states", "state"), ("counties", "county"), ("races", "race")):
        known = column in population_file.COLUMNS[wanted]
        sql = f"SELECT DISTINCT {column} AS v FROM {wanted} WHERE source = ? AND {column} <> '' ORDER BY v"
        answer[plural] = context.store.query(sql, [name])["v"].to_list() if known else []
    return answer


@operation("population.use", changes=True)
def use(context: Context, source: str, kind: str = "population") -> dict[str, Any]:
    """Make a loaded table the one that figures use when no source is named; returns {kind, source}."""
    wanted = known_kind(kind)
    name = _named(context, wanted, source)
    with context.store.unit_of_work(context.actor.name, "population.use") as work:
        work.execute("UPDATE population_table SET current = (source = ?) WHERE kind = ?", [name, wanted])
        work.log("population_table", f"{wanted} {name}", "population.use", after={"current": True})
    return {"kind": wanted, "source": name}


@operation("population.remove", changes=True)
def remove(context: Context, source: str, kind: str = "population") -> dict[str, Any]:
    """Take a loaded table out; returns {kind, source, rows}."""
    wanted = known_kind(kind)
    name = _named(context, wanted, source)
    rows = int(
        context.store.query(f"SELECT count(*) AS n FROM {wanted} WHERE source = ?", [name])["n"].item()
    )
    with context.store.unit_of_work(context.actor.name, "population.remove") as work:
        work.execute(f"DELETE FROM {wanted} WHERE source = ?", [name])
        work.execute("DELETE FROM population_table WHERE kind = ? AND source = ?", [wanted, name])
        work.log("population_table", f"{wanted} {name}", "population.remove", before={"rows": rows})
    return {"kind": wanted, "source": name, "rows": rows}


def in_use(context: Context, kind: str, source: str | None = None) -> str | None:
    """The table asked for, or the one in use; None when nothing is loaded.

    Raises:
        NotFound: the table asked for is not loaded.
    """
    if source is not None:
        return _named(context, kind, source)
    found = context.store.query(
        'SELECT source FROM population_table WHERE kind = ? ORDER BY "current" DESC, loaded_at DESC, source LIMIT 1',
        [kind],
    )
    return None if found.is_empty() else str(found["source"].item())


def _named(context: Context, kind: str, source: str) -> str:
    loaded = context.store.query(
        "SELECT source FROM population_table WHERE kind = ? ORDER BY source", [kind]
    )["source"]
    if source not in set(loaded):
        known = ", ".join(loaded) or "nothing is loaded yet"
        raise NotFound("population", f"there is no {kind} called {source!r}", f"loaded: {known}")
    return source
