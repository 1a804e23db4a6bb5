"""The one door to derived variables."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from registry import coding
from registry.coding.numbers import PREPARED
from registry.coding.people.age import age_group_labels
from registry.coding.ranges import Condition
from registry.coding.recodes.recode_table import RecodeTable, Rule
from registry.coding.recodes.site import recode_labels
from registry.errors import BadInput, NotFound

AS_OF = dt.date(2026, 11, 1)


def test_outputs_can_be_asked_for_by_name_and_keep_everything_else() -> None:
    frame = pl.DataFrame(
        {"x": [2, 1], "primarySite": ["C619", "C509"], "histologicTypeIcdO3": ["8140", "8500"]}
    )
    derived = coding.derive(frame, ["site_recode_2008"])
    assert derived.columns == [*frame.columns, "site_recode_2008"]
    assert derived.get_column("x").to_list() == [2, 1]


def test_inputs_that_nobody_sent_count_as_blank_and_leave_no_column() -> None:
    derived = coding.derive(pl.DataFrame({"primarySite": ["C619"]}), ["seer-site-recode-2023"])
    assert derived.columns == ["primarySite", "site_recode_2023"]
    assert derived.item(0, "site_recode_2023") == "99"


def test_what_needs_another_output_comes_after_it() -> None:
    frame = pl.DataFrame({"dateOfBirth": ["19580301"], "dateOfDiagnosis": ["20200301"]})
    derived = coding.derive(frame, ["age-group", "age-at-diagnosis"])
    assert derived.select("ageAtDiagnosis", "age_group").row(0) == ("062", "13")


def test_a_missing_parameter_and_an_unknown_name_are_said() -> None:
    frame = pl.DataFrame({"dateOfDiagnosis": ["2020"]})
    with pytest.raises(BadInput, match="needs as_of"):
        coding.find(["survival-time"])[0].steps()
    with pytest.raises(NotFound, match="derivation nothing"):
        coding.derive(frame, ["nothing"])


def test_the_study_ends_with_the_cutoff_year() -> None:
    frame = pl.DataFrame({"dateOfDiagnosis": ["20200101", "20240101"], "dateOfLastContact": ["20250101"] * 2})
    derived = coding.derive(frame, ["survival-time"], as_of=AS_OF, cutoff_year=2023)
    assert derived.select(
        "survDateActiveFollowup", "survFlagActiveFollowup", "survMosActiveFollowup"
    ).rows() == [
        ("20231231", "1", "0047"),
        ("20231231", "9", "9999"),
    ]


def test_values_in_long_form_name_algorithm_and_version() -> None:
    frame = pl.DataFrame(
        {"tumor_id": [2, 1], "primarySite": ["C619", "C509"], "histologicTypeIcdO3": ["8140", "8500"]}
    )
    ids = ["seer-site-recode-2008"]
    values = coding.derived_values(coding.derive(frame, ids), ids)
    assert values.select("tumor_id", "item", "value").rows() == [
        (1, "site_recode_2008", "26000"),
        (2, "site_recode_2008", "28010"),
    ]
    assert set(values.get_column("algorithm")) == {"seer-site-recode-2008"}
    assert values.get_column("version").null_count() == 0


def test_the_list_names_everything() -> None:
    listed = coding.derivations()
    assert listed.get_column("id").is_unique().all()
    assert listed.filter(pl.col("id") == "survival-time").item(0, "parameters") == "as_of;cutoff_year"


def test_labels() -> None:
    assert recode_labels("2008")["21041"] == "Cecum"
    assert list(age_group_labels())[1:3] == ["01", "02"]


def test_the_first_rule_wins_inclusion_beats_exclusion_and_the_rule_is_told() -> None:
    breast = Condition(included=((500, 509),), excluded=((505, 505),))
    rules = [
        Rule({"site": breast}, ("breast",)),
        Rule({"site": Condition(excluded=((619, 619),))}, ("other",)),
    ]
    table = RecodeTable(rules, ("unknown",))
    frame = pl.DataFrame(
        {"primarySite": ["C505", "C809", "C619", None], "histologicTypeIcdO3": ["8000"] * 4}
    ).with_columns(PREPARED["@site"].alias("@site"), PREPARED["@histology"].alias("@histology"))
    (answers,) = table.answers
    number = frame.select(table.expression()).to_series()
    assert answers.gather(number).to_list() == ["breast", "other", "unknown", "unknown"]
    told = [table.why(row) for row in frame.iter_rows(named=True)]
    assert told[0] == "rule 1 of 2 is the first that fits: site C500-C509"
    assert told[1] == "rule 2 of 2 is the first that fits: site not C619"
    assert told[2] == "none of the 2 rules fits"
    assert told[3].startswith("primarySite is blank or no code")
