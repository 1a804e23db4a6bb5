"""A session: a store, an actor, and the one way to run an operation."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from registry.errors import BadInput, Busy, Denied
from registry.security.roles import Actor
from registry.service.operations import Context, Operation, Progress, find, no_progress
from registry.service.standards_packs import in_use as standards_in_use
from registry.store import Store

WAIT_SECONDS = 30.0


def wait_seconds() -> float:
    """How long to wait for another command that has the file: REGISTRY_WAIT, else 30 seconds.

    Raises:
        BadInput: REGISTRY_WAIT is no number.
    """
    text = os.environ.get("REGISTRY_WAIT", "")
    try:
        return float(text) if text else WAIT_SECONDS
    except ValueError:
        raise BadInput("REGISTRY_WAIT", "is not a number of seconds", "set it to 30, for example") from None


def local_actor() -> Actor:
    """Whoever opens the file directly holds its key: role admin, audited as `local:<os user>`."""
    return Actor(name=f"local:{getpass.getuser()}", role="admin", facilities=None)


def utc_now() -> dt.datetime:
    """The service's default clock."""
    return dt.datetime.now(dt.UTC)


def _open(path: Path, key: str | None, read_only: bool, wait: float) -> Store:
    deadline = time.monotonic() + wait
    while True:
        try:
            return Store.open(path, key=key, read_only=read_only)
        except Busy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)


class Session:
    """An actor at the door of one store. `run` is the only way in."""

    def __init__(
        self,
        store: Store,
        actor: Actor,
        *,
        now: Callable[[], dt.datetime] = utc_now,
        progress: Progress = no_progress,
    ) -> None:
        self._store, self.actor, self._now, self._progress = store, actor, now, progress

    @classmethod
    def open(
        cls, path: str | Path, *, key: str | None = None, read_only: bool = False, wait: float | None = None
    ) -> Session:
        """Open a database file as its owner (see `registry.open`); the tables installed in it come into use.

        When another process has it (another command), waits for its end: `wait` seconds, else `wait_seconds()`.
        """
        from registry.store.keys import resolve_key

        secret = resolve_key(key, database=path)
        store = _open(Path(path), secret, read_only, wait_seconds() if wait is None else wait)
        try:
            standards_in_use.follow(store)
        except BaseException:
            store.close()
            raise
        return cls(store, local_actor())

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        key: str | None = None,
        reference_date: str | None = None,
        synthetic: bool = False,
    ) -> Session:
        """Make a new database and open it; when another command opens it first, waits for that one's end.

        Args:
            reference_date: first day of the registry (ISO), from which follow-up counts.
            synthetic: mark it as made-up data, everywhere that people look.
        """
        try:
            dt.date.fromisoformat(reference_date or "2007-01-01")
        except ValueError:
            raise BadInput(
                "reference date", f"{reference_date!r} is not a date", "write it as 2007-01-01"
            ) from None
        Store.make(path, key=key)
        session = cls(_open(path, key, False, wait_seconds()), local_actor())
        standards_in_use.begin(session._store, session.actor.name)
        session.run("settings.change", reference_date=reference_date, synthetic="true" if synthetic else None)
        return session

    @classmethod
    def restore(cls, backup: Path, path: Path, *, key: str | None = None) -> dict[str, Any]:
        """Make a database from a backup and verify it."""
        from dataclasses import asdict

        return asdict(Store.restore(backup, path, key=key))

    def as_actor(self, actor: Actor) -> Session:
        """The same store, another person."""
        return Session(self._store, actor, now=self._now, progress=self._progress)

    def watched(self, progress: Progress) -> Session:
        """The same session, its long operations reporting progress."""
        return Session(self._store, self.actor, now=self._now, progress=progress)

    def run(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation by name.

        Raises:
            registry.errors.RegistryError: not allowed, no such thing, bad input, overtaken...
        """
        standards_in_use.follow(self._store)
        found = find(operation)
        found.check_arguments(arguments)
        if not self.actor.may(operation):
            self._note(found, arguments, "denied")
            raise Denied(operation, f"role {self.actor.role} may not do this", "ask an administrator")
        context = Context(self._store, self.actor, self, self._now, self._progress)
        result = found.function(context, **arguments)
        if not found.changes:
            self._note(found, arguments, "view")
        return result

    def _note(self, found: Operation, arguments: dict[str, Any], action: str) -> None:
        """One audit event for an operation that changes nothing (or was refused)."""
        if self._store.read_only:
            return
        shown = {name: value for name, value in arguments.items() if name not in found.secret}
        with self._store.unit_of_work(self.actor.name, action) as work:
            work.log("operation", found.name, action, None, json.loads(json.dumps(shown, default=str)))

    def close(self) -> None:
        """Close the store. Other sessions on the same store end with it."""
        standards_in_use.leave(self._store)
        self._store.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
