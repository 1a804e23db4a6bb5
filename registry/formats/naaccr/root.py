"""Faults of the root element: its attributes, the dictionaries it names and its own items."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import polars as pl

from registry.formats.naaccr.data import FAULTS, SEVERITIES, Problem
from registry.formats.naaccr.header import NAMESPACE, SPECIFICATIONS, NaaccrHeader
from registry.standards import Dictionary

RECORD_TYPES = ("A", "M", "C", "I")
DATE_TIME = re.compile(
    r"-?(?P<year>[1-9]\d{4,}|\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<part>\.\d+)?"
    r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?",
    re.ASCII,
)


def root_faults(
    header: NaaccrHeader, line: int, namespace: str, used: Sequence[Dictionary], named: Sequence[str]
) -> list[Problem]:
    """Faults of the root element.

    Args:
        header: as read.
        line: of the root element.
        namespace: of the root element; "" is a fault.
        used: user dictionaries that apply (one without a URI stands for one that was not given).
        named: URIs of dictionaries that need not be given (the default user dictionary).

    >>> header = NaaccrHeader(record_type="X", specification_version="1.8")
    >>> [fault.code for fault in root_faults(header, 1, NAMESPACE, [], [])]
    ['record-type']
    """
    found: list[Problem] = []

    def fault(code: str, value: str | None, message: str) -> None:
        found.append(Problem(line, None, None, "NaaccrData", None, value, code, SEVERITIES[code], message))

    if not namespace:
        fault("namespace", None, f"NaaccrData is not in the namespace {NAMESPACE}")
    kind, specification, time = header.record_type, header.specification_version, header.time_generated
    if kind not in RECORD_TYPES:
        what = "recordType is missing" if kind is None else f"recordType is {kind[:20]!r}"
        fault("record-type", kind, f"{what}, expected A, M, C or I")
    if specification is not None and specification not in SPECIFICATIONS:
        what = f"specificationVersion {specification[:20]!r} is not known; read as {SPECIFICATIONS[-1]}"
        fault("specification-version", specification, what)
    if time is not None and not is_date_time(time):
        fault("time-generated", time, f"timeGenerated {time[:60]!r} is not an XML date and time")
    known = {dictionary.uri: dictionary for dictionary in used}
    nameless = sum(not dictionary.uri_given for dictionary in used)
    missing = [
        uri for uri in dict.fromkeys(header.user_dictionaries) if uri not in known and uri not in named
    ]
    for uri in missing[nameless:]:
        what = f"user dictionary {uri[:120]} was not given: its items are reported as unknown"
        fault("user-dictionary", uri, what)
    for uri, dictionary in known.items():
        if dictionary.version not in (None, header.version):
            what = f"user dictionary {uri[:120]} is for NAACCR {dictionary.version}, the file for {header.version}"
            fault("user-dictionary", uri, what)
    for name, value in header.attributes.items():
        if is_unexpected(name):
            shown = name.rpartition("}")[2][:60]
            fault("unexpected-attribute", value, f'NaaccrData has an unexpected attribute "{shown}"')
    return found


def is_unexpected(name: str) -> bool:
    """True for a root attribute ("{namespace}name") that no specification knows.

    >>> is_unexpected("colour"), is_unexpected("{urn:x}colour"), is_unexpected("{http://naaccr.org/naaccrxml}x")
    (True, False, True)
    """
    return not name.startswith("{") or name.startswith(f"{{{NAMESPACE}}}")


def root_item_faults(root: pl.DataFrame, header: NaaccrHeader) -> pl.DataFrame:
    """Root items that contradict the root element.

    Args:
        root: `line, item, value` of root items.
        header: of the document.
    """
    found = []
    for line, item, value in root.select("line", "item", "value").rows():
        code, wanted, what = {
            "naaccrRecordVersion": ("base-dictionary", header.version, "the base dictionary"),
            "recordType": ("record-type", header.record_type, "the attribute recordType"),
        }.get(item, ("", "", ""))
        if code and value.strip() != (wanted or value.strip()):
            message = f"root item {item} is {value.strip()[:20]!r}, {what} says {wanted!r}"
            found.append(
                Problem(line, None, None, "NaaccrData", item, value, code, SEVERITIES[code], message)
            )
    return pl.DataFrame(found, schema=FAULTS, orient="row")


def is_date_time(text: str) -> bool:
    """True for an xsd:dateTime of the calendar.

    >>> [is_date_time(t) for t in ("2026-02-28T24:00:00", "2026-02-30T00:00:00Z", "2026-02-28")]
    [True, False, False]
    """
    found = DATE_TIME.fullmatch(text.strip(" \t\r\n"))
    if not found or int(found["year"]) == 0:
        return False
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"])
    is_midnight = hour == 24 and not (minute or second or int((found["part"] or ".0")[1:]))
    try:
        # The calendar repeats every 400 years; years beyond 9999 are legal in XML.
        dt.date(int(found["year"]) % 400 + 2000, int(found["month"]), int(found["day"]))
    except ValueError:
        return False
    return is_midnight or (hour < 24 and minute < 60 and second < 60)
