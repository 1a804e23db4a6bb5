"""Recodes: groups of site, histology, behavior and cause of death for tables and rates."""

from registry.coding.recodes import behavior, site

__all__ = ["behavior", "site"]
