"""Figures for research: cohorts, survival, incidence, trends, outcomes; each passes disclosure control on its way out."""
