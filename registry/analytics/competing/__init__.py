"""Competing risks: how many die of what."""
