"""What identifies a patient in this registry, by kind, and how each kind is looked for in an extract.

Sources: 45 CFR 164.514(b)(2)(i) and (e)(2) (direct identifiers); NAACCR data dictionary 26 (items that hold them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """One kind of identifier: its name in reports, how it is looked for (`scan.HOW`), the items that hold it."""

    name: str
    how: str
    items: tuple[str, ...]


KINDS: Final = (
    Kind(
        "names of persons", "name",
        ("nameLast", "nameFirst", "nameMiddle", "nameAlias", "nameBirthSurname", "nameMaiden", "nameSpouseParent",
         "followUpContactName"),
    ),
    Kind("social security numbers", "number", ("socialSecurityNumber",)),
    Kind("health plan numbers", "number", ("medicareBeneficiaryIdentifier", "militaryRecordNoSuffix")),
    Kind("medical record numbers", "number", ("medicalRecordNumber",)),
    Kind("accession numbers", "number", ("accessionNumberHosp",)),
    Kind("patient numbers of senders", "number", ("patientIdNumber", "patientSystemIdHosp")),
    Kind(
        "certificate and specimen numbers", "number",
        ("dcStateFileNumber", *(f"pathReportNumber{n}" for n in range(1, 6))),
    ),
    Kind("telephone numbers", "number", ("telephone",)),
    Kind(
        "addresses", "text",
        ("addrAtDxNoStreet", "addrAtDxSupplementl", "addrCurrentNoStreet", "addrCurrentSupplementl",
         "followUpContactNost", "followUpContactSuppl"),
    ),
    Kind("coordinates", "text", ("latitude", "longitude")),
)  # fmt: skip

#: Our own numbers: key columns by table.
OWN_NUMBERS: Final = (("patient", "patient_id"), ("tumor", "tumor_id"), ("abstract", "abstract_id"))

#: Sentinels that stand for "unknown": no identifier, whoever has them.
NOBODYS: Final = frozenset({"UNKNOWN", "NONE", "999999999", "9999999999", "0000000000", "000000000", "99999999999"})  # fmt: skip
