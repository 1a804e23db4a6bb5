"""Relative and net survival: numbers worked out by hand, life tables, age weights, periods, faults, and the file command."""

from __future__ import annotations

import csv
import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from registry.analytics.relative import (
    age_weights,
    approach,
    crude_probability,
    excess_hazard,
    expected_survival,
    life_table,
    net_survival,
    net_survival_test,
    relative_survival,
)
from registry.analytics.relative.weights import standards
from registry.cli import main
from registry.errors import BadInput

DAY = dt.date
NEW_YEAR = dt.date(2000, 1, 1)
FLAT = pl.DataFrame({"sex": ["1", "2"], "year": [2000] * 2, "age": [0] * 2, "daily_hazard": [1e-3, 2e-3]})


def people(*rows: tuple[float, int, str], start: dt.date = NEW_YEAR, **more: Any) -> pl.DataFrame:
    """Time, dead, sex."""
    frame = pl.DataFrame(rows, schema={"time": pl.Float64, "dead": pl.Int8, "sex": pl.String}, orient="row")
    return frame.with_columns(start=start, born=DAY(1950, 1, 1)).with_columns(
        pl.Series(name, values) for name, values in more.items()
    )


def test_pohar_perme_by_hand() -> None:
    """Two men and a woman; a man dies on day 1, the woman on day 2."""
    found = net_survival(people((1, 1, "1"), (2, 1, "2"), (3, 0, "1")), life_table(FLAT))
    a, b = 1e-3, 2e-3
    after = 2 * math.exp(a) + math.exp(b)
    hazard = ((2 * a + b) / 3 + (2 * a * math.exp(a) + b * math.exp(b)) / after) / 2
    first = 1 - (math.exp(a) / after - hazard)
    begin, end = math.exp(a) + math.exp(b), math.exp(2 * a) + math.exp(2 * b)
    mean = (a * math.exp(a) + b * math.exp(b)) / begin, (a * math.exp(2 * a) + b * math.exp(2 * b)) / end
    second = first * (1 - (math.exp(2 * b) / end - sum(mean) / 2))
    assert found["survival"].to_list() == pytest.approx([1, first, second, second * (1 + a)], abs=1e-15)
    errors = [0, (math.exp(a) / after) ** 2, (math.exp(a) / after) ** 2 + (math.exp(2 * b) / end) ** 2]
    assert found["std_error"].to_list()[:3] == pytest.approx(
        [math.sqrt(value) for value in errors], abs=1e-15
    )
    assert found["at_risk"].to_list() == [3, 3, 2, 1]
    assert found["events"].to_list() == [0, 1, 2, 2]
    wide = math.exp(1.959963984540054 * math.sqrt(errors[2]))
    assert found.row(2, named=True)["lower"] == pytest.approx(second / wide, abs=1e-15)
    assert found.row(2, named=True)["upper"] == pytest.approx(second * wide, abs=1e-15)


def test_ederer_by_hand() -> None:
    some = people((1, 1, "1"), (3, 1, "2"), (3, 0, "1"))
    table, a, b = life_table(FLAT), 1e-3, 2e-3
    second = relative_survival(some, table, at=[0, 1, 2.9, 3, 99])["survival"].to_list()
    first = 1 - (1 / 3 - (2 * a + b) / 3)
    last = first * (1 - (1 / 2 - 2 * (a + b) / 2))
    assert second == pytest.approx([1, first, first, last, last], abs=1e-15)
    expected = [(2 * math.exp(-a * day) + math.exp(-b * day)) / 3 for day in (1, 3)]
    whole = relative_survival(some, table, "ederer1", at=[1, 2.9, 3])["survival"].to_list()
    assert whole == pytest.approx([2 / 3 / expected[0], 2 / 3 / expected[0], 1 / 3 / expected[1]], abs=1e-14)
    survival = expected_survival(some, table, [1, 3])["survival"].to_list()
    assert survival == pytest.approx(expected, abs=1e-14)


def test_hakulinen_keeps_the_dead_to_the_closing_day() -> None:
    """One is lost on day 1: from then on only the others' hazards count, the dead one's too."""
    some = people((1, 0, "2"), (2, 1, "1"), (4, 0, "2"))
    a, b = 1e-3, 2e-3
    found = relative_survival(some, life_table(FLAT), "hakulinen", at=[1, 2, 4])["survival"].to_list()
    ends = [(2 * b * math.exp(-b) + a * math.exp(-a)) / (2 * math.exp(-b) + math.exp(-a))]
    for day, before in ((2, 1), (4, 2)):
        weights = {a: math.exp(-a * day), b: math.exp(-b * day)}
        ends.append(sum(rate * (day - before) * w for rate, w in weights.items()) / sum(weights.values()))
    expected = np.exp(-np.cumsum(ends))
    assert found == pytest.approx(np.array([1, 1 / 2, 1 / 2]) / expected, abs=1e-14)
    early = relative_survival(some, life_table(FLAT), "hakulinen", at=[4], closing=DAY(2000, 1, 4))
    assert early["survival"].item() != found[2]


@pytest.mark.parametrize("method", ["pohar-perme", "ederer1", "ederer2", "hakulinen"])
def test_without_hazards_all_is_kaplan_meier(method: str) -> None:
    some = people((5, 1, "1"), (5, 0, "1"), (8, 1, "2"), (9, 1, "1"), (9.5, 0, "2"))
    table = life_table(FLAT.with_columns(daily_hazard=0.0))
    ask = net_survival if method == "pohar-perme" else relative_survival
    more: dict[str, Any] = {} if method == "pohar-perme" else {"method": method}
    found = ask(some, table, at=[4, 5, 8, 9, 10, 400], **more)
    assert found["survival"].to_list() == pytest.approx([1, 4 / 5, 8 / 15, 4 / 15, 4 / 15, 4 / 15])


def test_a_person_counts_on_the_days_of_the_period() -> None:
    """A death on its first or last day counts, one on the day before or after does not."""
    days = [DAY(2000, 12, 31), DAY(2001, 1, 1), DAY(2001, 12, 31), DAY(2002, 1, 1)]
    starts = [DAY(2001, 3, 1), *(day - dt.timedelta(days=400) for day in days)]
    some = people((30, 0, "1"), *[(400.0, 1, "1")] * 4).with_columns(pl.Series("start", starts))
    period = (DAY(2001, 1, 1), DAY(2001, 12, 31))
    found = net_survival(some, life_table(FLAT), at=[400], period=period)
    assert found["events"].item() == 2
    assert found["at_risk"].item() == 2  # on their 400th day
    nobody = net_survival(some[1:], life_table(FLAT), at=[400], period=(DAY(2002, 1, 1), DAY(2002, 2, 1)))
    assert nobody["survival"].to_list() == [None]


def test_weights_run_from_the_diagnosis_in_a_period() -> None:
    starts = [DAY(2001, 1, 1), DAY(2000, 1, 1), DAY(2000, 1, 1)]
    some = people((366, 1, "1"), (368, 1, "2"), (400, 0, "1")).with_columns(pl.Series("start", starts))
    found = net_survival(some, life_table(FLAT), at=[367, 368], period=(DAY(2001, 1, 1), DAY(2001, 12, 31)))
    a, b, day = 1e-3, 2e-3, 368
    share = math.exp(b * day) / (math.exp(b * day) + math.exp(a * day))
    assert found["std_error"][1] ** 2 - found["std_error"][0] ** 2 == pytest.approx(share**2, abs=1e-12)


def test_age_weights() -> None:
    table = life_table(FLAT.with_columns(daily_hazard=0.0))
    born = [DAY(1960, 1, 1), DAY(1960, 1, 1), DAY(1930, 1, 1), DAY(1930, 1, 1), DAY(1990, 1, 1)]
    some = people((5, 1, "1"), (9, 0, "1"), (6, 0, "1"), (9, 0, "1"), (1, 1, "1"), born=born)
    own = pl.DataFrame({"age_from": [50, 15, 80], "weight": [1, 3, 5]})
    found = net_survival(some, table, at=[7], age_weights=own).row(0, named=True)
    assert found["survival"] == pytest.approx((3 * 0.5 + 1 * 1) / 4)  # nobody above 80, the child left out
    assert found["std_error"] == pytest.approx(3 / 4 * 0.5 * math.sqrt(1 / 4))
    brenner = net_survival(some[:4], table, at=[7], age_weights=own, weighting="brenner").row(0, named=True)
    assert brenner["survival"] == pytest.approx(1 - 1.5 / 4)  # each of the younger counts 3/4 over 1/2 times
    assert age_weights("icss1").weight.tolist() == [7000, 12000, 23000, 29000, 29000]
    assert age_weights("icss3").weight.tolist() == [60000, 10000, 10000, 10000, 10000]
    assert {age_weights(name).weight.sum() for name in standards()} == {1e5}


def test_groups_come_sorted_and_alone_as_together() -> None:
    stages = ["Ⅱ, a", "I", "Ⅱ, a", "I", "é"]
    some = people((5, 1, "1"), (8, 0, "2"), (9, 1, "1"), (3, 1, "2"), (4, 0, "1"), stage=stages)
    table = life_table(FLAT)
    both = net_survival(some, table, "stage", at=[4, 9])
    assert both["stage"].to_list() == sorted([*dict.fromkeys(stages)] * 2)
    for stage in set(stages):
        alone = net_survival(some.filter(stage=stage), table, at=[4, 9])
        assert both.filter(stage=stage).drop("stage").equals(alone)
    shuffled = net_survival(some.sample(fraction=1, shuffle=True, seed=1), table, "stage", at=[4, 9])
    assert np.allclose(shuffled["survival"], both["survival"], rtol=0, atol=1e-15)


def test_a_life_table_may_depend_on_more() -> None:
    rows = pl.concat(
        [FLAT.with_columns(region=pl.lit("N")), FLAT.with_columns(region=pl.lit("S"), daily_hazard=0.0)]
    )
    table = life_table(rows)
    assert table.strata == ("region",)
    some = people((5, 1, "1"), (8, 0, "1"), state=["S", "S"])
    found = net_survival(some, table, at=[5], strata={"region": "state"})
    assert found["survival"].item() == 0.5
    with pytest.raises(BadInput, match="there is no column region"):
        net_survival(some, table, at=[5])
    with pytest.raises(BadInput, match="2 people have a sex × region that it does not hold"):
        net_survival(some.with_columns(region=pl.lit("E")), table, at=[5])
    later = life_table(FLAT.with_columns(age=pl.Series([1, 1]), age_start_days=pl.Series([None, 365.25])))
    assert later.age_days.tolist() == [365.25]
    assert life_table(FLAT.with_columns(sex_label=pl.Series(["male", "female"]))).strata == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"daily_hazard": pl.lit(-1.0)}, "negative or not finite"),
        ({"daily_hazard": pl.lit("x")}, "2 rows have no usable daily_hazard"),
        ({"sex": pl.lit("1")}, "stand twice"),
        ({"age": pl.Series([0, 1])}, "same years and ages"),
        ({"year": pl.lit(0)}, "year outside"),
    ],
)
def test_faults_of_a_life_table(change: dict[str, pl.Expr], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        life_table(FLAT.with_columns(**change))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({"at": [-1]}, "days, 0 or more"),
        ({"level": 1.0}, "not between 0 and 1"),
        ({"age_weights": "icss9"}, "is no standard"),
        ({"age_weights": "icss1", "weighting": "x"}, "no way of weighting"),
        ({"tim": "x"}, "is no argument"),
        ({"time": "days"}, "no column days"),
        ({"sex": "dead"}, "does not hold"),
    ],
)
def test_faults_of_a_question(ask: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        net_survival(people((5, 0, "1"), (6, 0, "2")), life_table(FLAT), **ask)


def test_faults_of_people() -> None:
    table = life_table(FLAT)
    with pytest.raises(BadInput, match="born after their start"):
        net_survival(people((5, 1, "1"), born=[DAY(2001, 1, 1)]), table)
    with pytest.raises(BadInput, match="1 rows have no time"):
        net_survival(people((5, 1, "1")).with_columns(time=pl.lit(None, pl.Float64)), table)
    with pytest.raises(BadInput, match="no method"):
        relative_survival(people((5, 1, "1")), table, "ederer3")  # type: ignore[arg-type]


def test_crude_probabilities_add_up_to_all_deaths() -> None:
    some = people((5, 1, "1"), (8, 0, "2"), (9, 1, "1"), (12, 1, "2"), (20, 0, "1"))
    found = crude_probability(some, life_table(FLAT), at=[4, 10, 15])
    bare = net_survival(some, life_table(FLAT.with_columns(daily_hazard=0.0)), at=[4, 10, 15])
    assert (found["cancer"] + found["population"]).to_list() == pytest.approx(
        (1 - bare["survival"]).to_list()
    )
    assert found["population"][0] == pytest.approx(1 - (1 - 7e-3 / 5) ** 4, rel=1e-2)


@pytest.mark.parametrize("by", [None, "stage"])
def test_nobody_at_all(by: str | None) -> None:
    some = people((5, 1, "1"), stage=["I"])
    table = life_table(FLAT)
    for work in (net_survival, relative_survival, expected_survival, crude_probability):
        known = work(some, table, by=by, at=[5.0, 6.0])
        found = work(some.clear(), table, by=by, at=[5.0, 6.0])
        assert found.schema == known.schema
        assert found.height == (0 if by else 2)


def test_strata_keep_the_test_within_them() -> None:
    sexes = ["1", "1", "2", "2", "1", "1", "2", "2"]
    some = people(
        *[(time, 1, sex) for time, sex in zip((3, 5, 8, 9, 4, 6, 9, 12), sexes, strict=True)],
        stage=["I"] * 4 + ["II"] * 4,
    )
    table = life_table(FLAT)
    alone = [net_survival_test(some.filter(sex=sex), table, "stage") for sex in ("1", "2")]
    both = net_survival_test(some, table, "stage", stratified_by="sex")
    assert both.groups["observed"][0] == pytest.approx(sum(test.groups["observed"][0] for test in alone))
    with pytest.raises(BadInput, match="fewer than two groups"):
        net_survival_test(some.filter(stage="I"), table, "stage")


def test_excess_hazards_find_what_was_put_in() -> None:
    random = np.random.default_rng(5)
    size = 20_000
    older = random.random(size) < 0.5
    rate = 1e-3 + np.exp(-6.0 + 0.7 * older)
    time = np.minimum(np.ceil(random.exponential(1 / rate)), 730)
    frame = people(*[(1, 0, "1")] * size).with_columns(
        time=pl.Series(time), dead=pl.Series(time < 730), older=pl.Series(np.where(older, "yes", "no"))
    )
    model = excess_hazard(frame, life_table(FLAT), ["older"], [0, 365, 730], year=1)
    base, later, effect = model.coefficients["coef"]
    error = model.coefficients["se"]
    assert abs(effect - 0.7) < 4 * error[2]
    assert abs(base + 6.0) < 4 * error[0] + 1e-2
    assert abs(later + 6.0) < 4 * error[1] + 1e-2
    apart = excess_hazard(frame, life_table(FLAT), ["older"], [0, 365, 730], varying=["older"], year=1)
    assert apart.coefficients["term"].to_list()[2:] == [
        "older=yes, follow-up 0-365",
        "older=yes, follow-up 365-730",
    ]
    with pytest.raises(BadInput, match="nobody died between day 730 and 800"):
        excess_hazard(frame, life_table(FLAT), ["older"], [0, 730, 800])
    with pytest.raises(BadInput, match="can't be told apart"):
        excess_hazard(frame.with_columns(also=pl.col("older")), life_table(FLAT), ["older", "also"], [0, 730])


def test_approaches() -> None:
    some = pl.DataFrame({"start": [DAY(1995, 5, 1), DAY(2003, 5, 1), DAY(2007, 5, 1)]})
    first, last, known = DAY(2000, 1, 1), DAY(2004, 12, 31), DAY(2006, 6, 30)
    assert approach(some, "complete", first, last)[0].height == 1
    assert approach(some, "period", first, last)[0].height == 2
    assert approach(some, "cohort", first, last, known)[0].height == 0
    hybrid, window = approach(some, "hybrid", first, last, known)
    assert (hybrid.height, window) == (2, (first, known))
    with pytest.raises(BadInput, match="needs the day"):
        approach(some, "hybrid", first, last)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    rows = [
        "start,end,status,sex,birth,stage",
        "2000-01-01,2000-01-06,1,1,19500101,I",
        "20000101,20000109,0,2,19600101,II",
    ]
    rows += ["2000-01-01,2000-01-10,2,1,19400101,", "2000-01-01,2000-01-10,1,9,19400101,I"]
    (tmp_path / "cohort.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    FLAT.write_csv(tmp_path / "table.csv")
    (tmp_path / "weights.csv").write_text("age_from,weight\n45,2\n15,1\n", encoding="utf-8")
    return tmp_path


def ask(files: Path, *more: str, method: str = "pohar-perme") -> tuple[Any, list[dict[str, str]]]:
    columns = ["--start", "start", "--end", "end", "--status", "status", "--sex", "sex", "--birth", "birth"]
    with pytest.raises(SystemExit) as ended:
        main([
            "stats", "survival", "--input", str(files / "cohort.csv"), "--method", method, *columns, "--at", "6,5",
            "--life-table", str(files / "table.csv"), "--out", str(files / "out.csv"), *more,
        ])  # fmt: skip
    out = files / "out.csv"
    return ended.value.code, list(csv.DictReader(out.open(encoding="utf-8"))) if out.is_file() else []


def test_the_file_command(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = ask(files)
    said = capsys.readouterr().err
    assert code == 1, said
    assert "line 5: the life table has no such sex" in said
    assert [(row["group"], row["time"], row["stat"]) for row in rows] == [
        ("", time, stat) for time in ("6", "5") for stat in ("surv", "se", "lower", "upper")
    ]
    start, born = DAY(2000, 1, 1), [DAY(1950, 1, 1), DAY(1960, 1, 1), DAY(1940, 1, 1)]
    frame = people((5, 1, "1"), (8, 0, "2"), (9, 1, "1"), start=start, born=born)
    found = net_survival(frame, life_table(FLAT), at=[6, 5])
    assert [float(row["value"]) for row in rows if row["stat"] == "surv"] == found["survival"].to_list()


def test_the_file_command_by_group_and_standardised(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = ask(files, "--by", "stage", method="ederer2,hakulinen")
    assert [row["group"] for row in rows] == (["I"] * 8 + ["II"] * 8) * 2
    assert "3,653 days early" in capsys.readouterr().err
    _, rows = ask(files, "--age-weights", str(files / "weights.csv"))
    assert {row["group"] for row in rows} == {"standardised"}
    capsys.readouterr()
    _, rows = ask(files, "--age-weights", "icss1")
    assert "without its ages from 65, 75: nobody is in them" in capsys.readouterr().err
    _, rows = ask(files, "--age-weights", "icss1", "--by", "stage")
    assert {row["group"] for row in rows} == {"I standardised", "II standardised"}
    _, rows = ask(files, "--period", "2000-01-04:2000-01-07")
    assert [row["value"] for row in rows] == [""] * 8


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--age-weights", "icss7"], "neither a file nor a named standard"),
        (["--life-table", "{}/cohort.csv"], "year"),
        (["--age-weights", "{}/cohort.csv"], "age_from"),
    ],
)
def test_the_file_command_refuses(
    more: list[str], words: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = ask(files, *[part.format(files) for part in more])
    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert len(said.strip().splitlines()) == 1
