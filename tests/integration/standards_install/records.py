"""Records of two people, and what a registry holds of them."""

from __future__ import annotations

from registry.service import Session
from tests.next_version import (
    BEFORE,
    LONGER,
    LONGER_CODES,
    MOVED,
    RETIRED,
)
from tests.received import TUMOR, TWO, changed

FIRST = changed(
    TUMOR, **{BEFORE: "1", MOVED: "2", RETIRED: "03", LONGER: "1234567890", LONGER_CODES: "30"}
)  # fmt: skip
SECOND = changed(
    TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", primarySite="C341", laterality="5",
    **{BEFORE: "4", MOVED: "9", LONGER_CODES: "99"},
)  # fmt: skip
THIRD = changed(SECOND, accessionNumberHosp="202300778", primarySite="C509", laterality="5", **{BEFORE: None})


def content(session: Session) -> dict[str, list[dict[str, object]]]:
    """Every row of the tables with items; columns that are blank everywhere don't count, nor do stamps."""
    found = {}
    for table in ("patient", "tumor", "abstract", "pathology_report"):
        rows = session._store.query(f"SELECT * FROM {table} ORDER BY 1")
        filled = sorted(name for name in rows.columns if rows[name].is_not_null().any())
        stamps = {"version", "changed_at", "changed_by"}
        found[table] = rows.select(name for name in filled if name not in stamps).to_dicts()
    return found


def cells(session: Session, table: str, *items: str) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{item}"' for item in items)
    return session._store.query(f"SELECT {names} FROM {table} ORDER BY {table}_id").rows()
