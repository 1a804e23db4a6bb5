"""Parts of code search: words, typing errors, sides, look-ups, other codes, batches."""

from __future__ import annotations

import polars as pl
import pytest

from registry.coding.search import (
    neighbours,
    search_cause_of_death,
    search_codes,
    search_frame,
    search_surgery,
    term,
)
from registry.coding.search.laterality import laterality
from registry.coding.search.legality import is_legal, usual_site
from registry.coding.search.query import readings
from registry.coding.search.spelling import Spelling
from registry.coding.search.terms import first_year_alike, sites_named
from registry.coding.search.vocabulary import Vocabulary, distance
from registry.coding.search.words import american, index_words, singular, tokens
from registry.errors import BadInput


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tumours of the oesophagus", "Esophageal tumor"),
        ("Hodgkin's disease", "Hodgkin lymphoma"),
        ("non invasive", "Noninvasive"),
        ("Haemangiomata", "hemangioma"),
        ("B cell", "B-cell"),
        ("grade III", "grade 3"),
        ("womb", "Uterus, NOS"),
        ("epidermoid", "squamous cell"),
    ],
)
def test_same_words(one: str, other: str) -> None:
    assert set(index_words(one)) == set(index_words(other))


def test_words_that_end_in_s_stay() -> None:
    for word in ("pancreas", "pelvis", "uterus", "meninges", "biceps", "abscess", "gas"):
        assert singular(word) == word
    assert american("four") == "four"
    assert tokens("pN0 HPV+ 4+3 3A") == ["pn0", "hpv", "positive", "4", "3", "3", "a"]


def test_distance_counts_swapped_letters_once() -> None:
    assert distance("thryoid", "thyroid", 2) == 1
    assert distance("colon", "colno", 2) == 1
    assert distance("abc", "xyz", 1) == 2


def test_short_words_are_not_corrected() -> None:
    vocabulary = Vocabulary(["lip", "lung", "colon", "adenocarcinoma"])
    assert vocabulary.mistyped("lap") == {}
    assert [vocabulary.words[number] for number in vocabulary.mistyped("colom")] == ["colon"]
    assert [vocabulary.words[number] for number in vocabulary.mistyped("adnocarcnoma")] == ["adenocarcinoma"]
    assert vocabulary.mistyped("2017") == {}


def test_spelling_joins_and_splits() -> None:
    spelling = Spelling(["Squamous cell carcinoma", "Osteosarcoma"])
    assert spelling.corrections("carcinomacell") == [["carcinoma", "cell"]]
    assert spelling.joined(["osteo", "sarcoma"]) == [(0, "osteosarcoma")]
    assert spelling.corrections("zzzzzzzzzz") == [["zzzzzzzzzz"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adenocarcinoma lung with metastases to brain, liver", "adenocarcinoma lung metastatic liver"),
        ("bone mets from breast ca", "metastatic breast carcinoma"),
        ("metastatic carcinoma in situ", "metastatic carcinoma insitu"),
        ("prostate adenocarcinoma gleason 4+3=7, 2.5 cm", "prostate adenocarcinoma"),
        ("bx: c/w SCC, s/p excision", "squamous carcinoma"),
    ],
)
def test_what_is_read(text: str, words: str) -> None:
    assert " ".join(word.word for word in readings(text)[0].words) == words


def test_side_of_a_site() -> None:
    assert laterality("C711", {"left"}, 2003) is None
    assert laterality("C711", {"left"}, 2004) == "2"
    assert laterality("C509", {"midline"}) is None
    assert laterality("C445", {"midline"}) == "5"
    assert laterality("C569", {"bilateral", "left"}) == "4"
    assert laterality("C569", {"unilateral"}) == "3"
    assert laterality("C569", set()) is None


def test_sites_that_a_list_names() -> None:
    assert sites_named("Lymphoma (C69. _)") == ("C69",)
    assert usual_site("9999/9") == "C809"
    assert usual_site("9161/1") == "C719"
    assert is_legal("C446", "8720/3", 2022)
    assert not is_legal("C764", "8720/3", 2022)


@pytest.mark.parametrize("text", ["", "   ", ",;", "xyzzyqwv", "of the"])
def test_nothing_is_found_for_nothing(text: str) -> None:
    assert search_codes(text) == []


def test_a_side_alone_finds_nothing_certain() -> None:
    assert all(hit.site_words for hit in search_codes("left"))


def test_sex_leaves_sites_out() -> None:
    assert search_codes("teratoma of ovary", sex="2")[0].primarySite == "C569"
    assert all(hit.primarySite[:3] != "C56" for hit in search_codes("teratoma of ovary", limit=20, sex="1"))


def test_terms_follow_the_year() -> None:
    assert search_codes("carcinoid of appendix", year=2005)[0].behaviorCodeIcdO3 == "1"
    assert search_codes("carcinoid of appendix", year=2022)[0].behaviorCodeIcdO3 == "3"
    assert first_year_alike(2019) == 2018


def test_words_that_matched_are_told() -> None:
    hit = search_codes("lt brest IDC")[0]
    assert hit.site_words == ("brest",)
    assert hit.morphology_words == ("idc",)
    assert "Infiltrating duct carcinoma" in hit.why


def test_behavior_that_no_list_has_follows_the_matrix_rule() -> None:
    hit = search_codes("trabecular carcinoma in situ of breast")[0]
    assert (hit.histologicTypeIcdO3, hit.behaviorCodeIcdO3) == ("8190", "2")
    assert "rule F" in hit.why


def test_five_rows_a_query() -> None:
    queries = pl.DataFrame({"query": ["prolactinoma", None, "xyzzyqwv", "prolactinoma"]})
    found = search_frame(queries)
    assert found.height == 20
    assert found.get_column("rank").to_list() == [1, 2, 3, 4, 5] * 4
    first = found.head(5)
    assert first.get_column("primarySite").null_count() == 0
    assert first.select("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3").n_unique() == 5
    assert found.slice(5, 10).get_column("primarySite").null_count() == 10
    with pytest.raises(BadInput, match="query"):
        search_frame(pl.DataFrame({"text": ["x"]}))
    assert search_frame(pl.DataFrame({"query": []}, schema={"query": pl.String})).height == 0


def test_codes_back_to_words() -> None:
    assert term("C50.4")[0].name == "Upper-outer quadrant of breast"
    assert term("8500/3") == term("85003")
    assert {meaning.code for meaning in term("8500")} >= {"8500/2", "8500/3"}
    assert term("A300")[0].kind == "surgery of primary site"
    assert term("C50")[0].kind == "cause of death"
    assert term("nothing") == []
    assert "Duct carcinoma, NOS" in term("8500/3")[0].also_called


def test_neighbours_of_unspecific_and_specific_codes() -> None:
    assert ("9691/3", "Follicular lymphoma, grade 2") in neighbours("9690/3").specific
    assert ("9690/3", "Follicular lymphoma, NOS") in neighbours("9691/3").broader
    assert ("8500/2", "Intraductal carcinoma, noninfiltrating, NOS") in neighbours("85003").beside
    assert neighbours("C50.4").broader == (("C509", "Breast, NOS"),)
    assert neighbours("C999") == neighbours("")


def test_operations_and_causes_by_words() -> None:
    assert search_surgery("radical prostatectomy", "C619", 2024, "8140")[0].code == "A500"
    assert search_surgery("lobectomy", "C341", 1990) == []
    assert search_surgery("lumpectomy", "C504", 2023)[0].code == "A220"  # not any mastectomy
    assert search_surgery("partial mastectomy", "C504", 2023)[0].code == "A200"  # one of two names of it
    codes = [hit.code for hit in search_cause_of_death("lung cancer")]
    assert codes[0] == "C349"
    assert "C780" not in codes[:1]
    everyday = {
        "heart attack": "I219",
        "stroke": "I64",
        "diabetes": "E149",
        "car accident": "V892",
        "CHF": "I500",
    }
    assert {words: search_cause_of_death(words)[0].code for words in everyday} == everyday
    assert search_cause_of_death("") == []
