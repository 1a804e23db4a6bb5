"""Words of a diagnosis in one spelling: "Tumours of the oesophagus" and "Esophageal tumor" are the same words."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache

import polars as pl

from registry.coding import reference

IGNORED = frozenset(
    "a an the of in with and or to for on at by from is was as be are has have nos site part region other "
    "specified unspecified including structure".split()
)
"""Words that never tell one code from another."""

JOINED = frozenset("non intra extra micro peri supra sub retro para pseudo pre anti endo".split())
"""Prefixes that are written joined, with a hyphen or apart; here always joined."""
AFTER = frozenset("auricular cricoid menopausal nasal partum pubertal radiation transplant traumatic".split())
"""Words that "post" is joined to; before others it stands for posterior ("post wall")."""

IRREGULAR = {
    "metastases": "metastasis", "nevi": "nevus", "testes": "testis", "bronchi": "bronchus", "vertebrae": "vertebra",
    "labia": "labium", "nuclei": "nucleus", "calyces": "calyx", "viscera": "visceral", "ganglia": "ganglion",
    "axillae": "axilla", "gingivae": "gum", "maxillae": "maxilla", "glottidis": "glottis", "cervices": "cervix",
    "sinuses": "sinus", "uteri": "uterus", "feet": "foot", "corpora": "corpus", "thymomata": "thymoma",
    "appendices": "appendix", "meninx": "meninges", "menings": "meninges", "naevi": "nevus", "pelves": "pelvis",
    "radii": "radius", "humeri": "humerus", "femora": "femur", "femurs": "femur", "penes": "penis", "vulvae": "vulva",
    "lens": "lens", "pancreases": "pancreas", "atlas": "atlas", "axis": "axis", "pons": "pons", "teeth": "tooth",
}  # fmt: skip

PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "ß": "ss", "ø": "o", "ł": "l"})
TOKEN = re.compile(r"[a-z]+[0-9]*|[0-9]+")
SLASHED = re.compile(r"\b(?:c/w|s/p|h/o|r/o|p/w|d/t)\b|\bw/(?=\s|\w\w)")
"""c/w, s/p, h/o, w/: small words of notes."""
PLUS = re.compile(r"(?<=\w)\+(?!\d)")
SIGNED = re.compile(r"\s*([+-])\s*ve\b")
SIGNS = {"+": "positive", "-": "negative"}
POSSESSIVE = re.compile(r"'s?\b")


def plain(text: str) -> str:
    """Lower case without accents or possessives.

    >>> plain("Sézary’s Disease")
    'sezary disease'
    """
    folded = unicodedata.normalize("NFKD", text.translate(PLAIN))
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter)).lower()
    folded = SIGNED.sub(lambda sign: f" {SIGNS[sign[1]]} ", folded)
    folded = SLASHED.sub(" ", POSSESSIVE.sub("", folded))
    return PLUS.sub(" positive ", folded.replace("o clock", "oclock"))


def singular(word: str) -> str:
    """Without the ending of a plural.

    >>> [singular(word) for word in ("carcinomata", "ovaries", "bones", "pelvis", "nevi")]
    ['carcinoma', 'ovary', 'bone', 'pelvis', 'nevus']
    """
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("omata"):
        return word[:-2]
    if word.endswith(("omas", "ias", "nas")) and len(word) > 5:
        return word[:-1]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "as", "inges", "ceps")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def american(word: str) -> str:
    """American spelling; the same rule for terms and queries, so that odd results do no harm.

    >>> [american(word) for word in ("leukaemia", "tumour", "localised", "caecum", "fibre", "oesophagus")]
    ['leukemia', 'tumor', 'localized', 'cecum', 'fiber', 'esophagus']
    """
    if len(word) < 5:
        return word
    word = word.replace("gastrooe", "gastroe").replace("gastroesoph", "gastro\0esoph")
    word = word.replace("ae", "e").replace("oe", "e").replace("\0", "").replace("sulph", "sulf")
    if word.endswith("our") and len(word) > 5:
        word = word[:-3] + "or"
    if word.endswith(("bre", "tre")):
        word = word[:-2] + "er"
    for ending in ("ising", "ised", "isation", "ise"):
        if word.endswith(ending) and len(word) > len(ending) + 3 and word not in ("advised", "precise"):
            return word[: -len(ending)] + "iz" + ending[2:]
    return word


def spelled(word: str) -> str:
    """One word, folded to American singular."""
    return american(singular(word)) if word.isalpha() else word.lstrip("0") or "0"


def read_words(text: str) -> list[tuple[str, str]]:
    """The words of a text in order, each with its letters as written (folded to lower case)."""
    joined: list[tuple[str, str]] = []
    for written in TOKEN.findall(plain(text)):
        word = spelled(written)
        before, as_written = joined[-1] if joined else ("", "")
        if (
            (before in JOINED and len(word) > 2)
            or (before == "post" and word in AFTER)
            or (before in ("b", "t", "nk", "l") and word == "cell")
            or (before == "type" and len(word) == 1)
        ):
            joined[-1] = (before + word, f"{as_written} {written}")
        else:
            joined.append((word, written))
    return joined


def tokens(text: str) -> list[str]:
    """The words of a text in order, prefixes joined, letters of cells kept with their cell.

    >>> tokens("Non-Hodgkin's lymphoma, B-cell")
    ['nonhodgkin', 'lymphoma', 'bcell']
    """
    return [word for word, _ in read_words(text)]


class Phrases:
    """Replaces sequences of words by others, longest first.

    Args:
        pairs: what stands in a text, and what is meant, both as words.
    """

    def __init__(self, pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
        self.by_first: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = defaultdict(list)
        for said, meant in pairs:
            if said and said != meant:
                self.by_first[said[0]].append((said, meant))
        for entries in self.by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def replace(self, words: list[str]) -> list[tuple[str, int, int]]:
        """Each resulting word with the first and one past the last of the words that it stands for."""
        result: list[tuple[str, int, int]] = []
        place = 0
        while place < len(words):
            for said, meant in self.by_first.get(words[place], ()):
                end = place + len(said)
                if tuple(words[place:end]) == said:
                    result += [(word, place, end) for word in meant]
                    place = end
                    break
            else:
                result.append((words[place], place, place + 1))
                place += 1
        return result


def index_words(text: str) -> list[str]:
    """The words under which a term is kept: abbreviations written out, one word for one meaning.

    >>> index_words("Sq. cell carcinoma in situ, NOS")
    ['squamous', 'carcinoma', 'insitu']
    """
    words = [word for word, _, _ in written_out("index").replace(tokens(text))]
    return [word for word, _, _ in same_words().replace(words) if word not in IGNORED]


@cache
def same_words() -> Phrases:
    """Words and phrases that mean the same, such as "womb" and "uterus"."""
    rows = reference.table("term_words.csv").filter(pl.col("closeness") == "1")
    return Phrases([(tuple(tokens(said)), tuple(tokens(meant))) for said, meant, _ in rows.iter_rows()])


@cache
def phrase_words() -> frozenset[str]:
    """Every word that the table of words knows."""
    rows = reference.table("term_words.csv").select("words", "means").iter_rows()
    return frozenset(word for cells in rows for text in cells for word in tokens(text))


@cache
def related_words() -> dict[str, list[tuple[str, float]]]:
    """Words that may be meant by another, with how likely (below 1): `cervical` → `cervix`."""
    related: dict[str, list[tuple[str, float]]] = defaultdict(list)
    rows = reference.table("term_words.csv").filter(pl.col("closeness") != "1")
    for said, meant, closeness in rows.iter_rows():
        kept = [word for word, _, _ in same_words().replace(tokens(meant))]
        words = {word for word, _, _ in same_words().replace(tokens(said))}
        for word in words if len(words) == 1 else ():
            related[word] += [(other, float(closeness)) for other in kept if other != word]
    return related


@cache
def abbreviations() -> dict[str, list[str]]:
    """Abbreviation → what it may stand for in a query, likeliest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for short, words, where in reference.table("term_abbreviations.csv").iter_rows():
        if where != "index":
            found[spelled(short)].append(words)
    return dict(found)


@cache
def written_out(where: str) -> Phrases:
    """Abbreviations that stand for one thing in the text of published terms."""
    pairs: dict[str, str] = {}
    for short, words, used in reference.table("term_abbreviations.csv").iter_rows():
        if used in (None, "", where):
            pairs.setdefault(spelled(short), words)
    return Phrases([((short,), tuple(tokens(words))) for short, words in pairs.items()])
