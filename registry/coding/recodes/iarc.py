"""IARC/IACR rules for multiple primaries (July 2004): which tumors of a patient count as primaries.

All tumors of a patient are looked at together, in order of diagnosis. The first that is not in situ is
a primary; a later one is the same primary when it has the same site group and the same or an
unspecific histology group, or when both are Kaposi sarcomas or blood cancers of one lineage. A primary
takes over a more specific histology of its duplicates before it is compared with the next tumor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from registry.coding.derivation import derivation
from registry.coding.ranges import ranges
from registry.coding.recodes.tumor_order import NO_DAY, NO_MONTH, NO_YEAR, Diagnoses, in_order

DUPLICATE, PRIMARY, IN_SITU = 0, 1, 9
_OTHER_LISTS = range(60, 98)
"""Sequence numbers of non-malignant or locally reportable tumors sort after the others."""

SITE_GROUPS = (
    ("C01", "C02"),
    ("C00", "C03", "C04", "C05", "C06"),
    ("C09", "C10", "C12", "C13", "C14"),
    ("C19", "C20"),
    ("C23", "C24"),
    ("C33", "C34"),
    ("C40", "C41"),
    ("C65", "C66", "C67", "C68"),
)
"""Categories that count as one site; every other category stands alone."""

HISTOLOGY_GROUPS = (
    # 1 squamous and transitional, 2 basal, 3 adeno-, 4 other specific, 5 unspecified carcinoma
    (1, "8051-8084 8120-8131"),
    (2, "8090-8110"),
    (3, "8140-8149 8160-8162 8190-8221 8260-8337 8350-8551 8570-8576 8940-8941"),
    (4, "8030-8046 8150-8157 8170-8180 8230-8255 8340-8347 8560-8562 8580-8671"),
    (5, "8010-8015 8020-8022 8050"),
    # 6 sarcoma and other soft tissue, 7 mesothelioma
    (6, "8680-8713 8800-8921 8990-8991 9040-9044 9120-9125 9130-9136 9141-9252 9370-9373 9540-9582"),
    (7, "9050-9055"),
    # 8 myeloid, 9 B-cell, 10 T- and NK-cell, 11 Hodgkin, 12 mast-cell, 13 histiocytic, 14 unspecified
    (8, "9840 9861-9931 9945-9946 9950 9961-9964 9980-9987 9991-9992"),
    (9, "9597 9670-9699 9712 9728 9731-9738 9761-9767 9769 9811-9818 9823-9826 9833 9836 9940"),
    (10, "9700-9726 9729 9768 9827-9831 9834 9837 9948"),
    (11, "9650-9667"),
    (12, "9740-9742"),
    (13, "9750-9759"),
    (14, "9590-9591 9596 9727 9760 9800-9809 9820 9832 9835 9860 9960 9965-9975 9989"),
    # 15 Kaposi sarcoma, 16 other specified, 17 unspecified cancer
    (15, "9140"),
    (16, "8720-8790 8930-8936 8950-8983 9000-9030 9060-9110 9260-9365 9380-9539"),
    (17, "8000-8005"),
)
_UNSPECIFIC = {17: (*range(1, 8), 15, 16), 14: tuple(range(8, 14)), 5: tuple(range(1, 5))}
"""Unspecified group → the groups for which it may stand."""
_GROUPS = 18

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@cache
def _tables() -> tuple[Flags, Flags, Flags]:
    """By groups of two tumors: the same primary anywhere, at the same site; is the second specific?"""
    anywhere = np.eye(_GROUPS, dtype=bool)
    same_site = np.eye(_GROUPS, dtype=bool)
    more_specific = np.zeros((_GROUPS, _GROUPS), dtype=bool)
    anywhere[:8, :8] = anywhere[16:, 16:] = False
    anywhere[8:15, 14] = anywhere[14, 8:15] = True
    for unspecific, groups in _UNSPECIFIC.items():
        same_site[unspecific, groups] = same_site[groups, unspecific] = True
        more_specific[unspecific, groups] = True
    return anywhere, same_site, more_specific


@cache
def _histology_groups() -> Ints:
    """Group of each histology 0 to 9999; 0 = none."""
    groups = np.zeros(10_000, dtype=np.int64)
    for group, text in HISTOLOGY_GROUPS:
        for low, high in ranges(text):
            groups[low : high + 1] = group
    return groups


def _per_text(texts: pl.Series, meaning: Callable[[str], int], blank: int) -> Ints:
    """A number for each text, worked out once for each distinct one."""
    distinct = texts.drop_nulls().unique()
    meant = pl.Series([meaning(text) for text in distinct], dtype=pl.Int64)
    found = texts.replace_strict(distinct, meant, default=blank, return_dtype=pl.Int64)
    return found.to_numpy()


def _digits(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() else otherwise


def _site_group(text: str) -> int:
    """A number for the site group; 0 when there is no category."""
    category = text.upper()[:3]
    if len(category) < 3:
        return 0
    first = next((group[0] for group in SITE_GROUPS if category in group), category)
    return int.from_bytes(first.encode()[:7], "big")


def _sequence(text: str) -> int:
    number = _digits(text, -1)
    return number + 100 if number in _OTHER_LISTS else number


def _diagnoses(tumors: pl.DataFrame) -> Diagnoses:
    """Parts of full and partial dates, and sequence numbers."""
    texts = tumors.get_column("dateOfDiagnosis")

    def part(start: int, length: int, unknown: int) -> Ints:
        def meaning(text: str) -> int:
            return _digits(text, unknown) if len(text) == length else unknown

        return _per_text(texts.str.slice(start, length), meaning, unknown)

    year, month, day = part(0, 4, NO_YEAR), part(4, 2, NO_MONTH), part(6, 2, NO_DAY)
    sequence = _per_text(tumors.get_column("sequenceNumberCentral"), _sequence, -1)
    return Diagnoses(year, month, np.where(month == NO_MONTH, NO_DAY, day), sequence)


def _duplicates(patient: Ints, site: Ints, group: Ints, histology: Ints) -> Ints:
    """Place of the earlier tumor of the patient that each is the same primary as; -1 for primaries.

    All patients at once, one primary of each a round.

    Args:
        patient: number of the patient, rows of one together in order of diagnosis.
        site: site group. group: histology group. histology: ICD-O-3 histology.
    """
    anywhere, same_site, more_specific = _tables()
    same_as = np.full(len(patient), -1)
    rows = np.arange(len(patient))
    while rows.size:
        open_ = rows[same_as[rows] < 0]
        _, first = np.unique(patient[open_], return_index=True)
        primaries = open_[first]
        rows = rows[np.isin(patient[rows], patient[primaries], assume_unique=False)]
        own = np.searchsorted(patient[primaries], patient[rows])
        later = rows > primaries[own]
        rows, own = rows[later], own[later]
        state_group, state_histology = group[primaries].copy(), histology[primaries].copy()
        todo, at = rows, own
        while todo.size:
            now = state_group[at]
            alike = anywhere[now, group[todo]] | (
                same_site[now, group[todo]] & (site[primaries[at]] == site[todo])
            )
            takes_over = alike & (
                more_specific[now, group[todo]]
                | ((now == group[todo]) & (state_histology[at] < histology[todo]))
            )
            who, where = np.unique(at[takes_over], return_index=True)
            stops = np.full(len(primaries), len(patient))
            stops[who] = todo[takes_over][where]
            settled = todo <= stops[at]
            found = settled & alike & (same_as[todo] < 0)
            same_as[todo[found]] = primaries[at[found]]
            state_group[who], state_histology[who] = group[stops[who]], histology[stops[who]]
            todo, at = todo[~settled], at[~settled]
    return same_as


@derivation(
    "iarc-multiple-primaries",
    version="July 2004, ICD-O third edition",
    inputs=[
        "patientIdNumber",
        "primarySite",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "dateOfDiagnosis",
        "sequenceNumberCentral",
    ],
    outputs=["iarcMp"],
    source="http://www.iacr.com.fr/images/doc/MPrules_july2004.pdf",
    examples=[
        "1 | C509 | 8500 | 3 | 20100101 | 01 | 1",
        "1 | C504 | 8520 | 3 | 20150101 | 02 | 0",
        "2 | C182 | 8140 | 3 | 20100101 | 01 | 1",
        "2 | C209 | 8140 | 3 | 20120101 | 02 | 1",
        "3 | C199 | 8140 | 3 | 20100101 | 01 | 1",
        "3 | C209 | 8140 | 3 | 20120101 | 02 | 0",
        "4 | C509 | 8500 | 2 | 20100101 | 00 | 9",
        "5 | C679 | 8130 | 2 | 20100101 | 00 | 1",
        "6 | C445 | 9140 | 3 | 20100101 | 01 | 1",
        "6 | C341 | 9140 | 3 | 20110101 | 02 | 0",
        "7 | C421 | 9800 | 3 | 20100101 | 01 | 1",
        "7 | C421 | 9861 | 3 | 20110101 | 02 | 0",
        "7 | C421 | 9823 | 3 | 20120101 | 03 | 1",
        "8 | C341 | 8000 | 3 | 20120101 | 02 | 0",
        "8 | C349 | 8070 | 3 | 2012 | 01 | 1",
        "9 | C341 | 8140 | 3 | 20120101 | 60 | 0",
        "9 | C349 | 8140 | 3 | 2012 | 02 | 1",
        " | C509 | 8500 | 3 | 20100101 | 01 | 1",
        " | C509 | 8500 | 3 | 20120101 | 02 | 1",
        "10 | C509 | 8500 |  | 2010 |  | 9",
        "10 |  |  | 3 | 2011 |  | 1",
    ],
)
def iarc_multiple_primaries(frame: pl.DataFrame) -> pl.DataFrame:
    """Primary (1), same primary as another tumor of the patient (0), or in situ (9), by the rules for
    international comparisons.

    Bladder tumors count whatever their behavior; a tumor without behavior counts as in situ. Sequence
    numbers 60 to 97 come last among tumors of one day or without a full date.
    """
    state = np.where(_is_in_situ(frame), IN_SITU, PRIMARY)
    state[same_primary_as(frame).to_numpy() >= 0] = DUPLICATE
    return pl.DataFrame({"iarcMp": pl.Series(state).cast(pl.String)})


def same_primary_as(frame: pl.DataFrame) -> pl.Series:
    """Row of the primary with which each tumor is counted; -1 for primaries and tumors that don't count.

    Args:
        frame: the derivation's inputs, one tumor a row.

    >>> tumors = pl.DataFrame({"patientIdNumber": ["1", "1"], "primarySite": ["C504", "C509"],
    ...     "histologicTypeIcdO3": ["8520", "8500"], "behaviorCodeIcdO3": ["3", "3"],
    ...     "dateOfDiagnosis": ["20150101", "20100101"], "sequenceNumberCentral": ["02", "01"]})
    >>> same_primary_as(tumors).to_list()
    [1, -1]
    """
    primary = np.full(frame.height, -1)
    patient = frame.get_column("patientIdNumber").cast(pl.Categorical).to_physical()
    several = (patient.is_duplicated() & patient.is_not_null()).arg_true()
    if len(several):
        numbers = patient.gather(several).cast(pl.Int64).to_numpy()
        rows = several.to_numpy().astype(np.int64)
        found = _same_as_earlier(frame[several], numbers, ~_is_in_situ(frame)[rows])
        primary[rows] = np.where(found < 0, -1, rows[found])
    return pl.Series(primary)


def _is_in_situ(frame: pl.DataFrame) -> Flags:
    """Behavior other than malignant, bladder tumors aside."""
    site, behavior = frame.get_column("primarySite"), frame.get_column("behaviorCodeIcdO3")
    bladder = site.str.to_uppercase().str.starts_with("C67").fill_null(False)
    in_situ: Flags = ((behavior != "3").fill_null(True) & ~bladder).to_numpy()
    return in_situ


def _same_as_earlier(tumors: pl.DataFrame, patient: Ints, counted: Flags) -> Ints:
    """Row of the earlier tumor that each tumor is the same primary as, else -1; patients with several."""
    order = in_order(patient, _diagnoses(tumors))
    site = _per_text(tumors.get_column("primarySite"), _site_group, 0)
    histology = _per_text(tumors.get_column("histologicTypeIcdO3"), lambda text: _digits(text, 0), 0)
    group = _histology_groups()[np.where(histology < 10_000, histology, 0)]
    compared = order[(counted & (site > 0) & (group > 0))[order]]
    found = _duplicates(patient[compared], site[compared], group[compared], histology[compared])
    same_as = np.full(tumors.height, -1)
    later = found >= 0
    same_as[compared[later]] = compared[found[later]]
    return same_as
