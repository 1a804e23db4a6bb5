"""Regression models of survival."""
