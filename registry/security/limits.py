"""How long things last and how often one may err: the numbers of sign-in and sessions in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from registry.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """Limits of sign-in and sessions; the defaults follow SEC05 and SEC06.

    Args:
        failures: wrong passwords in a row that lock an account.
        lock: how long a lock lasts.
        idle: a session without activity for this long is over (45 CFR 164.312(a)(2)(iii)).
        absolute: a session is over after this long, however busy.

    >>> Limits().idle
    datetime.timedelta(seconds=900)
    """

    failures: int = 5
    lock: timedelta = timedelta(minutes=15)
    idle: timedelta = timedelta(minutes=15)
    absolute: timedelta = timedelta(hours=12)

    def __post_init__(self) -> None:
        """Refuse limits that switch protection off."""
        if self.failures < 1 or min(self.lock, self.idle, self.absolute) <= timedelta(0):
            raise BadInput("limits", "must be positive", "give at least one failure and one second")
