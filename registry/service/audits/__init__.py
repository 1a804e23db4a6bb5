"""Audits of coding and of casefinding. `room` brings their operations together."""
