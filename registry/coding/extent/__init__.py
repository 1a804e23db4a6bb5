"""Extent of disease over the years: tumor size, grade, breast cancer category, historic stage."""

from registry.coding.extent import historic_stage

__all__ = ["historic_stage"]
