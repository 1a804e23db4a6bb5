"""Figures of outcomes as they may leave: shares within groups, percentiles, ratios; small numbers hidden."""

from __future__ import annotations

from typing import Final

import polars as pl

from registry.analytics.disclosure import (
    Profile,
    publish_counts,
    publish_marked_curve,
    publish_proportions,
    publish_quantiles,
)
from registry.analytics.outcomes.delays import PERCENTILES, WITHIN
from registry.analytics.outcomes.limits import with_share

ALL: Final = "All"
SHARES: Final = ("percent", "lower", "upper")


def distribution(
    table: pl.DataFrame, part: str, rule: Profile, *, also: tuple[str, ...] = SHARES
) -> pl.DataFrame:
    """Parts of each group that add up to it.

    Args:
        table: group, `part`, count, total and `also`; every group has its parts.

    Returns:
        The table with hidden numbers null (total too where it is small) and `hidden`, in its order. Where a total is
        hidden, the sum of all must not be told (`Cases.beside`).
    """
    text = table.with_columns(pl.col("group").cast(pl.String), pl.col(part).cast(pl.String)).with_row_index(
        "_row"
    )
    totals = text.unique("group", keep="first", maintain_order=True).select(
        "group", pl.lit(ALL).alias(part), pl.col("total").alias("count"), "total"
    )
    cells = pl.concat([text, totals], how="diagonal")
    shown = publish_counts(
        cells, "count", by=["group", part], totals={part: ALL}, profile=rule, also=[name for name in also if name in table.columns]
    )  # fmt: skip
    sums = shown.filter(pl.col("_row").is_null()).select("group", pl.col("count").alias("total"))
    parts = shown.filter(pl.col("_row").is_not_null()).drop("total")
    told = pl.col("total").is_not_null()  # a limit beside a count of 0 would tell the total
    return (
        parts.join(sums, on="group", how="left", maintain_order="left")
        .with_columns(*(pl.when(told).then(name).alias(name) for name in also if name in table.columns), pl.col("hidden") | ~told)
        .sort("_row")
        .select(*table.columns, "hidden")
    )  # fmt: skip


def shares(
    table: pl.DataFrame,
    numerator: str,
    rule: Profile,
    *,
    by: list[str],
    total_group: str | None = None,
    also: tuple[str, ...] = SHARES,
) -> pl.DataFrame:
    """Shares of groups; `total_group` is the group that the others add up to."""
    totals = {"group": total_group} if total_group else None
    return publish_proportions(
        table.with_columns(pl.col("group").cast(pl.String)), numerator, "total", by=by, totals=totals, profile=rule,
        also=[name for name in also if name in table.columns],
    )  # fmt: skip


def delays(table: pl.DataFrame, curve: pl.DataFrame, rule: Profile) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Times to treatment: table and curve of `time_to` and `begun_curve`, both by `group`."""
    kinds = ["treated", "undated", "untreated"]
    counts = table.unpivot(kinds, index=["group", "total"], variable_name="kind", value_name="count").sort(
        "group", "kind"
    )
    shown = distribution(counts.select("group", "kind", "count", "total"), "kind", rule)
    wide = shown.select("group", "total").unique(maintain_order=True)
    for kind in kinds:
        one = shown.filter(pl.col("kind") == kind).select("group", pl.col("count").alias(kind))
        wide = wide.join(one, on="group", how="left")
    flags = shown.group_by("group").agg(pl.col("hidden").any())
    percentiles = publish_quantiles(
        table.with_columns(pl.col("group").cast(pl.String)), "treated", [f"p{p}" for p in PERCENTILES], rule
    ).drop("hidden")
    of_all = publish_quantiles(percentiles, "total", [f"km_p{p}" for p in PERCENTILES], rule).drop("hidden")
    drawn, begun = _begun(table, curve, rule)
    order = table.select(pl.col("group").cast(pl.String))
    rest = of_all.drop("total", *kinds, *[f"begun_{day}" for day in WITHIN])
    full = (
        order.join(wide, on="group", how="left")
        .join(rest, on="group", how="left")
        .join(begun, on="group", how="left")
    )
    full = full.join(flags, on="group", how="left", maintain_order="left")
    places = {name: place for place, name in enumerate(order["group"])}
    drawn = drawn.sort(pl.col("group").replace_strict(places, default=len(places)), "day")
    columns = [name for name in table.columns if name != "group"]
    return full.select("group", *columns, "hidden"), drawn


def _begun(table: pl.DataFrame, curve: pl.DataFrame, rule: Profile) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The curve, and begun_30 … of each group, chosen together; nothing where few have not begun by then."""
    people = table.select(
        pl.col("group").cast(pl.String), (pl.col("treated") + pl.col("untreated")).alias("_people")
    )
    named = curve.with_columns(pl.col("group").cast(pl.String)).rename({"day": "time"})
    open_ = (
        named.join(people, on="group", how="left", maintain_order="left")
        .with_columns((pl.col("_people") - pl.col("events").cum_sum().over("group")).alias("_left"))
        .with_columns(rule.is_small(pl.col("_left")).cum_max().over("group").alias("_few"))
        .with_columns(pl.when("_few").then(0).otherwise("at_risk").alias("at_risk"))
    )
    points, marks = publish_marked_curve(open_, WITHIN, "group", rule, values=("begun",))
    marks = marks.filter(~pl.col("hidden")).join(people, on="group", how="left")
    so_far = named.select("group", "time", pl.col("events").cum_sum().over("group").alias("_begun"))
    marks = marks.sort("time").join_asof(
        so_far.with_columns(pl.col("time").cast(pl.Float64)).sort("time"), on="time", by="group", strategy="backward", check_sortedness=False
    )  # fmt: skip
    marks = marks.filter(~rule.is_small(pl.col("_people") - pl.col("_begun")))
    rows = people.select("group")
    for day in WITHIN:
        one = marks.filter(pl.col("time") == day).select("group", pl.col("begun").alias(f"begun_{day}"))
        rows = rows.join(one, on="group", how="left", maintain_order="left")
    return points.rename({"time": "day"}), rows


def with_total(table: pl.DataFrame, label: str, sums: list[str]) -> pl.DataFrame:
    """The table of groups with one row more, in which `sums` are added up; other columns null.

    >>> with_total(pl.DataFrame({"group": ["A", "B"], "met": [1, 2]}), "Both", ["met"]).rows()
    [('A', 1), ('B', 2), ('Both', 3)]
    """
    text = table.with_columns(pl.col("group").cast(pl.String))
    last = text.select(pl.lit(label).alias("group"), *(pl.col(name).sum() for name in sums))
    return pl.concat([text, last], how="diagonal")


def plain_counts(table: pl.DataFrame, by: list[str], rule: Profile, totals: dict[str, str]) -> pl.DataFrame:
    """A table of counts with its total rows, which are made here: frame[*by, count, hidden], totals last."""
    cells = table.with_columns(pl.col(by).cast(pl.String).fill_null("Unknown"))
    parts = [cells]
    for number in range(1, 1 << len(by)):
        fixed = [name for place, name in enumerate(by) if number >> place & 1]
        kept = [name for name in by if name not in fixed]
        summed = (
            cells.group_by(kept).agg(pl.col("count").sum()) if kept else cells.select(pl.col("count").sum())
        )
        parts.append(
            summed.with_columns(pl.lit(totals[name]).alias(name) for name in fixed).select(*by, "count")
        )
    shown = publish_counts(pl.concat(parts), "count", by=by, totals=totals, profile=rule)
    places = [(pl.col(name) == totals[name]) for name in by]
    return shown.sort(
        *(value for place, name in zip(places, by, strict=True) for value in (place, pl.col(name)))
    )


def share_of_total(table: pl.DataFrame) -> pl.DataFrame:
    """The table (group, count) with total of the group and percent, lower, upper."""
    return with_share(table.with_columns(pl.col("count").sum().over("group").alias("total")))
