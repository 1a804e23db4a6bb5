"""Moments in the database: UTC without a zone, so that a file means the same on every machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def to_database(moment: datetime) -> datetime: ...
@overload
def to_database(moment: None) -> None: ...
def to_database(moment: datetime | None) -> datetime | None:
    """A moment as the database keeps it; a moment without a zone is refused.

    >>> to_database(datetime(2026, 5, 1, 12, 0, tzinfo=UTC))
    datetime.datetime(2026, 5, 1, 12, 0)
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone: use datetime.now(UTC)")
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_database(moment: datetime | None) -> datetime | None:
    """The moment back, with its zone.

    >>> from_database(datetime(2026, 5, 1, 12, 0))
    datetime.datetime(2026, 5, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
