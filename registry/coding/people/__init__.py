"""People: ages, and who belongs to which population group."""

from registry.coding.people import age

__all__ = ["age"]
