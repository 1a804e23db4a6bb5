"""A quality measure as data: who belongs in it, who is left out and why, what was expected to be done, the benchmark.

Measures come from TOML, the project's own from `measures.toml`; see `conditions` for the sentences.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from registry.analytics.outcomes import conditions
from registry.analytics.outcomes.columns import kind_of
from registry.errors import BadInput

OWN: Final = Path(__file__).with_name("measures.toml")
_TEXTS: Final = ("id", "version", "title", "question", "site", "source")
_KEYS: Final = {*_TEXTS, "benchmark", "direction", "denominator", "exclusions", "numerator", "note"}
DIRECTIONS: Final = ("at least", "at most")


@dataclass(frozen=True)
class Measure:
    """One measure in one version.

    Args:
        id, version, title, question, site, source, note: texts; `question` says in one sentence what is asked.
        benchmark: per cent; direction: "at least" or "at most" so many should meet it.
        denominator: conditions that a case must fulfil to be asked about.
        exclusions: (reason, conditions): fulfilled = left out, the first reason counts.
        numerator: conditions of meeting it.
    """

    id: str
    version: str
    title: str
    question: str
    site: str
    source: str
    benchmark: float
    direction: str
    denominator: list[Any] = field(hash=False)
    exclusions: list[tuple[str, list[Any]]] = field(hash=False)
    numerator: list[Any] = field(hash=False)
    note: str = ""

    def columns(self) -> list[str]:
        """Columns that its conditions ask about, sorted."""
        every = [self.denominator, self.numerator, *(when for _, when in self.exclusions)]
        return sorted({name for one in every for name in conditions.names(one)})

    def as_dict(self) -> dict[str, Any]:
        """As it stands in TOML."""
        return {
            **{name: getattr(self, name) for name in _TEXTS},
            "benchmark": self.benchmark, "direction": self.direction, "denominator": self.denominator,
            "exclusions": [{"reason": reason, "when": when} for reason, when in self.exclusions],
            "numerator": self.numerator, "note": self.note,
        }  # fmt: skip


def _is_item(name: str) -> bool:
    from registry import standards
    from registry.errors import NotFound

    try:
        standards.item(name)
    except (NotFound, KeyError, BadInput):
        return False
    return True


def kind(name: str) -> conditions.Kind | None:
    """Kind of a column of the catalogue or of a NAACCR item; None for other names.

    >>> kind("age"), kind("estrogenReceptorSummary"), kind("nothing")
    ('number', 'text', None)
    """
    return kind_of(name, is_item=False) or kind_of(name, is_item=_is_item(name))


def faults(definition: Any) -> list[str]:
    """What is wrong with a measure's definition, one line a fault; nothing when it can be used.

    >>> faults({"id": "x", "version": "1", "title": "t", "question": "q", "site": "Breast", "source": "s", "benchmark": 900,
    ...     "denominator": ["age < x"], "numerator": ["dead"]})
    ['benchmark: 900 is not between 0 and 100', 'denominator 1: "age < x": x is not a number']
    """
    if not isinstance(definition, dict):
        return ["a measure is a table"]
    found = [
        f"{name}: unknown word; known are {', '.join(sorted(_KEYS))}"
        for name in sorted(set(definition) - _KEYS)
    ]
    found += [f"{name}: is missing" for name in _TEXTS if not str(definition.get(name) or "").strip()]
    found += [
        f"{name}: is no text" for name in (*_TEXTS, "note") if not isinstance(definition.get(name, ""), str)
    ]
    identity = definition.get("id")
    if isinstance(identity, str) and identity and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity):
        found.append("id: write it in small letters, digits and hyphens")
    benchmark = definition.get("benchmark")
    if isinstance(benchmark, bool) or not isinstance(benchmark, int | float):
        found.append("benchmark: is missing or no number")
    elif not 0 <= benchmark <= 100:
        found.append(f"benchmark: {benchmark} is not between 0 and 100")
    if definition.get("direction", DIRECTIONS[0]) not in DIRECTIONS:
        found.append(f"direction: is one of {', '.join(DIRECTIONS)}")
    for name in ("denominator", "numerator"):
        found += _list_faults(name, definition.get(name))
    return found + _exclusion_faults(definition.get("exclusions", []))


def _list_faults(name: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not given:
        return [f"{name}: needs a list of conditions"]
    found = []
    for number, one in enumerate(given, 1):
        try:
            conditions.expression(one, kind)
        except conditions.Fault as fault:
            found.append(f"{name} {number}: {fault}")
    return found


def _exclusion_faults(given: Any) -> list[str]:
    if not isinstance(given, list):
        return ["exclusions: is no list"]
    found = []
    for number, one in enumerate(given, 1):
        if not isinstance(one, dict) or set(one) != {"reason", "when"} or not str(one["reason"]).strip():
            found.append(f"exclusions {number}: needs reason and when, nothing else")
            continue
        found += _list_faults(f"exclusions {number}", one["when"])
    return found


def measure_from(definition: dict[str, Any]) -> Measure:
    """A measure from its definition.

    Raises:
        BadInput: with every fault, a line each.
    """
    wrong = faults(definition)
    if wrong:
        shown = definition.get("id") if isinstance(definition, dict) else None
        raise BadInput(f"measure {shown or '(without id)'}", "; ".join(wrong), "mend the definition")
    return Measure(
        **{name: definition[name] for name in _TEXTS},
        benchmark=float(definition["benchmark"]),
        direction=definition.get("direction", DIRECTIONS[0]),
        denominator=definition["denominator"],
        exclusions=[(one["reason"], one["when"]) for one in definition.get("exclusions", [])],
        numerator=definition["numerator"],
        note=definition.get("note", ""),
    )


def definitions(text: str, where: str = "measures") -> list[dict[str, Any]]:
    """Definitions in a TOML text (tables `[[measure]]`), not yet judged.

    Raises:
        BadInput: it is no TOML, or holds no measure.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(where, f"is not TOML: {error}") from None
    found = table.get("measure")
    if not isinstance(found, list) or not found or set(table) != {"measure"}:
        raise BadInput(where, "holds no measure", "write each as a table [[measure]]")
    return found


def read(text: str, where: str = "measures") -> list[Measure]:
    """Measures of a TOML text, in its order.

    Raises:
        BadInput: with every fault of every measure, or an id that occurs twice.
    """
    given = definitions(text, where)
    wrong = [
        f"{one.get('id') if isinstance(one, dict) else one}: {fault}"
        for one in given
        for fault in faults(one)
    ]
    if wrong:
        raise BadInput(where, "; ".join(wrong), "mend the definition")
    measures = [measure_from(one) for one in given]
    if len({one.id for one in measures}) < len(measures):
        raise BadInput(where, "an id occurs twice")
    return measures


@cache
def own_measures() -> tuple[Measure, ...]:
    """The project's own measures, sorted by id.

    >>> [one.site for one in own_measures()]
    ['Breast', 'Breast', 'Colon', 'Colon', 'Lung', 'Lung']
    """
    return tuple(sorted(read(OWN.read_text(encoding="utf-8"), OWN.name), key=_by_id))


def _by_id(one: Measure) -> str:
    return one.id
