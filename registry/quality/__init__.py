"""Quality of a registry's data: completeness, indicators and their thresholds.

Pure functions over frames. Edits judge single records and patients (`registry.edits`); this room
sums up what a facility, a year or the whole registry is like.
"""

from __future__ import annotations

from registry.quality.completeness import completeness, required_items
from registry.quality.indicators.run import indicator_values, indicators
from registry.quality.scorecard import certification, reached, scorecard
from registry.quality.suite_frames import suite_frames, write_suite_frames
from registry.quality.thresholds import thresholds

__all__ = [
    "certification",
    "completeness",
    "indicator_values",
    "indicators",
    "reached",
    "required_items",
    "scorecard",
    "suite_frames",
    "thresholds",
    "write_suite_frames",
]
