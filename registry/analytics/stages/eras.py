"""Which summary stage manual a tumor was staged by, and whether figures over several may be compared.

Source: SEER Program, Summary Staging Manual 2000 (diagnoses from 2001) and 2018 (diagnoses from 2018).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: Manual → first year of diagnosis that it is for.
FIRST_YEAR: Final = {"1977": 0, "2000": 2001, "2018": 2018}
ERAS: Final = list(FIRST_YEAR)


def eras_between(first: int, last: int) -> list[str]:
    """Manuals in use in these years of diagnosis.

    >>> eras_between(1999, 2005), eras_between(2018, 2018)
    (['1977', '2000'], ['2018'])
    """
    ends = [*[year - 1 for year in list(FIRST_YEAR.values())[1:]], 9999]
    return [
        era
        for (era, start), end in zip(FIRST_YEAR.items(), ends, strict=True)
        if start <= last and end >= first
    ]


def comparability(eras: Iterable[str | None]) -> str | None:
    """The sentence that a figure must show when its tumors were staged by different manuals; None when by one.

    >>> comparability(["2018", None, "2018"])
    >>> comparability(["2000", "2018"]).split(";")[0]
    'Stages come from the SEER summary stage manuals of 2000 and 2018'
    """
    found = sorted({era for era in eras if era is not None})
    if len(found) < 2:
        return None
    starts = [str(FIRST_YEAR[era]) for era in found[1:]]
    return (
        f"Stages come from the SEER summary stage manuals of {_listed(found)}; rules for what is localized, regional "
        f"and distant changed with diagnoses of {_listed(starts)}, so a change of shares or of survival by stage "
        "across these years may come from the rules alone."
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
