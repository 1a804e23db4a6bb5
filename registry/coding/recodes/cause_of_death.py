"""SEER cause-specific death classification: did the patient die of this cancer or of another cause?

The rules are data (`cause_of_death_rules.csv`): for each ICD revision, kind of sequence number and site
recode the causes of death that count as the cancer's. Causes are compared as texts, at three and at
four characters. A death is of the cancer when any rule says so.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from registry.coding import reference
from registry.coding.derivation import Outputs, derivation
from registry.coding.numbers import PREPARED
from registry.coding.range_table import ranges
from registry.coding.recodes.recode_table import RecodeTable
from registry.coding.recodes.site import site_recode_table

REVISIONS = ("8", "9", "1")
SEQUENCES = ("0", "1-59")
LAST_SEQUENCE = 59
UNKNOWN_CAUSES = ["7777", "7797"]
"""Death certificate not available, or without a cause."""

ALIVE, CANCER, OTHER, NO_CAUSE, NOT_APPLICABLE = range(5)
_SPECIFIC = pl.Series(["0", "1", "0", "8", "9"])
_OTHER = pl.Series(["0", "0", "1", "8", "9"])
"""The two outputs by state."""

_INPUTS = [
    "sequenceNumberCentral",
    "icdRevisionNumber",
    "causeOfDeath",
    "primarySite",
    "histologicTypeIcdO3",
    "dateOfLastContact",
]
_INPUTS_2023 = [*_INPUTS, "behaviorCodeIcdO3", "dateOfDiagnosis"]
_SOURCE = "https://seer.cancer.gov/causespecific/"
_AS_OF = {"as_of": dt.date(2020, 6, 30)}

Flags = npt.NDArray[np.bool_]

_SEQUENCE = pl.col("sequenceNumberCentral")
PREPARED["@sequence_central"] = (
    pl.when(~_SEQUENCE.str.starts_with("+"))
    .then(_SEQUENCE.cast(pl.UInt16, strict=False))
    .fill_null(LAST_SEQUENCE + 1)
)
PREPARED["@last_contact_year"] = pl.col("dateOfLastContact").str.slice(0, 4).cast(pl.Int32, strict=False)
PREPARED["@cause_of_death"] = pl.col("causeOfDeath").cast(pl.Categorical)
_REVISION = pl.col("icdRevisionNumber")
PREPARED["@icd_revision"] = (
    pl.when(_REVISION == "8")
    .then(pl.lit(0, pl.UInt8))
    .when(_REVISION == "9")
    .then(1)
    .when(_REVISION == "1")
    .then(2)
)


@dataclass(frozen=True)
class _Causes:
    """Rules of one version as look-ups: does a cause count, by (revision, sequence, recode, kind)?

    Texts lie on the ends of ranges or between two; `three` and `four` have a column for each such place.
    """

    recodes: RecodeTable
    kind_of: npt.NDArray[np.uint8]
    """Histology 0 to 9999 (and 65535 for none) → kind."""
    ends: tuple[list[str], list[str]]
    counts: tuple[Flags, Flags]
    """Rows: revision × sequence × answer of the site recode × kind of histology; columns: places."""

    def died_of_it(self, group: npt.NDArray[np.int64], causes: pl.Series) -> Flags:
        """Whether each cause (categorical, at least 3 characters, any case) counts in its row of `counts`."""
        distinct = causes.unique()
        texts = [text.upper() for text in distinct.cast(pl.String)]
        codes, number = causes.to_physical().to_numpy(), distinct.to_physical().to_numpy()
        result = np.zeros(len(causes), dtype=bool)
        for length, ends, counts in zip((3, None), self.ends, self.counts, strict=True):
            places = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int64)
            places[number] = [_place(ends, text[:length]) for text in texts]
            result |= counts.ravel().take(group * counts.shape[1] + places.take(codes))
        return result


def _place(ends: list[str], text: str) -> int:
    at = bisect_left(ends, text)
    return 2 * at + (at < len(ends) and ends[at] == text)


@cache
def _causes(version: str) -> _Causes:
    rows = [
        row
        for row in reference.table("cause_of_death_rules.csv").iter_rows(named=True)
        if version in row["versions"].split()
    ]
    recodes = site_recode_table("2023" if version == "2023" else "2008")
    kinds = _kinds([row["histologies_in"] or row["histologies_out"] or "" for row in rows])
    _, one_of_each = np.unique(kinds, return_index=True)
    answers = recodes.answers[0].to_list()
    parsed = [[_pairs(row["causes_3"]), _pairs(row["causes_4"])] for row in rows]
    three, four = (
        sorted({end for pair in parsed for low_high in pair[n] for end in low_high}) for n in (0, 1)
    )
    ends = (three, four)
    shape = (len(REVISIONS), len(SEQUENCES), len(answers), int(kinds.max()) + 1)
    counts = tuple(np.zeros((*shape, 2 * len(ends[n]) + 1), dtype=bool) for n in (0, 1))
    for row, pairs in zip(rows, parsed, strict=True):
        place = (REVISIONS.index(row["icd_revision"]), SEQUENCES.index(row["sequence"]))
        sites = [n for n, code in enumerate(answers) if row["site_recode"] in (None, code)]
        wanted = np.flatnonzero(_meant(row["histologies_in"], row["histologies_out"])[one_of_each])
        for n in (0, 1):
            for low, high in pairs[n]:
                span = slice(_place(ends[n], low), _place(ends[n], high) + 1)
                for site in sites:
                    counts[n][*place, site, wanted, span] = True
    at_three, at_four = (table.reshape(-1, table.shape[-1]) for table in counts)
    return _Causes(recodes, kinds, ends, (at_three, at_four))


def _pairs(text: str | None) -> list[tuple[str, str]]:
    parts = (part.partition("-") for part in (text or "").split())
    return [(low, high or low) for low, _, high in parts]


def _meant(included: str | None, excluded: str | None) -> Flags:
    """Histologies (0 to 9999, then none at all) that a rule means."""
    flags = np.full(65_536, not included)
    for low, high in ranges(included or excluded):
        flags[low : high + 1] = bool(included)
    return flags


def _kinds(lists: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Histologies in kinds that no rule tells apart."""
    number = np.zeros(65_536, dtype=np.int64)
    for bit, text in enumerate(dict.fromkeys(lists)):
        number += _meant(text, None).astype(np.int64) << bit
    _, kinds = np.unique(number, return_inverse=True)
    return kinds.astype(np.uint8)


def _before_the_cause(cutoff_year: int) -> pl.Expr:
    """The state as far as it doesn't depend on which cause it was; OTHER = to be judged."""
    year, cause = pl.col("@last_contact_year"), pl.col("causeOfDeath")
    after_the_study = (year != 9999) & (year > cutoff_year)
    no_cause = cause.is_null() | (cause.str.len_chars() < 3) | cause.is_in(UNKNOWN_CAUSES)
    return (
        pl.when(pl.col("@sequence_central") > LAST_SEQUENCE)
        .then(pl.lit(NOT_APPLICABLE, pl.UInt8))
        .when((pl.col("icdRevisionNumber") == "0") | after_the_study)
        .then(pl.lit(ALIVE, pl.UInt8))
        .when(no_cause)
        .then(pl.lit(NO_CAUSE, pl.UInt8))
        .otherwise(pl.lit(OTHER, pl.UInt8))
    )


def _judged(version: str) -> pl.Expr:
    """The state with deaths judged by their cause."""
    causes = _causes(version)
    sites = causes.recodes.columns()
    names = ["@state", "@sequence_central", "@icd_revision", "@cause_of_death", "@histology", *sites]

    def judge(columns: Sequence[pl.Series]) -> pl.Series:
        state = columns[0].to_numpy().copy()
        rows = pl.Series(np.flatnonzero((columns[2].is_not_null() & (columns[0] == OTHER)).to_numpy()))
        rows = rows.cast(pl.UInt32)
        several, revision, cause, histology = (column.gather(rows) for column in columns[1:5])
        recode = causes.recodes.numbers(columns[5:]).take(rows.to_numpy())
        kind = causes.kind_of.take(histology.fill_null(65_535).to_numpy())
        group = revision.cast(pl.Int64).to_numpy() * len(SEQUENCES) + (several.to_numpy() > 0)
        group = group * len(causes.recodes.answers[0]) + recode
        group = group * (int(causes.kind_of.max()) + 1) + kind
        state[rows.to_numpy()[causes.died_of_it(group, cause)]] = CANCER
        return pl.Series(state)

    return pl.map_batches([pl.col(name) for name in names], judge, return_dtype=pl.UInt8)


def _steps(version: str, cutoff_year: int, *outputs: str) -> list[dict[str, pl.Expr]]:
    state = pl.col("@state")
    values = zip(outputs, (_SPECIFIC, _OTHER), strict=True)
    return [
        {"@state": _before_the_cause(cutoff_year)},
        {"@state": _judged(version)},
        {name: pl.lit(value).gather(state) for name, value in values},
    ]


@derivation(
    "cause-specific-2008",
    version="2008 site recode, tables before the correction of 2025-10",
    inputs=_INPUTS,
    outputs=["cause_specific_2008", "other_2008"],
    source=_SOURCE,
    examples=[
        "00 | 1 | C509 | C509 | 8500 | 2015 | 1 | 0",
        "00 | 1 | C349 | C509 | 8500 | 2015 | 1 | 0",
        "00 | 1 | I219 | C509 | 8500 | 2015 | 0 | 1",
        "00 | 1 | D489 | C509 | 8500 | 2015 | 1 | 0",
        "00 | 1 | D490 | C509 | 8500 | 2015 | 0 | 1",
        "00 | 1 | B220 | C020 | 8070 | 2015 | 1 | 0",
        "01 | 1 | C349 | C509 | 8500 | 2015 | 0 | 1",
        "01 | 1 | C509 | C509 | 8500 | 2015 | 1 | 0",
        "59 | 1 | C80 | C509 | 8500 | 2015 | 1 | 0",
        "60 | 1 | C509 | C509 | 8500 | 2015 | 9 | 9",
        "99 | 1 | C509 | C509 | 8500 | 2015 | 9 | 9",
        " | 1 | C509 | C509 | 8500 | 2015 | 9 | 9",
        "00 | 0 | 0000 | C509 | 8500 | 2015 | 0 | 0",
        "00 | 1 | C509 | C509 | 8500 | 202101 | 0 | 0",
        "00 | 1 | C509 | C509 | 8500 | 9999 | 1 | 0",
        "00 | 1 | C509 | C509 | 8500 |  | 1 | 0",
        "00 | 1 | 7777 | C509 | 8500 | 2015 | 8 | 8",
        "00 | 1 | 7797 | C509 | 8500 | 2015 | 8 | 8",
        "00 | 1 |  | C509 | 8500 | 2015 | 8 | 8",
        "00 | 1 | C5 | C509 | 8500 | 2015 | 8 | 8",
        "00 |  | C509 | C509 | 8500 | 2015 | 0 | 1",
        "00 | 1 | c509 | C509 | 8500 | 2015 | 1 | 0",
        "01 | 1 | C439 | C509 | 8720 | 2015 | 1 | 0",
        "01 | 1 | C439 | C509 | 8500 | 2015 | 0 | 1",
        "01 | 1 | D46 | C421 | 9989 | 2015 | 1 | 0",
        "01 | 1 | D619 | C809 | 8000 | 2015 | 1 | 0",
        "01 | 8 | 2322 | C509 | 8720 | 1975 | 1 | 0",
        "01 | 8 | 2321 | C509 | 8720 | 1975 | 0 | 1",
        "01 | 9 | 232 | C509 | 8720 | 1985 | 1 | 0",
        "00 | 9 | 0422 | C509 | 8500 | 1985 | 1 | 0",
        "00 | 9 | 2390 | C509 | 8500 | 1985 | 1 | 0",
        "01 | 9 | 0429 | C210 | 8070 | 1990 | 1 | 0",
        "01 | 9 | 0422 | C210 | 8070 | 1990 | 1 | 0",
    ],
    parameters=_AS_OF,
)
def cause_specific_2008(as_of: dt.date, cutoff_year: int | None = None) -> Outputs:
    """Death of this cancer, or of another cause, by the 2008 site recode.

    Codes: 0 no, 1 yes, 8 cause missing, 9 no sequence number from 00 to 59. Alive: ICD revision 0, or last
    contact after the cutoff year (the year of `as_of` when none is given); vital status is not read. Until
    2025-10 the published table counted every death of HIV disease (ICD-9 042) after anal cancer as death of
    the cancer; this version keeps that, so that older results can be repeated.
    """
    return _steps("2008", cutoff_year or as_of.year, "cause_specific_2008", "other_2008")


@derivation(
    "cause-specific-2008-fixed",
    version="2008 site recode, tables with the correction of 2025-10",
    inputs=_INPUTS,
    outputs=["cause_specific_2008_fixed", "other_2008_fixed"],
    source=_SOURCE,
    examples=[
        "00 | 1 | C509 | C509 | 8500 | 2015 | 1 | 0",
        "00 | 1 | I219 | C509 | 8500 | 2015 | 0 | 1",
        "60 | 1 | C509 | C509 | 8500 | 2015 | 9 | 9",
        "00 | 0 | 0000 | C509 | 8500 | 2015 | 0 | 0",
        "01 | 9 | 0429 | C210 | 8070 | 1990 | 0 | 1",
        "01 | 9 | 0422 | C210 | 8070 | 1990 | 1 | 0",
    ],
    parameters=_AS_OF,
)
def cause_specific_2008_fixed(as_of: dt.date, cutoff_year: int | None = None) -> Outputs:
    """The same with the corrected row: after anal cancer only HIV with malignancy (ICD-9 042.2) counts."""
    return _steps("2008-fixed", cutoff_year or as_of.year, "cause_specific_2008_fixed", "other_2008_fixed")


@derivation(
    "cause-specific-2023",
    version="2023 site recode",
    inputs=_INPUTS_2023,
    outputs=["cause_specific_2023", "other_2023"],
    source=_SOURCE,
    examples=[
        "00 | 1 | C509 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "00 | 1 | C349 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "00 | 1 | I219 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "00 | 1 | D489 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "00 | 1 | D490 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "00 | 1 | B220 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "01 | 1 | C349 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "01 | 1 | C509 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "59 | 1 | C80 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "60 | 1 | C509 | C509 | 8500 | 2015 | 3 | 2010 | 9 | 9",
        "99 | 1 | C509 | C509 | 8500 | 2015 | 3 | 2010 | 9 | 9",
        " | 1 | C509 | C509 | 8500 | 2015 | 3 | 2010 | 9 | 9",
        "00 | 0 | 0000 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 0",
        "00 | 1 | C509 | C509 | 8500 | 202101 | 3 | 2010 | 0 | 0",
        "00 | 1 | C509 | C509 | 8500 | 9999 | 3 | 2010 | 1 | 0",
        "00 | 1 | C509 | C509 | 8500 |  | 3 | 2010 | 1 | 0",
        "00 | 1 | 7777 | C509 | 8500 | 2015 | 3 | 2010 | 8 | 8",
        "00 | 1 | 7797 | C509 | 8500 | 2015 | 3 | 2010 | 8 | 8",
        "00 | 1 |  | C509 | 8500 | 2015 | 3 | 2010 | 8 | 8",
        "00 | 1 | C5 | C509 | 8500 | 2015 | 3 | 2010 | 8 | 8",
        "00 |  | C509 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "00 | 1 | c509 | C509 | 8500 | 2015 | 3 | 2010 | 1 | 0",
        "01 | 1 | C439 | C509 | 8720 | 2015 | 3 | 2010 | 1 | 0",
        "01 | 1 | C439 | C509 | 8500 | 2015 | 3 | 2010 | 0 | 1",
        "01 | 1 | D46 | C421 | 9989 | 2015 | 3 | 2010 | 1 | 0",
        "01 | 1 | D619 | C809 | 8000 | 2015 | 3 | 2010 | 1 | 0",
        "01 | 8 | 2322 | C509 | 8720 | 1975 | 3 | 2010 | 1 | 0",
        "01 | 8 | 2321 | C509 | 8720 | 1975 | 3 | 2010 | 0 | 1",
        "01 | 9 | 232 | C509 | 8720 | 1985 | 3 | 2010 | 1 | 0",
        "00 | 9 | 0422 | C509 | 8500 | 1985 | 3 | 2010 | 1 | 0",
        "00 | 9 | 2390 | C509 | 8500 | 1985 | 3 | 2010 | 1 | 0",
    ],
    parameters=_AS_OF,
)
def cause_specific_2023(as_of: dt.date, cutoff_year: int | None = None) -> Outputs:
    """Death of this cancer, or of another cause, by the 2023 site recode.

    The site recode needs behavior and diagnosis year; without them only the rules for any cancer hold.
    """
    return _steps("2023", cutoff_year or as_of.year, "cause_specific_2023", "other_2023")
