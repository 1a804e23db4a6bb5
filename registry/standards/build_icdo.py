"""ICD-O-3 topography and morphology rows from the published term lists."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

Morphology = tuple[str, str, str, str, str, str]

# What the sources call a term → what we call it.
KINDS = {
    **{"Preferred": "preferred", "title": "preferred", "preferred": "preferred"},
    **{"Synonym": "synonym", "sub": "synonym", "alternate": "synonym", "Related": "related"},
}


def morphology_rows(naaccr: Path, coding: Path) -> list[Morphology]:
    """(edition, code, behavior, kind, name, note) of every term, sorted; codes are text.

    Editions: ICD-O-3 (2000), ICD-O-3.2 (2019), NAACCR-25, NAACCR-26 and so on (the ICD-O-3 terms as
    United States registries use them for cases of that year's standard). What stands in square
    brackets (years of use, obsolete, where to look) is the note.
    """
    rows: set[Morphology] = set()
    icdo = coding / "icdo"
    with (icdo / "icdo32_morphology_terms.csv").open(encoding="utf-8-sig", newline="") as file:
        for morphology, level, term in list(csv.reader(file))[1:]:
            if level in KINDS:
                rows.add(_row("ICD-O-3.2", morphology, KINDS[level], term))
    with (icdo / "icdo3_first_edition_morphology_terms.txt").open(encoding="utf-8-sig", newline="") as file:
        for morphology, struct, term in list(csv.reader(file, delimiter="\t"))[1:]:
            if "/" in morphology:
                rows.add(_row("ICD-O-3", morphology, KINDS[struct], term))
    for path in sorted((naaccr / "codes").glob("histologicTypeIcdO3-allTerms-v*.csv.gz")):
        edition = "NAACCR-" + path.name.partition("-v")[2].partition(".")[0]
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for code, behavior, term, kind in csv.reader(file):
                rows.add(_row(edition, f"{code}/{behavior}", KINDS[kind], term))
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


def _row(edition: str, morphology: str, kind: str, term: str) -> Morphology:
    code, behavior = morphology.strip().split("/")
    notes = re.findall(r"\[([^\]]*)\]", term) if "[" in term else []
    notes = [note for note in notes if len(note) > 1]
    name = term
    for note in notes:
        name = name.replace(f"[{note}]", " ")
    return edition, code, behavior, kind, _name(name), "; ".join(map(_name, notes))


def _name(term: str) -> str:
    return " ".join(term.split())
