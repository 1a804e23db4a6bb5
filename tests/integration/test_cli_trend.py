"""`registry stats trend` from file to file: rows, order, faults by line, series refused by name, exit codes."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.cli import main

Run = Callable[..., tuple[int, list[dict[str, str]], str]]
HEADER = "method,group,joinpoints,segment,first_year,last_year,apc,lower,upper,p,se_log_slope"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(text: str, *words: str) -> tuple[int, list[dict[str, str]], str]:
        Path("in.csv").write_text(text, encoding="utf-8")
        Path("out.csv").unlink(missing_ok=True)
        with pytest.raises(SystemExit) as stop:
            main(["stats", "trend", "--input", "in.csv", "--out", "out.csv", *words])
        rows: list[dict[str, str]] = []
        if Path("out.csv").exists():
            content = Path("out.csv").read_text(encoding="utf-8")
            assert content.splitlines()[0] == HEADER and "\r" not in content
            rows = list(csv.DictReader(content.splitlines()))
        return int(stop.value.code or 0), rows, capsys.readouterr().err

    return command


def series(
    group: str, first: float = 0.02, turn: int = 2010, change: float = -0.05, years: int = 20
) -> list[str]:
    """Rows of rates without noise: slope `first` until `turn`, then `first + change`."""
    rows = []
    for year in range(2000, 2000 + years):
        rate = 40 * math.exp(first * (year - 2000) + change * max(year - turn, 0))
        rows.append(f'"{group}",{year},{rate!r},{rate / 50!r}')
    return rows


def test_groups_are_sorted_and_segments_follow(run: Run) -> None:
    rows = ["group,year,rate,se", *reversed(series("Sør, øst")), *series("Ardèche", turn=2006)]
    code, found, err = run("\n".join(rows), "--method", "joinpoint,apc", "--max-joinpoints", "2")
    assert (code, err) == (0, "")
    assert [(row["method"], row["group"], row["joinpoints"], row["segment"], row["first_year"], row["last_year"]) for row in found] == [
        ("joinpoint", "Ardèche", "1", "1", "2000", "2006"),
        ("joinpoint", "Ardèche", "1", "2", "2006", "2019"),
        ("joinpoint", "Sør, øst", "1", "1", "2000", "2010"),
        ("joinpoint", "Sør, øst", "1", "2", "2010", "2019"),
        ("apc", "Ardèche", "0", "1", "2000", "2019"),
        ("apc", "Sør, øst", "0", "1", "2000", "2019"),
    ]  # fmt: skip
    assert float(found[0]["apc"]) == pytest.approx(100 * math.expm1(0.02), abs=1e-9)
    assert float(found[1]["apc"]) == pytest.approx(100 * math.expm1(-0.03), abs=1e-9)


def test_groups_that_are_numbers_sort_as_numbers(run: Run) -> None:
    rows = ["area,year,rate,se", *(row.replace('"', "") for group in ("10", "9") for row in series(group))]
    code, found, _ = run("\n".join(rows), "--by", "area", "--method", "apc-unweighted")
    assert code == 0 and [row["group"] for row in found] == ["9", "10"]


def test_without_groups_and_without_standard_errors(run: Run) -> None:
    text = "year,rate\n2000,10\n2001,11\n2002,12.5\n"
    code, found, _ = run(text, "--method", "apc-unweighted")
    assert code == 0 and found[0]["group"] == "" and found[0]["last_year"] == "2002"
    code, _, err = run(text, "--method", "apc")
    assert code == 2 and "there is no column se" in err


def test_two_years_leave_limits_empty(run: Run) -> None:
    code, found, _ = run("group,year,rate,se\na,2000,10,1\na,2001,11,1\n", "--method", "apc")
    assert code == 0 and float(found[0]["apc"]) == pytest.approx(10)
    assert [found[0][name] for name in ("lower", "upper", "p", "se_log_slope")] == ["", "", "", ""]


def test_faulty_rows_are_named_by_line_and_series_with_a_zero_by_name(run: Run) -> None:
    rows = [
        "group,year,rate,se",
        *series("good"),
        "good,2001,5,1",
        "good,x,5,1",
        "good,2031,,1",
        "good,2032,5,0",
        ",2033,5,1",
    ]
    rows += ["zero,2000,5,1", "zero,2001,0,0", "zero,2002,5,1", "one,2000,5,1", "good,2034,-5,1"]
    code, found, err = run("\n".join(rows), "--method", "apc")
    assert code == 1
    assert [(row["group"], row["last_year"]) for row in found] == [("good", "2019")]
    assert err.splitlines() == [
        "in.csv, line 22: is a second row of its group and year; left out",
        "in.csv, line 23: year is missing or no number; left out",
        "in.csv, line 24: rate is missing or no number; left out",
        "in.csv, line 25: se is not above 0; left out",
        "in.csv, line 26: has no group; left out",
        "in.csv, line 31: rate is below 0; left out",
        'in.csv: series "one": 1 years; a trend needs at least two; left out',
        'in.csv: series "zero": the rate of 2001 is 0; a log-linear trend needs values above 0; left out',
    ]


def test_every_series_refused_leaves_a_header(run: Run) -> None:
    code, found, err = run("group,year,rate,se\na,2000,0,1\na,2001,1,1\n", "--method", "joinpoint")
    assert code == 1 and found == [] and 'series "a": the rate of 2000 is 0' in err


def counts(zero: int | None = None) -> str:
    """Two age groups over 12 years; rates grow by 10 % a year in each; perhaps a year without a case."""
    lines = ["group,year,age_group,count,population"]
    for year in range(2000, 2012):
        for age, population in (("00-49", 400_000), ("50+", 100_000)):
            cases = 0 if year == zero else round(100 * 1.1 ** (year - 2000))
            lines.append(f"all,{year},{age},{cases},{population}")
    return "\n".join(lines)


def test_counts_are_adjusted_to_the_standard(run: Run) -> None:
    Path("own.csv").write_text("age_group,weight\n00-49,3\n50+,1\n", encoding="utf-8")
    code, found, _ = run(counts(), "--method", "apc,apc-poisson", "--standard", "own.csv")
    assert code == 0
    years = range(2000, 2012)
    cases = [round(100 * 1.1 ** (year - 2000)) for year in years]
    rates = [(0.75 / 4 + 0.25) * n for n in cases]  # per 100,000
    errors = [math.sqrt((0.75 / 4) ** 2 * n + 0.25**2 * n) for n in cases]
    weights = [(rate / error) ** 2 for rate, error in zip(rates, errors, strict=True)]
    total = sum(weights)
    year_mean = sum(w * year for w, year in zip(weights, years, strict=True)) / total
    log_mean = sum(w * math.log(rate) for w, rate in zip(weights, rates, strict=True)) / total
    spread = sum(w * (year - year_mean) ** 2 for w, year in zip(weights, years, strict=True))
    product = sum(
        w * (year - year_mean) * (math.log(rate) - log_mean)
        for w, year, rate in zip(weights, years, rates, strict=True)
    )
    assert float(found[0]["apc"]) == pytest.approx(100 * math.expm1(product / spread), rel=1e-9)
    assert [row["method"] for row in found] == ["apc", "apc-poisson"]
    assert float(found[1]["apc"]) == pytest.approx(10, abs=0.2)


def test_a_year_without_a_case_is_refused_where_logs_are_taken(run: Run) -> None:
    code, found, err = run(counts(zero=2005), "--method", "apc,apc-poisson", "--standard", "us2000")
    assert code == 1 and [row["method"] for row in found] == ["apc-poisson"]
    assert err.count('series "all": the rate of 2005 is 0') == 1


def test_permutation_is_the_same_each_time(run: Run) -> None:
    text = "\n".join(["group,year,rate,se", *series("a")])
    words = ("--method", "joinpoint", "--select", "permutation", "--permutations", "99", "--seed", "3")
    first = run(text, *words)
    assert first[0] == 0 and first == run(text, *words)
    assert [row["last_year"] for row in first[1]] == ["2010", "2019"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method trend", "--method: there is no 'trend'"),
        ("", "--method: is needed with --input"),
        ("--method apc --joinpoints 1", "--joinpoints: goes with --method joinpoint"),
        (
            "--method joinpoint --joinpoints 1 --max-joinpoints 2",
            "--max-joinpoints: does not go with --joinpoints",
        ),
        ("--method joinpoint --joinpoints 1 --select bic", "--select: does not go with --joinpoints"),
        ("--method joinpoint --select aic", "--select: there is no 'aic'"),
        ("--method joinpoint --seed 4", "--seed: goes with --select permutation"),
        ("--method apc --standard us2000", "--standard: goes with counts and populations"),
        ("--method apc-poisson", "--method apc-poisson: needs counts and populations"),
        ("--method apc --site Lung", "--site: does not go with --input"),
        ("--method apc --what", "No such option"),
        ("--method apc --by county", "there is no column county"),
    ],
)
def test_what_is_asked_wrongly_exits_2(run: Run, words: str, message: str) -> None:
    code, found, err = run("group,year,rate,se\na,2000,1,1\na,2001,2,1\n", *words.split())
    assert code == 2 and not found and message in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method apc", "--method apc: needs --standard with counts"),
        ("--method apc --standard us2000,europe_2013", "--standard: takes one standard"),
        ("--method apc --standard mars", "--standard: there is no 'mars'"),
        ("--method apc-poisson --by county", "--by: goes with a file of rates"),
    ],
)
def test_what_is_asked_wrongly_of_counts_exits_2(run: Run, words: str, message: str) -> None:
    code, _, err = run(counts(), *words.split())
    assert code == 2 and message in err


def test_too_many_joinpoints_are_refused_by_name(run: Run) -> None:
    code, found, err = run(
        "\n".join(["group,year,rate,se", *series("a", years=8)]), "--method", "joinpoint", "--joinpoints", "3"
    )
    assert code == 1 and not found
    assert err == 'in.csv: series "a": 8 years have no room for 3 joinpoints; ask for 2 at most; left out\n'


def test_options_of_files_need_a_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["stats", "trend", "--method", "apc"])
    assert stop.value.code == 2 and "--method: goes with --input only" in capsys.readouterr().err
