"""Recodes published as tables of rules over site, histology, behavior and year, as one dense look-up.

The first rule that matches a tumor wins; a rule with an inclusion list ignores its exclusion list.
Every axis is cut into classes of codes that no rule tells apart, so that a whole definition becomes a
few ten thousand cells and a tumor costs one array access per axis, however many rules there are.

Well-formed codes come as numbers that the engine prepared once for all recodes. Odd texts ("C50",
"c509", "85003") are few: each distinct one is looked at alone, as the recode's own `Reading` says,
because the published programs differ in what they make of them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from registry.coding.ranges import Condition

Numbers = npt.NDArray[np.int32]
Read = Callable[[str], str | None]
"""What an odd text means: a well-formed code, another text to compare, or None for unknown."""

PREPARED = {
    "site": "@site",
    "histology": "@histology",
    "behavior": "@behavior",
    "year": "@diagnosis_year",
}
ITEMS = {"site": "primarySite", "histology": "histologicTypeIcdO3", "behavior": "behaviorCodeIcdO3"}
"""Items behind the prepared numbers; a year that is no number is unknown in every recode."""

_WRITTEN = {"site": "C{:03d}", "histology": "{:04d}", "behavior": "{:d}", "year": "{:04d}"}
_WELL_FORMED = {"site": "C[0-9]{3}", "histology": "[0-9]{4}", "behavior": "[0-9]", "year": "[0-9]{4}"}
_SIZE = {"site": 1_000, "histology": 10_000, "behavior": 10, "year": 10_000}
_MISSING = 65_535
BEYOND = "\U0010ffff"
"""A code after every range, of a well-formed number that is too large for its item."""


def number_site(text: str) -> str | None:
    """Site as `C` and a number of any length.

    >>> number_site("C50"), number_site("C5099") == BEYOND, number_site("c509")
    ('C050', True, None)
    """
    if not re.fullmatch("C[0-9]+", text):
        return None
    return f"C{int(text[1:]):03d}" if int(text[1:]) < _SIZE["site"] else BEYOND


def number_histology(text: str) -> str | None:
    """Histology as a number of any length.

    >>> number_histology("850"), number_histology("8500/3")
    ('0850', None)
    """
    return _number(text, "histology")


def number_behavior(text: str) -> str | None:
    """Behavior as a number of any length.

    >>> number_behavior("03"), number_behavior("X")
    ('3', None)
    """
    return _number(text, "behavior")


def _number(text: str, axis: str) -> str | None:
    if not text.isdecimal():
        return None
    return _WRITTEN[axis].format(int(text)) if int(text) < _SIZE[axis] else BEYOND


def as_written(text: str) -> str | None:
    """The text itself, compared with the ends of ranges letter by letter."""
    return text


@dataclass(frozen=True)
class Rule:
    """One row of a recode: conditions by axis (an axis left out means any code) and its outputs."""

    conditions: Mapping[str, Condition]
    answer: tuple[str | None, ...]


@dataclass(frozen=True)
class Reading:
    """How a recode takes odd texts, by axis. The axes are those that it needs: an unknown code on
    one of them makes the whole answer unknown.
    """

    site: Read = number_site
    histology: Read = number_histology
    behavior: Read | None = None
    year: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes in use, in fixed order."""
        used = {"behavior": self.behavior is not None, "year": self.year}
        return tuple(axis for axis in PREPARED if used.get(axis, True))

    def of(self, axis: str) -> Read:
        """The reading of one axis."""
        found: Read = getattr(self, axis)
        return found


NUMBERS = Reading()
"""Site and histology as numbers of any length."""

NUMBERS_AND_BEHAVIOR = Reading(behavior=number_behavior)


@dataclass
class _Axis:
    """One axis in classes: `bounds` are the ends of all ranges, sorted; a code lies on a bound or
    between two, and every such place has a class.
    """

    name: str
    bounds: list[str]
    class_of_place: Numbers
    groups: npt.NDArray[np.bool_]
    """Rule × class: whether the rule's condition holds."""
    class_of_number: Numbers = field(init=False)

    def __post_init__(self) -> None:
        size = _SIZE[self.name]
        written = np.array([_WRITTEN[self.name].format(number) for number in range(size)])
        bounds = np.array(self.bounds or [""], dtype=written.dtype)
        at = np.searchsorted(bounds, written)
        on = bounds[np.minimum(at, len(bounds) - 1)] == written
        self.class_of_number = np.full(_MISSING + 1, self.missing, dtype=np.int32)
        self.class_of_number[:size] = self.class_of_place[2 * at * bool(self.bounds) + on]

    @property
    def missing(self) -> int:
        """The class of unknown codes."""
        return self.groups.shape[1]

    def class_of(self, code: str | None) -> int:
        """The class of one code."""
        if code is None:
            return self.missing
        at = bisect_left(self.bounds, code)
        on = at < len(self.bounds) and self.bounds[at] == code
        return int(self.class_of_place[2 * at + on])


def _axis(name: str, conditions: Sequence[Condition]) -> _Axis:
    form = _WRITTEN[name].format
    ends = {end for one in conditions for pair in (*one.included, *one.excluded) for end in pair}
    numbers = sorted(ends)
    places = {number: 2 * position + 1 for position, number in enumerate(numbers)}
    masks = np.zeros((len(conditions), 2 * len(numbers) + 1), dtype=bool)
    for row, one in zip(masks, conditions, strict=True):
        for low, high in one.included or one.excluded:
            row[places[low] : places[high] + 1] = True
        if not one.included:
            row[:] = ~row
    classes: dict[bytes, int] = {}
    packed = np.ascontiguousarray(np.packbits(masks, axis=0).T)
    number_of = [classes.setdefault(column.tobytes(), len(classes)) for column in packed]
    first = [number_of.index(number) for number in range(len(classes))]
    return _Axis(name, [form(n) for n in numbers], np.array(number_of, dtype=np.int32), masks[:, first])


class RecodeTable:
    """The rules of one recode, compiled.

    Args:
        rules: in order, first match wins.
        unknown: the answer where no rule matches or a needed code is unknown.
        reading: the axes and how odd texts are taken.
    """

    def __init__(
        self, rules: Sequence[Rule], unknown: tuple[str | None, ...], reading: Reading = NUMBERS
    ) -> None:
        self.reading = reading
        self._rules = tuple(rules)
        answers = list(dict.fromkeys([unknown, *(rule.answer for rule in rules)]))
        self.answers = [pl.Series(values, dtype=pl.String) for values in zip(*answers, strict=True)]
        """One series per output: the value of each answer; answer 0 is the unknown one."""
        number = {answer: position for position, answer in enumerate(answers)}
        self._axes = [
            _axis(axis, [rule.conditions.get(axis, Condition()) for rule in rules]) for axis in reading.axes
        ]
        cells = np.zeros([axis.missing + 1 for axis in self._axes], dtype=np.uint16)
        for position in reversed(range(len(rules))):
            fits = [np.flatnonzero(axis.groups[position]) for axis in self._axes]
            cells[np.ix_(*fits)] = number[rules[position].answer]
        self._cells = cells.ravel()

    def columns(self) -> list[str]:
        """Columns that `numbers` needs: prepared numbers, then the items of odd texts."""
        axes = self.reading.axes
        return [*(PREPARED[axis] for axis in axes), *(ITEMS[axis] for axis in axes if axis in ITEMS)]

    def numbers(self, columns: Sequence[pl.Series]) -> npt.NDArray[np.uint16]:
        """The number of each row's answer (see `answers`).

        Args:
            columns: series in the order of `columns()`, all of one length.
        """
        index: Numbers | None = None
        for position, axis in enumerate(self._axes):
            odd = columns[len(self._axes) + position] if axis.name in ITEMS else None
            classes = self._classes(axis, columns[position], odd)
            index = classes if index is None else index * np.int32(axis.missing + 1) + classes
        assert index is not None
        return self._cells.take(index)

    def _classes(self, axis: _Axis, numbers: pl.Series, texts: pl.Series | None) -> Numbers:
        filled = numbers.cast(pl.UInt16).fill_null(_MISSING).to_numpy()
        classes: Numbers = axis.class_of_number.take(filled)
        if texts is None or numbers.null_count() == texts.null_count():
            return classes
        rows = (numbers.is_null() & texts.is_not_null()).arg_true()
        odd = texts.gather(rows)
        read = self.reading.of(axis.name)
        distinct = odd.unique()
        meant = pl.Series([axis.class_of(read(text)) for text in distinct], dtype=pl.Int32)
        classes[rows.to_numpy()] = odd.replace_strict(distinct, meant, return_dtype=pl.Int32).to_numpy()
        return classes

    def expression(self) -> pl.Expr:
        """The number of each row's answer, as a polars expression."""

        def numbers(columns: Sequence[pl.Series]) -> pl.Series:
            return pl.Series(self.numbers(columns))

        return pl.map_batches(
            [pl.col(name) for name in self.columns()], numbers, return_dtype=pl.UInt16, is_elementwise=True
        )

    def steps(self, *outputs: str) -> list[dict[str, pl.Expr]]:
        """Steps of a derivation with these outputs, one per value of an answer."""
        number = pl.col("@answer")
        return [
            {"@answer": self.expression()},
            {name: pl.lit(values).gather(number) for name, values in zip(outputs, self.answers, strict=True)},
        ]

    def why(self, record: Mapping[str, str | None]) -> str:
        """Which rule decides one record, in words.

        Args:
            record: item → value, as in a frame.
        """
        classes = []
        for axis in self._axes:
            item = ITEMS.get(axis.name, "dateOfDiagnosis")
            place = axis.class_of(self._code(axis.name, record.get(item) or ""))
            if place == axis.missing:
                return f"{item} is blank or no code that this recode reads, so the answer is unknown"
            classes.append((axis, place))
        fitting = (
            position
            for position in range(len(self._rules))
            if all(axis.groups[position, place] for axis, place in classes)
        )
        found = next(fitting, None)
        if found is None:
            return f"none of the {len(self._rules)} rules fits"
        conditions = self._rules[found].conditions
        named = ", ".join(
            f"{axis} {text}" for axis, one in conditions.items() if (text := one.text(_WRITTEN[axis]))
        )
        return f"rule {found + 1} of {len(self._rules)} is the first that fits: {named or 'any tumor'}"

    def _code(self, axis: str, text: str) -> str | None:
        """The code that a text is, blank and unknown ones None."""
        if axis == "year":
            text = text[:4]
        if re.fullmatch(_WELL_FORMED[axis], text) or not text or axis == "year":
            return text if re.fullmatch(_WELL_FORMED[axis], text) else None
        return self.reading.of(axis)(text)
