"""Rates and their limits by the definitions, in slow plain Python; what has no denominator; ages that fit or do not."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from registry.analytics import incidence
from registry.analytics.incidence import AGE_GROUPS, ages, gamma
from registry.errors import BadInput


def poisson_cdf(count: int, mean: float) -> float:
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def table(counts: list[float], people: list[float | None], **more: object) -> pl.DataFrame:
    columns = {"age_group": list(AGE_GROUPS[: len(counts)]), "count": counts, "population": people}
    return pl.DataFrame(columns, strict=False).with_columns(
        pl.lit(value).alias(name) for name, value in more.items()
    )


def drawn(seed: int, mean: float = 5.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    people = random.uniform(1000, 90000, 19)
    return table(random.poisson(mean, 19).tolist(), people.tolist())


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30, 150])
def test_exact_limits_cut_off_their_tails(count: int) -> None:
    lower, upper = (float(one) for one in incidence.exact_limits(np.array(count), 0.9))
    assert poisson_cdf(count, upper) == pytest.approx(0.05, abs=1e-12)
    assert lower == 0 if count == 0 else 1 - poisson_cdf(count - 1, lower) == pytest.approx(0.05, abs=1e-12)


def test_adjusted_rates_by_the_formulas() -> None:
    from scipy.special import chdtri

    frame = drawn(1, 3.0)
    standard = incidence.standard("world_segi_doll")
    total = sum(standard.weights)
    each = [
        weight / total / people for weight, people in zip(standard.weights, frame["population"], strict=True)
    ]
    rate = math.fsum(weight * count for weight, count in zip(each, frame["count"], strict=True))
    variance = math.fsum(weight**2 * count for weight, count in zip(each, frame["count"], strict=True))

    def limit(mean: float, spread: float, share: float) -> float:
        return spread / (2 * mean) * chdtri(2 * mean**2 / spread, 1 - share)

    mean, square = sum(each) / 19, sum(weight**2 for weight in each) / 19
    expected = [
        rate, math.sqrt(variance), limit(rate, variance, 0.025),
        limit(rate + max(each), variance + max(each) ** 2, 0.975), limit(rate + mean, variance + square, 0.975),
    ]  # fmt: skip
    found = incidence.age_adjusted_rates(frame, "world_segi_doll")
    numbers = found.select("rate", "se", "lower", "upper_fay_feuer", "upper_tiwari").row(0)
    assert numbers == pytest.approx([100_000 * one for one in expected], rel=1e-12)


def test_one_age_group_has_exact_limits() -> None:
    """With a single weight the gamma limits are the exact ones."""
    frame = pl.DataFrame({"age_group": ["0+"], "count": [4], "population": [1000]})
    own = pl.DataFrame({"age_group": ["0+"], "weight": [1]})
    adjusted, crude = incidence.age_adjusted_rates(frame, own), incidence.crude_rates(frame)
    assert adjusted["lower"].item() == pytest.approx(crude["lower"].item(), rel=1e-12)
    for name in ("upper_fay_feuer", "upper_tiwari"):
        assert adjusted[name].item() == pytest.approx(crude["upper"].item(), rel=1e-12)


def test_f_limits_of_one_age_group_are_those_of_the_binomial() -> None:
    """The ratio of two Poisson rates given their sum: Clopper and Pearson's limits of the share."""
    from scipy.special import betaincinv

    first, second, people = 7, 12, (1000.0, 1500.0)
    frame = pl.DataFrame(
        {"year": [2000, 2001], "age_group": ["0+"] * 2, "count": [second, first], "population": people[::-1]}
    )
    rates = incidence.age_adjusted_rates(
        frame, pl.DataFrame({"age_group": ["0+"], "weight": [1]}), "year", rooms=True
    )
    share = betaincinv(first, second + 1, 0.025), betaincinv(first + 1, second, 0.975)
    expected = [one / (1 - one) * people[1] / people[0] for one in share]
    for method in ("f-fay", "f-tiwari"):
        found = incidence.rate_ratios(rates, {"year": 2000}, method=method).row(0, named=True)  # type: ignore[arg-type]
        assert [found["lower"], found["upper"]] == pytest.approx(expected, rel=1e-12)


def test_ratios_and_differences() -> None:
    rates = pl.DataFrame({
        "group": ["a", "a", "b", "b", "c"], "year": [2000, 2001, 2000, 2001, 2001],
        "rate": [50.0, 0.0, 10.0, 20.0, 5.0], "se": [5.0, 0.0, 2.0, 3.0, 1.0],
        "lower": [40.0, 0.0, 6.0, 15.0, 3.0], "upper": [60.0, 7.0, 14.0, 26.0, 7.0],
    })  # fmt: skip
    found = incidence.rate_ratios(rates, {"year": 2000}, "group")
    assert found["rate_ratio"].to_list() == [None, 2.0, None]  # a rate of 0; and c has no reference
    width = math.exp(1.959963984540054 * math.sqrt(0.15**2 + 0.2**2))
    assert found.select("lower", "upper").row(1) == pytest.approx((2 / width, 2 * width))
    gap = incidence.rate_differences(rates, {"year": 2000}, "group", "mover").row(1, named=True)
    assert gap["lower"] == pytest.approx(10 - math.hypot(20 - 15, 14 - 10))
    assert gap["upper"] == pytest.approx(10 + math.hypot(26 - 20, 10 - 6))
    with pytest.raises(BadInput, match="no reference row"):
        incidence.rate_ratios(rates, {"year": 1999}, "group")


def test_what_has_no_denominator_has_no_rate() -> None:
    missing = table([1, 2, 3], [100, None, 100])
    found = incidence.age_adjusted_rates(missing).row(0, named=True)
    assert (found["rate"], found["lower"], found["upper_tiwari"], found["missing_ages"]) == (
        None,
        None,
        None,
        1,
    )
    assert incidence.crude_rates(missing)["rate"].item() is None
    nobody = incidence.age_adjusted_rates(table([0, 2, 3], [0, 100, 100])).row(0, named=True)
    assert nobody["rate"] > 0 and nobody["missing_ages"] == 0
    assert incidence.age_adjusted_rates(table([1, 2, 3], [0, 100, 100]))["rate"].item() is None
    # A group without a row of an age that others have: not a 0.
    both = pl.concat([table([1, 2], [10, 10], group="a"), table([1], [10], group="b")])
    assert incidence.age_adjusted_rates(both, by="group")["rate"].is_null().to_list() == [False, True]


def test_nobody_ill() -> None:
    found = incidence.age_adjusted_rates(table([0] * 19, [1000] * 19)).row(0, named=True)
    assert (found["rate"], found["se"], found["lower"]) == (0, 0, 0)
    assert 0 < found["upper_tiwari"] < found["upper_fay_feuer"]


def test_ages_are_brought_together() -> None:
    fine = drawn(2)
    first_two = pl.col("age_group").is_in(["00", "01-04"])
    rough = fine.with_columns(
        pl.when(first_two).then(pl.lit("0-4")).otherwise("age_group").alias("age_group")
    )
    us = incidence.standard("us2000")
    weights = pl.DataFrame(
        {"age_group": ["0-4", *us.age_groups[2:]], "weight": [us.weights[0] + us.weights[1], *us.weights[2:]]}
    )
    expected = incidence.age_adjusted_rates(rough, weights)["rate"].item()
    assert incidence.age_adjusted_rates(rough, "us2000")["rate"].item() == pytest.approx(expected, rel=1e-14)
    assert incidence.age_adjusted_rates(fine, weights)["rate"].item() == pytest.approx(expected, rel=1e-14)
    adults = fine.filter(pl.col("age_group") >= "20")
    ours = [weight for group, weight in zip(us.age_groups, us.weights, strict=True) if group >= "20"]
    rates = (adults["count"] / adults["population"]).to_numpy()
    expected = 100_000 * float(np.dot(rates, ours) / sum(ours))
    assert incidence.age_adjusted_rates(adults)["rate"].item() == pytest.approx(expected, rel=1e-12)
    with pytest.raises(BadInput, match="do not fit"):
        incidence.age_adjusted_rates(
            pl.DataFrame({"age_group": ["0-11", "12+"], "count": [1, 2], "population": [5, 5]})
        )
    with pytest.raises(BadInput, match="overlap"):
        ages.order(["0-9", "05-09"])


def test_table_in_one_pass_equals_the_frames() -> None:
    random = np.random.default_rng(3)
    sizes = [3, 2, 2, 19]
    columns = [
        random.integers(0, size, 4000).astype(kind)
        for size, kind in zip(sizes, (np.uint8, np.int16, np.int64, np.int8), strict=True)
    ]
    counts = incidence.counted(columns, sizes)
    plain = np.zeros(sizes, dtype=int)
    for place in zip(*columns, strict=True):
        plain[place] += 1
    assert (counts == plain).all()
    people = random.uniform(100, 900, (1, 2, 2, 19))  # not by site
    _, weights, _ = incidence.fitted("us2000", AGE_GROUPS)
    dense = incidence.rate_table(counts, people, weights)
    rows = [
        (*place, AGE_GROUPS[age], int(counts[(*place, age)]), float(people[(0, *place[1:], age)]))
        for place in np.ndindex(3, 2, 2) for age in range(19)
    ]  # fmt: skip
    frame = pl.DataFrame(
        rows, schema=["site", "year", "sex", "age_group", "count", "population"], orient="row"
    )
    by = ["site", "year", "sex"]
    adjusted, crude = incidence.age_adjusted_rates(frame, by=by), incidence.crude_rates(frame, by)
    for name in ("rate", "se", "lower", "upper_fay_feuer", "upper_tiwari"):
        assert getattr(dense, name).ravel() == pytest.approx(adjusted[name].to_numpy(), rel=1e-12)
    assert dense.crude_upper.ravel() == pytest.approx(crude["upper"].to_numpy(), rel=1e-12)
    with pytest.raises(BadInput, match="column 2 has a code outside 0 to 1"):
        incidence.counted([np.array([0]), np.array([2])], [1, 2])
    with pytest.raises(BadInput, match="more than"):
        incidence.counted([np.array([0])] * 3, [2000] * 3)
    assert incidence.counted([np.array([], dtype=np.int8)], [4]).tolist() == [0, 0, 0, 0]


def test_many_rows_are_counted_in_stretches() -> None:
    random = np.random.default_rng(8)
    columns = [
        random.integers(0, 700, 600_000).astype(np.int16),
        random.integers(0, 1900, 600_000).astype(np.int16),
    ]
    plain = np.bincount(columns[0].astype(np.int64) * 1900 + columns[1], minlength=700 * 1900)
    assert (incidence.counted(columns, [700, 1900]).ravel() == plain).all()
    small = [columns[0] % 7, columns[1] % 5]
    assert (
        incidence.counted(small, [7, 5]).ravel() == np.bincount(small[0].astype(np.int64) * 5 + small[1])
    ).all()


def test_sir_within_parts() -> None:
    base = pl.concat([table([10, 20], [1000, 1000], sex="1"), table([5, 5], [1000, 500], sex="2")])
    seen = pl.concat([
        table([3, 4], [100, 200], sex="1", county="x"), table([1, 0], [100, 100], sex="2", county="x"),
        table([0, 0], [0, 0], sex="2", county="y"),
    ])  # fmt: skip
    found = incidence.standardised_incidence_ratios(seen, base, ["county", "sex"], "sex")
    assert found.select("county", "sex", "observed", "expected").rows() == [
        ("x", "1", 7.0, 5.0), ("x", "2", 1.0, 1.5), ("y", "2", 0.0, 0.0),
    ]  # fmt: skip
    assert found["sir"].to_list() == [1.4, pytest.approx(2 / 3), None]
    with pytest.raises(BadInput, match="no rows for some"):
        incidence.standardised_incidence_ratios(seen, base.filter(sex="1"), ["county", "sex"], "sex")


def test_cumulative_rate_and_risk() -> None:
    frame = table([1, 2, 3, 4], [1000, 4000, 5000, 5000])
    found = incidence.cumulative_rates(frame, age_to=15).row(0, named=True)
    rate = 1 / 1000 + 4 * 2 / 4000 + 5 * 3 / 5000 + 5 * 4 / 5000
    assert found["cumulative_rate"] == pytest.approx(100 * rate)
    assert found["cumulative_risk"] == pytest.approx(100 * (1 - math.exp(-rate)))
    limits = gamma.weighted_sum(
        np.array([1, 2, 3, 4]), np.array([1000, 4000, 5000, 5000.0]), np.array([1, 4, 5, 5.0])
    )
    assert found["rate_lower"] == pytest.approx(100 * float(limits.lower))
    later = incidence.cumulative_rates(frame, age_from=5, age_to=15)
    assert later["cumulative_rate"].item() == pytest.approx(100 * (5 * 3 / 5000 + 5 * 4 / 5000))
    for start, end in ((0, 20), (3, 15), (0, 0)):
        with pytest.raises(BadInput, match="do not make up"):
            incidence.cumulative_rates(frame, age_from=start, age_to=end)


def test_deaths_over_cases_of_nobody() -> None:
    frame = pl.DataFrame({"site": ["a", "b", "c"], "deaths": [0, 5, None], "cases": [4, 0, 4]})
    found = incidence.mortality_incidence(frame, "site")
    assert found.select("ratio", "lower").rows() == [(0.0, None), (None, None), (None, None)]


def plain_prevalence(rows: list[tuple[int, dt.date, dt.date, bool]], at: dt.date, years: int) -> float:
    """The counting method person by person; survival of all together."""

    def survival(days: int) -> float:
        left = 1.0
        times = [((end - start).days, dead) for _, start, end, dead in rows if start < at]
        for moment in sorted({time for time, dead in times if dead and time <= days}):
            risk = sum(time >= moment for time, _ in times)
            left *= 1 - sum(time == moment and dead for time, dead in times) / risk
        return left

    earliest: dict[int, tuple[dt.date, dt.date, bool]] = {}
    for person, start, end, dead in sorted(rows):
        if at.replace(year=at.year - years) <= start < at and person not in earliest:
            earliest[person] = (start, end, dead)
    total = 0.0
    for start, end, dead in earliest.values():
        if end >= at:
            total += 1
        elif not dead:
            total += survival((at - start).days) / survival((end - start).days)
    return total


def test_prevalence_by_counting_people() -> None:
    random = np.random.default_rng(4)
    at = dt.date(2020, 1, 1)
    rows = []
    for person in range(300):
        start = dt.date(2008, 1, 1) + dt.timedelta(days=int(random.integers(0, 4700)))
        end = start + dt.timedelta(days=int(random.exponential(1500)))
        rows.append((person % 250, start, end, bool(random.random() < 0.5)))
    frame = pl.DataFrame(rows, schema=["patient_id", "start", "end", "dead"], orient="row")
    found = incidence.limited_duration_prevalence(frame, at, [10, 1, 5])
    assert found["years"].to_list() == [1, 5, 10]
    for years, prevalent in found.select("years", "prevalent").iter_rows():
        assert prevalent == pytest.approx(plain_prevalence(rows, at, years), rel=1e-12)
    every = incidence.limited_duration_prevalence(frame, at, [10], which="tumors")["prevalent"].item()
    assert every > found["prevalent"][2]
    first = frame.with_columns(first_primary=pl.col("start") == pl.col("start").min().over("patient_id"))
    only = incidence.limited_duration_prevalence(first, at, [10], which="first")["prevalent"].item()
    assert only <= found["prevalent"][2]


def test_prevalence_of_groups_and_unknown_follow_up() -> None:
    day = dt.date
    frame = pl.DataFrame({
        "patient_id": [1, 2, 3, 4], "site": ["a", "a", "b", None], "start": [day(2019, 1, 1), day(2019, 6, 1), day(2010, 1, 1), None],
        "end": [day(2020, 1, 1), None, day(2021, 1, 1), day(2021, 1, 1)], "dead": [True, None, False, False],
    })  # fmt: skip
    found = incidence.limited_duration_prevalence(frame, day(2020, 1, 1), [1, 20], "site")
    # Dead on the day itself: alive at its beginning. Never heard of: lost on the first day.
    assert found.select("site", "years", "known", "lost").rows() == [
        ("a", 1, 1, 1),
        ("a", 20, 1, 1),
        ("b", 1, 0, 0),
        ("b", 20, 1, 0),
    ]
    assert found["prevalent"][2] == 0 and found["upper"][2] == pytest.approx(3.6889, abs=1e-4)
    assert (
        incidence.limited_duration_prevalence(frame, day(2020, 2, 29).replace(day=29), [1])["known"].item()
        == 0
    )
    assert incidence.limited_duration_prevalence(frame.clear(), day(2020, 1, 1), [5])["prevalent"].item() == 0
    with pytest.raises(BadInput, match="whole years"):
        incidence.limited_duration_prevalence(frame, day(2020, 1, 1), [0])


def test_share_reported_is_found_from_truncated_delays() -> None:
    """Half of the reports come within 6 months, the others spread over two years; the last year is cut short."""
    random = np.random.default_rng(6)
    cut_off = dt.date(2021, 12, 31)
    size = 60_000
    diagnosed = dt.date(2015, 1, 1).toordinal() + random.integers(0, 7 * 365, size)
    months = np.where(random.random(size) < 0.5, random.integers(0, 7, size), random.integers(7, 25, size))
    reported = diagnosed + (months * 30.44).astype(int)
    frame = pl.DataFrame({
        name: [dt.date.fromordinal(int(one)) for one in days] for name, days in (("diagnosed", diagnosed), ("reported", reported))
    })  # fmt: skip
    truth = frame.with_columns(year=pl.col("diagnosed").dt.year(), there=pl.col("reported") <= cut_off).group_by("year").agg(
        pl.col("there").mean()
    )  # fmt: skip
    there = frame.filter(pl.col("reported") <= cut_off)
    counts = there.group_by(pl.col("diagnosed").dt.year().alias("year")).agg(pl.len().alias("count"))
    flags = incidence.delay_flags(counts, cut_off, there).join(truth, on="year").sort("year")
    assert flags["share"].to_list() == pytest.approx(flags["there"].to_list(), abs=0.02)
    assert flags.filter("incomplete")["year"].to_list() == [2020, 2021]


def test_delay_of_few_years() -> None:
    flags = incidence.delay_flags(
        pl.DataFrame({"year": [2020, None], "count": [5, 7]}), dt.date(2030, 12, 31)
    )
    assert flags.select("year", "months", "expected", "share", "incomplete").rows() == [
        (2020, 120, None, None, False)
    ]
    assert incidence.delay_flags(
        pl.DataFrame(schema={"year": pl.Int64, "count": pl.Int64}), dt.date(2030, 1, 1)
    ).is_empty()


def test_errors_name_what_is_wrong() -> None:
    good = table([1], [10])
    for frame, match in (
        (good.drop("population"), "no column population"),
        (good.with_columns(pl.lit(-1).alias("count")), "below 0"),
        (good.with_columns(pl.lit("old").alias("age_group")), "is not one"),
        (good.with_columns(pl.lit("x").alias("count")), "a number is expected"),
    ):
        with pytest.raises(BadInput, match=match):
            incidence.crude_rates(frame)
    with pytest.raises(BadInput, match="not known"):
        incidence.age_adjusted_rates(good, "us1970")
    for weights in ([], [-1.0], [0.0], [float("nan")]):
        own = pl.DataFrame(
            {"age_group": ["0+"] * len(weights), "weight": weights},
            schema={"age_group": pl.String, "weight": pl.Float64},
        )
        with pytest.raises(BadInput, match="weights"):
            incidence.standard(own)
