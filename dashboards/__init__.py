"""Screens of the registry: one Streamlit application behind a sign-in, built by `dashboards.server.build_app`.

Screens talk to `registry.service` only (and to the dictionary for the names of items). `door.py` is the one place that holds the service and knows who is signed in.
"""
