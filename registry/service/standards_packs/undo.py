"""Taking an installation back: stored values as they were, whatever people and files brought since kept.

A value that nobody touched since gets exactly the form it had. One that was edited since keeps the edit, under the
item's former id, and is listed. What only the newer version knows stays in its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from registry.service.standards_packs import conversion
from registry.service.standards_packs.conversion import CHANGES, KEYS, LEVELS, Carry, Changes, Query


def take_back(
    query: Query, present: Mapping[str, Iterable[str]], plan: list[Carry], log: pl.DataFrame
) -> Changes:
    """The reverse of `standards_conversion.convert`.

    Args:
        query: answers SQL. present: table → its columns.
        plan: what the installation did, as `carries` says.
        log: frame `CHANGES` of the values that it changed.
    """
    result = Changes()
    frames: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
    back = [_reversed(carry) for carry in plan]
    edited = []
    for table in KEYS:
        held = set(present[table])
        here = [c for c in plan if {c.item, c.before} <= held and not (c.moves and table in LEVELS)]
        if not here:
            continue
        names = [name for carry in here for name in (carry.before, carry.item)]
        before = conversion.read(query, table, present, names)
        after = conversion.carried(before, [_reversed(carry) for carry in here])
        for carry in here:
            of_table = log.filter(pl.col("entity") == table)
            if table not in LEVELS:  # consolidated values follow the abstracts
                edited.append(_edited(before, of_table, table, carry))
            if carry.pad:
                after = _unpadded(before, after, of_table, carry, KEYS[table])
        conversion.note(result, table, before, after, [_reversed(carry) for carry in here])
        frames[table] = before, after
    moving = [c for c in back if c.moves and c.before in set(present["abstract"])]
    if moving:
        conversion.move(result, frames, query, present, moving, former=log)
    for table, (before, after) in frames.items():
        conversion.keep(result, table, before, after)
    if edited:
        result.edited = pl.concat(edited).unique().sort("entity", "entity_id", "item")
    return result


def _reversed(carry: Carry) -> Carry:
    return replace(
        carry,
        item=carry.before,
        before=carry.item,
        level=carry.level_before,
        level_before=carry.level,
        pad=None,
    )


def _unpadded(
    before: pl.DataFrame, after: pl.DataFrame, log: pl.DataFrame, carry: Carry, key: str
) -> pl.DataFrame:
    """Values that are as the installation left them, in the form they had before.

    A column without an entry in the log took in a value that equals the one that left it.
    """
    new = log.filter(pl.col("item") == carry.item).select(
        pl.col("entity_id").alias(key), pl.col("after").alias("@left"), pl.col("before").alias("@own")
    )
    old = log.filter(pl.col("item") == carry.before).select(
        pl.col("entity_id").alias(key), pl.col("before").alias("@had")
    )
    joined = after.join(new, on=key, how="left", maintain_order="left")
    joined = joined.join(old, on=key, how="left", maintain_order="left")
    had = pl.coalesce("@had", before[carry.before]) if carry.renamed else pl.col("@own")
    same = pl.col(carry.before) == pl.col("@left")
    return joined.with_columns(
        pl.when(same).then(had).otherwise(pl.col(carry.before)).alias(carry.before)
    ).select(after.columns)


def _edited(before: pl.DataFrame, log: pl.DataFrame, table: str, carry: Carry) -> pl.DataFrame:
    """Values that are not as the installation left them."""
    left = log.filter((pl.col("item") == carry.item) & pl.col("after").is_not_null())
    now = before.select(
        pl.col(KEYS[table]).cast(pl.Int64).alias("entity_id"), pl.col(carry.item).alias("now")
    )
    found = left.join(now, on="entity_id", how="left").filter(pl.col("now").ne_missing(pl.col("after")))
    return found.select(pl.col(name).cast(CHANGES[name]) for name in ("entity", "entity_id", "item"))
