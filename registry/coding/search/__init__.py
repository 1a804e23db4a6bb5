"""Code search: words of a diagnosis → ICD-O-3.2 site, morphology and side; codes → words.

Nothing is read when this is imported; the indexes are built (about half a second) with the first search.
"""

from registry.coding.search.batch import search_frame
from registry.coding.search.find import Hit, search_codes
from registry.coding.search.lookup import Meaning, Neighbours, neighbours, term
from registry.coding.search.other_codes import CodeHit, search_cause_of_death, search_surgery

__all__ = [
    "CodeHit",
    "Hit",
    "Meaning",
    "Neighbours",
    "neighbours",
    "search_cause_of_death",
    "search_codes",
    "search_frame",
    "search_surgery",
    "term",
]
