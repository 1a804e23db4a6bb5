"""Who gets what: profiles of submissions, held as data (`data/profiles.toml` and a registry's own files)."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from registry import standards
from registry.errors import BadInput, NotFound
from registry.security import restriction
from registry.security.roles import confidential_items
from registry.standards import dates

TABLE: Final = Path(__file__).parent / "data" / "profiles.toml"
LEVELS: Final = ("tumor", "abstract", "patient")
FORMATS: Final = {"naaccr_xml": "xml", "csv": "csv", "tsv": "tsv"}
GATES: Final = ("record", "file")
REPORTABLE: Final = ("us", "ci5")
RECORD_TYPES: Final = {
    "I": "incidence: no confidential items",
    "C": "confidential incidence",
    "A": "full abstract",
    "M": "modified full abstract",
}
_ID = re.compile(r"[A-Z][A-Z0-9_]{1,29}")
_DUE = re.compile(r"(\*|\d\d)-(\d\d)")


@dataclass(frozen=True)
class Choice:
    """Which records a profile asks for. What is not said is not asked.

    Attributes:
        residents, non_residents: of the registry's state, by the address at diagnosis.
        reportable: "us" or "ci5", see `registry.submissions.selection`.
        first_year: of diagnosis. classes: of case. statuses: of abstracts.
        modified: only abstracts that were changed after they were first kept.
    """

    residents: bool = False
    non_residents: bool = False
    reportable: str | None = None
    first_year: int | None = None
    classes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    modified: bool = False


@dataclass(frozen=True)
class ItemChoice:
    """Which items may leave beside what the record type allows.

    Attributes:
        only: these ids and no others, when there are any. leave_out: not these.
        user: "all" user-defined items, or the ids of those that may leave.
        not_compared: items whose change alone is no change of a record.
    """

    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    user: str | tuple[str, ...] = ()
    not_compared: tuple[str, ...] = (
        "dateCaseLastChanged",
        "dateCaseReportExported",
        "dateCaseReportLoaded",
        "dateCaseReportReceived",
    )


@dataclass(frozen=True)
class Profile:
    """A receiver, what it gets and how; fields as explained at the top of `data/profiles.toml`.

    Attributes:
        leaves: False when the file stays inside the registry (it is never marked as sent).
        split: "state" when there is one file for each state of residence.
        definition: the profile as JSON, to be kept; `profile_of` reads it.
    """

    id: str
    version: int
    title: str
    recipient: str
    receiver: str
    purpose: str
    legal_basis: str
    level: str
    format: str
    identifiers: bool
    status: str
    source: str
    record_type: str | None = None
    record_types: tuple[str, ...] = ()
    edit_set: str | None = None
    gate: str = "record"
    agency: str | None = None
    delta: bool = False
    split: str | None = None
    encrypted: bool = False
    leaves: bool = True
    cadence: str = "on demand"
    due: tuple[str, ...] = ()
    acknowledgement: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    selection: Choice = field(default_factory=Choice)
    items: ItemChoice = field(default_factory=ItemChoice)
    definition: str = field(default="", compare=False, repr=False)

    @property
    def central(self) -> bool:
        """Made of consolidated tumors, so that only central roles may prepare it."""
        return self.level != "abstract"


@cache
def profiles() -> dict[str, Profile]:
    """The package's profiles by id, in the order of the table.

    >>> list(profiles())[:3], profiles()["VPR"].leaves
    (['STATE_FULL', 'STATE_MODIFIED', 'NPCR_CSS'], False)
    """
    found = read_profiles(TABLE.read_text(encoding="utf-8"), TABLE.name)
    return {profile.id: profile for profile in found}


def read_profiles(text: str, where: str) -> list[Profile]:
    r"""The profiles of a TOML text.

    Raises:
        BadInput: it is no TOML, a field is missing, unknown or impossible; the line names the profile.

    >>> read_profiles("[[profile]]\nid = 'X1'", "mine.toml")
    Traceback (most recent call last):
    registry.errors.BadInput: mine.toml profile X1: version is missing
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(where, f"is not TOML ({error})", "correct it") from None
    rows = table.get("profile")
    if set(table) != {"profile"} or not isinstance(rows, list) or not rows:
        raise BadInput(where, "holds no [[profile]] alone", "write one [[profile]] a receiver")
    found = [_profile(row, where) for row in rows]
    twice = next((one.id for n, one in enumerate(found) if one.id in {p.id for p in found[:n]}), None)
    if twice:
        raise BadInput(where, f"profile {twice} stands twice", "leave one")
    return found


def profile_of(definition: str) -> Profile:
    """A profile from its kept definition.

    >>> profile_of(profiles()["CI5"].definition) == profiles()["CI5"]
    True
    """
    return _profile(json.loads(definition), "kept profile")


def due_dates(profile: Profile, first: dt.date, last: dt.date) -> list[dt.date]:
    """Days from `first` to `last`, both included, by which a submission is due; a day that a month lacks is its last.

    >>> [str(day) for day in due_dates(profiles()["SEER_SUB"], dt.date(2026, 1, 1), dt.date(2026, 12, 31))]
    ['2026-02-01', '2026-11-01']
    """
    found: set[dt.date] = set()
    for month, day in (one.split("-") for one in profile.due):
        for year in range(first.year, last.year + 1):
            for number in range(1, 13) if month == "*" else [int(month)]:
                end = dates.latest_date(f"{year}{number:02}")
                assert end is not None
                found.add(end.replace(day=min(int(day), end.day)))
    return sorted(due for due in found if first <= due <= last)


# --- reading a profile ---------------------------------------------------------------------------------------------


def _profile(row: Any, where: str) -> Profile:
    if not isinstance(row, dict):
        raise BadInput(where, "a profile is no table", "write [[profile]]")
    where = f"{where} profile {row.get('id', '?')}"
    values = dict(row)
    columns = values.pop("column", [])
    values["selection"] = _part(Choice, values.get("selection", {}), f"{where} selection")
    values["items"] = _part(ItemChoice, values.get("items", {}), f"{where} items")
    names = {one.name: one for one in fields(Profile)} | {}
    for name in ("definition", "columns"):
        if name in values:
            raise BadInput(where, f"there is no field {name}", "see data/profiles.toml")
    values["columns"] = _columns(columns, where)
    _known(values, set(names), where)
    for name in ("id", "version", "title", "recipient", "receiver", "purpose", "legal_basis", "level",
                 "format", "identifiers", "status", "source"):  # fmt: skip
        if name not in values:
            raise BadInput(where, f"{name} is missing")
    _typed(values, {name: str(one.type) for name, one in names.items()}, where)
    text = json.dumps(row, sort_keys=True, ensure_ascii=False)
    return _checked(Profile(**_tuples(values), definition=text), where)


def _part(kind: type[Any], values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise BadInput(where, "is no table")
    types = {one.name: str(one.type) for one in fields(kind)}
    _known(values, set(types), where)
    _typed(values, types, where)
    return kind(**_tuples(values))


def _known(values: Mapping[str, Any], names: set[str], where: str) -> None:
    odd = next((name for name in values if name not in names), None)
    if odd:
        raise BadInput(where, f"there is no field {odd}", f"choose of {', '.join(sorted(names))}")


def _typed(values: Mapping[str, Any], types: Mapping[str, str], where: str) -> None:
    for name, value in values.items():
        kind = types[name]
        ok = (
            ("tuple" in kind and isinstance(value, list | tuple))
            or ("bool" in kind and isinstance(value, bool))
            or ("int" in kind and isinstance(value, int) and not isinstance(value, bool))
            or ("str" in kind and not kind.startswith("tuple") and isinstance(value, str))
            or kind in ("Choice", "ItemChoice")
        )
        if not ok:
            raise BadInput(where, f"{name} cannot be {value!r}")


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _columns(given: Any, where: str) -> tuple[tuple[str, str], ...]:
    rows = given if isinstance(given, list) else [None]
    found = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"name", "from"}:
            raise BadInput(where, "a column is no { name, from }")
        found.append((str(row["name"]), str(row["from"])))
    return tuple(found)


def _checked(profile: Profile, where: str) -> Profile:
    """The profile, when its fields fit one another."""
    from registry.submissions.table_columns import DERIVED

    tests = [
        (_ID.fullmatch(profile.id), "id is capitals, digits and _, 2 to 30 of them"),
        (profile.version >= 1, "version begins with 1"),
        (profile.level in LEVELS, f"level is one of {', '.join(LEVELS)}"),
        (profile.format in FORMATS, f"format is one of {', '.join(FORMATS)}"),
        (profile.gate in GATES, f"gate is one of {', '.join(GATES)}"),
        (profile.split in (None, "state"), "split is state"),
        (profile.recipient in restriction.recipients(), f"recipient is one of {', '.join(restriction.recipients())}"),
        (profile.selection.reportable in (None, *REPORTABLE), f"reportable is one of {', '.join(REPORTABLE)}"),
        ((profile.format == "naaccr_xml") == bool(profile.record_type), "a NAACCR file has a record_type, others none"),
        (profile.format == "naaccr_xml" or profile.columns, "a table has columns"),
        ({*profile.record_types, profile.record_type} - {None} <= set(RECORD_TYPES), "record types are I, C, A, M"),
        (isinstance(profile.items.user, tuple) or profile.items.user == "all", 'items.user is "all" or a list of ids'),
        (profile.identifiers or profile.items.user != "all", "without identifiers user-defined items are named"),
        (profile.level != "patient" or profile.format != "naaccr_xml", "a NAACCR file has tumors or abstracts"),
        (all(map(_is_due, profile.due)), "due is MM-DD or *-DD"),
    ]  # fmt: skip
    wrong = next((what for ok, what in tests if not ok), None)
    if wrong:
        raise BadInput(where, wrong)
    if profile.edit_set is not None:
        from registry import edits

        edits.edit_ids(profile.edit_set)
    named = [source for _, source in profile.columns if source not in DERIVED]
    direct = next((name for name in named if not profile.identifiers and name in confidential_items()), None)
    if direct:
        raise BadInput(where, f"{direct} identifies by itself, and the profile has no identifiers")
    for item in (*named, *profile.items.only, *profile.items.leave_out, *profile.items.not_compared):
        try:
            standards.item(item)
        except NotFound as error:
            raise BadInput(where, str(error)) from None
    return profile


def _is_due(text: str) -> bool:
    found = _DUE.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 31:
        return False
    return found[1] == "*" or dates.earliest_date(f"2024{found[1]}{found[2]}") is not None
