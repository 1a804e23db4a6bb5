"""Stage from the two items that most registries have alone; `registry.analytics.stages` has the whole rule."""

from __future__ import annotations

import polars as pl

from registry.analytics.stages import GROUPS, with_stage

__all__ = ["GROUPS", "ITEMS", "stage_group"]
ITEMS = ["summaryStage2018", "seerSummaryStage2000", "dateOfDiagnosis"]


def stage_group() -> pl.Expr:
    """One of GROUPS: Summary Stage 2018 [764] from 2018, Summary Stage 2000 [759] for 2001-2017.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2019", "2010"], "summaryStage2018": ["3", None],
    ...     "seerSummaryStage2000": ["1", "7"]})
    >>> tumors.select(stage_group()).to_series().to_list()
    ['Regional', 'Distant']
    """
    return (
        pl.struct(ITEMS)
        .map_batches(
            lambda rows: with_stage(rows.struct.unnest())["stage"].cast(pl.String), return_dtype=pl.String
        )
        .alias("stage")
    )
