"""The compiled scanner: one pass over the bytes of whole patients that are written in the everyday way.

Everyday is what every registry program writes: `<Patient>`, `<Tumor>`, `<Item naaccrId="id">value</Item>`
(perhaps with naaccrNum after the id, perhaps empty), blanks between elements, the five named entities in
values. A patient that holds anything else stops the scan before it; the reference parser reads that one.
So nothing here reports a fault: the scanner either knows that a value is fine, or remembers it as suspect.

Values go straight into Arrow string views (16 bytes: length, then up to 12 bytes of text, or 4 bytes, buffer
and offset of a longer text), one dense row of views for each item that occurs.

Import this only when `jit.available()`. Addresses are uint64; buffers have `SLACK` bytes behind their end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from registry.formats.memory import OPTIONS, load, store, trailing_zeros
from registry.formats.naaccr.kernel_values import (
    BYTE,
    FOUR_BYTES,
    GREATER_THAN,
    LISTED,
    LOW_HALF,
    NINE,
    NONE,
    QUOTE,
    QUOTES,
    SEVEN_BYTES,
    SPACE,
    THREE_BYTES,
    TWO_BYTES,
    U1,
    U2,
    U3,
    U7,
    U8,
    U10,
    U12,
    U16,
    U32,
    ZERO,
    Address,
    blanks,
    copy_text,
    first_bytes,
    is_fine,
    only_blanks,
    read_value,
    word_of,
    zero_bytes,
)

from numba import njit  # isort: skip  (after memory, which names numba's cache folder)

SLACK = 64

# Columns of `items`, one int32 row an item; two more rows stand for the starts of a patient and a tumor.
TAG, TAG_SIZE, NUMBER, LEVEL, KIND, LIMIT, SLOT, STAMP, NEXT, ILLEGAL, IS_LONG = range(11)
ITEM_COLUMNS = 16
# Fields of `state`, what a scan starts from and leaves behind.
(
    POSITION,  # bytes from the block's start: where the next patient begins to be looked for
    LINE,  # of that position, 1-based
    PATIENT,  # index in the file of the next patient
    PATIENTS,  # rows filled
    TUMORS,
    VALUES,  # entries of `keys`
    SUSPECTS,
    TEXT_USED,  # bytes of the text buffer
    NODE,  # number of the last patient or tumor, for finding duplicates
    PATIENT_SLOTS,
    TUMOR_SLOTS,
    PAIRS,
) = range(12)
STATE_SIZE = 16
# How a scan ends: at the end of the block, before a patient that is not everyday, or without room.
DONE, ODD, FULL = range(3)
# What is known of a value that is not proven fine here, in place of the number of its pair.
FINE, UNLISTED = -1, -2

ITEM_START, ITEM_REST = word_of(b"<Item na"), word_of(b'accrId="')
ITEM_END = word_of(b"</Item>")
TUMOR_START, TUMOR_END = word_of(b"<Tumor>"), word_of(b"</Tumor>")
PATIENT_START, PATIENT_END, PATIENT_END_REST = word_of(b"<Patient"), word_of(b"</Patien"), word_of(b"t>")
NUMBER_START, NUMBER_REST = word_of(b" naaccrN"), word_of(b'um="')
EMPTY_END, SPACED_EMPTY_END = word_of(b"/>"), word_of(b" />")
START_OF_TAG = np.uint64(16)
LONGEST_ID = 64
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
MIXER = np.uint64(0xC2B2AE3D27D4EB4F)


@njit(**OPTIONS)
def _starts_with(p: Address, text: Address, size: int) -> bool:
    """True when the bytes at `p` are the `size` bytes of a text that is padded to whole words."""
    whole = size >> 3
    for at in range(whole):
        step = np.uint64(at) << U3
        if load(p + step) != load(text + step):
            return False
    step = np.uint64(whole) << U3
    return (load(p + step) ^ load(text + step)) & first_bytes(np.uint64(size & 7)) == NONE


@njit(**OPTIONS)
def _hash(p: Address, size: int) -> Any:
    value = np.uint64(size)
    for at in range(0, size, 8):
        word = load(p + np.uint64(at))
        if size - at < 8:
            word &= first_bytes(np.uint64(size - at))
        value = (value ^ word) * MULTIPLIER
        value ^= value >> U32
    return value


@njit(**OPTIONS)
def enter_ids(items: Any, tags: Address, ids: Any) -> None:
    """Fill the open-addressed table `ids` (size a power of two, -1 where empty) with all items."""
    last = np.uint64(len(ids) - 1)
    for item in range(len(items)):
        size = items[item, TAG_SIZE] - 17
        if size <= 0:
            continue
        at = _hash(tags + np.uint64(items[item, TAG]) + START_OF_TAG, size) & last
        while ids[np.int64(at)] >= 0:
            at = (at + U1) & last
        ids[np.int64(at)] = item


@njit(**OPTIONS)
def _find_item(p: Address, items: Any, tags: Address, ids: Any) -> Any:
    """The item whose start tag stands at `p`, or -1."""
    if load(p) != ITEM_START or load(p + U8) != ITEM_REST:
        return -1
    start = p + START_OF_TAG
    size: Any = 0
    while size < LONGEST_ID:
        hit = zero_bytes(load(start + np.uint64(size)) ^ QUOTES)
        if hit != NONE:
            size += np.int64(trailing_zeros(hit) >> U3)
            break
        size += 8
    last = np.uint64(len(ids) - 1)
    at = _hash(start, size) & last
    while ids[np.int64(at)] >= 0:
        item = ids[np.int64(at)]
        tag_size = items[item, TAG_SIZE]
        if tag_size == size + 17 and _starts_with(p, tags + np.uint64(items[item, TAG]), tag_size):
            return np.int64(item)
        at = (at + U1) & last
    return -1


@njit(**OPTIONS)
def _after_number(p: Address, number: int) -> Address:
    """Behind ` naaccrNum="number"` when that stands at `p`; 0 when something else does."""
    if load(p) != NUMBER_START or load(p + U8) & FOUR_BYTES != NUMBER_REST:
        return NONE
    p += U12
    found: Any = 0
    digits = 0
    while True:
        byte = load(p) & BYTE
        if byte < ZERO or byte > NINE:
            break
        found = found * 10 + np.int64(byte - ZERO)
        digits += 1
        if found == 0 or digits > 9:  # a leading zero is not everyday
            return NONE
        p += U1
    if byte != QUOTE or found != number:
        return NONE
    return p + U1


@njit(**OPTIONS)
def _place(word: Any, mark: Any) -> Any:
    return ((word ^ (mark * MULTIPLIER)) * MIXER) >> U32


@njit(**OPTIONS)
def _pair(word: Any, mark: Any, words: Any, marks: Any, places: Any, state: Any) -> Any:
    """Look up a value of at most eight bytes of an item; enter it when it is new.

    Args:
        word, mark: the value; its item + 1 (16 bits) and length (16 bits above).
        words, marks: the table; the upper half of a mark is 0 for a fine pair, else its number + 1.
        places: of each pair in the table.
        state: its PAIRS counts them; more than `places` has room for are not entered.

    Returns:
        FINE for a pair judged so, its number for a faulty or unjudged one, UNLISTED when there is no room.
    """
    last = np.uint64(len(words) - 1)
    at = _place(word, mark) & last
    while True:
        found = marks[np.int64(at)]
        if found & LOW_HALF == mark and words[np.int64(at)] == word:
            return np.int64(found >> U32) - 1
        if found == NONE:
            number = state[PAIRS]
            if number >= len(places):
                return UNLISTED
            words[np.int64(at)] = word
            marks[np.int64(at)] = mark | (np.uint64(number + 1) << U32)
            places[number] = np.int64(at)
            state[PAIRS] = number + 1
            return number
        at = (at + U1) & last


@njit(**OPTIONS)
def move_pairs(words: Any, marks: Any, places: Any, count: int, larger: Any) -> None:
    """Enter the first `count` pairs into the three arrays of a larger, empty table."""
    new_words, new_marks, new_places = larger
    last = np.uint64(len(new_words) - 1)
    for number in range(count):
        word, mark = words[places[number]], marks[places[number]]
        at = _place(word, mark & LOW_HALF) & last
        while new_marks[np.int64(at)] != NONE:
            at = (at + U1) & last
        new_words[np.int64(at)], new_marks[np.int64(at)] = word, mark
        new_places[number] = np.int64(at)


@njit(**OPTIONS)
def _end_of_tag(p: Address, number: int) -> tuple[Address, bool]:
    """Behind the start tag whose id ends at `p` (0: not everyday), and whether the element ends there too."""
    word = load(p)
    if word & BYTE == GREATER_THAN:
        return p + U1, False
    if word == NUMBER_START:
        p = _after_number(p, number)
        if p == NONE:
            return NONE, False
        word = load(p)
        if word & BYTE == GREATER_THAN:
            return p + U1, False
    if word & TWO_BYTES == EMPTY_END:
        return p + U2, True
    if word & THREE_BYTES == SPACED_EMPTY_END:
        return p + U3, True
    return NONE, False


@njit(**OPTIONS)
def _take_back(state: Any, tumors: int, places: Any, strides: Any, filled: Any) -> None:
    """Empty the cells of a patient that was begun and is not to be kept."""
    for level in range(2):
        first = state[PATIENTS + level]
        end = first + 1 if level == 0 else tumors
        for slot in range(state[PATIENT_SLOTS + level]):
            cell = places[level] + np.uint64(slot) * strides[level]
            bits = places[level + 2] + np.uint64(slot) * strides[level + 2]
            for row in range(first, end):
                bit = U1 << np.uint64(row & 63)
                at = bits + np.uint64(row >> 6 << 3)
                word = load(at)
                if word & bit != NONE:
                    store(at, word ^ bit)
                    store(cell + np.uint64(row * 16), NONE)
                    filled[level, slot] -= 1


@njit(**OPTIONS)
def scan(
    block: Address,
    stop: int,
    state: Any,
    items: Any,
    tags: Address,
    ids: Any,
    pairs: Any,
    places: Any,
    strides: Any,
    filled: Any,
    patients: Any,
    tumors: Any,
    keys: Any,
    suspects: Any,
    text: Address,
) -> int:
    """Read patients from `state[POSITION]` on; `state` is left at the end of the last one that was kept.

    Args:
        block, stop: address of the bytes; how many of them hold whole patients.
        state, items, tags, ids: see the names of their fields; `tags` is the address of the start tags.
        pairs: the three arrays of `_pair`.
        places, strides: addresses of the two matrices of views (patients, tumors) and of the two of validity
            bits, and bytes from row to row in each.
        filled: counted: values in each row of the two matrices of views.
        patients: filled: index, line, start, length, values of each patient (int64, five rows).
        tumors: filled: patient index, tumor index, line, values of each tumor (int64, four rows).
        keys: filled: the item of each value in the order of the file.
        suspects: filled: view (two), item, row, line, pair of each value that isn't proven fine.
        text: address of the buffer of values longer than twelve bytes, with room for the whole block.

    Returns:
        DONE, ODD or FULL.
    """
    words, marks, entries = pairs
    p, end = block + np.uint64(state[POSITION]), block + np.uint64(stop)
    line, node, used = state[LINE], state[NODE], np.uint64(state[TEXT_USED])
    patient_row, tumor_row = state[PATIENTS], state[TUMORS]
    values, doubtful = state[VALUES], state[SUSPECTS]
    level = values_before = tumors_here = 0
    start, start_line = p, line
    row, cell, stride, bits, bit = 0, NONE, NONE, NONE, NONE
    last: Any = len(items) - 2
    result = ODD
    while True:
        p, lines = blanks(p)
        line += lines
        word = load(p)
        if word == ITEM_START and level > 0:
            item: Any = np.int64(items[last, NEXT])
            if not _starts_with(p, tags + np.uint64(items[item, TAG]), items[item, TAG_SIZE]):
                item = _find_item(p, items, tags, ids)
                if item < 0:
                    break
                items[last, NEXT] = item
            last = item
            if items[item, LEVEL] != level or items[item, STAMP] == node or (level == 1 and tumors_here):
                break
            items[item, STAMP] = node
            p, empty = _end_of_tag(p + np.uint64(items[item, TAG_SIZE]), items[item, NUMBER])
            if p == NONE:
                break
            if empty:
                if items[item, ILLEGAL]:
                    break
                continue
            item_line = line
            p, at, first, second, size, characters, lines = read_value(p, end, text + used)
            line += lines
            if p == NONE or load(p) & SEVEN_BYTES != ITEM_END:
                break
            p += U7
            is_blank = size == 0 or (first & BYTE <= SPACE and only_blanks(at, size))
            if is_blank and items[item, ILLEGAL]:
                break
            if size == 0:
                continue
            # The view, and the text of a long one.
            view, rest = np.uint64(size) | (first << U32), (first >> U32) | (second << U32)
            if size > 12:
                rest = used << U32
                if at != text + used:
                    copy_text(at, size, text + used)
                used += np.uint64(size)
            kind = items[item, KIND]
            if kind >= LISTED or not is_fine(at, first, size, characters, kind, items[item, LIMIT]):
                known = UNLISTED
                if size <= 8:
                    mark = np.uint64(item + 1) | (np.uint64(size) << U16)
                    known = _pair(first, mark, words, marks, entries, state)
            else:
                known = FINE
            if known != FINE or items[item, ILLEGAL]:
                suspects[doubtful, 0], suspects[doubtful, 1] = view, rest
                suspects[doubtful, 2], suspects[doubtful, 3] = item, row
                suspects[doubtful, 4], suspects[doubtful, 5] = item_line, known
                doubtful += 1
            if is_blank:
                continue
            slot = np.int64(items[item, SLOT])
            if slot < 0:
                slot = state[PATIENT_SLOTS + level - 1]
                state[PATIENT_SLOTS + level - 1] = slot + 1
                items[item, SLOT] = slot
            to = cell + np.uint64(slot) * stride
            store(to, view)
            store(to + U8, rest)
            to = bits + np.uint64(slot) * strides[level + 1]
            store(to, load(to) | bit)
            filled[level - 1, slot] += 1
            if size > 12:
                items[item, IS_LONG] = 1
            keys[values] = item
            values += 1
        elif word & SEVEN_BYTES == TUMOR_START and level == 1:
            if tumor_row >= tumors.shape[1]:
                result = FULL
                break
            if tumors_here == 0:
                patients[4, patient_row] = values - values_before
            values_before = values
            tumors[0, tumor_row], tumors[1, tumor_row] = state[PATIENT], tumors_here
            tumors[2, tumor_row] = line
            row, cell, stride = tumor_row, places[1] + np.uint64(tumor_row * 16), strides[1]
            bits, bit = places[3] + np.uint64(row >> 6 << 3), U1 << np.uint64(row & 63)
            tumors_here += 1
            level, node, last = 2, node + 1, len(items) - 1
            p += U7
        elif word == TUMOR_END and level == 2:
            tumors[3, tumor_row] = values - values_before
            tumor_row += 1
            level = 1
            p += U8
        elif word == PATIENT_END and level == 1 and load(p + U8) & TWO_BYTES == PATIENT_END_REST:
            p += U10
            if tumors_here == 0:
                patients[4, patient_row] = values - values_before
            patients[0, patient_row], patients[1, patient_row] = state[PATIENT], start_line
            patients[2, patient_row] = np.int64(start - block)
            patients[3, patient_row] = np.int64(p - start)
            patient_row += 1
            level = 0
            state[POSITION], state[LINE], state[NODE] = np.int64(p - block), line, node
            state[PATIENT] += 1
            state[PATIENTS], state[TUMORS] = patient_row, tumor_row
            state[VALUES], state[SUSPECTS], state[TEXT_USED] = values, doubtful, np.int64(used)
        elif level == 0 and p >= end:
            result = DONE
            break
        elif word == PATIENT_START and level == 0 and load(p + U8) & BYTE == GREATER_THAN:
            if patient_row >= patients.shape[1]:
                result = FULL
                break
            start, start_line, values_before, tumors_here = p, line, values, 0
            row, cell, stride = patient_row, places[0] + np.uint64(patient_row * 16), strides[0]
            bits, bit = places[2] + np.uint64(row >> 6 << 3), U1 << np.uint64(row & 63)
            level, node, last = 1, node + 1, len(items) - 2
            p += U8 + U1
        else:
            break
    if level > 0:
        state[NODE] = node
        _take_back(state, min(tumor_row + 1, tumors.shape[1]), places, strides, filled)
    return result
