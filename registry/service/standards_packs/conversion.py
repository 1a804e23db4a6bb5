"""What a new version of the standard does to stored values, and what taking it back does: pure functions.

Three things happen to values: an item has another id (its values go to another column), a number became longer
(zeros are added on the left), an item is of the patient now and not of the tumor (or the other way round). Abstracts
hold the items of both levels, so the last concerns only the consolidated patients and tumors, which are made of
abstracts again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry.linkage import follow_abstracts
from registry.standards.columns import standard_items
from registry.standards.comparison import TableSet
from registry.standards.lengthening import Lengthening

Query = Callable[[str], pl.DataFrame]
KEYS = {
    "abstract": "abstract_id",
    "pathology_report": "report_id",
    "patient": "patient_id",
    "tumor": "tumor_id",
}
"""Tables with a column for each item → their keys, in the order in which they are converted."""
LEVELS = {"patient": "Patient", "tumor": "Tumor"}
ORDERING = ("classOfCase", "dateOf1stContact", "dateOfLastContact", "vitalStatus")
"""What decides which abstract a consolidated value comes from (`registry.linkage.consolidation`)."""
CHANGES: dict[str, Any] = {
    "entity": pl.String,
    "entity_id": pl.Int64,
    "item": pl.String,
    "before": pl.String,
    "after": pl.String,
}
CONVERTED: dict[str, Any] = {
    "item": pl.String,
    "change": pl.String,
    "before": pl.String,
    "entity": pl.String,
    "records": pl.Int64,
}
NOT_CARRIED: dict[str, Any] = {
    "item": pl.String,
    "entity": pl.String,
    "records": pl.Int64,
    "reason": pl.String,
}


@dataclass(frozen=True)
class Carry:
    """What happens to the values of one item.

    Args:
        item, before: its column now and before.
        level, level_before: Patient or Tumor.
        pad: (length before, length now) when zeros are added on the left.
        codes, codes_before: known codes, special ones too (see `registry.standards.lengthening`).
    """

    item: str
    before: str
    level: str
    level_before: str
    pad: tuple[int, int] | None = None
    codes: frozenset[str] = frozenset()
    codes_before: frozenset[str] = frozenset()

    @property
    def moves(self) -> bool:
        """Whether the item is at another level now."""
        return self.level != self.level_before

    @property
    def renamed(self) -> bool:
        """Whether its column has another name now."""
        return self.item != self.before

    def padded(self, value: pl.Expr) -> pl.Expr:
        """The value in its new form."""
        return self.longer.applied(value) if self.longer else value

    @property
    def longer(self) -> Lengthening | None:
        """The rule for its zeros."""
        return Lengthening(*self.pad, self.codes_before, self.codes) if self.pad else None

    def what(self) -> str:
        """The change in words."""
        words = [
            *(["renamed"] if self.renamed else []),
            *([f"moved from {self.level_before} to {self.level}"] if self.moves else []),
            *([f"zeros added to {self.pad[1]} digits"] if self.pad else []),
        ]
        return ", ".join(words)


def carries(old: TableSet, new: TableSet, columns: Columns) -> list[Carry]:
    """What happens to stored values, by item number.

    Args:
        old, new: tables before and after.
        columns: which column holds which item.
    """
    found = []
    for number, now in sorted(new.items.items()):
        was = old.items.get(number)
        if was is None or "NaaccrData" in (was["level"], now["level"]):
            continue
        lengths = int(was["length"]), int(now["length"])
        fills = was["data_type"] in ("digits", "mixed") and was["data_type"] == now["data_type"]
        zeros = was["padding"] == now["padding"] == "leftZero"
        pad = lengths if fills and zeros and lengths[0] < lengths[1] else None
        before = columns.of(was["id"], number)
        column = columns.of(now["id"], number) if was["id"] != now["id"] else before
        if column != before or pad or was["level"] != now["level"]:
            codes = new.special(now["id"]), old.special(was["id"])
            found.append(Carry(column, before, now["level"], was["level"], pad, *codes))
    return found


@dataclass(frozen=True)
class Columns:
    """Which column of a table with items holds which item.

    Args:
        present: its columns. owners: column → number, of those that hold another item than their name says.

    >>> Columns(["weight", "Height"], {"weight": 9501}).of("weight", 8801)
    'weight__8801'
    >>> Columns(["weight", "Height"], {"weight": 9501}).of("weight", 9501)
    'weight'
    >>> Columns(["primarySite"], {}).of("PrimarySite", 400)
    'primarySite'
    """

    present: Collection[str]
    owners: Mapping[str, int]

    def of(self, naaccr_id: str, number: int) -> str:
        """The column of an item, as `registry.standards.columns` says: its id, unless another item holds that."""
        for column, owner in self.owners.items():
            if owner == number:
                return column
        folded = naaccr_id.casefold()
        first = standard_items().get(folded)
        if first and first[1] == number:  # only its capitals may have changed
            naaccr_id = first[0]
        for column in self.present:
            if column.casefold() == folded and (column in self.owners or column != naaccr_id):
                return f"{naaccr_id}__{number}"
        return naaccr_id


@dataclass
class Changes:
    """What is to be written.

    Attributes:
        rows: table → frame[key, columns that are compared] as they shall be.
        log: frame `CHANGES`, one row a value.
        converted: frame `CONVERTED`, one row an item and table.
        not_carried: frame `NOT_CARRIED`.
        edited: frame[entity, entity_id, item] of values that people changed after an installation (when taken back).
    """

    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    log: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANGES))
    converted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONVERTED))
    not_carried: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NOT_CARRIED))
    edited: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={name: CHANGES[name] for name in list(CHANGES)[:3]})
    )


def columns_needed(plan: Iterable[Carry], present: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Columns that tables need for what they will hold: table → item columns."""
    needed: dict[str, list[str]] = {}
    for carry in plan:
        holders = [table for table, columns in present.items() if carry.before in set(columns)]
        for table in holders:
            if carry.renamed and _holds(table, carry.level):
                needed.setdefault(table, []).append(carry.item)
        if carry.moves and "abstract" in holders:
            needed.setdefault(carry.level.lower(), []).append(carry.item)
    return needed


def _holds(table: str, level: str) -> bool:
    return LEVELS.get(table, level) == level


def convert(query: Query, present: Mapping[str, Iterable[str]], plan: list[Carry]) -> Changes:
    """Stored values as the new version wants them.

    Args:
        query: answers SQL. present: table → its columns; ones that it lacks are taken as blank.
        plan: of `carries`.
    """
    result = Changes()
    frames: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
    for table in KEYS:
        here = [c for c in plan if c.before in set(present[table]) and not (c.moves and table in LEVELS)]
        if here:
            before = read(query, table, present, [name for c in here for name in (c.before, c.item)])
            frames[table] = before, carried(before, here)
            note(result, table, before, frames[table][1], here)
    moving = [c for c in plan if c.moves and c.before in set(present["abstract"])]
    if moving:
        move(result, frames, query, present, moving)
    for table, (before, after) in frames.items():
        keep(result, table, before, after)
    return result


def read(query: Query, table: str, present: Mapping[str, Iterable[str]], items: list[str]) -> pl.DataFrame:
    """The rows that have one of these items: frame[key, items], by key."""
    known = set(present[table])
    wanted = dict.fromkeys(items)
    selected = [f'"{name}"' if name in known else f'CAST(NULL AS VARCHAR) AS "{name}"' for name in wanted]
    filled = " OR ".join(f'"{name}" IS NOT NULL' for name in wanted if name in known) or "FALSE"
    key = KEYS[table]
    return query(f"SELECT {key}, {', '.join(selected)} FROM {table} WHERE {filled} ORDER BY {key}")


def carried(frame: pl.DataFrame, plan: list[Carry]) -> pl.DataFrame:
    """The columns after renaming and lengthening; a value stays where its new column is filled already."""
    into = {carry.item: carry for carry in plan if carry.renamed}
    changed: dict[str, pl.Expr] = {c.item: c.padded(pl.col(c.item)) for c in plan if not c.renamed}
    leaves = {carry.before: _leaves(carry, plan) for carry in into.values()}
    for name in dict.fromkeys([*into, *leaves]):
        value = pl.when(leaves[name]).then(None).otherwise(pl.col(name)) if name in leaves else pl.col(name)
        if name in into:
            carry = into[name]
            moved = carry.padded(pl.col(carry.before))
            value = pl.when(leaves[carry.before]).then(moved).otherwise(value)
        changed[name] = value
    return frame.with_columns(value.alias(name) for name, value in changed.items())


def _leaves(carry: Carry, plan: list[Carry], seen: tuple[str, ...] = ()) -> pl.Expr:
    """Whether a value goes to its new column: that is blank, or its own value leaves it (ids may change places)."""
    filled = pl.col(carry.before).is_not_null()
    if carry.item in seen:
        return filled
    following = [c for c in plan if c.renamed and c.before == carry.item]
    free = pl.col(carry.item).is_null()
    for other in following:
        free |= _leaves(other, plan, (*seen, carry.before))
    return filled & free


def note(result: Changes, table: str, before: pl.DataFrame, after: pl.DataFrame, plan: list[Carry]) -> None:
    """Count what converts, and what cannot."""
    for carry in plan:
        changed = int(after[carry.item].ne_missing(before[carry.item]).sum())
        _add(result, carry.item, carry.what(), carry.before, table, changed)
        old = pl.col(carry.before)
        if carry.renamed:
            stays = old.is_not_null() & ~_leaves(carry, plan) & (old != pl.col(carry.item))
            count = int(before.select(stays.sum()).item() or 0)
            _lost(result, carry.before, table, count, f"{carry.item} has another value already")
        if carry.longer:
            short = int(before.select(carry.longer.stays_short(old).sum()).item() or 0)
            _lost(result, carry.item, table, short, carry.longer.why())


def _add(result: Changes, item: str, what: str, before: str, table: str, records: int) -> None:
    if records:
        row = [(item, what, before, table, records)]
        result.converted = pl.concat([result.converted, pl.DataFrame(row, schema=CONVERTED, orient="row")])


def _lost(result: Changes, item: str, table: str, records: int, reason: str) -> None:
    if records:
        row = [(item, table, records, reason)]
        result.not_carried = pl.concat(
            [result.not_carried, pl.DataFrame(row, schema=NOT_CARRIED, orient="row")]
        )


# --- patients and tumors ---------------------------------------------------------------------------------


def move(
    result: Changes,
    frames: dict[str, tuple[pl.DataFrame, pl.DataFrame]],
    query: Query,
    present: Mapping[str, Iterable[str]],
    moving: list[Carry],
    former: pl.DataFrame | None = None,
) -> None:
    """Consolidated values at their new level, from the abstracts as they will be.

    `former`: frame `CHANGES` of what was moved away once; it comes back where no abstract says anything.
    """
    after = _abstracts(frames, query, present, moving)
    for carry in moving:
        source, target = carry.level_before.lower(), carry.level.lower()
        key = KEYS[target]
        patients, tumors = follow_abstracts(
            after.select("abstract_id", "patient_id", "tumor_id", *ORDERING, carry.item),
            [carry.item] if target == "patient" else [],
            [carry.item] if target == "tumor" else [],
        )
        made = (patients if target == "patient" else tumors).select(key, carry.item).drop_nulls(carry.item)
        if carry.before in set(present[source]):
            held = read(query, source, present, [carry.before])
            _put(frames, source, held, held.with_columns(pl.lit(None, pl.String).alias(carry.before)))
        if former is not None:
            moved = (pl.col("entity") == target) & (pl.col("item") == carry.item)
            lost = former.filter(moved).select(
                pl.col("entity_id").alias(key), pl.col("before").alias(carry.item)
            )
            made = pl.concat([made, lost.drop_nulls().join(made, on=key, how="anti")])
        earlier = read(query, target, present, [carry.item])
        blank = made.with_columns(pl.lit(None, pl.String).alias(carry.item))
        now = pl.concat([earlier, blank.join(earlier, on=key, how="anti")]).sort(key)
        then = now.select(key).join(made, on=key, how="left", maintain_order="left")
        then = then.with_columns(pl.coalesce(pl.col(carry.item), now[carry.item]))
        _put(frames, target, now, then)
        _add(result, carry.item, carry.what(), carry.before, target, made.height)
        if target == "patient":
            values = after.drop_nulls(carry.item).group_by("patient_id").agg(pl.col(carry.item).n_unique())
            what = "the patient's tumors disagree: the patient has one value, each abstract keeps its own"
            _lost(result, carry.item, "patient", values.filter(pl.col(carry.item) > 1).height, what)


def _abstracts(
    frames: dict[str, tuple[pl.DataFrame, pl.DataFrame]],
    query: Query,
    present: Mapping[str, Iterable[str]],
    moving: list[Carry],
) -> pl.DataFrame:
    """Abstracts that are not void with the moving items as they will be."""
    known = set(present["abstract"])
    names = dict.fromkeys([*ORDERING, *(c.before for c in moving), *(c.item for c in moving)])
    selected = [f'"{name}"' if name in known else f'CAST(NULL AS VARCHAR) AS "{name}"' for name in names]
    filled = " OR ".join(
        f'"{name}" IS NOT NULL' for c in moving for name in {c.before, c.item} if name in known
    )
    rows = query(
        f"SELECT abstract_id, patient_id, tumor_id, {', '.join(selected)} FROM abstract "
        f"WHERE status <> 'void' AND tumor_id IS NOT NULL AND ({filled}) ORDER BY abstract_id"
    )
    if "abstract" not in frames:
        return rows
    changed = frames["abstract"][1]
    shared = [name for name in changed.columns if name in rows.columns and name != "abstract_id"]
    newer = rows.select("abstract_id").join(changed, on="abstract_id", how="left", maintain_order="left")
    hit = rows.select("abstract_id").to_series().is_in(changed["abstract_id"].implode())
    return rows.with_columns(
        pl.when(hit).then(newer[name]).otherwise(pl.col(name)).alias(name) for name in shared
    )


def _put(
    frames: dict[str, tuple[pl.DataFrame, pl.DataFrame]],
    table: str,
    before: pl.DataFrame,
    after: pl.DataFrame,
) -> None:
    """Add columns to what a table's rows are and shall be."""
    if table not in frames:
        frames[table] = before, after
        return
    key = KEYS[table]
    held = frames[table]
    frames[table] = (
        held[0].join(before, on=key, how="full", coalesce=True).sort(key),
        held[1].join(after, on=key, how="full", coalesce=True).sort(key),
    )


def keep(result: Changes, table: str, before: pl.DataFrame, after: pl.DataFrame) -> None:
    """What differs goes to the log and to the rows that are written."""
    key = KEYS[table]
    items = [name for name in before.columns if name != key]
    after = after.select(before.columns)
    sides = [
        frame.unpivot(index=key, on=items, variable_name="item", value_name=name)
        for name, frame in (("before", before), ("after", after))
    ]
    log = sides[0].with_columns(sides[1]["after"]).filter(pl.col("before").ne_missing(pl.col("after")))
    named = log.select(
        pl.lit(table).alias("entity"), pl.col(key).alias("entity_id"), "item", "before", "after"
    )
    result.log = pl.concat([result.log, named.select(pl.col(c).cast(t) for c, t in CHANGES.items())])
    touched = after.join(log.select(key).unique(), on=key, how="semi")
    if touched.height:
        result.rows[table] = touched
