"""Forest plot: hazard ratios with their limits on a logarithmic axis, the numbers written beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look
from dashboards.components.theme import ACCENT, INK, LINE
from dashboards.components.words import probability

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl


def forest(frame: pl.DataFrame, *, x_title: str = "Hazard ratio") -> go.Figure:
    """One row a term, first row on top.

    `frame` has name, hazard_ratio, lower, upper, p; a reference level has hazard_ratio 1 and no limits, what is hidden
    has none at all.
    """
    import plotly.graph_objects as go

    rows = list(frame.iter_rows(named=True))
    lines: tuple[list[Any], list[Any]] = ([], [])
    for place, row in enumerate(rows):
        if look.is_known(row["lower"]) and look.is_known(row["upper"]):
            lines[0].extend([row["lower"], row["upper"], None])
            lines[1].extend([place, place, None])
    told = [ratio(row) for row in rows]
    drawn = [
        go.Scatter(x=lines[0], y=lines[1], mode="lines", line={"color": INK, "width": 1.6}, hoverinfo="skip"),
        go.Scatter(
            x=[row["hazard_ratio"] for row in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker={
                "symbol": ["square-open" if not look.is_known(row["lower"]) else "square" for row in rows],
                "size": 10,
                "color": ACCENT,
            },
            customdata=[f"{look.words(row['name'])}: {text}" for row, text in zip(rows, told, strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
        ),
    ]
    shown = look.figure(drawn, 90 + 28 * max(len(rows), 1))
    shown.update_layout(showlegend=False, margin={"r": 210})
    shown.add_vline(1, line={"color": "#9fb1af", "width": 1.2})
    known = [1.0, *(row[name] for row in rows for name in ("hazard_ratio", "lower", "upper"))]
    axis = look.log_axis(known, room=1.2)
    shown.update_xaxes(title_text=f"{x_title}, log scale", showgrid=True, gridcolor=LINE, **axis)
    shown.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[look.words(look.short(row["name"], 38)) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        tickfont={"size": 12},
    )
    for place, text in enumerate(told):
        shown.add_annotation(
            x=1,
            xref="paper",
            y=place,
            text=text,
            xanchor="left",
            xshift=10,
            showarrow=False,
            font={"size": 12},
        )
    return shown


def ratio(row: dict[str, Any]) -> str:
    """A hazard ratio in words.

    >>> ratio({"hazard_ratio": 1.532, "lower": 1.2, "upper": 1.96, "p": 0.0004})
    '1.53 (1.20–1.96), p < 0.001'
    >>> ratio({"hazard_ratio": 1.0, "lower": None, "upper": None, "p": None})
    'reference'
    """
    if not look.is_known(row["hazard_ratio"]):
        return "not shown"
    if not look.is_known(row["lower"]):
        return "reference"
    return f"{row['hazard_ratio']:.2f} ({row['lower']:.2f}–{row['upper']:.2f}), {probability(row['p'])}"
