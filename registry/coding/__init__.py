"""Coding: classification codes, variables derived from them, and single or multiple primaries.

`derive` adds variables to a frame, `derivations` lists them; each has its algorithm and version.
"""

from __future__ import annotations

from registry.coding.derivation import Derivation, derivations, find
from registry.coding.deriving import derive, derived_values

__all__ = ["Derivation", "derivations", "derive", "derived_values", "find"]
