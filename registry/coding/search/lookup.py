"""From a code to its words, and to the codes beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.search.terms import HINT, morphology_names, morphology_terms, site_names, site_terms
from registry.coding.search.words import index_words
from registry.standards import icdo, tables

SITE, MORPHOLOGY = "topography", "morphology"
SURGERY, CAUSE_OF_DEATH = "surgery of primary site", "cause of death"
LIGHT_WORDS = frozenset({"malignant", "neoplasm", "cell"})


@dataclass(frozen=True)
class Meaning:
    """What a code stands for.

    Attributes:
        kind: topography, morphology, surgery of primary site, or cause of death (ICD-10).
        code: as the standard writes it in data, "C504", "8500/3", "A300".
        name: its name; for surgery with the table that it belongs to.
        also_called: further names.
    """

    kind: str
    code: str
    name: str
    also_called: tuple[str, ...] = ()


@dataclass(frozen=True)
class Neighbours:
    """Codes beside a code, each with its name, sorted by code.

    Attributes:
        also_called: other names of the code itself.
        broader: the unspecific (NOS) codes that it belongs to.
        specific: the more specific codes of an unspecific one.
        beside: the others of its group (three characters), and other behaviors of a histology.
    """

    also_called: tuple[str, ...] = ()
    broader: tuple[tuple[str, str], ...] = ()
    specific: tuple[tuple[str, str], ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


def term(code: str) -> list[Meaning]:
    """Everything that a code may stand for; empty when it stands for nothing.

    Args:
        code: site (C504, C50.4), morphology (8500/3, 85003, or 8500 for every behavior), code of surgery or ICD-10.

    >>> [(meaning.kind, meaning.name) for meaning in term("85003")]
    [('morphology', 'Infiltrating duct carcinoma, NOS')]
    >>> [meaning.kind for meaning in term("C50.4")]
    ['topography', 'cause of death']
    """
    written = re.sub(r"[\s.]", "", code).upper()
    found: list[Meaning] = []
    if written in site_names():
        found.append(Meaning(SITE, written, site_names()[written], other_names(written)))
    if match := re.fullmatch(r"(\d{4})/?(\d?)", written):
        names = morphology_names()
        wanted = (
            [f"{match[1]}/{match[2]}"] if match[2] else sorted(name for name in names if name[:4] == match[1])
        )
        found += [Meaning(MORPHOLOGY, one, names[one], other_names(one)) for one in wanted if one in names]
    found += [
        Meaning(SURGERY, written, f"{title}: {name}") for title, name in surgery_names().get(written, ())
    ]
    if written in causes_of_death():
        found.append(Meaning(CAUSE_OF_DEATH, written, causes_of_death()[written]))
    return found


def neighbours(code: str) -> Neighbours:
    """The codes beside a site or morphology; empty when there is no such code.

    >>> neighbours("C509").specific[4]
    ('C504', 'Upper-outer quadrant of breast')
    >>> ("8140/3", "Adenocarcinoma, NOS") in neighbours("8480/3").broader
    True
    """
    written = re.sub(r"[\s.]", "", code).upper()
    if written in site_names():
        return site_neighbours(written)
    if len(written) == 5 and written.isdigit():
        written = f"{written[:4]}/{written[4]}"
    return morphology_neighbours(written) if written in morphology_names() else Neighbours()


def site_neighbours(site: str) -> Neighbours:
    """Other sites of the group; the last of a group (.9) is the unspecific one."""
    others = sorted(
        (code, name) for code, name in site_names().items() if code[:3] == site[:3] and code != site
    )
    whole = tuple(entry for entry in others if entry[0][3] == "9")
    parts = tuple(entry for entry in others if entry[0][3] != "9")
    if site[3] == "9":
        return Neighbours(other_names(site), specific=parts)
    return Neighbours(other_names(site), broader=whole, beside=parts)


def morphology_neighbours(code: str) -> Neighbours:
    """Morphologies with more words or fewer, and the rest of the group."""
    words, names = names_as_words(), morphology_names()
    own = frozenset().union(*words[code]) if code in words else frozenset()
    preferred = frozenset(index_words(names[code]))
    broader, specific = [], []
    for other, name in names.items():
        if other == code or other[5] != code[5]:
            continue
        theirs = frozenset(index_words(name))
        if is_head(name, theirs) and any(theirs < one for one in words.get(code, ())) and theirs <= own:
            broader.append((other, name))
        elif is_head(names[code], preferred) and any(preferred < one for one in words.get(other, ())):
            specific.append((other, name))
    listed = {one for one, _ in (*broader, *specific)} | {code}
    beside = [(one, name) for one, name in names.items() if one[:3] == code[:3] and one not in listed]
    return Neighbours(other_names(code), *(tuple(sorted(part)) for part in (broader, specific, beside)))


def is_head(name: str, words: frozenset[str]) -> bool:
    """Whether a name is an unspecific one that others are kinds of."""
    return bool(words - LIGHT_WORDS) and ("NOS" in name or len(words) == 1)


@cache
def names_as_words() -> dict[str, list[frozenset[str]]]:
    """Morphology → the words of each of its names in ICD-O-3.2, of the preferred name when that has none."""
    found: dict[str, list[frozenset[str]]] = defaultdict(list)
    rows = icdo.morphology_terms().filter(pl.col("edition") == "ICD-O-3.2", pl.col("kind") != "related")
    for code, behavior, name in rows.select("code", "behavior", "name").iter_rows():
        found[f"{code}/{behavior}"].append(frozenset(index_words(name)))
    for code, name in morphology_names().items():
        if code not in found:
            found[code].append(frozenset(index_words(name)))
    return dict(found)


def other_names(code: str) -> tuple[str, ...]:
    """Further names of a site or morphology, without turned-round copies of one another."""
    preferred = site_names().get(code) or morphology_names().get(code, "")
    seen, kept = {frozenset(index_words(preferred))}, []
    for name in all_names().get(code, ()):
        words = frozenset(index_words(name))
        if words not in seen:
            seen.add(words)
            kept.append(HINT.sub("", name).strip())
    return tuple(kept)


@cache
def all_names() -> dict[str, tuple[str, ...]]:
    """Code of a site or morphology → every name that is searched."""
    names: dict[str, dict[str, None]] = {}
    for one in (*site_terms(), *morphology_terms()):
        names.setdefault(one.code, {})[one.name] = None
    return {code: tuple(found) for code, found in names.items()}


@cache
def causes_of_death() -> dict[str, str]:
    """ICD-10 code → label."""
    return dict(tables.table("causes_of_death.csv.gz").select("code", "label").iter_rows())


@cache
def surgery_names() -> dict[str, list[tuple[str, str]]]:
    """Code of surgery → table and words, newest words of each table."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = reference.table("surgery_code_names.csv").select("title", "code", "version_min", "name")
    for title, code, _, name in rows.sort("version_min", maintain_order=True).iter_rows():
        found[code][title] = name
    return {code: sorted(titles.items()) for code, titles in found.items()}
