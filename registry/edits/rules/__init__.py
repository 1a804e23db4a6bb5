"""The rules themselves, one file a subject. `load` puts them all on the register."""

from __future__ import annotations

from importlib import import_module

FILES = (
    "codes",
    "identity",
    "geography",
    "date_values",
    "date_order",
    "first_course_dates",
    "demographic",
    "death",
    "death_certificate",
    "site_and_sex",
    "site_histology",
    "reportability",
    "follow_up",
    "age",
    "behavior",
    "grade",
    "laterality",
    "sequence",
    "schema",
    "stage",
    "stage_tnm",
    "nodes",
    "size",
    "treatment_codes",
    "treatment",
    "treatment_dates",
    "treatment_here",
    "radiation",
    "same_patient",
    "patient_sequence",
    "same_tumor",
    "same_person",
    "names",
    "text",
)


def load() -> None:
    """Import every rule file once."""
    for name in FILES:
        import_module(f"registry.edits.rules.{name}")
