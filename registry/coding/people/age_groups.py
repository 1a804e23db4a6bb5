"""Other groupings of age at diagnosis that SEER*Stat users expect, beside the 19 groups of `age`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from registry.coding.derivation import derivation
from registry.coding.people.age import STARTS

OLDEST = 120


@dataclass(frozen=True)
class Grouping:
    """Groups of age.

    Attributes:
        starts: first age of each group, ascending; the last is open.
        codes: code of each group.
        unknown: code of an unknown age.
    """

    starts: tuple[int, ...]
    codes: tuple[str, ...]
    unknown: str

    def labels(self) -> dict[str, str]:
        """Code → ages, such as "60-64"."""
        labels: dict[str, str] = {}
        for (first, following), code in zip(pairwise((*self.starts, OLDEST)), self.codes, strict=True):
            last = following - 1
            labels[code] = (
                f"{first}+" if following == OLDEST else str(first) if first == last else f"{first}-{last}"
            )
        return {**labels, self.unknown: "Unknown"}

    def of(self, age: pl.Expr) -> pl.Expr:
        """Code of each age, a number; unknown where it is null or above 120."""
        places = [sum(start <= year for start in self.starts) - 1 for year in range(OLDEST + 1)]
        codes = pl.Series("code", [self.codes[place] for place in places])
        known = age.is_between(0, OLDEST)
        return pl.lit(codes).gather(pl.when(known).then(age)).fill_null(pl.lit(self.unknown))


def _numbered(starts: tuple[int, ...], first: int = 0) -> Grouping:
    return Grouping(starts, tuple(f"{first + place:02d}" for place in range(len(starts))), "99")


GROUPINGS = {
    "age_group_18": _numbered((0, *STARTS[2:]), first=1),
    "age_group_20": _numbered((*STARTS, 90)),
    "age_single_90": _numbered(tuple(range(91))),
    "age_survival_standard": Grouping((0, 15, 45, 55, 65, 75), tuple("012345"), "9"),
    "age_survival_standard_prostate": Grouping((0, 15, 55, 65, 75, 85), tuple("012345"), "9"),
}


def _labels(output: str) -> Mapping[str, str]:
    return GROUPINGS[output].labels()


@derivation(
    "age-recodes",
    version="SEER*Stat 2024",
    inputs=["ageAtDiagnosis"],
    outputs=list(GROUPINGS),
    source="seer.cancer.gov/seerstat/variables (age recodes, age standard for survival); Corazziari et al. 2004 "
    "(standards of ICSS)",
    labels=_labels,
    examples=[
        "000 | 01 | 00 | 00 | 0 | 0",
        "004 | 01 | 01 | 04 | 0 | 0",
        "005 | 02 | 02 | 05 | 0 | 0",
        "014 | 03 | 03 | 14 | 0 | 0",
        "015 | 04 | 04 | 15 | 1 | 1",
        "044 | 09 | 09 | 44 | 1 | 1",
        "045 | 10 | 10 | 45 | 2 | 1",
        "054 | 11 | 11 | 54 | 2 | 1",
        "055 | 12 | 12 | 55 | 3 | 2",
        "074 | 15 | 15 | 74 | 4 | 3",
        "085 | 18 | 18 | 85 | 5 | 5",
        "089 | 18 | 18 | 89 | 5 | 5",
        "090 | 18 | 19 | 90 | 5 | 5",
        "120 | 18 | 19 | 90 | 5 | 5",
        "121 | 99 | 99 | 99 | 9 | 9",
        "999 | 99 | 99 | 99 | 9 | 9",
        " | 99 | 99 | 99 | 9 | 9",
        "62 | 99 | 99 | 99 | 9 | 9",
        "+62 | 99 | 99 | 99 | 9 | 9",
    ],
)
def age_recodes() -> dict[str, pl.Expr]:
    """Ages as 18 groups (0-4 together), 20 groups (to 90+), single years (to 90+) and survival standards.

    The survival standards are 15-44, 45-54, 55-64, 65-74, 75+ as 1 to 5, for prostate 15-54, 55-64,
    65-74, 75-84, 85+; 0 is below 15, for whom adult standards are not meant.
    """
    written = pl.col("ageAtDiagnosis").str.contains("^[0-9]{3}$")
    age = pl.when(written).then(pl.col("ageAtDiagnosis").cast(pl.UInt16, strict=False))
    return {name: grouping.of(age) for name, grouping in GROUPINGS.items()}
