"""Words on screens: headings for columns, numbers, dates, statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from registry import standards
from registry.errors import NotFound

#: Headings that cannot be derived from a column's name.
HEADINGS: Final = {
    "abstract_id": "Abstract",
    "patient_id": "Patient",
    "tumor_id": "Tumor",
    "facility_id": "Facility",
    "failure_id": "No.",
    "nameLast": "Last name",
    "nameFirst": "First name",
    "dateOfBirth": "Born",
    "dateOfDiagnosis": "Diagnosed",
    "dateOfLastContact": "Last contact",
    "dateOf1stContact": "First contact",
    "histologicTypeIcdO3": "Histology",
    "behaviorCodeIcdO3": "Behavior",
    "primarySite": "Primary site",
    "summaryStage2018": "Summary Stage 2018",
    "sequenceNumberCentral": "Sequence",
    "sequenceNumberHospital": "Hospital sequence",
    "accessionNumberHosp": "Accession",
    "medicalRecordNumber": "Record number",
    "classOfCase": "Class of case",
    "item_values": "Values",
    "changed_at": "Changed (UTC)",
    "facility": "Facility name",
    "started_at": "Started (UTC)",
    "changed_by": "Who",
    "A_eligible": "A · eligible",
    "B_dead": "B · dead",
    "C_living": "C · living",
    "D_current": "D · current",
    "E_lost": "E · lost",
    "rate_pct": "Rate %",
    "living_rate_pct": "Living rate %",
    "threshold_gold": "Gold",
    "threshold_silver": "Silver",
}
STATUS: Final = {
    "suspense": "Suspense",
    "in_progress": "In progress",
    "complete": "Complete",
    "exported": "Exported",
    "reopened": "Reopened",
    "void": "Void",
}


def heading(name: str) -> str:
    """A column's name in words.

    >>> heading("threshold_note"), heading("vitalStatus"), heading("nameLast")
    ('Threshold note', 'Vital status', 'Last name')
    """
    if name in HEADINGS:
        return HEADINGS[name]
    words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|_", " ", name).lower()
    return words[:1].upper() + words[1:]


def item_name(item: str) -> str:
    """A NAACCR item's name with a dash that reads as one; an unknown item in words.

    >>> item_name("nameLast"), item_name("rxSummSurgPrimSite2023"), item_name("ownItem")
    ('Name – Last', 'RX Summ – Surg Prim Site 2023', 'Own item')
    """
    try:
        return str(standards.item(item).name).replace("--", " – ")
    except NotFound:
        return heading(item)


def item_names(items: Iterable[str]) -> dict[str, str]:
    """Item → its name."""
    return {item: item_name(item) for item in items}


def number(value: Any) -> str:
    """A count with separators; nothing known is a dash.

    >>> number(1204567), number(None), number("<11")
    ('1,204,567', '–', '<11')
    """
    if value is None:
        return "–"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,.0f}"
    return str(value)


def percent(value: Any, digits: int = 1) -> str:
    """A percentage (0-100) with one digit; nothing known is a dash.

    >>> percent(84.26), percent(None)
    ('84.3 %', '–')
    """
    return "–" if value is None else f"{float(value):.{digits}f} %"


def naaccr_date(value: str | None) -> str:
    """A NAACCR date as people write it; parts that are not known stay away.

    >>> naaccr_date("20240503"), naaccr_date("202405"), naaccr_date("2024"), naaccr_date(None), naaccr_date("99")
    ('2024-05-03', '2024-05', '2024', '–', '99')
    """
    if not value:
        return "–"
    if value.isdigit() and len(value) in {6, 8}:
        return "-".join(filter(None, (value[:4], value[4:6], value[6:])))
    return value


def moment(value: Any) -> str:
    """A time of the trail, to the minute (UTC); nothing known is a dash.

    >>> import datetime as dt
    >>> moment(dt.datetime(2026, 3, 1, 9, 5, 7)), moment("2026-03-01T09:05:07+00:00"), moment(None)
    ('2026-03-01 09:05', '2026-03-01 09:05', '–')
    """
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else str(value)[:16].replace("T", " ")


def counted(n: int, word: str, words: str = "") -> str:
    """A count with its noun.

    >>> counted(1, "failure"), counted(1200, "failure"), counted(2, "facility", "facilities")
    ('1 failure', '1,200 failures', '2 facilities')
    """
    return f"{n:,} {word if n == 1 else words or word + 's'}"


def probability(value: Any) -> str:
    """A p-value without false precision.

    >>> probability(0.00002), probability(0.0312), probability(None)
    ('p < 0.001', 'p = 0.031', 'p unknown')
    """
    if value is None:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def sentence(code: str | None) -> str:
    """A code in capitals as words.

    >>> sentence("REGISTRY_ONLY"), sentence(None)
    ('Registry only', '–')
    """
    return code.replace("_", " ").capitalize() if code else "–"


_TUMOR = re.compile(
    r"(?:\d+ )*(?P<site>C\d{3}) (?P<histology>\d{4}) (?P<behavior>\d)(?: (?P<stage>\d))?"
    r"(?: (?P<date>\d{8}|\d{6}|\d{4}))?(?: (?P<klass>\d\d))?(?: (?P<cancer>\d))?(?: (?P<recurrence>\d\d))?"
)


def tumors(codes: str | None) -> str:
    """The follow-up list's tumors, codes with blanks between, as people read them; other text stays.

    >>> tumors("361 C240 8140 3 20070914 21 1; 362 C619 8140 3 1 2019 14")
    'C240 8140/3, diagnosed 2007-09-14, class 21, cancer status 1; C619 8140/3, stage 1, diagnosed 2019, class 14'
    >>> tumors("no codes"), tumors(None)
    ('no codes', '')
    """
    return "; ".join(_tumor(part.strip()) for part in (codes or "").split(";"))


def _tumor(codes: str) -> str:
    found = _TUMOR.fullmatch(codes)
    if found is None:
        return codes
    details = {
        "stage": found["stage"],
        "diagnosed": naaccr_date(found["date"]) if found["date"] else None,
        "class": found["klass"],
        "cancer status": found["cancer"],
        "recurrence": found["recurrence"],
    }
    parts = [f"{word} {value}" for word, value in details.items() if value]
    return ", ".join([f"{found['site']} {found['histology']}/{found['behavior']}", *parts])


def coded(code: str | None, label: str | None) -> str | None:
    """A code with what it means, without the explanation in parentheses.

    >>> coded("1", "Right (origin of primary)"), coded("C999", None), coded(None, None)
    ('1 Right', 'C999', None)
    """
    return f"{code} {label.split(' (')[0]}" if code and label else code


def item_values(text: str | None) -> str:
    """The values an edit looked at, kept as JSON, as people read them.

    >>> item_values('{"primarySite": "C619", "sex": null}'), item_values("C619;2")
    ('Primary Site C619, Sex empty', 'C619;2')
    """
    try:
        found = json.loads(text or "")
    except ValueError:
        return text or ""
    if not isinstance(found, dict):
        return text or ""
    return ", ".join(
        f"{item_name(item)} {'empty' if value in {None, ''} else value}" for item, value in found.items()
    )
