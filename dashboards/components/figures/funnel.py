"""Funnel plots: how far each unit lies from a benchmark, given how many it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look
from dashboards.components.theme import ACCENT, INK, SOFT

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

#: side of the limits → how it is drawn and called.
_JUDGED = {
    "inside": ("circle", ACCENT, "within the limits"),
    "above": ("triangle-up", look.mark(1).colour, "above the limits"),
    "below": ("triangle-down", look.mark(3).colour, "below the limits"),
}


def judged(points: pl.DataFrame) -> pl.DataFrame:
    """The points with `outside`: on which side of their own 99.8 % limits they lie.

    >>> import polars as pl
    >>> judged(pl.DataFrame({"value": [1.0, 9.0], "lower_99_8": [2.0, 2.0], "upper_99_8": [8.0, 8.0]}))["outside"].to_list()
    ['below', 'above']
    """
    import polars as pl

    value = pl.col("value")
    return points.with_columns(
        outside=pl.when(value > pl.col("upper_99_8"))
        .then(pl.lit("above"))
        .when(value < pl.col("lower_99_8"))
        .then(pl.lit("below"))
        .otherwise(pl.lit("inside"))
    )


def funnel(
    points: pl.DataFrame,
    limits: pl.DataFrame,
    *,
    benchmark: float,
    benchmark_name: str,
    x_title: str,
    y_title: str,
    percent: bool = True,
) -> go.Figure:
    """Units as points between exact limits that narrow with their number of cases.

    `points` has name, n, value and outside ("inside", "above", "below" the wider limits); `limits` has n, lower_95,
    upper_95, lower_99_8, upper_99_8, sorted by n. Values are percentages, or ratios when not `percent`.
    """
    import plotly.graph_objects as go

    n = limits["n"].to_list()
    drawn: list[Any] = []
    for level, label, dash in (("95", "95 % limits", "dot"), ("99_8", "99.8 % limits", "solid")):
        for side in ("lower", "upper"):
            drawn.append(
                go.Scatter(
                    x=n,
                    y=limits[f"{side}_{level}"].to_list(),
                    mode="lines",
                    name=label,
                    legendgroup=label,
                    showlegend=side == "lower",
                    hoverinfo="skip",
                    line={"color": SOFT, "width": 1.3, "dash": dash, "shape": "hv"},
                )
            )
    for outside, (symbol, colour, label) in _JUDGED.items():
        rows = look.rows_of(points, outside, "outside").drop_nulls(["n", "value"])
        if not rows.height:
            continue
        drawn.append(
            go.Scatter(
                x=rows["n"].to_list(),
                y=rows["value"].to_list(),
                mode="markers",
                name=label,
                marker={"symbol": symbol, "size": 10, "color": colour, "line": {"color": INK, "width": 0.7}},
                customdata=[look.words(name) for name in rows["name"]],
                hovertemplate="%{customdata}<br>%{y:.1f}"
                + (" %" if percent else "")
                + " of %{x:,}<extra></extra>",
            )
        )
    drawn.insert(
        0,
        go.Scatter(
            x=[0, max([*n, 1])],
            y=[benchmark, benchmark],
            mode="lines",
            name=look.words(benchmark_name),
            line={"color": INK, "width": 1.3, "dash": "dash"},
            hoverinfo="skip",
        ),
    )
    shown = look.figure(drawn, 440)
    shown.update_xaxes(title_text=x_title, rangemode="tozero", tickformat=",d")
    shown.update_yaxes(title_text=y_title, rangemode="tozero", ticksuffix=" %" if percent else "")
    if not percent:
        known = [
            float(v)
            for v in [*limits["lower_99_8"], *limits["upper_99_8"], *points["value"]]
            if look.is_known(v)
        ]
        low, high = min([*known, benchmark]), max([*known, benchmark])
        shown.update_yaxes(rangemode="normal", range=[max(0, low - 0.1 * benchmark), high + 0.1 * benchmark])
    else:
        tops = [float(v) for v in [*limits["upper_99_8"], *points["value"]] if look.is_known(v)]
        shown.update_yaxes(range=[0, min(103, max([*tops, benchmark]) * 1.08)])
    return shown
