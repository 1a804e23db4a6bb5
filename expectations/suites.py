"""The four suites over the frames of a folder."""

from __future__ import annotations

from pathlib import Path

from expectations import completeness, submission, timeliness, validity
from expectations.checks import Suite
from expectations.frames import read_all

ROOMS = (completeness, validity, timeliness, submission)


def all_suites(folder: Path) -> list[Suite]:
    """Completeness, validity, timeliness and submission-readiness.

    Raises:
        BadInput: a frame is missing or has not the columns it should have.
    """
    frames = read_all(folder)
    return [room.suite(frames) for room in ROOMS]
