"""What all figures share: colour, line and marker of a group, bands, axes, words for hidden numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dashboards.components.theme import COLOURS, INK, SOFT, template

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import plotly.graph_objects as go
    import polars as pl

#: With colour, so that groups are told apart in grey, too.
DASHES: Final = (
    "solid",
    "7px,3px",
    "2px,2px",
    "9px,3px,2px,3px",
    "13px,4px",
    "2px,4px",
    "13px,3px,2px,3px,2px,3px",
)
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "cross", "triangle-down", "star")
PATTERNS: Final = ("", "/", ".", "x", "\\", "-", "+", "|")
#: More curves than this are not read any more.
MOST_GROUPS: Final = 7
LONGEST_NAME: Final = 30


@dataclass(frozen=True)
class Mark:
    """How one group is drawn."""

    colour: str
    dash: str
    symbol: str
    pattern: str


def mark(index: int) -> Mark:
    """The mark of the group at a place; colours come round after the line styles have moved on.

    >>> mark(0).dash, mark(0).colour == mark(7).colour, len({(mark(n).colour, mark(n).dash) for n in range(14)})
    ('solid', True, 14)
    """
    return Mark(
        COLOURS[index % len(COLOURS)],
        DASHES[(index + index // len(COLOURS)) % len(DASHES)],
        SYMBOLS[index % len(SYMBOLS)],
        PATTERNS[index % len(PATTERNS)],
    )


def pale(colour: str, opacity: float = 0.14) -> str:
    """A colour for bands.

    >>> pale("#0b6e69")
    'rgba(11,110,105,0.14)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def figure(data: Sequence[Any], height: int) -> go.Figure:
    """A figure in the house's look."""
    import plotly.graph_objects as go

    drawn = go.Figure(list(data))
    drawn.update_layout(
        template=template(), height=height, hovermode="closest", showlegend=len(drawn.data) > 1
    )
    return drawn


def band(
    x: list[Any], lower: list[Any], upper: list[Any], colour: str, *, group: str, shape: str
) -> list[Any]:
    """The area between two limits, one for each stretch without holes (a hole would be filled across)."""
    import plotly.graph_objects as go

    parts = []
    for start, stop in stretches(lower, upper):
        there, back = x[start:stop], x[start:stop]
        low, high = lower[start:stop], upper[start:stop]
        common = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "legendgroup": group}
        edge = {"width": 0, "shape": shape}
        parts.append(go.Scatter(x=there, y=high, line=edge, name=f"{group} upper", **common))
        parts.append(
            go.Scatter(
                x=back,
                y=low,
                line=edge,
                fill="tonexty",
                fillcolor=pale(colour),
                name=f"{group} band",
                **common,
            )
        )
    return parts


def stretches(*columns: Sequence[Any]) -> list[tuple[int, int]]:
    """Where all columns have numbers: (first, after the last) of each stretch of two and more.

    >>> stretches([1, 2, None, 3, 4], [1, 2, 3, 4, 5]), stretches([None, 1])
    ([(0, 2), (3, 5)], [])
    """
    known = [all(is_known(value) for value in row) for row in zip(*columns, strict=True)]
    found, start = [], 0
    for place, there in enumerate([*known, False]):
        if not there:
            if place - start > 1:
                found.append((start, place))
            start = place + 1
    return found


def is_known(value: Any) -> bool:
    """Whether a value is a number that can be drawn.

    >>> is_known(0), is_known(None), is_known(float("nan"))
    (True, False, False)
    """
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def count(value: Any, threshold: int | None = None) -> str:
    """A count; a hidden one as "<11".

    >>> count(1204), count(None, 11), count(None)
    ('1,204', '<11', '–')
    """
    if value is None:
        return f"<{threshold}" if threshold else "–"
    return f"{value:,.0f}" if isinstance(value, (int, float)) else str(value)


def short(text: str, most: int = LONGEST_NAME) -> str:
    """A name that fits beside a figure.

    >>> short("Colon"), short("Urinary bladder and ureter", 12)
    ('Colon', 'Urinary bla…')
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def words(text: Any) -> str:
    """Text from data for a place of Plotly that reads mark-up.

    >>> words("A <b> & c")
    'A &lt;b&gt; &amp; c'
    """
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rate_axis(drawn: go.Figure, title: str, values: Sequence[Any], *, log: bool) -> None:
    """A vertical axis of rates from nought, or logarithmic (a rate of nought is not on it); `values` are those drawn."""
    if log:
        drawn.update_yaxes(title_text=f"{title}, log scale", **log_axis(values))
    else:
        drawn.update_yaxes(title_text=title, rangemode="tozero", tickformat=",~g")


def log_axis(values: Sequence[Any], *, room: float = 1.08) -> dict[str, Any]:
    """Range and ticks of a logarithmic axis: 1-2-5 in each decade, more of them where the range is short.

    >>> log_axis([10, 80])["tickvals"]
    [10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 70.0]
    >>> log_axis([1, 900])["tickvals"]
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0]
    """
    known = [float(value) for value in values if is_known(value) and value > 0] or [1.0, 10.0]
    low, high = min(known) / room, max(known) * room
    steps: tuple[float, ...] = (1, 1.5, 2, 3, 4, 5, 7) if high / low < 20 else (1, 2, 5)
    if high / low > 1e4:
        steps = (1,)
    elif high / low < 4:
        steps = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [round(step * 10.0**decade, 12) for decade in decades for step in steps]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": [tick for tick in ticks if low <= tick <= high],
        "tickformat": ",~g",
    }


def year_axis(drawn: go.Figure, years: Sequence[int], title: str = "Year of diagnosis") -> None:
    """A horizontal axis of whole years."""
    low, high = (min(years), max(years)) if years else (2000, 2001)
    step = next((s for s in (1, 2, 5, 10, 20) if (high - low) / s <= 14), 50)
    drawn.update_xaxes(title_text=title, range=[low - 0.5, high + 0.5], dtick=step, tick0=low, tickformat="d")


def rows_of(frame: pl.DataFrame, group: str, column: str = "group") -> pl.DataFrame:
    """The rows of one group."""
    import polars as pl

    return frame.filter(pl.col(column).cast(pl.String) == group)


def names(values: Iterable[Any]) -> list[str]:
    """Groups as text, each once, in their order."""
    return list(dict.fromkeys(str(value) for value in values))


def heading(drawn: go.Figure, text: str, *, axis: str, shift: int = 16) -> None:
    """A small heading above one part of a figure (`axis`: "y2")."""
    drawn.add_annotation(
        text=f"<b>{text}</b>", xref="paper", yref=f"{axis} domain", x=0, y=1, yshift=shift, xanchor="left",
        showarrow=False, font={"size": 12, "color": INK},
    )  # fmt: skip


def benchmark(drawn: go.Figure, value: float, text: str, *, log: bool = False) -> None:
    """A vertical line that rows are held against, its name above it."""
    drawn.add_vline(value, line={"color": SOFT, "dash": "dash", "width": 1.4})
    drawn.add_annotation(
        x=math.log10(value) if log else value, y=1, yref="paper", yanchor="bottom", text=words(text), showarrow=False,
        font={"size": 12, "color": SOFT},
    )  # fmt: skip
    drawn.update_layout(margin={"t": 34})
