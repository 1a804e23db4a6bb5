"""Which items may leave with a profile: what the record type allows, less what the profile or the law holds back.

An item leaves because every rule lets it, never because nobody thought of it: user-defined items without
identifiers only by name, direct identifiers by the one table in `registry.security.roles`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from registry import formats, standards
from registry.security.roles import confidential_items
from registry.standards import Dictionary, Item
from registry.submissions.request import Request

OWN_NUMBERS = ("patientIdNumber", "tumorRecordNumber")
ROOT = "registryId"
SEX = ("sex", "sexAssignedAtBirth")
LEVELS = {"Patient": "patient", "Tumor": "tumor"}


@dataclass(frozen=True)
class ItemPlan:
    """Columns of the store's frames that a submission needs, and what is not among them, with the reason.

    Attributes:
        patient, tumor: columns by the level of their item today, in dictionary order.
        left_out: column → reason.
    """

    patient: tuple[str, ...]
    tumor: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Both levels together."""
        return (*self.patient, *self.tumor)


class Legal:
    """The items that a file may hold, in the dictionary of its version.

    Attributes:
        known: every definition of the version, user-defined ones included.
        dictionaries: the user-defined dictionaries of which the file may name items.

    >>> import datetime as dt
    >>> from registry.submissions.profiles import profiles
    >>> legal = Legal(Request(profiles()["NPCR_CSS"], dt.datetime(2026, 10, 31), state="NY"))
    >>> "primarySite" in legal.columns["Tumor"], "nameLast" in legal.columns["Patient"]
    (True, False)
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._base = standards.dictionary(request.version)
        self.known = formats.merged_dictionary(request.version, request.dictionaries)
        self._standard = {(item.id, item.number) for item in self._base.definitions}
        self._only = set(request.profile.items.only)
        if request.profile.format != "naaccr_xml":
            from registry.submissions.table_columns import needs

            self._only = needs(request.profile)
        self._direct_numbers = {standards.item(one).number for one in confidential_items()}

    @cached_property
    def columns(self) -> dict[str, dict[str, Item]]:
        """Level → column → item that may leave."""
        found: dict[str, dict[str, Item]] = {level: {} for level in LEVELS}
        for item in self.known.definitions:
            if item.level in found and not self.why_not(item):
                found[item.level].setdefault(item.column, item)
        return found

    @cached_property
    def keys(self) -> set[tuple[str, str]]:
        """(level, id) of everything that may stand in the file, root items and our own numbers included."""
        legal = {(level, item.id) for level, items in self.columns.items() for item in items.values()}
        root = {("NaaccrData", ROOT)} if self.request.registry_id else set()
        return legal | root

    @cached_property
    def dictionaries(self) -> tuple[Dictionary, ...]:
        """Given user-defined dictionaries that define an item that may leave."""
        leaving = {(item.id, item.number) for items in self.columns.values() for item in items.values()}
        leaving -= self._standard
        return tuple(
            one for one in self.request.dictionaries
            if any((item.id, item.number) in leaving for item in one.definitions)
        )  # fmt: skip

    def name_of(self, item: Item) -> str:
        """What tells an item from all others: its id, with the number of a user-defined one."""
        return item.id if (item.id, item.number) in self._standard else f"{item.id}#{item.number}"

    def why_not(self, item: Item) -> str:
        """Why an item may not leave; "" when it may."""
        profile, choice = self.request.profile, self.request.profile.items
        is_ours = (item.id, item.number) in self._standard
        if item.level not in LEVELS:
            return "stands at the root, where only the registry's number is written"
        if item.id in OWN_NUMBERS and is_ours:
            return ""
        if self.request.type not in item.record_types or kept_shut(
            item, self.request.version, self.request.type
        ):
            return f"not part of record type {self.request.type}"
        if not profile.identifiers and (
            item.id in confidential_items() or item.number in self._direct_numbers
        ):
            return "identifies by itself"
        if item.id in choice.leave_out:
            return "left out by the profile"
        if self._only and item.id not in self._only:
            return "not asked for by the profile"
        if not is_ours and choice.user != "all" and item.id not in choice.user:
            return "user-defined, and the profile does not name it"
        return ""


def kept_shut(item: Item, version: str, record_type: str) -> bool:
    """Whether the standard keeps an item's id or number out of a record type: no user dictionary can open that.

    >>> shadow = Item(9503, "nameLast", "A name again", 40, "Tumor", "AMCI")
    >>> kept_shut(shadow, "260", "I"), kept_shut(shadow, "260", "A")
    (True, False)
    """
    types = _record_types(version)
    return not all(record_type in types.get(key, record_type) for key in (item.id, item.number))


@cache
def _record_types(version: str) -> dict[str | int, str]:
    """Id, and number, of each item of a version → its record types."""
    items = standards.dictionary(version).definitions
    return {item.id: item.record_types for item in items} | {i.number: i.record_types for i in items}


def plan(request: Request, columns: Iterable[str]) -> ItemPlan:
    """What of the store's columns a submission needs: the rest never comes near the file.

    Args:
        columns: item columns of patient, tumor or abstract, as the store names them (see `Request.columns`).

    >>> import datetime as dt
    >>> from registry.submissions.profiles import profiles
    >>> asked = Request(profiles()["COC_RCRS"], dt.datetime(2026, 10, 31))
    >>> found = plan(asked, ["nameLast", "vitalStatus", "primarySite", "textRemarks"])
    >>> found.columns, found.left_out["textRemarks"]
    (('vitalStatus', 'primarySite'), 'not part of record type I')
    """
    if request.profile.format != "naaccr_xml":
        return _of_table(request, columns)
    legal, today = Legal(request), standards.dictionary()
    found: dict[str, list[tuple[int, str]]] = {"patient": [], "tumor": []}
    left_out = {}
    for column in columns:
        here, there = _both(request, legal, column)
        reason = legal.why_not(there) if there else f"not an item of NAACCR {request.version}"
        if reason and column not in SEX:
            left_out[column] = reason
            continue
        level = (here or there or today.definitions[0]).level
        found[LEVELS.get(level, "tumor")].append(((here or there).number, column))  # type: ignore[union-attr]
    patient, tumor = (tuple(name for _, name in sorted(found[level])) for level in ("patient", "tumor"))
    return ItemPlan(patient, tumor, dict(sorted(left_out.items())))


def item_there(request: Request, column: str, legal: Legal | None = None) -> Item | None:
    """The item that a column of the store becomes in the file's version; None when it has no place there."""
    return _both(request, legal or Legal(request), column)[1]


def _both(request: Request, legal: Legal, column: str) -> tuple[Item | None, Item | None]:
    """The item of a column today, and in the file's version (matched by number: ids were renamed)."""
    naaccr_id, number = request.columns.get(column, (column, None))
    here = _newest().get(naaccr_id)
    if here is not None and number in (None, here.number):
        return here, legal.known.by_number(here.number)
    there = legal.known.resolve(naaccr_id, number)
    return there, there if there and number in (None, there.number) else None


@cache
def _newest() -> dict[str, Item]:
    return {item.id: item for item in standards.newest_items()}


def _of_table(request: Request, columns: Iterable[str]) -> ItemPlan:
    """The columns that a table's own columns are made of."""
    from registry.submissions.table_columns import needs

    wanted, given = needs(request.profile), list(columns)
    levels = {name: LEVELS.get(item.level, "tumor") for name, item in _newest().items()}
    patient, tumor = (
        tuple(column for column in given if column in wanted and levels.get(column) == level)
        for level in ("patient", "tumor")
    )
    left_out = {column: "not asked for by the profile" for column in given if column not in wanted}
    return ItemPlan(patient, tumor, dict(sorted(left_out.items())))
