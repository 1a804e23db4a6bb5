"""The Kaplan-Meier figure: steps, confidence bands, and the numbers at risk under the same time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.theme import COLOURS, SOFT, template

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

_ROW = 22
_PLOT = 320


def figure(curve: pl.DataFrame, at_risk: pl.DataFrame, threshold: int, groups: list[str]) -> go.Figure:
    """Curves by group with 95 % bands; numbers at risk below, hidden ones as "<11" (the threshold).

    `curve` has group, time (months), survival, lower, upper (0-1); `at_risk` group, time, at_risk (null = hidden);
    `groups` are drawn in their order.
    """
    import polars as pl
    from plotly.subplots import make_subplots

    curve, at_risk = (frame.with_columns(pl.col("group").cast(pl.String)) for frame in (curve, at_risk))
    below = _ROW * len(groups) + 10
    height = _PLOT + below + 70
    shown = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=60 / height, row_heights=[_PLOT, below]
    )
    for index, group in enumerate(groups):
        colour = COLOURS[index % len(COLOURS)]
        for trace in _traces(curve.filter(pl.col("group") == group), group, colour):
            shown.add_trace(trace, row=1, col=1)
        risk = at_risk.filter(pl.col("group") == group)
        shown.add_trace(_numbers(risk, index, colour, threshold), row=2, col=1)
    last = _last_time(curve, at_risk)
    shown.update_layout(template=template(), height=height, hovermode="closest", showlegend=len(groups) > 1)
    shown.update_xaxes(range=[-last * 0.02, last * 1.02], dtick=_step(last), tick0=0)
    shown.update_xaxes(
        title_text="Months since diagnosis", showticklabels=True, title_standoff=4, row=1, col=1
    )
    shown.update_xaxes(showticklabels=False, showline=False, ticks="", row=2, col=1)
    shown.update_yaxes(title_text="Survival", range=[0, 1.02], tickformat=".0%", dtick=0.2, row=1, col=1)
    labels = [g if len(g) <= 26 else g[:25] + "…" for g in groups]
    shown.update_yaxes(
        range=[len(groups) - 0.5, -0.5],
        tickvals=list(range(len(groups))),
        ticktext=labels,
        showgrid=False,
        ticks="",
        tickfont={"size": 12, "color": SOFT},
        row=2,
        col=1,
    )
    shown.add_annotation(
        text="<b>Number at risk</b>",
        xref="paper",
        yref="y2 domain",
        x=0,
        y=1,
        yshift=16,
        xanchor="left",
        showarrow=False,
        font={"size": 12},
    )
    return shown


def _traces(rows: pl.DataFrame, group: str, colour: str) -> list[Any]:
    import plotly.graph_objects as go

    time = rows["time"].to_list()
    upper, lower = rows["upper"].to_list(), rows["lower"].to_list()
    common = {"x": time, "mode": "lines", "legendgroup": group, "hoverinfo": "skip", "showlegend": False}
    edge = {"width": 0, "shape": "hv"}
    return [
        go.Scatter(**common, y=upper, line=edge, name=f"{group} upper"),
        go.Scatter(
            **common, y=lower, line=edge, fill="tonexty", fillcolor=_pale(colour), name=f"{group} band"
        ),
        go.Scatter(
            x=time,
            y=rows["survival"].to_list(),
            mode="lines",
            line={"color": colour, "width": 2.2, "shape": "hv"},
            legendgroup=group,
            name=group,
            customdata=list(zip(lower, upper, strict=True)),
            hovertemplate=(
                "%{fullData.name}<br>month %{x:.0f}: %{y:.1%} (%{customdata[0]:.1%}–%{customdata[1]:.1%})"
                "<extra></extra>"
            ),
        ),
    ]


def _numbers(risk: pl.DataFrame, row: int, colour: str, threshold: int) -> Any:
    import plotly.graph_objects as go

    values = risk["at_risk"].to_list()
    return go.Scatter(
        x=risk["time"].to_list(),
        y=[row] * len(values),
        mode="text",
        text=[_count(value, threshold) for value in values],
        textfont={"color": colour, "size": 12},
        hoverinfo="skip",
        showlegend=False,
    )


def _count(value: Any, threshold: int) -> str:
    if value is None:
        return f"<{threshold}"
    return f"{value:,.0f}" if isinstance(value, (int, float)) else str(value)


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"


def _last_time(curve: pl.DataFrame, at_risk: pl.DataFrame) -> float:
    """Where the axis ends: with the curves, or with the last number at risk (ten years), whatever comes first."""
    ends = [float(str(frame["time"].max())) for frame in (curve, at_risk) if frame.height]
    return max(min(ends), 1.0)


def _step(last: float) -> int:
    """Ticks at whole years where there is room for the numbers at risk."""
    return next((step for step in (3, 6, 12, 24, 60) if last / step <= 12), 240)
