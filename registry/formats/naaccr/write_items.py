"""What of a frame may be written: its items in dictionary order, their values clean and not too long.

The two ways of making text (`write_text` in polars, `write_kernel` compiled) share these rules; each only says
what it sees in a column (`Look`), so that a rule runs on the few columns that need it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.standards import Dictionary, Item
from registry.standards.columns import OWN_WORDS

BLANKS = " \t\r\n"
# Named one by one: the negation of the legal ranges also matches U+D7FF and U+E000 in this regex engine.
ILLEGAL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"
ILLEGAL_REASON = "characters that XML does not allow became blanks"
RECORD_TYPES = ("A", "M", "C", "I")
# What a column holds somewhere: markup, perhaps an illegal character, perhaps a value of blanks only.
MARKUP, SUSPECT, BLANK = 1, 2, 4
_CLASHING = re.compile(r".+__\d+")
_NOT_TEXT = (pl.List, pl.Array, pl.Struct, pl.Object, pl.Binary)


class Look(NamedTuple):
    """A column at a glance: values that are neither null nor empty, bytes of the longest, flags.

    Flags may say MARKUP, SUSPECT or BLANK once too often, never too seldom. `view` is what the way of
    writing that looked wants to keep about the column.
    """

    values: int
    longest: int
    flags: int
    view: Any = None


class Hand(Protocol):
    """A way of making text: the modules `write_text` and `write_kernel`."""

    def look(self, columns: Sequence[pl.Series]) -> list[Look]:
        """What is in String columns of equal length."""
        ...

    def write(
        self,
        sink: Callable[[Any], object],
        patients: Sequence[Column],
        tumors: Sequence[Column],
        order: np.ndarray,
        ends: np.ndarray,
    ) -> None:
        """Hand the text of whole patients to `sink`, in slices, which are overwritten when it returns.

        `order` has the rows of the tumors in the order to write; `ends[i]` is where patient i's end in it.
        """
        ...


@dataclass(frozen=True)
class Column:
    """An item's values, ready to be written between `opening` and `</Item>`."""

    item: Item
    opening: str
    values: pl.Series
    look: Look


class ItemRules:
    """The rules of one file: version, record type, dictionary; and what was left out so far.

    Args:
        where: the file, for error lines.
        dictionary: all items that the file may have.
        too_long: "error", "cut" or "keep".
        numbers: write every item's number; else only where the id does not say which item it is.
    """

    def __init__(
        self,
        where: str,
        version: str,
        record_type: str | None,
        dictionary: Dictionary,
        too_long: str,
        numbers: bool,
    ) -> None:
        if record_type not in RECORD_TYPES or record_type is None:
            raise BadInput(where, f"record type {record_type!r} cannot be written", "use A, M, C or I")
        if too_long not in ("error", "cut", "keep"):
            raise BadInput(where, f"too_long cannot be {too_long!r}", "use error, cut or keep")
        self.left_out: dict[tuple[str, str], int] = {}
        self._where, self._version, self._record_type = where, version, record_type
        self._too_long, self._numbers = too_long, numbers
        # An item may be defined at several levels; of one column and level the first definition counts.
        self._items: dict[str, dict[str, Item]] = {}
        uses: dict[str, set[int]] = {}
        for item in dictionary.definitions:
            for name in (item.column, f"{item.id}__{item.number}"):
                self._items.setdefault(name, {}).setdefault(item.level, item)
            uses.setdefault(item.id, set()).add(item.number)
        self._ambiguous = {naaccr_id for naaccr_id, numbers_of in uses.items() if len(numbers_of) > 1}

    def columns(
        self, frame: pl.DataFrame, level: str, indent: int, hand: Hand, place: Callable[[pl.Series], str]
    ) -> list[Column]:
        """The columns to write at a level, in dictionary order; the others are counted in `left_out`.

        Args:
            frame: one row a patient, tumor or root.
            level: NaaccrData, Patient or Tumor.
            indent: blanks before each element.
            hand: the way of writing, which looks into the columns.
            place: says where the first row of a Boolean mask stands in the file.

        Raises:
            BadInput: a value is too long and must not be, or a column does not hold text.
        """
        given = [self._text(frame[name]) for name in frame.columns if not self._is_ours(name)]
        written: dict[tuple[int, str], Column] = {}
        for series, seen in zip(given, hand.look(given), strict=True):
            item = self._item(series.name, level)
            reason = self._why_not(item, level)
            if item and not reason and (item.number, item.id) in written:
                reason = f"stands in another column already ({written[item.number, item.id].values.name})"
            values, look = self._clean(series, seen, hand, report=not reason)
            if item is None or reason:
                self.leave_out(series.name, reason, look.values)
            elif look.values:
                values, look = self._fitting(values, look, item, hand, place)
                written[item.number, item.id] = Column(item, self._opening(item, indent), values, look)
        return [written[key] for key in sorted(written)]

    def leave_out(self, item: str, reason: str, count: int) -> None:
        """Note values that are not written as they stand."""
        if count:
            self.left_out[item, reason] = self.left_out.get((item, reason), 0) + count

    def _is_ours(self, name: str) -> bool:
        return name not in self._items and (
            name in OWN_WORDS or ("_" in name and not _CLASHING.fullmatch(name))
        )

    def _item(self, name: str, level: str) -> Item | None:
        found = self._items.get(name, {})
        return found.get(level) or next(iter(found.values()), None)

    def _text(self, series: pl.Series) -> pl.Series:
        """The column as text; real dates and times as NAACCR writes them."""
        if series.dtype == pl.String:
            return series
        if isinstance(series.dtype, _NOT_TEXT):
            raise BadInput(self._where, f"column {series.name} holds {series.dtype}, not text")
        if series.dtype == pl.Date:
            return series.dt.strftime("%Y%m%d")
        if isinstance(series.dtype, pl.Datetime):
            return series.dt.strftime("%Y%m%d%H%M%S")
        return series.cast(pl.String)

    def _opening(self, item: Item, indent: int) -> str:
        number = f' naaccrNum="{item.number}"' if self._numbers or item.id in self._ambiguous else ""
        return f'{" " * indent}<Item naaccrId="{item.id}"{number}>'

    def _why_not(self, item: Item | None, level: str) -> str:
        if item is None:
            return f"not an item of NAACCR {self._version}"
        if item.level != level:
            return f"belongs to {item.level}, not to {level}"
        if self._record_type not in item.record_types:
            return f"not part of record type {self._record_type}"
        return ""

    def _clean(self, values: pl.Series, look: Look, hand: Hand, report: bool) -> tuple[pl.Series, Look]:
        """Illegal characters as blanks (counted), then values of blanks only as none."""
        if not look.flags & (SUSPECT | BLANK):
            return values, look
        illegal = int(values.str.contains(ILLEGAL).sum() or 0) if look.flags & SUSPECT else 0
        if illegal:
            if report:
                self.leave_out(values.name, ILLEGAL_REASON, illegal)
            values = values.str.replace_all(ILLEGAL, " ")
        blank = (values != "") & (values.str.strip_chars(BLANKS) == "")
        if blank.any():
            values = values.set(blank, None)
        elif not illegal:
            return values, look
        return values, hand.look([values])[0]

    def _fitting(
        self, values: pl.Series, look: Look, item: Item, hand: Hand, place: Callable[[pl.Series], str]
    ) -> tuple[pl.Series, Look]:
        """Values no longer than their item, in characters and without the blanks around them."""
        if self._too_long == "keep" or item.unlimited or look.longest <= item.length:
            return values, look
        bare = values.str.strip_chars(BLANKS)
        long = (bare.str.len_chars() > item.length).fill_null(False)
        count = int(long.sum())
        if not count:
            return values, look
        reason = f"longer than {item.length} characters"
        if self._too_long == "error":
            raise BadInput(
                self._where,
                f"{item.id} has {count:,} value{'s' if count > 1 else ''} {reason}, the first in {place(long)}",
                "correct them, or write with too_long cut or keep",
            )
        self.leave_out(item.id, f"{reason}, cut", count)
        cut = bare.str.head(item.length).str.strip_chars_end(BLANKS)
        values = cut.zip_with(long, values)
        return values, hand.look([values])[0]
