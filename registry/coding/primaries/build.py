"""Makes the tables of the multiple primary rules from the published ones in `shared/coding/mph`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

_SOURCE = "SEER multiple primary, solid tumor and hematopoietic rules, via imsweb/mph bbc5552 (1.42)"
_LICENCE = "SEER: US government work; imsweb/mph: BSD-style, copyright Information Management Services, Inc."

TABLES: tuple[Table, ...] = (
    Table(
        "mph_groups.csv",
        "groups of rules in the order in which a pair looks for its own: sites, histologies, behavior, years",
        _SOURCE,
        "2026-03",
        licence=_LICENCE,
    ),
    Table(
        "mph_constants.csv.gz",
        "named sets of sites and histologies and the tables (row of each histology) of the rules",
        _SOURCE,
        "2026-03",
        licence=_LICENCE,
    ),
    Table(
        "hematopoietic_pairs.csv.gz",
        "pairs of hematopoietic morphologies: same primary or transformation, with years; groups of 2001",
        _SOURCE,
        "2026-03-23",
        licence=_LICENCE,
    ),
)

_GROUP_COLUMNS = (
    "step",
    "group_id",
    "name",
    "sites",
    "histologies",
    "without_histologies",
    "behaviors",
    "years",
)
_PAIR_COLUMNS = ("list", "code", "other", "valid_from", "valid_to", "from", "to")


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Write the tables to `out`; returns the rows of each.

    Raises:
        NotFound: a published file is not there, unless `partly`.
    """
    return reference.write_each(
        out,
        {
            "mph_groups.csv": (_GROUP_COLUMNS, lambda: _groups(shared)),
            "mph_constants.csv.gz": (("name", "sites", "code", "value"), lambda: _constants(shared)),
            "hematopoietic_pairs.csv.gz": (_PAIR_COLUMNS, lambda: _pairs(shared)),
        },
        partly=partly,
    )


_FURTHER = {
    # paragangliomas of carotid and aortic body were head and neck before their codes of 2022
    "str_2018_and_later_head_and_neck": ("C754-C755", "8680 8690 8692-8693", "", "3", "2019-2021"),
}
"""A second line of a group: sites, histologies, histologies that are left out, behaviors, years."""


def _groups(shared: Path) -> Iterator[list[object]]:
    """In the published order, but the groups for all other sites after those for named sites."""
    with reference.published(shared, "mph", "mph_groups.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    rows.sort(key=lambda row: not row["site_incl"] and not row["hist_incl"])
    step = 0
    for row in rows:
        if row["site_excl"]:
            raise ValueError(f"{row['group_id']}: a list of excluded sites is not provided for")
        cells = [row["site_incl"], row["hist_incl"], row["hist_excl"], row["behav_incl"], row["year_incl"]]
        ranges = tuple(" ".join(cell.replace(",", " ").split()) for cell in cells)
        for line in (ranges, _FURTHER.get(row["group_id"])):
            if line:
                step += 1
                yield [step, row["group_id"], row["name"], *line]


def _constants(shared: Path) -> Iterator[list[str]]:
    """Sets and tables only: the texts, group names and single numbers among the constants are no tables."""
    published = json.loads(reference.published(shared, "mph", "mph_tables.json").read_text(encoding="utf-8"))
    for name, content in sorted(published.items()):
        for line in _lines(content):
            yield [name.lower().lstrip("_"), *line]


def _lines(content: object) -> Iterator[tuple[str, str, str]]:
    """(sites, code, value) of one constant, in ascending order of the codes within its sites."""
    if isinstance(content, str):
        parts = content.replace(",", " ").split()
        if parts and all(_is_code(part) for part in parts):
            yield from (("", part, "") for part in parts)
    elif isinstance(content, list):
        for item in content:
            yield from (("", code, "") for code in [item.replace(",", " ")])
    elif isinstance(content, dict) and all(isinstance(value, dict) for value in content.values()):
        yield from _by_site(content)
    elif isinstance(content, dict):
        for code, value in sorted(content.items()):
            yield "", code, value.strip() if isinstance(value, str) else "|".join(value)


def _by_site(content: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Sites that share one table are listed once, together."""
    sites: dict[str, list[str]] = {}
    for site, table in sorted(content.items()):
        sites.setdefault(json.dumps(table, sort_keys=True), []).append(site)
    for key, together in sites.items():
        for code, value in sorted(json.loads(key).items()):
            yield " ".join(together), code, value


def _is_code(text: str) -> bool:
    parts = text.split("-")
    digits = [part.removeprefix("C").split("/")[0] for part in parts]
    return all(2 <= len(one) <= 4 and one.isdigit() for one in digits) and (
        text.startswith("C") or all(len(one) == 4 for one in digits)
    )


_LISTS = {
    "same_1998": "Hematopoietic1998HistologyPairs.csv",
    "group_2001": "Hematopoietic2001HistologyGroups.csv",
    "same_2001": "Hematopoietic2001HistologyGroupPairs.csv",
    "same_2010": "Hematopoietic2010SamePrimaryPairs.csv",
    "transform_from_2010": "Hematopoietic2010TransformFromPairs.csv",
    "transform_to_2010": "Hematopoietic2010TransformToPairs.csv",
}


def _pairs(shared: Path) -> Iterator[list[str]]:
    """All lists in one shape; see `registry.coding.primaries.hematopoietic` for the meaning of the cells."""
    for name, published in _LISTS.items():
        with reference.published(shared, "mph", published).open(encoding="utf-8", newline="") as file:
            for row in list(csv.reader(file))[1:]:
                yield [name, *_pair(name, [cell.strip() for cell in row])]


def _pair(name: str, row: list[str]) -> list[str]:
    if name == "same_1998":
        return [f"{row[0]}-{row[1]}", f"{row[2]}-{row[3]}", "", "", "", ""]
    if name == "group_2001":
        return [f"{row[1]}-{row[2]}", row[0], "", "", "", ""]
    if name == "same_2001":
        return [row[0], row[1], "", "", "", ""]
    code, valid_from, valid_to, first, last, other = row
    return [code, other, valid_from, valid_to, first, last]
