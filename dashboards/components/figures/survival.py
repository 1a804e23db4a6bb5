"""Curves over time since diagnosis: steps, bands, and the numbers at risk under the same axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look
from dashboards.components.theme import INK, template

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go
    import polars as pl

_ROW = 22
_PLOT = 330
#: Of a curve with a step each day, more points than this are not seen.
_MOST_POINTS = 1500


def curves(
    curve: pl.DataFrame,
    at_risk: pl.DataFrame,
    groups: Sequence[str],
    *,
    y_title: str,
    threshold: int | None,
    x_title: str = "Years since diagnosis",
    rising: bool = False,
    share: bool = True,
    start: float = 0.0,
) -> go.Figure:
    """One step curve a group with its band; numbers at risk below, hidden ones as "<11".

    `curve` has group, years, estimate, lower, upper (shares of 1; null = nothing to draw); `at_risk` group, years,
    at_risk (null = hidden; an empty frame leaves the lower part away). A `rising` curve begins at 0 (cumulative incidence,
    cumulative hazard); without `share` it is no share of people. All begin at `start` years.
    """
    from plotly.subplots import make_subplots

    table = at_risk.height > 0
    below = _ROW * len(groups) + 10
    height = _PLOT + 80 + (below if table else 0)
    drawn = make_subplots(
        rows=2 if table else 1,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=62 / height if table else 0,
        row_heights=[_PLOT, below] if table else None,
    )
    for index, group in enumerate(groups):
        for trace in _traces(
            look.rows_of(curve, group), group, look.mark(index), rising=rising, share=share, start=start
        ):
            drawn.add_trace(trace, row=1, col=1)
        if table:
            drawn.add_trace(_numbers(look.rows_of(at_risk, group), index, threshold), row=2, col=1)
    last = _last(curve, at_risk)
    drawn.update_layout(
        template=template(),
        height=height,
        hovermode="closest",
        showlegend=len(groups) > 1,
        legend_traceorder="normal",
    )
    drawn.update_xaxes(range=[-last * 0.02, last * 1.02], dtick=_step(last), tick0=0)
    drawn.update_xaxes(title_text=x_title, showticklabels=True, title_standoff=4, row=1, col=1)
    drawn.update_yaxes(title_text=y_title, tickformat=".0%", range=_range(curve, rising=rising), row=1, col=1)
    if table:
        _risk_axes(drawn, groups)
    return drawn


def over_days(curve: pl.DataFrame, groups: Sequence[str], *, y_title: str) -> go.Figure:
    """How many have begun by each day: `curve` has group, day, begun (per cent)."""
    import plotly.graph_objects as go

    drawn = []
    for index, group in enumerate(groups):
        mark, rows = look.mark(index), look.rows_of(curve, group).sort("day").drop_nulls("begun")
        drawn.append(
            go.Scatter(
                x=rows["day"].to_list(),
                y=rows["begun"].to_list(),
                mode="lines",
                name=look.words(look.short(group)),
                line={"color": mark.colour, "width": 2.2, "shape": "hv", "dash": mark.dash},
                hovertemplate="%{fullData.name}<br>day %{x}: %{y:.1f} %<extra></extra>",
            )
        )
    shown = look.figure(drawn, 400)
    shown.update_xaxes(title_text="Days from diagnosis", rangemode="tozero", dtick=30, tick0=0)
    shown.update_yaxes(title_text=y_title, range=[0, 101], ticksuffix=" %")
    return shown


def _risk_axes(drawn: go.Figure, groups: Sequence[str]) -> None:
    drawn.update_xaxes(showticklabels=False, showline=False, ticks="", row=2, col=1)
    drawn.update_yaxes(
        range=[len(groups) - 0.5, -0.5],
        tickvals=list(range(len(groups))),
        ticktext=[
            f'<span style="color:{look.mark(i).colour}">■</span> {look.words(look.short(group))}'
            for i, group in enumerate(groups)
        ],
        showgrid=False,
        ticks="",
        ticklabelstandoff=22,
        tickfont={"size": 12, "color": INK},
        row=2,
        col=1,
    )
    look.heading(drawn, "Number at risk", axis="y2")


def _traces(
    rows: pl.DataFrame, group: str, mark: look.Mark, *, rising: bool, share: bool, start: float
) -> list[Any]:
    import plotly.graph_objects as go

    time, value, lower, upper = (column.to_list() for column in _thin(rows))
    if time and time[0] > start:
        begin = 0.0 if rising else 1.0
        time, value, lower, upper = [start, *time], [begin, *value], [begin, *lower], [begin, *upper]
    name = look.words(look.short(group))
    shown = ".1%" if share else ".3f"
    limits = [f" ({low:{shown}}–{high:{shown}})" if look.is_known(low) and look.is_known(high) else ""
              for low, high in zip(lower, upper, strict=True)]  # fmt: skip
    return [
        *look.band(time, lower, upper, mark.colour, group=name, shape="hv"),
        go.Scatter(
            x=time,
            y=value,
            mode="lines",
            line={"color": mark.colour, "width": 2.2, "shape": "hv", "dash": mark.dash},
            legendgroup=name,
            name=name,
            customdata=limits,
            hovertemplate="%{fullData.name}<br>%{x:.2f} years: %{y:"
            + shown
            + "}%{customdata}<extra></extra>",
        ),
    ]


def _thin(rows: pl.DataFrame) -> pl.DataFrame:
    """Time, value and limits; of a long curve every few points and the last."""
    import polars as pl

    rows = rows.select("years", "estimate", "lower", "upper").sort("years").drop_nulls("estimate")
    every = -(-rows.height // _MOST_POINTS)
    if every < 2:
        return rows
    return (
        rows.with_row_index("_n")
        .filter((pl.col("_n") % every == 0) | (pl.col("_n") == rows.height - 1))
        .drop("_n")
    )


def _numbers(risk: pl.DataFrame, row: int, threshold: int | None) -> Any:
    import plotly.graph_objects as go

    values = risk["at_risk"].to_list()
    return go.Scatter(
        x=risk["years"].to_list(),
        y=[row] * len(values),
        mode="text",
        text=[look.words(look.count(value, threshold)) for value in values],
        textfont={"color": INK, "size": 12},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _last(curve: pl.DataFrame, at_risk: pl.DataFrame) -> float:
    """Where the axis ends: with the curves, or with the last number at risk, whatever comes first."""
    ends = [float(str(frame["years"].max())) for frame in (curve, at_risk) if frame.height]
    return max(min(ends, default=1.0), 0.25)


def _range(curve: pl.DataFrame, *, rising: bool) -> list[float]:
    """Shares of 1; net survival may pass 1, and a low incidence is drawn larger."""
    import polars as pl

    top = max(
        (float(v) for v in curve.select(pl.col("estimate", "upper").max()).row(0) if look.is_known(v)),
        default=1.0,
    )
    if rising:
        return [0, min(1.02, max(0.05, top * 1.1))]
    return [0, min(max(1.02, top * 1.02), 1.3)]


def _step(last: float) -> float:
    """Ticks at whole years where there is room for the numbers at risk."""
    return next((step for step in (0.25, 0.5, 1, 2, 5, 10) if last / step <= 12), 20)
