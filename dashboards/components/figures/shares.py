"""Bars and marks over named rows: shares that fill a bar, values with limits, medians with percentiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look
from dashboards.components.theme import ACCENT, INK, LINE, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go
    import polars as pl

_ROW = 30


def stacked(
    frame: pl.DataFrame, groups: Sequence[str], parts: Sequence[str], *, x_title: str = "Share"
) -> go.Figure:
    """One bar a group, filled by its parts; colour and hatching tell the parts apart.

    `frame` has group, part, percent (0-100, null = hidden).
    """
    import plotly.graph_objects as go

    drawn = []
    for index, part in enumerate(parts):
        mark = look.mark(index)
        found = dict(look.rows_of(frame, part, "part").select("group", "percent").iter_rows())
        found = {str(group): value for group, value in found.items()}
        values = [found.get(group) for group in groups]
        drawn.append(
            go.Bar(
                y=list(range(len(groups))),
                x=values,
                orientation="h",
                name=look.words(look.short(part, 44)),
                marker={
                    "color": mark.colour,
                    "line": {"color": "white", "width": 1},
                    "pattern": {
                        "shape": mark.pattern,
                        "bgcolor": mark.colour,
                        "fgcolor": "white",
                        "fgopacity": 0.55,
                        "size": 7,
                        "solidity": 0.25,
                    },
                },
                customdata=[look.words(group) for group in groups],
                hovertemplate="%{customdata}: %{fullData.name} %{x:.1f} %<extra></extra>",
            )
        )
    rest = _rest(frame, groups)
    if any(rest):
        drawn.append(
            go.Bar(
                y=list(range(len(groups))),
                x=rest,
                orientation="h",
                name="not shown",
                marker={"color": "#e6ecea", "line": {"color": "white", "width": 1}},
                hovertemplate="not shown<extra></extra>",
            )
        )
    shown = look.figure(drawn, 110 + _ROW * len(groups))
    shown.update_layout(barmode="stack", showlegend=True, legend_traceorder="normal", bargap=0.25)
    shown.update_xaxes(title_text=x_title, range=[0, 100], ticksuffix=" %", showgrid=True, gridcolor=LINE)
    _row_axis(shown, groups)
    return shown


def with_limits(
    frame: pl.DataFrame,
    *,
    x_title: str,
    reference: float | None = None,
    reference_name: str = "",
    log: bool = False,
    bars: bool = True,
) -> go.Figure:
    """One row a name: a bar (or a mark) with its limits, first row on top.

    `frame` has name, value, lower, upper; null = hidden, written beside the axis. `bars` need an axis from nought.
    """
    import plotly.graph_objects as go

    names = [str(name) for name in frame["name"]]
    value, lower, upper = (frame[column].to_list() for column in ("value", "lower", "upper"))
    place = list(range(len(names)))
    reach = {
        "type": "data",
        "symmetric": False,
        "array": [
            h - v if look.is_known(h) and look.is_known(v) else 0 for v, h in zip(value, upper, strict=True)
        ],
        "arrayminus": [
            v - low if look.is_known(low) and look.is_known(v) else 0
            for v, low in zip(value, lower, strict=True)
        ],
        "color": INK,
        "thickness": 1.4,
        "width": 4,
    }
    told = [_value(*row) for row in zip(value, lower, upper, strict=True)]
    limited = any(look.is_known(limit) for limit in [*lower, *upper])
    common = {
        "x": value,
        "y": place,
        "error_x": reach if limited else None,
        "customdata": [f"{look.words(name)}: {text}" for name, text in zip(names, told, strict=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
        "showlegend": False,
    }
    if bars:
        trace: Any = go.Bar(**common, orientation="h", marker_color=look.pale(ACCENT, 0.55))
    else:
        trace = go.Scatter(**common, mode="markers", marker={"symbol": "square", "size": 9, "color": ACCENT})
    shown = look.figure([trace], 80 + 26 * max(len(names), 3))
    shown.update_xaxes(title_text=x_title, showgrid=True, gridcolor=LINE, tickformat=",~g")
    if log:
        known = [*value, *lower, *upper, reference]
        shown.update_xaxes(title_text=f"{x_title}, log scale", **look.log_axis(known, room=1.15))
    else:
        shown.update_xaxes(rangemode="tozero")
    if reference is not None:
        look.benchmark(shown, reference, reference_name, log=log)
    _row_axis(shown, names)
    for n, each in enumerate(value):
        if not look.is_known(each):
            shown.add_annotation(
                x=0, xref="paper", y=n, text="not shown", showarrow=False, xanchor="left", xshift=6,
                font={"size": 12, "color": SOFT},
            )  # fmt: skip
    return shown


def percentiles(frame: pl.DataFrame, *, x_title: str) -> go.Figure:
    """One row a name: the median, a thick bar from the 25th to the 75th and a thin one from the 10th to the 90th percentile.

    `frame` has name, p10, p25, p50, p75, p90 (null = hidden).
    """
    import plotly.graph_objects as go

    names = [str(name) for name in frame["name"]]
    drawn: list[Any] = []
    for low, high, width, label in (
        ("p10", "p90", 3, "10th to 90th percentile"),
        ("p25", "p75", 11, "25th to 75th percentile"),
    ):
        x: list[Any] = []
        y: list[Any] = []
        for place, (a, b) in enumerate(zip(frame[low], frame[high], strict=True)):
            x += [a, b, None]
            y += [place, place, None]
        drawn.append(
            go.Scatter(x=x, y=y, mode="lines", name=label, hoverinfo="skip",
                       line={"color": look.pale(ACCENT, 0.75 if width < 5 else 0.4), "width": width})
        )  # fmt: skip
    told = [
        f"{look.words(row['name'])}: median {_days(row['p50'])}, {_days(row['p25'])}–{_days(row['p75'])}"
        for row in frame.iter_rows(named=True)
    ]
    drawn.append(
        go.Scatter(
            x=frame["p50"].to_list(),
            y=list(range(len(names))),
            mode="markers",
            name="Median",
            marker={"symbol": "diamond", "size": 11, "color": INK},
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    shown = look.figure(drawn, 110 + _ROW * len(names))
    known = [float(value) for value in [*frame["p90"], *frame["p75"], *frame["p50"]] if look.is_known(value)]
    last = max([*known, 1.0])
    reach = [-0.015 * last, 1.03 * last]
    shown.update_xaxes(title_text=x_title, range=reach, showgrid=True, gridcolor=LINE)
    _row_axis(shown, names)
    return shown


def _rest(frame: pl.DataFrame, groups: Sequence[str]) -> list[float | None]:
    """What hidden parts leave open of each bar; None where every part is shown, or none."""
    found: dict[str, list[Any]] = {}
    for group, percent in frame.select("group", "percent").iter_rows():
        found.setdefault(str(group), []).append(percent)
    rest: list[float | None] = []
    for group in groups:
        values = found.get(group, [])
        known = sum(value for value in values if look.is_known(value))
        rest.append(100 - known if known and not all(map(look.is_known, values)) and known < 99.9 else None)
    return rest


def _row_axis(shown: go.Figure, names: Sequence[str]) -> None:
    shown.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[look.words(look.short(name, 42)) for name in names],
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        tickfont={"size": 12},
    )


def _value(value: Any, lower: Any, upper: Any) -> str:
    if not look.is_known(value):
        return "not shown"
    limits = f" ({lower:,.2f}–{upper:,.2f})" if look.is_known(lower) and look.is_known(upper) else ""
    return f"{value:,.2f}{limits}"


def _days(value: Any) -> str:
    return f"{value:,.0f}" if look.is_known(value) else "not shown"
