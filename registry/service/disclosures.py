"""Accounting of disclosures: to whom a patient's data went, when and why."""
