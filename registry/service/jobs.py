"""Scheduled jobs: their runs, attempts and what comes next."""
