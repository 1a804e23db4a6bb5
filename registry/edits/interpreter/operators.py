"""Polars' operators on single values: comparison, logic, arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import polars as pl

from registry.edits.interpreter.values import Function, NotKnown, Value, Values, whole_number_limits


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[..., Function]:
    def make(left: Function, right: Function, _: Any) -> Function:
        def compared(values: Values) -> Value:
            a = left(values)
            if a is None:
                return None
            b = right(values)
            return None if b is None else compare(a, b)

        return compared

    return make


def _arithmetic(calculate: Callable[[Any, Any], Any]) -> Callable[..., Function]:
    def make(left: Function, right: Function, dtype: Any) -> Function:
        if not dtype.is_numeric():
            raise NotKnown("arithmetic of something else than numbers")
        limits = whole_number_limits(dtype) if dtype.is_integer() else None

        def calculated(values: Values) -> Value:
            a, b = left(values), right(values)
            if a is None or b is None:
                return None
            result: int | float = calculate(a, b)
            if limits and not limits[0] <= result <= limits[1]:
                low, high = limits
                return (int(result) - low) % (high - low + 1) + low
            return result

        return calculated

    return make


def _division(calculate: Callable[[int, int], int]) -> Callable[..., Function]:
    def make(left: Function, right: Function, dtype: Any) -> Function:
        if not dtype.is_integer():
            raise NotKnown("division of something else than whole numbers")

        def divided(values: Values) -> Value:
            a, b = left(values), right(values)
            return None if a is None or not b else calculate(a, b)  # type: ignore[arg-type]

        return divided

    return make


def require_booleans(dtype: Any) -> None:
    """Refuse (NotKnown) logic on whole numbers, which polars does bit by bit."""
    if dtype != pl.Boolean:
        raise NotKnown("a logical operation on something else than Booleans")


def both(left: Function, right: Function, dtype: Any) -> Function:
    """And, three-valued."""
    require_booleans(dtype)

    def both(values: Values) -> Value:
        a = left(values)
        if a is False:
            return False
        b = right(values)
        if b is False:
            return False
        return None if a is None or b is None else True

    return both


def either(left: Function, right: Function, dtype: Any) -> Function:
    """Or, three-valued."""
    require_booleans(dtype)

    def either(values: Values) -> Value:
        a = left(values)
        if a is True:
            return True
        b = right(values)
        if b is True:
            return True
        return None if a is None or b is None else False

    return either


def _xor(left: Function, right: Function, dtype: Any) -> Function:
    require_booleans(dtype)
    return _comparison(operator.ne)(left, right, dtype)


def _equal_or_both_null(left: Function, right: Function, _: Any) -> Function:
    return lambda values: left(values) == right(values)


def _different_or_one_null(left: Function, right: Function, _: Any) -> Function:
    return lambda values: left(values) != right(values)


BINARY: dict[str, Callable[..., Function]] = {
    "Eq": _comparison(operator.eq),
    "NotEq": _comparison(operator.ne),
    "Lt": _comparison(operator.lt),
    "LtEq": _comparison(operator.le),
    "Gt": _comparison(operator.gt),
    "GtEq": _comparison(operator.ge),
    "EqValidity": _equal_or_both_null,
    "NotEqValidity": _different_or_one_null,
    "And": both,
    "LogicalAnd": both,
    "Or": either,
    "LogicalOr": either,
    "Xor": _xor,
    "Plus": _arithmetic(operator.add),
    "Minus": _arithmetic(operator.sub),
    "Multiply": _arithmetic(operator.mul),
    "FloorDivide": _division(operator.floordiv),
    "Modulus": _division(operator.mod),
}
