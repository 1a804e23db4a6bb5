"""Saved cohorts: one definition of who is counted, used by every figure."""
