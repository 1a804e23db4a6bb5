"""Recodes: groups of site, histology, behavior and cause of death for tables and rates."""

from registry.coding.recodes import (
    aya,
    behavior,
    brain_cns,
    cause_of_death,
    from_icd,
    iarc,
    iccc,
    icd_o_2,
    lymphoid,
    site,
)

__all__ = [
    "aya",
    "behavior",
    "brain_cns",
    "cause_of_death",
    "from_icd",
    "iarc",
    "iccc",
    "icd_o_2",
    "lymphoid",
    "site",
]
