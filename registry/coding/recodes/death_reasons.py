"""Why a death counts as one of the cancer, or of another cause, in words for one record."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from registry.coding import reference
from registry.coding.deriving import derive
from registry.coding.ranges import ranges
from registry.coding.recodes.site import recode_labels

LAST_SEQUENCE = 59
_ORDER = {"0": "when it is the only tumor", "1-59": "when there are other tumors"}
_REVISIONS = {"8": "ICD-8", "9": "ICD-9", "1": "ICD-10"}

Record = Mapping[str, str | None]


def why(version: str, record: Record) -> str:
    """The rule that decides, or what keeps all rules from it.

    Whether the last contact lies after the end of the study is not looked at: that is alive.

    Args:
        version: `2008`, `2008-fixed` or `2023`.
        record: item → value, as in a frame.

    >>> why("2008", {"sequenceNumberCentral": "00", "icdRevisionNumber": "1", "causeOfDeath": "I219",
    ...              "primarySite": "C509", "histologicTypeIcdO3": "8500"})
    'I219 (ICD-10) is not among the causes that count for Breast when it is the only tumor'
    """
    number, revision = record.get("sequenceNumberCentral") or "", record.get("icdRevisionNumber") or ""
    cause = (record.get("causeOfDeath") or "").upper()
    if not (number.isdecimal() and int(number) <= LAST_SEQUENCE):
        return f"sequence number {number or '(blank)'} is not one of a malignant tumor (00 to 59)"
    if revision == "0":
        return "ICD revision 0 means alive"
    if len(cause) < 3 or cause in ("7777", "7797"):
        return f"the cause of death is missing or unknown ({cause or 'blank'})"
    if revision not in _REVISIONS:
        return f"ICD revision {revision or '(blank)'} has no rules, so no cause counts"
    order = "0" if int(number) == 0 else "1-59"
    recode = "2023" if version == "2023" else "2008"
    output = f"site_recode_{recode}"
    items = {item: [value or None] for item, value in record.items()}
    site = derive(pl.DataFrame(items), [output]).item(0, output)
    rows = (
        row
        for row in reference.table("cause_of_death_rules.csv").iter_rows(named=True)
        if version in row["versions"].split()
        and (row["icd_revision"], row["sequence"]) == (revision, order)
        and row["site_recode"] in (None, site)
    )
    histology = record.get("histologicTypeIcdO3") or ""
    found = next((row for row in rows if _meant(row, histology) and _names(row, cause)), None)
    name, code = recode_labels(recode).get(site, site), f"{cause} ({_REVISIONS[revision]})"
    if found is None:
        return f"{code} is not among the causes that count for {name} {_ORDER[order]}"
    return f"{code} is among the causes that count for {name if found['site_recode'] else 'any site'} {_ORDER[order]}"


def _meant(row: Mapping[str, str | None], histology: str) -> bool:
    """Whether a rule is for a histology."""
    number = int(histology) if len(histology) == 4 and histology.isdecimal() else -1
    listed = any(
        low <= number <= high for low, high in ranges(row["histologies_in"] or row["histologies_out"])
    )
    return listed if row["histologies_in"] else not listed


def _names(row: Mapping[str, str | None], cause: str) -> bool:
    """Whether a rule names a cause, at three characters or in full."""
    for text, length in ((row["causes_3"], 3), (row["causes_4"], None)):
        for part in (text or "").split():
            low, _, high = part.partition("-")
            if low <= cause[:length] <= (high or low):
                return True
    return False
