"""Code search: words of a diagnosis → ICD-O-3.2 site, morphology and side.

Nothing is read when this is imported; the indexes are built (about half a second) with the first search.
"""
