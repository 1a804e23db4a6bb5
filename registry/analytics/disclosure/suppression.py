"""Small counts that must not be published, and the counts that would give them away.

Every number that leaves the registry for people outside passes here. Thresholds are data, one line a profile, in
`profiles.csv`.

Sources: CMS cell size suppression policy (1-10); U.S. Cancer Statistics (fewer than 16); complementary suppression:
Hundepool A et al., Statistical Disclosure Control, Wiley 2012, chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.errors import BadInput

PROFILES = Path(__file__).with_name("profiles.csv")


@dataclass(frozen=True)
class Profile:
    """Counts from 1 to threshold - 1 are hidden; 0 as well when `zeros_shown` is false."""

    name: str
    threshold: int
    zeros_shown: bool
    source: str = ""


@cache
def profiles() -> dict[str, Profile]:
    """Publication profiles by name.

    >>> {name: profile.threshold for name, profile in profiles().items()}
    {'default': 11, 'uscs': 16}
    """
    rows = pl.read_csv(PROFILES).sort("valid_from", "profile").iter_rows(named=True)
    return {
        row["profile"]: Profile(row["profile"], row["threshold"], row["zeros_shown"], row["source"])
        for row in rows
    }


def profile(wanted: str | int | Profile) -> Profile:
    """A profile by name, or one for a bare threshold (zeros shown).

    >>> profile("uscs").threshold, profile(5).threshold
    (16, 5)
    """
    if isinstance(wanted, Profile):
        return wanted
    if isinstance(wanted, str):
        if wanted not in profiles():
            raise BadInput("disclosure profile", f'"{wanted}" is not one of {", ".join(profiles())}')
        return profiles()[wanted]
    if wanted < 1:
        raise BadInput("disclosure profile", f"threshold {wanted} is not a positive number")
    return Profile(str(wanted), wanted, True)


def suppress(
    frame: pl.DataFrame,
    counts: str = "count",
    threshold: str | int | Profile = 11,
    *,
    margins: Sequence[By] = (),
    also: Sequence[str] = (),
) -> pl.DataFrame:
    """Hide small counts and, within each published total, enough others that none can be worked out.

    Args:
        frame: one row a cell of a table.
        counts: column of the counts (whole numbers >= 0).
        threshold: a profile's name, a Profile, or the smallest count that may be shown.
        margins: totals that are published too, each given by the columns it keeps: `["year", None]` = totals by year
            and the grand total.
        also: columns made from the count (rates, percentages, limits) that are hidden with it.

    Returns:
        The frame in its order with hidden values null, and `suppressed` (Boolean).

    Three things hold for the cells that belong to one published total: not exactly one is hidden; together the
    hidden ones reach the threshold and leave each room to vary; and no combination of totals fixes a hidden cell.
    A total below the threshold does not protect and is not protected: it must not be published, so suppress the
    totals with the same profile. In a table too small for all this (a line with one count above zero, say) a
    total has to be withheld as well; limits that follow from several totals at once are found by propagating
    bounds total by total, not by a full linear program.

    >>> table = pl.DataFrame({"stage": ["1", "2", "3", "4"], "count": [120, 4, 31, 15]})
    >>> suppress(table, margins=[None])["count"].to_list()
    [120, None, 31, None]
    """
    rule = profile(threshold)
    for name in (counts, *also, *(column for margin in margins for column in names(margin))):
        if name not in frame.columns:
            raise BadInput("suppression", f"there is no column {name}")
    values = frame[counts].fill_null(0).to_numpy().astype(np.int64)
    if values.size and values.min() < 0:
        raise BadInput("suppression", f"{counts} has negative numbers")
    hidden = (values < rule.threshold) & ((values > 0) | (not rule.zeros_shown))
    lines = [line for margin in margins for line in _lines(frame, names(margin))]
    totals = [int(values[line].sum()) for line in lines]
    empty = np.zeros(values.size, dtype=bool)  # cells of a total of 0, which tells that they are 0
    for line, total in zip(lines, totals, strict=True):
        empty[line] |= total == 0
    published = [line for line, total in zip(lines, totals, strict=True) if total >= rule.threshold]
    spare = values.astype(float) + np.where(values == 0, np.inf, 0)  # a zero protects nothing: last choice
    spare[empty] = np.nan  # no choice at all
    while _complement(values, hidden, published, rule, spare) or _unpin(
        values, hidden, published, rule, spare
    ):
        pass
    flag = pl.Series("suppressed", hidden, dtype=pl.Boolean)
    return frame.with_columns(flag).with_columns(
        pl.when(pl.col("suppressed").not_()).then(pl.col(name)).alias(name) for name in (counts, *also)
    )


def _lines(frame: pl.DataFrame, kept: list[str]) -> list[np.ndarray]:
    """Positions of the cells that add up to each published total."""
    if not kept:
        return [np.arange(frame.height)]
    number = frame.select(pl.struct(kept).rank("dense")).to_series().to_numpy()
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if order.size else []


def _complement(
    values: np.ndarray, hidden: np.ndarray, lines: list[np.ndarray], rule: Profile, spare: np.ndarray
) -> bool:
    """Hide the smallest further cell of each total whose hidden cells do not protect each other."""
    changed = False
    for line in lines:
        while True:
            inside = line[hidden[line]]
            slack = values[inside].sum() - inside.size * rule.zeros_shown
            protected = inside.size >= 2 and slack >= rule.threshold - 1
            if not inside.size or protected or not _hide_smallest(hidden, line, spare):
                break
            changed = True
    return changed


def _hide_smallest(hidden: np.ndarray, line: np.ndarray, spare: np.ndarray) -> bool:
    """Hide the smallest shown count of the line (zeros last); False if none is left."""
    shown = line[~hidden[line] & ~np.isnan(spare[line])]
    if not shown.size:
        return False
    hidden[shown[np.argmin(spare[shown])]] = True
    return True


def _unpin(
    values: np.ndarray, hidden: np.ndarray, lines: list[np.ndarray], rule: Profile, spare: np.ndarray
) -> bool:
    """Hide one more cell beside each hidden cell that the totals determine; False when none is determined."""
    inside = [line[hidden[line]] for line in lines if hidden[line].any()]
    if not inside:
        return False
    pinned = _fixed_by_equations(hidden, inside) | _fixed_by_bounds(values, hidden, inside, rule)
    beside = [line for line in lines if pinned[line].any()]
    return any([_hide_smallest(hidden, line, spare) for line in beside])  # noqa: C419 (every line, not the first)


def _fixed_by_equations(hidden: np.ndarray, inside: list[np.ndarray]) -> np.ndarray:
    """Hidden cells that are constant over all solutions: their row in the null space of the totals is zero."""
    cells = np.flatnonzero(hidden)
    place = np.full(hidden.size, -1)
    place[cells] = np.arange(cells.size)
    incidence = np.zeros((len(inside), cells.size))
    for row, line in enumerate(inside):
        incidence[row, place[line]] = 1
    _, singular, basis = np.linalg.svd(incidence, full_matrices=True)
    free = basis[int((singular > 1e-9).sum()) :]
    pinned = np.zeros(hidden.size, dtype=bool)
    pinned[cells] = incidence.any(axis=0) & (np.abs(free).max(axis=0, initial=0.0) < 1e-9)
    return pinned


def _fixed_by_bounds(
    values: np.ndarray, hidden: np.ndarray, inside: list[np.ndarray], rule: Profile
) -> np.ndarray:
    """Hidden cells whose lowest and highest possible value meet, given that no count is negative.

    Each total bounds each of its cells by what the bounds of the others leave; repeated until nothing moves.
    """
    low = np.full(hidden.size, float(rule.zeros_shown and (values[hidden] > 0).all()))
    high = np.full(hidden.size, np.inf)
    for _ in range(50):
        before = low.copy(), high.copy()
        for line in inside:
            total = values[line].sum()
            high[line] = np.minimum(high[line], total - (low[line].sum() - low[line]))
            if np.isfinite(high[line]).all():
                low[line] = np.maximum(low[line], total - (high[line].sum() - high[line]))
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break
    return hidden & (low >= high)


def suppress_curve(curve: pl.DataFrame, by: By = None, threshold: str | int | Profile = 11) -> pl.DataFrame:
    """A survival curve that may be shown: cut where fewer than the threshold are at risk, without counts.

    Args:
        curve: result of `kaplan_meier`.
        by: the grouping column(s) the curve was made with; a group that starts below the threshold disappears.
        threshold: a profile's name, a Profile, or the smallest number at risk that may be shown.

    Returns:
        `by`, time, survival, std_error, lower, upper of the rows with at_risk >= threshold.

    >>> from registry.analytics.survival import kaplan_meier
    >>> people = pl.DataFrame({"months": [1, 2, 3, 4], "dead": [True] * 4})
    >>> suppress_curve(kaplan_meier(people), threshold=3)["time"].to_list()
    [0, 1, 2]
    """
    shown = curve.filter(pl.col("at_risk") >= profile(threshold).threshold)
    return shown.select(*names(by), "time", "survival", "std_error", "lower", "upper")


def suppress_at_risk(table: pl.DataFrame, threshold: str | int | Profile = 11) -> pl.DataFrame:
    """A number-at-risk table that may be shown: small numbers at risk are null; `suppressed` says where.

    Events and censorings add up to the group, so a single hidden one could be worked out: both are null in every
    row of a group in which one of them is small.

    Args:
        table: result of `number_at_risk`; every column besides time and the counts tells groups apart.
        threshold: a profile's name, a Profile, or the smallest count that may be shown (0 is shown when the
            profile shows zeros).

    >>> table = pl.DataFrame({"time": [0, 12], "at_risk": [40, 9], "events": [0, 20], "censored": [0, 20]})
    >>> suppress_at_risk(table).select("at_risk", "events", "suppressed").rows()
    [(40, 0, False), (None, 20, True)]
    """
    rule = profile(threshold)
    flows = ["events", "censored"]
    groups = [name for name in table.columns if name not in ("time", "at_risk", "suppressed", *flows)]

    def small(name: str) -> pl.Expr:
        return (pl.col(name) < rule.threshold) & ((pl.col(name) > 0) | (not rule.zeros_shown))

    telling = pl.any_horizontal(small(name) for name in flows).any()
    telling = telling.over(groups) if groups else telling
    return table.with_columns(
        pl.when(small("at_risk").not_()).then("at_risk").alias("at_risk"),
        *(pl.when(telling.not_()).then(name).alias(name) for name in flows),
        (small("at_risk") | telling).alias("suppressed"),
    )
