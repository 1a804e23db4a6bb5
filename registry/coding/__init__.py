"""Coding: variables derived from what was abstracted, each with its algorithm and version.

`derive` adds them to a frame, `derivations` lists them.
"""

from __future__ import annotations

from registry.coding.derivation import Derivation, derivation, derivations, derive, derived_values, find

__all__ = ["Derivation", "derivation", "derivations", "derive", "derived_values", "find"]
