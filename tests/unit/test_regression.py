"""Cox's model against slow plain Python; what has no estimate is refused in one line."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from registry.analytics import cox, parametric, predicted_survival, proportional_hazards
from registry.analytics.regression.concordance import concordance
from registry.errors import BadInput


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    chance = random.Random(4)
    rows = []
    for _ in range(50):
        start = chance.choice([0, 0, 0, 2, 3])
        rows.append((
            start, start + chance.randint(1, 6), chance.random() < 0.7, chance.choice([50, 60, 70, 80]), chance.choice("abc"),
            chance.choice("xy"),
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=["start", "days", "dead", "age", "stage", "site"], orient="row")


def likelihood(rows: list[dict], beta: list[float], efron: bool) -> float:  # type: ignore[type-arg]
    """Partial log likelihood as the papers write it."""

    def risk(row: dict) -> float:  # type: ignore[type-arg]
        return math.exp(
            beta[0] * row["age"] + beta[1] * (row["stage"] == "b") + beta[2] * (row["stage"] == "c")
        )

    total = 0.0
    for site, time in sorted({(row["site"], row["days"]) for row in rows if row["dead"]}):
        mine = [row for row in rows if row["site"] == site]
        at_risk = sum(risk(row) for row in mine if row["start"] < time <= row["days"])
        tied = [risk(row) for row in mine if row["dead"] and row["days"] == time]
        for place, own in enumerate(tied):
            off = place / len(tied) * sum(tied) if efron else 0.0
            total += math.log(own) - math.log(at_risk - off)
    return total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_has_the_largest_likelihood(people: pl.DataFrame, ties: str) -> None:
    fit = cox(people, ["age", "stage"], start="start", strata="site", ties=ties)
    rows, beta = people.to_dicts(), fit.coefficients.tolist()
    assert fit.terms["term"].to_list() == ["age", "stage=b", "stage=c"]
    assert fit.loglik == pytest.approx(likelihood(rows, beta, ties == "efron"), abs=1e-9)
    assert fit.loglik_null == pytest.approx(likelihood(rows, [0, 0, 0], ties == "efron"), abs=1e-9)
    for place, error in enumerate(fit.terms["se"]):
        step = 1e-3 * error
        moved = [[*beta[:place], beta[place] + sign * step, *beta[place + 1 :]] for sign in (1, -1)]
        high, low = (likelihood(rows, at, ties == "efron") for at in moved)
        assert (high - low) / (2 * step) == pytest.approx(0, abs=1e-4)
    information = np.linalg.inv(fit.covariance)
    step = 1e-4
    bent = [likelihood(rows, [beta[0] + k * step, *beta[1:]], ties == "efron") for k in (-1, 0, 1)]
    assert -(bent[0] - 2 * bent[1] + bent[2]) / step**2 == pytest.approx(information[0, 0], rel=1e-3)


def pairs(people: pl.DataFrame, risk: list[float], strata: bool, entry: bool) -> Iterator[float]:
    rows = list(zip(people.to_dicts(), risk, strict=True))
    for early, high in rows:
        for late, low in rows:
            if not early["dead"] or early is late or (strata and early["site"] != late["site"]):
                continue
            there = late["days"] > early["days"] or (late["days"] == early["days"] and not late["dead"])
            if there and not (entry and late["start"] >= early["days"]):
                yield 1.0 if high > low else 0.5 if high == low else 0.0


@pytest.mark.parametrize(("strata", "entry"), [(False, False), (True, False), (True, True)])
def test_concordance_by_counting_pairs(people: pl.DataFrame, strata: bool, entry: bool) -> None:
    risk = [row["age"] + 5.0 * (row["stage"] == "b") for row in people.to_dicts()]
    counted = list(pairs(people, risk, strata, entry))
    ours = concordance(
        np.array(risk), people["days"].to_numpy(), people["dead"].to_numpy(),
        people["start"].to_numpy() if entry else None, people["site"].to_numpy() if strata else None,
    )  # fmt: skip
    assert ours == pytest.approx(sum(counted) / len(counted), abs=1e-12)


def test_rows_with_gaps_are_left_out_and_order_does_not_matter(people: pl.DataFrame) -> None:
    fit = cox(people, ["age"])
    gap = pl.concat([people, people[:1].with_columns(age=pl.lit(None, pl.Int64))]).reverse()
    again = cox(gap, ["age"])
    assert again.n == fit.n == 50
    assert again.coefficients == pytest.approx(fit.coefficients)


def test_robust_error_of_rows_that_stand_for_themselves(people: pl.DataFrame) -> None:
    """Each row twice under one number: the naive error shrinks, the robust one stays."""
    numbered = people.with_row_index("who")
    once, twice = (
        cox(frame, ["age"], ties="breslow", cluster="who") for frame in (numbered, pl.concat([numbered] * 2))
    )
    assert twice.terms["se"].item() == pytest.approx(once.terms["se"].item() / math.sqrt(2))
    assert twice.terms["robust_se"].item() == pytest.approx(once.terms["robust_se"].item())


BASE = {"days": [1, 2, 3, 4, 5, 6, 7, 8], "dead": [1] * 4 + [0] * 4}


@pytest.mark.parametrize(("columns", "message"), [
    ({"x": [1] * 4 + [0] * 4}, "x has no finite estimate"),
    ({"x": list(range(8)), "y": [2 * k + 1 for k in range(8)]}, "y is constant or follows"),
    ({"x": [3] * 8}, "x is constant"),
    ({"x": ["a"] * 8}, "one level only"),
    ({"x": [None] * 8}, "no events"),
    ({"x": list(range(8)), "dead": [0] * 8}, "no events"),
    ({"x": list(range(8)), "dead": [2] * 8}, "neither true/false"),
], ids=["separated", "collinear", "constant", "one-level", "nobody", "no-events", "codes"])  # fmt: skip
def test_what_cannot_be_estimated_is_one_line(columns: dict[str, list[object]], message: str) -> None:
    frame = pl.DataFrame({**BASE, **columns})
    with pytest.raises(BadInput, match=message) as caught:
        cox(frame, [name for name in columns if name != "dead"])
    assert "\n" not in str(caught.value)


def test_exponential_rates_are_events_over_time(people: pl.DataFrame) -> None:
    fit = parametric(people.filter(pl.col("stage") != "c"), ["stage"], model="exponential")
    sums = people.group_by("stage").agg(pl.col("days").sum() / pl.col("dead").sum()).sort("stage")["days"]
    assert fit.terms["time_ratio"].to_list()[:2] == pytest.approx([sums[1] / sums[0], sums[0]])
    assert fit.terms["se"].to_list()[-1] == 0


def test_questions_that_make_no_sense(people: pl.DataFrame) -> None:
    for act, message in (
        (lambda: cox(people, []), "no covariates"),
        (lambda: cox(people, ["none"]), "no column none"),
        (lambda: cox(people, ["age"], ties="exact"), "no way with ties"),
        (lambda: cox(people, ["age"], start="days"), "end before they start"),
        (lambda: parametric(people, ["age"], model="gamma"), "use weibull"),
        (lambda: predicted_survival(cox(people, ["age"], strata="site"), people, [1]), "stratified"),
        (lambda: predicted_survival(cox(people, ["age"]), people.select("site"), [1]), "age is needed"),
        (lambda: proportional_hazards(cox(people, ["age"]), "cube"), "no transform"),
    ):
        with pytest.raises(BadInput, match=message):
            act()
