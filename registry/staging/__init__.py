"""Staging: an empty room until its own issue furnishes it."""
