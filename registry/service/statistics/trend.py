"""Trends of incidence over years, with joinpoints."""
