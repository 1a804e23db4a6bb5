"""What a typed diagnosis says: its words written out, the side, the behavior, without places of spread."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice, pairwise, product

from registry.coding.search.laterality import SIDES
from registry.coding.search.spelling import Spelling
from registry.coding.search.words import IGNORED, abbreviations, plain, read_words, same_words

NOISE = frozenset(
    "history hx biopsy bx excision resection patient pt year old man woman lady gentleman diagnosis dx diagnosed "
    "specimen show showing shows evidence consistent compatible suspicious suspected possible probable likely stage "
    "case final report pathology path clinical clinically known new recent this that it its she he her his which "
    "there no found seen favor favour favoring favouring features please code my sided side "
    "ajcc tnm arising involving located proven confirmed recurrent newly from per".split()
)
"""Words around a diagnosis that no term is about."""

SPREAD_TO = re.compile(
    r"\b(?:metasta\w+|mets?|spread|spreading|secondar(?:y|ies))\s+(?:to|in|into|involving|within)\s+[^,;.]*?"
    r"(?=\bfrom\b|\bof primary\b|[,;.]|$)"
)
SPREAD_IN = re.compile(
    r"\b(metastatic|metastasi[sz]ed|secondary)\b([^,;.]+?)\s+(?:to|in|into|involving)\s+(?!situ)[^,;.]*?"
    r"(?=\bfrom\b|\bof primary\b|[,;.]|$)"
)
SPREAD_AT = re.compile(
    r"(?:\b(?:with|and|plus|c)\b|[,;(])\s*(?:(?!(?:with|from|of)\b)[a-z]+[\s/&]+){1,4}?(?:mets?|metasta\w+|deposits?|secondaries)\b"
    r"(?!\s+(?:from|to|in|carcinoma|adenoca\w*|melanoma|sarcoma)\b)"
)
"""Behind a diagnosis, where it has spread: "with liver and bone mets"."""
SIZES = re.compile(r"\b\d+(?:\.\d+)?\s*(?:cm|mm)\b")
GLEASON = re.compile(
    r"\b(?:gleasons?|gl|gs)\b(?=\W*(?:\d|score|grade|sum|pattern))[^a-z,;]*(?:(?:score|grade|sum|pattern)[^a-z,;]*)?|\bgleasons?\b"
)
UNTYPED = re.compile(r"(?<!cell )\b(?:ca|cancer|carcinoma|cap)\b")
SPREAD_FROM = re.compile(
    r"(?:\b\w+\s+(?:lymph\s+nodes?\s+)?|^)\b(?:metasta\w+|mets?|secondar(?:y|ies))\s+from\b"
)
METASTATIC = frozenset({"metastatic", "metastasi", "metastasis", "metastasized"})
BEHAVIORS = {
    "insitu": "2", "benign": "0", "borderline": "1", "uncertain": "1", "lowmalignantpotential": "1", "malignant": "3", "invasive": "3", "microinvasive": "3",
    "metastatic": "3", "secondary": "3",
}  # fmt: skip
"""Words that say how a tumor behaves, and the code."""
CLOCK = re.compile(r"\b(\d{1,2})(?::00)?\s*oclock\b")
OUTER_IS_LATE = {"left": True, "right": False}
MOST_READINGS = 6
TUMOR_NOT_CARCINOMA = 0.05
B_ALL = re.compile(r"(?<!pre[- ])(?<!pro[- ])(?<!precursor )\bb[- ]all\b")
"""Now 9811/3 (SEER Hematopoietic Database); ICD-O-3.2 has the name with Burkitt leukemia, 9687/3."""
GRADED = re.compile(r"\b(v?ain|[cvp]in|panin|bilin|net|g)(?=[1-3]\b)")
"""CIN3, NET2: the grade is a word of its own."""


@dataclass(frozen=True)
class Word:
    """One word of a query, and the letters that it was read from."""

    word: str
    written: str


@dataclass(frozen=True)
class Query:
    """One reading of a query.

    Attributes:
        words: what must be found, in order; words for a side and a behavior among them.
        sides: words that name a side.
        behavior: the behavior that is named, None when none or several are.
        unfinished: the last word may go on.
        repeated: words that are there more than once, for site and morphology.
        doubt: taken off the score of what is found by it.
    """

    words: tuple[Word, ...]
    sides: frozenset[str]
    behavior: str | None
    unfinished: bool
    repeated: frozenset[str] = frozenset()
    doubt: float = 0.0

    @property
    def sides_of_lobes(self) -> frozenset[str]:
        """Sides that name a part of an organ ("right lobe of liver"), not the side of the body."""
        words = [word.word for word in self.words]
        return frozenset(side for side, part in pairwise(words) if side in SIDES and part == "lobe")


def readings(
    text: str, typing: bool = True, noise: frozenset[str] = NOISE, spelling: Spelling | None = None
) -> list[Query]:
    """What a text may mean: one reading for each combination of what its abbreviations stand for, likeliest first.

    Args:
        text: as typed.
        typing: the last word may be unfinished (when nothing follows it).
        noise: words that are passed over.
        spelling: corrects mistyped words; none when absent.

    >>> [" ".join(word.word for word in reading.words) for reading in readings("Lt breast IDC")]
    ['left breast invasive duct carcinoma']
    """
    folded = clock_positions(plain(text)).replace("site of neoplasm", " ")
    folded = B_ALL.sub("b cell acute lymphoblastic leukemia", folded)
    folded = GRADED.sub(r"\1 ", folded)
    folded = SPREAD_AT.sub(
        " ", SPREAD_FROM.sub(" metastatic ", SPREAD_TO.sub(" metastatic ", SIZES.sub(" ", graded(folded))))
    )
    folded = SPREAD_IN.sub(r"\1\2 ", folded)
    typed = [Word(word, written) for word, written in read_words(folded)]
    unfinished = typing and bool(typed) and folded[-1:].isalnum()
    choices = [choices_of(word) for word in typed]
    if spelling:
        typed, choices = corrected(typed, unfinished, noise, spelling)
    last_is_short = bool(typed) and choices[-1] != [[typed[-1]]]
    found = [
        reading([word for part in parts for word in part], unfinished and not last_is_short, noise)
        for parts in islice(product(*choices), MOST_READINGS)
    ]
    return found + [carcinoma for query in found[:1] if (carcinoma := as_carcinoma(query))]


def corrected(
    typed: list[Word], unfinished: bool, noise: frozenset[str], spelling: Spelling
) -> tuple[list[Word], list[list[list[Word]]]]:
    """The words with parts of one word joined, and what each may stand for after correction."""
    for place, whole in reversed(spelling.joined([word.word for word in typed])):
        if not {typed[place].word, typed[place + 1].word} & abbreviations().keys():
            written = f"{typed[place].written} {typed[place + 1].written}"
            typed = [*typed[:place], Word(whole, written), *typed[place + 2 :]]
    choices = []
    for place, word in enumerate(typed):
        going_on = unfinished and place == len(typed) - 1 and spelling.goes_on(word.word)
        if word.word in abbreviations() or word.word in noise or word.word in METASTATIC or going_on:
            choices.append(choices_of(word))
        else:
            choices.append(
                [
                    [Word(one, word.written) for one in words]
                    for words in spelling.corrections(word.word, word.written)
                ]
            )
    return typed, choices


def choices_of(word: Word) -> list[list[Word]]:
    """What one written word stands for: itself, or the words of an abbreviation."""
    meant = abbreviations().get(word.word)
    if not meant:
        return [[word]]
    return [[Word(part, word.written) for part, _ in read_words(words)] for words in meant]


def reading(words: list[Word], unfinished: bool, noise: frozenset[str] = NOISE) -> Query:
    """The query that a sequence of written-out words makes."""
    kept: list[Word] = []
    for word, first, end in same_words().replace([word.word for word in words]):
        if word not in IGNORED and word not in noise:
            written = " ".join(dict.fromkeys(one.written for one in words[first:end]))
            kept.append(Word("metastatic" if word in METASTATIC else word, written))
    return Query(
        words=tuple({word.word: word for word in kept}.values()),
        sides=frozenset(word.word for word in kept if word.word in SIDES),
        behavior=behavior_of({word.word for word in kept} & BEHAVIORS.keys()),
        unfinished=unfinished,
        repeated=frozenset(word for word, count in Counter(word.word for word in kept).items() if count > 1),
    )


def as_carcinoma(query: Query) -> Query | None:
    """A reading of a tumor that is only described ("lung mass, small cell") as a carcinoma."""
    words = {word.word for word in query.words}
    if "neoplasm" not in words or "carcinoma" in words or query.behavior is not None or len(words) < 3:
        return None
    meant = [replace(word, word="carcinoma") if word.word == "neoplasm" else word for word in query.words]
    return replace(query, words=tuple(meant), doubt=TUMOR_NOT_CARCINOMA)


def behavior_of(words: set[str]) -> str | None:
    """The behavior that words name; an invasive tumor with a part in situ is invasive (SEER, Behavior Code).

    >>> behavior_of({"invasive", "insitu"}), behavior_of({"malignant", "insitu"}), behavior_of({"benign"})
    ('3', None, '0')
    """
    behaviors = {BEHAVIORS[word] for word in words}
    if "insitu" in words and words - {"insitu"} <= {"invasive", "microinvasive"} and len(words) > 1:
        return BEHAVIORS["invasive"]
    return behaviors.pop() if len(behaviors) == 1 else None


def graded(text: str) -> str:
    """Without the Gleason score, which only adenocarcinomas of the prostate have.

    >>> graded("prostate ca gleason 3+4=7").strip()
    'prostate adenocarcinoma'
    """
    bare = GLEASON.sub(" ", text)
    if bare == text:
        return bare
    named = bare if "adeno" in bare else UNTYPED.sub("adenocarcinoma", bare)
    if named == bare and len(bare.split()) < 2:
        named += " adenocarcinoma"
    return named if "prost" in bare else f"{named} prostate"


def clock_positions(text: str) -> str:
    """Positions on the clock of a breast as quadrants (SEER, breast: 12, 3, 6 and 9 o'clock overlap quadrants).

    The outer half of the left breast is at 1 to 5 o'clock, that of the right breast at 7 to 11 (facing the patient).

    >>> clock_positions("right breast 10 oclock")
    'right breast upper outer quadrant breast'
    """
    side = next(
        (side for side in ("left", "right") if re.search(rf"\b({side}|{side[0]}t|{side[0]})\b", text)), None
    )

    def quadrant(found: re.Match[str]) -> str:
        hour = int(found[1])
        if not 1 <= hour <= 12 or side is None:
            return " "
        if hour % 3 == 0:
            return "overlapping breast"
        outer = (hour < 6) == OUTER_IS_LATE[side]
        return f"{'upper' if hour in (1, 2, 10, 11) else 'lower'} {'outer' if outer else 'inner'} quadrant breast"

    return CLOCK.sub(quadrant, text)
