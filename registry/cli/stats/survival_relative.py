"""Relative and net survival of `registry stats survival --input`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.stats.asked import Asked, Row, path_or_name
from registry.cli.stats.tables import Faults, Table, read_csv
from registry.errors import BadInput

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from registry.analytics.relative.life_table import LifeTable
    from registry.analytics.relative.weights import AgeWeights

STATS = {"surv": "survival", "se": "std_error", "lower": "lower", "upper": "upper"}
STANDARDISED = "standardised"
RELSURV_SHIFT = 3653
"""Days by which relsurv 2.2 reads the calendar of the life table early in Hakulinen's method (1960 for 1970)."""


def pohar_perme(asked: Asked) -> list[Row]:
    """Net survival."""
    from registry.analytics.relative.pohar_perme import net_survival

    return _rows(asked, "pohar-perme", net_survival)


def ederer1(asked: Asked) -> list[Row]:
    """Observed over expected survival of the whole cohort."""
    return _relative(asked, "ederer1", "ederer1")


def ederer2(asked: Asked) -> list[Row]:
    """Relative survival, day by day against those still under observation."""
    return _relative(asked, "ederer2", "ederer2")


def hakulinen(asked: Asked) -> list[Row]:
    """As relsurv has it (see `RELSURV_SHIFT`), so that files can be compared."""
    asked.faults.remark(
        "hakulinen: the life table's calendar is read 3,653 days early, as relsurv does; hakulinen-calendar reads it right"
    )
    return _relative(asked, "hakulinen", "hakulinen", calendar_shift=RELSURV_SHIFT)


def hakulinen_calendar(asked: Asked) -> list[Row]:
    """Hakulinen's method with the right calendar."""
    return _relative(asked, "hakulinen-calendar", "hakulinen")


def _relative(asked: Asked, method: str, name: Any, **more: Any) -> list[Row]:
    from registry.analytics.relative.ederer import relative_survival

    return _rows(asked, method, partial(relative_survival, method=name, **more))


def _rows(asked: Asked, method: str, estimate: Any) -> list[Row]:
    if not asked.at:
        return []
    table = _life_table(str(asked.life_table))
    people = _known_to(table, _with_strata(asked, table), asked.faults)
    if not people.height:
        return []
    _remark_on_beginnings(people, asked)
    weights = _weights(asked.age_weights)
    if weights is not None:
        _remark_on_ages(weights, people, asked)
    curves = estimate(
        people, table, by="group", at=asked.at, period=asked.period, age_weights=weights,
        event="event", birth="birth",
    )  # fmt: skip
    found = {key[0]: part.rows(named=True) for key, part in curves.group_by("group", maintain_order=True)}
    times = asked.times()
    return [
        (method, _group(asked, group), times[place], stat, row[column])
        for group in asked.groups
        for place, row in enumerate(found.get(group, []))
        for stat, column in STATS.items()
    ]


def _group(asked: Asked, group: str) -> str:
    if asked.age_weights is None:
        return group
    return f"{group} {STANDARDISED}" if group else STANDARDISED


def _life_table(path: str) -> LifeTable:
    import polars as pl

    from registry.analytics.relative.life_table import life_table

    table = _read(path)
    table.need("sex", "year", "age", "daily_hazard")
    numbers = [
        name for name in ("year", "age", "age_start_days", "daily_hazard") if name in table.frame.columns
    ]
    _all_numbers(table, numbers)
    frame = table.frame.with_columns(
        table.codes("sex").alias("sex"), *(table.numbers(name).alias(name) for name in numbers)
    )
    try:
        return life_table(frame.with_columns(pl.col("year").cast(pl.Int32, strict=False)))
    except BadInput as error:
        raise BadInput(Path(path).name, str(error).removeprefix("life table: ")) from None


def _all_numbers(table: Table, columns: Sequence[str]) -> None:
    """Refuse a table with something else than a number in one of these columns."""
    for name in columns:
        other = table.lines.filter(table.text(name).is_not_null() & table.numbers(name).is_null())
        if len(other):
            raise BadInput(f"{Path(table.path).name}:{other[0]}", f"{name} is no number")


def _read(path: str) -> Table:
    """A table in which every row must be sound."""
    faults = Faults()
    table = read_csv(path, faults)
    if faults.rows:
        line, reasons = min(faults.rows.items())
        raise BadInput(f"{Path(path).name}:{line}", reasons[0])
    return table


def _weights(given: str | None) -> Any:
    if given is None:
        return None
    from registry.analytics.relative.weights import age_weights, standards

    names = tuple(standards())
    if path_or_name(given, names) in names:
        return age_weights(given)
    table = _read(given)
    table.need("age_from", "weight")
    _all_numbers(table, ["age_from", "weight"])
    frame = table.frame.select(table.numbers(name).alias(name) for name in ("age_from", "weight"))
    try:
        return age_weights(frame)
    except BadInput as error:
        raise BadInput(Path(given).name, str(error).removeprefix("age weights: ")) from None


def _remark_on_ages(weights: AgeWeights, people: pl.DataFrame, asked: Asked) -> None:
    """Say whom and which weights the standard leaves out."""
    import numpy as np

    place = weights.places((people["start"] - people["birth"]).dt.total_days().to_numpy())
    first = f"{weights.age_from[0]:g}"
    if younger := int((place < 0).sum()):
        asked.faults.remark(f"{younger} people younger than {first} left out of the age standard")
    begins = _begins(people, asked.period)
    who = "nobody is" if asked.period is None else "nobody diagnosed in the period is"
    for group in people["group"].unique().sort():
        inside = place[(people["group"] == group).to_numpy() & (place >= 0) & begins]
        size = np.bincount(inside, minlength=len(weights.weight))
        if empty := [f"{age:g}" for age in weights.age_from[(size == 0) & (weights.weight > 0)]]:
            of = f" for {group}" if group else ""
            asked.faults.remark(
                f"the age standard is used{of} without its ages from {', '.join(empty)}: {who} in them"
            )


def _begins(people: pl.DataFrame, period: tuple[dt.date, dt.date] | None) -> Any:
    """Who is under observation on the first day after diagnosis: nobody at risk then, no beginning of the curve."""
    if period is None:
        return True
    after = people["start"].dt.offset_by("1d")
    return after.is_between(*period).to_numpy()


def _remark_on_beginnings(people: pl.DataFrame, asked: Asked) -> None:
    """Say which groups have no estimate because nobody in them was diagnosed in the period."""
    begun = people["group"].to_numpy()[_begins(people, asked.period)] if asked.period else asked.groups
    for group in people["group"].unique().sort():
        if group not in set(begun):
            of = f" of {group}" if group else ""
            asked.faults.remark(f"no estimate: nobody{of} was diagnosed in the period")


def _with_strata(asked: Asked, table: LifeTable) -> pl.DataFrame:
    """People with a group, and the columns that the life table asks for beside sex (they come by --covariates)."""
    import polars as pl

    if lacking := [name for name in table.strata if name not in asked.covariates.columns]:
        what = f"the life table depends on {', '.join(lacking)}"
        raise BadInput("--life-table", what, "name these columns of the cohort in --covariates")
    strata = asked.covariates.select(table.strata) if table.strata else pl.DataFrame()
    people = pl.concat([asked.people, strata], how="horizontal") if table.strata else asked.people
    return people.drop_nulls(["group", *table.strata])


def _known_to(table: LifeTable, people: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Leave out and name those whose sex the life table does not hold."""
    known = people["sex"].is_in(table.codes("sex"))
    faults.add(people["line"].filter(~known), "the life table has no such sex")
    return people.filter(known)
