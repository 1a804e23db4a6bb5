"""What a valid value is, in plain Python: code lists, dates of the calendar, causes of death."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache

from registry import standards

Record = Mapping[str, str | None]
AS_OF = dt.date(2026, 11, 1)
LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

SITE, HIST, BEH = "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"
SIDE, CONF, SOURCE, CLASS = "laterality", "diagnosticConfirmation", "typeOfReportingSource", "classOfCase"
CENTRAL, HOSPITAL = "sequenceNumberCentral", "sequenceNumberHospital"
DX, LAST, BIRTH, RECURRED = "dateOfDiagnosis", "dateOfLastContact", "dateOfBirth", "recurrenceDate1st"
ALIVE, CAUSE, REVISION, AUTOPSY = "vitalStatus", "causeOfDeath", "icdRevisionNumber", "autopsy"
STAGE, STATUS, KIND = "summaryStage2018", "cancerStatus", "recurrenceType1st"
ER, PR, HER2 = "estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary"
OLD_SURGERY, SURGERY = "rxSummSurgPrimSite", "rxSummSurgPrimSite2023"
SYSTEMIC = ("rxSummChemo", "rxSummHormone", "rxSummBrm", "phase1RadiationTreatmentModality")


def numbers(low: int, high: int) -> set[str]:
    return {f"{n:02d}" for n in range(low, high + 1)}


@cache
def lists() -> dict[str, set[str]]:
    systemic = {"00", "01", "82", "85", "86", "87", "88", "99"}
    return {
        SITE: set(standards.topography()["code"]),
        HIST: set(standards.morphology()["code"]),
        BEH: set("0123"),
        SIDE: set("0123459"),
        CONF: set("123456789"),
        SOURCE: set("12345678"),
        CLASS: {"00", "49", "99"} | numbers(10, 14) | numbers(20, 22) | numbers(30, 38) | numbers(40, 43),
        CENTRAL: numbers(0, 88) | {"98", "99"},
        HOSPITAL: numbers(0, 88) | {"99"},
        ALIVE: set("01"),
        REVISION: set("01789"),
        AUTOPSY: set("0129"),
        STATUS: set("129"),
        STAGE: set("01234789"),
        "sex": set("1234569"),
        "sexAssignedAtBirth": set("129"),
        "rxSummChemo": systemic | {"02", "03"},
        "rxSummHormone": systemic,
        "rxSummBrm": systemic,
        SYSTEMIC[3]: numbers(0, 16) | {"98", "99"},
        OLD_SURGERY: numbers(0, 90) | {"98", "99"},
    }


def is_date(text: str, since: int) -> bool:
    if not (text.isascii() and text.isdigit() and len(text) in (4, 6, 8)):
        return False
    year, month, day = int(text[:4]), int(text[4:6] or 1), int(text[6:] or 1)
    if not (since <= year and 1 <= month <= 12 and 1 <= day <= LENGTHS[month - 1]):
        return False
    if (month, day) == (2, 29) and len(text) == 8 and (year % 4 or (year % 100 == 0 and year % 400)):
        return False
    return first(text) <= int(f"{AS_OF:%Y%m%d}")


def first(text: str) -> int:
    return int((text + "0101")[:8]) if len(text) != 6 else int(text + "01")


def last(text: str) -> int:
    return int(text + {4: "1231", 6: "31", 8: ""}[len(text)])


def is_valid(item: str, value: str) -> bool:
    if item in lists():
        return value in lists()[item]
    if item in (DX, LAST, BIRTH, RECURRED):
        return is_date(value, {DX: 1900, BIRTH: 1850}.get(item, 1000))
    if item == CAUSE:
        return bool(re.fullmatch(r"[0-9]{3,4}|[A-Z][0-9][0-9A-Z]{1,4}", value))
    return True


def cleaned(raw: Record) -> dict[str, str | None]:
    return {item: value if value and is_valid(item, value) else None for item, value in raw.items()}
