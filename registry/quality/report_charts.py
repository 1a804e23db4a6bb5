"""Small charts as inline SVG: lines, bars, sparklines. No script, no font, no reference to anything outside.

Every chart has a title that says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, LINE, SOFT, MUTED = "#1b3a57", "#1f6f8b", "#cfe3ea", "#5b6770"
WIDTH, HEIGHT = 880, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 44, 16, 40


def sparkline(values: Sequence[float], width: int = 96, height: int = 22) -> str:
    """A line of values, its last point marked; the title names first, last and highest.

    >>> sparkline([3, 5]).count("<circle"), sparkline([])
    (1, '')
    """
    if not values:
        return ""
    top = max(values) or 1
    step = (width - 8) / max(1, len(values) - 1)
    points = [
        (4 + step * place, height - 4 - (height - 8) * value / top) for place, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    words = f"from {values[0]:,g} to {values[-1]:,g}, at most {max(values):,g}"
    return (
        f'<svg class="spark" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{words}"><title>{words}</title>'
        f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{INK}"/></svg>'
    )


def bar(value: float, top: float, width: int = 84) -> str:
    """A horizontal bar of a value against the largest one; for the eye only, the number stands beside it."""
    share = 0 if top <= 0 else max(0.0, min(1.0, value / top))
    return (
        f'<svg class="bar" width="{width}" height="10" viewBox="0 0 {width} 10" aria-hidden="true">'
        f'<rect width="{width}" height="10" rx="2" fill="#edf1f4"/>'
        f'<rect width="{share * width:.1f}" height="10" rx="2" fill="{LINE}"/></svg>'
    )


def ticks(top: float, count: int = 4) -> list[float]:
    """Round values from 0 to at least the top.

    >>> ticks(87), ticks(3), ticks(0.8)
    ([0, 25, 50, 75, 100], [0, 1, 2, 3], [0.0, 0.2, 0.4, 0.6, 0.8])
    """
    if top <= 0:
        return [0, 1]
    power = 1.0
    while power * 10 <= top:
        power *= 10
    while power > top:
        power /= 10
    step = next(
        unit * power / 10
        for unit in (1, 2, 2.5, 5, 10, 20, 25, 50)
        if count * unit * power / 10 >= top * (1 - 1e-9)
    )
    last = 1
    while last * step < top * (1 - 1e-9):
        last += 1
    return [round(place * step, 10) if step % 1 else int(place * step) for place in range(last + 1)]


def line_chart(title: str, points: Sequence[tuple[str, float]]) -> str:
    """Values over their labels, joined by a line, each point marked."""
    xs = _places(len(points))
    grid, scale = _frame([value for _, value in points])
    path = " ".join(f"{x:.1f},{scale(value):.1f}" for x, (_, value) in zip(xs, points, strict=True))
    area = f"{xs[0]:.1f},{HEIGHT - _BOTTOM} {path} {xs[-1]:.1f},{HEIGHT - _BOTTOM}"
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{scale(value):.1f}" r="3.5" fill="{INK}"><title>{escape(label)}: {value:,g}</title></circle>'
        for x, (label, value) in zip(xs, points, strict=True)
    )
    drawn = f'<polygon points="{area}" fill="{SOFT}" opacity="0.6"/><polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>{dots}'
    return _svg(title, points, grid + drawn + _labels(xs, points))


def bar_chart(title: str, points: Sequence[tuple[str, float]]) -> str:
    """One upright bar a label, its value above."""
    xs = _places(len(points), inside=True)
    grid, scale = _frame([value for _, value in points])
    width = min(44.0, 0.7 * (WIDTH - _LEFT - _RIGHT) / max(1, len(points)))
    bars = "".join(
        f'<rect x="{x - width / 2:.1f}" y="{scale(value):.1f}" width="{width:.1f}" height="{HEIGHT - _BOTTOM - scale(value):.1f}" '
        f'fill="{LINE}"/><text x="{x:.1f}" y="{scale(value) - 4:.1f}" class="value">{value:,.3g}</text>'
        for x, (_, value) in zip(xs, points, strict=True)
    )
    return _svg(title, points, grid + bars + _labels(xs, points))


def _places(count: int, *, inside: bool = False) -> list[float]:
    """Where the points stand; `inside` leaves half a step at both ends."""
    room = WIDTH - _LEFT - _RIGHT
    if inside:
        return [_LEFT + room * (place + 0.5) / count for place in range(count)]
    return [_LEFT + room * (place / (count - 1) if count > 1 else 0.5) for place in range(count)]


def _frame(values: Sequence[float]) -> tuple[str, Scale]:
    """Grid lines with their numbers, and the scale."""
    marks = ticks(max(values, default=0))
    scale = Scale(marks[-1])
    lines = "".join(
        f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{scale(mark):.1f}" y2="{scale(mark):.1f}" class="grid"/>'
        f'<text x="{_LEFT - 8}" y="{scale(mark) + 4:.1f}" class="axis">{mark:,g}</text>'
        for mark in marks
    )
    return lines, scale


class Scale:
    """Value → height on the page."""

    def __init__(self, top: float) -> None:
        self._top = top

    def __call__(self, value: float) -> float:
        """Distance from the upper edge."""
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self._top


def _labels(xs: Sequence[float], points: Sequence[tuple[str, float]]) -> str:
    """Labels under the points; not every one when they would touch."""
    every = (
        -(-len(points) * max((len(label) for label, _ in points), default=1) * 8 // (WIDTH - _LEFT - _RIGHT))
        or 1
    )
    shown = [
        (x, label) for place, (x, (label, _)) in enumerate(zip(xs, points, strict=True)) if place % every == 0
    ]
    return "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 20}" class="label">{escape(label)}</text>'
        for x, label in shown
    )


def _svg(title: str, points: Sequence[tuple[str, float]], inside: str) -> str:
    words = f"{title}: " + ", ".join(f"{label} {value:,g}" for label, value in points)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words, quote=True)}">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )
