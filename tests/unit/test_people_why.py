"""Hispanic origin and race say which step decided."""

from __future__ import annotations

import pytest

from registry.coding.explaining import explain

WOMAN = {
    "sex": "2",
    "spanishHispanicOrigin": "0",
    "race1": "01",
    "addrAtDxState": "AL",
    "countyAtDxAnalysis": "001",
}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"spanishHispanicOrigin": "4"}, "step 1: the origin as coded"),
        ({"birthplaceCountry": "MEX"}, "step 2: the country of birth"),
        ({"race1": "07", "nameLast": "GARCIA"}, "no step"),
        ({"nameLast": "SMITH"}, "not heavily Hispanic"),
        ({"nameLast": "GARCIA"}, "option 0 only"),
        ({"nameLast": "GARCIA", "spanishHispanicOrigin": "9"}, "option 0 and 1 only"),
        ({"nameLast": "GARCIA", "spanishHispanicOrigin": "7"}, "step 3: a heavily Hispanic surname"),
        ({"nameLast": "GARCIA", "addrAtDxState": "CA", "countyAtDxAnalysis": "037"}, "step 3: a heavily"),
    ],
)
def test_nhia(values: dict[str, str], reason: str) -> None:
    assert reason in explain("nhia", {**WOMAN, **values})["why"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"race1": "04"}, "steps 1 and 2: the coded races"),
        ({"race1": "04", "race2": "05"}, "step 2.2.3: a combination of races"),
        ({"race1": "96", "spanishHispanicOrigin": "1"}, "the origin is Spanish"),
        ({"race1": "96", "birthplaceCountry": "JPN"}, "step 3: the country of birth"),
        ({"race1": "96", "birthplaceCountry": "NPL"}, "not meant for that country"),
        ({"race1": "96", "nameLast": "NGUYEN"}, "step 4: the surname"),
        ({"race1": "96", "nameLast": "SMITH"}, "no surname is on the lists"),
    ],
)
def test_napiia(values: dict[str, str], reason: str) -> None:
    told = explain("napiia", {"sex": "1", **values})
    assert reason in told["why"]
    assert told["outputs"][1]["label"] in ("No", "Yes")


def test_names_are_not_in_the_reason() -> None:
    assert "garcia" not in explain("nhia", {**WOMAN, "nameLast": "GARCIA"})["why"].lower()
