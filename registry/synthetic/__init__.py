"""A made-up registry, as the files that a registry receives; for demonstrations, tests and benchmarks.

Nobody in it exists. `generate` writes NAACCR XML abstracts, corrected abstracts, HL7 pathology
reports, a treatment CSV and a death file with a realistic joint distribution and errors planted at
known rates; `manifest.json` counts all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.synthetic.generator import generate
    from registry.synthetic.manifest import SyntheticManifest

__all__ = ["SyntheticManifest", "generate"]

_HOME = {"generate": "registry.synthetic.generator", "SyntheticManifest": "registry.synthetic.manifest"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'registry.synthetic' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
