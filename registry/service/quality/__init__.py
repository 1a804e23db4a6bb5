"""Judging the registry by edits, the board of failures, indicators, suites. `room` brings their operations together."""
