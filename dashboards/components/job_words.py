"""Words of scheduled jobs: states, causes, how long one took."""

from __future__ import annotations

from typing import Final

STATES: Final = {
    "waiting": "Waiting",
    "running": "Running",
    "done": "Done",
    "problems": "Done, with problems",
    "failed": "Failed",
}
ATTEMPTS: Final = {**STATES, "cut off": "Cut off", "stopped": "Stopped"}
CAUSES: Final = {
    "schedule": "Its time",
    "missed": "Was missed",
    "retry": "Tried again",
    "cut off": "Was cut off",
    "by hand": "By hand",
    "again": "Run again",
}


def duration(seconds: float | None) -> str:
    """How long something took.

    >>> duration(0.42), duration(75), duration(7200), duration(None)
    ('0.4 s', '1 min 15 s', '2 h 0 min', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short_hash(value: str | None) -> str:
    """The beginning of a hash: enough to see whether two runs gave the same.

    >>> short_hash("0123456789abcdef"), short_hash(None)
    ('0123456789', '')
    """
    return (value or "")[:10]
