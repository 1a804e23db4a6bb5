"""Readers of the published recode definitions: rules and group names in this room's own columns.

Each reader yields `Row`s in the order of the file. Ranges are blank-separated and written without the
letter C; names lose footnote marks; rows that only continue a group have no name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOOTNOTES = "+#*@$"


@dataclass(frozen=True)
class Row:
    """One line of a definition: a rule when it has a code, else a heading."""

    name: str
    depth: int
    code: str = ""
    extended: str = ""
    content: str = ""
    """Codes below a heading, as published."""
    sites_in: str = ""
    sites_out: str = ""
    histologies_in: str = ""
    histologies_out: str = ""
    behaviors: str = ""


def plain_ranges(text: str) -> str:
    """Ranges without letters, dots and empty parts.

    >>> plain_ranges(",C42.0-C42.1, C424")
    '420-421 424'
    """
    parts = (re.sub(r"[C. ]", "", part) for part in text.split(","))
    return " ".join(part for part in parts if part)


def _lines(path: Path, delimiter: str = ",", skip: int = 1) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter)):
            if number >= skip and any(cell.strip() for cell in cells):
                yield cells


def iccc(path: Path) -> Iterator[Row]:
    """International Classification of Childhood Cancer; the third edition has no extended codes."""
    for line in _lines(path):
        cells = [cell.strip() for cell in line] + [""] * 2
        sites_in, sites_out, kinds_in, kinds_out = (plain_ranges(cell) for cell in cells[3:7])
        yield Row(
            name=cells[1],
            depth=int(cells[2]),
            code=cells[7],
            content=cells[8],
            extended=cells[9],
            sites_in=sites_in,
            sites_out=sites_out,
            histologies_in=kinds_in,
            histologies_out=kinds_out,
            behaviors=plain_ranges(cells[10]),
        )


def aya_2008(path: Path) -> Iterator[Row]:
    """Adolescents and young adults, WHO 2008: label; behavior; site; histology; recode."""
    for label, behavior, site, histology, code in _lines(path, ";", skip=2):
        if _name(label) != "Unclassified":
            yield _aya(label, histology, site, behavior, code.strip(), width=2)


def aya_2020(path: Path) -> Iterator[Row]:
    """Adolescents and young adults, 2020 revision: label, histology, site, behavior, recode."""
    for label, histology, site, behavior, code, *_ in _lines(path):
        if code.strip() and _name(label) != "Unclassified":
            yield _aya(label, histology, site, behavior, code.strip(), width=3)


def _aya(label: str, histology: str, site: str, behavior: str, code: str, width: int) -> Row:
    """Headings have no histology; their recode, when there is one, is a range."""
    name, depth = "" if "(continued)" in label else _name(label), _depth(label, 3)
    sites, histologies, behaviors = (plain_ranges(text) for text in (site, histology, behavior))
    if not (sites and histologies and behaviors):
        return Row(name, depth)
    return Row(
        name,
        depth,
        code.rjust(width, "0"),
        sites_in=sites,
        histologies_in=histologies,
        behaviors=behaviors,
    )


def lymphoid(path: Path) -> Iterator[Row]:
    """Lymphoid neoplasms 2021: label, site, histology, recode."""
    for label, site, histology, recode in _lines(path):
        sites, histologies, code = plain_ranges(site), plain_ranges(histology), recode.strip()
        if _name(label) == "Unclassified":
            continue
        if sites and "-" not in code:
            yield Row(
                _name(label),
                _depth(label, 2),
                code.rjust(2, "0"),
                sites_in=sites,
                histologies_in=histologies,
            )
        else:
            yield Row(_name(label), _depth(label, 2))


def brain_cns(path: Path) -> Iterator[Row]:
    """Brain and CNS 2020: category, site, behavior, histologies in and out, recode (a range: heading)."""
    for label, site, behavior, kinds_in, kinds_out, code in _lines(path):
        numbered = re.match(r"\d+\.(\d*)", label)
        depth = 0 if numbered is None else 1 + bool(numbered[1])
        if "-" in code:
            yield Row(_name(label), depth)
            continue
        yield Row(
            _name(label),
            depth,
            code.strip().rjust(2, "0"),
            sites_in=plain_ranges(site),
            histologies_in=plain_ranges(kinds_in),
            histologies_out=plain_ranges(kinds_out),
            behaviors=plain_ranges(behavior),
        )


def _name(label: str) -> str:
    return " ".join(label.split()).rstrip(FOOTNOTES).rstrip()


def _depth(label: str, step: int) -> int:
    return (len(label) - len(label.lstrip(" "))) // step
