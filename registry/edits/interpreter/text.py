"""Polars' functions of text on single values: in Python where both agree on what text is, else by polars."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl

from registry.edits.interpreter.values import Function, NotKnown, Value, Values, whole_number_limits


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


TEXT_FUNCTIONS: dict[str, Callable[[Any], Function]] = {
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
