"""Decision tables, tumor size, grade and breast category against plain row-by-row definitions."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.coding import derive, reference
from registry.coding.decision_table import OTHER, SIGNS, DecisionTable
from registry.coding.derivation import find

_PART = st.one_of(
    st.sampled_from(["&", "-"]),
    st.integers(0, 9).map(str),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: f"{min(pair)}-{max(pair)}"),
)
_CONDITION = st.lists(_PART, min_size=1, max_size=3).map(" ".join)
_RULES = st.lists(
    st.tuples(st.fixed_dictionaries({"first": _CONDITION, "second": _CONDITION}), st.integers(0, 300)),
    min_size=1,
    max_size=8,
)
_SIGN_VALUES = [*range(12), OTHER, *SIGNS.values()]


def _means(condition: str, value: int) -> bool:
    for part in condition.split():
        if part in SIGNS:
            if value == SIGNS[part]:
                return True
        else:
            low, _, high = part.partition("-")
            if int(low) <= value <= int(high or low):
                return True
    return False


@given(_RULES)
def test_first_matching_rule_of_a_table_wins(rules: list[tuple[dict[str, str], int]]) -> None:
    pairs = list(itertools.product(_SIGN_VALUES, _SIGN_VALUES))
    frame = pl.DataFrame(pairs, schema={"first": pl.UInt32, "second": pl.UInt32}, orient="row")
    made = (
        frame.select(DecisionTable(("first", "second"), rules).lookup(pl.col("first"), pl.col("second")))
        .to_series()
        .to_list()
    )
    wanted = [
        next((result for c, result in rules if _means(c["first"], a) and _means(c["second"], b)), None)
        for a, b in pairs
    ]
    assert made == wanted


def _derived(
    name: str, columns: dict[str, list[str | None]]
) -> tuple[pl.DataFrame, list[dict[str, str | None]]]:
    """All combinations of these values, and what is derived for each."""
    inputs = find([name])[0].inputs
    rows = list(itertools.product(*(columns.get(item, [None]) for item in inputs)))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(inputs, pl.String), orient="row")
    return derive(frame, [name]), frame.to_dicts()


def test_tumor_size_as_row_by_row() -> None:
    sizes: list[str | None] = [
        f"{size:03}" for size in (0, 1, 2, 60, 70, 200, 390, 400, 401, 980, *range(989, 1000))
    ]
    made, rows = _derived(
        "tumorSizeOverTime",
        {
            "dateOfDiagnosis": [
                "1987",
                "1988",
                "2003",
                "2004",
                "200912",
                "2010",
                "2015",
                "2016",
                "2026",
                "",
                "X",
            ],
            "primarySite": [
                *(
                    "C000",
                    "C151",
                    "C180",
                    "C199",
                    "C220",
                    "C341",
                    "C400",
                    "C404",
                    "C419",
                    "C421",
                    "C482",
                    "C485",
                ),
                *("C501", "C507", "C509", "C649", "C690", "C759", "C809", "C341X", "X341", "C34", None),
            ],
            "histologicTypeIcdO3": [
                "8000",
                "8140",
                "8220",
                "8743",
                "8935",
                "9140",
                "9590",
                "9994",
                "81",
                None,
            ],
            "behaviorCodeIcdO3": ["2", "3"],
            "eodTumorSize": ["030"],
            "csTumorSize": ["040"],
            "tumorSizeSummary": [*sizes, "30", "0500", "5X0", None],
        },
    )
    _compare(made, rows, "tumorSizeOverTime", _tumor_size)
    for year, item in (("1999", "eodTumorSize"), ("2012", "csTumorSize")):
        made, rows = _derived(
            "tumorSizeOverTime",
            {
                "dateOfDiagnosis": [year, "2004"],
                "primarySite": [
                    "C000",
                    "C151",
                    "C180",
                    "C341",
                    "C400",
                    "C482",
                    "C501",
                    "C507",
                    "C649",
                    "C759",
                    None,
                ],
                "histologicTypeIcdO3": ["8000", "8220", "8936"],
                "behaviorCodeIcdO3": ["2", "3"],
                item: [*sizes, "30", "0500", None],
            },
        )
        _compare(made, rows, "tumorSizeOverTime", _tumor_size)


def _compare(made: pl.DataFrame, rows: list[dict[str, str | None]], output: str, definition: object) -> None:
    wanted = [definition(row) for row in rows]  # type: ignore[operator]
    found = made.get_column(output).to_list()
    assert [(row, is_, be) for row, is_, be in zip(rows, found, wanted, strict=True) if is_ != be] == []


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else -1


_POSSIBLE = dict(reference.table("tumor_sizes.csv").rows())


def _tumor_size(row: dict[str, str | None]) -> str | None:
    year = _number((row["dateOfDiagnosis"] or "")[:4])
    site = _number((row["primarySite"] or "")[1:]) if len(row["primarySite"] or "") >= 4 else -1
    histology = _number(row["histologicTypeIcdO3"])
    nowhere = 420 <= site <= 424 or site == 690 or 760 <= site <= 779 or site == 809
    if 8000 <= histology <= 9993 and nowhere:
        return "XX1"
    if 8720 <= histology <= 8790 or 9590 <= histology <= 9993 or histology == 9140:
        return "XX1"
    item = "eodTumorSize" if year <= 2003 else "csTumorSize" if year <= 2015 else "tumorSizeSummary"
    size = row[item] if year >= 1988 else None
    if not size:
        return None
    lung, breast = 340 <= site <= 349, 500 <= site <= 509
    became = size
    if 401 <= _number(size) <= 989:
        became = "999"
    elif year <= 2003:
        became = {"990": "989", "001": "990"}.get(size, size)
        if (size == "002" and (lung or breast)) or (size == "997" and breast):
            became = "999"
    elif year <= 2015:
        became = _collaborative_size(size, site, histology, year)
    if became == "998":
        diffuse = 150 <= site <= 169 or lung or breast
        polyposis = (180 <= site <= 189 or site in (199, 209)) and histology in (8220, 8221)
        return "998" if diffuse or (polyposis and row["behaviorCodeIcdO3"] == "3") else "999"
    return became if _possible(row["primarySite"], _number(became)) else "999"


def _collaborative_size(size: str, site: int, histology: int, year: int) -> str:
    stromal = 150 <= site <= 209 or site in (480, 482, 488)
    if 340 <= site <= 349:
        special = {"996": "999", "997": "998"}
    elif site in {400, 401, 402, 403, 408, 409, 410, 411, 412, 413, 414, 418, 419}:
        special = {"996": "065", "997": "085"}
    elif year >= 2010 and stromal and histology in (8935, 8936):
        special = {"996": "075", "997": "105"}
    elif 500 <= site <= 509:
        special = {"996": "999", "997": "999"}
    elif site == 649:
        special = {"996": "065", "997": "075", "998": "105"}
    else:
        special = {"996": "055", "997": "999"}
    special |= {"991": "005", "992": "015", "993": "025", "994": "035", "995": "045"}
    return special.get(size, size)


def _possible(site: str | None, size: int) -> bool:
    if site is None:
        return False
    listed = _POSSIBLE.get(site)
    return listed is None or _means(listed, size)


@pytest.mark.parametrize("schema", ["00480", "00790", "00830", "00001", "480", None])
def test_grade_as_row_by_row(schema: str | None) -> None:
    grades: list[str | None] = [*"12345SABCDEHML98X", None]
    made, rows = _derived(
        "derivedSummaryGrade2018",
        {
            "schemaId": [schema],
            "behaviorCodeIcdO3": ["2", "3", "0", None],
            "gradeClinical": grades,
            "gradePathological": grades,
        },
    )
    _compare(made, rows, "derivedSummaryGrade2018", _grade)


def _grade(row: dict[str, str | None]) -> str | None:
    order = "S54321EDCBAHML9"
    if row["schemaId"] == "00480":
        order = {"2": "HML321DCBA9", "3": "321HMLDCBA9"}.get(row["behaviorCodeIcdO3"] or "", "")
    elif row["schemaId"] in ("00790", "00795", "00811", "00812", "00821", "00822", "00830"):
        order = "8"
    both = [row["gradeClinical"], row["gradePathological"]]
    counting = [grade for grade in both if grade and grade in order]
    return min(counting, key=order.index) if counting else None


@pytest.mark.parametrize(
    "columns",
    [
        {
            "csSiteSpecificFactor1": ["010", "020", "030", "10", None],
            "csSiteSpecificFactor2": ["010", "020", None],
            "csSiteSpecificFactor15": ["010", "020", "988", "999", None],
            "csSiteSpecificFactor9": ["010", "020", None],
            "csSiteSpecificFactor11": ["010", "020", None],
            "csSiteSpecificFactor14": ["010", "020", "999"],
        },
        {
            "estrogenReceptorSummary": ["0", "1", "7", None],
            "progesteroneRecepSummary": ["0", "1", "9", None],
            "her2OverallSummary": ["0", "1", "9", None],
            "tumorMarker1": ["1", "2", "3", None],
            "tumorMarker2": ["1", "2", "9", None],
        },
    ],
)
def test_breast_category_as_row_by_row(columns: dict[str, list[str | None]]) -> None:
    everywhere = {
        "dateOfDiagnosis": ["1989", "1990", "2003", "200401", "2009", "2010", "2017", "2018", "20", None],
        "primarySite": ["C500", "C504"],
        "histologicTypeIcdO3": ["8500", "8720"],
    }
    made, rows = _derived("breastSubtype", everywhere | columns)
    for output, wanted in zip(
        find(["breastSubtype"])[0].outputs, zip(*map(_breast, rows), strict=True), strict=True
    ):
        assert tuple(made.get_column(output)) == wanted


def test_which_tumors_are_breast_carcinomas() -> None:
    made, rows = _derived(
        "breastSubtype",
        {
            "dateOfDiagnosis": ["2020"],
            "primarySite": ["C499", "C500", "C501", "C507", "C509", "C50", "C5099", "c500", "C510", None],
            "histologicTypeIcdO3": [
                *("7999", "8000", "8700", "8701", "8719", "8720", "8790", "8791"),
                *("8981", "8982", "8983", "8984", "850", "85000", "85A0", None),
            ],
        },
    )
    _compare(made, rows, "breastSubtype", lambda row: _breast(row)[3])


def _breast(row: dict[str, str | None]) -> tuple[str, str, str, str]:
    year = max(_number((row["dateOfDiagnosis"] or "").ljust(4, "X")[:4]), 0)
    site, histology = row["primarySite"] or "", row["histologicTypeIcdO3"] or ""
    carcinoma = "8000" <= histology <= "8700" or histology in ("8982", "8983")
    skin = "8720" <= histology <= "8790" and site > "C500"
    if len(site) != 4 or len(histology) != 4 or not "C500" <= site <= "C509" or not (carcinoma or skin):
        return "9", "9", "9", "9"
    receptors = []
    for number, summary in ((1, "estrogenReceptorSummary"), (2, "progesteroneRecepSummary")):
        if year < 1990:
            receptors.append("9")
        elif year < 2004:
            receptors.append({"1": "1", "2": "2"}.get(row[f"tumorMarker{number}"] or "", "4"))
        elif year < 2018:
            receptors.append({"010": "1", "020": "2"}.get(row[f"csSiteSpecificFactor{number}"] or "", "4"))
        else:
            receptors.append({"1": "1", "0": "2"}.get(row[summary] or "", "4"))
    if year < 2010:
        return receptors[0], receptors[1], "9", "9"
    her2 = _her2(row, year)
    kind = {("1", True): "1", ("1", False): "2", ("2", True): "3", ("2", False): "4"}
    known = "1" in receptors or receptors == ["2", "2"]
    return receptors[0], receptors[1], her2, kind.get((her2, "1" in receptors), "5") if known else "5"


def _her2(row: dict[str, str | None], year: int) -> str:
    if year >= 2018:
        return {"1": "1", "0": "2"}.get(row["her2OverallSummary"] or "", "4")
    overall = row["csSiteSpecificFactor15"]
    if overall is not None and overall != "988":
        return {"010": "1", "020": "2"}.get(overall, "4")
    tests = [row[f"csSiteSpecificFactor{number}"] for number in (11, 13, 14)]
    for code, meaning in (("010", "1"), ("020", "2")):
        if code in tests:
            return meaning
    return {"010": "1", "020": "2"}.get(row["csSiteSpecificFactor9"] or "", "4")
