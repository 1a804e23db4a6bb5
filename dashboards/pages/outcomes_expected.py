"""Observed against expected deaths: what each group's mix of stages, sites and ages would have given at average care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, outcome_words, panel
from dashboards.components.figures import funnel, look, shares
from dashboards.components.messages import empty

if TYPE_CHECKING:
    from dashboards.pages.outcomes import Asked

_OPERATION: Final = "outcomes.oe"
_KINDS: Final = {"ratios": "Ratios", "funnel": "Funnel"}


def show(page: Asked) -> None:
    """Ratios with exact limits, or a funnel around 1."""
    a, b, c, _rest = page.chosen.row([2.4, 1.6, 3.4, 2])
    kind = page.chosen.one_of(a, "Show", _KINDS, "expected_kind", _KINDS)
    years = page.chosen.one_of(b, "Deaths within", [1, 2, 3, 5], "within", _years(), default=5)
    mix = {str(k): str(v) for k, v in (page.known.get("mix") or {}).items()}
    usual = [name for name in ("stage", "site", "age") if name in mix]
    held = page.chosen.several(
        c, "Expected from", list(mix), "mix", mix, default=usual, nothing="Choose at least one"
    )
    asked = page.arguments | {"years": years, "mix": held or usual}
    with st.spinner("Counting…", show_time=False):
        answer = door.figures(_OPERATION, **asked)
    names = choices.facilities()
    table = answer["table"].with_columns(name=pl.col("group").cast(pl.String).replace(names))
    if not table["ratio"].drop_nulls().len():
        empty("No ratio can be shown.", f"Hospitals with counts under {answer['threshold']} are hidden.")
        panel.about(answer)
        return
    if kind == "ratios":
        rows = table.sort("ratio", descending=True, nulls_last=True).head(outcome_words.MOST_ROWS)
        figure = shares.with_limits(
            rows.with_columns(value=pl.col("ratio")),
            x_title="Observed / expected deaths",
            reference=1.0,
            reference_name="as expected",
            log=True,
            bars=False,
        )
    else:
        points = table.with_columns(n=pl.col("expected"), value=pl.col("ratio")).pipe(funnel.judged)
        figure = funnel.funnel(
            points,
            answer["lines"].with_columns(n=pl.col("expected")),
            benchmark=1.0,
            benchmark_name="as expected",
            x_title="Expected deaths",
            y_title="Observed / expected",
            percent=False,
        )
    panel.show(
        figure,
        answer,
        key=f"outcomes_expected_{kind}",
        title=f"Observed and expected deaths within {_years()[years]} of diagnosis, by hospital",
        operation=_OPERATION,
        arguments=asked,
        pick=lambda found: found["table"],
        table=_table(table, int(answer["threshold"])),
        columns={},
    )
    panel.about(answer)


def _years() -> dict[int, str]:
    return {n: f"{n} year{'s' if n > 1 else ''}" for n in (1, 2, 3, 5)}


def _table(table: pl.DataFrame, threshold: int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Hospital": row["name"],
                "Patients": look.count(row["patients"], threshold),
                "Observed deaths": look.count(row["observed"], threshold),
                "Expected": f"{row['expected']:,.1f}" if look.is_known(row["expected"]) else "hidden",
                "Ratio (95 % limits)": _ratio(row["ratio"], row["lower"], row["upper"]),
            }
            for row in table.iter_rows(named=True)
        ]
    )


def _ratio(value: float | None, lower: float | None, upper: float | None) -> str:
    if not look.is_known(value):
        return "hidden"
    return f"{value:.2f} ({lower:.2f}–{upper:.2f})" if look.is_known(lower) else f"{value:.2f}"
