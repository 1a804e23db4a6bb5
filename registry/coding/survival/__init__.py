"""Survival: from diagnosis to last contact, in months and days."""

from registry.coding.survival import survival_time

__all__ = ["survival_time"]
