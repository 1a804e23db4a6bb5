"""Entities of an internal DTD: harmless ones are read, anything outside the document is refused."""

from __future__ import annotations

import re
from xml.parsers import expat

MAX_ENTITIES = 1_000
MAX_EXPANDED = 1_000_000
MAX_LEVELS = 16
# Text that a document may gain by its entities, over its own size.
MAX_GAIN = 16 << 20
# Older ones have no protection of their own against entities that multiply.
SAFE_EXPAT = (2, 4, 1)
_REFERENCE = re.compile(r"&([^#&;][^&;]*);")


class Entities:
    """The entities that a document declares, with the size each one unfolds to.

    >>> entities = Entities()
    >>> entities.declare("a", "x" * 100_000), entities.declare("b", "&a;" * 100), entities.problem()
    (None, None, 'the entity b unfolds to more than 1,000,000 characters')
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def declare(self, name: str, value: str | None) -> str | None:
        """Note an entity; gives the reason when it is refused (`value` is None for one outside the document)."""
        if value is None:
            return f"the entity {name[:40]} stands outside the file, which is refused"
        if expat.version_info < SAFE_EXPAT:
            return "the file declares XML entities, which this old XML parser cannot read safely"
        self._values.setdefault(name, value)
        if len(self._values) > MAX_ENTITIES:
            return f"the file declares more than {MAX_ENTITIES:,} entities"
        return None

    def problem(self) -> str | None:
        """Why the declared entities are refused, or None."""
        known: dict[str, tuple[int, int]] = {}
        for name in self._values:
            size, levels = self._unfolded(name, known, MAX_LEVELS + 1)
            if levels > MAX_LEVELS:
                return f"the entity {name[:40]} is nested deeper than {MAX_LEVELS} levels"
            if size > MAX_EXPANDED:
                return f"the entity {name[:40]} unfolds to more than {MAX_EXPANDED:,} characters"
        return None

    def _unfolded(self, name: str, known: dict[str, tuple[int, int]], left: int) -> tuple[int, int]:
        """Size and number of levels of an entity; a circle of entities has more levels than allowed."""
        if not left:
            return 0, MAX_LEVELS + 1
        if name not in self._values:
            return 0, 0
        if name not in known:
            value = self._values[name]
            inner = [self._unfolded(used, known, left - 1) for used in _REFERENCE.findall(value)]
            size = len(value) + sum(size for size, _ in inner)
            levels = 1 + max((levels for _, levels in inner), default=0)
            known[name] = min(size, MAX_EXPANDED + 1), min(levels, MAX_LEVELS + 1)
        return known[name]
