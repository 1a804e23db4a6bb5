"""`registry derive` over files: columns and rows kept, versions carried, one line for bad input."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest

from tests.integration.conftest import Run

TUMORS = pl.DataFrame(
    {
        "note": ["a", "b", "=c"],
        "primarySite": ["C619", "C509", None],
        "histologicTypeIcdO3": ["8140", "8500", "8000"],
        "number": [3, 1, 2],
    }
)


def test_a_parquet_file_keeps_rows_columns_and_types(run: Run, tmp_path: Path) -> None:
    TUMORS.write_parquet("in.parquet")
    code, out, _ = run("derive", "run", "--input", "in.parquet", "--out", "out.parquet",
                       "--derivations", "site_recode_2008, seer-site-recode-2003")  # fmt: skip
    assert code == 0 and "3 rows, 2 derived columns" in out
    derived = pl.read_parquet("out.parquet")
    assert derived.select(TUMORS.columns).equals(TUMORS)
    assert derived.columns == [*TUMORS.columns, "site_recode_2008", "site_recode_2003"]
    assert derived.get_column("site_recode_2008").to_list() == ["28010", "26000", "99999"]
    metadata = pyarrow.parquet.read_metadata("out.parquet").metadata
    assert metadata[b"derived:site_recode_2008"].startswith(b"seer-site-recode-2008 WHO 2008")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.parquet", "out.parquet"]


def test_a_csv_file_keeps_its_text(run: Run) -> None:
    TUMORS.write_csv("in.csv")
    assert run("derive", "run", "site_recode_2008", "--input", "in.csv", "--out", "out.csv")[0] == 0
    lines = Path("out.csv").read_text(encoding="ascii").splitlines()
    assert lines[0] == "note,primarySite,histologicTypeIcdO3,number,site_recode_2008"
    assert lines[3] == "=c,,8000,2,99999"


def test_without_names_everything_is_derived_whose_inputs_are_there(run: Run) -> None:
    TUMORS.write_parquet("in.parquet")
    assert run("derive", "run", "--input", "in.parquet", "--out", "out.parquet")[0] == 0
    made = pl.read_parquet("out.parquet").columns
    assert "site_recode_2008" in made and "site_recode_2023" not in made


def test_absent_inputs_are_said_and_count_as_blank(run: Run) -> None:
    TUMORS.write_parquet("in.parquet")
    _, _, err = run("derive", "run", "site_recode_2023", "--input", "in.parquet", "--out", "out.parquet")
    assert err.strip().endswith("not there and taken as blank: behaviorCodeIcdO3, dateOfDiagnosis")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--input", "none.parquet", "--out", "o.parquet"), "none.parquet: there is no such file"),
        (("--input", "in.parquet"), "needs both --input and --out"),
        (("--input", "in.parquet", "--out", "o.xlsx"), "ends neither in .csv nor in .parquet"),
        (("--input", "bad.parquet", "--out", "o.parquet"), "can't be read as a Parquet table"),
        (("nonsense", "--input", "in.parquet", "--out", "o.parquet"), "there is no such derivation"),
        (("--input", "in.parquet", "--out", "o.parquet", "--as-of", "soon"), "is not a day"),
        (("--input", "in.parquet", "--out", "none/o.parquet"), "its folder is not there"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], line: str
) -> None:
    TUMORS.write_parquet("in.parquet")
    Path("bad.parquet").write_bytes(b"PAR1 not really")
    code, out, err = run("derive", "run", *words)
    assert (code, out) == (2, "")
    assert line in err and err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"in.parquet", "bad.parquet"}


def test_show_and_explain(run: Run) -> None:
    code, out, _ = run("derive", "show", "site_recode_2008")
    assert code == 0 and "seer-site-recode-2008" in out and "C509" in out
    code, out, _ = run(
        "derive", "explain", "site_recode_2008", "primarySite=C619", "histologicTypeIcdO3=8140"
    )
    assert code == 0
    assert "28010" in out and "Prostate gland" in out
    code, _, err = run("derive", "explain", "site_recode_2008", "C619")
    assert code == 2 and "is not ITEM=VALUE" in err


def test_compare_counts_what_changes(run: Run) -> None:
    TUMORS.write_parquet("in.parquet")
    code, out, _ = run("derive", "compare", "--from", "seer-site-recode-2003", "--to", "seer-site-recode-2008",
                       "--input", "in.parquet", "--out", "changes.csv")  # fmt: skip
    assert code == 0 and "0 of 3 records change" in out
    assert Path("changes.csv").read_text().startswith("output,before,after,records")
