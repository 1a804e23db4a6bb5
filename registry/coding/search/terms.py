"""The terms of ICD-O that are searched: sites, and morphologies of the editions in force in a year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.search.index import Term
from registry.coding.search.words import index_words
from registry.standards import icdo

HINT = re.compile(r"\(\s*(C\d\d[^)]*)\)")
FROM_YEAR = re.compile(r"(?<!PRE-)\b(20\d\d)\+")
UP_TO_YEAR = re.compile(r"PRE-(20\d\d)|FOR (20\d\d)\+ USE|(20\d\d)\+ ?(?:USE|SEE) CODE")
ICDO32_FROM = 2021
"""First year of diagnosis that is coded by ICD-O-3.2 (NAACCR, ICD-O-3 implementation guidelines)."""
WORTH = (0.3, 0.1, 0.0)
"""What a term of the edition in force is worth, and of the others: where two disagree, the one in force wins."""
KINDS = {"preferred": 0.2, "synonym": 0.15, "related": 0.0}
PRIMARY_BEHAVIOR = {"6": "3", "9": "3"}
"""A registry codes the primary: metastatic, and unknown whether primary, become malignant (SEER, Behavior Code)."""
HEADINGS = {
    "Connective, subcutaneous and other soft tissues": "Soft tissue",
    "Peripheral nerves and autonomic nervous system": "Peripheral nerve",
}


def site_terms() -> list[Term]:
    """Names of the sites: preferred, included and everyday ones."""
    found: dict[tuple[str, frozenset[str]], Term] = {}
    groups = {code: tuple(index_words(group)) for code, _, group in icdo.topography().iter_rows()}
    rows = [
        (code, term, 0.1 if kind == "preferred" else 0.0) for code, kind, term in _table("site_terms.csv.gz")
    ]
    rows += [(code, term, 0.0) for term, code in _table("everyday_terms.csv") if code.startswith("C")]
    for code, name, worth in rows:
        for words in _site_words(name):
            implied = tuple(word for word in groups.get(code, ()) if word not in words)
            found.setdefault((code, frozenset(words)), Term(code, name, words, worth, implied=implied))
    return list(found.values())


def _site_words(name: str) -> Iterator[tuple[str, ...]]:
    """A site's words, and those of its short form when it begins with a long heading."""
    yield tuple(index_words(name.replace("(site of neoplasm)", "")))
    for long, short in HEADINGS.items():
        if name.startswith(long):
            yield tuple(index_words(name.replace(long, short)))


def _table(name: str) -> list[tuple[str, ...]]:
    return reference.table(name).rows()


def morphology_terms(
    year: int | None = None,
    kinds: tuple[str, ...] = ("preferred", "synonym", "related"),
    further: bool = True,
) -> list[Term]:
    """Names of morphologies, `code` as "8500/3", one for the same words.

    Args:
        year: year of diagnosis: leaves out terms that came later or ended earlier; the present when None.
        kinds: kinds of ICD-O-3.2 terms.
        further: also the terms of NAACCR's annotated list, ICD-O-3, SEER's lists and everyday words.
    """
    first: dict[frozenset[str], str] = {}
    kept: dict[tuple[str, frozenset[str]], Term] = {}
    for code, name, worth, current in _morphology_rows(year, kinds, further):
        words = tuple(index_words(HINT.sub(" ", name)))
        key = frozenset(words)
        if not key or (not current and first.get(key, code) != code):
            continue
        first.setdefault(key, code)
        known, sites = kept.get((code, key)), sites_named(name)
        if known is None:
            kept[code, key] = Term(code, name, words, worth, sites)
        elif sites and not known.sites:
            kept[code, key] = replace(known, sites=sites)
    return list(kept.values())


def sites_named(name: str) -> tuple[str, ...]:
    """Sites in brackets behind a term, whole groups without their last character.

    >>> sites_named("Osteosarcoma, NOS (C40._, C41._)"), sites_named("Hepatoma, NOS (C22.0)")
    (('C40', 'C41'), ('C220',))
    """
    found = (re.findall(r"C(\d\d)(?:\.\s*([\d_]))?", text) for text in HINT.findall(name))
    return tuple(f"C{site}{last if last.isdigit() else ''}" for sites in found for site, last in sites)


def _morphology_rows(
    year: int | None, kinds: tuple[str, ...], further: bool
) -> Iterator[tuple[str, str, float, bool]]:
    """Code, name, worth, and whether the edition in force has it; best editions first."""
    table = icdo.morphology_terms()
    valid = _valid_codes(year)
    current, *older = _editions(year)
    for edition, worth in zip([current, *older] if further else [current], WORTH, strict=False):
        wanted = kinds if edition == "ICD-O-3.2" else tuple(KINDS)
        rows = table.filter(pl.col("edition") == edition, pl.col("kind").is_in(list(wanted)))
        for _, code, behavior, kind, name, note in rows.iter_rows():
            if (code, behavior) in valid and (edition == current or _in_force(note, year)):
                yield f"{code}/{primary(behavior)}", name, worth + KINDS[kind], edition == current
        if edition == current and further:
            for term, code in _table("everyday_terms.csv"):
                if (code[:4], code[5:]) in valid:
                    yield code, term, worth, True
    for code, name in _table("seer_short_names.csv.gz") if further else ():
        if (code[:4], code[5]) in valid:
            yield code, name, 0.0, False


def _editions(year: int | None) -> tuple[str, str, str]:
    """The editions that are searched, the one in force first: ICD-O-3.2 is for diagnoses of 2021 and later."""
    if year is not None and year < ICDO32_FROM:
        return "ICD-O-3", "NAACCR-26", "ICD-O-3.2"
    return "ICD-O-3.2", "NAACCR-26", "ICD-O-3"


def _valid_codes(year: int | None) -> set[tuple[str, str]]:
    """Histology and behavior in force: those of the edition, and what NAACCR's list added to it by that year.

    A code of ICD-O-3 that ICD-O-3.2 left out (8240/1) stays in NAACCR's list for older cases only.
    """
    rows = (
        icdo.morphology_terms()
        .filter(pl.col("kind") == "preferred")
        .select("edition", "code", "behavior", "note")
    )
    current, added, other = _editions(year)
    codes: dict[str, set[tuple[str, str]]] = {current: set(), added: set(), other: set()}
    for edition, code, behavior, note in rows.iter_rows():
        began = _first_years().get(code, 0) if edition == added else 0
        if edition in codes and (
            edition != added or (_in_force(note, year) and (year is None or began <= year))
        ):
            codes[edition].add((code, behavior))
    if current == "ICD-O-3":
        return codes[current] | codes[added]
    return codes[current] | (codes[added] - codes[other])


@cache
def _first_years() -> dict[str, int]:
    """Histologies that ICD-O-3 has not → the first year that NAACCR's list names behind any of their terms."""
    table = icdo.morphology_terms()
    old = set(table.filter(pl.col("edition") == "ICD-O-3").get_column("code"))
    rows = table.filter(
        pl.col("edition") == "NAACCR-26", ~pl.col("code").is_in(list(old)), pl.col("note").is_not_null()
    )
    years: dict[str, int] = {}
    for code, note in rows.select("code", "note").iter_rows():
        for year in FROM_YEAR.findall(note):
            years[code] = min(years.get(code, int(year)), int(year))
    return years


def primary(behavior: str) -> str:
    """The behavior that a registry records.

    >>> primary("6"), primary("2")
    ('3', '2')
    """
    return PRIMARY_BEHAVIOR.get(behavior, behavior)


def _in_force(note: str | None, year: int | None) -> bool:
    """Whether a term of NAACCR's list applies in a year, as its note says ("2021+", "PRE-2021; USE CODE ...")."""
    if not note:
        return True
    ended = UP_TO_YEAR.search(note)
    if ended:
        return year is not None and year < int(next(group for group in ended.groups() if group))
    began = FROM_YEAR.search(note)
    return year is None or began is None or int(began[1]) <= year


@cache
def years_of_change() -> tuple[int, ...]:
    """Years since which other terms apply, sorted."""
    notes = icdo.morphology_terms().filter(pl.col("edition") == "NAACCR-26").get_column("note").drop_nulls()
    named = {int(year) for note in notes.unique().to_list() for year in re.findall(r"20[0-9]{2}", note)}
    return tuple(sorted(named | {ICDO32_FROM}))


def first_year_alike(year: int) -> int | None:
    """The first year that has the same terms as this one; None when they are those of the present.

    >>> first_year_alike(2999) is None, first_year_alike(1995)
    (True, 0)
    """
    changes = years_of_change()
    return None if year >= changes[-1] else max((change for change in changes if change <= year), default=0)


@cache
def site_hints() -> dict[str, tuple[str, ...]]:
    """Morphology code → sites that NAACCR's list names behind its preferred term."""
    rows = icdo.morphology_terms().filter(pl.col("edition") == "NAACCR-26", pl.col("kind") == "preferred")
    return {
        f"{code}/{primary(behavior)}": sites
        for code, behavior, name in rows.select("code", "behavior", "name").iter_rows()
        if (sites := sites_named(name))
    }


@cache
def site_names() -> dict[str, str]:
    """Site → its name in ICD-O."""
    rows = reference.table("site_terms.csv.gz").filter(pl.col("kind") == "preferred")
    return dict(zip(rows["code"], rows["term"], strict=True))


@cache
def morphology_names() -> dict[str, str]:
    """Morphology ("8500/3") → its preferred name, from the newest edition that has it."""
    names: dict[str, str] = {}
    for edition in ("ICD-O-3", "NAACCR-26", "ICD-O-3.2"):
        rows = icdo.morphology().filter(pl.col("edition") == edition)
        names |= {
            f"{code}/{behavior}": HINT.sub("", name).strip() for _, code, behavior, name in rows.iter_rows()
        }
    return names
