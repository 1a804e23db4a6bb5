"""Time from diagnosis to treatment: percentiles of those treated, and the share of all who have begun by each day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import outcome_words, panel
from dashboards.components.figures import look, shares, survival
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_OPERATION: Final = "outcomes.time"
_KINDS: Final = {"percentiles": "Percentiles of those treated", "begun": "Begun by day, of all"}


def show(page: Asked) -> None:
    """Percentiles as bars, or curves of who has begun."""
    a, b, c, _rest = page.chosen.row([2.4, 2, 2.8, 2])
    treatments = {str(k): str(v) for k, v in page.known["treatments"].items()}
    of = page.chosen.one_of(a, "Time to", treatments, "of", treatments)
    by = page.by(b, "time_by", default="site")
    kind = page.chosen.one_of(c, "Show", _KINDS, "time_kind", _KINDS)
    asked = page.arguments | {"of": of, "by": by}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_OPERATION, **asked)
    table, curve = answer["table"], answer["curve"]
    groups = outcome_words.groups_of(answer, table)
    if not table["p50"].drop_nulls().len():
        empty("No percentile can be shown.", f"Groups under {answer['threshold']} are hidden; choose wider.")
        panel.about(answer)
        return
    if kind == "percentiles":
        rows = table.with_columns(name=pl.col("group").cast(pl.String)).filter(pl.col("p50").is_not_null())
        figure = shares.percentiles(rows.head(outcome_words.MOST_ROWS), x_title="Days from diagnosis")
    else:
        shown = [group for group in groups if group in set(look.names(curve["group"]))]
        if len(shown) > look.MOST_GROUPS:
            usual = shown[:4]
            picked = page.chosen.several(
                st, "Curves", shown, "time_shown", default=usual, most=look.MOST_GROUPS
            )
            shown = picked or usual
        figure = survival.over_days(curve, shown, y_title="Treatment begun, of all")
    panel.show(
        figure,
        answer,
        key=f"outcomes_time_{kind}",
        title=page.title(f"Days from diagnosis to {treatments[of].lower()}", by),
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, int(answer["threshold"])),
        columns={},
    )
    panel.about(answer)


def _table(table: pl.DataFrame, threshold: int) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for row in table.iter_rows(named=True):
        told = {
            "Group": str(row["group"]),
            "All": look.count(row["total"], threshold),
            "Treated": look.count(row["treated"], threshold),
            "10th": outcome_words.days(row["p10"]),
            "25th": outcome_words.days(row["p25"]),
            "Median": outcome_words.days(row["p50"]),
            "75th": outcome_words.days(row["p75"]),
            "90th": outcome_words.days(row["p90"]),
        }
        for day in (30, 60, 90):
            told[f"Begun by day {day}"] = outcome_words.share(row[f"begun_{day}"])
        rows.append(told)
    return pl.DataFrame(rows)
