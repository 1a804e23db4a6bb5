"""A curve and its marks, published together: between any two shown values no small number of events."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics.disclosure.marked_curve import MOST_POINTS, publish_marked_curve

THRESHOLD = 11


def rows(steps: list[tuple[int, int]], group: str = "a") -> pl.DataFrame:
    """At each whole time some events and some censored."""
    left = sum(events + censored for events, censored in steps)
    found, survival = [], 1.0
    for time, (events, censored) in enumerate(steps):
        survival *= 1 - events / left if left else 1.0
        found.append((group, time, left, events, survival))
        left -= events + censored
    return pl.DataFrame(found, schema=["group", "time", "at_risk", "events", "survival"], orient="row")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 5)), min_size=1, max_size=40))
def test_no_small_number_between_any_two_shown_values(steps: list[tuple[int, int]]) -> None:
    curve = rows(steps)
    points, marked = publish_marked_curve(curve, [3, 9, 21], "group", THRESHOLD, values=["survival"])
    so_far = np.cumsum([events for events, _ in steps])
    at_risk = dict(curve.select("time", "at_risk").iter_rows())
    last = len(steps) - 1
    shown = [so_far[time] for time in points["time"]]
    shown += [so_far[min(int(time), last)] for time, _, hidden in marked.drop("group").rows() if not hidden]
    between = np.diff(np.sort(np.array([0, *shown])))
    assert ((between == 0) | (between >= THRESHOLD)).all()
    assert all(at_risk[time] >= THRESHOLD for time in points["time"])
    assert marked.filter(~pl.col("hidden"))["survival"].null_count() == 0
    assert marked.filter("hidden")["survival"].drop_nulls().is_empty()


def test_marks_come_first_and_groups_stay_apart() -> None:
    curve = pl.concat([rows([(0, 0), (12, 0), (5, 0), (20, 0), (0, 60)], "b"), rows([(3, 2)], "c")])
    points, marked = publish_marked_curve(curve, [2], "group", THRESHOLD, values=["survival"])
    assert points.rows() == [("b", 0, 1.0), ("b", 2, points["survival"][1]), ("b", 3, points["survival"][2]),
                             ("b", 4, points["survival"][3])]  # fmt: skip
    assert marked.select("group", "hidden").rows() == [("b", False), ("c", True)]


def test_several_kinds_of_events_each_hold_the_rule() -> None:
    curve = rows([(0, 0), (20, 0), (20, 0), (0, 50)]).with_columns(other=pl.Series([0, 3, 20, 0]))
    points, _ = publish_marked_curve(
        curve, [], "group", THRESHOLD, values=["survival"], events=["events", "other"]
    )
    assert points["time"].to_list() == [0, 2, 3]


def test_long_curves_are_thinned_and_empty_ones_stay_empty() -> None:
    long = rows([(20, 0)] * (3 * MOST_POINTS))
    points, _ = publish_marked_curve(long, [5], "group", THRESHOLD, values=["survival"])
    assert MOST_POINTS / 2 < points.height <= MOST_POINTS + 1
    points, marked = publish_marked_curve(long.clear(), [5], "group", THRESHOLD, values=["survival"])
    assert points.is_empty()
    assert marked.is_empty()


def test_one_kind_of_event_is_chosen_as_several_alike() -> None:
    random = np.random.default_rng(11)
    for size in (1, 7, 60, 900):
        rows = pl.DataFrame({
            "time": np.arange(size), "at_risk": np.sort(random.integers(1, 4 * size + 40, size))[::-1],
            "events": random.choice([0, 0, 1, 3, 15], size),
        }).with_columns(survival=pl.Series(np.linspace(1, 0.2, size)), again=pl.lit(0))  # fmt: skip
        marks = [size * share for share in (0.1, 0.3, 0.5, 0.9)]
        one = publish_marked_curve(rows, marks, values=["survival"])
        two = publish_marked_curve(rows, marks, values=["survival"], events=["events", "again"])
        for left, right in zip(one, two, strict=True):
            assert left.equals(right)


def test_a_step_that_leaves_few_is_not_shown() -> None:
    rows = pl.DataFrame({"time": [0, 1, 2], "at_risk": [60, 60, 40], "events": [0, 20, 37]})
    rows = rows.with_columns(survival=pl.Series([1.0, 2 / 3, 0.05]))
    points, _ = publish_marked_curve(rows, [], values=["survival"])
    assert points["time"].to_list() == [0, 1]


def test_a_step_after_which_few_are_left_is_not_shown() -> None:
    rows = pl.DataFrame({"time": [0, 1, 2], "at_risk": [100, 100, 40], "events": [0, 60, 37]})
    rows = rows.with_columns(survival=pl.Series([1.0, 0.4, 0.03]))
    points, marks = publish_marked_curve(rows, [1, 2], values=["survival"])
    assert points["time"].to_list() == [0, 1]
    assert marks["hidden"].to_list() == [False, True]
