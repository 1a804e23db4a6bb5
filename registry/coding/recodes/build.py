"""Makes this room's reference tables from the published definitions.

`build(shared)` is re-runnable and deterministic. Rules of site, histology, behavior and year share the
columns `recode, step (order within the recode), code, sites_in, sites_out, histologies_in,
histologies_out, behaviors, year_min, year_max` (ranges blank-separated, first match wins); names of
groups share `recode, position, code, name, indentation` (headings have no code).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.recodes import build_groups, build_icd, published
from registry.coding.recodes.published import Row, plain_ranges
from registry.coding.reference import Table
from registry.errors import NotFound

SOURCES = {
    "2003": "site-recode-data-2003.csv",
    "2003-without-km": "site-recode-data-2003-without-kms.csv",
    "2008": "site-recode-data-2008.csv",
    "2023": "site-recode-data-2023.csv",
    "2023-expanded": "site-recode-data-2023-expanded.csv",
}
"""Site recode → file of the published definition (imsweb/algorithms, content from SEER)."""

Reader = Callable[[Path], Iterator[Row]]
FAMILIES: dict[str, tuple[str, dict[str, tuple[Reader, str, str]]]] = {
    "iccc_rules.csv": (
        "iccc",
        {
            "iccc_third_edition": (published.iccc, "iccc-data-third-edition.csv", "999"),
            "iccc_who2008": (published.iccc, "iccc-data-who-2008.csv", "999"),
            "iccc_iarc2017": (published.iccc, "iccc-data-third-edition-iarc-2017.csv", "999"),
        },
    ),
    "aya_rules.csv": (
        "ayasiterecode",
        {
            "ayaSiteRecode2008": (published.aya_2008, "ayarecodewho2008.txt", "99"),
            "ayaSiteRecode2020": (published.aya_2020, "ayarecode-2020revision.csv", "999"),
        },
    ),
    "lymphoid_rules.csv": (
        "lymphoma",
        {"seerLymphNeoplasmRecode2021": (published.lymphoid, "lymphoma-2021revision.csv", "99")},
    ),
    "brain_cns_rules.csv": (
        "braincnsrecode",
        {"seerBrainCnsRecode2020": (published.brain_cns, "brain-cnsrecode-2020revision.csv", "99")},
    ),
}
"""Table → folder of its definitions, and by recode (named as its output) reader, file, unknown code."""

_THROUGH = "through imsweb/algorithms"
_VERSION = "f8aad8d, 2026-05-14"
TABLES = (
    Table(
        "site_recode_rules.csv",
        "rules of the SEER site recodes 2003, 2003 without Kaposi sarcoma and mesothelioma, 2008 (WHO), 2023, "
        "2023 expanded: one row a rule, first match wins",
        f"seer.cancer.gov/siterecode, {_THROUGH}",
        f"{_VERSION} (2008: histology ranges as revised 2023-09)",
    ),
    Table(
        "site_recode_groups.csv",
        "names and indentation of the groups, headings included",
        f"seer.cancer.gov/siterecode, {_THROUGH}",
        _VERSION,
    ),
    Table(
        "iccc_rules.csv",
        "rules of the International Classification of Childhood Cancer: third edition (2005), WHO 2008, "
        "IARC 2017, with extended codes",
        f"seer.cancer.gov/iccc, {_THROUGH}",
        f"{_VERSION} (IARC 2017: histology ranges as revised 2023-09)",
    ),
    Table(
        "aya_rules.csv",
        "rules of the site recode for adolescents and young adults: WHO 2008, 2020 revision",
        f"seer.cancer.gov/ayarecode, {_THROUGH}",
        _VERSION,
    ),
    Table(
        "lymphoid_rules.csv",
        "rules of the lymphoid neoplasm recode 2021",
        f"seer.cancer.gov/lymphomarecode, {_THROUGH}",
        f"{_VERSION} (histology ranges as revised 2023-09)",
    ),
    Table(
        "brain_cns_rules.csv",
        "rules of the brain and CNS recode 2020",
        f"seer.cancer.gov/seerstat/variables/seer/brain_cns-recode, {_THROUGH}",
        f"{_VERSION} (histology ranges as revised 2023-09)",
    ),
    Table(
        "recode_groups.csv",
        "names and indentation of the groups of all other recodes, headings included",
        f"seer.cancer.gov, {_THROUGH}",
        _VERSION,
    ),
    *build_icd.TABLES,
)

RULE_COLUMNS = (
    "recode",
    "step",
    "code",
    "sites_in",
    "sites_out",
    "histologies_in",
    "histologies_out",
    "behaviors",
    "year_min",
    "year_max",
)
FAMILY_COLUMNS = (*RULE_COLUMNS[:3], "extended", *RULE_COLUMNS[3:8])


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the tables; returns the number of rules of each recode.

    Args:
        shared: folder that holds `coding/seer`.
        out: where to write.
        partly: leave out tables whose published files are absent. The groups of all families stand in
            one table, which is written when all are there.

    Raises:
        NotFound: a definition is not there.
    """
    counts: dict[str, int] = {}
    named: list[tuple[str, Iterable[build_groups.Group]]] = []
    try:
        counts |= _site_recodes(shared, out)
    except NotFound:
        if not partly:
            raise
    complete = True
    for table in FAMILIES:
        try:
            found, groups = _family(shared, out, table)
        except NotFound:
            if not partly:
                raise
            complete = False
            continue
        counts |= found
        named += groups
    named += build_groups.FIXED.items()
    if complete:
        rows = ((recode, n, *group) for recode, groups in named for n, group in enumerate(groups, 1))
        reference.write(out / "recode_groups.csv", build_groups.COLUMNS, rows)
    return counts | build_icd.build(shared, out, partly=partly)


def _family(
    shared: Path, out: Path, table: str
) -> tuple[dict[str, int], list[tuple[str, Iterable[build_groups.Group]]]]:
    """Write the rules of one family of recodes; returns rules by recode, and the groups."""
    folder, recodes = FAMILIES[table]
    rules: list[tuple[str | int, ...]] = []
    counts: dict[str, int] = {}
    named: list[tuple[str, Iterable[build_groups.Group]]] = []
    for recode, (reader, name, unknown) in recodes.items():
        rows = list(reader(reference.published(shared, "seer", folder, name)))
        rules += (
            (recode, step, *(getattr(row, column) for column in FAMILY_COLUMNS[2:]))
            for step, row in enumerate(rows, 1)
            if row.code
        )
        counts[recode] = sum(bool(row.code) for row in rows)
        named += _named(recode, rows, (unknown, "Unclassified", 0))
    reference.write(out / table, FAMILY_COLUMNS, rules)
    return counts, named


def _named(
    recode: str, rows: list[Row], unknown: build_groups.Group
) -> Iterator[tuple[str, Iterable[build_groups.Group]]]:
    if not any(row.extended for row in rows):
        yield recode, build_groups.groups(rows, unknown)
        return
    yield recode, build_groups.main_groups(rows, unknown)
    yield recode.replace("iccc_", "iccc_extended_"), build_groups.extended_groups(rows, unknown)


def _site_recodes(shared: Path, out: Path) -> dict[str, int]:
    rules: list[dict[str, str | int]] = []
    groups: list[dict[str, str | int]] = []
    for recode, name in SOURCES.items():
        path = reference.published(shared, "seer", "seersiterecode", name)
        for position, row in enumerate(_rows(path), 1):
            code = row.get("Group code") or row.get("Recode") or ""
            label = row.get("Group Name") or row.get("Name") or ""
            if not any(g["recode"] == recode and g["name"] == label and g["code"] == code for g in groups):
                groups.append(
                    {
                        "recode": recode,
                        "position": position,
                        "code": code,
                        "name": " ".join(label.split()),
                        "indentation": row["Indentation"],
                    }
                )
            if code:
                rules.append({"recode": recode, "step": position, "code": code, **_conditions(row)})
    for name, columns, rows in (
        ("site_recode_rules.csv", RULE_COLUMNS, rules),
        ("site_recode_groups.csv", build_groups.COLUMNS, groups),
    ):
        reference.write(out / name, columns, ([row[column] for column in columns] for row in rows))
    return {recode: sum(rule["recode"] == recode for rule in rules) for recode in SOURCES}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="ascii", newline="") as lines:
        reader = csv.reader(lines, skipinitialspace=True)
        header = [name.strip() for name in next(reader)]
        for cells in reader:
            if cells:
                yield dict(zip(header, (cell.strip() for cell in cells), strict=False))


def _conditions(row: dict[str, str]) -> dict[str, str]:
    return {
        "sites_in": plain_ranges(row.get("Sites IN", "")),
        "sites_out": plain_ranges(row.get("Sites OUT", "")),
        "histologies_in": plain_ranges(row.get("Hist IN", "")),
        "histologies_out": plain_ranges(row.get("Hist OUT", "")),
        "behaviors": plain_ranges(row.get("Beh IN", "")),
        "year_min": row.get("DX Year Min", ""),
        "year_max": row.get("DX Year Max", ""),
    }
