"""The beginning of a NAACCR XML file: declaration, root element and its attributes.

Source: NAACCR XML Data Exchange Standard, specifications 1.0 to 1.8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.sax.saxutils import quoteattr

import polars as pl

from registry import standards
from registry.formats.naaccr.header import NAMESPACE, SPECIFICATIONS, NaaccrHeader
from registry.formats.naaccr.write_items import ILLEGAL, ILLEGAL_REASON

SPECIFICATION = SPECIFICATIONS[-1]
# Several user dictionaries in one file came with specification 1.2.
SEVERAL_DICTIONARIES = "1.2"
KNOWN_PREFIXES = {
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
}
LeaveOut = Callable[[str, str, int], None]
_LOCAL_NAME = re.compile(r"[^\W\d][\w.\-]*")


def root_start(header: NaaccrHeader, uris: Sequence[str], leave_out: LeaveOut) -> str:
    """The text up to the first item.

    Args:
        header: version, record type, time and further attributes.
        uris: of the user dictionaries to name.
        leave_out: told what cannot be written (name, reason, count).

    >>> header = NaaccrHeader(version="260", record_type="I", attributes={"colour": "red"})
    >>> text = root_start(header, [], lambda name, reason, count: print(name, "is", reason))
    colour is not an attribute of NaaccrData
    >>> text.splitlines()[1].split()[-2:]
    ['specificationVersion="1.8"', 'xmlns="http://naaccr.org/naaccrxml">']
    """
    texts = ['<?xml version="1.0" encoding="UTF-8"?>\n<NaaccrData']
    for name, value in [*_own_attributes(header, uris, leave_out), *_foreign_attributes(header, leave_out)]:
        texts.append(f" {name}={quoteattr(value)}")
    return "".join([*texts, ">\n"])


def _legal(name: str, value: str, leave_out: LeaveOut) -> str:
    legal = str(pl.Series([value]).str.replace_all(ILLEGAL, " ").item())
    if legal != value:
        leave_out(name, ILLEGAL_REASON, 1)
    return legal


def _own_attributes(header: NaaccrHeader, uris: Sequence[str], leave_out: LeaveOut) -> list[tuple[str, str]]:
    written = [
        ("baseDictionaryUri", standards.dictionary(header.version).uri),
        ("userDictionaryUri", " ".join(uris)),
        ("recordType", str(header.record_type)),
        ("timeGenerated", header.time_generated or ""),
        ("specificationVersion", _specification(header, len(uris))),
        ("xmlns", NAMESPACE),
    ]
    return [(name, _legal(name, value, leave_out)) for name, value in written if value]


def _specification(header: NaaccrHeader, user_dictionaries: int) -> str:
    stated = (header.specification_version or "").strip()
    if stated not in SPECIFICATIONS:
        return SPECIFICATION
    needed = SEVERAL_DICTIONARIES if user_dictionaries > 1 else SPECIFICATIONS[0]
    return max(stated, needed, key=SPECIFICATIONS.index)


def _foreign_attributes(header: NaaccrHeader, leave_out: LeaveOut) -> list[tuple[str, str]]:
    """Attributes of other namespaces, sorted, each namespace declared once."""
    attributes: list[tuple[str, str]] = []
    prefixes = {"http://www.w3.org/XML/1998/namespace": "xml"}
    for name, value in sorted(header.attributes.items()):
        namespace, _, local = name.removeprefix("{").rpartition("}")
        if namespace in ("", NAMESPACE) or not _LOCAL_NAME.fullmatch(local):
            leave_out(name, "not an attribute of NaaccrData", 1)
            continue
        if namespace not in prefixes:
            prefixes[namespace] = KNOWN_PREFIXES.get(namespace, f"n{len(prefixes)}")
            attributes.append((f"xmlns:{prefixes[namespace]}", namespace))
        attributes.append((f"{prefixes[namespace]}:{local}", _legal(name, value, leave_out)))
    return attributes
