"""Comparing tumor pairs: column names and types, wrong cells, explanations and errors."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from registry.coding.primaries import codes, compare_tumors, explain, pairs_of, rules
from registry.errors import BadInput, NotFound

RIGHT = {
    "primarySite_1": "C509",
    "histologyIcdO3_1": "8520",
    "behaviorIcdO3_1": "3",
    "laterality_1": "1",
    "dateOfDiagnosis_1": "20100101",
}
BOTH_BREASTS = RIGHT | {name[:-1] + "2": value for name, value in RIGHT.items()} | {"laterality_2": "2"}
SHOWN = ("result", "group_id", "step")
DECIDED = ("multiple", "mph_2007_to_2017_breast", "M7")


def decided(**cells: object) -> tuple[object, ...]:
    return compare_tumors(pl.DataFrame([BOTH_BREASTS | cells])).select(SHOWN).row(0)


def test_a_pair_is_decided():
    assert decided() == DECIDED


def test_the_item_names_of_the_standard_are_read():
    names = {"histologyIcdO3_1": "histologicTypeIcdO3_1", "behaviorIcdO3_2": "behaviorCodeIcdO3_2"}
    frame = pl.DataFrame([BOTH_BREASTS]).rename(names)
    assert compare_tumors(frame).select(SHOWN).row(0) == DECIDED


def test_numbers_and_dates_are_read_as_their_texts():
    frame = pl.DataFrame([BOTH_BREASTS]).with_columns(
        pl.col("histologyIcdO3_1", "laterality_2", "behaviorIcdO3_1").cast(pl.Int64),
        dateOfDiagnosis_1=pl.lit(date(2010, 1, 1)),
    )
    assert compare_tumors(frame).select(SHOWN).row(0) == DECIDED


@pytest.mark.parametrize(
    "cells",
    [
        {"primarySite_1": None},
        {"primarySite_1": "C809"},
        {"primarySite_1": "c509"},
        {"primarySite_1": "C50"},
        {"primarySite_1": "C+09"},
        {"primarySite_1": "C5091"},
        {"histologyIcdO3_2": "7999"},
        {"histologyIcdO3_2": "852"},
        {"histologyIcdO3_2": " 8520"},
        {"behaviorIcdO3_2": "4"},
        {"behaviorIcdO3_2": ""},
        {"dateOfDiagnosis_1": None},
        {"dateOfDiagnosis_1": "201"},
        {"dateOfDiagnosis_1": "20X00101"},
        {"dateOfDiagnosis_1": "29990101"},
    ],
)
def test_a_tumor_without_usable_codes_makes_the_pair_invalid(cells):
    assert decided(**cells) == ("invalid", None, None)


def test_the_reason_names_the_tumor_that_cannot_be_compared():
    reason = compare_tumors(pl.DataFrame([BOTH_BREASTS | {"primarySite_2": "C809"}]))["reason"].item()
    assert reason.startswith("The second tumor cannot be compared")


def test_a_diagnosis_of_a_coming_year_is_no_diagnosis():
    pair = pl.DataFrame([BOTH_BREASTS | {"dateOfDiagnosis_2": "20110101"}])
    assert compare_tumors(pair, today=date(2010, 12, 31))["result"].item() == "invalid"
    assert compare_tumors(pair, today=date(2011, 1, 1))["result"].item() == "multiple"


@pytest.mark.parametrize(
    "day", ["20100230", "20100200", "201002", "20101301", "2010  01", "2010-02-01", "2010"]
)
def test_an_impossible_day_is_an_unknown_one(day):
    same_side = {"laterality_2": "1", "behaviorIcdO3_1": "2", "dateOfDiagnosis_2": "20100415"}
    assert decided(**same_side, dateOfDiagnosis_1=day) == ("questionable", "mph_2007_to_2017_breast", "M8")
    assert decided(**same_side, dateOfDiagnosis_1="20100201")[2] == "M8"
    assert decided(**same_side, dateOfDiagnosis_1="20100228")[2] == "M13"


def test_a_missing_side_is_told_in_the_reason():
    found = compare_tumors(pl.DataFrame([BOTH_BREASTS | {"laterality_2": "9"}]), question=True)
    assert found.select(SHOWN).row(0) == ("questionable", "mph_2007_to_2017_breast", "M7")
    assert "the side (right or left)" in found["reason"].item()
    assert found["question"].item().endswith("?")


def test_no_pairs_give_no_rows_but_all_columns():
    found = compare_tumors(pl.DataFrame(schema=dict.fromkeys(BOTH_BREASTS, pl.String)))
    assert found.is_empty()
    assert found.columns == [*BOTH_BREASTS, "result", "group_id", "step", "reason"]


def test_a_rule_is_explained_with_its_examples():
    text = explain("mph_2007_to_2017_breast", "M7")
    assert "right" in text
    assert "C509 8520/3 1 2010-01-01 and C509 8520/3 2 2010-01-01: multiple" in text
    assert len(explain("mph_2007_to_2017_breast").splitlines()) > len(text.splitlines())


def test_an_unknown_group_or_step_is_said():
    with pytest.raises(NotFound, match="no such group"):
        explain("breast")
    with pytest.raises(NotFound, match="no rule M99"):
        explain("mph_2007_to_2017_breast", "M99")
    with pytest.raises(NotFound, match="no_such_table"):
        codes.entries("no_such_table")


def test_every_text_of_a_rule_is_one_sentence_or_more():
    for question, reason in rules().select("question", "reason").iter_rows():
        assert question.endswith("?")
        assert reason.endswith(".")


def test_pairs_need_a_column_of_the_patient():
    with pytest.raises(BadInput, match="patientIdNumber or patient_id"):
        pairs_of(pl.DataFrame({"primarySite": ["C509"]}))
    with pytest.raises(BadInput, match="person"):
        pairs_of(pl.DataFrame({"patient_id": ["1"]}), patient="person")


def test_the_tumors_of_patients_can_be_compared_in_one_go():
    tumor = {name[:-2]: value for name, value in RIGHT.items()}
    tumors = pl.DataFrame(
        [
            {"patientIdNumber": "01"} | tumor,
            {"patientIdNumber": "02"} | tumor,
            {"patientIdNumber": "01"} | tumor | {"laterality": "2"},
        ]
    )
    found = compare_tumors(pairs_of(tumors))
    assert found.select("patientIdNumber", "tumor_1", "tumor_2", *SHOWN).rows() == [("01", 0, 2, *DECIDED)]
