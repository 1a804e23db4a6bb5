"""Follow-up letters: who may be written to, what stands in a letter, and setting it in type.

`plan` decides, `content` gathers what is printed, `printing` has it set by a process of its own (`press`) from
templates in `templates/`. Letters to anybody but physicians never name the disease (`words`).
"""

from __future__ import annotations

from registry.followup.letters.consents import Consents
from registry.followup.letters.content import Batch, Sender, batches
from registry.followup.letters.plan import (
    ADDRESSEES,
    REASONS,
    Facts,
    Letter,
    NotWritten,
    Physician,
    Rules,
    Tried,
    plan,
    reference,
)
from registry.followup.letters.printing import Press, Printed
from registry.followup.letters.words import forbidden

__all__ = [
    "ADDRESSEES",
    "REASONS",
    "Batch",
    "Consents",
    "Facts",
    "Letter",
    "NotWritten",
    "Physician",
    "Press",
    "Printed",
    "Rules",
    "Sender",
    "Tried",
    "batches",
    "forbidden",
    "plan",
    "reference",
]
