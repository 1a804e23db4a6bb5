"""Treatment: legal surgery codes, days from diagnosis to treatment."""

from registry.coding.treatment import days_to_treatment, surgery
from registry.coding.treatment.surgery_lookup import (
    SurgeryCheck,
    SurgeryCode,
    SurgeryTable,
    check_surgery_code,
    surgery_codes,
    surgery_table,
)

__all__ = [
    "SurgeryCheck",
    "SurgeryCode",
    "SurgeryTable",
    "check_surgery_code",
    "days_to_treatment",
    "surgery",
    "surgery_codes",
    "surgery_table",
]
