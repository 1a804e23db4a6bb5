"""Historic stage before 2004: from the extent of disease codes (EOD) of each coding system.

Coding system 4: 10 digits (1988-2003); 3: 4 digits; 2: 13 digits; 1 and 0: 2 digits. The expressions
read the numbers `year`, `site` and `histology` and, for 13 and 2 digits, the columns of `digits`.
"""

from __future__ import annotations

import polars as pl

from registry.coding.decision_table import number, sign, whole_number
from registry.coding.extent.stage_tables import (
    DEATH_CERTIFICATE_ONLY,
    DISTANT,
    IN_SITU,
    LOCALIZED,
    NOT_APPLICABLE,
    UNSTAGED,
    leukemia,
    look_up,
    otherwise,
)

_LOS_ANGELES = 1535
_UNKNOWN = 99
"""Recode of extension or nodes that no table of 13 or 2 digits knows."""

_OVARY = pl.col("primarySite").is_in(["C569", "c569", "569"])
_SITE, _HISTOLOGY, _YEAR = pl.col("site"), pl.col("histology"), pl.col("year")


def eod_10_digits() -> pl.Expr:
    """Coding system 4: extension and lymph nodes of the 10-digit code."""
    los_angeles = (whole_number(pl.col("registryId")) == _LOS_ANGELES) & _YEAR.is_between(1988, 1991)
    brain = _SITE.is_between(710, 719) & (
        _HISTOLOGY.is_between(8000, 9529) | _HISTOLOGY.is_between(9540, 9589)
    )
    bladder = _SITE.is_between(670, 679)
    stage = look_up("eod_10_stage", *eod_10_parts().values())
    made = (
        pl.when(los_angeles)
        .then(pl.lit(NOT_APPLICABLE, pl.UInt8))
        .when(DEATH_CERTIFICATE_ONLY)
        .then(pl.when(leukemia()).then(pl.lit(DISTANT, pl.UInt8)).otherwise(pl.lit(UNSTAGED, pl.UInt8)))
        .when(brain)
        .then(pl.lit(UNSTAGED, pl.UInt8))
        .when(bladder & (stage == IN_SITU))
        .then(pl.lit(LOCALIZED, pl.UInt8))
        .otherwise(otherwise(stage, UNSTAGED))
    )
    return _kaposi_before_1984(made)


def eod_10_parts() -> dict[str, pl.Expr]:
    """What extension and nodes come to."""
    extension, nodes = number("eodExtension"), number("eodLymphNodeInvolv")
    recode = look_up("eod_10_extension", "year", "site", "histology", extension)
    behavior = pl.col("behaviorCodeIcdO3")
    breast = _SITE.is_between(500, 509) & (extension == 5)
    skin = (
        _SITE.is_between(440, 449) | _SITE.is_between(510, 519) | _SITE.is_in([600, 601, 602, 608, 609, 632])
    )
    melanoma = skin & _HISTOLOGY.is_between(8720, 8790) & (nodes == 3) & (extension == 99)
    recode = (
        pl.when(melanoma)
        .then(pl.lit(3, pl.UInt8))
        .when(breast & (behavior == "2"))
        .then(pl.lit(1, pl.UInt8))
        .when(breast & (behavior == "3"))
        .then(pl.lit(2, pl.UInt8))
        .otherwise(recode)
    )
    return {"extension": recode, "nodes": look_up("eod_10_nodes", "site", "histology", nodes)}


def eod_4_digits() -> pl.Expr:
    """Coding system 3: size (2 digits), extension and nodes; blank extension or nodes count as 99."""
    size = pl.col("eodOld4Digit").str.slice(0, 2)
    extension, nodes = (_fourth_digits(place) for place in (2, 3))
    ovary = _OVARY & (size == "02") & extension.is_between(1, _UNKNOWN)
    stage = look_up("eod_4_stage", "histology", "site", extension, nodes)
    made = pl.when(ovary).then(pl.lit(DISTANT, pl.UInt8)).otherwise(otherwise(stage, UNSTAGED))
    return _with_exceptions(made)


def _fourth_digits(place: int) -> pl.Expr:
    digit = pl.col("eodOld4Digit").str.slice(place, 1).str.strip_chars()
    return pl.when(digit != "").then(sign(digit)).otherwise(pl.lit(_UNKNOWN, pl.UInt32))


def eod_13_digits() -> pl.Expr:
    """Coding system 2: 13 digits; lung, melanoma and bladder have tables of their own."""
    skin = _SITE.is_between(440, 447) | _SITE.is_between(510, 519) | _SITE.is_between(600, 609)
    melanoma = skin & _HISTOLOGY.is_between(8720, 8799)
    stage = (
        pl.when(~_HISTOLOGY.is_between(8000, 9589))
        .then(pl.lit(UNSTAGED, pl.UInt8))
        .when(_SITE.is_between(340, 349))
        .then(look_up("eod_13_lung", *_digits(*range(4, 14))))
        .when(melanoma)
        .then(look_up("eod_13_melanoma", "site", *_digits(5, 6, 9, 10, 11, 12, 13)))
        .when(_SITE.is_between(670, 679))
        .then(look_up("eod_13_bladder", *_digits(5, 6, 7, 9, 10, 11, 12, 13)))
        .otherwise(_eod_13_general())
    )
    complete = pl.col("eodOld13Digit").str.len_chars() == 13
    return _with_exceptions(pl.when(complete).then(otherwise(stage, UNSTAGED)))


def _eod_13_general() -> pl.Expr:
    extension = look_up("eod_13_extension", "site", *_digits(4, 5, 6, 7, 8, 13))
    nodes = look_up("eod_13_nodes", "site", *_digits(7, 8, 9, 10, 11, 12))
    return look_up("eod_13_stage", "site", otherwise(extension, _UNKNOWN), otherwise(nodes, _UNKNOWN))


def eod_2_digits() -> pl.Expr:
    """Coding system 1: stage from the 2 digits directly, else by way of extension and nodes."""
    first, second = "digit_1", "digit_2"
    extension = look_up("eod_2_extension", "histology", "site", first, second)
    nodes = pl.when(_HISTOLOGY.is_between(8000, 9589)).then(look_up("eod_2_nodes", "site", first, second))
    by_way = look_up(
        "eod_2_stage", "site", "histology", otherwise(extension, _UNKNOWN), otherwise(nodes, _UNKNOWN)
    )
    return _of_two_digits(pl.coalesce(look_up("eod_2_direct", "site", "histology", first, second), by_way))


def eod_oldest() -> pl.Expr:
    """Coding system 0: stage from the 2 digits of the oldest cases."""
    return _of_two_digits(look_up("eod_0_stage", "site", "histology", "digit_1", "digit_2"))


def another_system() -> pl.Expr:
    """No stage is made for an EOD coding system that is not 0 to 4."""
    return _kaposi_before_1984(pl.lit(None, pl.UInt8))


def _of_two_digits(stage: pl.Expr) -> pl.Expr:
    """Unstaged when the code is not two characters or no table knows it, no stage when it is blank."""
    length = pl.col("eodOld2Digit").str.len_chars()
    known = pl.when(length == 2).then(stage)
    return _with_exceptions(pl.when(length.is_not_null()).then(otherwise(known, UNSTAGED)))


def digits(item: str, count: int) -> dict[str, pl.Expr]:
    """The first characters of a code, each a column `digit_1`, `digit_2`, … of values of an axis."""
    return {f"digit_{n + 1}": sign(pl.col(item).str.slice(n, 1)) for n in range(count)}


def _digits(*places: int) -> list[str]:
    return [f"digit_{place}" for place in places]


def _with_exceptions(stage: pl.Expr) -> pl.Expr:
    """Leukemia, lymphoma and brain come first, by reporting source, site and histology."""
    return _kaposi_before_1984(pl.coalesce(*exception_parts().values(), stage))


def exception_parts() -> dict[str, pl.Expr]:
    """Stage that comes before the extent codes, null for most tumors."""
    source = number("typeOfReportingSource")
    return {"rule for leukemia, lymphoma and brain": look_up("eod_exceptions", source, "site", "histology")}


def _kaposi_before_1984(stage: pl.Expr) -> pl.Expr:
    """Kaposi sarcoma (9140) diagnosed to 1983 is unstaged, whatever was coded."""
    early = (_HISTOLOGY == 9140) & (_YEAR <= 1983)
    return pl.when(early).then(pl.lit(UNSTAGED, pl.UInt8)).otherwise(stage)
