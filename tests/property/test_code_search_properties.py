"""What holds for every query of code search."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.coding.search import search_codes, search_frame
from registry.coding.search.legality import is_legal
from registry.coding.search.terms import morphology_names, primary, site_names
from registry.standards import icdo
from tests.fixtures.code_search.compose import SHAPES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "code_search"


def queries(name: str) -> list[str]:
    """The queries of a test file."""
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        return [row["query"] for row in csv.DictReader(file)]


EVERYDAY, COMPOSED = queries("everyday.csv"), queries("composed.csv")


def first(text: str, **more: object) -> tuple[str | None, ...]:
    """The codes that come first."""
    hit = search_codes(text, typing=False, **more)[0]  # type: ignore[arg-type]
    return hit.primarySite, hit.histologicTypeIcdO3, hit.behaviorCodeIcdO3, hit.laterality


def test_every_preferred_term_finds_its_own_code() -> None:
    table = icdo.morphology_terms().filter(pl.col("edition") == "ICD-O-3.2", pl.col("kind") == "preferred")
    missed = [
        name
        for code, behavior, name in table.select("code", "behavior", "name").iter_rows()
        if first(name)[1:3] != (code, primary(behavior))
    ]
    assert missed == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(EVERYDAY),
    st.sampled_from([str.upper, str.title, str.lower]),
    st.sampled_from(["  ", " "]),
)
def test_case_and_blanks_do_not_matter(text: str, cased: object, blank: str) -> None:
    changed = f" {cased(text)} ".replace(" ", blank)  # type: ignore[operator]
    assert first(changed) == first(text)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        ["adenocarcinoma", "squamous cell carcinoma", "malignant melanoma", "follicular lymphoma"]
    ),
    st.sampled_from(["upper lobe of lung", "parotid gland", "tonsil", "conjunctiva", "breast"]),
    st.sampled_from(["left", "right", "bilateral"]),
    st.sampled_from(SHAPES),
)
def test_order_of_the_parts_does_not_matter(morphology: str, site: str, side: str, shape: str) -> None:
    usual = first(f"{morphology}, {site}, {side}")
    assert first(shape.format(morphology=morphology, site=site, side=side)) == usual


@pytest.mark.parametrize("year", [2012, 2022])
def test_with_a_year_every_hit_is_on_the_list(year: int) -> None:
    for text in EVERYDAY[::3]:
        for hit in search_codes(text, year=year):
            morphology = f"{hit.histologicTypeIcdO3}/{hit.behaviorCodeIcdO3}"
            assert is_legal(hit.primarySite, morphology, year), (text, hit)


def test_without_a_year_questioned_combinations_say_so() -> None:
    for text in EVERYDAY[::3]:
        for hit in search_codes(text):
            morphology = f"{hit.histologicTypeIcdO3}/{hit.behaviorCodeIcdO3}"
            assert is_legal(hit.primarySite, morphology) != hit.why.endswith("check"), (text, hit)


def test_hits_are_existing_codes_best_first() -> None:
    for text in COMPOSED[::4]:
        hits = search_codes(text, limit=10)
        codes = [(hit.primarySite, hit.histologicTypeIcdO3, hit.behaviorCodeIcdO3) for hit in hits]
        assert len(set(codes)) == len(codes)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        histologies = {name[:4] for name in morphology_names()}
        assert all(site in site_names() and histology in histologies for site, histology, _ in codes)
        assert all(0 <= hit.score <= 1 for hit in hits)


def test_a_batch_finds_what_single_searches_find() -> None:
    texts = [*EVERYDAY[::10], EVERYDAY[0]]
    found = search_frame(pl.DataFrame({"query": texts}))
    assert found.get_column("query").to_list() == [text for text in texts for _ in range(5)]
    tops = found.filter(pl.col("rank") == 1).select(
        "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality"
    )
    assert tops.rows() == [first(text) for text in texts]


def test_one_wrong_letter_in_a_long_word_seldom_matters() -> None:
    chance = random.Random(1)
    same = 0
    for text in COMPOSED:
        words = text.split(" ")
        long = [place for place, word in enumerate(words) if word.isalpha() and len(word) > 7]
        if long:
            place = chance.choice(long)
            letter = chance.randrange(2, len(words[place]) - 2)
            words[place] = words[place][:letter] + words[place][letter + 1 :]
        same += first(" ".join(words)) == first(text)
    assert same / len(COMPOSED) > 0.95


def test_a_cut_last_word_still_leads_to_the_code() -> None:
    texts = [text for text in COMPOSED if text.split()[-1].isalpha() and len(text.split()[-1]) > 7]
    kept = 0
    for text in texts:
        cut = search_codes(text[:-2])
        kept += first(text)[:3] in [(h.primarySite, h.histologicTypeIcdO3, h.behaviorCodeIcdO3) for h in cut]
    assert kept / len(texts) > 0.95
