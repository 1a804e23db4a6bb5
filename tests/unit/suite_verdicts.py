"""What the checks of a suite say, judged in plain pandas: Great Expectations must say the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import polars as pl

from expectations.checks import Check, Suite
from expectations.frames import read_all
from expectations.suites import ROOMS
from registry.quality import write_suite_frames


def fails(suite: Suite, check: Check) -> bool:
    """Whether one check fails over the suite's figures."""
    if check.kind == "ExpectCompoundColumnsToBeUnique":
        return bool(suite.frame.duplicated(check.arguments["column_list"]).any())
    values = suite.frame[check.arguments["column"]].dropna()
    least, most = check.arguments.get("min_value"), check.arguments.get("max_value")
    low = (
        values <= least
        if check.arguments.get("strict_min")
        else values < least
        if least is not None
        else values < values
    )
    high = (
        values >= most
        if check.arguments.get("strict_max")
        else values > most
        if most is not None
        else values > values
    )
    return bool((low | high).any())


def failing(
    frames: dict[str, pl.DataFrame], folder: Path, rooms: Sequence[ModuleType] = ROOMS
) -> set[tuple[str, str, str]]:
    """Suite, severity and sentence of every check that fails on the frames."""
    write_suite_frames(frames, folder)
    read = read_all(folder)
    return {
        (suite.name, check.severity, check.plain)
        for suite in (room.suite(read) for room in rooms)
        for check in suite.checks
        if fails(suite, check)
    }
