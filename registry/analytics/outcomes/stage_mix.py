"""Stage at diagnosis: its distribution, how it shifts between periods, and what that does to survival by stage.

When diagnosis improves, patients move to higher stages; survival then rises in every stage although nobody lives
longer. Source: Feinstein AR, Sosin DM, Wells CK, The Will Rogers phenomenon, N Engl J Med 1985;312:1604-1608.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from registry.analytics.outcomes.limits import Z, wilson, with_share
from registry.analytics.stages.summary import GROUPS, STAGED, UNKNOWN
from registry.errors import BadInput

SHIFT: Final = 5.0
"""Percentage points of the stage mix that moved, from which on the caution is given."""
CAUTION: Final = (
    "The mix of stages moved between the periods. Survival within a stage may then change without any change in the "
    "patients (Will Rogers phenomenon): compare survival of all stages together, or adjusted to one mix."
)


def stage_distribution(frame: pl.DataFrame, by: list[str], *, known_only: bool = False) -> pl.DataFrame:
    """Tumors by stage within each group.

    Args:
        frame: one row a tumor with `stage` (one of GROUPS).
        by: grouping columns (year of diagnosis, hospital …).
        known_only: shares of tumors with a known stage; unknown stages then have no share.

    Returns:
        by, stage, count, total, percent, lower, upper (Wilson, per cent); every group has every stage that occurs in
        the frame, in the order of GROUPS; the row "Unknown or unstaged" is the share of unknown.

    >>> tumors = pl.DataFrame({"year": [2020, 2020, 2021], "stage": ["Localized", "Distant", "Distant"]})
    >>> stage_distribution(tumors, ["year"]).select("year", "stage", "count", "percent").rows()
    [(2020, 'Localized', 1, 50.0), (2020, 'Distant', 1, 50.0), (2021, 'Localized', 0, 0.0), (2021, 'Distant', 1, 100.0)]
    """
    stage = pl.col("stage").cast(pl.String)
    work = frame.select(*by, stage)
    if known_only:
        work = work.filter(pl.col("stage") != UNKNOWN)
    present = [name for name in GROUPS if name in set(work["stage"].unique())]
    size = pl.len().cast(pl.Int64)
    groups = work.group_by(by).agg(size.alias("total")) if by else work.select(size.alias("total"))
    stages = pl.DataFrame(
        {"stage": present, "place": range(len(present))}, schema={"stage": pl.String, "place": pl.Int64}
    )
    counted = work.group_by(*by, "stage").agg(size.alias("count"))
    table = (
        groups.join(stages, how="cross")
        .join(counted, on=[*by, "stage"], how="left", nulls_equal=True)
        .with_columns(pl.col("count").fill_null(0))
        .sort(*by, "place", nulls_last=True)
        .select(*by, "stage", "count", "total")
    )
    return with_share(table)


def stage_migration(frame: pl.DataFrame, periods: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Shares of the stages in each period, and their change since the first one.

    Args:
        frame: one row a tumor with `stage` and `year` of diagnosis.
        periods: (first, last) years, which must not overlap, earliest first.

    Returns:
        stage (known ones and unknown), period ("2010-2014"), count, total, percent, lower, upper, change (percentage
        points since the first period, null there), change_lower, change_upper (95 %, Newcombe's hybrid of Wilson limits); shares
        of the known stages are of tumors with a known stage, that of unknown is of all tumors.

    Raises:
        BadInput: periods are empty, overlap or run backwards.

    Source of the limits of a difference: Newcombe RG, Stat Med 1998;17:873-890, method 10.

    >>> tumors = pl.DataFrame({"year": [2010] * 10 + [2020] * 10, "stage": (["Localized"] * 6 + ["Distant"] * 4) * 2})
    >>> stage_migration(tumors, [(2010, 2014), (2015, 2020)]).select("stage", "period", "percent", "change").row(3)
    ('Localized', '2015-2020', 60.0, 0.0)
    """
    _check(periods)
    parts = []
    for first, last in periods:
        within = frame.filter(pl.col("year").is_between(first, last))
        known = stage_distribution(within, [], known_only=True)
        unknown = stage_distribution(within, []).filter(pl.col("stage") == UNKNOWN)
        both = pl.concat([known, unknown]).with_columns(pl.lit(f"{first}-{last}").alias("period"))
        parts.append(_every_stage(both, within, f"{first}-{last}"))
    table = pl.concat(parts)
    first_part = parts[0].select("stage", then="count", all_then="total")
    table = table.join(first_part, on="stage", how="left", maintain_order="left")
    a, n, b, m = (table[name].to_numpy() for name in ("count", "total", "then", "all_then"))
    later = pl.col("period") != f"{periods[0][0]}-{periods[0][1]}"
    order = {name: place for place, name in enumerate(GROUPS)}
    return (
        table.with_columns(pl.when(later).then(value).alias(value.name) for value in _changes(a, n, b, m))
        .with_columns(pl.col("stage").replace_strict(order, default=len(GROUPS)).alias("place"))
        .sort("place", "period")
        .drop("place", "then", "all_then")
        .select("stage", "period", "count", "total", "percent", "lower", "upper", "change", "change_lower", "change_upper")
    )  # fmt: skip


def moved(migration: pl.DataFrame) -> float:
    """Percentage points of tumors with a known stage that lie in another stage than in the first period; the greatest over periods.

    >>> shares = pl.DataFrame({"stage": ["Localized", "Distant"], "period": ["b", "b"], "change": [8.0, -8.0]})
    >>> moved(shares)
    8.0
    """
    known = (
        migration.filter(pl.col("stage") != UNKNOWN).group_by("period").agg(pl.col("change").abs().sum() / 2)
    )
    greatest = known["change"].max()
    return float(greatest) if isinstance(greatest, int | float) else 0.0


def caution(migration: pl.DataFrame) -> str | None:
    """CAUTION where SHIFT points or more of the mix moved, else None.

    >>> caution(pl.DataFrame({"stage": ["Localized"], "period": ["b"], "change": [4.0]}))
    """
    return CAUTION if moved(migration) >= SHIFT else None


def adjusted_to_mix(survival: pl.DataFrame, mix: pl.DataFrame) -> pl.DataFrame:
    """Survival of each group if its stages were distributed as in one standard mix.

    Args:
        survival: group, stage, survival (0-1): one row a stage and group.
        mix: stage, weight (any scale); stages without weight do not count.

    Returns:
        group, adjusted, missing (stages of the mix that the group lacks: then `adjusted` is null), sorted by group.

    >>> found = pl.DataFrame({"group": ["a", "a"], "stage": ["Localized", "Distant"], "survival": [0.9, 0.3]})
    >>> adjusted_to_mix(found, pl.DataFrame({"stage": ["Localized", "Distant"], "weight": [3, 1]})).rows()
    [('a', 0.75, [])]
    """
    weights = mix.filter(pl.col("weight") > 0)
    groups = survival.select("group").unique()
    grid = groups.join(weights, how="cross").join(survival, on=["group", "stage"], how="left")
    lacking = pl.col("survival").is_null()
    return (
        grid.group_by("group")
        .agg(
            ((pl.col("survival") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("adjusted"),
            pl.col("stage").filter(lacking).sort().alias("missing"),
        )
        .with_columns(pl.when(pl.col("missing").list.len() == 0).then("adjusted").alias("adjusted"))
        .sort("group")
    )


def _check(periods: Sequence[tuple[int, int]]) -> None:
    ends = [year for period in periods for year in period]
    if not periods or ends != sorted(ends) or any(one[1] >= two[0] for one, two in pairwise(periods)):
        raise BadInput(
            "periods", "must follow one another without overlap", "give them as 2010-2014,2015-2019"
        )


def _every_stage(table: pl.DataFrame, within: pl.DataFrame, period: str) -> pl.DataFrame:
    """All known stages and the unknown one, those that nobody had with 0."""
    total = within.height
    known = total - within.filter(pl.col("stage").cast(pl.String) == UNKNOWN).height
    counts = dict(table.select("stage", "count").iter_rows())
    extra = [name for name in GROUPS if name in counts and name not in STAGED and name != UNKNOWN]
    rows = [(name, period, counts.get(name, 0), known) for name in [*STAGED, *extra]]
    rows.append((UNKNOWN, period, counts.get(UNKNOWN, 0), total))
    return with_share(pl.DataFrame(rows, schema={"stage": pl.String, "period": pl.String, "count": pl.Int64, "total": pl.Int64}, orient="row"))  # fmt: skip


def _changes(a: np.ndarray, n: np.ndarray, b: np.ndarray, m: np.ndarray) -> list[pl.Series]:
    """Change in percentage points of a/n since b/m with limits."""
    low, high = wilson(a, n, Z)
    low_then, high_then = wilson(b, m, Z)
    with np.errstate(invalid="ignore", divide="ignore"):
        now, then = a / n, b / m
    change = now - then
    lower = change - np.sqrt((now - low) ** 2 + (high_then - then) ** 2)
    upper = change + np.sqrt((high - now) ** 2 + (then - low_then) ** 2)
    return [
        pl.Series(name, 100 * values, nan_to_null=True)
        for name, values in (("change", change), ("change_lower", lower), ("change_upper", upper))
    ]
