"""Polars expressions as Python functions of one record.

For a single row polars spends its time on planning (0.1 ms an expression), not on the row. So the
typed form of each expression, which polars shows to other engines (`NodeTraverser`, made for its
GPU engine), is turned once into nested Python functions that take a record's values. They follow
polars to the letter: nulls, three-valued logic, the width of whole numbers, failed casts. What is
not known here raises `NotKnown`, and the engine asks polars itself.

A property test holds every edit and every operation equal to polars on arbitrary text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from registry.edits.interpreter.functions import FUNCTIONS
from registry.edits.interpreter.operators import BINARY
from registry.edits.interpreter.text import TEXT_FUNCTIONS, to_integer
from registry.edits.interpreter.values import NotKnown, Value, whole_number_limits

Values = Mapping[str, Any]
Function = Callable[[Values], Value]

_AS_WRITTEN = pl.QueryOptFlags.none()
"""Without optimizations, which would move shared parts into columns of their own."""

_STRICT = 0
"""Option of a cast that raises on values that do not fit."""


_KNOWN = FUNCTIONS | TEXT_FUNCTIONS


def functions(
    expressions: Mapping[str, pl.Expr], schema: Mapping[str, pl.DataType]
) -> dict[str, Function | None]:
    """Each expression as a function of a record's values; None where that is not known.

    Args:
        expressions: expressions by name; each looks at one row alone.
        schema: types of the columns that they read.

    >>> made = functions({"late": pl.col("year") > 2020}, {"year": pl.Int32()})
    >>> made["late"]({"year": 2021}), made["late"]({"year": None})
    (True, None)
    """
    try:
        return _visited(expressions, schema)
    except (pl.exceptions.PolarsError, AttributeError, NotImplementedError):
        if len(expressions) == 1:
            return dict.fromkeys(expressions)
    made: dict[str, Function | None] = {}
    for name, expression in expressions.items():
        made |= functions({name: expression}, schema)
    return made


def _visited(
    expressions: Mapping[str, pl.Expr], schema: Mapping[str, pl.DataType]
) -> dict[str, Function | None]:
    if not expressions:
        return {}
    aliased = [expression.alias(name) for name, expression in expressions.items()]
    query = pl.LazyFrame(schema=dict(schema)).select(aliased)._ldf
    plan = query.with_optimizations(_AS_WRITTEN._pyoptflags).visit()
    roots = plan.view_current_node().expr
    plan.set_node(plan.get_inputs()[0])
    made: dict[str, Function | None] = {}
    for root in roots:
        try:
            made[root.output_name] = _Reader(plan).function(root.node)
        except (NotKnown, NotImplementedError):
            made[root.output_name] = None
    return made


class _Reader:
    """Reads one expression's tree; `plan` is polars' view of the typed tree."""

    def __init__(self, plan: Any) -> None:
        self.plan = plan

    def function(self, node: int) -> Function:
        """The node and all below it as one function."""
        view = self.plan.view_expression(node)
        read = getattr(self, f"_{type(view).__name__.lower()}", None)
        if read is None:
            raise NotKnown(type(view).__name__)
        made: Function = read(view, node)
        return made

    def literal(self, node: int) -> Any:
        """Value of a literal.

        Raises:
            NotKnown: the node is something else.
        """
        view = self.plan.view_expression(node)
        if type(view).__name__ != "Literal":
            raise NotKnown("an operand that is not a literal")
        value = view.value
        return pl.wrap_s(value) if type(value).__name__ == "PySeries" else value

    def _column(self, view: Any, _: int) -> Function:
        name = view.name
        return lambda values: values[name]

    def _literal(self, view: Any, _: int) -> Function:
        value = view.value
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise NotKnown("a literal of several values")
        return lambda values: value

    def _ternary(self, view: Any, _: int) -> Function:
        condition, yes, no = (self.function(n) for n in (view.predicate, view.truthy, view.falsy))
        return lambda values: yes(values) if condition(values) else no(values)

    def _binaryexpr(self, view: Any, node: int) -> Function:
        make = BINARY.get(str(view.op).rpartition(".")[2])
        if make is None:
            raise NotKnown(str(view.op))
        made: Function = make(self.function(view.left), self.function(view.right), self.plan.get_dtype(node))
        return made

    def _cast(self, view: Any, _: int) -> Function:
        value, wanted = self.function(view.expr), view.dtype
        have = self.plan.get_dtype(view.expr)
        if have == wanted:
            return value
        change = _cast(have, wanted, strict=view.options == _STRICT)

        def changed(values: Values) -> Value:
            old = value(values)
            return None if old is None else change(old)

        return changed

    def _gather(self, view: Any, _: int) -> Function:
        place = self.function(view.idx)
        table = self.literal(view.expr)
        if not isinstance(table, pl.Series):
            raise NotKnown("a look-up that is not a series")
        item = _items(table)

        def looked_up(values: Values) -> Value:
            position = place(values)
            assert position is None or isinstance(position, int)
            return None if position is None else item(position)

        return looked_up

    def _function(self, view: Any, node: int) -> Function:
        name, *options = view.function_data
        make = _KNOWN.get(str(name).rpartition(".")[2])
        if make is None:
            raise NotKnown(str(name))
        made: Function = make(_Call(self, view.input, options, self.plan.get_dtype(node)))
        return made


class _Call:
    """A function's operands and options, for the operations' makers."""

    def __init__(self, reader: _Reader, inputs: Sequence[int], options: Sequence[Any], dtype: Any) -> None:
        self._reader, self._inputs = reader, inputs
        self.options, self.dtype = options, dtype

    def __len__(self) -> int:
        return len(self._inputs)

    def function(self, position: int) -> Function:
        """Operand as a function."""
        return self._reader.function(self._inputs[position])

    def functions(self) -> list[Function]:
        """All operands as functions."""
        return [self._reader.function(node) for node in self._inputs]

    def literal(self, position: int) -> Any:
        """Operand as a value: a scalar, a list or a series."""
        return self._reader.literal(self._inputs[position])

    def type_of(self, position: int) -> Any:
        """Type of an operand."""
        return self._reader.plan.get_dtype(self._inputs[position])


def _items(table: pl.Series) -> Callable[[int], Value]:
    """Item at a position; large tables stay as they are, short ones become tuples."""
    if len(table) <= 20_000:
        return tuple(table.to_list()).__getitem__
    get: Callable[[int], Value] = table.item
    return get


def _checked(wanted: Any, *, strict: bool) -> Callable[[Any], Value]:
    """Whole numbers that fit; others are null or, as in polars, an error."""
    low, high = whole_number_limits(wanted)

    def checked(value: Any) -> Value:
        if low <= value <= high:
            return value
        if strict:
            raise pl.exceptions.InvalidOperationError(f"a number does not fit {wanted}")
        return None

    return checked


def _cast(have: Any, wanted: Any, *, strict: bool) -> Callable[[Any], Value]:
    """How a value changes its type; null where it does not fit."""
    if have == pl.Null:
        return lambda value: None
    if wanted == pl.String and (have.is_integer() or have == pl.Boolean):
        return lambda value: str(value).lower()
    if wanted == pl.Boolean and have.is_integer():
        return bool
    if wanted.is_float() and have.is_integer():
        return float
    if isinstance(wanted, pl.Enum) and have == pl.String and not strict:
        words = frozenset(wanted.categories)
        return lambda value: value if value in words else None
    if not wanted.is_integer():
        raise NotKnown(f"a cast from {have} to {wanted}")
    low, high = whole_number_limits(wanted)
    if have == pl.Boolean:
        return int
    if have.is_integer():
        fits = whole_number_limits(have)
        if low <= fits[0] and fits[1] <= high:
            return lambda value: value
        return _checked(wanted, strict=strict)
    if have != pl.String or strict:
        raise NotKnown(f"a cast from {have} to {wanted}")
    return to_integer(wanted)
