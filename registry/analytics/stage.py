"""Stage as figures use it: summary stage in four groups, from the item of the diagnosis year."""

from __future__ import annotations

import polars as pl

from registry.standards import dates

ITEMS = ["summaryStage2018", "seerSummaryStage2000", "dateOfDiagnosis"]
GROUPS = ["In situ", "Localized", "Regional", "Distant", "Benign or borderline", "Unknown or unstaged"]
_NAMES = {
    "0": "In situ", "1": "Localized", "2": "Regional", "3": "Regional", "4": "Regional", "5": "Regional",
    "7": "Distant", "8": "Benign or borderline", "9": "Unknown or unstaged",
}  # fmt: skip


def stage_group() -> pl.Expr:
    """One of GROUPS: Summary Stage 2018 [764] from 2018, Summary Stage 2000 [759] for 2001-2017.

    Source: SEER Summary Staging Manual 2018 and 2000 (codes 2-5 are regional, 7 distant).

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2019", "2010"], "summaryStage2018": ["3", None],
    ...     "seerSummaryStage2000": ["1", "7"]})
    >>> tumors.select(stage_group()).to_series().to_list()
    ['Regional', 'Distant']
    """
    code = (
        pl.when(dates.year("dateOfDiagnosis") >= 2018)
        .then(pl.col("summaryStage2018"))
        .otherwise(pl.coalesce("seerSummaryStage2000", "summaryStage2018"))
    )
    return code.replace_strict(_NAMES, default="Unknown or unstaged", return_dtype=pl.String).alias("stage")
