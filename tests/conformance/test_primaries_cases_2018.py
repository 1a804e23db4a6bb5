"""Pairs of the Solid Tumor Rules with a known answer; see the fixture for their origin and notation."""

import polars as pl

from registry.coding.primaries import compare_tumors
from registry.coding.primaries.rule import tumor_of
from tests.paths import FIXTURES


def cases() -> pl.DataFrame:
    rows = []
    for line in (FIXTURES / "primaries" / "solid_2018.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        first, second, group, answer = (cell.strip() for cell in line.split("|"))
        row = {f"{name}_1": value for name, value in tumor_of(first).items()}
        row |= {f"{name}_2": value for name, value in tumor_of(second).items()}
        rows.append(row | {"expected_group": group, "answer": answer, "line": line})
    return pl.DataFrame(rows, infer_schema_length=None)


def fits(answer: str, result: str, step: str) -> bool:
    """
    >>> fits("multiple M5", "multiple", "M5"), fits("* M5", "single", "M6"), fits("not M5", "single", "M6")
    (True, False, True)
    """
    wanted, _, rule = answer.partition(" ")
    if wanted == "not":
        return step != rule
    return wanted in ("*", result) and rule in ("", step)


def test_the_notation_can_fail():
    assert fits("multiple M5", "multiple", "M5")
    assert not fits("multiple M5", "single", "M5")
    assert not fits("* M5", "single", "M6")
    assert not fits("not M5", "single", "M5")


def test_known_pairs_get_their_answer():
    found = compare_tumors(cases())
    assert found.height > 350
    wrong = [
        (line, group_id, result, step)
        for line, answer, group, group_id, result, step in found.select(
            "line", "answer", "expected_group", "group_id", "result", "step"
        ).iter_rows()
        # a case that a rule must not decide may belong to another group altogether
        if not fits(answer, result, step or "") or (group != group_id and not answer.startswith("not "))
    ]
    assert not wrong, "\n".join(map(str, wrong))
