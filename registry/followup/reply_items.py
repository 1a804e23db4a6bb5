"""Items that a reply may write: a fixed list, whatever the status of the abstract, because they are follow-up.

Source: NAACCR Data Standards and Data Dictionary, version 26, follow-up, death, current address and subsequent
therapy items.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from registry import standards
from registry.errors import BadInput, NotFound
from registry.followup.last_contact import as_naaccr
from registry.linkage.consolidation import CURRENT_ADDRESS, TELEPHONE

ADDRESS: Final = (*CURRENT_ADDRESS, *TELEPHONE)
CONTACT_PERSON: Final = (
    "followUpContactName", "followUpContactNost", "followUpContactSuppl", "followUpContactCity", "followUpContactState",
    "followUpContactPostal", "physicianFollowUp", "npiPhysicianFollowUp", "nextFollowUpSource",
)  # fmt: skip
OF_DEATH: Final = (
    "causeOfDeath", "icdRevisionNumber", "autopsy", "placeOfDeathState", "placeOfDeathCountry", "dcStateFileNumber",
)  # fmt: skip
SOURCES: Final = ("followUpSource", "followUpSourceCentral")
PATIENT_ITEMS: Final = (*SOURCES, *ADDRESS, *CONTACT_PERSON, *OF_DEATH)
"""Items that hold for every tumor; last contact and vital status have words of their own."""

SILENT_ITEMS: Final = (*ADDRESS, *CONTACT_PERSON)
"""Those that may change without news of the patient (a letter that came back with the new address)."""

STATUS: Final = ("cancerStatus", "dateOfLastCancerStatus")
RECURRENCE: Final = ("recurrenceType1st", "recurrenceDate1st")
_LATER_COURSES: Final = tuple(
    f"subsqRx{course}{part}"
    for course in ("2nd", "3rd", "4th")
    for part in (
        "CourseDate", "CourseSurg", "CourseRad", "CourseChemo", "CourseHorm", "CourseBrm", "CourseOth", "ScopeLnSu",
        "SurgOth", "RegLnRem",
    )
)  # fmt: skip
TUMOR_ITEMS: Final = (*STATUS, *RECURRENCE, *_LATER_COURSES)
"""Items of one tumor."""

DATES: Final = frozenset(item for item in TUMOR_ITEMS if "Date" in item or item == "dateOfLastCancerStatus")

FLAG_OF: Final = {
    "dateOfLastContact": "dateOfLastContactFlag",
    "dateOfLastCancerStatus": "dateOfLastCancerStatusFlag",
    "recurrenceDate1st": "recurrenceDate1stFlag",
}
"""Older records say with a flag why a date is blank; it goes when the date comes."""

_ALIVE_CODES: Final = {"causeOfDeath": "0000", "icdRevisionNumber": "0", "autopsy": "0"}
_DEAD_CODES: Final = {"causeOfDeath": ("0000", "7777"), "autopsy": ("0", "9")}


def clean(items: Mapping[str, Any] | None, allowed: tuple[str, ...]) -> dict[str, str | None]:
    """Items with blanks taken off, dates as NAACCR writes them; "" and None both empty an item.

    Raises:
        BadInput: an item that a reply does not write, a code that it does not have, too long a text, no date.

    >>> clean({"telephone": "+1 (518) 555-0101"}, PATIENT_ITEMS), clean({"recurrenceDate1st": "2026-03"}, TUMOR_ITEMS)
    ({'telephone': '5185550101'}, {'recurrenceDate1st': '202603'})
    """
    cleaned: dict[str, str | None] = {}
    for item, value in (items or {}).items():
        if item not in allowed:
            raise BadInput(item, "is not an item of a follow-up reply", "change it in the abstract")
        cleaned[item] = _written(item, "" if value is None else str(value).strip())
        _check(item, cleaned[item])
    return cleaned


def _written(item: str, text: str) -> str | None:
    """A value as NAACCR writes it: dates plain, codes in capitals, telephone and ZIP code without signs between."""
    if item in DATES:
        return as_naaccr(text, item)
    if item == "telephone":
        digits = re.sub("[^0-9]", "", text)
        text = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    elif item in ("addrCurrentPostalCode", "followUpContactPostal"):
        text = text.replace("-", "").replace(" ", "")
    elif standards.is_closed(item) or item == "causeOfDeath":
        text = text.upper()
    return text or None


def _check(item: str, value: str | None) -> None:
    if value is None:
        return
    try:
        length = standards.item(item).length
    except NotFound:
        raise BadInput(item, "is not an item of a patient or tumor") from None
    if length and len(value) > length:
        raise BadInput(item, f"takes {length} characters, {len(value)} were given", "shorten it")
    if item == "countyCurrent":  # each state has codes of its own
        known = len(value) == 3 and value.isascii() and value.isdigit()
    else:
        listed = standards.is_closed(item) and not standards.ranges(item)
        known = not listed or standards.label(item, value) is not None
    if not known:
        raise BadInput(item, "is not given one of its codes", "choose one of its list")


def on_dying(row: Mapping[str, Any]) -> dict[str, str | None]:
    """Codes that say "alive" become "not known yet" when a death is recorded.

    >>> on_dying({"causeOfDeath": "0000", "autopsy": None})
    {'causeOfDeath': '7777'}
    """
    return {item: dead for item, (alive, dead) in _DEAD_CODES.items() if row.get(item) == alive}


def on_living(row: Mapping[str, Any]) -> dict[str, str | None]:
    """What only a dead person has goes when a wrong death is corrected.

    >>> on_living({"causeOfDeath": "C509", "placeOfDeathState": "NY", "autopsy": None})
    {'causeOfDeath': '0000', 'placeOfDeathState': None}
    """
    return {item: _ALIVE_CODES.get(item) for item in OF_DEATH if row.get(item) is not None}
