"""Numbers that a registry gives: accession numbers of a facility, sequence numbers of a patient's tumors.

Pure functions over frames; which numbers are taken, and giving them out, is `registry.abstracting.numbering`.
"""

from __future__ import annotations

from registry.coding.numbering.accession import gaps, next_counter, number, parts, year_of
from registry.coding.numbering.sequence import CENTRAL, HOSPITAL, ITEMS, KINDS, propose

__all__ = [
    "CENTRAL", "HOSPITAL", "ITEMS", "KINDS", "gaps", "next_counter", "number", "parts", "propose", "year_of",
]  # fmt: skip
