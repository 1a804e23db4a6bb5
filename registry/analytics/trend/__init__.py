"""Trends over years: annual percent change and joinpoints."""
