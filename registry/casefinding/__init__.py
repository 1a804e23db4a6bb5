"""Casefinding: pathology reports come in and find their patient."""
