"""Scheduled jobs: the table, periods, runs, what is due. `room` brings their operations together."""
