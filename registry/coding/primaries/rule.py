"""How a group of rules is declared: each rule one small predicate with its texts and examples.

```python
BREAST = Group("mph_2007_to_2017_breast")

@BREAST.rule("M7", MULTIPLE, question="…?", reason="…", examples='''
C509 8500/3 1 2010-01-01 | C509 8500/3 2 2010-03-01 | multiple
C509 8500/3 1 2010-01-01 | C509 8500/3 1 2010-03-01 | single M11
''')
def each_breast(pair: Pairs) -> Answer:
    return pair.opposite_sides()
```
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.pairs import Pairs

SINGLE, MULTIPLE, QUESTIONABLE, INVALID = "single", "multiple", "questionable", "invalid"
RESULTS = ("", SINGLE, MULTIPLE, QUESTIONABLE, INVALID)

Predicate: TypeAlias = Callable[[Pairs], Answer | Mask]


@dataclass(frozen=True)
class Example:
    """A pair of tumors and what the rules make of it.

    Attributes:
        first, second: site, histology/behavior, laterality, date, and perhaps the ICD-O-2 morphology,
            blank-separated as in the table beside the rule.
        result: single, multiple or questionable.
        step: the rule that decides.
    """

    first: str
    second: str
    result: str
    step: str


@dataclass(frozen=True)
class Rule:
    """One rule of a group.

    Attributes:
        step: its number in the manual, such as M7; blank where the manual has no numbers.
        result: what follows from yes.
        question: what the rule asks, for a registrar.
        reason: what follows and why, for a registrar.
        predicate: answers the question for all pairs: an `Answer`, or a mask when nothing can be missing.
        examples: pairs that the rule decides and pairs that it leaves to others.
    """

    step: str
    result: str
    question: str
    reason: str
    predicate: Predicate
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Shared:
    """A rule that several groups have, see `common`: its texts, result and predicate."""

    result: str
    question: str
    reason: str
    predicate: Predicate


GROUPS: dict[str, Group] = {}
"""All declared groups by id; filled when their modules are imported."""


@dataclass
class Group:
    """The rules of one group, in the order in which they are asked.

    Attributes:
        id: as in `mph_groups.csv`, where its sites, histologies, behaviors and years stand.
        rules: filled by `rule` and `shared`.
    """

    id: str
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        GROUPS[self.id] = self

    def rule(
        self, step: str, result: str, *, question: str, reason: str, examples: str
    ) -> Callable[[Predicate], Predicate]:
        """Declare the decorated predicate as the next rule of the group."""

        def declare(predicate: Predicate) -> Predicate:
            self.rules.append(
                Rule(step, result, _text(question), _text(reason), predicate, parse_examples(examples, step))
            )
            return predicate

        return declare

    def shared(self, step: str, rule: Shared, *, examples: str) -> None:
        """Declare a rule of `common` as the next rule of the group."""
        self.rule(step, rule.result, question=rule.question, reason=rule.reason, examples=examples)(
            rule.predicate
        )


def _text(text: str) -> str:
    return " ".join(text.split())


def parse_examples(text: str, step: str) -> tuple[Example, ...]:
    """Lines of `tumor | tumor | result [step]`; without a step the rule itself decides.

    >>> parse_examples("C509 8500/3 1 2010 | C509 8500/3 2 2010-03-01 | multiple", "M7")[0].result
    'multiple'
    """
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        first, second, expected = (cell.strip() for cell in line.split("|"))
        result, _, decided = expected.partition(" ")
        if result not in RESULTS:
            raise ValueError(f"example {line!r}: {result!r} is no result")
        found.append(Example(first, second, result, decided.strip() or step))
    return tuple(found)


_TUMOR = re.compile(r"(\S+) (\S+)/(\S+) (\S+) (\S+)(?: (\S+)/(\S+))?")

TUMOR_COLUMNS = (
    "primarySite",
    "histologyIcdO3",
    "behaviorIcdO3",
    "laterality",
    "dateOfDiagnosis",
    "histologyIcdO2",
    "behaviorIcdO2",
)


def tumor_of(text: str) -> dict[str, str | None]:
    """The columns of a tumor written as in an example; `-` is blank, dates may be partial.

    >>> tumor_of("C509 8500/3 - 2010-03")["dateOfDiagnosis"]
    '201003'
    """
    match = _TUMOR.fullmatch(" ".join(text.split()))
    if not match:
        raise ValueError(f"{text!r} is not `site histology/behavior laterality date [ICD-O-2 morphology]`")
    values = [None if cell in (None, "-") else cell for cell in match.groups()]
    values[4] = values[4].replace("-", "") if values[4] else None
    return dict(zip(TUMOR_COLUMNS, values, strict=True))
