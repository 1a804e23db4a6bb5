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
from registry.coding.ranges import ranges
from registry.coding.recodes import death_reasons, groups
from registry.coding.recodes.recode_table import RecodeTable
from registry.coding.recodes.site import site_recode_table

REVISIONS = ("8", "9", "1")
SEQUENCES = ("0", "1-59")
_NOT_DEAD = 3
LAST_SEQUENCE = 59
_NO_YEAR, _NO_REVISION = 9999, 9
UNKNOWN_CAUSES = ("7777", "7797")
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

_SEQUENCE, _REVISION = pl.col("sequenceNumberCentral"), pl.col("icdRevisionNumber")
PREPARED |= {
    "@sequence_central": pl.when(~_SEQUENCE.str.starts_with("+")).then(
        _SEQUENCE.cast(pl.UInt16, strict=False)
    ),
    "@last_contact_year": pl.col("dateOfLastContact").str.slice(0, 4).cast(pl.Int32, strict=False),
    "@cause_of_death": pl.col("causeOfDeath").cast(pl.Categorical),
    "@icd_revision": pl.when(_REVISION == "8")
    .then(pl.lit(0, pl.UInt8))
    .when(_REVISION == "9")
    .then(1)
    .when(_REVISION == "1")
    .then(2)
    .when(_REVISION == "0")
    .then(_NOT_DEAD),
}
"""Numbers that all versions need, made once. A revision is its place in REVISIONS."""


@dataclass(frozen=True)
class _Causes:
    """Rules of one version as look-ups: does a cause count, by (revision, sequence, recode, kind)?

    Texts lie on the ends of ranges or between two; each of `counts` has a column for every such place.
    """

    recodes: RecodeTable
    kind_of: npt.NDArray[np.uint8]
    """Histology 0 to 9999 (and 65535 for none) → kind."""
    ends: tuple[list[str], list[str]]
    counts: tuple[Flags, Flags]
    """Rows: revision × sequence × answer of the site recode × kind of histology; columns: places."""

    def table(self, texts: Sequence[str]) -> tuple[Flags, npt.NDArray[np.int32]]:
        """Group × kind of cause: does it count? And the kind of each text: causes, in any case, that no
        rule tells apart.
        """
        upper = [text.upper() for text in texts]
        three, four = (
            np.array([_place(ends, text[:length]) for text in upper])
            for ends, length in zip(self.ends, (3, None), strict=True)
        )
        _, one_of_each, kinds = np.unique(
            three * self.counts[1].shape[1] + four, return_index=True, return_inverse=True
        )
        counts = self.counts[0][:, three[one_of_each]] | self.counts[1][:, four[one_of_each]]
        return counts, kinds.astype(np.int32)


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


def _states(version: str, cutoff_year: int) -> pl.Expr:
    """The state of each tumor."""
    causes = _causes(version)
    sites = causes.recodes.columns()
    names = ["@sequence_central", "@last_contact_year", "@icd_revision", "@cause_of_death", "@histology"]

    def judge(columns: Sequence[pl.Series]) -> pl.Series:
        sequence = columns[0].fill_null(LAST_SEQUENCE + 1).to_numpy()
        year = columns[1].fill_null(_NO_YEAR).to_numpy()
        revision = columns[2].fill_null(_NO_REVISION).to_numpy()
        cause, texts = _distinct(columns[3])
        kind = causes.kind_of.take(columns[4].fill_null(65_535).to_numpy())
        group = np.minimum(revision, len(REVISIONS) - 1).astype(np.int32) * len(SEQUENCES) + (sequence > 0)
        group = group * np.int32(len(causes.recodes.answers[0])) + causes.recodes.numbers(columns[5:])
        group = group * np.int32(int(causes.kind_of.max()) + 1) + kind
        counts, kind_of_cause = causes.table(texts)
        died = counts.ravel().take(group * np.int32(counts.shape[1]) + kind_of_cause.take(cause))
        state = np.where(died & (revision < len(REVISIONS)), np.uint8(CANCER), np.uint8(OTHER))
        unknown = [len(text) < 3 or text in UNKNOWN_CAUSES for text in texts]
        state[np.array(unknown).take(cause)] = NO_CAUSE
        state[(revision == _NOT_DEAD) | ((year != _NO_YEAR) & (year > cutoff_year))] = ALIVE
        state[sequence > LAST_SEQUENCE] = NOT_APPLICABLE
        return pl.Series(state)

    return pl.map_batches([pl.col(name) for name in (*names, *sites)], judge, return_dtype=pl.UInt8)


def _distinct(causes: pl.Series) -> tuple[npt.NDArray[np.int32], list[str]]:
    """The place of each cause in a list of all, and the list; blank is its first."""
    distinct = causes.unique().drop_nulls()
    codes = distinct.to_physical().to_numpy()
    places = np.zeros(int(codes.max(initial=0)) + 2, dtype=np.int32)
    places[codes] = np.arange(1, len(codes) + 1)
    filled = causes.to_physical().fill_null(len(places) - 1).to_numpy()
    return places.take(filled), ["", *distinct.cast(pl.String)]


def _steps(version: str, cutoff_year: int, *outputs: str) -> list[dict[str, pl.Expr]]:
    values = zip(outputs, (_SPECIFIC, _OTHER), strict=True)
    return [
        {"@state": _states(version, cutoff_year)},
        {name: pl.lit(value).gather(pl.col("@state")) for name, value in values},
    ]


@derivation(
    "cause-specific-2008",
    version="2008 site recode, tables before the correction of 2025-10",
    inputs=_INPUTS,
    outputs=["cause_specific_2008", "other_2008"],
    source=_SOURCE,
    labels=groups.labels,
    why=lambda record: death_reasons.why("2008", record),
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
    labels=groups.labels,
    why=lambda record: death_reasons.why("2008-fixed", record),
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
    labels=groups.labels,
    why=lambda record: death_reasons.why("2023", record),
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
