"""Compiled words about bytes: blanks, values, entities, what a value of each data type looks like.

Import this only when `jit.available()`. Addresses are uint64; what is read has slack behind its end. All
letters are ASCII here unless UTF-8 is said; words are eight bytes, little-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from registry.formats.memory import OPTIONS, load, store, trailing_zeros

from numba import njit  # isort: skip  (after memory, which names numba's cache folder)

Address = Any
# How a value is proven fine. LISTED and UNPROVEN values are looked up among the pairs judged before.
TEXT, DIGITS, ALPHA, MIXED, NUMERIC, DATE, LISTED, UNPROVEN = range(8)
SHORT_MONTHS = 1 << 4 | 1 << 6 | 1 << 9 | 1 << 11


ONES = np.uint64(0x0101010101010101)
HIGHS = np.uint64(0x8080808080808080)
LOWS = np.uint64(0x7F7F7F7F7F7F7F7F)
SPACES = np.uint64(0x2020202020202020)
ZEROS = np.uint64(0x3030303030303030)
SIXES = np.uint64(0x0606060606060606)
NIBBLES = np.uint64(0xF0F0F0F0F0F0F0F0)
DOTS = np.uint64(0x2E2E2E2E2E2E2E2E)
AMPERSANDS = np.uint64(0x2626262626262626)
LESS = np.uint64(0x3C3C3C3C3C3C3C3C)
GREATER = np.uint64(0x3E3E3E3E3E3E3E3E)
QUOTES = np.uint64(0x2222222222222222)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
LOW_HALF = np.uint64(0xFFFFFFFF)
NONE = np.uint64(0)
U1, U2, U3, U4, U5, U6, U7, U8 = (np.uint64(n) for n in range(1, 9))
U10, U12, U16, U32, U56, U64 = (np.uint64(n) for n in (10, 12, 16, 32, 56, 64))
BYTE = np.uint64(0xFF)
TAB, LF, CR, SPACE, QUOTE, SLASH = (np.uint64(ord(c)) for c in '\t\n\r "/')
LESS_THAN, GREATER_THAN, AMPERSAND, BRACKET = (np.uint64(ord(c)) for c in "<>&]")
ZERO, NINE, BIG_A, BIG_Z, DOT = (np.uint64(ord(c)) for c in "09AZ.")


def word_of(text: bytes) -> np.uint64:
    """Up to eight bytes as a word."""
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


AMP, LT, GT, QUOT, APOS = (word_of(b"&%s;" % name) for name in (b"amp", b"lt", b"gt", b"quot", b"apos"))
TWO_BYTES, THREE_BYTES, FOUR_BYTES, FIVE_BYTES, SIX_BYTES, SEVEN_BYTES = (
    word_of(b"\xff" * n) for n in range(2, 8)
)


@njit(**OPTIONS)
def zero_bytes(word: Any) -> Any:
    """The high bit of each zero byte; exact for the lowest one, which is all that is asked."""
    return (word - ONES) & ~word & HIGHS


@njit(**OPTIONS)
def first_bytes(size: Any) -> Any:
    """Mask of the first `size` bytes of a word, size below 8."""
    return (U1 << (size << U3)) - U1


@njit(**OPTIONS)
def _unusual(word: Any) -> Any:
    """High bits of bytes that are not plain text: control characters, `&`, `>`, beyond ASCII."""
    control = (word - SPACES) & ~word
    return ((word | control) & HIGHS) | zero_bytes(word ^ AMPERSANDS) | zero_bytes(word ^ GREATER)


@njit(**OPTIONS)
def blanks(p: Address) -> tuple[Address, int]:
    """Where the next byte that is not blank stands, and the line feeds before it."""
    lines = 0
    while True:
        word = load(p)
        byte = word & BYTE
        if byte == SPACE:
            p += trailing_zeros(word ^ SPACES) >> U3
        elif byte == LF:
            lines += 1
            p += U1
        elif byte == TAB or (byte == CR and (word >> U8) & BYTE == LF):
            p += U1
        else:
            return p, lines


@njit(**OPTIONS)
def _sequence(word: Any) -> int:
    """Bytes of the UTF-8 sequence that a word begins with; 0 when XML does not allow it there."""
    first, second, third = word & BYTE, (word >> U8) & BYTE, (word >> U16) & BYTE
    if first < np.uint64(0xC2) or first > np.uint64(0xF4) or second & np.uint64(0xC0) != np.uint64(0x80):
        return 0
    if first < np.uint64(0xE0):
        return 2
    if third & np.uint64(0xC0) != np.uint64(0x80):
        return 0
    if first < np.uint64(0xF0):
        overlong = first == np.uint64(0xE0) and second < np.uint64(0xA0)
        surrogate = first == np.uint64(0xED) and second > np.uint64(0x9F)
        last_two = first == np.uint64(0xEF) and second == np.uint64(0xBF) and third > np.uint64(0xBD)
        return 0 if overlong or surrogate or last_two else 3
    if (word >> np.uint64(24)) & np.uint64(0xC0) != np.uint64(0x80):
        return 0
    overlong = first == np.uint64(0xF0) and second < np.uint64(0x90)
    beyond = first == np.uint64(0xF4) and second > np.uint64(0x8F)
    return 0 if overlong or beyond else 4


@njit(**OPTIONS)
def _entity(word: Any) -> tuple[Any, Any]:
    """The character that a named entity at the start of a word means, and its bytes; (0, 0) for others."""
    if word & FIVE_BYTES == AMP:
        return AMPERSAND, U5
    if word & FOUR_BYTES == LT:
        return LESS_THAN, U4
    if word & FOUR_BYTES == GT:
        return GREATER_THAN, U4
    if word & SIX_BYTES == QUOT:
        return QUOTE, U6
    if word & SIX_BYTES == APOS:
        return np.uint64(0x27), U6
    return NONE, NONE


@njit(**OPTIONS)
def _careful_value(p: Address, end: Address, out: Address) -> tuple[Address, Any, int, int]:
    """Copy a value byte by byte, entities resolved.

    Returns:
        where its `<` stands (0: not everyday), bytes written, characters, line feeds.
    """
    start, first = p, out
    characters = lines = 0
    while p < end:
        word = load(p)
        byte = word & BYTE
        if byte == LESS_THAN:
            return p, np.int64(out - first), characters, lines
        read = U1
        if byte == AMPERSAND:
            byte, read = _entity(word)
            if read == NONE:
                break
        elif byte < SPACE:
            if byte == LF:
                lines += 1
            elif byte != TAB:
                break
        elif byte == GREATER_THAN:
            if p >= start + U2 and load(p - U2) & TWO_BYTES == BRACKET | (BRACKET << U8):
                break
        elif byte >= np.uint64(0x80):
            read = np.uint64(_sequence(word))
            if read == NONE:
                break
            store(out, word)
            out += read - U1
            byte = word >> ((read - U1) << U3)
        store(out, byte)
        out += U1
        p += read
        characters += 1
    return NONE, 0, 0, 0


@njit(**OPTIONS)
def only_blanks(p: Address, size: int) -> bool:
    """True when a value is made of spaces, tabs and line feeds."""
    for at in range(size):
        byte = load(p + np.uint64(at)) & BYTE
        if byte > SPACE or not (byte == SPACE or LF >= byte >= TAB):
            return False
    return True


@njit(**OPTIONS)
def _are_digits(word: Any, keep: Any) -> bool:
    """True when the kept bytes of a word are digits."""
    value = word ^ ZEROS
    return ((value + SIXES) | value) & NIBBLES & keep == NONE


@njit(**OPTIONS)
def _of_class(p: Address, size: int, kind: int) -> bool:
    """True when all bytes are of the class of DIGITS, ALPHA or MIXED, or make a NUMERIC value."""
    dots = 0
    for at in range(size):
        byte = load(p + np.uint64(at)) & BYTE
        digit = ZERO <= byte <= NINE
        if byte == DOT and kind == NUMERIC and 0 < at < size - 1 and dots == 0:
            dots = 1
        elif not ((digit and kind != ALPHA) or (BIG_A <= byte <= BIG_Z and ALPHA <= kind <= MIXED)):
            return False
    return True


@njit(**OPTIONS)
def _two_digits(word: Any, at: int) -> Any:
    shift = np.uint64(at * 8)
    return np.int64((word >> shift) & BYTE) * 10 + np.int64((word >> (shift + U8)) & BYTE)


@njit(**OPTIONS)
def _is_date(word: Any, size: int) -> bool:
    """True for YYYYMMDD, YYYYMM or YYYY in the calendar of 1800 to 2099; `size` is at most 8."""
    if size & 1 or size < 4 or not _are_digits(word, ALL if size == 8 else first_bytes(np.uint64(size))):
        return False
    word ^= ZEROS
    century = _two_digits(word, 0)
    if century < 18 or century > 20:
        return False
    if size == 4:
        return True
    month = _two_digits(word, 4)
    if month < 1 or month > 12:
        return False
    if size == 6:
        return True
    day, year = _two_digits(word, 6), century * 100 + _two_digits(word, 2)
    days = 31 - (SHORT_MONTHS >> month & 1)
    if month == 2:
        days = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 1 <= day <= days


@njit(**OPTIONS)
def is_fine(p: Address, word: Any, size: int, characters: int, kind: int, limit: int) -> bool:
    """True when a value that is not judged by a list is proven to have no fault.

    Args:
        p: address of the value, `word` its first eight bytes (zeros behind a shorter one).
        size, characters: its length in bytes and characters.
        kind, limit: of the item; digits, alpha and mixed must fill the limit.
    """
    if kind == TEXT:
        last = load(p + np.uint64(size) - U8) >> U56
        return characters <= limit and word & BYTE > SPACE and last > SPACE
    if kind == DATE:
        return size <= limit and size <= 8 and _is_date(word, size)
    if kind == NUMERIC:
        if size > limit:
            return False
    elif size != limit:
        return False
    if kind == DIGITS and size <= 8:
        return _are_digits(word, ALL if size == 8 else first_bytes(np.uint64(size)))
    return kind <= NUMERIC and _of_class(p, size, kind)


@njit(**OPTIONS)
def read_value(p: Address, end: Address, out: Address) -> tuple[Address, Address, Any, Any, Any, Any, int]:
    """Read a value up to its `<`.

    Returns:
        where the `<` stands (0: not everyday); where the value does (here, or at `out` when it had to be
        rewritten); its first and second eight bytes (zeros behind a shorter one, the second ones right for
        twelve bytes at most); bytes, characters, line feeds.
    """
    word = load(p)
    hit = zero_bytes(word ^ LESS)
    first, second, size = word, NONE, U8
    odd = _unusual(word)
    if hit != NONE:
        size = trailing_zeros(hit) >> U3
        first &= first_bytes(size)
        odd &= first_bytes(size)
    else:
        while p + size < end:
            word = load(p + size)
            hit = zero_bytes(word ^ LESS)
            if hit != NONE:
                more = trailing_zeros(hit) >> U3
                word &= first_bytes(more)
                odd |= _unusual(load(p + size)) & first_bytes(more)
                if size == U8:
                    second = word
                size += more
                break
            odd |= _unusual(word)
            if size == U8:
                second = word
            size += U8
    if odd == NONE:
        return p + size, p, first, second, np.int64(size), np.int64(size), 0
    behind, written, characters, lines = _careful_value(p, end, out)
    first, second = load(out), load(out + U8)
    if written < 8:
        first, second = first & first_bytes(np.uint64(written)), NONE
    elif written < 16:
        second &= first_bytes(np.uint64(written - 8))
    return behind, out, first, second, written, characters, lines


@njit(**OPTIONS)
def copy_text(p: Address, size: int, out: Address) -> None:
    """Copy bytes, up to seven more than asked for."""
    for at in range(0, size, 8):
        store(out + np.uint64(at), load(p + np.uint64(at)))
