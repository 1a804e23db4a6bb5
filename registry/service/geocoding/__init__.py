"""Addresses to a geocoder and back. `room` brings its operations together."""
