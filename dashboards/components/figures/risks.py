"""Competing risks: cumulative incidence stacked, so that the causes and those alive fill the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go
    import polars as pl

#: A grid that all causes share: stacked areas need the same points.
_POINTS = 240


def stacked(
    curve: pl.DataFrame, causes: Sequence[str], *, x_title: str = "Years since diagnosis"
) -> go.Figure:
    """Areas of one group: each cause's share of people so far; above them those alive.

    `curve` has cause, years, estimate (share of 1).
    """
    import plotly.graph_objects as go

    last = float(str(curve["years"].max() or 1.0))
    grid = [last * n / _POINTS for n in range(_POINTS + 1)]
    drawn: list[Any] = []
    for index, cause in enumerate(causes):
        mark = look.mark(index)
        values = _at(look.rows_of(curve, cause, "cause"), grid)
        drawn.append(
            go.Scatter(
                x=grid,
                y=values,
                mode="lines",
                stackgroup="all",
                name=look.words(look.short(cause)),
                line={"color": mark.colour, "width": 1.5, "shape": "hv"},
                fillcolor=look.pale(mark.colour, 0.45),
                fillpattern={
                    "shape": mark.pattern,
                    "bgcolor": look.pale(mark.colour, 0.45),
                    "fgcolor": mark.colour,
                    "fgopacity": 0.5,
                    "size": 9,
                    "solidity": 0.15,
                },
                hovertemplate="%{fullData.name}<br>%{x:.1f} years: %{y:.1%}<extra></extra>",
            )
        )
    shown = look.figure(drawn, 400)
    shown.update_layout(showlegend=True, legend_traceorder="normal")
    shown.update_xaxes(
        title_text=x_title, range=[0, last], dtick=next((s for s in (1, 2, 5, 10) if last / s <= 12), 20)
    )
    shown.update_yaxes(title_text="Share of all", range=[0, 1], tickformat=".0%")
    return shown


def _at(rows: pl.DataFrame, grid: Sequence[float]) -> list[float]:
    """The curve's value at each point of the grid: that of the last step, 0 before the first."""
    import polars as pl

    steps = rows.select("years", "estimate").drop_nulls().sort("years")
    asked = pl.DataFrame({"years": list(grid)}).with_columns(pl.col("years").set_sorted())
    found = asked.join_asof(
        steps.with_columns(pl.col("years").cast(pl.Float64).set_sorted()), on="years", strategy="backward"
    )
    return found["estimate"].fill_null(0.0).to_list()
