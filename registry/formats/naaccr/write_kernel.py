"""The text of patients, compiled: copies the values of Arrow string views between constant tags, word by word.

Import it only when `jit.available()`; it takes a second. Same bytes as `write_text`.

A view is sixteen bytes: length (4), then the value itself when it has at most twelve, else its first four
bytes, the number of its data buffer and its place there (Arrow columnar format 1.4, variable-size views).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from registry.formats import memory
from registry.formats.naaccr.write_items import BLANK, MARKUP, SUSPECT, Column, Look

from numba import njit  # isort: skip  (memory sets the cache folder first)

load: Any = memory.load
store: Any = memory.store

# Text is handed on whenever this much is there: it stays in the processor's cache.
SLICE = 1 << 18
CLOSING = b"</Item>\n"
TAGS = (b"    <Patient>\n", b"        <Tumor>\n", b"        </Tumor>\n", b"    </Patient>\n")
# Fields of a column in the table that the kernels walk.
VIEWS, VALID, VALID_FROM, BUFFERS, OPENING, OPENING_LENGTH, ESCAPED = range(7)
FIELDS = 8
OPENING_WORDS = 8


def _word(data: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(data, "little"))


def _everywhere(byte: int) -> np.uint64:
    return _word(bytes([byte] * 8))


_0, _1, _3, _4, _5, _7, _8, _12, _16 = (np.uint64(n) for n in (0, 1, 3, 4, 5, 7, 8, 12, 16))
_32, _64, _255, _SLACK = (np.uint64(n) for n in (32, 64, 255, 256))
_LENGTH = np.uint64(0xFFFFFFFF)
_ONES, _TOPS = _everywhere(0x01), _everywhere(0x80)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_SPACES, _TWOS = _everywhere(0x20), _everywhere(0x02)
_AMPS, _GREATERS, _RETURNS, _EFS = (_everywhere(byte) for byte in b"&>\r\xef")
_CLOSING, _AMP, _LT, _GT, _CR = (_word(t) for t in (CLOSING, b"&amp;", b"&lt;", b"&gt;", b"&#13;"))


class _View(NamedTuple):
    """A column in memory: the array that keeps it alive, its addresses, those of its data buffers."""

    array: pa.Array
    fields: tuple[int, int, int]
    buffers: list[int]

    def without_nulls(self) -> _View:
        """For a column whose nulls have no length anyway, as is usual: one thing less to read."""
        return self._replace(fields=(self.fields[0], 0, 0))


@njit(inline="always")
def _has_zero(word: Any) -> Any:
    return (word - _ONES) & ~word & _TOPS


@njit(inline="always")
def _markup(word: Any) -> Any:
    """Not zero when a byte is &, <, > or a carriage return (< and > differ in one bit)."""
    return _has_zero(word ^ _AMPS) | _has_zero((word | _TWOS) ^ _GREATERS) | _has_zero(word ^ _RETURNS)


@njit(inline="always")
def _odd(word: Any) -> Any:
    """Not zero when a byte is markup, a control character, or begins a character like U+FFFE."""
    return _markup(word) | ((word - _SPACES) & ~word & _TOPS) | _has_zero(word ^ _EFS)


@njit(**memory.OPTIONS)
def _what(word: Any) -> Any:
    """Flags of the eight bytes of an odd word."""
    flags = 0
    for _ in range(8):
        byte = word & _255
        word >>= _8
        if byte in (38, 60, 62, 13):
            flags |= MARKUP
        elif byte == 0xEF or (byte < 32 and byte not in (9, 10)):
            flags |= SUSPECT
    return flags


@njit(inline="always")
def _length(table: Any, column: Any, row: Any) -> Any:
    """Bytes of a value, 0 for null. The bitmap is read in aligned words, which stay in pages that are ours."""
    length = load(table[column, VIEWS] + row * _16) & _LENGTH
    valid = table[column, VALID]
    if valid != _0:
        bit = row + table[column, VALID_FROM]
        place = valid + (bit >> _3)
        word = load(place & ~_7) >> (((place & _7) << _3) + (bit & _7))
        length *= word & _1
    return length


@njit(inline="always")
def _place(table: Any, buffers: Any, column: Any, view: Any) -> Any:
    """Where the bytes of a long value are."""
    word = load(view + _8)
    return buffers[table[column, BUFFERS] + (word & _LENGTH)] + (word >> _32)


@njit(inline="always")
def _what_of(word: Any) -> Any:
    return _what(word) if _odd(word) else 0


@njit(inline="always")
def _own(word: Any, length: Any) -> Any:
    """A word whose first 1 to 8 bytes count, with blanks for the others."""
    own = _ALL >> ((_8 - length) << _3)
    return (word & own) | (_SPACES & ~own)


@njit(**memory.OPTIONS)
def _what_long(place: Any, length: Any) -> Any:
    """Flags of a value outside its view: most have nothing odd, which is known without a branch a word."""
    odd = _odd(load(place + length - _8))
    for word in range(length >> _3):
        odd |= _odd(load(place + (word << _3)))
    if odd == _0:
        return 0
    flags = _what_of(load(place + length - _8))
    for word in range(length >> _3):
        flags |= _what_of(load(place + (word << _3)))
    return flags


@njit(**memory.OPTIONS)
def _look(table: Any, buffers: Any, rows: Any, found: Any) -> None:
    """Of each column: values, bytes of the longest, flags, and whether a null has a length."""
    for column in range(table.shape[0]):
        values, longest, flags, hidden = 0, _0, 0, 0
        for row in range(rows):
            view = table[column, VIEWS] + np.uint64(row) * _16
            length = load(view) & _LENGTH
            if length == _0:
                continue
            if _length(table, column, np.uint64(row)) == _0:
                hidden = 1
                continue
            values += 1
            longest = max(longest, length)
            first = load(view + _4)
            if length <= _8:
                flags |= _what_of(_own(first, length))
            elif length <= _12:
                flags |= _what_of(first) | _what_of(_own(load(view + _8), length - _4))
            else:
                place = _place(table, buffers, column, view)
                first = load(place)
                flags |= _what_long(place, length)
            if (first & _255) <= _32:
                flags |= BLANK
        found[column, 0] = values
        found[column, 1] = longest
        found[column, 2] = flags
        found[column, 3] = hidden


@njit(**memory.OPTIONS)
def _put_escaped(source: Any, length: Any, at: Any) -> Any:
    """Copy a value with its markup escaped; returns where it ends."""
    done = _0
    while done < length:
        rest = length - done
        if rest >= _8:
            word = load(source + done)
        elif length >= _8:
            word = load(source + length - _8) >> ((_8 - rest) << _3)
        else:
            word = load(source)
        if rest >= _8 and _markup(word) == _0:
            store(at, word)
            at += _8
            done += _8
            continue
        for _ in range(min(rest, _8)):
            byte = word & _255
            word >>= _8
            if byte == 38:
                store(at, _AMP)
                at += _5
            elif byte == 60:
                store(at, _LT)
                at += _4
            elif byte == 62:
                store(at, _GT)
                at += _4
            elif byte == 13:
                store(at, _CR)
                at += _5
            else:
                store(at, byte)
                at += _1
        done += min(rest, _8)
    return at


@njit(inline="always")
def _put_opening(source: Any, length: Any, at: Any) -> Any:
    """Copy an opening tag: always eight words, which is as long as most are and needs no loop."""
    a, b = load(source), load(source + np.uint64(8))
    c, d = load(source + np.uint64(16)), load(source + np.uint64(24))
    e, f = load(source + np.uint64(32)), load(source + np.uint64(40))
    g, h = load(source + np.uint64(48)), load(source + np.uint64(56))
    store(at, a)
    store(at + np.uint64(8), b)
    store(at + np.uint64(16), c)
    store(at + np.uint64(24), d)
    store(at + np.uint64(32), e)
    store(at + np.uint64(40), f)
    store(at + np.uint64(48), g)
    store(at + np.uint64(56), h)
    done = _64
    while done < length:
        store(at + done, load(source + done))
        done += _8
    return at + length


@njit(inline="always")
def _put_long(source: Any, length: Any, at: Any) -> Any:
    done = _0
    while done + _8 <= length:
        store(at + done, load(source + done))
        done += _8
    store(at + length - _8, load(source + length - _8))
    return at + length


@njit(**memory.OPTIONS)
def _put_items(table: Any, buffers: Any, row: Any, at: Any, end: Any, filled: Any) -> Any:
    """The Item elements of one row; returns where they end, or 0 when there is no room for them.

    First the columns that have a value are listed, without a branch that a processor could guess wrong
    and with all memory reads under way at once: a third of the time of asking column by column.
    """
    count = 0
    for column in range(table.shape[0]):
        filled[count] = column
        count += _length(table, column, row) != _0
    for n in range(count):
        column = filled[n]
        view = table[column, VIEWS] + row * _16
        length = load(view) & _LENGTH
        opening = table[column, OPENING_LENGTH]
        if at + opening + length * _5 + _SLACK > end:
            return _0
        at = _put_opening(table[column, OPENING], opening, at)
        if table[column, ESCAPED]:
            source = view + _4
            if length > _12:
                source = _place(table, buffers, column, view)
            at = _put_escaped(source, length, at)
        elif length <= _12:
            store(at, load(view + _4))
            store(at + _4, load(view + _8))
            at += length
        else:
            at = _put_long(_place(table, buffers, column, view), length, at)
        store(at, _CLOSING)
        at += _8
    return at


@njit(inline="always")
def _put_tag(tags: Any, lengths: Any, which: Any, at: Any) -> Any:
    for word in range(tags.shape[1]):
        store(at + np.uint64(word) * _8, tags[which, word])
    return at + lengths[which]


@njit(**memory.OPTIONS)
def _put_patients(
    patients: Any, tumors: Any, buffers: Any, tags: Any, lengths: Any,
    order: Any, ends: Any, first: Any, out: Any, room: Any, filled: Any,
) -> Any:  # fmt: skip
    """Whole patients from `first` on, as many as there is room for; returns the next one and bytes."""
    at, end = out, out + room
    tumor = ends[first - 1] if first else 0
    for patient in range(first, len(ends)):
        start = at
        if at + _SLACK > end:
            return patient, start - out
        at = _put_tag(tags, lengths, 0, at)
        at = _put_items(patients, buffers, np.uint64(patient), at, end, filled)
        while at != _0 and tumor < ends[patient]:
            if at + _SLACK > end:
                return patient, start - out
            at = _put_tag(tags, lengths, 1, at)
            at = _put_items(tumors, buffers, np.uint64(order[tumor]), at, end, filled)
            if at != _0:
                at = _put_tag(tags, lengths, 2, at)
            tumor += 1
        if at == _0 or at + _SLACK > end:
            return patient, start - out
        at = _put_tag(tags, lengths, 3, at)
    return len(ends), at - out


def look(columns: Sequence[pl.Series]) -> list[Look]:
    """What is in String columns (see `write_items.Hand`).

    >>> look([pl.Series(["Mill & Pond", None, ""])])[0][:3]
    (1, 11, 1)
    """
    views = [_view(column) for column in columns]
    found = np.zeros((len(columns), 4), np.int64)
    table, buffers = _table(views)
    if columns:
        _look(table, buffers, len(columns[0]), found)
    return [
        Look(values, longest, flags, view if hidden else view.without_nulls())
        for (values, longest, flags, hidden), view in zip(found.tolist(), views, strict=True)
    ]


def write(
    sink: Callable[[memoryview], object],
    patients: Sequence[Column],
    tumors: Sequence[Column],
    order: np.ndarray,
    ends: np.ndarray,
) -> None:
    """Hand the text of whole patients to `sink`, in slices (see `write_items.Hand`)."""
    openings, kept = _openings([*patients, *tumors])
    both, buffers = _table([column.look.view for column in [*patients, *tumors]])
    both[:, OPENING : OPENING_LENGTH + 1] = openings
    both[:, ESCAPED] = [bool(column.look.flags & MARKUP) for column in [*patients, *tumors]]
    tables = both[: len(patients)], both[len(patients) :]
    tags = np.frombuffer(b"".join(tag.ljust(24) for tag in TAGS), np.uint64).reshape(len(TAGS), 3)
    lengths = np.array([len(tag) for tag in TAGS], np.uint64)
    filled = np.empty(len(both) + 1, np.int64)
    room, done = 2 * SLICE, 0
    out = np.empty(room, np.uint8)
    while done < len(ends):
        place = np.uint64(out.ctypes.data)
        done, size = _put_patients(
            *tables, buffers, tags, lengths, order, ends, done, place, np.uint64(room), filled
        )
        if size:
            sink(out[: int(size)].data)
        else:  # one patient that is larger than all the room
            room *= 2
            out = np.empty(room, np.uint8)
    del kept  # the kernels read it by address


def _view(column: pl.Series) -> _View:
    whole = column.rechunk() if column.n_chunks() > 1 else column
    array = whole.to_arrow(compat_level=pl.CompatLevel.newest())
    valid, views, *data = array.buffers()
    fields = (
        views.address + 16 * array.offset if views else 0,
        valid.address if valid and array.null_count else 0,
        array.offset,
    )
    return _View(array, fields, [buffer.address for buffer in data])


def _table(views: Sequence[_View]) -> tuple[np.ndarray, np.ndarray]:
    """The columns as rows of numbers, and the addresses of all their data buffers."""
    table = np.zeros((len(views), FIELDS), np.uint64)
    buffers: list[int] = []
    for row, view in zip(table, views, strict=True):
        row[: BUFFERS + 1] = (*view.fields, len(buffers))
        buffers += view.buffers
    return table, np.array(buffers, np.uint64)


def _openings(columns: Sequence[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Address and length of each opening tag, and the bytes, which must be kept."""
    texts = [column.opening.encode() for column in columns]
    width = max([OPENING_WORDS * 8, *(len(text) + 8 for text in texts)])
    kept = np.frombuffer(b"".join(text.ljust(width) for text in texts), np.uint8)
    addresses = [kept.ctypes.data + n * width for n in range(len(texts))]
    pairs = list(zip(addresses, map(len, texts), strict=True))
    return np.array(pairs, np.uint64).reshape(len(texts), 2), kept
