"""How a value of a report is written, the same in every form of it."""

from __future__ import annotations

import datetime as dt

from registry.quality.edit_report import BAR, COUNT, DATE, OPERATOR, PERCENT, RATE

NOTHING = "–"
TONES = {
    "error": "bad", "not met": "bad", "open": "bad", "review": "warn", "not computable": "plain", "warning": "plain",
    "met": "good", "overridden": "plain", "fixed": "good",
}  # fmt: skip
"""Words of a state column → tone; the word itself always stands beside the colour."""


def written(value: object, kind: str) -> str:
    """A value as people read it; a dash when there is none.

    >>> written(12345, "count"), written(97.25, "percent"), written(None, "rate"), written(dt.date(2026, 11, 1), "date")
    ('12,345', '97.2 %', '–', '2026-11-01')
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if kind == COUNT and isinstance(value, int | float):
        return f"{int(value):,}"
    if kind == PERCENT and isinstance(value, int | float):
        return f"{value:.1f} %"
    if kind == BAR and isinstance(value, int | float):
        return f"{value:,.1f}"
    if kind == RATE and isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if kind == OPERATOR:
        return {">=": "≥", "<=": "≤"}.get(str(value), str(value))
    return str(value) if kind != DATE else str(value)[:10]
