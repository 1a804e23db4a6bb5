"""What an audit codes again, and what a blinded auditor may see while doing so.

The items are data (`data/audit_items.csv`). An auditor works from texts and documents: whatever is being coded again
is never among what is shown.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import polars as pl

from registry.quality.completeness import DATA

REABSTRACTION, RECODING = "reabstraction", "recoding"
IDENTIFICATION = {
    REABSTRACTION: (
        "nameLast", "nameFirst", "nameMiddle", "dateOfBirth", "medicalRecordNumber", "accessionNumberHosp",
        "reportingFacility", "dateOf1stContact",
    ),
    RECODING: ("sexAssignedAtBirth", "sex", "ageAtDiagnosis"),
}  # fmt: skip
"""A re-abstraction needs to find the chart; a recoding works from the texts and need not know whose they are."""


@cache
def _table() -> pl.DataFrame:
    return pl.read_csv(
        DATA / "audit_items.csv",
        comment_prefix="#",
        schema_overrides={"year_min": pl.Int32, "year_max": pl.Int32},
    )


def audit_items(year: int) -> list[str]:
    """Items that an audit of this year codes again, in the order of the table.

    >>> "gradeClinical" in audit_items(2024), "gradeClinical" in audit_items(2015)
    (True, False)
    """
    held = (pl.col("year_min").fill_null(0) <= year) & (year <= pl.col("year_max").fill_null(9999))
    return _table().filter(held)["item"].to_list()


def shown_items(kind: str, every: Collection[str], coded: Collection[str]) -> tuple[list[str], list[str]]:
    """What the auditor sees of a case: (identification, texts), without anything that is coded again.

    Args:
        kind: REABSTRACTION or RECODING.
        every: item ids that records have, in order.
        coded: the audited items.

    >>> shown_items("recoding", ["sex", "nameLast", "textDxProcPath", "rxTextSurgery", "primarySite"], ["primarySite"])
    (['sex'], ['textDxProcPath', 'rxTextSurgery'])
    """
    hidden = set(coded)
    identification = [item for item in IDENTIFICATION[kind] if item in every and item not in hidden]
    texts = [item for item in every if item.startswith(("text", "rxText")) and item not in hidden]
    return identification, texts
