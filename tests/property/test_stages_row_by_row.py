"""The resolved stage and AJCC groups against the rule written out for one tumor in plain Python."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.analytics import stages
from registry.analytics.stages.ajcc import WAYS
from registry.analytics.stages.summary import SOURCES

CODES = st.sampled_from([None, "", "0", "1", "2", "3", "4", "5", "7", "8", "9", "X", "10"])
YEARS = st.sampled_from([None, "1995", "2000", "20010101", "2017", "201801", "2024", "99999999"])
PLAIN = {"0": "In situ", "1": "Localized", "2": "Regional", "3": "Regional", "4": "Regional", "7": "Distant"}


def plain_stage(row: dict[str, str | None]) -> tuple[str, str | None, str | None, str | None]:
    text = row["dateOfDiagnosis"]
    if text is None or text.startswith("9999"):
        return "Unknown or unstaged", None, None, None
    year = int(text[:4])
    if year >= 2018:
        era, asked, legal = (
            "2018",
            [("summaryStage2018", "764"), ("derivedSummaryStage2018", "762")],
            "01234789",
        )
    elif year >= 2001:
        era, asked, legal = "2000", [("seerSummaryStage2000", "759"), ("derivedSs2000", "3020")], "012345789"
    else:
        era, asked, legal = (
            "1977",
            [("seerSummaryStage1977", "760"), ("historicStage", "historic")],
            "012345789",
        )
    for item, number in asked:
        code = row[item]
        allowed = "01249" if item == "historicStage" else legal
        if code is None or len(code) != 1 or code not in allowed:
            continue
        if item == "historicStage":
            group = {"0": "In situ", "1": "Localized", "2": "Regional", "4": "Distant"}.get(code)
        else:
            group = PLAIN.get(code) or ("Regional" if code == "5" else None)
            if code == "8" and era != "1977":
                group = "Benign or borderline"
        return group or "Unknown or unstaged", code, era, number
    return "Unknown or unstaged", None, era, None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(stages.ITEMS, CODES) | {"dateOfDiagnosis": YEARS}), min_size=1, max_size=30))  # fmt: skip
def test_stage_of_each_tumor(rows: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(stages.ITEMS, pl.String))
    got = stages.with_stage(frame).select("stage", "stage_code", "stage_era", "stage_source").rows()
    assert got == [plain_stage(row) for row in rows]


GROUPS = st.sampled_from([None, "", "0", "0A", "0IS", "1", "1A2", "2B", "IIIC", "4", "IVA", "OC", "88", "99", "12"])  # fmt: skip
DERIVED = st.sampled_from([None, "00", "01", "15", "33", "52", "74", "88", "90", "99", "020", "121", "430", "888", "999", "47"])  # fmt: skip
AJCC = {
    "0": "0", "0A": "0", "0IS": "0", "1": "I", "1A2": "I", "2B": "II", "IIIC": "III", "4": "IV", "IVA": "IV",
    "OC": "Occult", "88": "Not applicable", "99": "Unknown",
}  # fmt: skip
AJCC6 = {"00": "0", "01": "0", "15": "I", "33": "II", "52": "III", "74": "IV", "88": "Not applicable", "90": "Occult", "99": "Unknown"}  # fmt: skip
AJCC7 = {"020": "0", "121": "I", "430": "II", "888": "Not applicable", "999": "Unknown"}


def plain_ajcc(row: dict[str, str | None]) -> tuple[str, str | None, str | None, str | None]:
    text = row["dateOfDiagnosis"]
    if text is None or text.startswith("9999"):
        return "Unknown", None, None, None
    answers: list[tuple[str, str | None, str, str]] = []

    def ask(item: str, table: dict[str, str], edition: str | None, basis: str) -> None:
        code = row[item]
        if code is not None and code in table:
            answers.append((table[code], edition, code, basis))

    if int(text[:4]) >= 2018:
        edition = "9" if (row["schemaId"] or "").startswith("09") else "8"
        ask("ajccTnmPathStageGroup", AJCC, edition, "pathological")
        ask("ajccTnmClinStageGroup", AJCC, edition, "clinical")
        ask("npcrDerivedAjcc8TnmPathStgGrp", AJCC, "8", "derived")
        ask("npcrDerivedAjcc8TnmClinStgGrp", AJCC, "8", "derived")
    else:
        number = {"06": "6", "07": "7", "U7": "7", "08": "8"}.get(row["tnmEditionNumber"] or "")
        assigned = [("tnmPathStageGroup", "pathological"), ("tnmClinStageGroup", "clinical")]
        for item, basis in assigned if number else []:
            ask(item, AJCC, number, basis)
        ask("derivedAjcc7StageGrp", AJCC7, "7", "derived")
        ask("derivedAjcc6StageGrp", AJCC6, "6", "derived")
        for item, basis in assigned if not number else []:
            ask(item, AJCC, None, basis)
    telling = [answer for answer in answers if answer[0] not in ("Unknown", "Not applicable")]
    return (telling or answers or [("Unknown", None, None, None)])[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(
    dict.fromkeys(stages.AJCC_ITEMS, GROUPS)
    | {"derivedAjcc7StageGrp": DERIVED, "derivedAjcc6StageGrp": DERIVED, "dateOfDiagnosis": YEARS}
    | {"schemaId": st.sampled_from([None, "00480", "09520"]), "tnmEditionNumber": st.sampled_from([None, "06", "07", "U7", "88", "99"])}
), min_size=1, max_size=30))  # fmt: skip
def test_ajcc_group_of_each_tumor(rows: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(stages.AJCC_ITEMS, pl.String))
    got = stages.with_ajcc(frame).select("ajcc_group", "ajcc_edition", "ajcc_code", "ajcc_basis").rows()
    assert got == [plain_ajcc(row) for row in rows]


def test_items_are_those_of_the_dictionary() -> None:
    numbers = {source.column: source.number for source in SOURCES if source.number.isdecimal()}
    assert {item: str(standards.item(item).number) for item in numbers} == numbers
    for way in WAYS:
        assert standards.item(way.item).name


def test_frames_without_any_item_or_row() -> None:
    bare = pl.DataFrame({"dateOfDiagnosis": ["2019", "2005"]})
    assert stages.with_stage(bare)["stage"].to_list() == ["Unknown or unstaged"] * 2
    assert stages.with_ajcc(bare)["ajcc_group"].to_list() == ["Unknown"] * 2
    assert stages.with_ajcc(stages.with_stage(bare.clear())).height == 0


def test_a_figure_over_two_manuals_says_so() -> None:
    assert stages.comparability(stages.eras_between(2018, 2024)) is None
    warning = stages.comparability(stages.eras_between(1998, 2020))
    assert warning and "1977, 2000 and 2018" in warning and "2001 and 2018" in warning
