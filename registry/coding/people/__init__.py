"""People: ages, and who belongs to which population group."""

from registry.coding.people import age, napiia, nhia, race

__all__ = ["age", "napiia", "nhia", "race"]
