"""AJCC stage groups, never mixed: each with the edition of the manual and the basis it was assigned on.

Groups of two editions are not comparable (a tumor may move between groups without any change in the patient), so an
edition is part of the answer. Sources: AJCC Cancer Staging Manual, editions 6 (2002), 7 (2010), 8 (2017) and the
Version 9 protocols; NAACCR items 910, 970, 1060, 1004, 1014, 3000, 3430, 3645, 3646; storage codes of derived groups:
Collaborative Stage Data Collection System 02.05. Pathological before clinical: as the analytic stage group of the
National Cancer Database does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from registry.standards import dates

UNKNOWN: Final = "Unknown"
NOT_APPLICABLE: Final = "Not applicable"
AJCC_GROUPS: Final = ["0", "I", "II", "III", "IV", "Occult", NOT_APPLICABLE, UNKNOWN]
EDITIONS: Final = ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
BASES: Final = ["pathological", "clinical", "derived"]
AJCC_ITEMS: Final = [
    "ajccTnmPathStageGroup", "ajccTnmClinStageGroup", "npcrDerivedAjcc8TnmPathStgGrp", "npcrDerivedAjcc8TnmClinStgGrp",
    "tnmPathStageGroup", "tnmClinStageGroup", "tnmEditionNumber", "derivedAjcc7StageGrp", "derivedAjcc6StageGrp",
    "schemaId", "dateOfDiagnosis",
]  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One item that may tell the group; it speaks for diagnoses since 2018 or before, with or without edition."""

    item: str
    basis: str
    since: bool = False
    edition: int | None = None
    edition_known: bool | None = None
    digits: int = 0

    def applies(self) -> pl.Expr:
        """Whether it may speak, over columns `since` and `edition`."""
        wanted = pl.col("since") == self.since
        if self.edition_known is None:
            return wanted
        return wanted & (pl.col("edition").is_not_null() == self.edition_known)


#: In the order in which they are asked.
WAYS: Final = [
    Way("ajccTnmPathStageGroup", "pathological", since=True),
    Way("ajccTnmClinStageGroup", "clinical", since=True),
    Way("npcrDerivedAjcc8TnmPathStgGrp", "derived", since=True, edition=8),
    Way("npcrDerivedAjcc8TnmClinStgGrp", "derived", since=True, edition=8),
    Way("tnmPathStageGroup", "pathological", edition_known=True),
    Way("tnmClinStageGroup", "clinical", edition_known=True),
    Way("derivedAjcc7StageGrp", "derived", edition=7, digits=3),
    Way("derivedAjcc6StageGrp", "derived", edition=6, digits=2),
    Way("tnmPathStageGroup", "pathological", edition_known=False),
    Way("tnmClinStageGroup", "clinical", edition_known=False),
]
#: First two digits of a derived code (one of the 6th edition has two, one of the 7th three) → group.
_STORAGE: Final = [
    (0, 2, "0"),
    (10, 24, "I"),
    (30, 43, "II"),
    (50, 63, "III"),
    (70, 74, "IV"),
    (90, 90, "Occult"),
]


def with_ajcc(frame: pl.DataFrame, *, year: pl.Expr | None = None) -> pl.DataFrame:
    """The frame with the AJCC group of each tumor, its edition, code and basis.

    Args:
        frame: one row a tumor with those columns of AJCC_ITEMS that it has (NAACCR text); others count as blank.
        year: year of diagnosis (default: of `dateOfDiagnosis` as NAACCR writes it).

    Returns:
        The frame and ajcc_group (Enum of AJCC_GROUPS, never null), ajcc_edition (Enum of EDITIONS; null where no
        group is recorded or its edition is not), ajcc_code (as recorded), ajcc_basis (Enum of BASES).

    From 2018: assigned groups [1014, 1004], else those NPCR derives [3646, 3645]; edition 9 when the schema is one of
    Version 9 (its id begins with 09), else 8. Before: assigned groups [910, 970] whose edition [1060] is recorded,
    else the derived ones of edition 7 [3430] or 6 [3000], else assigned groups without edition. A group that says
    something goes before one that says unknown (99) or not applicable (88).

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2020", "2021", "2012", "2016"],
    ...     "ajccTnmPathStageGroup": ["99", "1A2", None, None], "ajccTnmClinStageGroup": ["3B", "2", None, None],
    ...     "schemaId": ["00480", "09520", None, None], "derivedAjcc7StageGrp": [None, None, "320", "100"],
    ...     "tnmClinStageGroup": [None, None, None, "4"], "tnmEditionNumber": [None, None, None, "07"]})
    >>> for row in with_ajcc(tumors).select("ajcc_group", "ajcc_edition", "ajcc_code", "ajcc_basis").rows():
    ...     print(*row)
    III 8 3B clinical
    I 9 1A2 pathological
    II 7 320 derived
    IV 7 4 clinical
    """
    since = (dates.year("dateOfDiagnosis") if year is None else year) >= 2018
    blank = pl.lit(None, dtype=pl.String)
    absent = [blank.alias(item) for item in AJCC_ITEMS if item not in frame.columns]
    work = frame.with_columns(*absent, since=since).select("since", pl.col(AJCC_ITEMS[:-1]).cast(pl.String))
    edition = pl.col("tnmEditionNumber").str.extract(r"^[0U]([1-9])$").cast(pl.Int8)
    work = work.with_columns(
        edition=pl.when("since")
        .then(pl.when(pl.col("schemaId").str.starts_with("09")).then(9).otherwise(8))
        .otherwise(edition)
    )
    work = work.with_columns(
        pl.when(way.applies()).then(_places(work[way.item], way.digits)).alias(f"told{place}")
        for place, way in enumerate(WAYS)
    )
    silent, size = AJCC_GROUPS.index(NOT_APPLICABLE), len(AJCC_GROUPS)
    told = [pl.col(f"told{place}") for place in range(len(WAYS))]
    staged = [pl.when(group < silent).then(group + size * place) for place, group in enumerate(told)]
    work = work.with_columns(
        key=pl.coalesce(*staged, *(group + size * place for place, group in enumerate(told)))
    )
    way, group = pl.col("key") // size, pl.col("key") % size
    numbers = range(len(WAYS))
    return frame.with_columns(
        work.select(
            group.replace_strict(
                range(size), AJCC_GROUPS, default=UNKNOWN, return_dtype=pl.Enum(AJCC_GROUPS)
            ).alias("ajcc_group"),
            pl.coalesce(
                way.replace_strict(
                    numbers, [way.edition for way in WAYS], default=None, return_dtype=pl.Int8
                ),
                pl.when(way.is_not_null()).then("edition"),
            )
            .replace_strict(range(1, 10), EDITIONS, default=None, return_dtype=pl.Enum(EDITIONS))
            .alias("ajcc_edition"),
            pl.coalesce(pl.when(way == place).then(one.item) for place, one in enumerate(WAYS)).alias(
                "ajcc_code"
            ),
            way.replace_strict(
                numbers, [way.basis for way in WAYS], default=None, return_dtype=pl.Enum(BASES)
            ).alias("ajcc_basis"),
        ).get_columns()
    )


def _places(codes: pl.Series, digits: int) -> pl.Series:
    """Place of each code's group in AJCC_GROUPS; null where it is none."""
    distinct = codes.drop_nulls().unique()
    groups = [group_of_code(code, digits) for code in distinct]
    places = [None if group is None else AJCC_GROUPS.index(group) for group in groups]
    return codes.replace_strict(distinct, places, default=None, return_dtype=pl.Int16)


def group_of_code(code: str, digits: int = 0) -> str | None:
    """Group of one code: as registrars write it (0), or derived with two (edition 6) or three digits (edition 7).

    >>> [group_of_code(code) for code in ["0IS", "1A2", "IIIB", "4C", "OC", "88", "99", "?"]]
    ['0', 'I', 'III', 'IV', 'Occult', 'Not applicable', 'Unknown', None]
    >>> group_of_code("12", 2), group_of_code("888", 3), group_of_code("12", 3)
    ('I', 'Not applicable', None)
    """
    written = code.strip().upper()
    special = {"88": NOT_APPLICABLE, "99": UNKNOWN}.get(written[:2] if digits else written)
    if digits:
        if len(written) != digits or not written.isdecimal():
            return None
        number = int(written[:2])
        return special or next((group for low, high, group in _STORAGE if low <= number <= high), None)
    if special or written.startswith("OC"):
        return special or "Occult"
    found = re.match(r"(IV|I{1,3})|([0-4])(?!\d)", written)
    if not found:
        return None
    return found[1] or AJCC_GROUPS[int(found[2])]


def ajcc_comparability(editions: Iterable[str | None]) -> str | None:
    """The sentence that a figure must show when its groups belong to several editions; None when to one.

    >>> ajcc_comparability(["8", "8", None])
    >>> ajcc_comparability(["7", "8"])
    'AJCC groups of the editions 7 and 8 are not the same groups: look at each edition by itself.'
    """
    found = sorted({edition for edition in editions if edition is not None})
    if len(found) < 2:
        return None
    return (
        f"AJCC groups of the editions {', '.join(found[:-1])} and {found[-1]} are not the same groups: "
        "look at each edition by itself."
    )
