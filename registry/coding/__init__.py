"""Coding: classification codes, variables derived from them, and single or multiple primaries.

`derive` adds variables to a frame, `derivations` lists them; `compare_tumors` says whether two tumors
are one primary; `search_codes` finds codes by words. The last two are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from registry.coding.derivation import Derivation, derivations, find
from registry.coding.deriving import derive, derived_values

_LAZY = {"compare_tumors": "primaries", "search_codes": "search"}
"""Name → room that has it; those rooms are larger than what most callers need."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"registry.coding.{_LAZY[name]}"), name)


__all__ = [
    "Derivation",
    "compare_tumors",
    "derivations",
    "derive",
    "derived_values",
    "find",
    "search_codes",
]
