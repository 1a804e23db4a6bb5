"""NAACCR items from the fields of MSH, PID, PV1, ORC, OBR and SPM.

Source: NAACCR Standards Volume V; data/hl7_codes.csv, data/hl7_report_types.csv.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from registry.formats.hl7_sections import DATA
from registry.formats.hl7_syntax import Segment, part
from registry.standards import dates

Fault = Callable[[str, str, str, str], None]
UNKNOWN_SSN = ("000000000", "999999999")
EARLIEST_BIRTH = "1850"
_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d+)?([+-]\d{4})?")


@cache
def _codes() -> dict[tuple[str, str], str]:
    with (DATA / "hl7_codes.csv").open(encoding="utf-8", newline="") as file:
        return {(row["table"], row["hl7_code"]): row["naaccr_code"] for row in csv.DictReader(file)}


@cache
def _report_types() -> list[tuple[str, str, str, str]]:
    with (DATA / "hl7_report_types.csv").open(encoding="utf-8", newline="") as file:
        rows = [(r["system"], r["first"], r["last"], r["path_report_type"]) for r in csv.DictReader(file)]
    width = {row: int(row[2]) - int(row[1]) if row[0] == "CPT" else 0 for row in rows}
    return sorted(rows, key=lambda row: width[row])


def date(text: str) -> str | None:
    """The date part of an HL7 time as NAACCR writes it, or None when it is no date.

    >>> date("202602100830-0500"), date("1958"), date("00000000")
    ('20260210', '1958', None)
    """
    found = _TIME.fullmatch(text.strip())
    day = "".join(filter(None, found.group(1, 2, 3))) if found else ""
    return day if dates.earliest_date(day) else None


def date_time(text: str) -> str | None:
    """An HL7 time in ISO 8601, with the zone when it was sent; None when it is no time.

    >>> date_time("202602100830-0500"), date_time("20260210")
    ('2026-02-10T08:30:00-05:00', '2026-02-10')
    """
    found, day = _TIME.fullmatch(text.strip()), date(text)
    if not found or not day:
        return None
    iso = "-".join(filter(None, found.group(1, 2, 3)))
    hour, minute, second, zone = found.group(4, 5, 6, 7)
    if len(day) == 8 and hour:
        if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
            return iso
        iso += f"T{hour}:{minute or '00'}:{second or '00'}"
        iso += f"{zone[:3]}:{zone[3:]}" if zone else ""
    return iso


def message_items(msh: Segment, batch_sender: str | None) -> dict[str, Any]:
    """Sender and provenance: MSH-4.2 (CLIA), else BHS-4.2, else MSH-4.1."""
    clia, name = msh.component(4, 2), msh.component(4, 1)
    facility = clia or batch_sender or name or None
    return {
        "sender": facility,
        "sender_name": name or None,
        "pathReportingFacId1": facility,
        "processing_id": msh.component(11, 1) or None,
        "hl7_version": msh.component(12, 1) or None,
        "message_time": date_time(msh.component(7, 1)),
    }


def patient_items(
    pid: Segment, pv1: Segment | None, message_time: str | None, fault: Fault
) -> dict[str, Any]:
    """Patient-level items from PID and PV1; what is not sent stays null, except coded unknowns."""
    sex = pid.component(8, 1).upper()
    ethnicity = pid.component(22, 1)
    marital = pid.component(16, 1)
    items: dict[str, Any] = {
        **_identifiers(pid, fault),
        **_names(pid),
        **_address(pid),
        **_races(pid, fault),
        "dateOfBirth": _birth(pid, message_time, fault),
        "sexAssignedAtBirth": _codes().get(("sex", sex), "9"),
        "spanishHispanicOrigin": _codes().get(("ethnicity", ethnicity), "9"),
        "maritalStatusAtDx": _codes().get(("marital", marital)),
        "telephone": _telephone(pid),
    }
    if pid.component(30, 1) == "Y" or pid.component(29, 1):
        items["vitalStatus"] = "0"
        items["dateOfLastContact"] = date(pid.component(29, 1))
    if pv1 is not None and "NPI" in (pv1.component(7, 13), pv1.component(7, 9, 1)):
        items["npiPhysicianManaging"] = pv1.component(7, 1) or None
    return items


def report_items(obr: Segment, orc: Segment | None, spm: Segment | None, fault: Fault) -> dict[str, Any]:
    """Report-level items from OBR, with ORC and SPM as fallbacks."""
    number = (
        obr.component(3, 1)
        or (orc.component(3, 1) if orc else "")
        or (spm.component(2, 1) or spm.component(2, 2) if spm else "")
    )
    if not number:
        fault("OBR-3", "no-report-number", "warning", "the report has no filler order number")
    physician = obr.component(16, 1) or (orc.component(12, 1) if orc else "")
    collected = date_time(obr.component(7, 1)) or (date_time(spm.component(17, 1)) if spm else None)
    surgeon = obr.component(10, 1)
    return {
        "obr_set_id": obr.component(1, 1) or None,
        "report_number": number or None,
        "pathReportNumber1": number[:20] or None,
        "pathReportType1": report_type(obr),
        "pathDateSpecCollect1": collected,
        "pathOrderingFacNo1": (orc.component(21, 3) or orc.component(21, 10) or None) if orc else None,
        "pathOrderPhysLicNo1": physician or None,
        "npiPhysicianPrimarySurg": surgeon if re.fullmatch(r"\d{10}", surgeon) else None,
        "report_date": date_time(obr.component(22, 1)),
        "result_status": obr.component(25, 1) or None,
        "relevant_information": obr.text(13) or None,
    }


def report_type(obr: Segment) -> str:
    """Path Report Type [7480] of OBR-4, either triplet; 99 when the code is not known."""
    for component in (1, 4):
        code, system = obr.component(4, component), obr.component(4, component + 2)
        for known, first, last, kind in _report_types():
            is_cpt = known == "CPT" and system in ("CPT", "C4", "CPT4", "") and len(code) == len(first)
            if code == first or (is_cpt and code.isdigit() and first <= code <= last):
                return kind
    return "99"


def _identifiers(pid: Segment, fault: Fault) -> dict[str, Any]:
    by_type: dict[str, str] = {}
    untyped = ""
    for repetition in pid.repetitions(3):
        value, kind = part(repetition, 1, pid.delimiters), part(repetition, 5, pid.delimiters)
        if kind:
            by_type.setdefault(kind, value)
        else:
            untyped = untyped or value
    written = by_type.get("SS") or pid.component(19, 1)
    ssn = re.sub(r"\D", "", written)
    if written and (len(ssn) != 9 or ssn in UNKNOWN_SSN):
        if ssn not in UNKNOWN_SSN:
            fault("PID-3", "ssn", "warning", "the social security number has not nine digits; left out")
        ssn = ""
    return {
        "medicalRecordNumber": by_type.get("MR") or untyped or None,
        "socialSecurityNumber": ssn or None,
        "medicareBeneficiaryIdentifier": by_type.get("MC") or None,
    }


def _names(pid: Segment) -> dict[str, Any]:
    names = pid.repetitions(5)
    legal = next((name for name in names if part(name, 7, pid.delimiters) == "L"), names[0] if names else [])
    birth = next((name for name in names if part(name, 7, pid.delimiters) in ("B", "M")), [])
    return {
        "nameLast": part(legal, 1, pid.delimiters, 1) or None,
        "nameFirst": part(legal, 2, pid.delimiters) or None,
        "nameMiddle": part(legal, 3, pid.delimiters) or None,
        "nameSuffix": part(legal, 4, pid.delimiters) or None,
        "nameBirthSurname": part(birth, 1, pid.delimiters, 1) or None,
    }


def _address(pid: Segment) -> dict[str, Any]:
    homes = pid.repetitions(11)
    home = next((one for one in homes if part(one, 7, pid.delimiters) == "H"), homes[0] if homes else [])
    zip_code = re.sub(r"\D", "", part(home, 5, pid.delimiters))
    county = part(home, 9, pid.delimiters)
    return {
        "addrAtDxNoStreet": part(home, 1, pid.delimiters, 1) or None,
        "addrAtDxSupplementl": part(home, 2, pid.delimiters) or None,
        "addrAtDxCity": part(home, 3, pid.delimiters).upper() or None,
        "addrAtDxState": part(home, 4, pid.delimiters).upper() or None,
        "addrAtDxPostalCode": zip_code if len(zip_code) in (5, 9) else None,
        "addrAtDxCountry": part(home, 6, pid.delimiters).upper() or None,
        "countyAtDx": county if re.fullmatch(r"\d{3}", county) else None,
    }


def _races(pid: Segment, fault: Fault) -> dict[str, Any]:
    found: list[str] = []
    for repetition in pid.repetitions(10):
        sent = part(repetition, 1, pid.delimiters)
        code = _codes().get(("race", sent))
        if code is None and sent:
            fault("PID-10", "race", "warning", f"race code {sent[:20]!r} is not known; coded 99")
            code = "99"
        if code and code not in found:
            found.append(code)
    return {f"race{n}": code for n, code in enumerate(found[:5], start=1)}


def _birth(pid: Segment, message_time: str | None, fault: Fault) -> str | None:
    """Date of birth; impossible, after the message or before 1850 is left out with a warning."""
    sent = pid.component(7, 1)
    day = date(sent)
    too_late = bool(day and message_time and day > message_time.replace("-", "")[:8])
    if sent and (day is None or day < EARLIEST_BIRTH or too_late):
        fault("PID-7", "birth-date", "warning", "the date of birth is impossible; left out")
        return None
    return day


def _telephone(pid: Segment) -> str | None:
    numbers = pid.repetitions(13)
    if not numbers:
        return None
    parts = [part(numbers[0], n, pid.delimiters) for n in (6, 7)]
    digits = re.sub(r"\D", "", "".join(parts) if all(parts) else part(numbers[0], 1, pid.delimiters))
    return digits[-10:] if len(digits) >= 10 else None
