"""Polars' functions of numbers and Booleans on single values.

Each maker gets the call with its operands, options and type.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

import polars as pl

from registry.edits.interpreter.operators import BINARY, both, either, require_booleans
from registry.edits.interpreter.values import Function, NotKnown, Value, Values, whole_number_limits


def _not(call: Any) -> Function:
    require_booleans(call.dtype)
    value = call.function(0)

    def negated(values: Values) -> Value:
        old = value(values)
        return None if old is None else not old

    return negated


def _is_null(call: Any) -> Function:
    value = call.function(0)
    return lambda values: value(values) is None


def _is_not_null(call: Any) -> Function:
    value = call.function(0)
    return lambda values: value(values) is not None


def _is_between(call: Any) -> Function:
    value, low, high = call.functions()
    closed = call.options[0]
    above = "GtEq" if closed in ("both", "left") else "Gt"
    below = "LtEq" if closed in ("both", "right") else "Lt"
    boolean = pl.Boolean()
    return both(BINARY[above](value, low, boolean), BINARY[below](value, high, boolean), boolean)


def _is_in(call: Any) -> Function:
    value = call.function(0)
    listed = call.literal(1)
    if isinstance(listed, pl.Series):
        listed = (listed.explode() if listed.dtype == pl.List else listed).to_list()
    if not isinstance(listed, list) or any(isinstance(member, list) or member is None for member in listed):
        raise NotKnown("a list with nulls or lists in it, or no list")
    members = frozenset(listed)

    def is_member(values: Values) -> Value:
        old = value(values)
        return None if old is None else old in members

    return is_member


def _fold(make: Callable[..., Function]) -> Callable[[Any], Function]:
    def folded(call: Any) -> Function:
        first, *others = call.functions()
        for other in others:
            first = make(first, other, call.dtype)
        return first

    return folded


def _coalesce(call: Any) -> Function:
    operands = call.functions()

    def first_filled(values: Values) -> Value:
        for operand in operands:
            value = operand(values)
            if value is not None:
                return value
        return None

    return first_filled


def _extreme(choose: Callable[..., Any]) -> Callable[[Any], Function]:
    def make(call: Any) -> Function:
        if not (call.dtype.is_integer() or call.dtype in (pl.String, pl.Boolean)):
            raise NotKnown("extremes of other types")
        operands = call.functions()

        def chosen(values: Values) -> Value:
            found = [value for operand in operands if (value := operand(values)) is not None]
            return choose(found) if found else None

        return chosen

    return make


def _abs(call: Any) -> Function:
    if not call.dtype.is_integer():
        raise NotKnown("absolute values of other types")
    value, lowest = call.function(0), whole_number_limits(call.dtype)[0]

    def absolute(values: Values) -> Value:
        old = value(values)
        return old if old is None or old == lowest else abs(old)

    return absolute


def _clip(call: Any) -> Function:
    value, *bounds = call.functions()
    has_low, has_high = call.options
    low = bounds.pop(0) if has_low else None
    high = bounds.pop(0) if has_high else None

    def clipped(values: Values) -> Value:
        old = value(values)
        least, most = low(values) if low else None, high(values) if high else None
        if old is None:
            return None
        if least is not None and old < least:
            return least
        return most if most is not None and old > most else old

    return clipped


def _replace_strict(call: Any) -> Function:
    if len(call) != 4:
        raise NotKnown("a replacement that may fail")
    value, old, new, default = call.function(0), call.literal(1), call.literal(2), call.function(3)
    known = dict(zip(list(old), list(new), strict=True))
    if None in known:
        raise NotKnown("a replacement of nulls")

    def replaced(values: Values) -> Value:
        before = value(values)
        return known[before] if before in known else default(values)

    return replaced


def _to_physical(call: Any) -> Function:
    """Place among an enumeration's words; whole numbers are what they are."""
    kind, value = call.type_of(0), call.function(0)
    if kind.is_integer():
        return value
    if not isinstance(kind, pl.Enum):
        raise NotKnown("the number behind other types")
    places = {word: place for place, word in enumerate(kind.categories)}
    return lambda values: places.get(value(values))


def _search_sorted(call: Any) -> Function:
    table, value = call.literal(0), call.function(1)
    side, descending = call.options
    if descending or not isinstance(table, pl.Series) or table.null_count():
        raise NotKnown("a search of another kind")
    if side == "any" and table.n_unique() < len(table):
        raise NotKnown("a search that may find any of several")
    sorted_items = table.to_list()
    search = bisect_right if side == "right" else bisect_left

    def place(values: Values) -> Value:
        wanted = value(values)
        return 0 if wanted is None else search(sorted_items, wanted)

    return place


FUNCTIONS: dict[str, Callable[[Any], Function]] = {
    "Not": _not,
    "IsNull": _is_null,
    "IsNotNull": _is_not_null,
    "IsBetween": _is_between,
    "IsIn": _is_in,
    "AnyHorizontal": _fold(either),
    "AllHorizontal": _fold(both),
    "fill_null": _coalesce,
    "coalesce": _coalesce,
    "min_horizontal": _extreme(min),
    "max_horizontal": _extreme(max),
    "abs": _abs,
    "clip": _clip,
    "replace_strict": _replace_strict,
    "to_physical": _to_physical,
    "search_sorted": _search_sorted,
}
