"""A cancer registry: abstracts, classification, quality, follow-up, research and reporting.

Importing the package is cheap: rooms load when they are first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from registry.version import __version__

# Polars' out-of-core engine writes plain, world-readable spill files that survive a kill.
# It reads this once, when it is first imported, so it is set before anything else happens.
os.environ.setdefault("POLARS_OOC_DISK_BUDGET_MB", "0")

if TYPE_CHECKING:
    from pathlib import Path

    from registry.service import Session

__all__ = ["__version__", "open"]


def open(path: str | Path, key: str | None = None, read_only: bool = False) -> Session:
    """Open a registry database and return a service session (never a raw connection).

    Args:
        path: the DuckDB file made by `registry init`.
        key: its key; without one REGISTRY_KEY and the system keyring are asked.
        read_only: refuse every change.

    Raises:
        registry.errors.RegistryError: wrong key, no such file, or another process owns the file.
    """
    from registry.service import Session

    return Session.open(path, key=key, read_only=read_only)
