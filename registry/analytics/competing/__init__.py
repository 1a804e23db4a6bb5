"""Competing risks: cumulative incidence, Gray's test, cause-specific survival."""

from __future__ import annotations

from registry.analytics.competing.aalen_johansen import aalen_johansen
from registry.analytics.competing.cause_specific import cause_specific
from registry.analytics.competing.gray import GrayTest, gray_test

__all__ = ["GrayTest", "aalen_johansen", "cause_specific", "gray_test"]
