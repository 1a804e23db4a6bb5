"""The modules that hold indicators, one a group."""

from __future__ import annotations

from functools import cache
from importlib import import_module

NAMES = (
    "ascertainment",
    "capture",
    "flow",
    "plausibility",
    "validity",
    "missing",
    "timeliness",
    "followup",
    "process",
    "reliability",
)


@cache
def load() -> None:
    """Import them all, once."""
    for name in NAMES:
        import_module(f"registry.quality.indicators.{name}")
