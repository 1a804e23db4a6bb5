"""The list of operations: name, room, whether it changes data, and the function behind it."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from registry.errors import BadInput, Denied, NotFound

if TYPE_CHECKING:
    from registry.security.roles import Actor
    from registry.service.session import Session
    from registry.store import Store

ROOMS = {
    **{room: room for room in "account audit derive export ingest overview".split()},
    **{room: room for room in "publish records tasks".split()},
    **{room: room for room in "monitor numbering primaries".split()},
    **{room: room for room in "disclosures extract".split()},
    **{room: f"{room}.room" for room in "audits followup jobs letters quality".split()},
    **{
        room: f"statistics.{room}"
        for room in "cohort survival rates trend prevalence outcomes measures population".split()
    },
    "code": "coding",
    "geocode": "geocoding.room",
    "submission": "submissions.room",
    "facility": "reference",
    "load": "ingest",
    "physician": "reference",
    "quarantine": "tasks",
    "downloads": "audit",
    "snapshot": "publish",
    "session": "account",
    "settings": "maintenance",
    "standards": "standards_packs.room",
    "store": "maintenance",
}
"""First word of an operation's name → module of this package, loaded when first used."""

Progress = Callable[[str, int, int], None]


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Context:
    """What an operation works with: the store, who asks, the clock, and where progress goes."""

    store: Store
    actor: Actor
    session: Session
    now: Callable[[], dt.datetime]
    progress: Progress = no_progress

    @property
    def today(self) -> dt.date:
        """Today's date, by the service's clock."""
        return self.now().date()

    @property
    def stamp(self) -> dt.datetime:
        """The clock as the store keeps it: UTC without a zone."""
        return self.now().astimezone(dt.UTC).replace(tzinfo=None)

    def require_central(self, operation: str) -> None:
        """Refuse actors held to facilities: what works on the whole registry would undo others' results.

        Raises:
            Denied: the actor is held to facilities.
        """
        if self.actor.facilities is not None:
            raise Denied(
                operation,
                "works on the whole registry, but this account is held to facilities",
                "ask central staff",
            )

    def day(self, as_of: str | dt.date | None) -> dt.date:
        """The as-of date of a question: the given one, else today."""
        if as_of is None:
            return self.today
        if isinstance(as_of, dt.date):
            return as_of
        try:
            return dt.date.fromisoformat(as_of)
        except ValueError:
            raise BadInput("as-of date", f"{as_of!r} is not a date", "write it as 2026-10-31") from None


@dataclass(frozen=True)
class Operation:
    """One thing the service can do.

    changes: it writes data itself, inside audited units of work; the door adds no event of its own.
    secret: names of arguments that are never written to the audit trail.
    """

    name: str
    function: Callable[..., Any]
    changes: bool
    secret: frozenset[str] = field(default_factory=frozenset)

    def check_arguments(self, arguments: dict[str, Any]) -> None:
        """Raises BadInput in one line when the call's words are off."""
        try:
            inspect.signature(self.function).bind(None, **arguments)
        except TypeError as error:
            raise BadInput(self.name, str(error)) from None


_OPERATIONS: dict[str, Operation] = {}
F = TypeVar("F", bound=Callable[..., Any])


def operation(name: str, *, changes: bool = False, secret: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Register a function as an operation. Its first argument is the Context."""

    def register(function: F) -> F:
        if name in _OPERATIONS and _OPERATIONS[name].function.__qualname__ != function.__qualname__:
            raise ValueError(f"operation {name} is registered twice")
        _OPERATIONS[name] = Operation(name, function, changes, frozenset(secret))
        return function

    return register


def find(name: str) -> Operation:
    """The operation of this name, loading its room when needed.

    Raises:
        NotFound: there is no such operation.
    """
    room = name.partition(".")[0]
    if name not in _OPERATIONS and room in ROOMS:
        importlib.import_module(f"registry.service.{ROOMS[room]}")
    if name not in _OPERATIONS:
        raise NotFound("service", f"there is no operation {name!r}")
    return _OPERATIONS[name]


def operations() -> dict[str, Operation]:
    """Every operation of every room, sorted by name."""
    for room in sorted(set(ROOMS.values())):
        importlib.import_module(f"registry.service.{room}")
    return dict(sorted(_OPERATIONS.items()))
