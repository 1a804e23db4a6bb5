"""Annual follow-up: who is followed, who must be contacted, and how complete follow-up is.

Pure functions over frames with NAACCR column names; the day asked about is always a parameter.
The rules' numbers live in `rules.toml`, one edition per date.
"""

from __future__ import annotations

from registry.followup.annual import FollowUp, annual_follow_up, summary
from registry.followup.configuration import AgeBand, FollowUpConfiguration, Window
from registry.followup.eligibility import EXCLUSIONS, eligibility
from registry.followup.rates import rates, rates_by_age
from registry.followup.sources import STEPS
from registry.followup.worklist import LIST_COLUMNS, Work, follow_up_list

__all__ = [
    "EXCLUSIONS",
    "LIST_COLUMNS",
    "STEPS",
    "AgeBand",
    "FollowUp",
    "FollowUpConfiguration",
    "Window",
    "Work",
    "annual_follow_up",
    "eligibility",
    "follow_up_list",
    "rates",
    "rates_by_age",
    "summary",
]
