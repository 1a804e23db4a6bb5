"""Compiled kernels: where numba keeps its cache, and memory access that numpy has no word for.

Import this module only after `available()` said yes; numba takes a second to import, so small files never do.
The cache folder is set before numba is imported: `$NUMBA_CACHE_DIR`, else a folder of the user's own.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from registry.version import __version__


@cache
def available() -> bool:
    """True when numba is installed and not switched off by `REGISTRY_NO_JIT`."""
    return not os.environ.get("REGISTRY_NO_JIT") and find_spec("numba") is not None


@cache
def cache_folder() -> str | None:
    """A folder that can be written, for compiled code, or None when there is none.

    Raises nothing: without a home, in a read-only installation, kernels compile anew in each process.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME")
    candidates = [Path(given)] if given else [Path(base)] if base else []
    if not candidates:
        with contextlib.suppress(RuntimeError):
            candidates.append(Path.home() / ".cache")
    for candidate in candidates:
        folder = candidate if given else candidate / "cancer-registry" / f"{__version__}-{_fingerprint()}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    return None


def _fingerprint() -> str:
    """Changes with any kernel: numba looks only at a kernel's own file, not at those it calls."""
    here = Path(__file__).parent
    kernels = sorted([here / "memory.py", *here.rglob("*kernel*.py")])
    return blake2b(b"".join(file.read_bytes() for file in kernels), digest_size=6).hexdigest()


@cache
def options() -> dict[str, Any]:
    """Keyword arguments of `numba.njit` for every kernel of ours: nogil, cached when there is a place for it."""
    folder = cache_folder()
    if folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
    return {"nogil": True, "cache": folder is not None}
