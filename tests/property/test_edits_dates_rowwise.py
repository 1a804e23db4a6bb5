"""Edits over items, dates, places and ages give the verdicts of a plain transcription, record by record."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import edits
from tests.property import rowwise_dates as rowwise
from tests.property.rowwise_values import AS_OF, DATE_ITEMS

IDS = sorted({*rowwise.ITEMS, *rowwise.RULES})
DATES = [
    *(item for item, _ in DATE_ITEMS.values()),
    "dateCaseCompleted",
    "dateCaseReportReceived",
    "dateSentinelLymphNodeBiopsy",
    "dateRegionalLNDissection",
]
NO_DATES = "20230229 201513 201500 2015-03-01 00002020 002020 20 UNKNOWN 99999999 +2020010 20261102 ２０２０ 18491231".split()
DIRTY = ["", "X", "0", "１２３", "-1", "9" * 40, "é", "a\nb", "1.5", "+5", " 1", "٠٦٢"]

CODES = {
    "ageAtDiagnosis": [f"{n:03d}" for n in range(0, 121)] + ["999"] * 8 + ["121", "62"],
    "race1": ["01", "02", "07", "88", "99", "15"],
    **{f"race{n}": ["88"] * 5 + ["01", "02", "07", "08", "99", "09"] for n in range(2, 6)},
    "spanishHispanicOrigin": ["0", "0", "1", "9"],
    "birthplaceCountry": ["USA", "MEX", "PRI", "CUB", "DOM", "ESP", "ZZU", "QQQ"],
    "maritalStatusAtDx": ["1", "2", "6", "9", "7"],
    "primaryPayerAtDx": ["10", "59", "60", "62", "64", "65", "99"],
    "addrAtDxState": [
        "IA",
        "IL",
        "NE",
        "DC",
        "CT",
        "PR",
        "GU",
        "ON",
        "NU",
        "CD",
        "US",
        "XX",
        "YY",
        "ZZ",
        "AE",
        "QQ",
    ],
    "addrAtDxCountry": ["USA", "USA", "CAN", "PRI", "GUM", "MEX", "ZZU", "ZZX", "ZZE", "XNI", "qqq"],
    "countyAtDx": ["001", "003", "153", "154", "110", "998", "999", "000", "15"],
    "addrAtDxPostalCode": "52240 522401234 51557 60601 20500 00901 96913 06101 09012 K1A0B1 X1A0A1 888888888 "
    "999999999 999999 99999 00000 5224 k1a0b1".split(),
    "censusTract2010": ["000100", "000000", "999999", "000001", "11.00"],
    "censusTract2020": ["000102", "000400", "950100", "000000", "999999", "000099", "1100"],
    "socialSecurityNumber": [
        "123456789",
        "999999999",
        "000123456",
        "666123456",
        "123004567",
        "123450000",
        "12345",
    ],
    "patientIdNumber": ["00000001", "00000000", "1234567"],
    "accessionNumberHosp": ["201900001", "202000001", "202100001", "202700001", "189900001", "20200001"],
    "reportingFacility": ["0006160120", "6160120"],
    "nameLast": ["O'NEIL-SMITH", "UNKNOWN", "SM1TH", "Muñoz", "-", "'T HOOFT"],
    "abstractedBy": ["ABC", "  "],
    "classOfCase": ["00", "10", "14", "20", "22", "30", "38", "40", "49", "15"],
    "sequenceNumberHospital": ["00", "01", "02", "60", "61", "62", "99", "98"],
    "autopsy": ["0", "9", "3"],
    "cancerStatus": ["1", "9", "3"],
    "followUpSource": ["0", "9", "6"],
    "vitalStatus": ["0", "1", "1", "4"],
    "rxSummTreatmentStatus": ["0", "1", "1", "2", "9", "5"],
    "rxSummTransplntEndocr": ["00", "10", "30", "82", "99", "13"],
    "overRideAgeSiteMorph": ["1", "2", "3"],
    "dateOfDiagnosisFlag": ["12", "10"],
}


def a_date(draw: random.Random) -> str | None:
    day = dt.date(2019, 6, 1) + dt.timedelta(days=round(draw.gauss(0, 260)))
    if draw.random() < 0.1:
        day = day.replace(year=day.year - draw.choice([1, 40, 62, 110]), day=min(day.day, 28))
    text = f"{day:%Y%m%d}"
    return text[: draw.choice([8, 8, 8, 8, 6, 4])]


def a_record(draw: random.Random) -> rowwise.Record:
    dirty = draw.choice([0.0, 0.0, 0.03, 0.2])
    blank = draw.choice([0.05, 0.3])

    def value(item: str) -> str | None:
        if draw.random() < dirty:
            return draw.choice(NO_DATES if item in DATES and draw.random() < 0.7 else DIRTY) or None
        if draw.random() < blank or (item.startswith("overRide") and draw.random() < 0.7):
            return None
        return a_date(draw) if item in DATES else draw.choice(CODES[item])

    return {item: value(item) for item in [*DATES, *CODES]}


def judged(records: list[rowwise.Record]) -> list[set[str]]:
    """Ids of the edits that each record fails, by the engine."""
    frame = pl.DataFrame(records, schema=dict.fromkeys(records[0], pl.String)).with_row_index("tumor_id")
    found = edits.run(None, frame, IDS, as_of=AS_OF, keys=["tumor_id"])
    fast: list[set[str]] = [set() for _ in records]
    for row, edit in found.select("tumor_id", "edit").iter_rows():
        fast[row].add(edit)
    return fast


@pytest.mark.parametrize("seed", range(3))
def test_verdicts_are_those_of_the_plain_transcription(seed: int) -> None:
    draw = random.Random(seed)
    records = [a_record(draw) for _ in range(1500)]
    fast = judged(records)
    fired: Counter[str] = Counter()
    for record, verdicts in zip(records, fast, strict=True):
        plain = rowwise.failing(record)
        fired.update(plain)
        differs = verdicts ^ plain
        assert not differs, {**dict.fromkeys(differs, "differs"), **{k: v for k, v in record.items() if v}}
    assert [edit for edit in IDS if fired[edit] < 3] == [], "every edit fails some records"


ANY_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "M"]), min_size=1, max_size=60)
NEAR_DATES = st.text(alphabet="0129 -+", min_size=1, max_size=9)
NEAR_CODES = st.text(alphabet="0189AKZ", min_size=1, max_size=9)


RECORDS = st.fixed_dictionaries({i: st.none() | ANY_TEXT | NEAR_DATES | NEAR_CODES for i in [*DATES, *CODES]})


@settings(max_examples=12, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_any_text_has_a_verdict(records: list[rowwise.Record]) -> None:
    assert judged(records) == [rowwise.failing(record) for record in records]
