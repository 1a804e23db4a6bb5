"""Pairs with a known answer: the same result, group and rule as the standard library gives."""

from pathlib import Path

import polars as pl

from registry.coding.primaries import compare_tumors
from registry.coding.primaries.rule import tumor_of
from tests.paths import FIXTURES

CASES = sorted((FIXTURES / "primaries").glob("cases_*.txt"))


def cases(path: Path) -> pl.DataFrame:
    """The pairs of a file, with `expected_group`, `expected` (result and step) and `line`."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        first, second, group, expected = (cell.strip() for cell in line.split("|"))
        row = {f"{name}_1": value for name, value in tumor_of(first).items()}
        row |= {f"{name}_2": value for name, value in tumor_of(second).items()}
        rows.append(row | {"expected_group": group, "expected": expected, "line": line})
    return pl.DataFrame(rows, infer_schema_length=None)


def test_there_are_cases_of_every_era():
    groups = set().union(*(cases(path)["expected_group"] for path in CASES))
    assert {"hemato_2000_and_earlier", "2006_and_earlier_solid_malignant", "hemato_2010_and_later"} <= groups
    assert sum(cases(path).height for path in CASES) > 200


def test_known_pairs_get_their_result_group_and_rule():
    frame = pl.concat([cases(path) for path in CASES])
    found = compare_tumors(frame).with_columns(
        group=pl.col("group_id").fill_null("-"),
        found=pl.concat_str("result", pl.col("step").fill_null(""), separator=" ").str.strip_chars(),
    )
    wrong = found.filter(
        (pl.col("group") != pl.col("expected_group"))
        | ((pl.col("expected") != "*") & (pl.col("found") != pl.col("expected")))
    )
    assert wrong.is_empty(), wrong.select("line", "group", "found").write_csv()
