"""Words of submissions: states, reasons, changes, what a submission is of."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from dashboards.components import choices
from registry import standards

_FLAG: Final = "reportingFacilityRestrictionFlag"
#: State → word, class of its tag, what the state means.
STATES: Final = {
    "DRAFT": ("Draft", "rg-open", "something forbids sealing it"),
    "VALIDATED": ("Ready to seal", "rg-open", "checked; seal it to write its files"),
    "SEALED": ("Sealed", "", "its files are written and do not change any more"),
    "SENT": ("Sent", "", "the receiver has not answered yet"),
    "ACKNOWLEDGED": ("Accepted", "rg-met", "the receiver took every record"),
    "PARTLY_REJECTED": ("Partly rejected", "rg-not-met", "some records came back"),
    "REJECTED": ("Rejected", "rg-not-met", "the receiver took no record"),
    "RESUBMITTED": ("Resubmitted", "rg-met", "a later submission carries its corrections"),
    "DISCARDED": ("Discarded", "", "a newer preparation took its place"),
}
REASONS: Final = {
    "restricted": "Restricted by its facility (1856)",
    "restriction code unknown": "Unknown restriction code (1856)",
    "edit errors": "Errors of edits",
    "not complete": "Abstract not complete",
    "lesser record type": "Lesser record type",
}
CHANGES: Final = {
    "new": "New",
    "changed": "Changed",
    "same": "Unchanged, not sent again",
    "deleted": "Deleted",
}
ANSWERS: Final = {"accepted": "Accepted", "rejected": "Rejected", None: "Not answered"}


def state(code: str | None) -> str:
    """A state in words.

    >>> state("PARTLY_REJECTED"), state("NEW_ONE"), state(None)
    ('Partly rejected', 'New one', '–')
    """
    if code is None:
        return "–"
    return STATES[code][0] if code in STATES else code.replace("_", " ").capitalize()


def reason(code: str | None) -> str:
    """Why a record is held back, in words.

    >>> reason("edit errors"), reason("some other")
    ('Errors of edits', 'Some other')
    """
    code = code or "–"
    return REASONS.get(code, code[:1].upper() + code[1:])


def held(frame: pl.DataFrame) -> pl.DataFrame:
    """`reason` and `detail` of what is held back, in words; a code of item 1856 with its meaning.

    >>> frame = pl.DataFrame({"reason": ["edit errors"], "detail": ["ir-sex-site"]})
    >>> held(frame).row(0)
    ('Errors of edits', 'ir-sex-site')
    """
    labels = {code: f"{code} {meaning}" for code, meaning in standards.labels(_FLAG).items()}
    coded = pl.col("reason") == "restricted"
    return frame.with_columns(
        pl.col("reason").map_elements(reason, return_dtype=pl.String),
        pl.when(coded).then(pl.col("detail").replace(labels)).otherwise("detail").alias("detail"),
    )


def tag(code: str) -> str:
    """A state as a coloured tag of HTML."""
    word, style, meaning = STATES.get(code, (state(code), "", ""))
    return (
        f'<span class="rg-tag {style}" title="{html.escape(meaning, quote=True)}">{html.escape(word)}</span>'
    )


def of(row: Mapping[str, Any]) -> str:
    """What a submission is of: region, facility, years, kind of record.

    >>> of({"region": "NY", "year_from": 2022, "year_to": 2024, "record_type": "I", "delta": True})
    'NY · 2022–2024 · type I · changes only'
    """
    first, last = row.get("year_from"), row.get("year_to")
    years = f"{first}" if first == last else f"{first or '…'}–{last or '…'}"
    parts = [
        row.get("region"),
        choices.facility(row["facility_id"]) if row.get("facility_id") else None,
        years if first or last else None,
        f"type {row['record_type']}" if row.get("record_type") else None,
        "changes only" if row.get("delta") else None,
    ]
    return " · ".join(str(part) for part in parts if part)
