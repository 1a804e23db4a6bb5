"""Figures of the overview and quality pages: bars, each with one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.components.theme import ACCENT, CHART_CONFIG, COLOURS, LINE, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go
    import polars as pl

OTHERS = "All others"
#: The rest is no group of its own: it is drawn paler.
REST = "#a9c4c1"


def draw(figure: go.Figure, *, key: str, alt: str, camera: bool = True) -> None:
    """Show a figure in the house's look; `alt` says it in words; `camera`: with Plotly's own button for a picture."""
    config = dict(CHART_CONFIG)
    if not camera:
        config["modeBarButtonsToRemove"] = [*config["modeBarButtonsToRemove"], "toImage"]
    st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt, width="stretch")


def columns(
    frame: pl.DataFrame, x: str, y: str, *, x_title: str, y_title: str, height: int = 300
) -> go.Figure:
    """Vertical bars in the frame's order (years, stages)."""
    import plotly.graph_objects as go

    labels = [str(value) for value in frame[x]]
    bars = go.Bar(
        x=labels, y=frame[y], marker_color=ACCENT, hovertemplate="%{x}: %{y:,}<extra></extra>", name=y_title
    )
    figure = _figure([bars], height)
    figure.update_xaxes(title_text=x_title, type="category", nticks=min(14, len(labels)))
    figure.update_yaxes(title_text=y_title, tickformat=",d", rangemode="tozero")
    return figure


def lines(
    frame: pl.DataFrame, x: str, ys: Mapping[str, str], *, y_title: str, height: int = 260
) -> go.Figure:
    """One line with points for each column of `ys` (column → name), over the frame's order."""
    import plotly.graph_objects as go

    labels = [str(value) for value in frame[x]]
    traces = [
        go.Scatter(
            x=labels,
            y=frame[column],
            name=name,
            mode="lines+markers",
            hovertemplate=f"%{{x}}: %{{y:,}} {name.lower()}<extra></extra>",
        )
        for column, name in ys.items()
    ]
    figure = _figure(traces, height)
    figure.update_layout(showlegend=len(traces) > 1, margin={"t": 34 if len(traces) > 1 else 10})
    figure.update_xaxes(type="category", nticks=min(12, len(labels)))
    figure.update_yaxes(title_text=y_title, tickformat=",d", rangemode="tozero")
    return figure


def against(
    frame: pl.DataFrame, x: str, *, bar: tuple[str, str], line: tuple[str, str], y_title: str
) -> go.Figure:
    """Bars for what was, a line for what was to be; each a column and its name."""
    import plotly.graph_objects as go

    labels = [str(value) for value in frame[x]]
    drawn = [
        go.Bar(x=labels, y=frame[bar[0]], name=bar[1], marker_color=ACCENT),
        go.Scatter(
            x=labels, y=frame[line[0]], name=line[1], mode="lines", line={"color": COLOURS[1], "dash": "dot"}
        ),
    ]
    figure = _figure(drawn, 270)
    figure.update_traces(hovertemplate="%{x}: %{y:,.1f}<extra></extra>")
    figure.update_layout(showlegend=True, margin={"t": 34})
    figure.update_xaxes(type="category", nticks=min(12, len(labels)))
    figure.update_yaxes(title_text=y_title, rangemode="tozero")
    return figure


def bars(
    frame: pl.DataFrame,
    label: str,
    value: str,
    *,
    title: str,
    text: list[str] | None = None,
    most: float | None = None,
    height: int | None = None,
) -> go.Figure:
    """Horizontal bars, first row on top, the value written at the end of each bar."""
    import plotly.graph_objects as go

    labels = [_short(str(name)) for name in frame[label]]
    values = [v if v is not None else 0 for v in frame[value].to_list()]
    shown = text or [f"{v:,.0f}" for v in values]
    bar = go.Bar(
        x=values,
        y=list(range(len(labels))),
        orientation="h",
        marker_color=[REST if str(name).startswith(OTHERS) else ACCENT for name in frame[label]],
        text=shown,
        textposition="outside",
        cliponaxis=False,
        customdata=[str(name) for name in frame[label]],
        hovertemplate="%{customdata}: %{text}<extra></extra>",
        name=title,
    )
    figure = _figure([bar], height or 60 + 23 * len(labels))
    top = most if most is not None else max([*values, 1])
    figure.update_xaxes(
        title_text=title, showgrid=True, gridcolor=LINE, range=[0, top * 1.14], tickformat=",~r"
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=labels,
        autorange="reversed",
        showgrid=False,
        ticks="",
        tickfont={"size": 12},
    )
    return figure


def top(frame: pl.DataFrame, label: str, value: str, most: int) -> pl.DataFrame:
    """The most frequent rows, and one row "All others" for the rest (never mixed into the ranking)."""
    import polars as pl

    ranked = frame.with_columns(pl.col(label).cast(pl.String)).sort([value, label], descending=[True, False])
    if ranked.height <= most:
        return ranked.select(label, value)
    rest = ranked[most - 1 :]
    other = pl.DataFrame(
        {label: [f"{OTHERS} ({rest.height})"], value: [rest[value].sum()]},
        schema={label: pl.String, value: ranked.schema[value]},
    )
    return pl.concat([ranked[: most - 1].select(label, value), other])


def _figure(data: list[Any], height: int) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure(data)
    figure.update_layout(template=template(), height=height, showlegend=False, bargap=0.25)
    return figure


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
