"""A second reading of the follow-up rules, patient by patient in plain Python, and cohorts full of traps for it.

Written from the rules' text alone, without the product's code. What the text leaves open is decided here as there:
a date that is no day of the calendar (13 months, day 99, seven digits, the year 9999) is unknown; whoever was never
heard of is delinquent; an unknown first contact or diagnosis excludes nobody; a tumor given twice counts twice.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import io
import random as randomness
from collections import Counter
from collections.abc import Iterable
from typing import Any

KEY = "patientIdNumber"
ANALYTIC = {"10", "11", "12", "13", "14", "20", "21", "22"}
HOME = {"USA", "PRI", "GUM", "VIR", "ASM", "MNP", "UMI", "ZZU", ""}
NOBODY = {"", "00000000", "99999999"}
ORDER = (
    "CLASS00", "NONANALYTIC", "BEFORE_REFERENCE", "BENIGN_BORDERLINE", "CERVIX_INSITU", "SKIN_BASAL_SQUAMOUS",
    "FOREIGN_RESIDENT", "AGE_100_NO_CONTACT",
)  # fmt: skip
Row = dict[str, str | None]


def word(row: Row, name: str) -> str:
    return (row[name] or "").strip()


def earliest(text: str) -> dt.date | None:
    """First day a full or partial date can mean; None when it is none."""
    if len(text) not in (4, 6, 8) or not (text.isascii() and text.isdigit()):
        return None
    year, month, day = int(text[:4]), int(text[4:6] or 1), int(text[6:] or 1)
    if not 1000 <= year < 9999 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return dt.date(year, month, day)


def later(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months later, cut to the last one."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def reasons(patient: Row, tumor: Row, reference: dt.date, as_of: dt.date) -> Iterable[str]:
    """Every rule that excludes a tumor."""
    code, behavior = word(tumor, "classOfCase"), word(tumor, "behaviorCodeIcdO3")
    site, histology = word(tumor, "primarySite").upper(), word(tumor, "histologicTypeIcdO3")
    diagnosed, seen = (earliest(word(tumor, name)) for name in ("dateOfDiagnosis", "dateOf1stContact"))
    if code in ("00", "0"):
        yield "CLASS00"
    if code not in ANALYTIC:
        yield "NONANALYTIC"
    if diagnosed is not None and seen is not None and diagnosed < reference and seen < reference:
        yield "BEFORE_REFERENCE"
    if behavior in ("0", "1"):
        yield "BENIGN_BORDERLINE"
    if site.startswith("C53") and behavior == "2":
        yield "CERVIX_INSITU"
    squamous = histology.isascii() and histology.isdigit() and 8000 <= int(histology) <= 8110
    if site.startswith("C44") and squamous and word(tumor, "summaryStage2018") in ("0", "1"):
        yield "SKIN_BASAL_SQUAMOUS"
    if word(patient, "addrCurrentCountry").upper() not in HOME:
        yield "FOREIGN_RESIDENT"
    born, last = earliest(word(patient, "dateOfBirth")), earliest(word(patient, "dateOfLastContact"))
    hundred = born is not None and later(born, 1200) <= as_of
    if not is_dead(patient) and hundred and (last is None or later(last, 12) < as_of):
        yield "AGE_100_NO_CONTACT"


def exclusion(patient: Row, tumor: Row, reference: dt.date, as_of: dt.date) -> str:
    return min(reasons(patient, tumor, reference, as_of), key=ORDER.index, default="")


def is_dead(patient: Row) -> bool:
    return word(patient, "vitalStatus") in ("0", "4")


def is_current(patient: Row, as_of: dt.date) -> bool:
    last = earliest(word(patient, "dateOfLastContact"))
    return last is not None and later(last, 15) >= as_of


def line(patient: Row, eligible: int, as_of: dt.date) -> tuple[Any, tuple[str, ...]] | None:
    """(what the list is sorted by, the line as text), or None for whoever is current."""
    last = earliest(word(patient, "dateOfLastContact"))
    due, lost = (later(last, 12), later(last, 15)) if last else (None, None)
    if lost is None or lost < as_of:
        status = "DELINQUENT"
    elif due < as_of:  # type: ignore[operator]
        status = "OVERDUE"
    elif due <= later(as_of, 1):  # type: ignore[operator]
        status = "DUE"
    else:
        return None
    months = "" if last is None else str(max(n for n in range(1800) if later(last, n) <= as_of))
    letters = "PATIENT" if word(patient, "physicianFollowUp") in NOBODY else "PHYSICIAN"
    if word(patient, "noPatientContactFlag") == "1":
        letters = "REGISTRY_ONLY"
    key = word(patient, KEY)
    order = ("DELINQUENT", "OVERDUE", "DUE").index(status), last or dt.date.min, key
    days = (str(day) if day else "" for day in (due, lost))
    return order, (key, word(patient, "dateOfLastContact"), *days, status, months, letters, str(eligible))


def judged(patients: list[Row], tumors: list[Row], reference: dt.date, as_of: dt.date) -> list[str]:
    people = {word(patient, KEY): patient for patient in patients}
    return [exclusion(people[word(tumor, KEY)], tumor, reference, as_of) for tumor in tumors]


def follow_up_list(
    patients: list[Row], tumors: list[Row], codes: list[str], as_of: dt.date
) -> list[tuple[str, ...]]:
    """Lines of the list as text, in order."""
    eligible = Counter(word(tumor, KEY) for tumor, code in zip(tumors, codes, strict=True) if not code)
    found = [
        line(patient, eligible[word(patient, KEY)], as_of)
        for patient in patients
        if eligible[word(patient, KEY)] and not is_dead(patient)
    ]
    return [text for _, text in sorted(each for each in found if each)]


def counts(patients: list[Row], keys: list[str], as_of: dt.date) -> dict[str, Any]:
    """A to E and both rates of patients (each named once) or tumors (their patients' keys)."""
    people = {word(patient, KEY): patient for patient in patients}
    dead = sum(is_dead(people[key]) for key in keys)
    current = sum(not is_dead(people[key]) and is_current(people[key], as_of) for key in keys)
    everybody, living = len(keys), len(keys) - dead
    return {
        "A_eligible": everybody, "B_dead": dead, "C_living": living, "D_current": current, "E_lost": living - current,
        "rate_pct": round(100 * (dead + current) / everybody, 4) if everybody else None,
        "living_rate_pct": round(100 * current / living, 4) if living else None,
    }  # fmt: skip


def windows(
    patients: list[Row], tumors: list[Row], codes: list[str], reference: dt.date, as_of: dt.date
) -> dict[tuple[str, str], dict[str, Any]]:
    """(basis, window) → counts and rates."""
    eligible = [tumor for tumor, code in zip(tumors, codes, strict=True) if not code]
    found = {}
    for window, months in (("since_reference", None), ("last_fifteen_years", 180), ("last_five_years", 60)):
        inside = [
            word(tumor, KEY)
            for tumor in eligible
            if months is None
            or (
                (day := earliest(word(tumor, "dateOfDiagnosis"))) is not None
                and day >= (later(as_of, -180) if months == 180 else max(reference, later(as_of, -months)))
            )
        ]
        found["tumor", window] = counts(patients, inside, as_of)
        found["patient", window] = counts(patients, sorted(set(inside)), as_of)
    return found


AS_OF = (
    dt.date(2026, 10, 31), dt.date(2025, 2, 28), dt.date(2024, 2, 29), dt.date(2026, 7, 1), dt.date(2026, 11, 30),
    dt.date(2025, 12, 31), dt.date(2026, 3, 31), dt.date(2024, 3, 1), dt.date(2026, 5, 30),
)  # fmt: skip
NO_DATES = ("20250230", "20261301", "20150899", "20159999", "99999999", "9999", "2015082", "201513", "2015-08-01", "00000000",
            "20150800", " ", "X", "199", "20230229")  # fmt: skip


def cohort(seed: int, size: int = 120) -> tuple[list[Row], list[Row], dt.date, dt.date]:
    """Patients, tumors, reference date and as-of date, all near a border of some rule."""
    chance = randomness.Random(seed)
    as_of = chance.choice(AS_OF)
    reference = dt.date(chance.choice([2006, 2007, 2012, 2023]), 1, 1)
    near = [
        later(as_of, -months) + dt.timedelta(days)
        for months in (0, 1, 11, 12, 14, 15, 16, 60, 180)
        for days in range(-4, 5)
    ]
    marks = [reference + dt.timedelta(days) for days in range(-2, 3)]
    marks += [dt.date(2020, 2, 29), dt.date(2024, 2, 29), dt.date(2025, 2, 28), dt.date(2024, 8, 31)]
    births = [later(as_of, -1200) + dt.timedelta(days) for days in range(-2, 3)]
    births += [dt.date(1950, 5, 5), dt.date(1924, 2, 29), dt.date(as_of.year - 100, 1, 1)]

    def date(pool: list[dt.date]) -> str | None:
        if chance.random() < 0.06:
            return chance.choice((None, "", *NO_DATES))
        text = chance.choice(pool).strftime("%Y%m%d")[: chance.choice([8] * 8 + [6, 4])]
        return chance.choice([text] * 12 + [f" {text}", f"{text} "])

    keys = [f"{number:08}" for number in range(size)]
    patients: list[Row] = [
        {
            KEY: key, "vitalStatus": chance.choice(["0", "1", "1", "1", "1", "9", "4", None, " 1"]),
            "dateOfLastContact": date([day for day in near if day <= as_of] + marks), "dateOfBirth": date(births),
            "addrCurrentCountry": chance.choice(["USA"] * 12 + ["PRI", "GUM", "CAN", "DEU", "usa", "can", "ZZU", "", None]),
            "noPatientContactFlag": chance.choice(["0", "0", "0", "1", " 1", "2", "", None]),
            "physicianFollowUp": chance.choice(["00000043", "00000007", "99999999", "00000000", "", "A1", None]),
        }
        for key in keys
    ]  # fmt: skip
    classes = [
        "10",
        "14",
        "14",
        "20",
        "22",
        "22",
        "13",
        "00",
        "0",
        "38",
        "15",
        "9",
        "23",
        "99",
        "1",
        "",
        "X",
        None,
        " 14",
    ]
    tumors: list[Row] = [
        {
            KEY: chance.choice(keys[: size - 5]), "tumorRecordNumber": f"{number:03}",
            "classOfCase": chance.choice(classes),
            "primarySite": chance.choice(["C509", "C530", "C539", "C446", "C619", "c446", "c530", "C44", "", None]),
            "histologicTypeIcdO3": chance.choice(["8000", "8070", "8110", "8111", "7999", "8500", "80X0", "", None]),
            "behaviorCodeIcdO3": chance.choice(["0", "1", "2", "3", "3", "3", "6", "", None]),
            "summaryStage2018": chance.choice(["0", "1", "2", "9", " 1", "", None]),
            "dateOfDiagnosis": date(near + marks), "dateOf1stContact": date(near + marks),
        }
        for number in range(size * 3 // 2)
    ]  # fmt: skip
    tumors += [dict(tumor) for tumor in chance.sample(tumors, 4)]
    return patients, tumors, reference, as_of


def as_csv(rows: list[Row]) -> str:
    """The rows as a file would have them; nothing and blank are the same there."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
