"""`registry code` and `registry primaries` over files and words, as outside programs call them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from tests.integration.conftest import Run


def test_a_batch_of_queries_gets_five_rows_each(run: Run) -> None:
    queries = ["infiltrating duct carcinoma upper outer quadrant left breast", 'melanoma, "left" ear', ""]
    pl.DataFrame({"query": queries, "other": [1, 2, 3]}).write_csv("queries.csv")
    code, out, _ = run("code", "search", "--batch", "queries.csv", "--out", "hits.csv")
    assert (code, out) == (0, "3 queries, 15 answers, written to hits.csv\n")
    with Path("hits.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == [
        "query", "rank", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "score",
    ]  # fmt: skip
    assert [row["query"] for row in rows] == [query for query in queries for _ in range(5)]
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"] * 3
    first = rows[0]
    assert [first[name] for name in list(first)[2:6]] == ["C504", "8500", "3", "2"]
    assert (rows[5]["primarySite"], rows[5]["histologicTypeIcdO3"], rows[5]["laterality"]) == (
        "C442",
        "8720",
        "2",
    )


def test_words_are_answered_with_what_matched(run: Run) -> None:
    code, out, _ = run("code", "search", "RUL lung adenoca")
    assert code == 0
    assert out.startswith("1. C34.1  8140/3  laterality 1  Upper lobe, lung; Adenocarcinoma, NOS")
    code, out, _ = run("code", "search", "RUL lung adenoca", "--json", "--limit", 1)
    (hit,) = json.loads(out)
    assert hit["primarySite"] == "C341" and "rul" in hit["site_words"]
    code, out, _ = run("code", "search", "zzqqxx")
    assert code == 1 and "nothing fits" in out


def test_a_code_is_read_back_with_its_neighbours(run: Run) -> None:
    code, out, _ = run("code", "show", "8500/3")
    assert code == 0
    assert out.startswith("8500/3  Infiltrating duct carcinoma, NOS  (morphology)")
    assert "broader:\n    8010/3  Carcinoma, NOS" in out
    assert run("code", "show", "9999/9")[0] == 1
    assert "Mastectomy, NOS" in run("code", "surgery", "mastectomy", "--site", "C50.4", "--year", 2020)[1]
    assert run("code", "death", "cancer of the pancreas", "--json")[1].startswith('[{"code": "C259"')


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("code", "search"), "got no words"),
        (("code", "search", "x", "--batch", "q.csv", "--out", "h.csv"), "a batch needs --batch and --out"),
        (("code", "search", "--batch", "none.csv", "--out", "h.csv"), "none.csv: there is no such file"),
        (("code", "search", "--batch", "q.csv", "--out", "h.csv"), "`query`"),
        (("primaries", "compare", "--pairs", "none.parquet", "--out", "r.parquet"), "there is no such file"),
        (("primaries", "explain", "nothing"), "there is no such group of rules"),
    ],
)
def test_bad_input_is_one_line(run: Run, words: tuple[str, ...], line: str) -> None:
    Path("q.csv").write_text("words\nlung\n")
    code, _, err = run(*words)
    assert code == 2
    assert line in err and err.count("\n") == 1
    assert not Path("h.csv").exists() and not Path("r.parquet").exists()


PAIRS = pl.DataFrame(
    {
        "note": ["each breast", "same", "no such site"],
        "primarySite_1": ["C504", "C504", "X"],
        "histologyIcdO3_1": ["8500"] * 3,
        "behaviorIcdO3_1": ["3"] * 3,
        "laterality_1": ["1", "1", "1"],
        "dateOfDiagnosis_1": ["20150101"] * 3,
        "primarySite_2": ["C504"] * 3,
        "histologyIcdO3_2": ["8500"] * 3,
        "behaviorIcdO3_2": ["3"] * 3,
        "laterality_2": ["2", "1", "1"],
        "dateOfDiagnosis_2": ["20150301"] * 3,
    }
)


def test_pairs_of_a_file_are_judged(run: Run) -> None:
    PAIRS.write_parquet("pairs.parquet")
    code, out, _ = run("primaries", "compare", "--pairs", "pairs.parquet", "--out", "results.parquet")
    assert code == 0 and out.startswith("3 pairs: 1 invalid, 1 multiple, 1 single")
    judged = pl.read_parquet("results.parquet")
    assert judged.select(PAIRS.columns).equals(PAIRS)
    assert judged.columns == [*PAIRS.columns, "result", "group_id", "step", "reason"]
    assert judged.select("result", "group_id", "step").rows() == [
        ("multiple", "mph_2007_to_2017_breast", "M7"),
        ("single", "mph_2007_to_2017_breast", "M11"),
        ("invalid", None, None),
    ]
    assert judged.get_column("reason").str.len_chars().min() > 20


def test_rules_are_listed_and_explained(run: Run) -> None:
    code, out, _ = run("primaries", "rules", "--group", "breast", "--json")
    steps = {(row["group_id"], row["step"]) for row in json.loads(out)}
    assert code == 0 and ("mph_2007_to_2017_breast", "M7") in steps
    code, out, _ = run("primaries", "explain", "mph_2007_to_2017_breast", "M7")
    assert code == 0 and out.startswith("M7 (multiple): Is there a tumor in each breast?")


PAIR = {
    f"{item}_{side}": [code]
    for side in "12"
    for item, code in {
        "primarySite": "C509", "histologyIcdO3": "8500", "behaviorIcdO3": "3", "dateOfDiagnosis": "20150101",
    }.items()
}  # fmt: skip


def test_columns_that_pairs_lack_are_said(run: Run) -> None:
    pl.DataFrame({**PAIR, "laterality_1": ["1"]}).write_csv("pairs.csv")
    code, out, err = run("primaries", "compare", "--pairs", "pairs.csv", "--out", "r.csv")
    assert (code, out) == (0, "1 pairs: 1 questionable, written to r.csv\n")
    assert "taken as blank: histologyIcdO2_1, behaviorIcdO2_1" in err and "laterality_2" in err
    pl.DataFrame({"primarySite": ["C509"]}).write_csv("tumors.csv")
    code, _, err = run("primaries", "compare", "--pairs", "tumors.csv", "--out", "t.csv")
    assert code == 2 and "tumors.csv: has no columns of pairs of tumors" in err
    assert not Path("t.csv").exists()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "f.csv: is empty"),
        (b"query,query\na,b\n", "f.csv: has the column query twice"),
        (b"query\na,b\n", "f.csv: has a row with more cells"),
        (b"query\nn\xe6vus\n", "f.csv: is not text in UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(run: Run, content: bytes, line: str) -> None:
    Path("f.csv").write_bytes(content)
    code, out, err = run("code", "search", "--batch", "f.csv", "--out", "h.csv")
    assert (code, out) == (2, "") and line in err and err.count("\n") == 1


def test_a_column_in_other_letters_is_said(run: Run) -> None:
    pl.DataFrame({"PRIMARYSITE": ["C509"], "histologicTypeIcdO3": ["8500"]}).write_parquet("t.parquet")
    words = ("derive", "run", "--input", "t.parquet", "--derivations", "site_recode_2008", "--out", "o.csv")
    assert "column PRIMARYSITE is not read; its NAACCR XML id is written primarySite" in run(*words)[2]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("derive", "compare", "--from", "seer-site-recode-2003", "--to", "zzz"), "zzz: is no derivation"),
        (("derive", "compare", "--from", "package", "--to", "."), "holds no tables"),
        (("derive", "run", "--derivations", ",", "--input", "a.csv", "--out", "b.csv"), "names nothing"),
        (("code", "surgery", "x", "--site", "breast", "--year", "2020"), "is no topography code"),
        (("code", "surgery", "x", "--site", "C504", "--year", "1950"), "no table of surgery codes"),
        (("code", "search", "--batch", ".", "--out", "h.csv"), "is a folder"),
        (("primaries", "explain", "zzz"), "see `registry primaries rules`"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, words: tuple[str, ...], line: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "") and line in err and err.count("\n") == 1
