"""Publish an exclusion flow: a step below the threshold is told together with its neighbour.

Hiding the number of a step would not do: the numbers that remain before and after it tell it.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.analytics.disclosure.profile import Profile
from registry.analytics.disclosure.profile import profile as profile_of

Rows = list[dict[str, Any]]


def publish_flow(
    flow: pl.DataFrame,
    excluded: str = "excluded",
    remaining: str = "remaining",
    profile: str | int | Profile = "default",
    *,
    reason: str = "reason",
    end_told: bool = True,
) -> pl.DataFrame:
    """An exclusion flow that may be shown.

    Args:
        flow: rows in order; remaining = remaining of the row before - excluded. The first row is where it starts
            (its excluded is 0 or null). profile: name, threshold or Profile.
        reason: column of words, joined where steps are told together; may be missing.
        end_told: whether the number left at the end may be shown; without it all steps are told together, uncounted.

    Returns:
        The flow with fewer rows (the last of those told together stays), numbers null where they may not be shown, and
        `hidden`. Any two numbers shown differ by 0 or by the threshold at least. Steps of nobody are shown as 0.

    >>> flow = pl.DataFrame({"reason": ["all", "a", "b"], "excluded": [0, 3, 20], "remaining": [100, 97, 77]})
    >>> publish_flow(flow).rows()
    [('all', 0, 100, False), ('a; b', 23, 77, False)]
    >>> publish_flow(flow.with_columns(remaining=pl.Series([27, 24, 4])))["remaining"].to_list()
    [27, None]
    """
    least = profile_of(profile).threshold
    if flow.is_empty():
        return flow.with_columns(hidden=pl.lit(value=False))
    start, *steps = flow.with_columns(pl.col(excluded).fill_null(0)).rows(named=True)
    words = [reason] if reason in flow.columns else []
    if end_told:
        shown = _joined(start, steps, (excluded, remaining), words, least)
    else:
        shown = [start, *([_one(steps, words) | {excluded: None, remaining: None}] if steps else [])]
        shown[-1] |= {remaining: None}
    few = [row[remaining] is not None and 0 < row[remaining] < least for row in shown]
    for place, row in enumerate(shown):
        if few[place]:
            row[remaining] = None
        if few[place] or (place and few[place - 1]):
            row[excluded] = None
    table = pl.DataFrame(shown, schema=flow.schema, orient="row")
    return table.with_columns(hidden=pl.any_horizontal(pl.col(excluded, remaining).is_null()))


def _joined(start: dict[str, Any], steps: Rows, names: tuple[str, str], words: list[str], least: int) -> Rows:
    """The start and the steps, those of few people together with the next ones, at the end with those before."""
    excluded, remaining = names
    shown: Rows = []
    waiting: Rows = []
    for step in steps:
        if waiting and not step[excluded]:
            continue
        waiting.append(step)
        gone = sum(one[excluded] for one in waiting)
        if not 0 < gone < least:
            shown.append(_one(waiting, words) | {excluded: gone})
            waiting = []
    if waiting:
        while shown and not shown[-1][excluded]:
            shown.pop()
        before = [shown.pop()] if shown else []
        gone = sum(one[excluded] for one in (*before, *waiting))
        last = {remaining: steps[-1][remaining], excluded: gone if before else None}
        shown.append(_one([*before, *waiting], words) | last)
        if not before:
            start = start | {remaining: None}
    return [start, *shown]


def _one(steps: Rows, words: list[str]) -> dict[str, Any]:
    """Several steps as one row: the last of them, with the words of all."""
    return steps[-1] | {name: "; ".join(str(step[name]) for step in steps) for name in words}
