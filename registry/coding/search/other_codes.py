"""Search over surgery codes and causes of death."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from registry.coding import reference
from registry.coding.search.combining import top
from registry.coding.search.index import Index, Term
from registry.coding.search.lookup import causes_of_death
from registry.coding.search.query import readings
from registry.coding.search.vocabulary import Vocabulary
from registry.coding.search.words import index_words

CANCER = re.compile(r"\b(?:cancers?|carcinomas?|ca)\b", re.IGNORECASE)
"""ICD-10 has sites, not histologies: every cancer is a malignant neoplasm."""
MISSING = 0.12
"""What a unit of weight costs that a name has and the query has not: names of these codes are long."""


ICD_10 = "ICD-10 "
"""Before the codes of causes of death among the everyday terms."""
BESIDE_ITSELF = 0.5
"""What is left of a synonym where the word itself is used: a lumpectomy is not any mastectomy."""
ANY_SOLID = "8000"
"""Histology when none is given; the tables except only leukemias and their kin."""


@dataclass(frozen=True)
class CodeHit:
    """A code with its name, the share of the query that it explains (0 to 1), and the words that it matched."""

    code: str
    name: str
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class NamedCodes:
    """Codes with one name each, ready to be searched."""

    vocabulary: Vocabulary
    index: Index

    def _meanings(self, word: str, unfinished: bool) -> list[tuple[int, float]]:
        """As the vocabulary has them; where names hold the word itself, words that mean it count little."""
        found = self.vocabulary.meanings(word, unfinished)
        if not any(close == 1 and self.index.weight[number] > 0 for number, close in found):
            return found
        return [(number, close if close == 1 else close * BESIDE_ITSELF) for number, close in found]

    def search(self, text: str, limit: int, typing: bool) -> list[CodeHit]:
        """Codes whose names explain the words best, in the order of the list when equal."""
        best: dict[str, CodeHit] = {}
        for query in readings(text, typing, noise=frozenset()):
            meanings = [
                self._meanings(word.word, query.unfinished and place == len(query.words) - 1)
                for place, word in enumerate(query.words)
            ]
            weights = np.array(
                [max((self.index.weight[n] for n, _ in found), default=0.0) for found in meanings]
            )
            if not weights.any():
                continue
            closeness, missing = self.index.cover(meanings)
            covered = closeness @ weights
            scores = np.where(covered > 0, covered - MISSING * missing + self.index.worth, -np.inf)
            for place in top(scores, limit):
                term = self.index.terms[place]
                if covered[place] > 0 and term.code not in best:
                    matched = [
                        word.written
                        for word, close in zip(query.words, closeness[place], strict=True)
                        if close > 0
                    ]
                    score = round(float(np.clip(scores[place] / weights.sum(), 0, 1)), 4)
                    best[term.code] = CodeHit(term.code, term.name, score, tuple(dict.fromkeys(matched)))
        return sorted(best.values(), key=lambda hit: -hit.score)[:limit]


def named_codes(rows: Iterable[tuple[str, str]]) -> NamedCodes:
    """Codes and names as something to search."""
    terms = [
        Term(code, name, name_words(part), worth(name)) for code, name in rows for part in alternatives(name)
    ]
    vocabulary = Vocabulary(word for term in terms for word in term.words)
    return NamedCodes(vocabulary, Index(terms, vocabulary))


def alternatives(name: str) -> tuple[str, ...]:
    """A name, and what stands between its semicolons: each is a name of its own.

    >>> alternatives("Partial mastectomy, NOS; less than total mastectomy, NOS")[1:]
    ('Partial mastectomy, NOS', 'less than total mastectomy, NOS')
    >>> alternatives("Radical (left; right) colectomy")
    ('Radical (left; right) colectomy',)
    """
    parts = tuple(part.strip() for part in name.split(";"))
    whole = all(part and part.count("(") == part.count(")") for part in parts)
    return (name, *parts) if whole and len(parts) > 1 else (name,)


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name; "other" counts, so that what is named without it comes first."""
    words = tuple(index_words(name))
    return (*words, "remaining") if re.search(r"\bother\b", name.lower()) else words


def worth(name: str) -> float:
    """Names that are not what somebody died of first, or not any more, come later."""
    return -1.5 if re.match(r"(?:secondary|old|family history|personal history)\b", name.lower()) else 0.0


def search_cause_of_death(text: str, limit: int = 5, typing: bool = True) -> list[CodeHit]:
    """ICD-10 codes for a cause of death in words, best first.

    >>> search_cause_of_death("cancer of the pancreas")[0].code
    'C259'
    """
    return _causes().search(CANCER.sub("malignant neoplasm", text), limit, typing)


@cache
def _causes() -> NamedCodes:
    """Causes in full: three-character headings only where they are not divided, codes of cancers before others."""
    labels = causes_of_death()
    divided = {code[:3] for code in labels if len(code) > 3}
    rows = [(code, label) for code, label in labels.items() if code not in divided]
    everyday = reference.table("everyday_terms.csv").rows()
    rows += [(code.removeprefix(ICD_10), name) for name, code in everyday if code.startswith(ICD_10)]
    return named_codes(sorted(rows, key=lambda row: (row[0][0] != "C", row[0])))


def search_surgery(
    text: str, site: str, year: int, histology: str | None = None, limit: int = 5, typing: bool = True
) -> list[CodeHit]:
    """Codes of surgery of the primary site that are legal for a tumor, best first.

    Args:
        text: words of the operation.
        site: such as "C504".
        year: year of diagnosis.
        histology: four digits; some tables depend on it.

    >>> search_surgery("total mastectomy", "C504", 2022)[0].code
    '40'
    """
    return _surgery(site, histology or ANY_SOLID, year).search(text, limit, typing)


@lru_cache(maxsize=128)
def _surgery(site: str, histology: str, year: int) -> NamedCodes:
    from registry.coding.treatment.surgery_lookup import surgery_codes

    codes = surgery_codes(site, histology, year)
    return named_codes((code.code, code.name) for code in codes if code.name)
