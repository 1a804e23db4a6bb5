"""`registry stats survival|rates|trend --input` against the definitions, on made-up files of many kinds."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.analytics.incidence import AGE_GROUPS
from registry.cli import main
from tests import slow_net_survival as slow_net
from tests import slow_statistics as slow

Rows = list[dict[str, str]]
Ask = Callable[..., Rows]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Write a file (in a folder whose name has a space), run the command over it, read what it wrote."""
    folder = tmp_path / "a folder"
    folder.mkdir()

    def command(
        kind: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *words: str, bom: bool = False, end: str = "\n"
    ) -> Rows:  # fmt: skip
        source, target = folder / "in put.csv", folder / "out put.csv"
        with source.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            csv.writer(file, lineterminator=end).writerows([header, *rows])
        with pytest.raises(SystemExit) as stop:
            main(["stats", kind, "--input", str(source), "--out", str(target), *words])
        assert (stop.value.code, capsys.readouterr().out) == (0, "")
        with target.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return command


def near(text: str, value: float | None, tolerance: float) -> bool:
    """The field equals the number (empty: none) within the tolerance relative to max(1, |value|)."""
    if value is None or text == "":
        return value is None and text == ""
    return abs(float(text) - value) <= tolerance * max(1.0, abs(value))


def cohort(seed: int) -> tuple[list[float], list[int], list[str]]:
    """Times (whole, many ties; or not whole), codes 0 to 3 and groups, some of one person."""
    chance = np.random.default_rng(seed)
    size = int(chance.choice([2, 9, 40]))
    times = (
        chance.integers(1, 12, size).astype(float) if seed % 2 else chance.uniform(0.01, 900, size).round(3)
    )
    shares: list[list[float]] = [[0.4, 0.3, 0.2, 0.1], [1, 0, 0, 0], [0, 1, 0, 0]]
    codes = chance.choice(4, size, p=shares[seed % 3])
    groups = chance.choice(["Ödön, a", "10", "9", 'b "c"'], size, p=[0.4, 0.3, 0.2, 0.1])
    return times.tolist(), codes.tolist(), groups.tolist()


@pytest.mark.parametrize("seed", range(12))
def test_observed_survival(ask: Ask, seed: int) -> None:
    times, codes, groups = cohort(seed)
    scale = ["plain", "log", "log-log"][seed % 3]
    at = [max(times), times[0], 0.37, max(times) * 2]
    rows = ask(
        "survival", ["g", "code", "t"], zip(groups, codes, times, strict=True),
        "--method", "kaplan-meier,nelson-aalen,quantiles,rmst", "--time", "t", "--status", "code", "--by", "g",
        "--event", "1,2", "--ci", scale, "--at", ",".join(map(repr, at)), bom=seed % 2 == 0, end=["\n", "\r\n"][seed % 2],
    )  # fmt: skip
    assert list(dict.fromkeys(row["group"] for row in rows)) == sorted(set(groups))
    asked = list(dict.fromkeys(float(row["time"]) for row in rows if row["method"] == "kaplan-meier"))
    assert asked == list(dict.fromkeys(at))
    for group in set(groups):
        mine = [place for place, one in enumerate(groups) if one == group]
        plain = slow.observed(
            [times[place] for place in mine],
            [codes[place] in (1, 2) for place in mine],
            sorted(set(at)),
            scale,
        )
        found = {
            (row["method"], float(row["time"]) if row["time"] else None, row["stat"]): row["value"]
            for row in rows
            if row["group"] == group
        }
        for key, value in plain.items():
            assert near(found[key], value, 1e-8 if key[2] in ("lower", "upper") else 1e-9), (group, key)


@pytest.mark.parametrize("seed", range(8))
def test_log_rank_and_cumulative_incidence(ask: Ask, seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = chance.integers(1, [6, 300][seed % 2], 45).astype(float)
    codes, arms, strata = (
        chance.choice(4, 45, p=[0.3, 0.3, 0.2, 0.2]),
        chance.integers(0, 3, 45),
        chance.integers(0, 2, 45),
    )
    words = ("--time", "t", "--status", "code", "--by", "arm")
    rows = ask(
        "survival", ["arm", "code", "t", "place"], zip(arms, codes, times, strata, strict=True), *words,
        "--method", "log-rank", *(("--strata", "place") if seed % 2 else ()),
    )  # fmt: skip
    chi, seen, expected = slow.log_rank(times, codes > 0, arms, strata if seed % 2 else np.zeros(45))
    found = {(row["group"], row["stat"]): row["value"] for row in rows}
    assert near(found["", "chisq"], chi, 1e-8)
    assert near(found["", "df"], 2, 0)
    for arm in range(3):
        assert near(found[str(arm), "observed"], seen[arm], 0)
        assert near(found[str(arm), "expected"], expected[arm], 1e-8)
    until = [float(np.median(times)), 1000.0]
    rows = ask(
        "survival", ["arm", "code", "t"], zip(arms, codes, times, strict=True), *words, "--method", "aalen-johansen",
        "--causes", "one=1,two=02", "--at", ",".join(map(str, until)),
    )  # fmt: skip
    for row in rows:
        name, cause = row["stat"].split("_")[1], {"one": 1, "two": 2}[row["stat"].split("_")[1]]
        mine = arms == int(row["group"])
        value, error = slow.aalen_johansen(times[mine], codes[mine], cause, float(row["time"]))
        assert near(row["value"], value if row["stat"] == f"cif_{name}" else error, 1e-9), row


def test_an_incidence_that_is_certain_has_no_error(ask: Ask) -> None:
    rows = ask(
        "survival", ["t", "code"], [(1, 1), (2, 1), (2.5, 1), (3, 1), (4, 1), (5, 1)], "--method", "aalen-johansen",
        "--time", "t", "--status", "code", "--causes", "it=1", "--at", "7",
    )  # fmt: skip
    assert [float(row["value"]) for row in rows] == [pytest.approx(1, abs=1e-12), 0.0]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("stratified", [False, True])
def test_cox(ask: Ask, ties: str, stratified: bool) -> None:
    chance = np.random.default_rng(11)
    size = 70
    dose, arm = chance.normal(50, 9, size).round(1), chance.choice(["é", "b, c", "B"], size)
    times, events = chance.integers(1, 15, size).astype(float), chance.integers(0, 2, size)
    place = chance.integers(0, 2, size) if stratified else np.zeros(size)
    rows = ask(
        "survival", ["arm", "dose", "dead", "t", "place"], zip(arm, dose, events, times, place, strict=True),
        "--method", "cox", "--time", "t", "--status", "dead", "--covariates", "dose,arm", "--ties", ties,
        *(("--strata", "place") if stratified else ()),
    )  # fmt: skip
    found = {(row["group"], row["stat"]): float(row["value"]) for row in rows}
    terms = ["dose", "arm=b, c", "arm=é"]  # B is the first level
    assert list(dict.fromkeys(row["group"] for row in rows)) == [*terms, ""]
    columns = np.column_stack([dose - dose.mean(), arm == "b, c", arm == "é"]).astype(float)
    beta = np.array([found[term, "coef"] for term in terms])
    value, slope, information = slow.partial_likelihood(times, events, columns, place, ties, beta)
    assert np.abs(np.linalg.solve(information, slope)).max() < 1e-6
    assert value == pytest.approx(found["", "loglik"], rel=1e-9)
    null = slow.partial_likelihood(times, events, columns, place, ties, np.zeros(3))[0]
    assert null == pytest.approx(found["", "loglik_null"], rel=1e-9)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    for term, coefficient, error in zip(terms, beta, errors, strict=True):
        assert found[term, "se"] == pytest.approx(error, rel=1e-6)
        assert found[term, "upper"] == pytest.approx(math.exp(coefficient + slow.Z * error), rel=1e-6)
        assert found[term, "p"] == pytest.approx(math.erfc(abs(coefficient / error) / math.sqrt(2)), rel=1e-6)
    assert found["", "concordance"] == pytest.approx(
        slow.concordance(times, events, columns @ beta, place), abs=1e-12
    )
    assert (found["", "n"], found["", "n_event"]) == (size, events.sum())


@pytest.mark.parametrize("seed", range(4))
def test_rates(ask: Ask, tmp_path: Path, seed: int) -> None:
    from scipy.stats import chi2

    chance = np.random.default_rng(seed)
    weights = {age: float(chance.uniform(0.5, 9)) for age in AGE_GROUPS}
    own = tmp_path / "own.csv"
    own.write_text("weight,age_group\n" + "".join(f"{weight!r},{age}\n" for age, weight in weights.items()))
    cells = {
        (group, year): {age: (int(chance.poisson([0.0, 0.2, 9, 30][seed])), int(chance.integers(40, 90_000))) for age in AGE_GROUPS}
        for group in ("Żółw, x", "2")
        for year in (2003, 2001)
    }  # fmt: skip
    if seed == 3:
        del cells["2", 2001]
    lines = [
        (age, group, count, year, people)
        for (group, year), ages in cells.items()
        for age, (count, people) in ages.items()
    ]
    lines = [lines[place] for place in chance.permutation(len(lines))]
    rows = ask(
        "rates",
        ["age_group", "group", "count", "year", "population"],
        lines,
        "--standard",
        str(own),
        "--reference-year",
        "2001",
    )
    found = {
        (row["measure"], row["group"], int(row["year"]), row["age_group"], row["stat"]): row["value"]
        for row in rows
    }
    rates = {cell: slow.adjusted(ages, weights) for cell, ages in cells.items()}
    for (group, year), ages in cells.items():
        cases, people = (sum(part) for part in zip(*ages.values(), strict=True))
        upper = float(chi2.ppf(0.975, 2 * cases + 2)) / 2
        assert near(found["crude", group, year, "", "upper"], 1e5 * upper / people, 1e-9)
        for age, (count, size) in ages.items():
            assert near(found["age_specific", group, year, age, "rate"], 1e5 * count / size, 1e-9)
        for stat, value in rates[group, year].items():
            assert near(found["age_adjusted", group, year, "", stat], 1e5 * value, 1e-9), stat
        if year == 2001 or (group, 2001) not in cells:
            continue
        expected = math.fsum(
            size * cells[group, 2001][age][0] / cells[group, 2001][age][1] for age, (_, size) in ages.items()
        )
        assert near(found["sir", group, year, "", "expected"], expected, 1e-9)
        assert near(found["sir", group, year, "", "sir"], cases / expected if expected else None, 1e-9)
        before = rates[group, 2001]
        if rates[group, year]["rate"] * before["rate"] == 0:
            assert ("rate_ratio", group, year, "", "rr") not in found
            continue
        ratio = rates[group, year]["rate"] / before["rate"]
        error = math.hypot(*(one["se"] / one["rate"] for one in (before, rates[group, year])))
        assert near(found["rate_ratio", group, year, "", "rr"], ratio, 1e-9)
        assert near(found["rate_ratio", group, year, "", "lower"], ratio * math.exp(-slow.Z * error), 1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_joinpoints(ask: Ask, seed: int) -> None:
    chance = np.random.default_rng(seed)
    series = {}
    for group in ("Both", "É, x"):
        years = np.sort(
            chance.choice(np.arange(1980, 1999), int(chance.choice([6, 11, 17])), replace=False)
        ).astype(float)
        rate = np.exp(
            4
            + 0.03 * (years - 1980)
            - 0.08 * np.maximum(years - 1989, 0)
            + chance.normal(0, 0.02, len(years))
        )
        series[group] = years, rate, rate * chance.uniform(0.01, 0.04, len(years))
    lines = [
        (group, int(year), r, e) for group, three in series.items() for year, r, e in zip(*three, strict=True)
    ]
    lines = [lines[place] for place in chance.permutation(len(lines))]
    for number in range(3):
        if number == 2 and min(len(three[0]) for three in series.values()) < 8:
            continue
        rows = ask(
            "trend",
            ["group", "year", "rate", "se"],
            lines,
            "--method",
            "joinpoint",
            "--joinpoints",
            str(number),
        )
        for group, three in series.items():
            best = slow.joinpoints(*three, number)
            assert best is not None
            mine = [row for row in rows if row["group"] == group]
            ends = [*best[0], int(three[0][-1])]
            assert [int(row["last_year"]) for row in mine] == ends
            assert [int(row["first_year"]) for row in mine] == [int(three[0][0]), *best[0]]
            assert all(near(row["apc"], change, 1e-6) for row, change in zip(mine, best[1], strict=True))


@pytest.mark.parametrize(
    "period", [None, (dt.date(1996, 2, 29), dt.date(1998, 5, 31))], ids=["all", "period"]
)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_net_and_relative_survival(ask: Ask, tmp_path: Path, period: Any, weighted: bool) -> None:
    chance = np.random.default_rng(5)
    cuts = {0: 0.0, 40: 14_609.64, 60: 21_914.46, 61: 22_279.7}  # ages with gaps, their days not whole
    table = {
        (sex, year, age): float(chance.uniform(1e-5, 9e-4))
        for sex in "FM"
        for year in (1990, 1996, 1997)
        for age in cuts
    }
    lines = [(age, "any", hazard, sex, cuts[age], year) for (sex, year, age), hazard in table.items()]
    life_table = tmp_path / "life table.csv"
    with life_table.open("w", newline="") as file:
        header = ("age", "region", "daily_hazard", "sex", "age_start_days", "year")
        csv.writer(file).writerows([header, *(lines[place] for place in chance.permutation(len(lines)))])
    people: list[slow_net.Person] = []
    for number in range(40):
        start = dt.date(1996, 2, 29) + dt.timedelta(days=int(chance.integers(-900, 500)) * (number > 3))
        people.append({
            "start": start, "born": start - dt.timedelta(days=int(chance.integers(12_000, 32_000)) * (number != 4)),
            "days": int(chance.integers(1, 900)), "dead": bool(chance.random() < 0.6), "sex": "FM"[number % 2],
        })  # fmt: skip
    rows = []
    for person in people:
        days = (person["born"], person["start"], person["start"] + dt.timedelta(days=person["days"]))
        rows.append(
            [
                person["sex"],
                *(day.strftime(str(chance.choice(["%Y-%m-%d", "%Y%m%d"]))) for day in days),
                int(person["dead"]),
            ]
        )
    by_place = {(sex, year, list(cuts).index(age)): hazard for (sex, year, age), hazard in table.items()}
    weights = {35: 3.0, 61: 1.5} if weighted else {}
    (tmp_path / "w.csv").write_text("weight,age_from\n1.5,61\n3,35\n")
    at = [0.5, 90, 364.999, 899]
    found = ask(
        "survival", ["sex", "born", "first", "last", "dead"], rows, "--method", "pohar-perme,ederer2", "--start", "first",
        "--end", "last", "--status", "dead", "--birth", "born", "--sex", "sex", "--life-table", str(life_table),
        "--at", ",".join(map(str, at)), *(("--period", ":".join(map(str, period))) if period else ()),
        *(("--age-weights", str(tmp_path / "w.csv")) if weighted else ()),
    )  # fmt: skip

    def aged(person: slow_net.Person, low: float, high: float) -> bool:
        return low <= (person["start"] - person["born"]).days / 365.25 < high

    ends = [*list(weights)[1:], math.inf]
    parts = [
        [one for one in people if aged(one, low, high)] for low, high in zip(weights, ends, strict=False)
    ] or [people]
    shares = list(weights.values()) or [1.0]
    for method, estimate in {"pohar-perme": slow_net.pohar_perme, "ederer2": slow_net.ederer2}.items():
        curves = [estimate(slow_net.days_of(part, by_place, list(cuts.values()), period)) for part in parts]
        for time in at:
            survival = [values[min(int(time), len(values) - 1)] for values, _ in curves]
            error = [values[min(int(time), len(values) - 1)] for _, values in curves]
            mean = math.fsum(a * b for a, b in zip(shares, survival, strict=True)) / sum(shares)
            spread = math.hypot(*(a * b * c for a, b, c in zip(shares, survival, error, strict=True))) / sum(
                shares
            )
            mine = {
                row["stat"]: row["value"]
                for row in found
                if row["method"] == method and float(row["time"]) == time
            }
            assert {row["group"] for row in found} == {"standardised" if weighted else ""}
            assert near(mine["surv"], mean, 1e-9), (method, time)
            assert near(mine["se"], spread if weighted else error[0], 1e-9), (method, time)


def test_ages_without_a_beginning_in_the_period_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("sex,year,age,daily_hazard\n1,2000,0,0.0001\n")
    (tmp_path / "w.csv").write_text("age_from,weight\n0,1\n50,1\n")
    (tmp_path / "c.csv").write_text(
        "sex,born,first,last,dead\n1,19700101,20010101,20040101,1\n1,1930-01-01,2003-02-01,2004-02-02,0\n"
    )
    words = (
        "--method",
        "ederer2",
        "--start",
        "first",
        "--end",
        "last",
        "--status",
        "dead",
        "--birth",
        "born",
        "--sex",
        "sex",
    )
    files = ("--input", str(tmp_path / "c.csv"), "--life-table", str(tmp_path / "t.csv"), "--at", "100")
    for more, told in (
        (("--period", "2003-01-01:2004-12-31", "--age-weights", str(tmp_path / "w.csv")), "from 0: nobody diagnosed in the period"),
        (("--period", "2003-03-01:2004-12-31"), "no estimate: nobody was diagnosed in the period"),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as stop:
            main(["stats", "survival", *files, *words, *more])
        assert stop.value.code == 0
        assert told in capsys.readouterr().err
