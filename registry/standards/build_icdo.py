"""ICD-O-3 topography and morphology rows from the published term lists."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

KINDS = {"Preferred": "preferred", "Synonym": "synonym", "Related": "related"}


def morphology_rows(naaccr: Path, coding: Path) -> list[tuple[str, str, str, str, str]]:
    """(edition, code, behavior, kind, name) of every term, sorted; codes are text.

    Editions: ICD-O-3 (2000), ICD-O-3.2 (2019), NAACCR-25 and NAACCR-26 (the ICD-O-3 terms as
    United States registries use them for cases of 2025 and 2026).
    """
    rows: set[tuple[str, str, str, str, str]] = set()
    icdo = coding / "icdo"
    with (icdo / "icdo32_morphology_terms.csv").open(encoding="utf-8-sig", newline="") as file:
        for morphology, level, term in list(csv.reader(file))[1:]:
            if level in KINDS:
                rows.add(("ICD-O-3.2", *_split(morphology), KINDS[level], _name(term)))
    with (icdo / "icdo3_first_edition_morphology_terms.txt").open(encoding="utf-8-sig", newline="") as file:
        for morphology, kind, term in list(csv.reader(file, delimiter="\t"))[1:]:
            if "/" in morphology:
                rows.add(
                    (
                        "ICD-O-3",
                        *_split(morphology),
                        "preferred" if kind == "title" else "synonym",
                        _name(term),
                    )
                )
    for version in ("25", "26"):
        path = naaccr / "codes" / f"histologicTypeIcdO3-allTerms-v{version}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for code, behavior, term, kind in csv.reader(file):
                name = "preferred" if kind == "preferred" else "synonym"
                rows.add((f"NAACCR-{version}", code, behavior, name, _name(term)))
    return sorted(rows)


def topography_rows(coding: Path) -> list[tuple[str, str, str]]:
    """(code, name, group) of the 330 four-character sites; the code has no point (C500)."""
    group, rows = "", []
    for code, level, title in _topography(coding):
        if level == "3":
            group = title.capitalize() if title.isupper() else title
        if level == "4" or (level == "3" and "." in code):
            rows.append((code.replace(".", ""), title, group))
    return sorted(rows)


def topography_term_rows(coding: Path) -> list[tuple[str, str]]:
    """(code, inclusion term) of the four-character sites."""
    return sorted(
        {(code.replace(".", ""), title) for code, level, title in _topography(coding) if level == "incl"}
    )


def _topography(coding: Path) -> list[tuple[str, str, str]]:
    path = coding / "icdo" / "icdo3_topography_terms.txt"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(row[0], row[1], _name(row[2])) for row in list(csv.reader(file, delimiter="\t"))[1:]]


def _split(morphology: str) -> tuple[str, str]:
    code, behavior = morphology.strip().split("/")
    return code, behavior


def _name(term: str) -> str:
    return " ".join(term.split())
