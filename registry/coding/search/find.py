"""Search: words of a diagnosis → site, morphology and side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from registry.coding.search.combining import UNNAMED, Pair, Searcher
from registry.coding.search.index import Index
from registry.coding.search.laterality import SIDES, is_paired, laterality
from registry.coding.search.query import Query, readings
from registry.coding.search.spelling import Spelling
from registry.coding.search.terms import (
    first_year_alike,
    morphology_names,
    morphology_terms,
    site_names,
    site_terms,
)
from registry.coding.search.vocabulary import Vocabulary

FEMALE_SITES = frozenset("C51 C52 C53 C54 C55 C56 C57 C58".split())
MALE_SITES = frozenset("C60 C61 C62 C63".split())
EXCLUDED = {"1": FEMALE_SITES, "2": MALE_SITES}
"""By NAACCR code of sex: sites that cannot be."""
LATER_READING = 0.01


@dataclass(frozen=True)
class Hit:
    """One proposal.

    Attributes:
        primarySite: such as "C504".
        histologicTypeIcdO3: such as "8500".
        behaviorCodeIcdO3: one digit.
        laterality: NAACCR code of the named side; None when none is named or the site has none.
        score: share of the query that is explained, 0 to 1.
        site, morphology: names in ICD-O.
        site_words, morphology_words: words of the query that led to each.
        why: one line for the screen.
    """

    primarySite: str
    histologicTypeIcdO3: str
    behaviorCodeIcdO3: str
    laterality: str | None
    score: float
    site: str
    morphology: str
    site_words: tuple[str, ...]
    morphology_words: tuple[str, ...]
    why: str


def searcher_of(kinds: tuple[str, ...], further: bool, year: int | None = None) -> Searcher:
    """Indexes over chosen kinds of ICD-O-3.2 terms (`benchmarks/code_search.py` compares them)."""
    sites, morphologies = site_terms(), morphology_terms(year, kinds, further)
    words = (word for term in (*sites, *morphologies) for word in (*term.words, *term.implied))
    vocabulary = Vocabulary((*words, *SIDES))
    known, spelling = frozenset(morphology_names()), Spelling(term.name for term in (*sites, *morphologies))
    return Searcher(vocabulary, Index(sites, vocabulary), Index(morphologies, vocabulary), known, spelling)


def searcher(year: int | None = None) -> Searcher:
    """The indexes for a year of diagnosis, the present when None; built once for all years with the same terms."""
    return searcher_since(None if year is None else first_year_alike(year))


@cache
def searcher_since(year: int | None) -> Searcher:
    """The indexes with the terms of a year."""
    return searcher_of(("preferred", "synonym", "related"), True, year)


def search_codes(
    text: str, limit: int = 5, year: int | None = None, sex: str | None = None, typing: bool = True
) -> list[Hit]:
    """Codes for the words of a diagnosis, best first.

    Args:
        text: as a pathologist or registrar writes it: any order, abbreviated, mistyped, British or American.
        limit: at most so many hits.
        year: year of diagnosis: terms and SEER's list of site/histology combinations of that year, and only what is on
            it. Without a year questioned combinations come last and say so.
        sex: NAACCR code; leaves out sites that cannot be.
        typing: the last word may be unfinished.

    >>> hit = search_codes("infiltrating duct carcinoma upper outer quadrant left breast")[0]
    >>> hit.primarySite, hit.histologicTypeIcdO3, hit.behaviorCodeIcdO3, hit.laterality
    ('C504', '8500', '3', '2')
    """
    return search_with(searcher(year), text, limit, year, sex, typing)


def search_with(
    chosen: Searcher,
    text: str,
    limit: int = 5,
    year: int | None = None,
    sex: str | None = None,
    typing: bool = True,
) -> list[Hit]:
    """As `search_codes`, over given indexes."""
    best: dict[tuple[str, str], tuple[float, Pair, Query]] = {}
    for later, query in enumerate(readings(text, typing, spelling=chosen.spelling)):
        if not query.words:
            continue
        for pair in chosen.pairs(query, year, EXCLUDED.get(sex or "", frozenset()))[: limit * 8]:
            if year is not None and not pair.legal:
                continue
            score = pair.score - LATER_READING * later - query.doubt
            if (pair.site, pair.morphology) not in best or score > best[pair.site, pair.morphology][0]:
                best[pair.site, pair.morphology] = (score, replace(pair, score=score), query)
    ranked = sorted(best.values(), key=lambda found: -found[0])[:limit]
    return [hit_of(pair, query, year) for _, pair, query in ranked]


def hit_of(pair: Pair, query: Query, year: int | None) -> Hit:
    """A pair as a proposal with names and reasons."""
    belonging = set(pair.site_term.words) if pair.site_term else set()
    belonging |= {"midline"} & set(
        pair.morphology_term.words if pair.morphology_term else ()
    ) - query.repeated
    sides = query.sides - belonging
    if not is_paired(pair.site, year):
        sides -= query.sides_of_lobes
    side = laterality(pair.site, sides, year)
    site, morphology = site_names().get(pair.site, ""), morphology_names().get(pair.morphology, "")
    return Hit(
        primarySite=pair.site,
        histologicTypeIcdO3=pair.morphology[:4],
        behaviorCodeIcdO3=pair.morphology[5],
        laterality=side,
        score=round(min(max(pair.score, 0.0), 1.0), 4),
        site=site,
        morphology=morphology or (pair.morphology_term.name if pair.morphology_term else ""),
        site_words=pair.site_words if pair.site_term else (),
        morphology_words=pair.morphology_words if pair.morphology_term else (),
        why=reason(pair),
    )


def reason(pair: Pair) -> str:
    """Why a pair is proposed, in one line."""
    parts = []
    if pair.site_term:
        parts.append(f"{', '.join(pair.site_words)} → {pair.site_term.name}")
    else:
        parts.append(f"no site named: {site_names().get(pair.site, pair.site)} is usual")
    if pair.morphology_term:
        parts.append(f"{', '.join(pair.morphology_words)} → {pair.morphology_term.name}")
        if pair.morphology_term.code != pair.morphology:
            parts.append(f"behavior /{pair.morphology[5]} as named (ICD-O rule F)")
    else:
        parts.append(f"no morphology named: {UNNAMED}")
    if not pair.legal:
        parts.append("not on SEER's site/histology list: check")
    return "; ".join(parts)
