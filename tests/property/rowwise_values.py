"""Item edits over dates, places and codes once more: plain Python, one value at a time."""

from __future__ import annotations

import calendar
import datetime as dt
import string
from collections.abc import Callable
from functools import partial

from registry import standards

AS_OF = dt.date(2026, 11, 1)


def span(text: str | None) -> tuple[dt.date, dt.date] | None:
    """First and last day that a date can mean; None when it is no date."""
    if text is None or len(text) not in (4, 6, 8) or not all(c in string.digits for c in text):
        return None
    if text[0] == "0":
        return None
    year, month, day = int(text[:4]), int(text[4:6] or 0), int(text[6:] or 0)
    try:
        if len(text) == 4:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        last = day or calendar.monthrange(year, month)[1]
        return (dt.date(year, month, day if len(text) == 8 else 1), dt.date(year, month, last))
    except (ValueError, calendar.IllegalMonthError):
        return None


def is_date(text: str, since: int, *, complete: bool = False) -> bool:
    found = span(text)
    if found is None or (complete and len(text) != 8):
        return False
    return found[0].year >= since and found[0] <= AS_OF


def digits(text: str, size: int) -> bool:
    return len(text) == size and all(c in string.digits for c in text)


def years_between(birth: dt.date, day: dt.date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def tract(text: str) -> bool:
    return digits(text, 6) and (text in ("000000", "999999") or "000100" <= text <= "999998")


def ssn(text: str) -> bool:
    area, group, serial = text[:3], text[3:5], text[5:]
    return digits(text, 9) and area not in ("000", "666") and group != "00" and serial != "0000"


def postal(text: str) -> bool:
    canadian = len(text) == 6 and all(
        c in (string.ascii_uppercase, string.digits)[i % 2] for i, c in enumerate(text)
    )
    return digits(text, 5) or digits(text, 9) or canadian or text == "999999"


def name(text: str) -> bool:
    return all(c.isalpha() or c in " -'’" for c in text) and any(c.isalpha() for c in text)


COUNTRIES = set(standards.codes("addrAtDxCountry")["code"])
RACES = set(
    "01 02 03 04 05 06 07 08 10 11 12 13 14 15 16 17 20 21 22 25 26 27 28 30 31 32 96 97 98 99".split()
)
CLASSES = set("00 10 11 12 13 14 20 21 22 30 31 32 33 34 35 36 37 38 40 41 42 43 49 99".split())
PAYERS = set("01 02 10 20 21 31 35 60 61 62 63 64 65 66 67 68 99".split())
STATES = set(standards.codes("addrAtDxState")["code"]) | {"CD", "US", "XX", "YY", "ZZ"}
MODALITIES = "rxDateSurgery rxDateRadiation rxDateChemo rxDateHormone rxDateBrm rxDateOther".split()
TRANSPLANTS = set("00 10 11 12 20 30 40 82 85 86 87 88 99".split())

DATE_ITEMS = {
    "dob-valid": ("dateOfBirth", 1850),
    "dx-date-valid": ("dateOfDiagnosis", 1900),
    "last-contact-valid": ("dateOfLastContact", 1000),
    "first-contact-valid": ("dateOf1stContact", 1000),
    "surgery-date-valid": ("rxDateSurgery", 1000),
    "definitive-surgery-date-valid": ("rxDateMostDefinSurg", 1000),
    "radiation-date-valid": ("rxDateRadiation", 1000),
    "chemo-date-valid": ("rxDateChemo", 1000),
    "hormone-date-valid": ("rxDateHormone", 1000),
    "brm-date-valid": ("rxDateBrm", 1000),
    "other-rx-date-valid": ("rxDateOther", 1000),
    "systemic-date-valid": ("rxDateSystemic", 1000),
    "initial-rx-date-valid": ("dateInitialRxSeer", 1000),
    "first-course-date-valid": ("date1stCrsRxCoc", 1000),
    "recurrence-date-valid": ("recurrenceDate1st", 1000),
    "cancer-status-date-valid": ("dateOfLastCancerStatus", 1000),
}

# edit -> items, what is valid, whether blank fails
ITEMS: dict[str, tuple[list[str], Callable[[str], bool], bool]] = {
    **{edit: ([item], partial(is_date, since=since), False) for edit, (item, since) in DATE_ITEMS.items()},
    "case-completed-valid": (["dateCaseCompleted"], lambda v: is_date(v, 1000, complete=True), False),
    "report-received-valid": (["dateCaseReportReceived"], lambda v: is_date(v, 1000, complete=True), False),
    "age-valid": (["ageAtDiagnosis"], lambda v: digits(v, 3) and (int(v) <= 120 or v == "999"), False),
    "race1-valid": (["race1"], lambda v: v in RACES, False),
    "race2to5-valid": (["race2", "race3", "race4", "race5"], lambda v: v in RACES | {"88"}, False),
    "spanish-origin-valid": (["spanishHispanicOrigin"], lambda v: digits(v, 1), False),
    "marital-valid": (["maritalStatusAtDx"], lambda v: v in list("1234569"), False),
    "birthplace-country-valid": (["birthplaceCountry"], lambda v: v in COUNTRIES, False),
    "state-dx-valid": (["addrAtDxState"], lambda v: v in STATES, False),
    "country-dx-valid": (["addrAtDxCountry"], lambda v: v in COUNTRIES, False),
    "county-dx-valid": (["countyAtDx"], lambda v: digits(v, 3) and v != "000", False),
    "postal-valid": (["addrAtDxPostalCode"], postal, False),
    "tract-valid": (["censusTract2010", "censusTract2020"], tract, False),
    "payer-valid": (["primaryPayerAtDx"], lambda v: v in PAYERS, False),
    "ssn-valid": (["socialSecurityNumber"], ssn, False),
    "patient-id-required": (["patientIdNumber"], lambda v: digits(v, 8) and v != "00000000", True),
    "accession-valid": (
        ["accessionNumberHosp"],
        lambda v: digits(v, 9) and 1900 <= int(v[:4]) <= 2026,
        False,
    ),
    "facility-required": (["reportingFacility"], lambda v: digits(v, 10), True),
    "name-last-required": (["nameLast"], name, True),
    "abstractor-required": (["abstractedBy"], lambda v: bool(v.strip()), True),
    "class-of-case-valid": (["classOfCase"], lambda v: v in CLASSES, False),
    "seq-hospital-valid": (
        ["sequenceNumberHospital"],
        lambda v: digits(v, 2) and (int(v) <= 88 or v == "99"),
        False,
    ),
    "autopsy-valid": (["autopsy"], lambda v: v in list("0129"), False),
    "cancer-status-valid": (["cancerStatus"], lambda v: v in list("129"), False),
    "followup-source-valid": (["followUpSource"], lambda v: v in list("012345789"), False),
    "vital-status-valid": (["vitalStatus"], lambda v: v in list("01"), False),
    "rx-status-valid": (["rxSummTreatmentStatus"], lambda v: v in list("0129"), False),
    "transplant-valid": (["rxSummTransplntEndocr"], lambda v: v in TRANSPLANTS, False),
}
