"""Multiple primaries, causes of death and diagnosis codes against one patient, death or code at a time."""

from __future__ import annotations

import datetime as dt
import re
import time
from functools import cache, cmp_to_key
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import coding
from registry.coding import reference
from registry.coding.recodes.iarc import HISTOLOGY_GROUPS, SITE_GROUPS
from registry.coding.recodes.tumor_order import Diagnoses, in_order

KINDS = ["8000", "8010", "8070", "8090", "8140", "8500", "8240", "8720", "8890", "9050", "9140", "9590"]
KINDS += ["9591", "9650", "9680", "9700", "9727", "9732", "9740", "9751", "9800", "9823", "9861", "9960"]
KINDS += ["9999", "08140", "814", "x"]
TUMOR = st.tuples(
    st.sampled_from(["1", "1", "2", "3", None]),
    st.sampled_from(
        ["C001", "C029", "C019", "C182", "C199", "C209", "C341", "C339", "C679", "C659", "C50", "C"]
    )
    | st.none(),
    st.sampled_from(KINDS) | st.none(),
    st.sampled_from(["3", "3", "3", "2", "0"]) | st.none(),
    st.sampled_from(
        ["2010", "201001", "20100115", "20100131", "201012", "2012", "20121231", "9999", "20109999"]
    )
    | st.none(),
    st.sampled_from(["00", "01", "02", "03", "60", "61", "88", "98", "99", "X"]) | st.none(),
)
PATIENT_ITEMS = ["patientIdNumber", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"]
PATIENT_ITEMS += ["dateOfDiagnosis", "sequenceNumberCentral"]


class Plain:
    """One tumor as the rules see it."""

    def __init__(self, row: tuple[str | None, ...]) -> None:
        _, site, kind, behavior, date, sequence = row
        self.in_situ = behavior != "3" and not (site or "").upper().startswith("C67")
        category = (site or "")[:3] if len(site or "") >= 3 else None
        self.site = next((group[0] for group in SITE_GROUPS if category in group), category)
        self.kind = int(kind) if kind and kind.isdecimal() else 0
        date = date or ""
        self.year = int(date[:4]) if len(date) >= 4 else 9999
        self.month = int(date[4:6]) if len(date) >= 6 else 99
        self.day = int(date[6:8]) if len(date) >= 8 and self.month != 99 else 99
        self.sequence = int(sequence) if sequence and sequence.isdecimal() else -1
        self.sequence += 100 if 60 <= self.sequence <= 97 else 0
        self.state = 9 if self.in_situ else 1

    @property
    def group(self) -> int | None:
        return _group(self.kind)


@cache
def _group(kind: int) -> int | None:
    for group, text in HISTOLOGY_GROUPS:
        for part in text.split():
            low, _, high = part.partition("-")
            if int(low) <= kind <= int(high or low):
                return group
    return None


def _order(one: Plain, other: Plain) -> int:
    by_number = one.sequence - other.sequence
    if 9999 in (one.year, other.year):
        return by_number
    if one.year != other.year:
        return one.year - other.year
    if 99 in (one.month, other.month):
        return by_number
    if one.month != other.month:
        return one.month - other.month
    if 99 in (one.day, other.day) or one.day == other.day:
        return by_number
    return one.day - other.day


def _stands_for(unspecific: int, specific: int) -> bool:
    return (
        (unspecific == 17 and (1 <= specific <= 7 or specific in (15, 16)))
        or (unspecific == 14 and 8 <= specific <= 13)
        or (unspecific == 5 and 1 <= specific <= 4)
    )


def _same_primary(one: Plain, other: Plain) -> bool:
    left, right = one.group, other.group
    if left is None or right is None or one.site is None or other.site is None:
        return False
    if left == right == 15:
        return True
    if 8 <= left <= 14 and 8 <= right <= 14 and (14 in (left, right) or left == right):
        return True
    return one.site == other.site and (left == right or _stands_for(left, right) or _stands_for(right, left))


def plain_primaries(rows: list[tuple[str | None, ...]]) -> list[str]:
    """Each patient alone, each pair of tumors in turn."""
    tumors = [Plain(row) for row in rows]
    for patient in {row[0] for row in rows} - {None}:
        own = sorted(
            [tumor for row, tumor in zip(rows, tumors, strict=True) if row[0] == patient],
            key=cmp_to_key(_order),
        )
        for position, first in enumerate(own):
            if first.state != 1:
                continue
            for second in own[position + 1 :]:
                if second.in_situ or not _same_primary(first, second):
                    continue
                second.state = 0
                left, right = first.group or 0, second.group or 0
                if _stands_for(left, right) or (left == right and first.kind < second.kind):
                    first.kind = second.kind
    return [str(tumor.state) for tumor in tumors]


@settings(max_examples=400, deadline=None)
@given(st.lists(TUMOR, min_size=1, max_size=12))
def test_primaries_of_all_patients_equal_pair_by_pair(rows: list[tuple[str | None, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(PATIENT_ITEMS, pl.String), orient="row")
    assert coding.derive(frame, ["iarcMp"]).get_column("iarcMp").to_list() == plain_primaries(rows)


@pytest.mark.parametrize("patients", [100, 600, 2500])
def test_partial_dates_are_sorted_as_a_list_sorts_them(patients: int) -> None:
    """The comparison is no total order, so the steps of the sort matter."""
    random = np.random.default_rng(patients)
    patient = random.integers(0, patients, 4_000)
    year, month = random.choice([2010, 2011, 9999], 4_000), random.choice([1, 2, 99], 4_000)
    day = np.where(month == 99, 99, random.choice([1, 2, 99], 4_000))
    sequence = random.integers(-1, 6, 4_000)

    def order(one: int, other: int) -> int:
        tumors = [Plain((None, None, None, None, None, None)) for _ in range(2)]
        for tumor, row in zip(tumors, (one, other), strict=True):
            tumor.year, tumor.month, tumor.day = int(year[row]), int(month[row]), int(day[row])
            tumor.sequence = int(sequence[row])
        return _order(*tumors)

    wanted: list[int] = []
    for number in np.unique(patient):
        wanted += sorted(np.flatnonzero(patient == number).tolist(), key=cmp_to_key(order))
    assert in_order(patient, Diagnoses(year, month, day, sequence)).tolist() == wanted


def test_a_patient_of_very_many_tumors_is_soon_done() -> None:
    """Rounds of primaries don't take all pairs: a wrong id that joins thousands must not hang a load."""
    rows = [
        ("1", f"C{n % 80:02d}0", str(8000 + n % 1990), "3", str(1990 + n % 30), "01") for n in range(20_000)
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(PATIENT_ITEMS, pl.String), orient="row")
    start = time.process_time()
    states = coding.derive(frame, ["iarcMp"]).get_column("iarcMp")
    assert time.process_time() - start < 20
    assert {"0", "1"} == set(states)
    few: list[tuple[str | None, ...]] = [*rows[:150]]
    derived = coding.derive(frame.head(150), ["iarcMp"]).get_column("iarcMp").to_list()
    assert derived == plain_primaries(few)


DEATH = st.tuples(
    st.sampled_from(["00", "01", "02", "59", "60", "99", "001", "X"]) | st.none(),
    st.sampled_from(["0", "1", "1", "9", "8", "7"]) | st.none(),
    st.sampled_from(
        ["C509", "C50", "C5", "c509", "C349", "D489", "D490", "B21", "B220", "7777", "7797", "0000"]
    )
    | st.sampled_from(["C798", "C809", "C97", "C439", "D039", "D46", "D619", "I219", "042", "0422", "0429"])
    | st.sampled_from(
        ["172", "1729", "2169", "216", "2322", "232", "199", "1990", "185", "140", "2399", "2400"]
    )
    | st.from_regex("[A-DI][0-9]{2}[0-9X]?", fullmatch=True)
    | st.from_regex("[0-9]{3,4}", fullmatch=True)
    | st.none(),
    st.sampled_from(["C509", "C210", "C421", "C809", "C020", "C619", "C50"]) | st.none(),
    st.sampled_from(["8500", "8720", "8799", "9950", "9989", "9823", "8070", "9050"]) | st.none(),
    st.sampled_from(["3", "0"]) | st.none(),
    st.sampled_from(["2015", "2005"]) | st.none(),
    st.sampled_from(["2019", "20200101", "2021", "9999", "202"]) | st.none(),
)
DEATH_ITEMS = [
    "sequenceNumberCentral",
    "icdRevisionNumber",
    "causeOfDeath",
    "primarySite",
    "histologicTypeIcdO3",
]
DEATH_ITEMS += ["behaviorCodeIcdO3", "dateOfDiagnosis", "dateOfLastContact"]
RULES = reference.table("cause_of_death_rules.csv").to_dicts()


def _listed(text: str, listed: str | None) -> bool:
    parts = [part.partition("-") for part in (listed or "").split()]
    return any(low <= text <= (high or low) for low, _, high in parts)


def _histology_fits(kind: int, rule: dict[str, Any]) -> bool:
    def inside(listed: str | None) -> bool:
        parts = [part.partition("-") for part in (listed or "").split()]
        return any(int(low) <= kind <= int(high or low) for low, _, high in parts)

    return inside(rule["histologies_in"]) if rule["histologies_in"] else not inside(rule["histologies_out"])


def plain_death(row: dict[str, str | None], version: str, recode: str, cutoff: int) -> tuple[str, str]:
    """Cause-specific and other, of one tumor."""
    sequence, revision, cause = (row[item] for item in DEATH_ITEMS[:3])
    if not re.fullmatch("[0-9]+", sequence or "") or int(sequence or "") > 59:
        return "9", "9"
    date = row["dateOfLastContact"] or ""
    year = int(date[:4]) if len(date) >= 4 else 9999
    if len(date) < 4 and date.isdecimal():
        year = int(date)
    if revision == "0" or (year != 9999 and year > cutoff):
        return "0", "0"
    if cause is None or len(cause) < 3 or cause in ("7777", "7797"):
        return "8", "8"
    text, kind = cause.upper(), int(row["histologicTypeIcdO3"] or -1)
    for rule in RULES:
        if (
            version in rule["versions"].split()
            and rule["icd_revision"] == revision
            and rule["sequence"] == ("0" if int(sequence or "") == 0 else "1-59")
            and rule["site_recode"] in (None, recode)
            and _histology_fits(kind, rule)
            and (_listed(text[:3], rule["causes_3"]) or _listed(text, rule["causes_4"]))
        ):
            return "1", "0"
    return "0", "1"


@settings(max_examples=300, deadline=None)
@given(st.lists(DEATH, min_size=1, max_size=15))
def test_causes_of_all_deaths_equal_one_at_a_time(rows: list[tuple[str | None, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(DEATH_ITEMS, pl.String), orient="row")
    frame = coding.derive(frame, ["site_recode_2008", "site_recode_2023"])
    for version, suffix in (("2008", "2008"), ("2008-fixed", "2008_fixed"), ("2023", "2023")):
        outputs = [f"cause_specific_{suffix}", f"other_{suffix}"]
        derived = coding.derive(frame, outputs, as_of=dt.date(2020, 2, 1))
        wanted = [
            plain_death(row, version, row[f"site_recode_{version[:4]}"], 2020) for row in frame.to_dicts()
        ]
        assert derived.select(outputs).rows() == wanted


def test_the_cutoff_year_wins_over_the_day_of_the_question() -> None:
    row = ("00", "1", "C509", "C509", "8500", "3", "2005", "20150301")
    death = pl.DataFrame([row], schema=DEATH_ITEMS, orient="row")
    early = coding.derive(death, ["cause_specific_2008"], as_of=dt.date(2020, 1, 1), cutoff_year=2014)
    late = coding.derive(death, ["cause_specific_2008"], as_of=dt.date(2020, 1, 1), cutoff_year=2015)
    assert (early["cause_specific_2008"].item(), late["cause_specific_2008"].item()) == ("0", "1")


CONVERSIONS = {
    (row["system"], row["code"] + (row["sex"] or "")): (row["site"], row["histology"], row["behavior"])
    for row in reference.table("icd_to_icd_o_3.csv.gz").to_dicts()
}
CODES = sorted({code for _, code in CONVERSIONS})
DIAGNOSIS = st.tuples(
    st.sampled_from(["icd10cm", "icd10", "icd9cm", "icd9"]) | st.none(),
    st.sampled_from(CODES)
    | st.sampled_from(CODES).map(str.lower)
    | st.sampled_from(["C50.9", "140", "23", "C50"])
    | st.none(),
    st.sampled_from(["1", "2", "9"]) | st.none(),
)


def plain_conversion(system: str | None, code: str | None, sex: str | None) -> tuple[str | None, ...]:
    none = (None, None, None)
    if system is None or code is None:
        return none
    if system == "icd10":
        code = code.upper()
        return CONVERSIONS.get((system, code + "9" if len(code) == 3 else code), none)
    if system == "icd10cm":
        return CONVERSIONS.get((system, code), none)
    keys = [code + sex] if sex in ("1", "2") else []
    keys += [code] if sex else [code, code + "1"]
    return next((CONVERSIONS[system, key] for key in keys if (system, key) in CONVERSIONS), none)


@settings(max_examples=200, deadline=None)
@given(st.lists(DIAGNOSIS, min_size=1, max_size=20))
def test_diagnosis_codes_equal_one_at_a_time(rows: list[tuple[str | None, str | None, str | None]]) -> None:
    items = ["icdSystem", "icdCode", "sex"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(items, pl.String), orient="row")
    derived = coding.derive(frame, ["icd_site"]).select("icd_site", "icd_histology", "icd_behavior")
    assert derived.rows() == [plain_conversion(*row) for row in rows]
