"""Outcomes of a hospital: stage, treatment, delays, volume, observed and expected survival."""
