"""Which counts may be shown: thresholds by profile, one line each in `profiles.csv`.

Sources: CMS cell size suppression policy (1-10); U.S. Cancer Statistics, technical notes (fewer than 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from registry.errors import BadInput

PROFILES = Path(__file__).with_name("profiles.csv")


@dataclass(frozen=True)
class Profile:
    """Counts from 1 to threshold - 1 are hidden; 0 as well when `zeros_shown` is false."""

    name: str
    threshold: int
    zeros_shown: bool
    source: str = ""

    @property
    def floor(self) -> int:
        """The least that a reader must reckon with behind a hidden count."""
        return 1 if self.zeros_shown else 0

    def small(self, values: np.ndarray) -> np.ndarray:
        """Which of these counts may not be shown.

        >>> profile("uscs").small(np.array([0, 15, 16])).tolist()
        [True, True, False]
        """
        return (values < self.threshold) & ((values > 0) | (not self.zeros_shown))

    def is_small(self, count: pl.Expr) -> pl.Expr:
        """The same as an expression; an unknown count is not small."""
        return (count < self.threshold) & ((count > 0) | (not self.zeros_shown))


@cache
def profiles() -> dict[str, Profile]:
    """Publication profiles by name.

    >>> {name: profile.threshold for name, profile in profiles().items()}
    {'cms': 11, 'default': 11, 'uscs': 16}
    """
    rows = pl.read_csv(PROFILES).sort("valid_from", "profile").iter_rows(named=True)
    return {
        row["profile"]: Profile(row["profile"], row["threshold"], row["zeros_shown"], row["source"])
        for row in rows
    }


def profile(wanted: str | int | Profile) -> Profile:
    """A profile by name, or one for a bare threshold (zeros shown); threshold 1 hides nothing.

    >>> profile("uscs").threshold, profile(5).threshold, profile("7").threshold
    (16, 5, 7)
    """
    if isinstance(wanted, Profile):
        return wanted
    if isinstance(wanted, str) and wanted.isdecimal() and wanted.isascii():
        wanted = int(wanted)
    if isinstance(wanted, str):
        if wanted not in profiles():
            raise BadInput("disclosure profile", f'"{wanted}" is not one of {", ".join(profiles())}')
        return profiles()[wanted]
    if wanted < 1:
        raise BadInput("disclosure profile", f"threshold {wanted} is not a positive number")
    return Profile(str(wanted), wanted, True)


def shown_as(wanted: str | int | Profile = "default") -> str:
    """What stands in a cell whose count is hidden for being small, or for protecting one that is.

    >>> shown_as("cms"), shown_as("uscs")
    ('<11', '<16')
    """
    return f"<{profile(wanted).threshold}"


def publish_count(value: int | None, wanted: str | int | Profile = "default") -> int | None:
    """One count that stands alone, or None where it may not be shown.

    >>> publish_count(10), publish_count(11), publish_count(0), publish_count(0, "uscs")
    (None, 11, 0, None)
    """
    if value is None or profile(wanted).small(np.array([value]))[0]:
        return None
    return value
