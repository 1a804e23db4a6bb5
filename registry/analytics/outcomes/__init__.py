"""Outcomes of hospitals: stage, treatment, delays, measures, funnel plots."""
