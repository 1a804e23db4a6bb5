"""Which organs have two sides, by site.

Source: SEER Program Coding and Staging Manual, Laterality: sites for which it must be coded.
"""

from __future__ import annotations

from functools import cache

from registry.standards.icdo import topography

PAIRED = (
    "C079-C081,C090-C091,C098-C099,C300-C301,C310,C312,C340-C349,C384,C400-C403,C413-C414,C441-C443,"
    "C445-C447,C471-C472,C491-C492,C500-C509,C569-C570,C620-C629,C630-C631,C649,C659,C669,C690-C699,"
    "C740-C749,C754"
)
PAIRED_SINCE_2004 = "C700,C710-C714,C722-C725"
"""Brain, meninges and cranial nerves."""

PARTLY_PAIRED = "C300,C340,C413,C414"
"""Sites with a part in the middle (septum, carina, sternum, sacrum), for which 0 is right."""

MIDLINE = "C700,C710-C714,C722-C725,C443,C445"
"""Sites whose tumors may lie across the middle (5)."""


@cache
def sites(text: str) -> frozenset[str]:
    """The topography codes of ranges such as those of this module.

    >>> sorted(sites(PARTLY_PAIRED)), "C507" in sites(PAIRED)
    (['C300', 'C340', 'C413', 'C414'], False)
    """
    pairs = [part.partition("-") for part in text.split(",")]
    codes = topography().get_column("code")
    return frozenset(code for code in codes if any(low <= code <= (high or low) for low, _, high in pairs))
