"""The edits over items, dates, places and ages once more: plain Python, one record at a time.

Written from the catalogue's lines, not from the polars rules, so that each holds the other to account.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import re
import string
from collections.abc import Callable
from functools import cache
from pathlib import Path

from registry import standards
from registry.edits import places
from tests.property.rowwise_values import CLASSES, ITEMS, MODALITIES, span, years_between

Record = dict[str, str | None]
Rule = Callable[[Record, Record], bool]
"""Takes the record without its invalid values and as reported; True when it fails."""


def after(later: str, earlier: str) -> Rule:
    """The later item's date is certainly after the earlier item's."""

    def fails(valid: Record, _: Record) -> bool:
        one, other = span(valid[later]), span(valid[earlier])
        return bool(one and other and one[0] > other[1])

    return fails


def in_utero(raw: Record) -> bool:
    return raw["overRideAgeSiteMorph"] in ("2", "3")


def age_of(valid: Record) -> int | None:
    text = valid["ageAtDiagnosis"]
    return None if text in (None, "999") else int(text)


def age_matches(valid: Record, _: Record) -> bool:
    age, birth, dx = age_of(valid), span(valid["dateOfBirth"]), span(valid["dateOfDiagnosis"])
    if age is None or not birth or not dx:
        return False
    return not years_between(birth[1], dx[0]) <= age <= max(0, years_between(birth[0], dx[1]))


def known(valid: Record, items: list[str]) -> list[tuple[dt.date, dt.date]]:
    return [found for item in items if (found := span(valid[item]))]


def any_invalid(valid: Record, raw: Record, items: list[str]) -> bool:
    return any(raw[item] is not None and valid[item] is None for item in items)


def not_earliest(valid: Record, item: str, items: list[str], *, early: bool = True) -> bool:
    """The item's date can't be the earliest known one of the items."""
    date, dates = span(valid[item]), known(valid, items)
    if not date or not dates:
        return False
    too_late = any(date[0] > other[1] for other in dates)
    too_early = all(date[1] < other[0] for other in dates)
    return too_late or (early and too_early)


def initial_rx(valid: Record, raw: Record) -> bool:
    return not any_invalid(valid, raw, MODALITIES) and not_earliest(valid, "dateInitialRxSeer", MODALITIES)


def first_course(valid: Record, raw: Record) -> bool:
    if any_invalid(valid, raw, [*MODALITIES, "rxSummTreatmentStatus"]):
        return False
    if valid["rxSummTreatmentStatus"] in ("0", "2"):
        return False
    return not_earliest(valid, "date1stCrsRxCoc", MODALITIES)


def systemic(valid: Record, raw: Record) -> bool:
    items = ["rxDateChemo", "rxDateHormone", "rxDateBrm"]
    if any_invalid(valid, raw, [*items, "rxSummTransplntEndocr"]):
        return False
    transplanted = valid["rxSummTransplntEndocr"] in ("10", "11", "12", "20", "30", "40")
    return not_earliest(valid, "rxDateSystemic", items, early=not transplanted)


def rx_before_dx(valid: Record, raw: Record) -> bool:
    dx = span(valid["dateOfDiagnosis"])
    return dx is not None and not in_utero(raw) and any(rx[1] < dx[0] for rx in known(valid, MODALITIES))


def rx_after_contact(valid: Record, _: Record) -> bool:
    contact = span(valid["dateOfLastContact"])
    return contact is not None and any(rx[0] > contact[1] for rx in known(valid, MODALITIES))


def first_contact(valid: Record, _: Record) -> bool:
    dx, seen, kind = span(valid["dateOfDiagnosis"]), span(valid["dateOf1stContact"]), valid["classOfCase"]
    if not dx or not seen or kind is None or not (kind <= "22"):
        return False
    return (dx[0] - seen[1]).days > 90 or (kind >= "20" and dx[0] > seen[1])


def accession(valid: Record, _: Record) -> bool:
    number, seen = valid["accessionNumberHosp"], span(valid["dateOf1stContact"])
    if number is None or seen is None or valid["sequenceNumberHospital"] not in ("00", "01", "60", "61"):
        return False
    contact, year = span(valid["dateOfLastContact"]), int(number[:4])
    if valid["classOfCase"] == "38":
        return year != seen[0].year or bool(contact and year != contact[0].year)
    return valid["classOfCase"] in ("00", "10", "11", "12", "13", "14", "40") and year != seen[0].year


def treated_late(valid: Record, _: Record) -> bool:
    dx, rx = span(valid["dateOfDiagnosis"]), span(valid["dateInitialRxSeer"])
    return bool(dx and rx and (rx[0] - dx[1]).days > 365)


def sentinel(_: Record, raw: Record) -> bool:
    one, other = span(raw["dateSentinelLymphNodeBiopsy"]), span(raw["dateRegionalLNDissection"])
    return bool(one and other and one[0] > other[1])


def overdue(valid: Record, _: Record) -> bool:
    contact, kind = span(valid["dateOfLastContact"]), valid["classOfCase"]
    alive = valid["vitalStatus"] == "1" and kind is not None and kind in CLASSES and int(kind) <= 22
    return contact is not None and alive and contact[1] < dt.date(2025, 8, 1)


def race_order(valid: Record, _: Record) -> bool:
    races = [valid[f"race{n}"] for n in range(1, 6)]
    if races[0] is None or races[1] is None:
        return False
    filled = [race for race in races if race]
    real = [race for race in filled if race not in ("88", "99")]
    after_88 = "88" in filled and any(r != "88" for r in filled[filled.index("88") :])
    some_99 = "99" in filled and set(filled) != {"99"}
    return len(set(real)) < len(real) or after_88 or some_99 or ("01" in real and real[-1] != "01")


def hawaiian(valid: Record, _: Record) -> bool:
    return valid["race1"] not in (None, "07") and "07" in [valid[f"race{n}"] for n in range(2, 6)]


@cache
def counties() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for state, county in standards.counties().select("state", "county").iter_rows():
        found.setdefault(state, set()).add(county)
    return found


def state_county(valid: Record, raw: Record) -> bool:
    state, county = valid["addrAtDxState"], valid["countyAtDx"]
    if state in {"XX", "YY"}:
        return county is not None and county not in {"998", "999"}
    if state not in counties():
        return False
    return raw["countyAtDx"] is None or (
        county is not None and county not in counties()[state] | {"998", "999"}
    )


@cache
def postal_ranges() -> list[tuple[str, str, str]]:
    with (Path(places.DATA) / "postal_codes.csv").open() as file:
        return [(row["first"], row["last"], row["state"]) for row in csv.DictReader(file)]


def state_postal(valid: Record, _: Record) -> bool:
    state, code = valid["addrAtDxState"], valid["addrAtDxPostalCode"]
    if not state or not code or state not in {s for *_, s in postal_ranges()}:
        return False
    if code in ("888888888", "999999999", "999999", "88888", "99999"):
        return False
    begins = code[:5] if code[0] in string.digits else code[0]
    return not any(
        s == state and first <= begins <= last
        for first, last, s in postal_ranges()
        if len(first) == len(begins)
    )


def state_country(valid: Record, _: Record) -> bool:
    state, country = valid["addrAtDxState"], valid["addrAtDxCountry"]
    if not state or not country or state in ("AA", "AE", "AP", "TT", "MM", "NN", "PP", "YN"):
        return False
    own = {
        "AS": "ASM",
        "FM": "FSM",
        "GU": "GUM",
        "MH": "MHL",
        "MP": "MNP",
        "PR": "PRI",
        "PW": "PLW",
        "UM": "UMI",
        "VI": "VIR",
    }
    canada = "AB BC MB NB NL NS NT NU ON PE QC SK YT CD".split()
    if state == "ZZ":
        return country != "ZZU"
    if state == "YY":
        return not country.startswith("ZZ")
    if state == "XX":
        return country in ("USA", "CAN", "ASM", "GUM", "MNP", "PRI", "UMI", "VIR", "ZZU", "ZZX")
    if state in own:
        return country not in ("USA", own[state])
    return country != ("CAN" if state in canada else "USA")


@cache
def tracts() -> dict[tuple[str, str], set[str]]:
    with gzip.open(Path(places.DATA) / "census_tracts_2020.csv.gz", "rt") as file:
        return {(row["state"], row["county"]): set(row["tracts"].split()) for row in csv.DictReader(file)}


def tract_county(valid: Record, _: Record) -> bool:
    listed = tracts().get((valid["addrAtDxState"] or "", valid["countyAtDx"] or ""))
    number = valid["censusTract2020"]
    return bool(listed and number and number not in ("000000", "999999") and number not in listed)


def spanish_birthplace(valid: Record, _: Record) -> bool:
    return valid["spanishHispanicOrigin"] == "0" and valid["birthplaceCountry"] in (
        "MEX",
        "PRI",
        "CUB",
        "DOM",
    )


def marital_age(valid: Record, _: Record) -> bool:
    age, status = age_of(valid), valid["maritalStatusAtDx"]
    return age is not None and age < 15 and status is not None and status not in ("1", "9")


def payer_age(valid: Record, _: Record) -> bool:
    age = age_of(valid)
    return age is not None and age < 20 and bool(re.fullmatch("6[0-4]", valid["primaryPayerAtDx"] or ""))


RULES: dict[str, Rule] = {
    "dx-date-required": lambda _, raw: raw["dateOfDiagnosis"] is None and raw["dateOfDiagnosisFlag"] != "12",
    "age-matches-dates": age_matches,
    "age-unknown-but-dates-known": lambda v, _: (
        v["ageAtDiagnosis"] == "999" and bool(v["dateOfBirth"] and v["dateOfDiagnosis"])
    ),
    "age-known-but-dob-missing": lambda v, raw: age_of(v) is not None and raw["dateOfBirth"] is None,
    "age-over-110": lambda v, _: (age_of(v) or 0) > 110,
    "dob-before-dx": after("dateOfBirth", "dateOfDiagnosis"),
    "dob-before-last-contact": after("dateOfBirth", "dateOfLastContact"),
    "dx-before-last-contact": after("dateOfDiagnosis", "dateOfLastContact"),
    "dx-vs-first-contact-analytic": first_contact,
    "first-contact-before-last-contact": after("dateOf1stContact", "dateOfLastContact"),
    "first-contact-vs-accession-year": accession,
    "completed-before-received": after("dateCaseCompleted", "dateCaseReportReceived"),
    "completed-before-dx": after("dateOfDiagnosis", "dateCaseCompleted"),
    "rx-before-dx": rx_before_dx,
    "rx-after-last-contact": rx_after_contact,
    "initial-rx-not-earliest": initial_rx,
    "first-course-not-earliest": first_course,
    "definitive-before-first-surgery": after("rxDateSurgery", "rxDateMostDefinSurg"),
    "systemic-date-earliest": systemic,
    "recurrence-before-dx": after("dateOfDiagnosis", "recurrenceDate1st"),
    "recurrence-after-last-contact": after("recurrenceDate1st", "dateOfLastContact"),
    "cancer-status-date-after-contact": after("dateOfLastCancerStatus", "dateOfLastContact"),
    "sentinel-after-dissection": sentinel,
    "treatment-late": treated_late,
    "followup-overdue": overdue,
    "race-order": race_order,
    "race-hawaiian-first": hawaiian,
    "spanish-birthplace": spanish_birthplace,
    "state-county": state_county,
    "state-postal": state_postal,
    "state-country": state_country,
    "tract-county": tract_county,
    "marital-age": marital_age,
    "payer-age": payer_age,
}


def failing(record: Record) -> set[str]:
    """Ids of the edits that the record fails."""
    found, valid = set(), dict(record)
    for edit, (items, is_valid, required) in ITEMS.items():
        for item in items:
            value = record[item]
            if required if value is None else not is_valid(value):
                found.add(edit)
                valid[item] = None
    return found | {edit for edit, fails in RULES.items() if fails(valid, record)}
