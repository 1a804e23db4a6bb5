"""Conditions of quality measures: short sentences over columns, read by a grammar, never executed as a program.

A condition is one of
    age < 70                        a number against a number: = != < <= > >=
    surgery_code between 20 and 29  both ends included
    stage in Localized, Regional    one of several values (numbers: single ones and ranges, 1, 10-19)
    radiation = yes                 a text against a text; "not in" and != for the contrary
    histology is known              or: is unknown
    dead                            a flag; "not dead" for the contrary
or a table {any = [...]}, {all = [...]}, {none = [...]} of conditions. A list of conditions means all of them.

A value that is missing makes a condition neither true nor false (null), as in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import polars as pl

from registry.analytics.outcomes.columns import COLUMNS, Kind

KindOf = Callable[[str], Kind | None]
_NAME = r"(?P<name>[A-Za-z][A-Za-z0-9_]*)"
_SHAPES: Final = {
    "between": re.compile(rf"{_NAME}\s+between\s+(?P<low>\S+)\s+and\s+(?P<high>\S+)"),
    "known": re.compile(rf"{_NAME}\s+is\s+(?P<word>known|unknown)"),
    "in": re.compile(rf"{_NAME}\s+(?P<not>not\s+)?in\s+(?P<values>.+)"),
    "compare": re.compile(rf"{_NAME}\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.+)"),
    "flag": re.compile(rf"(?P<not>not\s+)?{_NAME}"),
}
_GROUPS: Final = ("any", "all", "none")
DEEPEST: Final = 8


class Fault(ValueError):
    """A condition that cannot be read: one line that says why."""


def expression(condition: Any, kind_of: KindOf, depth: int = 0) -> pl.Expr:
    """The condition as an expression (Boolean with nulls).

    Args:
        condition: a sentence, a table of conditions, or a list (all of them).
        kind_of: kind of a column by its name, None when there is none.

    Raises:
        Fault: in one line, naming the condition.

    >>> def kinds(name): return {"age": "number", "stage": "text", "dead": "flag"}.get(name)
    >>> people = pl.DataFrame({"age": [50, 80, None], "stage": ["Distant", "Localized", None], "dead": [True, False, None]})
    >>> wanted = ["age < 70", {"any": ["stage in Localized, Regional", "dead"]}]
    >>> people.select(expression(wanted, kinds)).to_series().to_list()
    [True, False, None]
    >>> expression("agee < 70", kinds)
    Traceback (most recent call last):
    registry.analytics.outcomes.conditions.Fault: "agee < 70": there is no column agee
    """
    if depth > DEEPEST:
        raise Fault(f"conditions lie more than {DEEPEST} levels deep")
    if isinstance(condition, str):
        return _sentence(condition.strip(), kind_of)
    if isinstance(condition, list):
        if not condition:
            raise Fault("a list of conditions is empty")
        return pl.all_horizontal(expression(one, kind_of, depth + 1) for one in condition)
    if isinstance(condition, dict) and len(condition) == 1 and next(iter(condition)) in _GROUPS:
        (word, inner), *_ = condition.items()
        if not isinstance(inner, list) or not inner:
            raise Fault(f"{word} needs a list of conditions")
        parts = [expression(one, kind_of, depth + 1) for one in inner]
        if word == "all":
            return pl.all_horizontal(parts)
        either = pl.any_horizontal(parts)
        return ~either if word == "none" else either
    raise Fault(f"a condition is a sentence, or a table with one of {', '.join(_GROUPS)}")


def names(condition: Any) -> Iterator[str]:
    """Names of the columns that a condition asks about.

    >>> sorted(names([{"none": ["age < 7", "not dead"]}]))
    ['age', 'dead']
    """
    if isinstance(condition, str):
        for shape in _SHAPES.values():
            found = shape.fullmatch(condition.strip())
            if found:
                yield found["name"]
                return
    for one in condition if isinstance(condition, list) else ():
        yield from names(one)
    for one in condition.values() if isinstance(condition, dict) else ():
        yield from names(one)


def _sentence(text: str, kind_of: KindOf) -> pl.Expr:
    for shape, pattern in _SHAPES.items():
        found = pattern.fullmatch(text)
        if not found:
            continue
        parts = found.groupdict()
        kind = kind_of(parts["name"])
        if kind is None:
            raise Fault(f'"{text}": there is no column {parts["name"]}')
        try:
            return _MAKERS[shape](parts, kind)
        except Fault as fault:
            raise Fault(f'"{text}": {fault}') from None
    raise Fault(
        f'"{text}" is not a condition (see: age < 70; stage in A, B; size between 1 and 9; age is known; dead)'
    )


def _number(text: str) -> float:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text.strip()):
        raise Fault(f"{text.strip()} is not a number")
    return float(text)


def _numeric(name: str, kind: Kind) -> pl.Expr:
    if kind == "flag":
        raise Fault(f"{name} is true or false: write it alone, or after not")
    column = pl.col(name)
    return column if kind == "number" else column.cast(pl.String).cast(pl.Float64, strict=False)


def _word(name: str, text: str) -> str:
    value = text.strip()
    allowed = COLUMNS[name].values if name in COLUMNS else ()
    if not value or (allowed and value not in allowed):
        raise Fault(
            f"{value or 'nothing'} is not one of {', '.join(allowed)}" if allowed else "a value is missing"
        )
    return value


def _between(parts: dict[str, Any], kind: Kind) -> pl.Expr:
    low, high = _number(parts["low"]), _number(parts["high"])
    if low > high:
        raise Fault("the range runs backwards")
    return _numeric(parts["name"], kind).is_between(low, high)


def _known(parts: dict[str, Any], _kind: Kind) -> pl.Expr:
    column = pl.col(parts["name"])
    return column.is_null() if parts["word"] == "unknown" else column.is_not_null()


def _in(parts: dict[str, Any], kind: Kind) -> pl.Expr:
    name, given = parts["name"], parts["values"].split(",")
    if kind == "number":
        column = _numeric(name, kind)
        found = pl.any_horizontal(_one_of(column, part.strip()) for part in given)
    elif kind == "text":
        found = pl.any_horizontal(pl.col(name).cast(pl.Categorical) == _word(name, part) for part in given)
    else:
        raise Fault(f"{name} is true or false: write it alone, or after not")
    return ~found if parts["not"] else found


def _one_of(column: pl.Expr, part: str) -> pl.Expr:
    span = re.fullmatch(r"(\d+)-(\d+)", part)
    if span:
        if int(span[1]) > int(span[2]):
            raise Fault(f"{part}: the range runs backwards")
        return column.is_between(int(span[1]), int(span[2]))
    return column == _number(part)


def _compare(parts: dict[str, Any], kind: Kind) -> pl.Expr:
    name, sign = parts["name"], parts["sign"]
    if kind == "text" and sign in ("=", "!="):
        equal = pl.col(name).cast(pl.Categorical) == _word(name, parts["value"])
        return equal if sign == "=" else ~equal
    column, value = _numeric(name, kind), _number(parts["value"])
    signs: dict[str, Callable[[], pl.Expr]] = {
        "=": lambda: column == value, "!=": lambda: column != value, "<": lambda: column < value,
        "<=": lambda: column <= value, ">": lambda: column > value, ">=": lambda: column >= value,
    }  # fmt: skip
    return signs[sign]()


def _flag(parts: dict[str, Any], kind: Kind) -> pl.Expr:
    if kind != "flag":
        raise Fault(f"{parts['name']} is no flag: compare it with a value")
    column = pl.col(parts["name"])
    return ~column if parts["not"] else column


_MAKERS: Final[dict[str, Callable[[dict[str, Any], Kind], pl.Expr]]] = {
    "between": _between, "known": _known, "in": _in, "compare": _compare, "flag": _flag,
}  # fmt: skip
