"""`registry stats survival --input` with aalen-johansen, gray and cox: rows, order, what is left out and refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.cli import main

Run = Callable[..., tuple[int, list[dict[str, str]], str]]
CAUSES = "days,end,arm\n1,1,b\n2,1.0,b\n2,2,b\n3,0,b\n1.5,01,a\n4,2,a\n4,3,a\n6,0,a\n"
COX = 'days,dead,age,"the stage",clinic\n5,1,70,"c, late",x\n9,0,50,a é,x\n3,1,60,b,y\n12,1,55,"c, late",y\n5,0,65,a é,x\n'
COX += "4,1,52,a é,y\n7,1,63,b,x\n10,1,48,a é,x\n"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(content: str, *words: str) -> tuple[int, list[dict[str, str]], str]:
        path = tmp_path / "cohort.csv"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SystemExit) as stop:
            main(["stats", "survival", "--input", str(path), "--time", "days", *words])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), list(csv.DictReader(io.StringIO(captured.out))), captured.err

    return command


def test_every_other_code_competes_unless_it_is_no_event(run: Run) -> None:
    words = (
        "--status",
        "end",
        "--causes",
        "cancer=1,other=2",
        "--at",
        "4,2,99",
        "--method",
        "aalen-johansen",
    )
    code, rows, _ = run(CAUSES, *words, "--by", "arm")
    assert code == 0
    assert [(row["group"], row["time"], row["stat"]) for row in rows[:4]] == [
        ("a", "4", "cif_cancer"), ("a", "4", "se_cancer"), ("a", "4", "cif_other"), ("a", "4", "se_other"),
    ]  # fmt: skip
    found = {(row["group"], row["time"], row["stat"]): float(row["value"]) for row in rows}
    assert found["a", "4", "cif_cancer"] == found["a", "99", "cif_cancer"] == 0.25
    assert found["a", "4", "cif_other"] == 0.25  # code 3 had its share too
    assert found["b", "2", "cif_cancer"] == 0.5
    assert len(rows) == 2 * 3 * 4
    _, rows, _ = run(CAUSES, *words, "--event", "1,2")
    assert [row["group"] for row in rows] == [""] * 12
    censored = {(row["time"], row["stat"]): float(row["value"]) for row in rows}
    assert censored["4", "cif_other"] == pytest.approx(1 / 8 + 4 / 8 / 3)  # 3 is censored at 4


def test_gray_has_a_row_a_cause(run: Run) -> None:
    words = ("--status", "end", "--causes", "cancer=1,none=7", "--method", "gray", "--by", "arm")
    _, rows, err = run(CAUSES, *words)
    assert [(row["group"], row["stat"]) for row in rows[:3]] == [
        ("cancer", "chisq"), ("cancer", "df"), ("cancer", "p"),
    ]  # fmt: skip
    assert [row["value"] for row in rows[3:]] == ["0.0", "0", "1.0"]
    assert "no row has the code 7" in err
    code, _, err = run(CAUSES.replace(",b\n", ",a\n"), *words)
    assert code == 2
    assert err.count("\n") == 1


def test_terms_are_columns_and_levels(run: Run) -> None:
    code, rows, _ = run(COX, "--status", "dead", "--method", "cox", "--covariates", "age,the stage")
    assert code == 0
    assert list(dict.fromkeys(row["group"] for row in rows)) == [
        "age",
        "the stage=b",
        "the stage=c, late",
        "",
    ]
    assert [row["stat"] for row in rows[:5]] == ["coef", "se", "p", "lower", "upper"]
    assert [row["stat"] for row in rows[-5:]] == ["loglik_null", "loglik", "concordance", "n", "n_event"]
    assert [row["value"] for row in rows[-2:]] == ["8", "6"]
    _, strata, _ = run(
        COX,
        "--status",
        "dead",
        "--method",
        "cox",
        "--covariates",
        "age",
        "--strata",
        "clinic",
        "--ties",
        "breslow",
    )
    assert strata[0]["value"] != rows[0]["value"]


def test_a_model_without_an_answer_says_so_in_one_line(run: Run) -> None:
    table = "days,dead,x\n10,1,1.5\n20.5,0,4\n25,1,2\n50,0,7\n"
    code, rows, err = run(table, "--status", "dead", "--method", "cox", "--covariates", "x")
    assert (code, rows) == (2, [])
    assert "Cox model: x has no finite estimate" in err
    assert err.count("\n") == 1
