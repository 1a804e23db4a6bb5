"""What physicians said about writing to their patients, on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

GIVEN, REFUSED, NOTHING = "given", "refused", "none"


class Consents:
    """Statements of physicians: the newest of each about a patient, else about all their patients.

    A consent that was withdrawn counts as a refusal until the physician consents again; a refusal that was withdrawn,
    and whatever has expired, counts as never said. One refusal outweighs every consent.

    Args:
        rows: mappings with patient_id (None = all patients), physician_id, given, given_on (Date), valid_until,
            withdrawn_at, consent_id.
        day: the day asked about.

    >>> wide = {"patient_id": None, "physician_id": "A", "given": True, "given_on": dt.date(2026, 1, 1),
    ...         "valid_until": None, "withdrawn_at": None, "consent_id": 1}
    >>> own = {**wide, "patient_id": 7, "given": False, "consent_id": 2}
    >>> said = Consents([wide, own], dt.date(2026, 10, 31))
    >>> said.of(7, ["A"]), said.of(8, ["A"]), said.of(8, ["B"])
    ('refused', 'given', 'none')
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], day: dt.date) -> None:
        self._own: dict[int, dict[str, bool]] = {}
        self._wide: dict[str, bool] = {}
        for row in sorted(rows, key=lambda each: (each["given_on"], each["consent_id"])):
            if row["given_on"] > day or (row["valid_until"] is not None and row["valid_until"] < day):
                continue
            withdrawn = row["withdrawn_at"] is not None
            if withdrawn and not row["given"]:
                continue
            said = bool(row["given"]) and not withdrawn
            patient, physician = row["patient_id"], row["physician_id"]
            where = self._wide if patient is None else self._own.setdefault(int(patient), {})
            where[physician] = said

    def of(self, patient_id: int, physicians: Collection[str]) -> str:
        """GIVEN, REFUSED or NOTHING for a patient with these physicians (any code they are known by)."""
        own = self._own.get(patient_id, {})
        general = [self._wide[code] for code in physicians if code in self._wide and code not in own]
        said = [*own.values(), *general]
        if not said:
            return NOTHING
        return GIVEN if all(said) else REFUSED
