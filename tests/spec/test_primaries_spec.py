"""Every rule of the multiple primary groups does what the examples beside it say."""

import polars as pl

from registry.coding.primaries import compare_tumors, rules
from registry.coding.primaries.compare import _groups
from registry.coding.primaries.rule import tumor_of
from tests.paths import needs_shared, shared

CASES = [
    (group, rule, example)
    for group in _groups().values()
    for rule in group.rules
    for example in rule.examples
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
    examples = [example for _, _, example in CASES]
    groups = [group.id for group, _, _ in CASES]
    steps = [rule.step for _, rule, _ in CASES]
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
    reached = {(group.id, rule.step) for group, rule, example in CASES if example.step == rule.step}
    declared = set(rules().select("group_id", "step").iter_rows())
    assert declared - reached <= NEVER_DECIDE


@needs_shared
def test_every_rule_of_the_published_catalogue_is_declared_and_no_other():
    ours = set(rules().select("group_id", "step").iter_rows())
    assert ours == set(catalogue().select("group_id", "step").iter_rows())


@needs_shared
def test_the_rules_stand_in_the_order_of_the_catalogue():
    for group_id in catalogue()["group_id"].unique():
        steps = rules().filter(group_id=group_id)["step"].unique(maintain_order=True)
        assert steps.to_list() == catalogue().filter(group_id=group_id)["step"].to_list()


def catalogue() -> pl.DataFrame:
    path = shared("coding", "mph", "mph_rule_catalogue.csv")
    return pl.read_csv(path, infer_schema=False).with_columns(pl.col("step").fill_null(""))
