"""Quality and certification indicators: 41 by the catalogue, one module a group.

`definition` says what an indicator is, `vocabulary` what they talk about, `run` computes them over records.
"""

from __future__ import annotations

from registry.quality.indicators.definition import (
    CATALOGUE,
    DIMENSIONS,
    Indicator,
    Measure,
    all_indicators,
    find,
    listing,
)
from registry.quality.indicators.run import indicator_values, indicators
from registry.quality.thresholds import thresholds

__all__ = [
    "CATALOGUE",
    "DIMENSIONS",
    "Indicator",
    "Measure",
    "all_indicators",
    "find",
    "indicator_values",
    "indicators",
    "listing",
    "thresholds",
]
