"""What was probably meant: the nearest code or item id to a value that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Letters that are typed or scanned for digits, and the other way round.
LOOKALIKES = str.maketrans("OoIlSsBbZz", "0011558822")
CLOSE_ENOUGH = 0.7


def nearest(value: str, choices: Iterable[str]) -> str | None:
    """The choice that `value` was probably meant to be, or None when nothing is near.

    Differences in case, points, spaces, leading zeros and look-alike letters come first, then the
    nearest spelling.

    >>> nearest("C5O4", ["C501", "C504", "C514"]), nearest("c50.4", ["C504"]), nearest("1", ["01", "10"])
    ('C504', 'C504', '01')
    """
    known = sorted(choices)
    for form in (_fold, _shape):
        wanted = form(value)
        for choice in known:
            if form(choice) == wanted:
                return choice
    close = difflib.get_close_matches(value, known, n=1, cutoff=CLOSE_ENOUGH)
    return close[0] if close else None


def did_you_mean(found: str | None) -> str:
    """Text to add to a message, or nothing.

    >>> did_you_mean("C504"), did_you_mean(None)
    (' (did you mean C504?)', '')
    """
    return f" (did you mean {found}?)" if found else ""


def _fold(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum()).lstrip("0")


def _shape(text: str) -> str:
    return _fold(text.translate(LOOKALIKES))
