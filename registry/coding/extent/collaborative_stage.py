"""Historic stage of 2004 and later: from Collaborative Stage extension, nodes and metastases."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding.decision_table import DecisionTable, number, whole_number
from registry.coding.extent.stage_tables import (
    DEATH_CERTIFICATE_ONLY,
    REVIEW,
    UNSTAGED,
    leukemia,
    look_up,
    otherwise,
)

_CORPUS, _PLEURA, _BREAST = 62, 49, 58
"""Schemas with rules of their own."""

_PLEURA_RULES = (
    ("100-305", "0 10 999", 1),
    ("100-305", "20 30", 7),
    ("420-650", "0 10 999", 2),
    ("420-650", "20 30", 7),
    ("690-850", "0 10 20 30 999", 7),
    ("950-999", "0 10 999", 9),
    ("950-999", "20 30", 7),
)
"""CS extension, site-specific factor 1 (pleural effusion), extension recode."""


def collaborative_stage() -> pl.Expr:
    """Stage of tumors with site and histology; death certificates only are unstaged but for leukemia.

    Six (review) when extension, nodes or metastases are not numbers, or no table knows them.
    """
    coded = pl.all_horizontal(
        [whole_number(pl.col(item)).is_not_null() for item in ("csExtension", "csLymphNodes", "csMetsAtDx")]
    )
    _, *recodes = collaborative_parts().values()
    stage = look_up("cs_stage", *recodes)
    return (
        pl.when(DEATH_CERTIFICATE_ONLY.fill_null(False) & ~leukemia().fill_null(False))
        .then(pl.lit(UNSTAGED, pl.UInt8))
        .when(coded)
        .then(otherwise(stage, REVIEW))
        .otherwise(pl.lit(REVIEW, pl.UInt8))
    )


def collaborative_parts() -> dict[str, pl.Expr]:
    """Schema, and what extension, nodes and metastases come to in it."""
    schema = look_up("cs_schema", "site", "histology")
    return {
        "schema": schema,
        "extension": _extension(schema),
        "nodes": look_up("cs_nodes", schema, number("csLymphNodes")),
        "metastases": look_up("cs_metastases", schema, number("csMetsAtDx")),
    }


def _extension(schema: pl.Expr) -> pl.Expr:
    """Extension recode: the table's, but for four groups; null asks for review."""
    extension, site, histology = number("csExtension"), pl.col("site"), pl.col("histology")
    recode = look_up("cs_extension", schema, extension)
    outside_blood = (site <= 809) & ~site.is_in([420, 421, 424])
    lymphoid_leukemia = histology.is_in([9823, 9827]) & outside_blood & (extension == 800)
    cervix_involved = pl.col("csSiteSpecificFactor2").is_in(["010", "10"])
    recode = pl.when(lymphoid_leukemia).then(pl.lit(9, pl.UInt8)).otherwise(recode)
    return (
        pl.when((schema == _CORPUS) & (recode == 1) & cervix_involved)
        .then(pl.lit(2, pl.UInt8))
        .when((schema == _BREAST) & extension.is_in([50, 70]))
        .then(
            pl.col("behaviorCodeIcdO3").replace_strict({"2": 0, "3": 1}, default=None, return_dtype=pl.UInt8)
        )
        .when(schema == _PLEURA)
        .then(_pleura().lookup(extension, number("csSiteSpecificFactor1")))
        .otherwise(recode)
    )


@cache
def _pleura() -> DecisionTable:
    axes = ("extension", "factor_1")
    return DecisionTable(axes, [({axes[0]: e, axes[1]: f}, recode) for e, f, recode in _PLEURA_RULES])
