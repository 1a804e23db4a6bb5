"""Extent of disease over the years: tumor size, grade, breast cancer category, historic stage."""

from registry.coding.extent import breast, grade, historic_stage, tumor_size

__all__ = ["breast", "grade", "historic_stage", "tumor_size"]
