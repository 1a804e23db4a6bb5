"""What is told of a death agrees with what is derived."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from registry import coding
from registry.coding.recodes.death_reasons import why

VERSIONS = {
    "2008": "cause_specific_2008",
    "2008-fixed": "cause_specific_2008_fixed",
    "2023": "cause_specific_2023",
}
WORDS = {
    "0": ("ICD revision 0 means alive", "is not among", "has no rules"),
    "1": ("is among",),
    "8": ("missing or unknown",),
    "9": ("is not one of a malignant tumor",),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_reason_agrees_with_the_code(version: str) -> None:
    chosen = random.Random(4)
    rows = [
        {
            "sequenceNumberCentral": chosen.choice(["00", "01", "02", "59", "60", "99", None]),
            "icdRevisionNumber": chosen.choice(["1", "1", "1", "9", "8", "0", "7", None]),
            "causeOfDeath": chosen.choice(
                [
                    "C509",
                    "C349",
                    "C80",
                    "D489",
                    "I219",
                    "c619",
                    "B220",
                    "0422",
                    "0429",
                    "1749",
                    "2322",
                    "7777",
                    "C5",
                    None,
                ]
            ),
            "primarySite": chosen.choice(["C509", "C349", "C619", "C210", "C421", "C809", "C50", None]),
            "histologicTypeIcdO3": chosen.choice(
                ["8500", "8720", "8140", "9680", "9989", "9140", "85003", None]
            ),
            "behaviorCodeIcdO3": chosen.choice(["3", "3", "2", None]),
            "dateOfDiagnosis": chosen.choice(["2010", "20150203", None]),
        }
        for _ in range(600)
    ]
    output = VERSIONS[version]
    derived = coding.derive(pl.DataFrame(rows), [output], as_of=dt.date(2026, 11, 1))
    codes = derived.get_column(output).to_list()
    assert {"0", "1", "8", "9"} == set(codes)
    for row, code in zip(rows, codes, strict=True):
        told = why(version, row)
        assert any(words in told for words in WORDS[code]), (row, code, told)
