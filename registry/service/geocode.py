"""Geocoding round trip: addresses at diagnosis out, places back."""
