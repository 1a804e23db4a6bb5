"""Puts a site and a morphology together: the pairs of terms that explain the words of a query best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from registry.coding.search.index import IMPLIED, Index, Term
from registry.coding.search.legality import (
    ANYWHERE,
    NOWHERE_SPECIAL,
    commonness,
    is_legal,
    is_listed,
    usual_places,
    usual_site,
)
from registry.coding.search.query import BEHAVIORS, Query
from registry.coding.search.spelling import Spelling
from registry.coding.search.terms import WORTH
from registry.coding.search.vocabulary import Vocabulary

UNNAMED = "8000/3"
"""Neoplasm, malignant: the morphology when only a site is named."""
BEST_TERMS = 70
"""Terms of each kind that are combined."""
BEST_PAIRS = 400

MISSING_MORPHOLOGY, MISSING_SITE = 0.35, 0.3
"""What a unit of weight costs that a term has and the query has not."""
TWICE, SAID_TWICE = 0.05, 0.3
"""What an organ adds that both site and morphology name ("papillary carcinoma of thyroid"), and a repeated word."""
NOT_ORGANS = frozenset({"duct", "gland", "cell", "node", "lymph", "tissue", "soft"})
NO_SITE, NO_MORPHOLOGY = 0.3, 0.6
OTHER_BEHAVIOR, BEHAVIOR_CHANGED, NEW_CODE, UNSAID_IN_SITU = 2.5, 0.5, 0.7, 0.4
ILL_DEFINED, ILL_DEFINED_TOO, NOT_LEGAL, UNUSUAL, USUAL_SITE = 2.0, 0.1, 4.0, 0.3, 0.2
OTHER_TISSUE = 0.6
"""A leiomyosarcoma of the thigh is one of its soft tissue, not of its skin."""
MENINGES = frozenset({"C70"})
MENINGES_OF = {"C71": "C700", "C720": "C701", "C721": "C701"}
"""Brain and spinal cord, whose meninges a meningioma arises in."""
UNSAID = 2.0
ONLY_CELLS = frozenset("8001 8002 8003 8004 8005".split())
"""Tumors of which only the cells are known ("malignant tumor, small cell type")."""
UNSPECIFIC_NOT_LEGAL = 0.3
"""The lists question "cancer of the heart" too, but its site is right."""
COMMON = 0.03
BY_CODE = 0.8
"""How well a code's last digit covers a word for the behavior that its term has not."""
SIDE_WEIGHT, NOTHING = 1.0, 0.01

TISSUES = frozenset("C40 C41 C44 C47 C49 C77 C42".split())
"""Groups of sites that are tissues: a tumor of one of them on an arm is coded to the tissue, not to the arm (C76)."""


@dataclass(frozen=True)
class Pair:
    """A site and a morphology with the terms that were found for them (None when it was not named).

    The score is a share of the query's weight; extra merits can take it above 1, faults below 0.
    """

    site: str
    morphology: str
    score: float
    site_term: Term | None
    morphology_term: Term | None
    site_words: tuple[str, ...]
    morphology_words: tuple[str, ...]
    legal: bool


@dataclass(frozen=True)
class Candidates:
    """Terms that may be meant.

    Attributes:
        codes: the code that each stands for ("" for the usual site).
        closeness: by term and word of the query.
        score: what is added to the words covered.
        whole: whether the query has every word of the term (for a morphology: of one of the edition in force).
    """

    terms: list[Term | None]
    codes: list[str]
    closeness: np.ndarray
    score: np.ndarray
    whole: np.ndarray


@dataclass(frozen=True)
class Searcher:
    """The indexes that are searched together, the morphologies that exist, and the spelling of their words."""

    vocabulary: Vocabulary
    sites: Index
    morphologies: Index
    known: frozenset[str]
    spelling: Spelling

    def pairs(self, query: Query, year: int | None, excluded: frozenset[str]) -> list[Pair]:
        """The best pairs, best first, one for each combination of codes.

        Args:
            query: one reading of what was typed.
            year: year of diagnosis, for SEER's lists; None for all lists.
            excluded: three-character sites that cannot be.
        """
        meanings = self.meanings(query)
        weights = np.array([self.weight(choices) for choices in meanings], dtype=np.float32)
        for place, word in enumerate(query.words):
            if word.word in query.sides:
                weights[place] = min(weights[place], SIDE_WEIGHT)
        again = np.array([twice_worth(word.word, query) for word in query.words], dtype=np.float32)
        morphologies = self.morphology_candidates(query, meanings, weights)
        sites = self.site_candidates(meanings, weights, morphologies)
        covered = np.maximum(sites.closeness[:, None, :], morphologies.closeness[None, :, :])
        twice = np.minimum(sites.closeness[:, None, :], morphologies.closeness[None, :, :]) @ (
            weights * again
        )
        total = covered @ weights + twice * morphologies.whole[None, :]
        total += sites.score[:, None] + morphologies.score[None, :]
        total[0] += self.implied_by_usual_sites(meanings, weights, morphologies, year)
        return self.best(query, total, sites, morphologies, float(weights.sum()) or 1.0, year, excluded)

    def implied_by_usual_sites(
        self,
        meanings: list[list[tuple[int, float]]],
        weights: np.ndarray,
        morphologies: Candidates,
        year: int | None,
    ) -> np.ndarray:
        """What each morphology's usual site adds where it is not named itself: "eye" for a retinoblastoma's retina."""
        added = np.zeros(len(morphologies.codes), dtype=np.float32)
        for column, (code, term) in enumerate(zip(morphologies.codes, morphologies.terms, strict=True)):
            implied = self.implied.get(usual_site(code, term.sites if term else (), year), frozenset())
            for place, choices in enumerate(meanings):
                if choices and choices[0][0] in implied and not morphologies.closeness[column, place]:
                    added[column] += IMPLIED * weights[place]
        return added

    @cached_property
    def implied(self) -> dict[str, frozenset[int]]:
        """Site → numbers of the words that go without saying."""
        found: dict[str, frozenset[int]] = {}
        for term in self.sites.terms:
            found.setdefault(term.code, frozenset(self.vocabulary.number[word] for word in term.implied))
        return found

    def meanings(self, query: Query) -> list[list[tuple[int, float]]]:
        """For each word of a query the words of terms that it may mean."""
        last = len(query.words) - 1
        return [
            self.vocabulary.meanings(word.word, query.unfinished and place == last)
            for place, word in enumerate(query.words)
        ]

    def weight(self, choices: list[tuple[int, float]]) -> float:
        """How much a word of a query tells: as its likeliest meaning does."""
        if not choices:
            return 0.0
        best = choices[0][1]
        numbers = [number for number, close in choices if close == best]
        return max(max(self.sites.weight[number], self.morphologies.weight[number]) for number in numbers)

    def morphology_candidates(
        self, query: Query, meanings: list[list[tuple[int, float]]], weights: np.ndarray
    ) -> Candidates:
        """The best morphologies, with the behavior that the query names, and the unnamed one."""
        closeness, missing = self.morphologies.cover(meanings)
        own = self.morphologies.worth - MISSING_MORPHOLOGY * missing
        terms: list[Term | None] = [None]
        codes, rows, scores = [UNNAMED], [np.zeros(len(weights), dtype=np.float32)], [-NO_MORPHOLOGY]
        whole = [0.0]
        says = np.array([word.word in BEHAVIORS for word in query.words], dtype=bool)
        for place in covering_terms(closeness, weights, own):
            term, row = self.morphologies.terms[place], closeness[place]
            said = bool(says.any() and (row[says] > 0).all())
            for code, cost in self.behaviors(term, query.behavior, said):
                terms.append(term)
                codes.append(code)
                rows.append(
                    np.where(says, np.maximum(row, BY_CODE), row) if code[-1] == query.behavior else row
                )
                scores.append(float(own[place]) - cost)
                whole.append(float(missing[place] < NOTHING and term.worth >= WORTH[0]))
        numbers = (np.array(column, dtype=np.float32) for column in (rows, scores, whole))
        return Candidates(terms, codes, *numbers)

    def behaviors(self, term: Term, wanted: str | None, said: bool) -> list[tuple[str, float]]:
        """The codes that a term can have when a behavior is named, with what each costs.

        A term that has the named words itself (`said`, "invasive hydatidiform mole", 9100/1) keeps its code. Any histology may take the behavior that the pathologist names (ICD-O-3, rule F, the matrix rule).
        """
        histology, behavior = term.code[:4], term.code[5]
        if wanted is None or wanted == behavior or said:
            return [(term.code, UNSAID_IN_SITU if wanted is None and behavior == "2" else 0.0)]
        changed = f"{histology}/{wanted}"
        if changed in self.known:
            return [(term.code, OTHER_BEHAVIOR), (changed, BEHAVIOR_CHANGED)]
        if wanted in ("2", "3") and int(histology) < 9590:
            return [(term.code, OTHER_BEHAVIOR), (changed, BEHAVIOR_CHANGED + NEW_CODE)]
        return [(term.code, OTHER_BEHAVIOR)]

    def site_candidates(
        self, meanings: list[list[tuple[int, float]]], weights: np.ndarray, morphologies: Candidates
    ) -> Candidates:
        """The best sites, and the one that a morphology usually has."""
        closeness, missing = self.sites.cover(meanings)
        own = self.sites.worth - MISSING_SITE * missing
        places = covering_terms(closeness, weights, own)
        none = np.zeros((1, len(weights)), dtype=np.float32)
        return Candidates(
            [None, *(self.sites.terms[place] for place in places)],
            ["", *(self.sites.terms[place].code for place in places)],
            np.concatenate([none, closeness[places]]),
            np.concatenate([np.array([-NO_SITE], dtype=np.float32), own[places]]),
            np.concatenate([np.zeros(1, dtype=np.float32), (missing[places] < NOTHING).astype(np.float32)]),
        )

    def best(
        self,
        query: Query,
        total: np.ndarray,
        sites: Candidates,
        morphologies: Candidates,
        whole: float,
        year: int | None,
        excluded: frozenset[str],
    ) -> list[Pair]:
        """The pairs with the highest total, judged as combinations, one for each pair of codes."""
        found: dict[tuple[str, str], Pair] = {}
        flat = total.ravel()
        for place in top(flat, BEST_PAIRS):
            row, column = divmod(int(place), total.shape[1])
            morphology = morphologies.codes[column]
            term = morphologies.terms[column]
            site = sites.codes[row] or usual_site(morphology, term.sites if term else (), year)
            site = site_of_tumor(site, morphology, year)
            if site[:3] in excluded or (term is None and sites.terms[row] is None):
                continue
            legal = is_legal(site, morphology, year)
            score = float(flat[place]) + fitness(site, morphology, legal)
            if unsaid_behavior(query, term):
                score -= unsaid_cost(site, morphology, year)
            before = found.get((site, morphology))
            if before is None or score > before.score:
                found[site, morphology] = Pair(
                    site, morphology, score, sites.terms[row], term,
                    covering(query, sites.closeness[row]), covering(query, morphologies.closeness[column]), legal,
                )  # fmt: skip
        ranked = sorted(found.values(), key=lambda pair: (-round(pair.score, 5), pair.site, pair.morphology))
        return [replace(pair, score=pair.score / whole) for pair in ranked]


def site_of_tumor(site: str, morphology: str, year: int | None) -> str:
    """The site that is coded: a meningioma of the frontal lobe is one of the cerebral meninges (SEER, C70.0).

    A melanoma of unknown primary is one of the skin (C44.9): where the unknown site is questioned, the usual one.

    >>> site_of_tumor("C711", "9530/0", None), site_of_tumor("C809", "8720/3", None)
    ('C700', 'C449')
    """
    meninges = MENINGES_OF.get(site[:3], MENINGES_OF.get(site))
    if meninges and usual_places().get(int(morphology[:4]), NOWHERE_SPECIAL).groups == MENINGES:
        return meninges
    if site == ANYWHERE and not is_legal(site, morphology, year):
        return usual_site(morphology, (), year)
    return site


def unsaid_behavior(query: Query, term: Term | None) -> bool:
    """Whether a term says how the tumor behaves and the query does not: "Thymoma, benign" for thymoma."""
    if query.behavior is not None or term is None:
        return False
    unsaid = BEHAVIORS.keys() & set(term.words) - {word.word for word in query.words}
    return bool(unsaid) and (term.code[5] in "012" or term.code[:4] in ONLY_CELLS)


def unsaid_cost(site: str, morphology: str, year: int | None) -> float:
    """What it costs to take a tumor for in situ, for mere cells, or for benign where the malignant is questioned."""
    if morphology[5] in "23":
        return UNSAID
    return 0.0 if is_listed(site, morphology, year) else NOT_LEGAL


def twice_worth(word: str, query: Query) -> float:
    """What a word adds that both site and morphology cover, by its weight."""
    if word in query.repeated:
        return SAID_TWICE
    return 0.0 if word in NOT_ORGANS else TWICE


def fitness(site: str, morphology: str, legal: bool) -> float:
    """How much a combination gains or loses by being common, ill-defined or questioned."""
    gain = COMMON * commonness().get((site, morphology), 0.0)
    usual = usual_places().get(int(morphology[:4]), NOWHERE_SPECIAL)
    if usual.groups and site[:3] not in usual.groups:
        if site[:3] in TISSUES and usual.groups & TISSUES:
            gain -= OTHER_TISSUE
        elif usual.site not in ("", ANYWHERE):
            gain -= UNUSUAL
    if site == usual_site(morphology):
        gain += USUAL_SITE
    if site[:3] == "C76":
        listed = legal and morphology[5] in "23"
        gain -= ILL_DEFINED if usual.groups & TISSUES and not listed else ILL_DEFINED_TOO
    if legal:
        return gain
    return gain - (NOT_LEGAL if morphology[:4] != UNNAMED[:4] else UNSPECIFIC_NOT_LEGAL)


def covering(query: Query, closeness: np.ndarray) -> tuple[str, ...]:
    """The words of a query, as written, that a term covers."""
    return tuple(
        dict.fromkeys(word.written for word, close in zip(query.words, closeness, strict=True) if close > 0)
    )


def covering_terms(closeness: np.ndarray, weights: np.ndarray, own: np.ndarray) -> list[int]:
    """Places of the best terms among those that cover anything."""
    covered = closeness @ weights
    touched = np.nonzero(covered > 0)[0]
    return [int(place) for place in touched[top(covered[touched] + own[touched], BEST_TERMS)]]


def top(scores: np.ndarray, most: int) -> list[int]:
    """Places of the highest scores, best first; of equals the first ones."""
    places = np.argpartition(-scores, most - 1)[:most] if len(scores) > most else np.arange(len(scores))
    return [int(place) for place in places[np.lexsort((places, -scores[places]))]]
