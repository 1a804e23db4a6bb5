"""Every rule of the multiple primary groups does what the examples beside it say."""

import polars as pl
import pytest

from registry.coding.primaries import compare_tumors, rules
from registry.coding.primaries.compare import _groups
from registry.coding.primaries.rule import tumor_of

CASES = [
    pytest.param(group, rule, example, id=f"{group.id}-{rule.step}-{number}")
    for group in _groups().values()
    for rule in group.rules
    for number, example in enumerate(rule.examples, start=1)
]

NEVER_DECIDE = {
    *(("hemato_2010_and_later", step) for step in ("M1", "M7", "M9", "M11", "M13")),
    *(("2006_and_earlier_solid_malignant", step) for step in ("M1", "M2")),
    ("mph_2007_to_2017_breast", "M4"),
    ("mph_2007_to_2017_lung", "M3"),
    ("mph_2007_to_2017_kidney", "M4"),
    ("mph_2007_to_2017_benign_brain", "M3"),
    ("mph_2007_to_2017_malignant_brain", "M4"),
    ("str_2018_and_later_breast", "M4"),
    ("str_2018_and_later_colon", "M13"),
    ("str_2018_and_later_head_and_neck", "M13"),
    ("str_2018_and_later_kidney", "M3"),
    ("str_2018_and_later_kidney", "M11"),
    ("str_2018_and_later_lung", "M3"),
    ("str_2018_and_later_lung", "M12"),
    ("str_2018_and_later_malignant_cns", "M6"),
    ("str_2018_and_later_malignant_cns", "M14"),
    ("str_2018_and_later_non_malignant_cns", "M6"),
    ("str_2018_and_later_non_malignant_cns", "M15"),
    ("str_2018_and_later_urinary", "M17"),
}
"""Rules that the codes cannot reach: they ask about the record, or every site of the group is alike."""


def frame(examples) -> pl.DataFrame:
    rows = []
    for one in examples:
        first, second = tumor_of(one.first), tumor_of(one.second)
        rows.append({f"{k}_1": v for k, v in first.items()} | {f"{k}_2": v for k, v in second.items()})
    return pl.DataFrame(rows, infer_schema_length=None)


def compared(examples) -> pl.DataFrame:
    return compare_tumors(frame(examples)).with_columns(pl.col("step").fill_null(""))


def test_the_rules_do_what_their_examples_say():
    examples = [case.values[2] for case in CASES]
    groups = [case.values[0].id for case in CASES]
    steps = [case.values[1].step for case in CASES]
    found = compared(examples).with_columns(
        pl.Series("group", groups),
        pl.Series("rule", steps),
        pl.Series("expected", [f"{one.result} {one.step}" for one in examples]),
        pl.Series("example", [f"{one.first} | {one.second}" for one in examples]),
    )
    wrong = found.filter(
        (pl.col("expected") != pl.concat_str("result", pl.lit(" "), "step"))
        | (pl.col("group") != pl.col("group_id"))
    )
    shown = wrong.select("group_id", "rule", "example", "expected", "result", "step", "reason")
    assert wrong.is_empty(), shown.write_csv()


def test_every_rule_is_reached_by_an_example_of_its_own():
    reached = {(c.values[0].id, c.values[1].step) for c in CASES if c.values[2].step == c.values[1].step}
    declared = set(rules().select("group_id", "step").iter_rows())
    assert declared - reached <= NEVER_DECIDE
