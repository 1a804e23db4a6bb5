"""Who is who: joining records of one person, and consolidating what several facilities reported."""

from registry.linkage.consolidation import consolidate, follow_abstracts
from registry.linkage.persons import PersonMatch, identity, match_persons

__all__ = ["PersonMatch", "consolidate", "follow_abstracts", "identity", "match_persons"]
