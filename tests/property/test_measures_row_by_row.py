"""The project's measures and the grammar of conditions, against each measure written out in plain Python."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics.outcomes import conditions
from registry.analytics.outcomes.measure import faults, measure_from, own_measures, read
from registry.analytics.outcomes.measure_figures import answers, figures, measured, why
from registry.errors import BadInput

DIAGNOSED = dt.date(2020, 3, 1)
ROW = st.fixed_dictionaries({
    "facility": st.sampled_from(["A", "B"]), "site": st.sampled_from(["C50", "C18", "C34"]), "primarySite": st.sampled_from(["C181", "C182"]),
    "histologicTypeIcdO3": st.sampled_from([8140, 8042, None]), "behavior": st.sampled_from([3, 3, 2]), "sex": st.sampled_from(["2", "1"]),
    "age": st.sampled_from([None, 17, 40, 69, 70, 85]), "year": st.sampled_from([2015, 2020, 2024]), "first_primary": st.sampled_from([True, True, False]),
    "class_of_case": st.sampled_from([None, 14, 22, 30]), "stage": st.sampled_from(["Localized", "Regional", "Distant", "Unknown or unstaged"]),
    "dead": st.booleans(), "follow": st.sampled_from([None, 80, 119, 300, 900]), "diagnostic_confirmation": st.sampled_from([1, 7, None]),
    "first_surgery": st.sampled_from([None, 10, 100]), "first_radiation": st.sampled_from([None, 90, 366]),
    "estrogenReceptorSummary": st.sampled_from(["1", "0", None]), "progesteroneRecepSummary": st.sampled_from(["1", "0", None]),
    "tumorSizeSummary": st.sampled_from(["010", "011", "999", None]), "regionalNodesPositive": st.sampled_from(["00", "01", "98", None]),
    "regionalNodesExamined": st.sampled_from(["11", "12", "95", None]), "rxSummSurgPrimSite": st.sampled_from(["00", "22", "40", "99", None]),
    "phase1RadiationTreatmentModality": st.sampled_from(["00", "02", None]), "rxSummChemo": st.sampled_from(["00", "03", "82", "86", "99", None]),
    "rxSummHormone": st.sampled_from(["00", "01", "82", "87", None]), "rxSummBrm": st.sampled_from(["00", "01", None]),
    "rxDateChemo": st.sampled_from([None, "20200629", "20200630", "202006"]), "rxDateHormone": st.sampled_from([None, "20210301", "20210302"]),
    "rxDateBrm": st.sampled_from([None, "20200401"]), "reasonForNoRadiation": st.sampled_from([None, "1", "2", "7"]), "reasonForNoSurgery": st.sampled_from(["1", "2"]),
    "rxSummSurgRadSeq": st.sampled_from([None, "0", "2"]), "rxSummSystemicSurSeq": st.sampled_from([None, "0", "4"]), "rxSummTreatmentStatus": st.sampled_from(["1", "2"]),
})  # fmt: skip
NAMES = {"stage": pl.String, "histologicTypeIcdO3": pl.Int16, "age": pl.Int16, "class_of_case": pl.Int8, "follow": pl.Int32,
         "first_surgery": pl.Int32, "first_radiation": pl.Int32, "diagnostic_confirmation": pl.Int8}  # fmt: skip


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {
        name: NAMES.get(name) or (pl.String if isinstance(value, str | None) else None)
        for name, value in rows[0].items()
    }
    frame = pl.DataFrame(rows, schema=schema, infer_schema_length=None).with_columns(  # type: ignore[arg-type]
        diagnosed=pl.lit(DIAGNOSED),
        first_systemic=pl.lit(None, pl.Int32),
        first_treatment=pl.lit(None, pl.Int32),
    )
    last = pl.col("diagnosed") + pl.duration(days=pl.col("follow"))
    return measured(frame.with_columns(last_contact=last))


def number(text: str | None) -> int | None:
    return int(text) if text else None


def days(text: str | None) -> int | None:
    return (dt.datetime.strptime(text, "%Y%m%d").date() - DIAGNOSED).days if text and len(text) == 8 else None


def both(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def either(*parts: bool | None) -> bool | None:
    return True if True in parts else None if None in parts else False


def within(value: int | None, low: int, high: int) -> bool | None:
    return None if value is None else low <= value <= high


def one_of(value: str | None, *wanted: str) -> bool | None:
    return None if value is None else value in wanted


def soon(row: dict[str, Any], limit: int) -> bool | None:
    return both(row["dead"], within(row["follow"], 0, limit))


def given_(code: str | None) -> bool | None:
    """Systemic therapy: codes 01 to 03 yes, 00 and 82 to 87 no; a blank, 88 or 99 leaves it open."""
    return True if code in ("01", "03") else False if code in ("00", "82", "85", "86", "87") else None


def common(row: dict[str, Any]) -> bool | None:
    return both(row["behavior"] == 3, within(row["class_of_case"], 0, 22), row["first_primary"])


def plain(row: dict[str, Any], which: str) -> str:
    code = number(row["rxSummSurgPrimSite"])
    positive, size = number(row["regionalNodesPositive"]), number(row["tumorSizeSummary"])
    chemo, hormone = row["rxSummChemo"], row["rxSummHormone"]
    if which == "breast-hormone-therapy":
        asked = both(
            common(row), row["site"] == "C50", row["sex"] == "2", within(row["age"], 18, 200), row["year"] >= 2018,
            either(row["estrogenReceptorSummary"] == "1", row["progesteroneRecepSummary"] == "1"),
            either(within(size, 11, 989), within(positive, 1, 97)), within(code, 10, 90), row["stage"] != "Distant",
        )  # fmt: skip
        out = either(soon(row, 365), hormone == "82")
        day = within(days(row["rxDateHormone"]), -9999, 365)
        met = either(both(given_(hormone), day), one_of(hormone, "86", "87"))
    elif which == "breast-radiation-after-conserving-surgery":
        asked = both(
            common(row), row["site"] == "C50", row["sex"] == "2", within(row["age"], 18, 69), within(code, 20, 29),
            row["stage"] in ("Localized", "Regional"),
        )  # fmt: skip
        out = either(soon(row, 365), row["reasonForNoRadiation"] == "2")
        met = both(
            one_of(row["phase1RadiationTreatmentModality"], "02"), within(row["first_radiation"], -9999, 365)
        )
    elif which == "colon-chemotherapy-node-positive":
        asked = both(
            common(row), row["site"] == "C18", row["primarySite"] != "C181", within(row["age"], 18, 79), within(code, 30, 80),
            within(positive, 1, 97), row["stage"] != "Distant",
        )  # fmt: skip
        out = either(soon(row, 120), chemo == "82")
        met = either(
            both(given_(chemo), within(days(row["rxDateChemo"]), -9999, 120)), one_of(chemo, "86", "87")
        )
    else:
        asked = both(
            common(row), row["site"] == "C18", row["primarySite"] != "C181", within(row["age"], 18, 200), within(code, 30, 80),
            row["stage"] in ("Localized", "Regional"),
        )  # fmt: skip
        out = either(row["rxSummSurgRadSeq"] == "2", row["rxSummSystemicSurSeq"] == "4")
        met = within(number(row["regionalNodesExamined"]), 12, 90)
    if not asked:
        return "not asked"
    if out:
        return "excluded"
    return {True: "met", False: "not met", None: "cannot be decided"}[met]


WRITTEN_OUT = ["breast-hormone-therapy", "breast-radiation-after-conserving-surgery", "colon-chemotherapy-node-positive", "colon-twelve-nodes"]  # fmt: skip


def breast(row: dict[str, Any]) -> dict[str, Any]:
    """Nearer to being asked, so that the later conditions are tried too."""
    return row | {
        "site": "C50",
        "sex": "2",
        "age": 40,
        "class_of_case": 14,
        "behavior": 3,
        "year": 2020,
        "first_primary": True,
    }


def colon(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"site": "C18", "primarySite": "C182", "age": 70, "class_of_case": 22, "behavior": 3, "rxSummSurgPrimSite": "40"}  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(ROW, ROW.map(breast), ROW.map(colon)), min_size=1, max_size=40))
def test_measures_case_by_case(rows: list[dict[str, Any]]) -> None:
    frame = frame_of(rows)
    for measure in own_measures():
        said = answers(frame, measure)
        if measure.id in WRITTEN_OUT:
            assert said["answer"].cast(pl.String).to_list() == [plain(row, measure.id) for row in rows], (
                measure.id
            )
        counted = Counter(said["answer"].cast(pl.String))
        steps = why(said, measure)
        assert steps["remaining"][-1] == counted["met"] + counted["not met"] + counted["cannot be decided"]
        assert steps["excluded"].sum() == counted["not asked"] + counted["excluded"]
        table = figures(pl.concat([frame.select("facility"), said], how="horizontal"), measure, ["facility"])
        for row in table.iter_rows(named=True):
            mine = [
                answer
                for answer, home in zip(said["answer"].cast(pl.String), frame["facility"], strict=True)
                if home == row["facility"]
            ]
            assert row["met"] == mine.count("met") and row["excluded"] == mine.count("excluded")
            assert row["total"] == row["met"] + mine.count("not met") + mine.count("cannot be decided")
            assert row["percent"] == (100 * row["met"] / row["total"] if row["total"] else None)
            assert not row["total"] or row["lower"] <= row["percent"] <= row["upper"]


GOOD = {
    "id": "x",
    "version": "1",
    "title": "t",
    "question": "q",
    "site": "Lung",
    "source": "s",
    "benchmark": 80,
}


@pytest.mark.parametrize(("change", "told"), [
    ({"denominator": ["agee < 70"]}, "there is no column agee"),
    ({"denominator": ["age < seventy"]}, "seventy is not a number"),
    ({"denominator": ["stage = Metastatic"]}, "Metastatic is not one of In situ, Localized"),
    ({"denominator": ["age between 70 and 18"]}, "runs backwards"),
    ({"denominator": ["__import__('os').system('x')"]}, "is not a condition"),
    ({"denominator": ["age < 70; dead"]}, "70; dead is not a number"),
    ({"denominator": ["stage"]}, "is no flag"),
    ({"denominator": ["dead = 1"]}, "is true or false"),
    ({"denominator": []}, "needs a list of conditions"),
    ({"denominator": [{"xor": ["dead"]}]}, "a table with one of any, all, none"),
    ({"exclusions": [{"when": ["dead"]}]}, "needs reason and when"),
    ({"benchmark": "high"}, "benchmark: is missing or no number"),
    ({"direction": "up"}, "direction: is one of"),
    ({"speed": 3}, "speed: unknown word"),
    ({"id": "A b"}, "small letters"),
])  # fmt: skip
def test_faults_of_a_definition(change: dict[str, Any], told: str) -> None:
    wrong = faults({"denominator": ["age >= 18"], "numerator": ["dead"]} | GOOD | change)
    assert len(wrong) == 1 and told in wrong[0] and "\n" not in wrong[0]


def test_deep_nesting_and_bad_files_are_refused() -> None:
    deep: Any = "dead"
    for _ in range(12):
        deep = {"any": [deep]}
    assert any(
        "levels deep" in line for line in faults({"denominator": [deep], "numerator": ["dead"]} | GOOD)
    )
    for text in ("not toml [", "title = 'x'", "[[measure]]\nid = 'x'"):
        with pytest.raises(BadInput):
            read(text)


def test_own_measures_say_what_they_are() -> None:
    for measure in own_measures():
        assert measure_from(measure.as_dict()) == measure
        assert "wn" in measure.source and measure.question.endswith("?")


def test_condition_with_items_and_missing_values() -> None:
    from registry.analytics.outcomes.measure import kind

    frame = pl.DataFrame({"tumorSizeSummary": ["011", "XXX", None], "dead": [True, None, False]})
    got = frame.select(
        a=conditions.expression("tumorSizeSummary between 11 and 20", kind), b=conditions.expression({"none": ["dead"]}, kind),
        c=conditions.expression("tumorSizeSummary not in 011, 012", kind), d=conditions.expression("dead is unknown", kind),
    )  # fmt: skip
    assert got.rows() == [(True, False, False, False), (None, None, True, True), (None, True, None, False)]
