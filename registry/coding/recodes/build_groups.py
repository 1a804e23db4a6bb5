"""Names of the groups of each recode, as screens and tables print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.coding.recodes.published import Row

COLUMNS = ("recode", "position", "code", "name", "indentation")

Group = tuple[str, str, int]
"""Code (empty for a heading), name, indentation."""

FIXED: dict[str, tuple[Group, ...]] = {
    "seerBehaviorRecode": (
        ("0", "Benign", 0),
        ("1", "Borderline malignancy", 0),
        ("2", "In situ", 0),
        ("3", "Malignant", 0),
        ("4", "Only malignant in ICD-O-3", 0),
        ("5", "No longer reportable in ICD-O-3", 0),
        ("6", "Only malignant 2010+", 0),
        ("9", "Unknown", 0),
    ),
    "cause_specific": (
        ("0", "Alive or dead of other cause", 0),
        ("1", "Dead of this cancer", 0),
        ("8", "Dead, cause missing or unknown", 0),
        ("9", "Not applicable: no sequence number from 00 to 59", 0),
    ),
    "other": (
        ("0", "Alive or dead of this cancer", 0),
        ("1", "Dead of other cause", 0),
        ("8", "Dead, cause missing or unknown", 0),
        ("9", "Not applicable: no sequence number from 00 to 59", 0),
    ),
    "iccc_extended_third_edition": (("999", "No extended code in this edition", 0),),
    "iarcMp": (
        ("0", "Same primary as another tumor of the patient", 0),
        ("1", "Primary", 0),
        ("9", "In situ, not counted", 0),
    ),
}
"""Names of the short code lists, in our own words."""


def groups(rows: Iterable[Row], unknown: Group) -> Iterator[Group]:
    """Groups of a recode whose rows have one code, headings included; each code once."""
    return _once(((row.code, row.name, row.depth) for row in rows if row.name), unknown)


def main_groups(rows: Iterable[Row], unknown: Group) -> Iterator[Group]:
    """Groups of the main classification where rows also have extended codes: a heading over the parts
    of one code carries that code's name.
    """
    return _once(((row.code or _only(row.content), row.name, row.depth) for row in rows), unknown)


def extended_groups(rows: Iterable[Row], unknown: Group) -> Iterator[Group]:
    """Groups of the extended classification."""
    return _once(((row.extended, row.name, row.depth) for row in rows), unknown)


def _only(content: str) -> str:
    return "" if "," in content else content


def _once(named: Iterable[Group], unknown: Group) -> Iterator[Group]:
    """Each code where it comes first, all headings, the unknown code last if it has no row."""
    seen: set[str] = set()
    for group in (*named, unknown):
        if not group[0] or group[0] not in seen:
            yield group
        seen.add(group[0])
