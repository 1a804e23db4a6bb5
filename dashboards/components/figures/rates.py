"""Rates over years and over age, straight or logarithmic, and trends with their joinpoints."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from dashboards.components.figures import look

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import plotly.graph_objects as go
    import polars as pl

PER = "Rate per 100,000"


def over_years(
    frame: pl.DataFrame,
    groups: Sequence[str],
    *,
    log: bool = False,
    y_title: str = PER,
    provisional: Collection[int] = (),
) -> go.Figure:
    """One line a group with its band; years whose reports are not all in yet are hollow.

    `frame` has group, year, rate, lower, upper; null = hidden or no denominator.
    """
    drawn: list[Any] = []
    for index, group in enumerate(groups):
        drawn += _line(look.rows_of(frame, group).sort("year"), "year", group, index, provisional, log=log)
    shown = look.figure(drawn, 400)
    shown.update_layout(showlegend=len(groups) > 1)
    look.year_axis(shown, [int(year) for year in frame["year"].drop_nulls()])
    look.rate_axis(shown, y_title, [*frame["rate"], *frame["lower"], *frame["upper"]], log=log)
    return shown


def by_age(
    frame: pl.DataFrame, groups: Sequence[str], ages: Sequence[str], *, log: bool = False
) -> go.Figure:
    """Age-specific rates; `frame` has group, age_group, rate, lower, upper; `ages` are the age groups in order."""
    drawn: list[Any] = []
    place = {age: n for n, age in enumerate(ages)}
    for index, group in enumerate(groups):
        rows = look.rows_of(frame, group)
        at = [place[str(age)] for age in rows["age_group"]]
        rows = rows.with_columns(_numbers("_place", at)).sort("_place")
        drawn += _line(rows, "_place", group, index, (), log=log, labels="age_group")
    shown = look.figure(drawn, 400)
    shown.update_layout(showlegend=len(groups) > 1)
    shown.update_xaxes(
        title_text="Age at diagnosis",
        tickvals=list(range(len(ages))),
        ticktext=list(ages),
        range=[-0.5, len(ages) - 0.5],
    )
    look.rate_axis(shown, PER, [*frame["rate"], *frame["lower"], *frame["upper"]], log=log)
    return shown


def trend(
    observed: pl.DataFrame,
    fitted: pl.DataFrame,
    segments: pl.DataFrame,
    groups: Sequence[str],
    *,
    log: bool = True,
    provisional: Collection[int] = (),
    y_title: str = PER,
) -> go.Figure:
    """Observed rates as markers, the fitted lines, and a large diamond at each joinpoint.

    `observed` has group, year, rate, lower, upper; `fitted` group, year, rate; `segments` group, first_year, last_year,
    apc, lower, upper. A segment ends at its joinpoint.
    """
    import plotly.graph_objects as go

    drawn: list[Any] = []
    for index, group in enumerate(groups):
        mark, name = look.mark(index), look.words(look.short(group))
        rows = look.rows_of(observed, group).sort("year")
        drawn.append(_points(rows, name, mark, provisional))
        line = look.rows_of(fitted, group).sort("year")
        parts = look.rows_of(segments, group).sort("first_year")
        drawn.append(
            go.Scatter(
                x=line["year"].to_list(),
                y=line["rate"].to_list(),
                mode="lines",
                name=name,
                legendgroup=name,
                line={"color": mark.colour, "width": 2.4, "dash": mark.dash},
                customdata=[_of_year(parts, year) for year in line["year"]],
                hovertemplate="%{fullData.name}, %{x}: %{y:.1f}<br>%{customdata}<extra></extra>",
            )
        )
        drawn += _joinpoints(line, parts, name, mark)
    shown = look.figure(drawn, 420)
    shown.update_layout(showlegend=len(groups) > 1)
    look.year_axis(shown, [int(year) for year in observed["year"].drop_nulls()])
    look.rate_axis(shown, y_title, [*observed["rate"], *fitted["rate"]], log=log)
    return shown


def _joinpoints(line: pl.DataFrame, parts: pl.DataFrame, name: str, mark: look.Mark) -> list[Any]:
    """A diamond with its year at the end of each segment but the last; the year stands outside the bend."""
    import plotly.graph_objects as go

    years = [int(year) for year in parts["last_year"][:-1]]
    if not years:
        return []
    at = dict(zip(line["year"].to_list(), line["rate"].to_list(), strict=True))
    slopes = parts["apc"].to_list()
    rising = [(b or 0) > (a or 0) for a, b in itertools.pairwise(slopes)]
    return [
        go.Scatter(
            x=years,
            y=[at.get(year) for year in years],
            mode="markers+text",
            text=[f"<b>{year}</b>" for year in years],
            textposition=["bottom center" if valley else "top center" for valley in rising],
            textfont={"color": mark.colour, "size": 12},
            cliponaxis=False,
            legendgroup=name,
            showlegend=False,
            name=f"{name} joinpoint",
            marker={
                "symbol": "diamond",
                "size": 13,
                "color": "white",
                "line": {"color": mark.colour, "width": 2.5},
            },
            hovertemplate="Joinpoint %{x}<extra></extra>",
        )
    ]


def change(apc: Any, lower: Any, upper: Any) -> str:
    """An annual per cent change with its limits.

    >>> change(-2.34, -3.0, -1.7), change(None, None, None)
    ('-2.3 % a year (-3.0 to -1.7)', 'no slope')
    """
    if not look.is_known(apc):
        return "no slope"
    limits = f" ({lower:.1f} to {upper:.1f})" if look.is_known(lower) and look.is_known(upper) else ""
    return f"{apc:.1f} % a year{limits}"


def _of_year(segments: pl.DataFrame, year: int) -> str:
    for row in segments.iter_rows(named=True):
        if row["first_year"] <= year <= row["last_year"]:
            return f"{row['first_year']}–{row['last_year']}: {change(row['apc'], row['lower'], row['upper'])}"
    return ""


def _line(
    rows: pl.DataFrame,
    x: str,
    group: str,
    index: int,
    provisional: Collection[int],
    *,
    log: bool,
    labels: str | None = None,
) -> list[Any]:
    """Band and line of one group; on a log axis what is nought is left out."""
    import plotly.graph_objects as go

    mark, name = look.mark(index), look.words(look.short(group))
    at, rate, lower, upper = (rows[column].to_list() for column in (x, "rate", "lower", "upper"))
    if log:
        rate, lower, upper = ([v if v else None for v in column] for column in (rate, lower, upper))
    told = [str(v) for v in (rows[labels] if labels else rows[x])]
    limits = [
        f"{label}{': ' + _limits(low, high)}" for label, low, high in zip(told, lower, upper, strict=True)
    ]
    hollow = [year in provisional for year in at]
    return [
        *look.band(at, lower, upper, mark.colour, group=name, shape="linear"),
        go.Scatter(
            x=at,
            y=rate,
            mode="lines+markers",
            name=name,
            legendgroup=name,
            line={"color": mark.colour, "width": 2, "dash": mark.dash},
            marker=_marker(mark, hollow),
            customdata=limits,
            hovertemplate="%{fullData.name}<br>%{y:.1f} · %{customdata}<extra></extra>",
        ),
    ]


def _points(rows: pl.DataFrame, name: str, mark: look.Mark, provisional: Collection[int]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=rows["year"].to_list(),
        y=rows["rate"].to_list(),
        mode="markers",
        name=f"{name} observed",
        legendgroup=name,
        showlegend=False,
        marker=_marker(mark, [year in provisional for year in rows["year"]]),
        hovertemplate="%{x}: %{y:.1f} observed<extra></extra>",
    )


def _marker(mark: look.Mark, hollow: list[bool]) -> dict[str, Any]:
    return {
        "symbol": mark.symbol,
        "size": 7,
        "color": ["white" if empty else mark.colour for empty in hollow],
        "line": {"color": mark.colour, "width": 1.6},
    }


def _limits(low: Any, high: Any) -> str:
    return f"{low:.1f}–{high:.1f}" if look.is_known(low) and look.is_known(high) else "no limits"


def _numbers(name: str, values: list[int]) -> pl.Series:
    import polars as pl

    return pl.Series(name, values, dtype=pl.Int64)
