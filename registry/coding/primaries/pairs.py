"""Pairs of tumors as numbers, and the questions that rules ask about them, for all pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from registry.coding.primaries.answers import DATE, SIDE, Answer, Mask, yes_or
from registry.coding.primaries.codes import Morphologies, Rows, SiteRows, Sites

Numbers: TypeAlias = NDArray[np.integer]

RIGHT, LEFT, BOTH_SIDES, MIDLINE = 1, 2, 4, 5
IN_SITU, MALIGNANT = 2, 3

SAME_DAY, FIRST_LATER, SECOND_LATER, ORDER_UNKNOWN = 0, 1, 2, 3


class Pairs:
    """Some pairs of tumors; columns are numpy arrays of one element a pair, gathered when first used.

    Attributes:
        a: the first tumor of each pair.
        b: the second tumor.
    """

    def __init__(self, columns: dict[str, Numbers], rows: Numbers | None = None) -> None:
        """`columns`: site, histology, behavior, laterality, year, month, day with `_1` and `_2`."""
        self._columns = columns
        self._rows = rows
        self._known: dict[str, NDArray] = {}
        self._parent: tuple[Pairs, Numbers] | None = None
        self.a, self.b = Tumor(self, "_1"), Tumor(self, "_2")

    def __len__(self) -> int:
        return len(self._columns["site_1"]) if self._rows is None else len(self._rows)

    def take(self, keep: Numbers) -> Pairs:
        """The pairs at these positions; what was worked out for them is kept."""
        taken = Pairs(self._columns, keep if self._rows is None else self._rows[keep])
        taken._parent = (self, keep)
        return taken

    def column(self, name: str) -> Numbers:
        """A column of numbers for these pairs."""
        if self._rows is None:
            return self._columns[name]
        return self.once(name, lambda: self._columns[name][self._rows])

    def once(self, name: str, work: Callable[[], NDArray]) -> NDArray:
        """The result of `work`, done once for these pairs however many rules ask for it."""
        if name not in self._known:
            self._known[name] = self._inherited(name, work)
        return self._known[name]

    def _inherited(self, name: str, work: Callable[[], NDArray]) -> NDArray:
        if self._parent and name in self._parent[0]._known:
            parent, keep = self._parent
            return parent._known[name][keep]
        return work()

    def none(self) -> Mask:
        """No for every pair."""
        return np.zeros(len(self), bool)

    # Codes of both tumors

    def both(self, codes: Sites | Morphologies) -> Mask:
        """Both tumors are in the set."""
        return self.a.is_in(codes) & self.b.is_in(codes)

    def either(self, codes: Sites | Morphologies) -> Mask:
        """At least one tumor is in the set."""
        return self.a.is_in(codes) | self.b.is_in(codes)

    def one_each(self, one: Sites | Morphologies, other: Sites | Morphologies) -> Mask:
        """One tumor is in one set and the other tumor in the other set, whichever is first."""
        return (self.a.is_in(one) & self.b.is_in(other)) | (self.a.is_in(other) & self.b.is_in(one))

    def same(self, column: str) -> Mask:
        """Equal values of `site`, `histology`, `behavior`, `laterality` or `morphology`."""
        return self.once("same " + column, lambda: getattr(self.a, column) == getattr(self.b, column))

    def same_site_group(self) -> Mask:
        """Topography codes with the same second and third character (C18? and C18?)."""
        return self.once("same site group", lambda: self.a.site // 10 == self.b.site // 10)

    def same_histology_group(self) -> Mask:
        """Histologies with the same first three digits (850? and 850?)."""
        return self.once("same histology group", lambda: self.a.histology // 10 == self.b.histology // 10)

    def both_behavior(self, behavior: int) -> Mask:
        """Both tumors have this behavior."""
        return (self.a.behavior == behavior) & (self.b.behavior == behavior)

    def in_situ_and_invasive(self) -> Mask:
        """One tumor is in situ (2), the other malignant (3)."""
        a, b = self.a.behavior, self.b.behavior
        return ((a == IN_SITU) & (b == MALIGNANT)) | ((a == MALIGNANT) & (b == IN_SITU))

    def same_row(self, table: Rows) -> Answer:
        """Same row of the table; not known (the search ends) when a histology is not in it."""
        from registry.coding.primaries.answers import TABLE

        a, b = self.a.row(table), self.b.row(table)
        absent = (a == 0) | (b == 0)
        return yes_or((a == b) & ~absent, absent, TABLE)

    def different_row(self, table: Rows) -> Answer:
        """Different rows of the table; not known (the search ends) when a histology is not in it."""
        return ~self.same_row(table)

    # Sides

    def sides_known(self) -> Mask:
        """Both tumors are stated to be right or left."""
        return self.once("sides known", lambda: self.a.has_side() & self.b.has_side())

    def opposite(self) -> Mask:
        """Certainly one tumor right and the other left."""
        return self.once("opposite", lambda: self.sides_known() & (self.a.laterality != self.b.laterality))

    def opposite_sides(self) -> Answer:
        """One right, the other left; not known unless both are stated to be right or left."""
        return yes_or(self.opposite(), ~self.sides_known(), SIDE)

    def same_side(self) -> Answer:
        """Both right or both left; not known unless both are stated to be right or left."""
        return ~self.opposite_sides()

    # Dates

    def order(self) -> Numbers:
        """Which tumor is diagnosed later: SAME_DAY, FIRST_LATER, SECOND_LATER or ORDER_UNKNOWN.

        Years decide first, then months, then days; a missing or impossible month (or day) leaves the
        order unknown when the year (and month) are the same.
        """
        return self.once("order", self._order)

    def _order(self) -> Numbers:
        a, b = self.a, self.b
        order = np.full(len(self), ORDER_UNKNOWN, np.int8)
        known = np.ones(len(self), bool)
        for part in ("year", "month", "day"):
            one, other = getattr(a, part), getattr(b, part)
            known &= (one > 0) & (other > 0) if part != "year" else True
            order[known & (one > other)] = FIRST_LATER
            order[known & (one < other)] = SECOND_LATER
            known &= one == other
        order[known] = SAME_DAY
        return order

    def order_known(self) -> Mask:
        """It is known which tumor is first, or both are of the same day."""
        return self.order() != ORDER_UNKNOWN

    def later_is(self, first: Mask, second: Mask) -> Answer:
        """The later tumor fulfils its mask (`first` for the first tumor); no when both are of one day."""
        order = self.order()
        yes = ((order == FIRST_LATER) & first) | ((order == SECOND_LATER) & second)
        return yes_or(yes, order == ORDER_UNKNOWN, DATE)

    def more_than_days(self, days: int) -> Answer:
        """Diagnosed more than this number of days apart; partial dates count with all their days."""
        name = f"more than {days} days"
        missing = self.once(name + ": missing", lambda: self._days(days).missing)
        return Answer(self.once(name, lambda: self._days(days).yes), missing)

    def _days(self, days: int) -> Answer:
        order, (a0, a1), (b0, b1) = self.order(), self.a.days(), self.b.days()
        least, most = a0 - b1, a1 - b0
        widest = np.maximum(np.abs(least), np.abs(most))
        second = order == SECOND_LATER
        least, most = np.where(second, b0 - a1, least), np.where(second, b1 - a0, most)
        unordered = order == ORDER_UNKNOWN
        apart = (least > days) & ~unordered & (order != SAME_DAY)
        within = np.where(unordered, widest <= days, (most <= days) | (order == SAME_DAY))
        return yes_or(apart, ~apart & ~within, DATE)

    def within_days(self, days: int) -> Answer:
        """Diagnosed on the same day or at most this number of days apart."""
        return ~self.more_than_days(days)

    def years_apart(self, years: int) -> Answer:
        """At least this number of full years between the diagnoses (the rules say "more than")."""
        a, b = self.a, self.b
        distance = np.abs(a.year.astype(np.int16) - b.year)
        boundary = distance == years
        yes = distance > years
        if boundary.any():
            first = a.year > b.year
            month = np.where(first, a.month - b.month, b.month - a.month)
            day = np.where(first, a.day - b.day, b.day - a.day)
            months = (a.month > 0) & (b.month > 0)
            days = (a.day > 0) & (b.day > 0)
            yes = yes | (boundary & months & ((month > 0) | ((month == 0) & days & (day >= 0))))
            return yes_or(yes, boundary & (~months | ((month == 0) & ~days)), DATE)
        return Answer(yes, np.zeros(len(self), np.uint8))


class Tumor:
    """One tumor of each pair: `site` (509 for C509), `histology`, `behavior`, `laterality` (-1:
    blank, -2: no code), `year`, `month` and `day` (0: missing or impossible), `morphology` (85003).
    """

    def __init__(self, pairs: Pairs, suffix: str) -> None:
        self._pairs, self._suffix = pairs, suffix

    def _column(self, name: str) -> Numbers:
        return self._pairs.column(name + self._suffix)

    @property
    def site(self) -> Numbers:
        """Topography number."""
        return self._column("site")

    @property
    def histology(self) -> Numbers:
        """ICD-O-3 histology; ICD-O-2 for a diagnosis before 2001 that has it."""
        return self._column("histology")

    @property
    def behavior(self) -> Numbers:
        """Behavior, of the same edition as the histology."""
        return self._column("behavior")

    @property
    def laterality(self) -> Numbers:
        """Laterality code."""
        return self._column("laterality")

    @property
    def year(self) -> Numbers:
        """Year of diagnosis (always known once a group of rules is found)."""
        return self._column("year")

    @property
    def month(self) -> Numbers:
        """Month of diagnosis, 0 when missing or impossible."""
        return self._column("month")

    @property
    def day(self) -> Numbers:
        """Day of diagnosis, 0 when missing or impossible in that month."""
        return self._column("day")

    @property
    def morphology(self) -> Numbers:
        """Histology and behavior as one number."""
        return self._pairs.once(
            "morphology" + self._suffix, lambda: self.histology.astype(np.int32) * 10 + self.behavior
        )

    def is_in(self, codes: Sites | Morphologies) -> Mask:
        """The tumor's site (or morphology) is in the set."""
        number = self.site if isinstance(codes, Sites) else self.morphology
        return codes.member[number]

    def row(self, table: Rows | SiteRows) -> Numbers:
        """The tumor's row in a table (of its site), 0 when it is not in it."""
        if isinstance(table, SiteRows):
            return table.row[table.table[self.site], self.morphology]
        return table.row[self.morphology]

    def has_side(self) -> Mask:
        """Stated to be right or left."""
        return (self.laterality == RIGHT) | (self.laterality == LEFT)

    def days(self) -> tuple[Numbers, Numbers]:
        """First and last possible day of the diagnosis, as days since 1970-01-01."""
        first = self._pairs.once("first day" + self._suffix, lambda: self._day(last=False))
        return first, self._pairs.once("last day" + self._suffix, lambda: self._day(last=True))

    def _day(self, *, last: bool) -> Numbers:
        months = (self.year.astype(np.int32) - 1970) * 12
        full = self.day > 0
        if not last:
            start = _first_of_month(months + np.maximum(self.month, 1) - 1)
            return start + np.where(full, self.day - 1, 0)
        month = np.where(self.month > 0, self.month, 12)
        start, end = _first_of_month(months + month - 1), _first_of_month(months + month)
        return np.where(full, start + self.day - 1, end - 1)


def _first_of_month(months: Numbers) -> Numbers:
    """Day number of the first day of a month, counted in months since January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
