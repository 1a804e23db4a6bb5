"""`registry stats survival --input`: from a file to a file, what is left out, what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from registry import analytics
from registry.cli import main

Run = Callable[..., tuple[int, str, str]]
KM = ("--method", "kaplan-meier", "--time", "days", "--status", "dead", "--at", "5")
COHORT = "days,dead,arm\n5,1,b\n9,0,a\n3,0,b\n12,1,a\n5,1,a\n"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Write a cohort, run the command over it: exit code, stdout, stderr."""

    def command(content: str | bytes, *words: str, name: str = "cohort.csv") -> tuple[int, str, str]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(SystemExit) as stop:
            main(["stats", "survival", "--input", str(path), *words])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return command


def values(out: str) -> dict[tuple[str, str, str], str]:
    return {
        (row["group"], row["time"], row["stat"]): row["value"] for row in csv.DictReader(io.StringIO(out))
    }


def test_long_form_in_the_order_that_was_asked_for(run: Run) -> None:
    code, out, err = run(COHORT, *KM[:-1], "9,5,9", "--by", "arm")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "method,group,time,stat,value"
    places = [tuple(line.split(",")[1:3]) for line in lines[1:]]
    assert list(dict.fromkeys(places)) == [("a", "9"), ("a", "5"), ("b", "9"), ("b", "5")]
    assert [line.split(",")[3] for line in lines[1:7]] == [
        "n_risk",
        "n_event",
        "surv",
        "se",
        "lower",
        "upper",
    ]
    got = values(out)
    assert got["a", "5", "n_risk"] == "3"
    assert got["a", "9", "n_event"] == "0"  # events after 5, though 9 was asked for first
    assert float(got["a", "9", "surv"]) == pytest.approx(2 / 3, rel=1e-15)
    assert got["b", "9", "n_risk"] == "0"
    assert got["b", "9", "surv"] == "0.0"
    assert got["b", "9", "upper"] == got["b", "9", "se"] == ""


def test_the_order_of_rows_and_the_kind_of_file_change_nothing(run: Run, tmp_path: Path) -> None:
    words = (*KM, "--by", "arm", "--method", "kaplan-meier,quantiles,log-rank,rmst,nelson-aalen,life-table")
    _, out, _ = run(COHORT, *words)
    header, *rows = COHORT.splitlines()
    turned = "\r\n".join([header, *reversed(rows)])
    assert run(b"\xef\xbb\xbf" + turned.encode(), *words)[1] == out
    target = tmp_path / "out.csv"
    assert run(COHORT, *words, "--out", str(target))[:2] == (0, "")
    assert target.read_bytes() == out.encode()
    listed = json.loads(run(COHORT, *words, "--json")[1])
    assert [row["method"] for row in listed] == [row["method"] for row in csv.DictReader(io.StringIO(out))]
    assert {"method": "log-rank", "group": "", "time": "", "stat": "df", "value": 1} in listed


def test_faulty_rows_are_named_and_left_out(run: Run) -> None:
    table = [
        "id,first,last,dead",
        "secret1,2001-01-01,20010106,1",
        "secret2,2001-01-01,2000-12-31,1",
        "secret3,2001-02-30,2001-12-31,1",
        "",
        "secret5,2001-01-01,2001-01-01,1",
        "secret6,20010101,2001-01-09,",
        'secret7,20010101,,"0"',
        "secret8,2001-1-1,2001-01-09,0",
        "secret9,2001-01-01,2001-01-09,0,9",
        "secret10,2001-01-01,2001-01-10,0.0",
    ]
    words = ("--method", "kaplan-meier", "--start", "first", "--end", "last", "--status", "dead", "--at", "5")
    code, out, err = run("\n".join(table), *words)
    assert code == 1
    assert values(out)["", "5", "n_risk"] == "2"
    assert values(out)["", "5", "n_event"] == "1"
    told = [line.partition(", ")[2] for line in err.splitlines()]
    assert told[:-1] == [
        "line 3: last is before first; left out",
        "line 4: first is no day; left out",
        "line 7: dead is empty; left out",
        "line 8: last is empty; left out",
        "line 9: first is no day; left out",
        "line 10: has 5 cells where there are 4 columns; left out",
    ]
    assert err.splitlines()[-1].endswith("1 rows with time 0 left out")
    assert "secret" not in err


def test_many_faulty_rows_are_counted_and_nobody_left_gives_an_empty_table(run: Run) -> None:
    code, out, err = run("days,dead\n" + "x,1\n-3,1\n,0\n" * 10, *KM)
    assert (code, out) == (1, "method,group,time,stat,value\n")
    assert len(err.splitlines()) == 21
    assert err.splitlines()[-1].endswith("and 10 more faulty rows, left out")
    assert "line 2: days is no number" in err
    assert "line 3: days is negative" in err
    assert "line 4: days is empty" in err


def test_time_zero_and_missing_groups_are_remarks(run: Run) -> None:
    code, out, err = run("days,dead,arm\n0,1,a\n5,1,a\n7,0,\n8,0,a\n", *KM, "--by", "arm")
    assert code == 0
    assert values(out)["a", "5", "n_risk"] == "2"
    assert "1 rows with time 0 left out" in err
    assert "1 rows without arm" in err
    assert run("days,dead,arm\n0,1,a\n5,1,a\n", *KM, "--quiet")[2] == ""


def test_an_option_that_a_method_takes_no_notice_of_is_told(run: Run) -> None:
    code, _, err = run(COHORT, *KM, "--strata", "arm", "--period", "2001-01-01:2001-12-31")
    assert code == 0
    assert [line.partition("csv: ")[2] for line in err.splitlines()] == [
        "--period is not used by kaplan-meier", "--strata is not used by kaplan-meier"
    ]  # fmt: skip


def test_groups_keep_their_text_and_numbers_sort_as_numbers(run: Run) -> None:
    table = 'days,dead,arm\n5,1,"II, é"\n6,0,"a ""b"""\n7,1,"two\nlines"\nx,1,q\n'
    code, out, err = run(table, *KM, "--by", "arm")
    assert code == 1
    assert "line 6: days is no number" in err  # a cell before it holds a line break
    groups = list(dict.fromkeys(row["group"] for row in csv.DictReader(io.StringIO(out))))
    assert groups == ["II, é", 'a "b"', "two\nlines"]
    numbers = run("days,dead,arm\n5,1,10\n6,0,2\n7,1,-1.5\n8,1,2.0\n", *KM, "--by", "arm")[1]
    assert list(dict.fromkeys(group for group, _, _ in values(numbers))) == ["-1.5", "2", "10"]
    assert values(numbers)["2", "5", "n_risk"] == "2"


def test_codes_of_the_event(run: Run) -> None:
    table = "days,dead\n1,0\n2,1\n3,2.0\n4,03\n5,1\n"
    counted = {
        words: values(run(table, *KM, *words)[1])["", "5", "n_event"]
        for words in [(), ("--event", "1"), ("--event", "2,3.0"), ("--event", "7")]
    }
    assert list(counted.values()) == ["4", "2", "2", "0"]
    assert "no row has the code 7 of --event" in run(table, *KM, "--event", "7")[2]
    code, out, err = run("days,dead\n1,0\n2,1\n3,dead\n", *KM)
    assert (code, values(out)["", "5", "n_event"]) == (1, "1")
    assert "line 4: dead is no number as the others are" in err
    text = "days,dead\n1,alive\n2,dead\n3,dead\n"
    assert values(run(text, *KM, "--event", "dead")[1])["", "5", "n_event"] == "2"
    assert "every row counts as an event" in run(text, *KM)[2]


def test_limits_before_the_first_event(run: Run) -> None:
    table = "days,dead\n2,0\n4,1\n6,0\n"
    got = {
        scale: values(run(table, *KM[:-1], "1,3", "--ci", scale)[1]) for scale in ("log-log", "log", "plain")
    }
    assert got["log-log"]["", "1", "lower"] == "1.0"  # nobody has left yet
    assert got["log-log"]["", "3", "lower"] == got["log-log"]["", "3", "upper"] == ""
    assert got["log"]["", "3", "lower"] == got["plain"]["", "3", "upper"] == "1.0"


def test_conditional_survival_and_the_actuarial_table(run: Run) -> None:
    table = "days,dead\n" + "".join(f"{day},{day % 2}\n" for day in range(1, 41))
    got = values(run(table, *KM[:-2], "--method", "conditional", "--given", "10", "--at", "20")[1])
    both = values(run(table, *KM[:-2], "--at", "10,20")[1])
    assert float(got["", "20", "surv"]) == pytest.approx(
        float(both["", "20", "surv"]) / float(both["", "10", "surv"]), rel=1e-14
    )
    assert got["", "20", "n_risk"] == "30"
    months = values(run(table, *KM[:-2], "--method", "life-table")[1])
    assert list(dict.fromkeys(time for _, time, _ in months)) == ["30.4375", "60.875"]
    assert (months["", "30.4375", "n_event"], months["", "30.4375", "n_censored"]) == ("15", "15")
    assert len(values(run(table, *KM[:-2], "--method", "life-table", "--interval", "10")[1])) == 5 * 9


def test_times_that_are_not_whole_equal_those_of_python(run: Run) -> None:
    import polars as pl

    random = np.random.default_rng(4)
    frame = pl.DataFrame({
        "days": random.exponential(700, 500).round(3) + 0.001,
        "dead": random.integers(0, 2, 500),
        "arm": random.choice(["x", "y"], 500),
    })  # fmt: skip
    got = values(run(frame.write_csv(), *KM[:-1], "365.25,700.5", "--by", "arm", "--ci", "log")[1])
    curve = analytics.kaplan_meier(frame, "days", by="arm", confidence="log")
    for row in analytics.survival_at(curve, [365.25, 700.5], "arm").iter_rows(named=True):
        where = (row["arm"], str(row["time"]))
        assert float(got[*where, "surv"]) == row["survival"]
        assert float(got[*where, "lower"]) == row["lower"]
        assert int(got[*where, "n_risk"]) == row["at_risk"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "kaplan-meyer"), "did you mean kaplan-meier?"),
        (("--colour", "blue"), "No such option"),
        (("--status", "alive"), "there is no column alive"),
        (("--by", "stage"), "there is no column stage"),
        (("--at", "5,soon"), "no number of days"),
        (("--at", "5,,6"), "empty part"),
        (("--at", "-5"), "no number of days"),
        (("--ci", "arcsin"), "'arcsin' is not one of"),
        (("--method", "log-rank"), "needs --by"),
        (("--method", "pohar-perme"), "needs --start, --birth, --sex, --life-table"),
        (("--method", "cox", "--by", "arm", "--covariates", "arm"), "does not go with --method cox"),
        (("--method", "conditional"), "needs --given"),
        (("--end", "days"), "does not go with --end"),
        (("--site", "Breast"), "does not go with --input"),
        (("--causes", "cancer"), "not name=code"),
        (("--causes", "a=1,b=1"), "a code to two causes"),
        (("--period", "2001"), "not FROM:TO"),
        (("--period", "2002-01-01:2001-01-01"), "ends before it starts"),
        (("--interval", "0"), "above 0"),
        (("--out", "/nowhere/x.csv"), "folder"),
        (("--input", "/nowhere/x.csv"), "no such file"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value).replace("/", "."),
)
def test_what_is_refused_is_one_line_and_exit_code_2(run: Run, words: tuple[str, ...], message: str) -> None:
    code, out, err = run(COHORT, *KM, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"days,dead,days\n1,1,1\n", "the column days twice"),
        (b"days,\n1,1\n", "a column has no name"),
        (b"days,dead\n1,\xff\n", "UTF-8"),
        (b'days,dead\n1,"1\n2,1\n', "quotation marks"),
    ],
    ids=["empty", "twice", "no name", "not UTF-8", "open quotation mark"],
)
def test_files_that_are_no_such_table(run: Run, content: bytes, message: str) -> None:
    code, out, err = run(content, *KM)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_file_options_need_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["stats", "survival", "--event", "1"])
    assert stop.value.code == 2
    assert "goes with --input only" in capsys.readouterr().err


def test_the_file_that_is_read_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    code, out, err = run(COHORT, *KM, "--out", str(tmp_path / "." / "cohort.csv"))
    assert (code, out) == (2, "") and err == "registry: --out: is the file that is read; name another file\n"
    assert (tmp_path / "cohort.csv").read_text() == COHORT
