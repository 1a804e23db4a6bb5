"""Stage, treatment, delays, observed and expected deaths, funnels and class of case against plain Python, row by row."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from statistics import mean

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics.outcomes.class_of_case import flow_group, transfers
from registry.analytics.outcomes.delays import PERCENTILES, begun_curve, time_to
from registry.analytics.outcomes.expected import observed_expected
from registry.analytics.outcomes.funnel_plot import binomial_limits, funnel, funnel_lines, poisson_limits
from registry.analytics.outcomes.limits import clopper_pearson, wilson
from registry.analytics.outcomes.stage_mix import caution, stage_distribution, stage_migration
from registry.analytics.outcomes.treatment import combinations, modality_shares, with_treatment

FEW = settings(max_examples=60, deadline=None)
DAYS = st.one_of(st.none(), st.integers(-5, 60))
CASES = st.lists(st.tuples(st.sampled_from(["A", "B", "Ç, d"]), DAYS, st.booleans(), st.one_of(st.none(), st.integers(0, 80))), min_size=1, max_size=40)  # fmt: skip


def plain_begun(cases: list[tuple[int | None, int]], horizon: int) -> list[float]:
    """Share begun by each day, from (day begun or None, days followed)."""
    share, alive = [], 1.0
    for day in range(horizon + 1):
        at_risk = begun = 0
        for start, followed in cases:
            end = followed if start is None else start
            if min(end, horizon) >= day:
                at_risk += 1
                begun += start == day
        if at_risk:
            alive *= 1 - begun / at_risk
        share.append(1 - alive)
    return share


@FEW
@given(CASES, st.sampled_from([20, 50, 365]))
def test_time_to_treatment(rows: list[tuple[str, int | None, bool, int | None]], horizon: int) -> None:
    frame = pl.DataFrame(rows, schema={"group": pl.String, "days": pl.Int32, "begun": pl.Boolean, "followed": pl.Int32}, orient="row")  # fmt: skip
    got = {row["group"]: row for row in time_to(frame, "days", ["group"], begun="begun", horizon=horizon).iter_rows(named=True)}  # fmt: skip
    curves = begun_curve(frame, "days", ["group"], begun="begun", horizon=horizon)
    assert list(got) == sorted({row[0] for row in rows})
    for name, found in got.items():
        mine = [row for row in rows if row[0] == name]
        waits = sorted(max(day, 0) for _, day, _, _ in mine if day is not None)
        rest = [max(last or 0, 0) for _, day, begun, last in mine if day is None and not begun]
        assert (found["total"], found["treated"], found["untreated"]) == (len(mine), len(waits), len(rest))
        assert found["undated"] == len(mine) - len(waits) - len(rest)
        for percent in PERCENTILES:
            first = next(
                (day for day in waits if 100 * sum(wait <= day for wait in waits) >= percent * len(waits)),
                None,
            )
            assert found[f"p{percent}"] == first
        if not waits and not rest:
            assert found["begun_30"] is None and found["km_p50"] is None
            continue
        share = plain_begun([(day, 0) for day in waits] + [(None, last) for last in rest], horizon)
        assert found["begun_60"] == pytest.approx(100 * share[min(60, horizon)], abs=1e-9)
        for percent in PERCENTILES:
            reached = next((day for day, value in enumerate(share) if value >= percent / 100 - 1e-12), None)
            assert found[f"km_p{percent}"] == reached
        curve = curves.filter(pl.col("group") == name)
        assert curve["begun"].to_list() == pytest.approx([100 * share[day] for day in curve["day"]], abs=1e-9)
        assert curve["events"].sum() == sum(wait <= horizon for wait in waits)


PEOPLE = st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.sampled_from("LRD"), st.sampled_from("12"), st.integers(0, 40), st.booleans()), min_size=1, max_size=60)  # fmt: skip


@FEW
@given(PEOPLE, st.integers(1, 5))
def test_observed_and_expected(rows: list[tuple[str | None, str, str, int, bool]], smallest: int) -> None:
    names = {
        "facility": pl.String,
        "stage": pl.String,
        "age": pl.String,
        "days": pl.Int64,
        "dead": pl.Boolean,
    }
    frame = pl.DataFrame(rows, schema=names, orient="row")
    got = observed_expected(frame, mix=["stage", "age"], horizon=30, smallest=smallest)
    cells = [(stage, age) for _, stage, age, _, _ in rows]
    sizes = Counter(cells)
    cells = [cell if sizes[cell] >= smallest else (cell[0], "*") for cell in cells]
    sizes = Counter(cells)
    cells = [cell if cell[1] != "*" or sizes[cell] >= smallest else ("*", "*") for cell in cells]
    observed: dict[str, int] = defaultdict(int)
    expected: dict[str, float] = defaultdict(float)
    for (facility, _, _, days, dead), cell in zip(rows, cells, strict=True):
        if facility is None:
            continue
        peers = [
            (min(other[3], 30), other[4] and other[3] <= 30)
            for other, its in zip(rows, cells, strict=True)
            if its == cell
        ]
        hazard = 0.0
        for day in range(min(days, 30) + 1):
            at_risk = sum(end >= day for end, _ in peers)
            hazard += sum(died and end == day for end, died in peers) / at_risk if at_risk else 0
        observed[facility] += dead and days <= 30
        expected[facility] += hazard
    assert got["facility"].to_list() == sorted(expected)
    assert got["observed"].to_list() == [observed[name] for name in sorted(expected)]
    assert got["expected"].to_list() == pytest.approx([expected[name] for name in sorted(expected)], abs=1e-9)


def test_expected_deaths_of_all_add_up_to_the_observed() -> None:
    rng = np.random.default_rng(3)
    size = 3_000
    frame = pl.DataFrame({
        "facility": rng.choice(list("ABCDE"), size), "stage": rng.choice(list("LRD"), size), "site_group": rng.choice(list("xyz"), size),
        "age_group": rng.choice(list("123456789"), size), "days": rng.integers(0, 3000, size), "dead": rng.random(size) < 0.5,
    })  # fmt: skip
    got = observed_expected(frame, mix=["stage", "site_group", "age_group"], horizon=1826)
    assert got["expected"].sum() == pytest.approx(got["observed"].sum(), abs=1e-8)
    assert got.filter(pl.col("lower") <= pl.col("ratio"), pl.col("ratio") <= pl.col("upper")).height == 5


def plain_binomial(r: int, n: int, p: float) -> float:
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(r + 1))


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.9), (40, 0.85), (150, 0.3)])
def test_binomial_funnel_from_the_definition(n: int, p: float) -> None:
    limits = binomial_limits(np.array([n]), p)
    for level, tails in (("95", (0.025, 0.975)), ("99_8", (0.001, 0.999))):
        for side, tail in zip(limits[level], tails, strict=True):
            r = next(k for k in range(n + 1) if plain_binomial(k, n, p) >= tail)
            at, below = plain_binomial(r, n, p), plain_binomial(r - 1, n, p) if r else 0.0
            assert side[0] == pytest.approx(min(1, max(0, (r - (at - tail) / (at - below)) / n)), abs=1e-9)


def test_poisson_funnel_holds_its_level() -> None:
    low, high = poisson_limits(np.array([25.0]))["95"]
    draws = np.random.default_rng(1).poisson(25, 200_000) / 25
    assert np.mean((draws < low[0]) | (draws > high[0])) == pytest.approx(0.05, abs=0.02)
    hospitals = pl.DataFrame({"group": ["A", "B", "C"], "met": [0, 85, 100], "total": [0, 100, 100]})
    shown = funnel(hospitals, 85)
    assert shown["zone"].to_list() == ["as expected", "beyond 99.8 %"]
    assert shown["side"].to_list() == ["at", "above"]
    assert funnel_lines([], 85).height == 0


@pytest.mark.parametrize(("events", "trials"), [(0, 5), (3, 9), (9, 9), (250, 1000)])
def test_limits_of_shares(events: int, trials: int) -> None:
    low, high = (float(side[0]) for side in clopper_pearson(np.array([events]), np.array([trials])))
    if events:
        assert 1 - plain_binomial(events - 1, trials, low) == pytest.approx(0.025, abs=1e-9)
    if events < trials:
        assert plain_binomial(events, trials, high) == pytest.approx(0.025, abs=1e-9)
    below, above = (float(side[0]) for side in wilson(np.array([events]), np.array([trials])))
    for limit in (below, above):  # the score test at each limit is exactly 1.96
        if 0 < limit < 1:
            z = (events / trials - limit) / math.sqrt(limit * (1 - limit) / trials)
            assert abs(z) == pytest.approx(1.959963984540054, abs=1e-9)
    assert np.isnan(wilson(np.array([0]), np.array([0]))[0][0])


STAGES = ["Localized", "Regional", "Distant", "Unknown or unstaged", "Benign or borderline"]


@FEW
@given(st.lists(st.tuples(st.integers(2008, 2019), st.sampled_from(STAGES)), max_size=60))
def test_stage_distribution_and_migration(rows: list[tuple[int, str]]) -> None:
    frame = pl.DataFrame(rows, schema={"year": pl.Int16, "stage": pl.String}, orient="row")
    for row in stage_distribution(frame, ["year"]).iter_rows(named=True):
        mine = [stage for year, stage in rows if year == row["year"]]
        assert (row["count"], row["total"]) == (mine.count(row["stage"]), len(mine))
        assert row["percent"] == pytest.approx(100 * row["count"] / row["total"])
    periods = [(2008, 2012), (2013, 2019)]
    found = stage_migration(frame, periods)
    known = [
        [stage for year, stage in rows if first <= year <= last and stage != STAGES[3]]
        for first, last in periods
    ]
    for row in found.filter(pl.col("stage") == "Localized", pl.col("period") == "2013-2019").iter_rows(
        named=True
    ):
        if all(known):
            now, then = (part.count("Localized") / len(part) for part in reversed(known))
            assert row["change"] == pytest.approx(100 * (now - then), abs=1e-9)
            assert row["change_lower"] <= row["change"] <= row["change_upper"]
        else:
            assert row["change"] is None


def test_will_rogers_caution() -> None:
    stages = ["Localized"] * 60 + ["Distant"] * 40 + ["Localized"] * 50 + ["Distant"] * 50
    frame = pl.DataFrame({"year": [2010] * 100 + [2020] * 100, "stage": stages})
    assert "Will Rogers" in (caution(stage_migration(frame, [(2010, 2010), (2020, 2020)])) or "")
    assert caution(stage_migration(frame, [(2010, 2010), (2011, 2011)])) is None


def plain_given(row: dict[str, str | int | None]) -> dict[str, str]:
    new, old = row["rxSummSurgPrimSite2023"], row["rxSummSurgPrimSite"]
    newer = int(str(new)[1:3]) if new else None
    older = int(str(old)) if old else None
    both = [newer, older] if int(row["year"] or 0) >= 2023 else [older, newer]
    code = next((value for value in both if value is not None), None)
    surgery = "unknown" if code is None or code == 99 else "no" if code in (0, 98) else "yes"
    beam = row["phase1RadiationTreatmentModality"]
    older_beam = row["rxSummRadiation"]
    radiation = "no" if beam == "00" else "yes" if beam in ("02", "98") else None
    radiation = radiation or {"0": "no", "7": "no", "1": "yes"}.get(str(older_beam), "unknown")
    chemo = {"00": "no", "87": "no", "82": "no", "03": "yes"}.get(str(row["rxSummChemo"]), "unknown")
    return {"surgery": surgery, "radiation": radiation, "chemo": chemo}


TREATED = st.fixed_dictionaries({
    "year": st.sampled_from([2015, 2022, 2023, 2024]), "rxSummSurgPrimSite2023": st.sampled_from([None, "A000", "B220", "A980", "A990"]),
    "rxSummSurgPrimSite": st.sampled_from([None, "00", "30", "90", "98", "99"]),
    "phase1RadiationTreatmentModality": st.sampled_from([None, "00", "02", "98", "99"]), "rxSummRadiation": st.sampled_from([None, "0", "1", "7", "8", "9"]),
    "rxSummChemo": st.sampled_from([None, "00", "03", "82", "87", "88", "99"]), "rxSummTreatmentStatus": st.sampled_from([None, "0", "1", "2"]),
})  # fmt: skip


@FEW
@given(st.lists(TREATED, min_size=1, max_size=40))
def test_treatment_of_each_tumor(rows: list[dict[str, str | int | None]]) -> None:
    found = with_treatment(pl.DataFrame(rows, infer_schema_length=None))
    words = {"surgery": "Surgery", "radiation": "Radiation", "chemo": "Chemotherapy"}
    for row, got in zip(rows, found.iter_rows(named=True), strict=True):
        wanted = plain_given(row)
        assert {name: got[name] for name in wanted} == wanted
        together = " + ".join(word for name, word in words.items() if wanted[name] == "yes")
        if not together:
            together = "Active surveillance" if row["rxSummTreatmentStatus"] == "2" else (
                "Unknown" if "unknown" in wanted.values() else "No treatment"
            )  # fmt: skip
        assert got["treatment"] == together
    table = combinations(found, ["year"], most=2)
    assert table["count"].sum() == len(rows)
    assert table.group_by("year").agg(pl.col("count").sum(), pl.col("total").first()).filter(pl.col("count") != pl.col("total")).is_empty()  # fmt: skip
    shares = modality_shares(found, [])
    assert (shares["yes"] + shares["no"] + shares["unknown"]).to_list() == [len(rows)] * 7


def test_class_of_case_groups_and_transfers() -> None:
    every = [*range(0, 1), *range(10, 15), 20, 21, 22, *range(30, 39), *range(40, 44), 49, 99]
    groups = pl.DataFrame({"class_of_case": every}).select(flow_group()).to_series().cast(pl.String).to_list()
    assert (
        groups.count("Unknown") == 1 and mean(group.startswith("Diagnosed here") for group in groups[:6]) == 1
    )
    cases = [(1, "A", 0), (1, "B", 21), (1, "C", 21), (2, "B", 14), (3, "C", 22), (4, "A", 0), (5, "A", 32)]
    frame = pl.DataFrame(cases, schema=["tumor_id", "facility", "class_of_case"], orient="row")
    elsewhere = "elsewhere or none"
    assert transfers(frame).rows() == [
        ("A", "B", 1), ("A", "C", 1), ("A", elsewhere, 1), ("B", "B", 1), (elsewhere, "C", 1)
    ]  # fmt: skip
