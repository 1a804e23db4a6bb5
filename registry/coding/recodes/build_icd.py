"""Makes the tables of causes of death and of conversions between ICD and ICD-O from the published files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

_VERSION = "f8aad8d, 2026-05-14"
TABLES = (
    Table(
        "cause_of_death_rules.csv",
        "causes of death that count as death of the cancer: by ICD revision, sequence, site recode and "
        "histology; a death that no row names is of another cause",
        "seer.cancer.gov/causespecific, through imsweb/algorithms",
        f"{_VERSION} (2008-fixed: with the correction of 2025-10 for anal cancer)",
    ),
    Table(
        "icd_to_icd_o_3.csv.gz",
        "diagnosis codes of ICD-10-CM, ICD-10 and ICD-9-CM with their ICD-O-3 site, histology, behavior, "
        "grade, laterality, reportability; sex where a code differs by it",
        "NCI and IMS conversion tables, through imsweb/algorithms",
        _VERSION,
    ),
    Table(
        "icd_o_2_rules.csv",
        "ICD-O-3 morphology to ICD-O-2: first match wins; behavior blank = unchanged; review = by hand",
        "SEER ICD conversion programs, through imsweb/algorithms",
        f"{_VERSION} (conversion of 2001)",
    ),
)

CAUSE_COLUMNS = (
    "versions",
    "icd_revision",
    "sequence",
    "site_recode",
    "histologies_in",
    "histologies_out",
    "causes_3",
    "causes_4",
)
_CAUSE_FILES = {
    "2008": "data_2008_pre_bug_fix.txt",
    "2008-fixed": "data_2008_post_bug_fix.txt",
    "2023": "data_2023.txt",
}
_ALL, _OLD = "2008 2008-fixed 2023", "2008 2008-fixed"
_MELANOMA = "8720-8799"
_MYELOPROLIFERATIVE = "9950 9960-9964 9980-9989"
_GENERAL = (
    (_ALL, "8", "0", "", "", "", "140-239", ""),
    (_ALL, "9", "0", "", "", "", "140-239", "0422"),
    (_ALL, "1", "0", "", "", "", "B21", "C00-D489"),
    (_ALL, "8", "1-59", "", "", "", "199", ""),
    (_ALL, "8", "1-59", "", _MELANOMA, "", "172", "2169 2322"),
    (_ALL, "9", "1-59", "", "", "", "199", ""),
    (_ALL, "9", "1-59", "", _MELANOMA, "", "172 216 232", ""),
    (_ALL, "1", "1-59", "", "", "", "C80 C97", "C798 D489"),
    (_ALL, "1", "1-59", "", _MELANOMA, "", "C43 D03 D22", ""),
    (_OLD, "1", "1-59", "", _MYELOPROLIFERATIVE, "", "C77 C81-C96 D36 D45-D47", ""),
    (_OLD, "1", "1-59", "37000", "", _MYELOPROLIFERATIVE, "", "C00-D489 D619"),
)
"""The rules for any cancer and the footnotes (melanoma, myeloproliferative, unknown primary) of
seer.cancer.gov/causespecific: a patient's only cancer (sequence 0), then one of several (1-59)."""

ICD_COLUMNS = (
    "system",
    "code",
    "sex",
    "site",
    "histology",
    "behavior",
    "grade",
    "laterality",
    "reportability",
)
_ICD_FILES = {
    "icd10cm": "icd-10-cm-to-icd-o-3.csv",
    "icd10": "icd-10-to-icd-o-3.csv",
    "icd9cm": "icd-9-cm-to-icd-o-3.csv",
}

ICD_O_2_COLUMNS = (
    "recode",
    "step",
    "sites_in",
    "histologies_in",
    "behaviors",
    "histology",
    "behavior",
    "review",
)
_BEHAVIORS = "012369"
_SITES = "0-809"
_BY_SITE: dict[tuple[int, str], tuple[tuple[str, str, str, str], ...]] = {
    (8240, "1"): (("181", "8240", "", "1"), (_SITES, "8241", "", "")),
    (8245, "1"): (("181", "8240", "1", "1"), (_SITES, "8240", "3", "1")),
    (8249, "3"): (("181", "", "1", ""),),
    (9133, "3"): (("340-349", "9134", "1", "1"),),
    (9160, "0"): (("440-449", "8724", "", "1"), (_SITES, "", "", "1")),
    (9590, "3"): (("710-719", "9594", "", "1"),),
}
"""Conversions that depend on the site: sites, ICD-O-2 histology, behavior (blank = as elsewhere), review."""


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the three tables; returns their rows.

    Raises:
        NotFound: a published file is not there, unless `partly`.
    """
    return reference.write_each(
        out,
        {
            "cause_of_death_rules.csv": (CAUSE_COLUMNS, lambda: _causes(shared)),
            "icd_to_icd_o_3.csv.gz": (ICD_COLUMNS, lambda: _icd(shared)),
            "icd_o_2_rules.csv": (ICD_O_2_COLUMNS, lambda: _icd_o_2(shared)),
        },
        partly=partly,
    )


def _causes(shared: Path) -> Iterator[tuple[str, ...]]:
    """General rules, then those by site; a row that several versions share is one row."""
    yield from _GENERAL
    versions: dict[tuple[str, ...], list[str]] = {}
    rule: tuple[str, ...]
    for version, name in _CAUSE_FILES.items():
        path = reference.published(shared, "seer", "causespecific", name)
        for line in path.read_text(encoding="ascii").splitlines()[1:]:
            icd, sequence, recode, three, *more = line.split(";")
            four = more[0] if len(more) == 2 else ""  # two rows of 2023 have no codes at 4 digits
            rule = (icd, sequence, recode, "", "", _causes_of(three), _causes_of(four))
            versions.setdefault(rule, []).append(version)
    for rule, found in versions.items():
        yield (" ".join(found), *rule)


def _causes_of(text: str) -> str:
    return " ".join(part.strip() for part in text.split(",") if part.strip())


def _icd(shared: Path) -> Iterator[tuple[str, ...]]:
    for system, name in _ICD_FILES.items():
        path = reference.published(shared, "seer", "icd", name)
        with path.open(encoding="ascii", newline="") as lines:
            rows = csv.reader(lines)
            next(rows)
            for code, site, histology, behavior, grade, laterality, reportability, sex in rows:
                yield system, code, sex, site, histology, behavior, grade, laterality, reportability


def _icd_o_2(shared: Path) -> Iterator[tuple[str, ...]]:
    """One row per histology, site and result, its behaviors together."""
    entries = reference.published(shared, "seer", "icd", "icdo3.to.icdo2.morphology.txt").read_text("ascii")
    special = reference.published(shared, "seer", "icd", "icdo3.to.icdo2.morphology.special.txt")
    by_behavior = {line[:5]: (line[5:9], line[9]) for line in special.read_text("ascii").split()}
    step = 0
    for histology, entry in enumerate(entries.split(), 8000):
        if entry == "9999XXX":
            continue
        results: dict[tuple[str, str, str, str], list[str]] = {}
        for behavior in _BEHAVIORS:
            for result in _conversions(histology, behavior, entry, by_behavior):
                results.setdefault(result, []).append(behavior)
        for (sites, new, changed, review), behaviors in sorted(
            results.items(), key=lambda item: item[0][0] == _SITES
        ):
            step += 1
            yield (
                "icd-o-2",
                str(step),
                sites,
                str(histology),
                " ".join(behaviors),
                new,
                changed,
                review,
            )


def _conversions(
    histology: int, behavior: str, entry: str, by_behavior: dict[str, tuple[str, str]]
) -> Iterator[tuple[str, str, str, str]]:
    """Sites, new histology, new behavior (blank = unchanged), review, of one histology and behavior.

    An entry is the ICD-O-2 histology and three flags: behaviors for review by hand, behaviors with a
    special conversion, behaviors with a conversion by site (A = all, X = none).
    """
    new, changed = entry[:4], ""
    by_hand, specially, by_site = entry[4], entry[5], entry[6]
    if specially in (behavior, "A"):
        new, changed = by_behavior.get(f"{histology}{behavior}", (new, ""))
    review = "1" if by_hand in (behavior, "A") or (histology, behavior) == (8402, "3") else ""
    if by_site == behavior:
        for sites, site_new, site_changed, site_review in _BY_SITE.get((histology, behavior), ()):
            yield sites, site_new or new, site_changed or changed, site_review or review
            if sites == _SITES:
                return
    yield _SITES, new, "" if changed == behavior else changed, review
