"""Denominators: populations, life tables, deaths of the population; loading and naming them."""
