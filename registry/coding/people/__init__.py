"""People: ages, and who belongs to which population group."""

from registry.coding.people import age, nhia

__all__ = ["age", "nhia"]
