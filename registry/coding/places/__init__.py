"""Places: what a county at diagnosis belongs to."""

from registry.coding.places import care_areas, county_analysis, rural_urban

__all__ = ["care_areas", "county_analysis", "rural_urban"]
