"""What a letter may not say to anybody but a physician: no word of cancer, tumor or the diagnosis, in any language."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

MEDICAL = frozenset({"physician"})
"""Addressees whose letters may name the disease."""

NAMES = frozenset({"name", "patient", "person"})
"""Keys of a letter's data that hold what a person is called: Mr Krebs may be written to."""


def plain(text: str) -> str:
    """Lower case, without accents, marks, and characters that are not seen; single letters set apart joined up.

    >>> plain("Ca\u00adnce\u0301R  de  mama"), plain("c a n c e r")
    ('cancer de mama', 'cancer')
    """
    split = unicodedata.normalize("NFKD", text)
    seen = "".join(c for c in split if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    # Composed again, so that scripts whose letters are made of parts are compared whole.
    lower = unicodedata.normalize("NFC", " ".join(seen.casefold().split()))
    return re.sub(r"\b\w(?:[\s.*_-]\w\b){3,}", lambda run: re.sub(r"[\s.*_-]", "", run.group()), lower)


@cache
def _pattern() -> re.Pattern[str]:
    lists = tomllib.loads(Path(__file__).with_name("bans.toml").read_text(encoding="utf-8"))
    anywhere, begins, alone = (
        sorted({re.escape(plain(word)) for word in lists[name]}, key=len, reverse=True)
        for name in ("anywhere", "begins", "alone")
    )
    start, end = r"(?<![^\W\d_])", r"(?![^\W\d_])"
    return re.compile(f"{'|'.join(anywhere)}|{start}(?:{'|'.join(begins)})|{start}(?:{'|'.join(alone)}){end}")


def forbidden(text: str) -> list[str]:
    """The words of the list that a text says, as the list spells them, each once, in order.

    >>> forbidden("St. Mary CANCER Center, Onkologie"), forbidden("Registro de tumores"), forbidden("A cerulean sky")
    (['cancer', 'onkolog'], ['tumor'], [])
    """
    return list(dict.fromkeys(_pattern().findall(plain(text))))


def texts(data: Any, *, but: frozenset[str] = NAMES) -> Iterator[str]:
    """All text of JSON-like data except the values of some keys."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if key not in but:
                yield from texts(value, but=but)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts(value, but=but)


def said(source: str, data: Iterable[str]) -> list[str]:
    """Forbidden words of a template and of what is put into it."""
    return list(dict.fromkeys([*forbidden(source), *(word for text in data for word in forbidden(text))]))
