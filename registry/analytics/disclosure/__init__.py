"""The one door for published numbers: small counts, and what would give them away."""

from __future__ import annotations

from registry.analytics.disclosure.counts import (
    publish_counts,
    publish_proportions,
    publish_rates,
    total_may_be_told,
)
from registry.analytics.disclosure.curves import (
    publish_at_risk,
    publish_curve,
    publish_quantiles,
)
from registry.analytics.disclosure.flow import publish_flow
from registry.analytics.disclosure.marked_curve import publish_marked_curve
from registry.analytics.disclosure.profile import Profile, profile, profiles, publish_count, shown_as
from registry.analytics.disclosure.suppression import suppress, suppress_at_risk, suppress_curve

__all__ = [
    "Profile",
    "profile",
    "profiles",
    "publish_at_risk",
    "publish_count",
    "publish_counts",
    "publish_curve",
    "publish_flow",
    "publish_marked_curve",
    "publish_proportions",
    "publish_quantiles",
    "publish_rates",
    "shown_as",
    "suppress",
    "suppress_at_risk",
    "suppress_curve",
    "total_may_be_told",
]
