"""`registry stats rates` from file to file, and denominators and rates on the command line."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from registry.analytics.incidence import AGE_GROUPS
from registry.cli import main

Run = Callable[..., tuple[int, str, str]]
HEADER = "group,year,age_group,count,population"


def rows_of(out: str) -> list[dict[str, str]]:
    assert out.splitlines()[0] == "measure,group,year,age_group,standard,stat,value"
    return list(csv.DictReader(out.splitlines()))


def written(folder: Path, *rows: str, name: str = "counts.csv") -> Path:
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return folder / name


def cell(group: str, year: int, counts: tuple[int, int, int]) -> list[str]:
    ages = ("0-4", "5-9", "10+")
    return [f"{group},{year},{age},{count},1000" for age, count in zip(ages, counts, strict=True)]


def test_faulty_rows_are_named_and_left_out(run: Run, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        *cell('"Lunge, männlich"', 2001, (1, 2, 3)),  # lines 2-4
        '"Lunge, männlich",2001,10+,4,1000',  # 5: a second time
        '"Lunge, männlich",2002,0-4,-1,1000',
        '"Lunge, männlich",2002,5-9,1.5,1000',
        '"Lunge, männlich",2002,10+,1,',
        '"Lunge, männlich",2003,0-4,1,0',
        '"Lunge, männlich",20x3,5-9,1,1000',
        '"Lunge, männlich",2003,old,1,1000',
        '"Lunge, männlich",2003,10+,1,-5',  # 12
        ",2003,10+,1,1000",
        '"Lunge, männlich",2004,0-4,1,1000',  # 14: the year lacks two age groups
    )
    code, out, err = run("stats", "rates", "--input", path, "--standard", "us2000")
    assert code == 1
    lines = {int(line.partition(", line ")[2].partition(":")[0]): line for line in err.splitlines()}
    assert sorted(lines) == list(range(5, 15))
    for line, reason in {5: "second row", 6: "count", 7: "count", 8: "population", 9: "population of 0", 10: "year", 11: "age group",
                         12: "below 0", 13: "no group", 14: "05-09, 10+"}.items():  # fmt: skip
        assert reason in lines[line]
    rows = rows_of(out)
    crude = [row for row in rows if row["measure"] == "crude"]
    assert {(row["group"], row["year"]) for row in crude} == {("Lunge, männlich", "2001")}
    assert crude[0]["stat"] == "rate" and float(crude[0]["value"]) == pytest.approx(200)
    specific = [
        (row["year"], row["age_group"], row["value"]) for row in rows if row["measure"] == "age_specific"
    ]
    assert specific == [
        ("2001", "00-04", "100.0"),
        ("2001", "05-09", "200.0"),
        ("2001", "10+", "300.0"),
        ("2004", "00-04", "100.0"),
    ]


def test_an_unknown_age_is_a_faulty_row_of_its_own(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, *cell("all", 2001, (1, 2, 3)), "all,2001,99,1,1000")
    code, out, err = run("stats", "rates", "--input", path)
    assert (code, err.count("\n")) == (1, 1)
    assert "line 5: age group lies in another" in err
    assert next(row["value"] for row in rows_of(out) if row["measure"] == "crude") == "200.0"


def test_when_every_year_lacks_an_age_its_rates_by_age_remain(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, "all,2001,0-4,1,1000", "all,2002,5+,2,1000")
    code, out, err = run("stats", "rates", "--input", path, "--reference-year", "2001")
    assert (code, err.count("\n")) == (1, 2)
    assert [(row["measure"], row["year"], row["value"]) for row in rows_of(out)] == [
        ("age_specific", "2001", "100.0"), ("age_specific", "2002", "200.0")
    ]  # fmt: skip


def test_ages_of_the_standard_without_rows_are_told(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, "young,2001,0-4,1,1000", "young,2001,5-9,2,1000", *cell("all", 2001, (1, 1, 1)))
    code, _, err = run("stats", "rates", "--input", path)
    assert (code, err.count("\n")) == (0, 1)
    assert '"young": no rows for 10-14, 15-19' in err


def test_order_and_comparisons(run: Run, tmp_path: Path) -> None:
    path = written(
        tmp_path, *cell("10", 2002, (0, 0, 4)), *cell("10", 2000, (0, 1, 1)), *cell("9", 2001, (1, 1, 2)), *cell("10", 2001, (0, 0, 0)),
    )  # fmt: skip
    own = tmp_path / "own.csv"
    own.write_text("age_group,weight\n10+,50\n00-04,25\n5-9,25\n")
    code, out, err = run(
        "stats", "rates", "--input", path, "--standard", f"{own},us2000", "--reference-year", "2000"
    )
    assert (code, err) == (0, "")
    rows = rows_of(out)
    assert list(dict.fromkeys(row["measure"] for row in rows)) == [
        "crude",
        "age_specific",
        "age_adjusted",
        "rate_ratio",
        "sir",
    ]
    cells = [
        (row["group"], row["year"]) for row in rows if row["measure"] == "crude" and row["stat"] == "rate"
    ]
    assert cells == [("9", "2001"), ("10", "2000"), ("10", "2001"), ("10", "2002")]  # groups sort as numbers
    adjusted = {
        (row["year"], row["standard"], row["stat"]): row["value"]
        for row in rows
        if row["measure"] == "age_adjusted" and row["group"] == "10"
    }
    assert float(adjusted["2000", str(own), "rate"]) == pytest.approx(100_000 * (0.25 * 1 + 0.5 * 1) / 1000)
    # Nothing where a rate is 0 (2001), nothing for a group without the reference year (9).
    ratios = {(row["group"], row["year"], row["standard"]) for row in rows if row["measure"] == "rate_ratio"}
    assert ratios == {("10", "2002", str(own)), ("10", "2002", "us2000")}
    sir = [(row["year"], row["stat"], row["value"]) for row in rows if row["measure"] == "sir"]
    assert sir[:2] == [("2001", "observed", "0"), ("2001", "expected", "2.0")]
    assert sir[7] == ("2002", "sir", "2.0")


def test_each_group_has_its_own_ages(run: Run, tmp_path: Path) -> None:
    children = [f"children,2000,{age},3,1000" for age in ("00", "01-04", "05-09", "10-14")]
    path = written(tmp_path, *cell("all", 2000, (1, 1, 1)), *children)
    code, out, _ = run("stats", "rates", "--input", path)
    rates = {
        row["group"]: row["value"]
        for row in rows_of(out)
        if row["measure"] == "age_adjusted" and row["stat"] == "rate"
    }
    assert (
        code == 0
        and float(rates["children"]) == pytest.approx(300)
        and float(rates["all"]) == pytest.approx(100)
    )
    code, _, err = run("stats", "rates", "--input", written(tmp_path, "a,2000,0-4,1,9", "a,2001,00,1,9"))
    assert code == 2 and "overlap" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--standard", "us200"), "did you mean us2000"),
        (("--reference-year", "1990"), "no rows of 1990"),
        (("--by", "year"), "does not go with --input"),
        (("--wrong",), "--wrong"),
    ],
)
def test_unknown_words_end_with_2(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("stats", "rates", "--input", written(tmp_path, *cell("a", 2000, (1, 1, 1))), *words)
    assert code == 2 and said in err and not out


def test_json_and_missing_columns(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--json", "stats", "rates", "--input", written(tmp_path, *cell("a", 2000, (1, 1, 1))))
    assert code == 0 and json.loads(out)[0]["measure"] == "crude"
    (tmp_path / "x.csv").write_text("group,year,age_group,count\n")
    code, _, err = run("stats", "rates", "--input", tmp_path / "x.csv")
    assert code == 2 and "population" in err
    code, out, _ = run("stats", "rates", "--input", written(tmp_path))
    assert code == 0 and len(rows_of(out)) == 0


def people(folder: Path, name: str, **changed: object) -> Path:
    table = pl.DataFrame({"age_group": AGE_GROUPS}).join(pl.DataFrame({"sex": ["1", "2"]}), how="cross")
    table = table.select(
        pl.lit("NY").alias("state"), pl.lit("001").alias("county"), pl.lit(2020).alias("year"), "sex", "age_group",
        pl.lit(1000).alias("population"),
    ).with_columns(pl.lit(value).alias(column) for column, value in changed.items())  # fmt: skip
    table.write_csv(folder / name)
    return folder / name


def test_populations_are_loaded_whole_or_not_at_all(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    monkeypatch.setenv("REGISTRY_KEY", "0123456789abcdef0123456789abcdef")
    path = people(tmp_path, "people.csv")
    assert run("stats", "population", "load", path)[0] == 2  # no name
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("NY", "ny")
    lines[5] = lines[5].replace("1000", "many")
    (tmp_path / "bad.csv").write_text("\n".join(lines))
    code, out, err = run("stats", "population", "load", tmp_path / "bad.csv", "--source", "C")
    assert (
        code == 1 and "line 4: state" in err and "line 6: population" in err and "nothing was loaded" in out
    )
    (tmp_path / "short.csv").write_text("\n".join(path.read_text().splitlines()[:-1]))
    code, _, err = run("stats", "population", "load", tmp_path / "short.csv", "--source", "C")
    assert code == 1 and "some ages" in err
    code, out, _ = run("stats", "population", "load", people(tmp_path, "named.csv", source="A 2020"))
    assert code == 0 and "loaded as population A 2020" in out
    code, out, _ = run("--json", "stats", "population", "list")
    assert [(row["source"], row["current"]) for row in json.loads(out)] == [("A 2020", True)]


def test_fixed_width_populations_of_seer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    monkeypatch.setenv("REGISTRY_KEY", "0123456789abcdef0123456789abcdef")
    lines = [
        f"2020NY3600199{race}{origin}{sex}{age:02d}{100 + age:08d}"
        for race in "1234" for origin in "01" for sex in "12" for age in range(20)
    ]  # fmt: skip
    with gzip.open(tmp_path / "seer.txt.gz", "wb") as file:
        file.write("\r\n".join(lines).encode() + b"\r\n")
    assert run("stats", "population", "load", tmp_path / "seer.txt.gz", "--source", "SEER")[0] == 0
    found = json.loads(run("--json", "stats", "population", "show")[1])
    assert found["counties"] == ["001"] and len(found["races"]) == 4 and "Black" in found["races"]
    assert found["years"][0]["total"] == 16 * sum(100 + age for age in range(20))


def test_main_group_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["stats", "--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in ("rates", "prevalence", "population"))
