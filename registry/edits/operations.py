"""Polars' operations on single values, for `registry.edits.interpreted`.

Each entry makes a function of a record's values from its operands' functions. None is null.
"""

from __future__ import annotations

import operator
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import polars as pl

Value: TypeAlias = str | int | float | bool | None
Values = Mapping[str, Any]
Function = Callable[[Values], Value]


class NotKnown(Exception):
    """An expression that has no translation; polars itself must be asked."""


def whole_number_limits(dtype: Any) -> tuple[int, int]:
    """Smallest and largest number of a whole-number type.

    >>> whole_number_limits(pl.UInt8())
    (0, 255)
    """
    bits = int(re.sub(r"\D", "", str(dtype)))
    return (0, 2**bits - 1) if dtype.is_unsigned_integer() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


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


def _of_booleans(dtype: Any) -> None:
    if dtype != pl.Boolean:
        raise NotKnown("a logical operation on something else than Booleans")


def _and(left: Function, right: Function, dtype: Any) -> Function:
    _of_booleans(dtype)

    def both(values: Values) -> Value:
        a = left(values)
        if a is False:
            return False
        b = right(values)
        if b is False:
            return False
        return None if a is None or b is None else True

    return both


def _or(left: Function, right: Function, dtype: Any) -> Function:
    _of_booleans(dtype)

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
    _of_booleans(dtype)
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
    "And": _and,
    "LogicalAnd": _and,
    "Or": _or,
    "LogicalOr": _or,
    "Xor": _xor,
    "Plus": _arithmetic(operator.add),
    "Minus": _arithmetic(operator.sub),
    "Multiply": _arithmetic(operator.mul),
    "FloorDivide": _division(operator.floordiv),
    "Modulus": _division(operator.mod),
}


# --- functions: each maker gets the call with its operands, options and type --------------------


def _not(call: Any) -> Function:
    _of_booleans(call.dtype)
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
    return _and(BINARY[above](value, low, boolean), BINARY[below](value, high, boolean), boolean)


def _is_in(call: Any) -> Function:
    value = call.function(0)
    listed = call.literal(1)
    if not isinstance(listed, (list, pl.Series)) or any(member is None for member in listed):
        raise NotKnown("a list with nulls, or no list")
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


# --- of text -------------------------------------------------------------------------------------


def to_integer(dtype: Any, base: int = 10) -> Callable[[str], Value]:
    """How text becomes a whole number of a type; null where it is none or does not fit.

    >>> [to_integer(pl.UInt8())(text) for text in ("007", "+7", "-7", " 7", "300")]
    [7, 7, None, None, None]
    """
    low, high = whole_number_limits(dtype)
    if base not in (10, 36):
        raise NotKnown(f"whole numbers of base {base}")
    digits = "[0-9]" if base == 10 else "[0-9A-Za-z]"
    shape = re.compile(rf"{'[+-]' if low else '[+]'}?{digits}{{1,300}}\Z")

    def parsed(text: str) -> Value:
        value = int(text, base) if shape.match(text) else None
        return value if value is not None and low <= value <= high else None

    return parsed


def _to_integer(call: Any) -> Function:
    if call.options[0]:
        raise NotKnown("a conversion that may fail")
    return _each(call.function(0), to_integer(call.dtype, call.literal(1)))


def _plain(text: str) -> bool:
    """Printable ASCII, where Python's and polars' notions of text agree."""
    return text.isascii() and text.isprintable()


def pattern(text: str) -> re.Pattern[str] | None:
    r"""A polars pattern for Python, to be used on printable ASCII only, where the two agree.

    None where Python reads the pattern differently or not at all.

    >>> pattern("^C[0-9]{3}$").match("C509") is not None, pattern(r"\p{Greek}")
    (True, None)
    """
    text = _ascii_classes(text)
    if re.search(r"\\[pPzxuU]|\{,|\[\[|&&|--|~~|\(\?[^:i]", text):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return re.compile(text)
        except (re.error, Warning):
            return None


_ASCII = {r"\p{L}": "A-Za-z", r"\p{Lu}": "A-Z", r"\p{Ll}": "a-z", r"\p{N}": "0-9", r"\p{M}": ""}
"""Of Unicode's classes, those members that are ASCII; inside brackets."""


def _ascii_classes(text: str) -> str:
    """Unicode's classes in a pattern for ASCII text; those outside brackets get brackets."""
    inside, pieces = False, []
    for piece in re.split(r"(\\p\{\w+\}|\\.|[][])", text):
        if piece in _ASCII and (inside or _ASCII[piece]):
            pieces.append(_ASCII[piece] if inside else f"[{_ASCII[piece]}]")
        else:
            inside = piece == "[" or (inside and piece != "]")
            pieces.append(piece)
    return "".join(pieces)


def _of_text(
    value: Function, change: Callable[[str], Value] | None, ask: Callable[[pl.Series], pl.Series]
) -> Function:
    """A function of text: in Python where the text is plain, else (or without `change`) by polars."""

    def changed(values: Values) -> Value:
        text = value(values)
        if text is None:
            return None
        assert isinstance(text, str)
        if change and _plain(text):
            return change(text)
        answer: Value = ask(pl.Series([text], dtype=pl.String)).item()
        return answer

    return changed


def _contains(call: Any) -> Function:
    literal, wanted = call.options[0], call.literal(1)
    found = None if literal else pattern(wanted)
    if literal:
        return _each(call.function(0), lambda text: wanted in text)
    change = None if found is None else lambda text: found.search(text) is not None
    return _of_text(call.function(0), change, lambda series: series.str.contains(wanted))


def _starts(call: Any) -> Function:
    value, start = call.function(0), call.literal(1)
    return _each(value, lambda text: text.startswith(start))


def _ends(call: Any) -> Function:
    value, end = call.function(0), call.literal(1)
    return _each(value, lambda text: text.endswith(end))


def _each(value: Function, change: Callable[[str], Value]) -> Function:
    def changed(values: Values) -> Value:
        text = value(values)
        return None if text is None else change(text)  # type: ignore[arg-type]

    return changed


def _slice(call: Any) -> Function:
    value, offset, length = call.function(0), call.literal(1), call.literal(2)
    if not isinstance(offset, int):
        raise NotKnown("a slice without a fixed start")

    def part(text: str) -> str:
        start = offset if offset >= 0 else len(text) + offset
        end = len(text) if length is None else start + length
        return text[max(start, 0) : max(end, 0)]

    return _each(value, part)


def _head(call: Any) -> Function:
    value, size = call.function(0), call.literal(1)
    return _each(value, lambda text: text[:size])


def _tail(call: Any) -> Function:
    value, size = call.function(0), call.literal(1)
    if size < 1:
        raise NotKnown("a tail of nothing")
    return _each(value, lambda text: text[-size:])


def _strip(strip: Callable[..., str], method: str) -> Callable[[Any], Function]:
    def make(call: Any) -> Function:
        characters = call.literal(1)
        return _of_text(
            call.function(0),
            lambda text: strip(text, characters),
            lambda series: getattr(series.str, method)(characters),
        )

    return make


def _case(change: Callable[[str], str], method: str) -> Callable[[Any], Function]:
    return lambda call: _of_text(call.function(0), change, lambda series: getattr(series.str, method)())


def _replace_text(call: Any) -> Function:
    count, literal = call.options
    old, new = call.literal(1), call.literal(2)
    if not literal and ("$" in new or "\\" in new):
        raise NotKnown("a replacement that quotes groups")
    found = re.compile(re.escape(old)) if literal else pattern(old)
    change = None if found is None else lambda text: found.sub(lambda _: new, text, max(count, 0))

    def ask(series: pl.Series) -> pl.Series:
        if count < 0:
            return series.str.replace_all(old, new, literal=literal)
        return series.str.replace(old, new, literal=literal, n=count)

    return _of_text(call.function(0), change, ask)


def _concat(call: Any) -> Function:
    separator, ignore_nulls = call.options
    operands = call.functions()

    def joined(values: Values) -> Value:
        texts = [operand(values) for operand in operands]
        if None in texts and not ignore_nulls:
            return None
        return str(separator).join(str(text) for text in texts if text is not None)

    return joined


FUNCTIONS: dict[str, Callable[[Any], Function]] = {
    "Not": _not,
    "IsNull": _is_null,
    "IsNotNull": _is_not_null,
    "IsBetween": _is_between,
    "IsIn": _is_in,
    "AnyHorizontal": _fold(_or),
    "AllHorizontal": _fold(_and),
    "fill_null": _coalesce,
    "coalesce": _coalesce,
    "min_horizontal": _extreme(min),
    "max_horizontal": _extreme(max),
    "abs": _abs,
    "clip": _clip,
    "replace_strict": _replace_strict,
    "to_physical": _to_physical,
    "search_sorted": _search_sorted,
    "Contains": _contains,
    "StartsWith": _starts,
    "EndsWith": _ends,
    "Slice": _slice,
    "Head": _head,
    "Tail": _tail,
    "LenBytes": lambda call: _each(call.function(0), lambda text: len(text.encode())),
    "LenChars": lambda call: _each(call.function(0), len),
    "StripChars": _strip(str.strip, "strip_chars"),
    "StripCharsStart": _strip(str.lstrip, "strip_chars_start"),
    "StripCharsEnd": _strip(str.rstrip, "strip_chars_end"),
    "Uppercase": _case(str.upper, "to_uppercase"),
    "Lowercase": _case(str.lower, "to_lowercase"),
    "Replace": _replace_text,
    "ConcatHorizontal": _concat,
    "ToInteger": _to_integer,
}
