"""How a contact was made, what came of it, and which follow-up source codes that means.

Sources: NAACCR Data Standards and Data Dictionary, version 26, items 1790 and 1791 (codes); which code stands for
which way of contact is this project's choice.

>>> source_codes("letter", "physician"), source_codes("phone", None)
(('2', '40'), ('3', '50'))
"""

from __future__ import annotations

from typing import Final

METHODS: Final = ("letter", "phone", "email", "portal", "fax", "in_person", "chart", "other")
"""Ways of an active contact; what arrives without asking anybody is `passive`."""

ADDRESSEES: Final = ("physician", "nursing_home", "patient", "contact", "institution", "registry")
"""Of whom it was asked, or who answered."""

TELLING: Final = ("reply", "contacted")
"""Outcomes that tell about the patient, so they need a day."""

MAY_TELL: Final = ("refused",)
"""Whoever refuses is alive; the day may be missing."""

SILENT: Final = (
    "sent", "no answer", "returned undeliverable", "left message", "no information", "wrong number",
)  # fmt: skip
"""Outcomes that say nothing of the patient and move nothing."""

OUTCOMES: Final = (*TELLING, *MAY_TELL, *SILENT)

CONTACT_AFTER_DEATH: Final = "contact after death"
DEATH_BEFORE_CONTACT: Final = "death before last contact"
DEATH_DIFFERS: Final = "death date differs"
CONTRADICTION: Final = "follow-up contradiction"
NEW_PRIMARY: Final = "new primary reported"

PERHAPS_DEAD: Final = (CONTACT_AFTER_DEATH, DEATH_BEFORE_CONTACT, DEATH_DIFFERS)
"""Review tasks that, while open, leave it in doubt whether the patient lives: nobody is written to meanwhile."""

REVIEW_KINDS: Final = (*PERHAPS_DEAD, CONTRADICTION, NEW_PRIMARY)
"""Kinds of review tasks that follow-up work opens."""

_BY_ADDRESSEE: Final = {
    "physician": ("2", "40"),
    "nursing_home": ("8", "63"),
    "patient": ("3", "50"),
    "contact": ("8", "51"),
    "institution": ("1", "39"),
    "registry": ("8", "60"),
}
_BY_METHOD: Final = {"chart": ("1", "30"), "phone": ("3", "50"), "in_person": ("3", "50")}
_OTHER: Final = ("9", "99")

PASSIVE: Final = {"visits": ("1", "30"), "naaccr": ("8", "60"), "pathology": ("8", "31")}
"""Kind of a passive source → (followUpSource [1790], followUpSourceCentral [1791])."""

DEATH_FILES: Final = ("04", "05", "06", "07")
"""Codes of item 1791 for files that list the dead: that somebody is not in one is no contact."""


def source_codes(method: str, addressee: str | None) -> tuple[str, str]:
    """(followUpSource [1790], followUpSourceCentral [1791]) of a reply, by who answered, else by the way it came."""
    if addressee in _BY_ADDRESSEE:
        return _BY_ADDRESSEE[addressee]
    return _BY_METHOD.get(method, _OTHER)
