"""Code lists: the union of the published lookups, the documented codes and the padoh schemes."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from registry.standards.build_icdo import Morphology

LABEL_LENGTH = 80
SHORTEST_CUT = 8
CODE = re.compile(r"[A-Za-z0-9.+()_-]+")
RANGE = re.compile(r"([A-Z]?)(\d+(?:\.\d+)?) ?- ?([A-Z]?)(\d+(?:\.\d+)?)")

# Documented values of these items are special codes beside free values (names, numbers, schema-
# dependent codes), or there are more values than are documented: known codes, but no closed list.
OPEN = re.compile(
    r"addr.*(City|NoStreet|PostalCode)|followUpContactPostal|ageAtDiagnosis|ajccTnm.*|derivedSeerCombined.*"
    r"|eod(Mets|PrimaryTumor|RegionalNodes)|pediatric(Mets|PrimaryTumor|RegionalNodes|IdVersion.*)"
    r"|followingRegistry|registryId|reportingFacility|institutionReferred.*|physician.*|npi.*"
    r"|medicalRecordNumber|medicareBeneficiaryIdentifier|socialSecurityNumber|telephone|secondaryDiagnosis.*"
    r"|(rxHosp|rxSumm)SurgSite9802|(rxHosp|rxSumm)SurgPrimSite|seerSiteSpecificFact\d|recordNumberRecode"
    r"|torontoVersionNumber|schemaIdVersion.*|causeOfDeath|comorbidComplication.*|militaryRecordNoSuffix"
    r"|seerCodingSys.*|census(Occ|Ind)Code.*|csSiteSpecificFactor.*|tumorRecordNumber"
)
# Sequence numbers are documented as "00, 01, 02, .., 59": the dots are these ranges.
EXTRA_RANGES = {
    "sequenceNumberCentral": [("00", "59"), ("60", "88")],
    "sequenceNumberHospital": [("00", "59"), ("60", "88")],
}
MISPRINTS = {("figoStage", "IC2"): "1C2"}


@dataclass
class CodeTables:
    """Rows of code_lists, codes, ranges and causes_of_death, each sorted by its first columns."""

    lists: list[tuple[str, bool, str]]
    codes: list[tuple[str, str, str, str]]
    ranges: list[tuple[str, str, str, str, str]]
    causes: list[tuple[str, str, str]]


def short_label(text: str) -> str:
    r"""First statement of a documented meaning, at most 80 characters.

    >>> short_label("Not applicable: Information not collected\n (If required ...)")
    'Not applicable: Information not collected'
    """
    line = re.split(r"\s*(?:\n|\\n|\(If this )", text.strip(), maxsplit=1)[0].strip()
    line = re.sub(r"\\([<>*_])", r"\1", line.replace("\\t", " "))
    line = " ".join(line.split()).rstrip(";:,*")
    if len(line) > LABEL_LENGTH:
        first = re.split(r"(?<=\w)[.;] |: | \(", line, maxsplit=1)[0]
        line = first if len(first) >= SHORTEST_CUT else line
    if len(line) > LABEL_LENGTH:
        line = line[: LABEL_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;:(") + "…"
    return line


def code_tables(folder: Path, lengths: dict[str, int], morphology: Iterable[Morphology]) -> CodeTables:
    """Merge the sources; the first source that knows an item decides its list, later ones add codes and ranges.

    Args:
        folder: the published `naaccr/codes`.
        lengths: item id → longest length in any dictionary (codes that don't fit are descriptions).
        morphology: rows of `build_icdo.morphology_rows`, for the histology code list.
    """
    codes: dict[tuple[str, str], tuple[str, set[str]]] = {}
    ranges: dict[tuple[str, str, str], tuple[str, set[str]]] = {}
    causes: dict[str, tuple[str, set[str]]] = {}
    source: dict[str, str] = {}
    versions = sorted({path.name[8:10] for path in folder.glob("naaccr-v??-*.csv.gz")})

    def add(origin: str, item: str, written: str, label: str, version: str) -> None:
        code = written.replace("\\t", "").strip().strip("*")
        code = MISPRINTS.get((item, code), code)
        if code.lower() == "blank" or item not in lengths:
            return
        found = RANGE.fullmatch(code)
        if found and found[1] == found[3] and len(code) > 2:
            low, high = found[1] + found[2], found[3] + found[4]
            ranges.setdefault((item, low, high), (short_label(label), set()))[1].add(version)
        elif CODE.fullmatch(code) and len(code) <= lengths[item]:
            if item == "causeOfDeath":
                causes.setdefault(code, (short_label(label), set()))[1].add(version)
            else:
                codes.setdefault((item, code), (short_label(label), set()))[1].add(version)
        source.setdefault(item, origin)

    for code, name in histology_names(morphology):
        for version in versions:
            add("morphology", "histologicTypeIcdO3", code, name, version)
    for version in reversed(versions):
        for item, code, label in _rows(folder / f"naaccr-v{version}-lookups.csv.gz"):
            if item != "histologicTypeIcdO3":
                add("lookups", item, code, label, version)
    for version in reversed(versions):
        for _, item, _, code, label in _rows(folder / f"naaccr-v{version}-documented-codes.csv.gz"):
            if "YYYY" not in code and not item.startswith("date"):
                add("documented", item, code, label, version)
    for item, code, label in padoh_rows(folder, set(source)):
        for version in versions:
            add("padoh", item, code, label, version)
    for item, pairs in EXTRA_RANGES.items():
        ranges.update({(item, low, high): ("", set(versions)) for low, high in pairs})
    return _tables(codes, ranges, causes, source)


def histology_names(morphology: Iterable[Morphology]) -> list[tuple[str, str]]:
    """Histology codes of every edition, named by the newest list that has them, malignant first."""
    names: dict[str, tuple[tuple[str, int], str]] = {}
    for edition, code, behavior, kind, name, _ in morphology:
        if kind == "preferred":
            merit = (edition if edition.startswith("NAACCR") else "", int(behavior == "3"))
            if code not in names or merit > names[code][0]:
                names[code] = (merit, name)
    return sorted((code, name) for code, (_, name) in names.items())


def padoh_rows(folder: Path, known: set[str]) -> list[tuple[str, str, str]]:
    """(item, code, label) of the padoh schemes for items that no other source lists."""
    schemes: dict[str, list[tuple[str, str]]] = {}
    for scheme, code, label, *_ in _rows(folder / "padoh-code-schemes.csv.gz"):
        if code:
            schemes.setdefault(scheme, []).append((code, label))
    with (folder / "padoh-field_code_scheme.csv").open(encoding="utf-8", newline="") as file:
        fields = [(row[0], row[1]) for row in list(csv.reader(file))[1:]]
    return [
        (item, code, label)
        for item, scheme in fields
        if item not in known
        for code, label in schemes.get(scheme, [])
    ]


def _rows(path: Path) -> list[list[str]]:
    """Rows without the heading; none when a version was published without this table."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row]


def _tables(
    codes: dict[tuple[str, str], tuple[str, set[str]]],
    ranges: dict[tuple[str, str, str], tuple[str, set[str]]],
    causes: dict[str, tuple[str, set[str]]],
    source: dict[str, str],
) -> CodeTables:
    listed = {item for item, _ in codes} | {item for item, _, _ in ranges} | {"causeOfDeath"}
    return CodeTables(
        lists=sorted((item, not OPEN.fullmatch(item), source.get(item, "documented")) for item in listed),
        codes=sorted((*key, label, " ".join(sorted(seen))) for key, (label, seen) in codes.items()),
        ranges=sorted((*key, label, " ".join(sorted(seen))) for key, (label, seen) in ranges.items()),
        causes=sorted((code, label, " ".join(sorted(seen))) for code, (label, seen) in causes.items()),
    )
