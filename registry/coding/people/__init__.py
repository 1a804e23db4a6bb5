"""People: ages, and who belongs to which population group."""

from registry.coding.people import age, age_groups, napiia, nhia, race

__all__ = ["age", "age_groups", "napiia", "nhia", "race"]
