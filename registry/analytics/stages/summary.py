"""One resolved summary stage: from the item that belongs to the year of diagnosis.

Sources: SEER Summary Staging Manual 1977, 2000 and 2018 (codes 2 to 5 are regional, 7 distant); NAACCR Data Standards
and Data Dictionary, items 760, 759, 3020, 764, 762; SEER historic stage (codes as in the derivation of that name).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from registry.analytics.stages.eras import ERAS, FIRST_YEAR
from registry.standards import dates

UNKNOWN: Final = "Unknown or unstaged"
BENIGN: Final = "Benign or borderline"
STAGED: Final = ["In situ", "Localized", "Regional", "Distant"]
GROUPS: Final = [*STAGED, BENIGN, UNKNOWN]

_COMMON: Final = {
    "0": "In situ", "1": "Localized", "2": "Regional", "3": "Regional", "4": "Regional", "7": "Distant", "9": UNKNOWN,
}  # fmt: skip
_CODES: Final = {
    "1977": _COMMON | {"5": "Regional", "8": UNKNOWN},
    "2000": _COMMON | {"5": "Regional", "8": BENIGN},
    "2018": _COMMON | {"8": BENIGN},
    "historic": {"0": "In situ", "1": "Localized", "2": "Regional", "4": "Distant", "9": UNKNOWN},
}
"""Legal codes of a manual → group. 8 is "not applicable" in 1977, benign or borderline since."""


@dataclass(frozen=True)
class Source:
    """One item that may tell the stage: its column, its number, the manual it belongs to, its codes."""

    column: str
    number: str
    era: str
    codes: str

    def key(self, place: int) -> pl.Expr:
        """10 x place + the code where the manual knows it, else null."""
        value = pl.col(self.column).cast(pl.String)
        digit = pl.when(value.str.len_bytes() == 1).then(value.cast(pl.Int16, strict=False))
        return pl.when(digit.is_in([int(code) for code in _CODES[self.codes]])).then(digit + 10 * place)


#: In the order in which they are asked, within an era. Historic stage is no NAACCR item.
SOURCES: Final = [
    Source("summaryStage2018", "764", "2018", "2018"),
    Source("derivedSummaryStage2018", "762", "2018", "2018"),
    Source("seerSummaryStage2000", "759", "2000", "2000"),
    Source("derivedSs2000", "3020", "2000", "2000"),
    Source("seerSummaryStage1977", "760", "1977", "1977"),
    Source("historicStage", "historic", "1977", "historic"),
]
NUMBERS: Final = [source.number for source in SOURCES]
ITEMS: Final = [*[source.column for source in SOURCES], "dateOfDiagnosis"]


def with_stage(frame: pl.DataFrame, *, year: pl.Expr | None = None) -> pl.DataFrame:
    """The frame with the stage of each tumor, its code, the manual and the item it comes from.

    Args:
        frame: one row a tumor with those columns of ITEMS that it has (NAACCR text); others count as blank.
        year: year of diagnosis (default: of `dateOfDiagnosis` as NAACCR writes it).

    Returns:
        The frame and stage (Enum of GROUPS, never null), stage_code (text), stage_era (Enum of ERAS: by year of
        diagnosis, null where that is unknown), stage_source (Enum: number of the item, "historic" for SEER historic
        stage).

    A blank or illegal code lets the next item of the same manual speak; code 9 (unknown) is an answer. Items of
    another manual than the year's are never used, so that stages of one year come from one set of rules.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2019", "20200301", "2010", "1999", None],
    ...     "summaryStage2018": ["3", None, "1", None, "1"], "derivedSummaryStage2018": ["1", "7", None, None, None],
    ...     "seerSummaryStage2000": [None, None, None, "7", None], "derivedSs2000": [None, None, "5", None, None],
    ...     "historicStage": [None, None, None, "4", None]})
    >>> for row in with_stage(tumors).select("stage", "stage_code", "stage_era", "stage_source").rows():
    ...     print(*row)
    Regional 3 2018 764
    Distant 7 2018 762
    Regional 5 2000 3020
    Distant 4 1977 historic
    Unknown or unstaged None None None
    """
    work = frame.select(_era(dates.year("dateOfDiagnosis") if year is None else year).alias("era"))
    told = [
        pl.when(work["era"] == ERAS.index(source.era)).then(source.key(place))
        for place, source in enumerate(SOURCES)
        if source.column in frame.columns
    ]
    key = frame.select(pl.coalesce([*told, pl.lit(None, dtype=pl.Int16)]).alias("key")).to_series()
    if key.len() != frame.height:  # no item at all: one null for all rows
        key = pl.Series("key", [None] * frame.height, dtype=pl.Int16)
    legal = [
        (10 * place + int(code), group)
        for place, source in enumerate(SOURCES)
        for code, group in _CODES[source.codes].items()
    ]
    return frame.with_columns(
        key.replace_strict(
            [number for number, _ in legal],
            [group for _, group in legal],
            default=UNKNOWN,
            return_dtype=pl.Enum(GROUPS),
        ).alias("stage"),
        (key % 10).cast(pl.String).alias("stage_code"),
        work["era"]
        .replace_strict([0, 1, 2], ERAS, default=None, return_dtype=pl.Enum(ERAS))
        .alias("stage_era"),
        (key // 10)
        .replace_strict(range(len(SOURCES)), NUMBERS, default=None, return_dtype=pl.Enum(NUMBERS))
        .alias("stage_source"),
    )


def _era(year: pl.Expr) -> pl.Expr:
    """Place of the manual in ERAS, by year of diagnosis."""
    return pl.sum_horizontal(
        *((year >= FIRST_YEAR[era]).cast(pl.Int8) for era in ERAS[1:]), ignore_nulls=False
    )
