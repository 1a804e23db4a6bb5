"""Where tests find things. `SHARED` is None on a machine without the published files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
_shared = ROOT.parent / "shared"
SHARED: Path | None = _shared if (_shared / "naaccr").is_dir() else None

needs_shared = pytest.mark.skipif(
    SHARED is None, reason="the published files (../shared) are not beside the project"
)


def shared(*parts: str) -> Path:
    """Path below ../shared; use only in tests marked `needs_shared`."""
    assert SHARED is not None
    return SHARED.joinpath(*parts)


def without_older_large(paths: list[Path]) -> list[Any]:
    """Samples for tests in both directions: those of a thousand tumors only of the newest version, older ones slow."""
    return [
        pytest.param(path, marks=pytest.mark.slow)
        if "-1000." in path.name and "v250" not in path.name
        else path
        for path in paths
    ]
