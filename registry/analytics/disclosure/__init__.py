"""The one door for published numbers: small counts, and what would give them away."""

from __future__ import annotations

from registry.analytics.disclosure.suppression import (
    Profile,
    profile,
    profiles,
    suppress,
    suppress_at_risk,
    suppress_curve,
)

__all__ = ["Profile", "profile", "profiles", "suppress", "suppress_at_risk", "suppress_curve"]
