"""Worst prognosis first: the order of tumors that were diagnosed at the same time.

STORE ("Sequence Number") gives the lowest number to the tumor with the worst prognosis, and leaves the order to
the registrar when no difference is evident. The stated rule here: the farthest stage first (stage group or summary
stage, whichever says more), then the higher behavior, then the tumor that was registered first.
"""

from __future__ import annotations

import polars as pl

GROUP_ITEMS = (
    "ajccTnmPathStageGroup", "ajccTnmClinStageGroup", "ajccTnmPostTherapyStageGroup", "tnmPathStageGroup",
    "tnmClinStageGroup",
)  # fmt: skip
SUMMARY_ITEMS = (
    "summaryStage2018",
    "derivedSummaryStage2018",
    "seerSummaryStage2000",
    "seerSummaryStage1977",
)
STAGE_ITEMS = (*GROUP_ITEMS, *SUMMARY_ITEMS)

_GROUPS = {"IV": 40, "III": 30, "II": 20, "I": 10, "4": 40, "3": 30, "2": 20, "1": 10, "0": 0}
_SUMMARY = {"7": 40, "5": 25, "4": 25, "3": 25, "2": 20, "1": 10, "0": 0}
_UNKNOWN = 5  # between in situ and localized: an unstaged invasive tumor is not better than one in situ


def extent(columns: list[str]) -> pl.Expr:
    """How far a tumor has spread (0 in situ to 40 distant), by its stage items among `columns`; 5 when unknown.

    >>> frame = pl.DataFrame({"summaryStage2018": ["7", "1", "9"], "ajccTnmClinStageGroup": ["", "3A", "99"]})
    >>> frame.select(extent(frame.columns).alias("extent"))["extent"].to_list()
    [40, 30, 5]
    """
    found = [_group(name) for name in GROUP_ITEMS if name in columns]
    found += [
        pl.col(name).str.strip_chars().replace_strict(_SUMMARY, default=None, return_dtype=pl.Int32)
        for name in SUMMARY_ITEMS
        if name in columns
    ]
    return pl.max_horizontal(*found, pl.lit(None, pl.Int32)).fill_null(_UNKNOWN)


def _group(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars().str.to_uppercase()
    known = pl.when(~text.is_in(["88", "99"])).then(text.str.extract(r"^(IV|III|II|I|[0-4])"))
    return known.replace_strict(_GROUPS, default=None, return_dtype=pl.Int32)
