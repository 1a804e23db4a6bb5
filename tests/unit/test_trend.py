"""Trends by numbers from the definition: least squares, limits, averages, criteria, what is refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest

from registry.analytics import annual_percent_change, joinpoint, poisson_percent_change
from registry.analytics.trend import average_percent_change, trends
from registry.analytics.trend.choice import candidates, criterion, permutation_p
from registry.analytics.trend.grid import fit, legal_sets, most_joinpoints
from registry.analytics.trend.limits import segment_slopes
from registry.analytics.trend.series import series_from
from registry.analytics.trend.slopes import Slope
from registry.analytics.trend.student import quantile, two_sided
from registry.errors import BadInput


def bent(
    years: int, turns: dict[int, float], first: float, noise: float = 0.0, seed: int = 1, start: int = 1990
) -> pl.DataFrame:
    """Rates whose log slope is `first` and changes by turns[year] from each of these years on."""
    year = np.arange(start, start + years)
    log = math.log(50) + first * (year - start)
    for turn, change in turns.items():
        log = log + change * np.maximum(year - turn, 0)
    log = log + np.random.default_rng(seed).normal(0, noise, years) if noise else log
    rate = np.exp(log)
    return pl.DataFrame({"year": year, "rate": rate, "se": np.maximum(noise, 0.01) * rate})


def test_weighted_line_by_hand() -> None:
    """Three points 0, 1, 1 on the log scale with weights 1, 1, 4."""
    rates = np.exp([0.0, 1.0, 1.0])
    frame = pl.DataFrame(
        {"year": [2002, 2000, 2001], "rate": rates[[2, 0, 1]], "se": (rates / [1, 1, 2])[[2, 0, 1]]}
    )
    answer = annual_percent_change(frame)
    # sums: weight 6, mean year 9/6, mean value 5/6, spread 3.5, product 1.5 (all about the weighted means)
    assert answer["slope"] == pytest.approx(1.5 / 3.5)
    squares = (1 + 4 - 25 / 6) - 1.5**2 / 3.5
    assert answer["se_log_slope"] == pytest.approx(math.sqrt(squares / 1 / 3.5))
    assert answer["apc"] == pytest.approx(100 * (math.exp(1.5 / 3.5) - 1))
    reach = 12.706204736432095 * answer["se_log_slope"]  # Student's t with 1 degree of freedom
    assert answer["upper"] == pytest.approx(100 * (math.exp(1.5 / 3.5 + reach) - 1))
    assert (answer["first_year"], answer["last_year"], answer["df"]) == (2000, 2002, 1)


def test_two_years_have_a_change_but_no_limits() -> None:
    answer = annual_percent_change(pl.DataFrame({"year": [2000, 2004], "rate": [10.0, 20.0], "se": [1, 1]}))
    assert answer["apc"] == pytest.approx(100 * (2**0.25 - 1))
    assert math.isnan(answer["lower"]) and math.isnan(answer["p"]) and math.isnan(answer["se_log_slope"])


def test_poisson_solves_its_equations_also_with_years_without_a_case() -> None:
    years = np.arange(2000, 2008)
    counts, people = np.array([0, 3, 0, 1, 4, 0, 2, 9]), np.linspace(1e4, 3e4, 8)
    answer = poisson_percent_change(pl.DataFrame({"year": years, "count": counts, "population": people}))
    shape = people * np.exp(answer["slope"] * (years - 2000))
    expected = shape * counts.sum() / shape.sum()
    assert expected @ years == pytest.approx(counts @ years)  # the score equation of the slope
    spread = expected @ years.astype(float) ** 2 - (expected @ years) ** 2 / expected.sum()
    assert answer["se_log_slope"] == pytest.approx(1 / math.sqrt(spread))
    assert answer["upper"] == pytest.approx(
        100 * math.expm1(answer["slope"] + 1.959963984540054 * answer["se_log_slope"])
    )


@pytest.mark.parametrize("counts", [[0, 0, 0, 5, 100_000], [10**7, 3, 0, 0, 0], [0, 0, 7, 0, 0]])
def test_poisson_settles_on_steep_counts(counts: list[int]) -> None:
    frame = pl.DataFrame({"year": range(5), "count": counts, "population": [1e6, 2.0, 1e6, 1e6, 5e5]})
    answer = poisson_percent_change(frame)
    shape = frame["population"].to_numpy() * np.exp(answer["slope"] * np.arange(5))
    expected = shape * sum(counts) / shape.sum()
    assert expected @ np.arange(5) == pytest.approx(np.array(counts) @ np.arange(5), rel=1e-8)


def test_legal_sets_keep_their_distance() -> None:
    for size, joinpoints in ((8, 2), (12, 2), (14, 3), (15, 4), (9, 0)):
        sets = legal_sets(size, joinpoints).tolist()
        from itertools import combinations

        wanted = [
            list(one)
            for one in combinations(range(size), joinpoints)
            if all(2 <= place <= size - 3 for place in one)
            and all(after - before >= 3 for before, after in itertools.pairwise(one))
        ]
        assert sets == wanted
        assert (joinpoints <= most_joinpoints(size)) == bool(wanted)


def test_a_series_without_noise_is_found_exactly() -> None:
    model = joinpoint(bent(30, {1998: -0.03, 2010: 0.05}, 0.02))
    assert model.joinpoints == (1998, 2010)
    assert model.segments["apc"].to_numpy() == pytest.approx(100 * np.expm1([0.02, -0.01, 0.04]), abs=1e-9)
    assert model.segments.select("first_year", "last_year").rows() == [
        (1990, 1998),
        (1998, 2010),
        (2010, 2019),
    ]
    assert model.fitted["fitted"].to_numpy() == pytest.approx(model.fitted["observed"].to_numpy(), rel=1e-12)


def test_ties_take_the_earliest_joinpoints() -> None:
    straight = pl.DataFrame({"year": range(2000, 2020), "rate": [10.0] * 20, "se": [1.0] * 20})
    for joinpoints, wanted in ((1, (2002,)), (2, (2002, 2005)), (3, (2002, 2005, 2008))):
        assert joinpoint(straight, joinpoints=joinpoints).joinpoints == wanted
    assert joinpoint(straight).joinpoints == ()
    assert joinpoint(straight, select="permutation", permutations=99).joinpoints == ()


def test_symmetric_series_tie_to_the_earlier_one() -> None:
    """0 … 0 1 2 2 1 0 … 0 on the log scale reads the same from both ends: two sets fit equally well."""
    shape = np.array([0, 0, 0, 0, 1, 2, 2, 1, 0, 0, 0, 0])
    frame = pl.DataFrame({"year": range(12), "rate": np.exp(0.1 * shape), "se": np.exp(0.1 * shape)})
    (year,) = joinpoint(frame, joinpoints=1).joinpoints
    turned = joinpoint(
        frame.with_columns(rate=frame["rate"].reverse(), se=frame["se"].reverse()), joinpoints=1
    )
    assert turned.joinpoints == (year,) and year < 6


def test_years_without_a_row_are_no_candidates() -> None:
    frame = bent(30, {2004: -0.06}, 0.02, noise=0.005).filter(~pl.col("year").is_in([1995, 2004, 2011]))
    assert joinpoint(frame, joinpoints=1).joinpoints[0] in (2003, 2005)


def test_order_of_rows_and_unit_of_rates_do_not_matter() -> None:
    frame = bent(25, {2001: -0.05}, 0.03, noise=0.01)
    one = joinpoint(frame)
    other = joinpoint(frame.reverse().with_columns(pl.col("rate", "se") * 1000))
    assert one.joinpoints == other.joinpoints
    assert one.segments["apc"].to_numpy() == pytest.approx(other.segments["apc"].to_numpy(), abs=1e-9)


def test_slopes_of_segments_are_sure_as_separate_lines_are() -> None:
    """Standard errors by the definition: a line in each segment without the joinpoints, one variance for all."""
    series = series_from(bent(16, {1997: -0.1}, 0.04, noise=0.02, seed=4))
    places = (7,)
    coefficients, _ = fit(series, places)
    squares, spreads = 0.0, []
    for inside in (range(7), range(8, 16)):
        x, y, w = (values[list(inside)] for values in (series.years, series.log_rate, series.weights))
        matrix = np.column_stack([np.ones(x.size), x])
        gram = matrix.T @ (w[:, None] * matrix)
        line = np.linalg.solve(gram, matrix.T @ (w * y))
        squares += float(w @ (y - matrix @ line) ** 2)
        spreads.append(np.linalg.inv(gram)[1, 1])
    wanted = np.sqrt(squares / (16 - 1 - 4) * np.array(spreads))
    found = segment_slopes(series, places, coefficients)
    assert [slope.se for slope in found] == pytest.approx(list(wanted), rel=1e-6)
    assert [slope.df for slope in found] == [11, 11]
    assert [slope.slope for slope in found] == pytest.approx(
        [coefficients[1], coefficients[1] + coefficients[2]]
    )


def test_least_data_leaves_limits_empty() -> None:
    model = joinpoint(bent(5, {1992: -0.1}, 0.04, noise=0.01), joinpoints=1)
    assert model.joinpoints == (1992,)
    assert model.segments["p"].null_count() == 2 and model.segments["apc"].is_finite().all()
    assert model.locations["lower"].to_list() == [1992]  # 1 degree of freedom, one candidate


def test_limits_of_joinpoints_by_the_definition() -> None:
    """A year is inside when the best model with a joinpoint held there is not worse than F(1, df) allows."""
    series = series_from(frame := bent(24, {1997: -0.05, 2006: 0.06}, 0.03, noise=0.02, seed=5))
    model = joinpoint(frame, joinpoints=2)
    allowed = model.sse * (1 + 4.413873419170566 / model.df)  # F(1, 18) at 0.95
    inside: list[set[float]] = [set(), set()]
    for places in legal_sets(24, 2):
        if fit(series, tuple(places))[1] <= allowed:
            for order, place in enumerate(places):
                inside[order].add(float(series.years[place]))
    assert model.df == 18
    assert model.locations.rows() == [
        (at, min(own), max(own)) for at, own in zip(model.joinpoints, inside, strict=True)
    ]


def test_average_weighs_segments_by_their_length_in_the_span() -> None:
    edges, slopes = (
        [1990, 2000, 2004, 2010],
        [Slope(0.02, 0.002, 9), Slope(-0.1, 0.01, 9), Slope(0.01, 0.003, 9)],
    )
    average = average_percent_change(edges, slopes, 1998, 2006)
    assert average.slope == pytest.approx((2 * 0.02 - 4 * 0.1 + 2 * 0.01) / 8)
    assert average.se == pytest.approx(math.sqrt((2 * 0.002) ** 2 + (4 * 0.01) ** 2 + (2 * 0.003) ** 2) / 8)
    assert math.isinf(average.df)
    assert average_percent_change(edges, slopes, 2004, 2010) == slopes[2]  # within a segment: Student's t
    with pytest.raises(BadInput, match="1980-2000 is not within 1990-2010"):
        average_percent_change(edges, slopes, 1980, 2000)


def test_model_averages() -> None:
    model = joinpoint(bent(30, {2010: -0.04}, 0.02, noise=0.001))
    assert model.joinpoints == (2010,)
    everything = model.average()
    apc = model.segments["slope"].to_list()
    assert everything["aapc"] == pytest.approx(100 * math.expm1((20 * apc[0] + 9 * apc[1]) / 29))
    assert model.average(2012)["aapc"] == pytest.approx(model.segments["apc"][1])


def test_criteria_by_their_formulas() -> None:
    series = series_from(frame := bent(20, {2000: -0.05}, 0.02, noise=0.02))
    model = joinpoint(frame, max_joinpoints=2)
    for count, sse, bic, bic3, wbic in model.criteria.rows():
        assert bic == pytest.approx(math.log(sse / 20) + 2 * (count + 1) * math.log(20) / 20)
        assert bic3 == pytest.approx(math.log(sse / 20) + (3 * count + 2) * math.log(20) / 20)
        assert bic <= wbic <= bic3
    assert criterion(0.0, series, 0, 2) > -math.inf
    assert len(model.joinpoints) == model.criteria.sort("bic")["joinpoints"][0]


def test_permutation_p_by_slow_python() -> None:
    """The same permutations, each searched one model at a time."""
    series = series_from(bent(12, {1995: -0.05}, 0.02, noise=0.02, seed=2))
    found = candidates(series, 0, 2)
    random = np.random.default_rng([7160, 1, 2])
    root = series.root
    coefficients, squares = fit(series, found[1].places)
    place = found[1].places[0]
    years = series.years
    line = (
        np.column_stack([np.ones(12), years - years[0], np.maximum(years - years[place], 0)]) @ coefficients
    )
    rest = np.broadcast_to(root * (series.log_rate - line), (49, 12))
    larger = 0
    for shuffled in random.permuted(rest, axis=1):
        other = series_from(
            pl.DataFrame(
                {
                    "year": years,
                    "rate": np.exp(line + shuffled / root),
                    "se": np.exp(line + shuffled / root) / root,
                }
            )
        )
        least = [min(fit(other, tuple(one))[1] for one in legal_sets(12, number)) for number in (1, 2)]
        larger += least[0] / least[1] >= squares / found[2].squares
    assert permutation_p(series, found, 1, 2, permutations=49, seed=7160) == (1 + larger) / 50


def test_sequential_tests_follow_their_levels() -> None:
    frame = bent(30, {2000: -0.06}, 0.03, noise=0.01)
    model = joinpoint(frame, select="permutation", permutations=199, max_joinpoints=3)
    assert model.joinpoints == (2000,)
    steps = model.tests.rows(named=True)
    assert (steps[0]["null"], steps[0]["alternative"]) == (0, 3)
    for before, after in itertools.pairwise(steps):
        moved = (1, 0) if before["rejected"] else (0, -1)
        assert (after["null"] - before["null"], after["alternative"] - before["alternative"]) == moved
    assert all(step["alpha"] == pytest.approx(0.05 / (3 - step["null"])) for step in steps)
    assert all(step["rejected"] == (step["p"] < step["alpha"]) for step in steps)
    again = joinpoint(frame, select="permutation", permutations=199, max_joinpoints=3)
    assert again.tests.equals(model.tests)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": [1.0, 0.0, 2.0]}, 'series "north": the rate of 2001 is 0; a log-linear trend needs values above 0'),
        ({"rate": [1.0, None, 2.0]}, 'series "north": the rate of 2001 is missing or not above 0'),
        ({"se": [1.0, 0.0, 2.0]}, 'series "north": the se of 2001 is 0; a log-linear trend needs values above 0'),
        ({"year": [2000, 2001, 2001]}, 'series "north": the year 2001 comes twice; a series has one row a year'),
        ({"year": [2000, None, 2001]}, 'series "north": a year is missing'),
        ({"rate": ["1", "x", "2"]}, 'series "north": year, rate, se must be numbers'),
    ],
)  # fmt: skip
def test_what_a_series_must_not_be(change: dict[str, list[object]], message: str) -> None:
    frame = pl.DataFrame({"year": [2000, 2001, 2002], "rate": [1.0, 2.0, 3.0], "se": [1.0] * 3} | change)
    with pytest.raises(BadInput) as refused:
        joinpoint(frame, name="north")
    assert str(refused.value) == message


def test_requests_that_are_refused() -> None:
    frame = bent(10, {}, 0.02, noise=0.01)
    with pytest.raises(BadInput, match="10 years have no room for 3 joinpoints; ask for 2 at most"):
        joinpoint(frame, joinpoints=3)
    with pytest.raises(BadInput, match='"aic" is no way to select'):
        joinpoint(frame, select="aic")
    with pytest.raises(BadInput, match="0 or more"):
        joinpoint(frame, joinpoints=-1)
    with pytest.raises(BadInput, match="1 years"):
        joinpoint(frame.head(1))
    assert set(joinpoint(frame, max_joinpoints=9).criteria["joinpoints"]) == {0, 1, 2}


def test_poisson_refusals() -> None:
    base = {"year": [2000, 2001, 2002], "count": [1, 2, 3], "population": [10.0, 10.0, 10.0]}
    for change, message in (
        ({"count": [0, 0, 0]}, "no case in any year"),
        ({"count": [0, 0, 3]}, "all cases are in the first or in the last year"),
        ({"count": [1, -1, 3]}, "a count is missing or below 0"),
        ({"population": [10.0, 0.0, 3.0]}, "the population of 2001 is 0"),
    ):
        with pytest.raises(BadInput, match=message):
            poisson_percent_change(pl.DataFrame(base | change))


def test_student_as_in_scipy() -> None:
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    for df in (1, 2, 3, 7, 19, 33, 120, 1000):
        for t in (0.0, 0.001, 0.3, 1.0, 2.2, 5.0, 12.0, 40.0):
            assert two_sided(-t, df) == pytest.approx(2 * stdtr(df, -t), rel=1e-11)
        for share in (0.5, 0.75, 0.95, 0.975, 0.995, 0.9999):
            assert quantile(share, df) == pytest.approx(stdtrit(df, share), rel=1e-11, abs=1e-11)
    assert two_sided(3.0, math.inf) == pytest.approx(2 * ndtr(-3.0), rel=1e-13)
    assert quantile(0.995, math.inf) == pytest.approx(ndtri(0.995), rel=1e-13)


def test_trends_of_groups_say_who_has_none_and_why() -> None:
    steady = bent(20, {2001: -0.05}, 0.02, noise=0.004).with_columns(
        hidden=False, incomplete=pl.col("year") == 2009
    )
    late = steady.with_columns(rate=pl.when(pl.col("incomplete")).then(1.0).otherwise("rate"))
    small = steady.with_columns(
        hidden=pl.col("year") == 1995, rate=pl.when(pl.col("year") == 1995).then(None).otherwise("rate")
    )
    gap = steady.with_columns(rate=pl.when(pl.col("year") == 1995).then(None).otherwise("rate"))
    empty = steady.with_columns(rate=pl.when(pl.col("year") == 1995).then(0.0).otherwise("rate"), se=0.0)
    parts = {
        "south": late,
        "north": small,
        "gap": gap,
        "none": empty,
        "short": steady.tail(2),
        "still": steady.head(2),
    }
    rates = pl.concat([part.with_columns(group=pl.lit(name)) for name, part in parts.items()])
    found = trends(rates, max_joinpoints=2)
    assert found.left_out.rows() == [
        ("north", "a year has too few cases to be shown"),
        ("none", "a year has no case"),
        ("short", "fewer than two years with a rate"),
    ]
    assert found.segments["group"].unique(maintain_order=True).to_list() == ["south", "gap", "still"]
    alone = joinpoint(steady.filter(~pl.col("incomplete")), max_joinpoints=2)
    south = found.segments.filter(group="south")
    assert (
        south.select("first_year", "last_year", "apc", "p").rows()
        == alone.segments.select("first_year", "last_year", "apc", "p").rows()
    )
    assert found.locations.filter(group="south").drop("group").rows() == alone.locations.rows()
    assert found.fitted.filter(group="gap")["year"].to_list() == [
        year for year in range(1990, 2009) if year != 1995
    ]
    spans = found.averages.filter(group="south").select("span", "first_year", "last_year").rows()
    assert spans == [("all years", 1990, 2008), ("last 10 years", 1999, 2008), ("last 5 years", 2004, 2008)]
    assert found.averages.filter(group="still")["lower"].to_list() == [None]
    with pytest.raises(BadInput, match="is no way to select"):
        trends(rates, select="aic")


def test_weighted_bic_by_its_formula() -> None:
    """The partial R² of each hinge in a regression of its two segments, by two least-squares fits."""
    frame = bent(24, {1997: -0.05, 2006: 0.03}, 0.03, noise=0.02, seed=5)
    series = series_from(frame)
    model = joinpoint(frame, joinpoints=2)
    places = [int(np.flatnonzero(series.years == year)[0]) for year in model.joinpoints]
    shares = []
    for at, inside in zip(places, (slice(0, places[1] + 1), slice(places[0] + 1, 24)), strict=True):
        x, root = series.years[inside], series.root[inside]
        columns = [np.ones(x.size), x - 2000, np.maximum(x - series.years[at], 0)]
        squares = []
        for used in (2, 3):
            matrix = np.column_stack(columns[:used]) * root[:, None]
            values = root * series.log_rate[inside]
            rest = values - matrix @ np.linalg.lstsq(matrix, values, rcond=None)[0]
            squares.append(rest @ rest)
        shares.append(1 - squares[1] / squares[0])
    wanted = math.log(model.sse / 24) + ((2 + max(shares)) * 2 + 2) * math.log(24) / 24
    assert model.criteria["wbic"].item() == pytest.approx(wanted)
