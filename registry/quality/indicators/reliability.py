"""Reliability: would others code the same, and did casefinding find every case?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from registry.quality.agreement import cohen_kappa, fleiss_kappa
from registry.quality.indicators.definition import Measure, outside

AUDITS = "NPCR technical audits, Cancer 2007"


@outside(
    "recode_agreement",
    "Percent agreement of recoding",
    group="reliability",
    formula="100 * items equal / items compared in a blinded recode sample",
    source=AUDITS,
    population="item x abstractor",
    needs="a recoding audit",
    notes="By item and abstractor, with limits: registry.quality.agreement.",
)
def recode_agreement(equal: int, compared: int) -> Measure:
    """Items coded alike of those coded twice.

    >>> recode_agreement(190, 200).value
    95.0
    """
    return Measure(100 * equal / compared if compared else None, equal, compared)


@outside(
    "kappa",
    "Cohen's kappa (two coders), Fleiss' (more)",
    group="reliability",
    formula="(p_o - p_e) / (1 - p_e)",
    source="Cohen 1960; Fleiss 1971",
    population="item",
    needs="a recoding audit",
    notes="Value between -1 and 1; none when one code is all that was used.",
)
def kappa(*codings: Sequence[Hashable]) -> Measure:
    """Agreement beyond chance of two or more coders of the same cases, in the same order.

    Raises:
        BadInput: not as many codes of each coder, or none.

    >>> round(kappa("yyyyynnnnn", "yyyynynnnn").value, 6)
    0.6
    >>> round(kappa("aaba", "aabb", "babb").value, 6)
    0.333333
    """
    several = len(codings) != 2
    found = fleiss_kappa(list(zip(*codings, strict=True))) if several else cohen_kappa(*codings)
    return Measure(found.kappa, found.observed - found.expected, 1 - found.expected)


@outside(
    "case_finding_audit",
    "Case-finding audit completeness",
    group="completeness",
    formula="100 * found in registry / eligible cases in the audited sources",
    source=AUDITS,
    population="facility",
    needs="a casefinding audit",
)
def case_finding_audit(found: int, eligible: int) -> Measure:
    """Cases of the audited sources that the registry had.

    >>> case_finding_audit(482, 500).value
    96.4
    """
    return Measure(100 * found / eligible if eligible else None, found, eligible)
