"""The door through which every derived variable comes: `derive`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry.coding.cells import as_text
from registry.coding.derivation import Derivation, find, with_needed
from registry.coding.numbers import PREPARED
from registry.errors import BadInput

_SEX, _SEX_AT_BIRTH = "sex", "sexAssignedAtBirth"


def derive(frame: Any, ids: Sequence[str], as_of: dt.date | None = None, **parameters: Any) -> pl.DataFrame:
    """Add derived columns.

    Args:
        frame: one row per tumor, columns NAACCR XML ids, blank = null or empty: a polars frame or a
            DuckDB relation (`connection.table("tumor")`). An input without a column is derived, if
            something derives it (the age group's age), else it counts as blank; `sex` is filled from
            `sexAssignedAtBirth`. Row order and all other columns are kept.
        ids: derivation ids or output column names, in any order.
        as_of: the day of the question, for algorithms that compare with today; today when absent.
        parameters: more for single algorithms (`cutoff_year`: the study ends on its 31 December).

    Returns:
        The frame with the outputs added (or replaced), as text, blank = null.

    Raises:
        NotFound: no such derivation. BadInput: a needed parameter is missing, or the frame is lazy.

    >>> tumors = pl.DataFrame({"primarySite": ["C509"], "histologicTypeIcdO3": ["8500"]})
    >>> derive(tumors, ["seer-site-recode-2008"]).get_column("site_recode_2008").to_list()
    ['26000']
    """
    given = {"as_of": as_of or dt.date.today(), **parameters}
    chosen = find(ids)
    frame = _as_frame(frame)
    needed = with_needed(chosen, frame.columns)
    work = _inputs(frame, needed)
    for one in needed:
        prepared = _prepared(one, work, given)
        work = work.with_columns(prepared)
        work = work.with_columns(_made(one, work, given))
    return frame.with_columns(work.get_column(output) for one in chosen for output in one.outputs)


def _as_frame(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        raise BadInput(
            "derive", "got a lazy frame, but some derivations look at all rows", "collect it first"
        )
    found: pl.DataFrame = frame.pl()
    return found


def _inputs(frame: pl.DataFrame, chosen: Sequence[Derivation]) -> pl.DataFrame:
    """The columns that the derivations read, as text with blanks null; missing ones are all null."""
    names = dict.fromkeys(item for one in chosen for item in one.inputs)
    columns = [_text(frame, name) for name in names]
    work = (
        pl.DataFrame(columns) if columns else pl.DataFrame({"@row": pl.int_range(frame.height, eager=True)})
    )
    if _SEX in names and _SEX_AT_BIRTH in frame.columns:
        work = work.with_columns(pl.coalesce(_SEX, _text(frame, _SEX_AT_BIRTH)).alias(_SEX))
    return work


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column as text, blanks null."""
    if name not in frame.columns:
        return pl.Series(name, [None], pl.String).new_from_index(0, frame.height)
    column = as_text(frame.get_column(name))
    least = column.min()
    if least is None or str(least)[:1] > " ":  # nothing sorts before it, so no value is blank
        return column
    return frame.select(pl.when(column.str.strip_chars() != "").then(column).alias(name)).to_series()


def _prepared(one: Derivation, work: pl.DataFrame, given: dict[str, Any]) -> list[pl.Expr]:
    """Shared number columns that this derivation names and that are not there yet."""
    if one.whole:
        return []
    steps = one.steps(**given)
    named = {root for step in steps for made in step.values() for root in made.meta.root_names()}
    return [PREPARED[name].alias(name) for name in PREPARED if name in named and name not in work.columns]


def _made(one: Derivation, work: pl.DataFrame, given: dict[str, Any]) -> list[pl.Series]:
    """The outputs of one derivation for every row of `work`."""
    inputs = list(one.inputs)
    if one.distinct and work.height > 1:
        combinations = work.select(inputs).unique(maintain_order=True)
        made = _outputs(one, combinations.with_columns(_prepared(one, combinations, given)), given)
        table = combinations.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("@combination"))
        joined = work.select(inputs).join(
            table, on=inputs, how="left", nulls_equal=True, maintain_order="left"
        )
        place = joined.get_column("@combination")
        return [column.gather(place) for column in made]
    return _outputs(one, work, given)


def _outputs(one: Derivation, work: pl.DataFrame, given: dict[str, Any]) -> list[pl.Series]:
    if one.whole:
        made = one.frame(work.select(one.inputs), **given)
    else:
        made = work
        for step in one.steps(**given):
            made = made.with_columns([value.alias(name) for name, value in step.items()])
    return [made.get_column(output) for output in one.outputs]


def derived_values(frame: pl.DataFrame, ids: Sequence[str], key: str = "tumor_id") -> pl.DataFrame:
    """Outputs of `derive` in long form, as the `derived` table keeps them.

    Args:
        frame: what `derive` returned, with the `key` column.
        ids: the same ids.
        key: column that identifies a record.

    Returns:
        Columns key, `item, value, algorithm, version`, sorted by key and item; blank values are left out.
    """
    parts = [
        frame.select(
            key,
            item=pl.lit(output),
            value=pl.col(output).cast(pl.String),
            algorithm=pl.lit(one.id),
            version=pl.lit(one.version),
        )
        for one in find(ids)
        for output in one.outputs
    ]
    return pl.concat(parts).filter(pl.col("value").is_not_null()).sort(key, "item")
