"""Average annual percent change over any span of years, from the slopes of the segments.

Source: Clegg LX, Hankey BF, Tiwari R, Feuer EJ, Edwards BK, Stat Med 2009;28:3670-3682.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from registry.analytics.trend.slopes import Slope
from registry.errors import BadInput


def average_percent_change(
    edges: Sequence[float], slopes: Sequence[Slope], first: float | None = None, last: float | None = None
) -> Slope:
    """The slopes of a span, averaged with the lengths of their segments in it as weights.

    Args:
        edges: first year, joinpoints, last year. slopes: one a segment.
        first, last: the span; default all years.

    Returns:
        Slope: `apc` is the average annual percent change. Within one segment the limits are those of the
        segment (Student's t); across segments they are normal, the slopes taken as independent.

    Raises:
        BadInput: the span is not within the years observed.

    >>> import math
    >>> both = average_percent_change([2000, 2006, 2010], [Slope(0.02, 0.001, 9), Slope(-0.03, 0.002, 9)])
    >>> round(both.slope, 4), round(both.se, 5), both.df
    (0.0, 0.001, inf)
    """
    first = edges[0] if first is None else first
    last = edges[-1] if last is None else last
    if not edges[0] <= first < last <= edges[-1]:
        raise BadInput(
            "average annual percent change", f"{first:g}-{last:g} is not within {edges[0]:g}-{edges[-1]:g}"
        )
    shares = [
        max(0.0, min(last, after) - max(first, before)) / (last - first)
        for before, after in itertools.pairwise(edges)
    ]
    used = [(share, slope) for share, slope in zip(shares, slopes, strict=True) if share > 0]
    if len(used) == 1:
        return used[0][1]
    average = sum(share * slope.slope for share, slope in used)
    return Slope(average, math.sqrt(sum((share * slope.se) ** 2 for share, slope in used)), math.inf)
