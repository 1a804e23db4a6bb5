"""The cases that quality measures are asked of, and each measure's figures by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from registry.analytics.outcomes import measure_figures
from registry.analytics.outcomes.columns import COLUMNS, ITEMS
from registry.analytics.outcomes.measure import Measure
from registry.service.statistics.outcome_cases import Cases, Question, cases

if TYPE_CHECKING:
    from registry.service.operations import Context


def study_of(context: Context, measures: Sequence[Measure], by: str | None, question: Question) -> Cases:
    """The cases of a question with every column that these measures ask about."""
    more = sorted({name for one in measures for name in one.columns() if name not in COLUMNS})
    found = cases(context, replace(question, items=list(dict.fromkeys([*ITEMS, *more]))), by)
    frame = measure_figures.measured(found.frame).filter(pl.col("group").is_not_null())
    if by != "facility":
        found = replace(found, found=found.found.counting(frame.height, "in no group"))
    return replace(found, frame=frame)


def by_group(found: Cases, measure: Measure) -> pl.DataFrame:
    """Figures of one measure by `group`, in the groups' order."""
    said = measure_figures.answers(found.frame, measure)
    both = pl.concat([found.frame.select("group"), said], how="horizontal")
    return measure_figures.figures(both, measure, ["group"])
