"""The Solid Tumor Rules of 2018 and later for one pair of tumors: plain and slow, to compare with the real ones.

Every rule answers None (does not fit), a result (decides) or `maybe(result)` (would decide if a missing
date, side or subsite said so; later rules go on).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from registry.coding.primaries.codes import entries

SINGLE, MULTIPLE, QUESTIONABLE = "single", "multiple", "questionable"


@dataclass(frozen=True)
class Tumor:
    site: str
    hist: str
    behavior: str
    side: str
    year: int
    month: int | None
    day: int | None

    @property
    def code(self) -> str:
        return f"{self.hist}/{self.behavior}"


def maybe(result: str) -> tuple[str, str]:
    return "maybe", result


Answer = str | tuple[str, str] | None
Rule = tuple[str, Callable[[Tumor, Tumor], Answer]]

# -- tables


@cache
def table(name: str) -> dict[str, dict[str, str]]:
    """Codes and their values, by site ("" for all sites)."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries(name):
        for site in entry.sites.split() or [""]:
            found.setdefault(site, {})[entry.code] = entry.value
    return found


def listed(tumor: Tumor, name: str) -> bool:
    codes = table(name)[""]
    return tumor.hist in codes or tumor.code in codes


def value(tumor: Tumor, name: str, site: str = "") -> str | None:
    codes = table(name).get(site, {})
    return codes[tumor.hist] if tumor.hist in codes else codes.get(tumor.code)


def overlap(one: str, other: str) -> bool:
    return one in other or other in one


def same_code(a: Tumor, b: Tumor) -> bool:
    return a.code == b.code and a.hist not in ("8000", "8010")


def either_way(a: str, b: str, ones: str, others: str) -> bool:
    return (a in ones.split() and b in others.split()) or (b in ones.split() and a in others.split())


def both(a: Tumor, b: Tumor, *prefixes: str) -> bool:
    return a.site.startswith(prefixes) and b.site.startswith(prefixes)


# -- dates and sides


def order(a: Tumor, b: Tumor) -> int | None:
    """1 or 2: that tumor is later; 0: one day; None: not known."""
    for one, other in ((a.year, b.year), (a.month, b.month), (a.day, b.day)):
        if one is None or other is None:
            return None
        if one != other:
            return 1 if one > other else 2
    return 0


def days(tumor: Tumor) -> tuple[date, date]:
    first_month, last_month = tumor.month or 1, tumor.month or 12
    last_day = monthrange(tumor.year, last_month)[1]
    return (
        date(tumor.year, first_month, tumor.day or 1),
        date(tumor.year, last_month, tumor.day or last_day),
    )


def far(a: Tumor, b: Tumor, limit: int) -> bool | None:
    """More than this number of days apart."""
    later = order(a, b)
    if later == 0:
        return False
    if later == 2:
        a, b = b, a
    least, most = (days(a)[0] - days(b)[1]).days, (days(a)[1] - days(b)[0]).days
    if later is None:
        return False if max(abs(least), abs(most)) <= limit else None
    return True if least > limit else False if most <= limit else None


def years_apart(a: Tumor, b: Tumor, years: int) -> bool | None:
    if abs(a.year - b.year) != years:
        return abs(a.year - b.year) > years
    early, late = sorted((a, b), key=lambda one: one.year)
    for one, other in ((early.month, late.month), (early.day, late.day)):
        if one is None or other is None:
            return None
        if one != other:
            return other > one
    return True


def sides_known(a: Tumor, b: Tumor) -> bool:
    return a.side in ("1", "2") and b.side in ("1", "2")


def opposite(a: Tumor, b: Tumor) -> bool:
    return sides_known(a, b) and a.side != b.side


# -- rules that several groups have


def no_other(a: Tumor, b: Tumor) -> Answer:
    return SINGLE


def other_organ(a: Tumor, b: Tumor) -> Answer:
    return MULTIPLE if a.site[:3] != b.site[:3] else None


def time(years: int) -> Callable[[Tumor, Tumor], Answer]:
    return lambda a, b: {True: MULTIPLE, None: maybe(MULTIPLE), False: None}[years_apart(a, b, years)]


def sides(a: Tumor, b: Tumor) -> Answer:
    if not sides_known(a, b):
        return maybe(MULTIPLE)
    return MULTIPLE if a.side != b.side else None


def in_situ_and_invasive(a: Tumor, b: Tumor) -> bool:
    return {a.behavior, b.behavior} == {"2", "3"}


def invasive_later(a: Tumor, b: Tumor) -> bool | None:
    """None: not known; False also on one day."""
    later = order(a, b)
    return None if later is None else later > 0 and (a, b)[later - 1].behavior == "3"


def in_situ_later(a: Tumor, b: Tumor) -> bool | None:
    later = order(a, b)
    return None if later is None else later > 0 and (a, b)[later - 1].behavior == "2"


def in_situ_after(a: Tumor, b: Tumor) -> Answer:
    if not in_situ_and_invasive(a, b):
        return None
    return {True: SINGLE, None: maybe(SINGLE), False: None}[in_situ_later(a, b)]


def in_situ_after_same_side(a: Tumor, b: Tumor) -> Answer:
    if not in_situ_and_invasive(a, b) or opposite(a, b) or invasive_later(a, b):
        return None
    return in_situ_after(a, b) if sides_known(a, b) else maybe(SINGLE)


def invasive_soon(a: Tumor, b: Tumor) -> Answer:
    if not in_situ_and_invasive(a, b) or in_situ_later(a, b):
        return None
    return {True: None, None: maybe(SINGLE), False: SINGLE}[far(a, b, 60)]


def invasive_soon_same_side(a: Tumor, b: Tumor) -> Answer:
    if opposite(a, b) or invasive_soon(a, b) is None:
        return None
    return invasive_soon(a, b) if sides_known(a, b) else maybe(SINGLE)


def invasive_after(a: Tumor, b: Tumor) -> Answer:
    if not in_situ_and_invasive(a, b):
        return None
    late, long = invasive_later(a, b), far(a, b, 60)
    if late is False or long is False:
        return None
    return MULTIPLE if late and long else maybe(MULTIPLE)


def subtypes(name: str, strict: bool = False) -> Callable[[Tumor, Tumor], Answer]:
    def rule(a: Tumor, b: Tumor) -> Answer:
        one, other = value(a, name), value(b, name)
        if one is None or other is None:
            return None
        return MULTIPLE if (one != other if strict else not overlap(one, other)) else None

    return rule


def together(a: Tumor, b: Tumor) -> Answer:
    return {True: None, None: maybe(SINGLE), False: SINGLE}[far(a, b, 60)]


def same_row(name: str) -> Callable[[Tumor, Tumor], Answer]:
    def rule(a: Tumor, b: Tumor) -> Answer:
        one, other = value(a, name), value(b, name)
        if not same_code(a, b):
            if one is None or other is None:
                return QUESTIONABLE
            if one != other:
                return None
        return together(a, b)

    return rule


def different_row(name: str) -> Callable[[Tumor, Tumor], Answer]:
    def rule(a: Tumor, b: Tumor) -> Answer:
        if a.code == b.code:
            return None
        one, other = value(a, name), value(b, name)
        if one is None or other is None:
            return QUESTIONABLE
        return MULTIPLE if one != other else None

    return rule


def with_table_2(tumor: Tumor, rows: str, more: str) -> str | None:
    row = value(tumor, rows)
    return "table 2" if row is None and listed(tumor, more) else row


def decide(rules: list[Rule], a: Tumor, b: Tumor) -> tuple[str, str]:
    """(result, step) by the first rule that decides."""
    pending: tuple[str, str] | None = None
    for step, rule in rules:
        answer = rule(a, b)
        if answer is None:
            continue
        if isinstance(answer, tuple):
            if pending and pending[0] != answer[1]:
                return QUESTIONABLE, pending[1]
            pending = pending or (answer[1], step)
        elif pending and pending[0] != answer:
            return QUESTIONABLE, pending[1]
        else:
            return answer, step
    raise AssertionError("the last rule always decides")
