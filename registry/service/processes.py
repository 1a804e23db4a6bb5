"""Processes of this machine: whether one still lives."""

from __future__ import annotations

import os


def is_running(pid: int) -> bool:
    """Whether a process of this number lives (a number that another process has now looks alive).

    >>> is_running(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
