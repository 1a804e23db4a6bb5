"""An attacker with a linear program: no hidden number can be worked out from a published table.

The equations are written here anew, from the published frame alone.
"""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from registry.analytics.disclosure import (
    profile,
    publish_counts,
    publish_flow,
    publish_proportions,
    publish_rates,
)

STATES = {"A1": "A", "A2": "A", "A3": "A", "B1": "B", "B2": "B"}
SIZES = [(4, 5), (7, 3), (3, 3, 2), (4, 3, 3), (2, 2, 2), (6, 1), (9,)]
FEW, MANY = 14, 500


def random_table(seed: int) -> tuple[pl.DataFrame, dict[str, str], dict[str, dict[str, str]]]:
    """Counts with all their totals, in one to three dimensions; every third table has counties within states."""
    random = np.random.default_rng(seed)
    size = SIZES[seed % len(SIZES)]
    labels = [[f"{axis}{k}" for k in range(n)] for axis, n in zip("xyz", size, strict=False)]
    parents: dict[str, dict[str, str]] = {}
    if seed % 3 == 0:
        labels[0], parents = list(STATES), {"x": STATES}
    shape = tuple(map(len, labels))
    counts = random.poisson(random.gamma(0.7, random.choice([3, 15, 60]), shape))
    columns = list("xyz"[: len(shape)])
    cells = {key: int(n) for key, n in zip(itertools.product(*labels), counts.ravel(), strict=True)}
    for axis, column in enumerate(columns):
        for key, n in list(cells.items()):
            for upper in (
                dict.fromkeys([parents.get(column, {}).get(key[axis]), "all"]) if key[axis] != "all" else ()
            ):
                if upper is not None:
                    total = (*key[:axis], upper, *key[axis + 1 :])
                    cells[total] = cells.get(total, 0) + n
    frame = pl.DataFrame([(*key, n) for key, n in cells.items()], schema=[*columns, "count"], orient="row")
    return frame.sample(fraction=1, shuffle=True, seed=seed), dict.fromkeys(columns, "all"), parents


def equations(
    keys: list[tuple[str, ...]], columns: list[str], parents: dict[str, dict[str, str]]
) -> list[dict[int, int]]:
    """Each total is the sum of its parts: {row: sign}."""
    place = {key: row for row, key in enumerate(keys)}
    sums: dict[tuple[int, int], dict[int, int]] = {}
    for key, row in place.items():
        for axis, column in enumerate(columns):
            if key[axis] == "all":
                continue
            upper = parents.get(column, {}).get(key[axis], "all")
            total = place[(*key[:axis], upper, *key[axis + 1 :])]
            sums.setdefault((axis, total), {total: -1})[row] = 1
    return list(sums.values())


def interval(
    published: list[int | None], lines: list[dict[int, int]], floor: int, row: int
) -> tuple[float, float]:
    """Least and greatest value of a hidden row, given all that is published."""
    from scipy.optimize import linprog

    hidden = [k for k, value in enumerate(published) if value is None]
    where = {k: j for j, k in enumerate(hidden)}
    left = [line for line in lines if any(k in where for k in line)]
    matrix, right = np.zeros((len(left), len(hidden))), np.zeros(len(left))
    for number, line in enumerate(left):
        for k, sign in line.items():
            if k in where:
                matrix[number, where[k]] = sign
            else:
                right[number] -= sign * (published[k] or 0)
    aim = np.zeros(len(hidden))
    aim[where[row]] = 1
    found = [linprog(sign * aim, A_eq=matrix, b_eq=right, bounds=(floor, 5000)) for sign in (1, -1)]
    assert found[0].status == found[1].status == 0
    return found[0].fun, -found[1].fun


def attack(seed: int, rule_name: str) -> None:
    frame, totals, parents = random_table(seed)
    columns, rule = list(totals), profile(rule_name)
    shown = publish_counts(frame, by=columns, totals=totals, parents=parents, profile=rule)
    true, published = frame["count"].to_list(), shown["count"].to_list()
    assert all((value is None) == flag for value, flag in zip(published, shown["hidden"], strict=True))
    assert not any(value is not None and rule.small(np.array([value]))[0] for value in published)
    keys = frame.select(columns).rows()
    lines = equations(keys, columns, parents)
    totals_rows = {k for line in lines for k, sign in line.items() if sign < 0}
    for row in np.flatnonzero(shown["hidden"].to_numpy()).tolist():
        low, high = interval(published, lines, rule.floor, row)
        assert high - low > 0.999, (seed, row)
        if rule.small(np.array([true[row]]))[0]:
            assert high > rule.threshold - 1.001, (seed, row)
            if row not in totals_rows:
                assert low < rule.floor + 0.001, (seed, row)


@pytest.mark.parametrize("rule", ["cms", "uscs"])
def test_no_hidden_number_can_be_worked_out(rule: str) -> None:
    for seed in range(FEW):
        attack(seed, rule)


@pytest.mark.slow
def test_no_hidden_number_of_500_tables_can_be_worked_out() -> None:
    for seed in range(MANY):
        attack(1000 + seed, "uscs" if seed % 5 == 4 else "cms")


def test_a_share_is_not_told_by_the_rest() -> None:
    table = pl.DataFrame({
        "facility": ["a", "b", "c", "all"], "met": [38, 3, 50, 91], "of": [40, 30, 90, 160], "percent": [95.0, 10.0, 55.6, 56.9],
    })  # fmt: skip
    shown = publish_proportions(table, "met", "of", by="facility", totals={"facility": "all"})
    assert shown["of"].to_list() == [40, 30, 90, 160]
    assert shown["met"].to_list()[:2] == [None, None]
    assert shown["percent"].to_list()[:2] == [None, None]
    assert shown["met"].to_list()[2:] != [50, None]
    apart = publish_proportions(table[:3], "met", "of")
    assert apart["met"].to_list() == [None, None, 50]  # 2 of a did not meet it, 3 of b did


def test_rates_go_with_any_count_they_rest_on() -> None:
    table = pl.DataFrame(
        {"year": [1, 2], "count": [40, 50], "before": [5, 60], "rr": [8.0, 0.8], "rate": [1.0, 2.0]}
    )
    shown = publish_rates(table, rates=["rate", "rr"], more=["before"])
    assert shown.rows() == [(1, None, None, None, None, True), (2, 50, 60, 0.8, 2.0, False)]


def test_rounded_tables_add_up_and_hide_nothing() -> None:
    for seed in range(FEW):
        frame, totals, parents = random_table(seed)
        shown = publish_counts(frame, by=list(totals), totals=totals, parents=parents, rounding=5)
        values = shown["count"].to_list()
        assert all(value % 5 == 0 for value in values)
        for line in equations(frame.select(list(totals)).rows(), list(totals), parents):
            assert sum(sign * values[k] for k, sign in line.items()) == 0
        assert shown.filter(frame["count"] == 0)["count"].sum() == 0


def test_flow_with_one_small_step_between_two_known_ends() -> None:
    flow = pl.DataFrame({"step": ["all", "age"], "excluded": [0, 4], "remaining": [500, 496]})
    shown = publish_flow(flow)
    assert shown["excluded"].to_list() == [0, None]
    assert shown["remaining"].to_list() == [None, 496]
