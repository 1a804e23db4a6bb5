"""Incidence rates over the registry: crude, age-specific, adjusted, compared."""
