"""The sections of a pathology report, from the OBX segments that follow an OBR.

Sections are told apart by LOINC code (either triplet of OBX-3), else by the name of a local code, else
by headings inside one long text. Source: NAACCR Standards Volume V; data/hl7_sections.csv.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from registry.formats.hl7_syntax import Segment, part

DATA = Path(__file__).parent / "data"
TEXT_TYPES = ("TX", "FT", "ST", "")
ATTACHMENTS = ("ED", "RP")
CODED = ("CWE", "CE", "CNE", "NM", "SN", "DT", "TS", "DTM")
# HL7 table 0085: any other OBX-11 shows that an unescaped delimiter shifted the fields.
STATUSES = frozenset("C D F I N O P R S U W X B V A".split())
ORDER = (
    "final_diagnosis",
    "synoptic",
    "clinical_history",
    "nature_of_specimen",
    "gross",
    "microscopic",
    "intraoperative",
    "comment",
    "supplemental",
    "cytology",
    "findings_text_only",
)


@dataclass
class Sections:
    """Texts by section, and what was odd: (segment, code, severity, message)."""

    texts: dict[str, str]
    attachments: int = 0
    odd: list[tuple[str, str, str, str]] = field(default_factory=list)

    def report_text(self) -> str:
        r"""The whole report, each section under its heading, the final diagnosis first.

        >>> Sections({"gross": "tan", "final_diagnosis": "Nevus."}).report_text()
        'FINAL DIAGNOSIS\nNevus.\n\nGROSS\ntan'
        """
        present = [name for name in ORDER if self.texts.get(name)]
        return "\n\n".join(f"{name.replace('_', ' ').upper()}\n{self.texts[name]}" for name in present)


@cache
def _sections() -> tuple[dict[str, str], dict[str, str]]:
    by_loinc, by_heading = {}, {}
    with (DATA / "hl7_sections.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_loinc[row["loinc"]] = row["section"]
            by_heading.update({word: row["section"] for word in row["headings"].split(";") if word})
    return by_loinc, by_heading


def read_sections(observations: Sequence[Segment], notes: Sequence[tuple[int | None, str]]) -> Sections:
    """Put the OBX segments of one report into sections.

    Args:
        observations: OBX segments in the order of the message.
        notes: NTE texts with the position of the OBX they follow (None: the OBR itself).
    """
    pieces: dict[str, list[tuple[float, int, str]]] = {}
    found = Sections({})
    section = "comment"
    after: dict[int | None, list[str]] = {}
    for position, text in notes:
        after.setdefault(position, []).append(text)
    for position, obx in enumerate(observations):
        kind = obx.field(2).strip().upper()
        if kind in ATTACHMENTS:
            found.attachments += 1
            continue
        value = _value(obx, kind, found)
        section = _section(obx, kind)
        if kind in CODED and value:
            value = f"{obx.component(3, 2) or obx.component(3, 1)}: {value}"
        if section == "whole":
            for name, text in split_headings(value).items():
                pieces.setdefault(name, []).append((0, position, text))
        elif value or section in pieces:
            pieces.setdefault(section, []).append((_sub_id(obx), position, value))
        for text in after.get(position, []):
            pieces.setdefault(section, []).append((_sub_id(obx), position, text))
    for text in after.get(None, []):
        pieces.setdefault("comment", []).append((0, len(observations), text))
    for name, parts in pieces.items():
        if name not in ("synoptic_meta", "pathologist"):
            joined = "\n".join(text for _, _, text in sorted(parts, key=lambda p: p[:2]))
            found.texts[name] = joined.strip("\n")
    return found


def split_headings(text: str) -> dict[str, str]:
    r"""Split one long text at the lines that are headings; without any it is `findings_text_only`.

    >>> split_headings("GROSS DESCRIPTION:\ntan\n\nFINAL DIAGNOSIS: Nevus.")
    {'gross': 'tan', 'final_diagnosis': 'Nevus.'}
    """
    headings = _sections()[1]
    section = "findings_text_only"
    parts: dict[str, list[str]] = {}
    for line in text.split("\n"):
        before, colon, rest = line.partition(":")
        name = re.sub(r"[()*]", "", before).strip().lower()
        if colon and name in headings:
            section = headings[name]
            parts.setdefault(section, []).append(rest.strip())
        else:
            parts.setdefault(section, []).append(line)
    joined = {name: "\n".join(lines).strip() for name, lines in parts.items()}
    return {name: value for name, value in joined.items() if value}


def _section(obx: Segment, kind: str) -> str:
    by_loinc, by_heading = _sections()
    for component in (1, 4):
        code = obx.component(3, component)
        if code in by_loinc:
            return by_loinc[code]
    if kind in CODED:
        return "synoptic"
    for component in (2, 5, 1):
        name = re.sub(r"[()*:]", "", obx.component(3, component)).strip().lower()
        if name in by_heading:
            return by_heading[name]
    return "whole"


def _value(obx: Segment, kind: str, found: Sections) -> str:
    """OBX-5 as text; fields that an unescaped delimiter split are joined again."""
    status = obx.field(11).strip()
    if kind in TEXT_TYPES and status not in STATUSES:
        shift = next((k for k in range(1, 20) if obx.field(11 + k).strip() in STATUSES), None)
        if shift is not None:
            joined = obx.delimiters.field.join(obx.fields[5 : 6 + shift])
            obx = Segment([*obx.fields[:5], joined, *obx.fields[6 + shift :]], obx.delimiters)
            what = "an unescaped field separator split the text; it was joined again"
            found.odd.append(("OBX-5", "field-shift", "warning", what))
        elif status:
            what = f"OBX-11 {status[:20]!r} is no result status: the fields may be shifted"
            found.odd.append(("OBX-11", "field-shift", "warning", what))
    if kind in ("CWE", "CE", "CNE"):
        codes = [[part(r, n, obx.delimiters) for n in (1, 2)] for r in obx.repetitions(5)]
        return "; ".join(" ".join(filter(None, pair)) for pair in codes)
    if kind == "SN":
        return " ".join(filter(None, (part(obx.repetitions(5)[0], n, obx.delimiters) for n in (1, 2, 3, 4))))
    return obx.text(5)


def _sub_id(obx: Segment) -> float:
    text = obx.field(4).strip()
    try:
        return float(text) if text else 0
    except ValueError:
        return 0
