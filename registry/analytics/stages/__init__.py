"""Stage as figures use it: one summary stage over all years, and AJCC groups apart with their edition."""

from __future__ import annotations

from registry.analytics.stages.ajcc import (
    AJCC_GROUPS,
    AJCC_ITEMS,
    EDITIONS,
    ajcc_comparability,
    with_ajcc,
)
from registry.analytics.stages.eras import ERAS, comparability, eras_between
from registry.analytics.stages.summary import GROUPS, ITEMS, SOURCES, STAGED, with_stage

__all__ = [
    "AJCC_GROUPS",
    "AJCC_ITEMS",
    "EDITIONS",
    "ERAS",
    "GROUPS",
    "ITEMS",
    "SOURCES",
    "STAGED",
    "ajcc_comparability",
    "comparability",
    "eras_between",
    "with_ajcc",
    "with_stage",
]
