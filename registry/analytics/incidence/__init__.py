"""Incidence: rates, their limits and comparisons, prevalence."""
