"""Accounts: add, list, change, deactivate, and check a password with lock-out (SEC01, SEC06).

Nothing here deletes: a deactivated account keeps its name for ever, so that the audit trail stays readable.
Every change and every attempt writes an audit event in the same transaction; passwords and hashes never do.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security import clock, passwords
from registry.security.limits import Limits
from registry.security.roles import ROLES, Actor
from registry.security.sessions import token_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.store import Store

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_FACILITY = re.compile(r"[0-9]{1,10}")
#: One answer for unknown, locked, deactivated and wrong: nobody learns which accounts exist.
REFUSED: Final = ("sign-in", "name or password is wrong, or the account is locked for a while")
#: Attempts on one account wait for each other, so that guesses in parallel are all counted.
_LOCKS: Final = tuple(threading.Lock() for _ in range(64))
_COLUMNS = "account_id, name, role, facilities, active, failed, locked_until, created_at"


@dataclass(frozen=True)
class Account:
    """One account without its password hash."""

    account_id: int
    name: str
    role: str
    facilities: frozenset[str] | None
    active: bool

    def actor(self) -> Actor:
        """The actor that operations see."""
        return Actor(self.name, self.role, self.facilities)


class Accounts:
    """The account table of one store.

    Args:
        store: an open `registry.store.Store`.
        limits: how many failures lock an account, for how long.
    """

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._limits = limits or Limits()

    def add(
        self,
        actor: Actor,
        name: str,
        password: str,
        role: str,
        facilities: Iterable[str] | None = None,
        *,
        now: datetime,
    ) -> Account:
        """Add an account; names are lower case and never used twice.

        `facilities` are the reportingFacility numbers that the account is held to; None = all.

        Raises:
            BadInput: name, role, facility or password is not acceptable.
            Conflict: the name exists already (perhaps deactivated).
        """
        name = check_name(name)
        scope = _check_scope(role, facilities)
        passwords.check_strength(name, password)
        password_hash = passwords.hash_password(password)
        with _lock(name), self._store.unit_of_work(actor.name, "account.add") as uow:
            if self._row(name) is not None:
                raise Conflict(
                    f"account {name}", "exists already", "choose another name, or set its password"
                )
            account_id = self._store.new_ids("account", 1)[0]
            uow.execute(
                "INSERT INTO account (account_id, name, password_hash, role, facilities, active, failed, "
                "created_at) VALUES (?, ?, ?, ?, ?, TRUE, 0, ?)",
                [account_id, name, password_hash, role, facilities_to_json(scope), clock.to_database(now)],
            )
            after = {"name": name, "role": role, "facilities": facilities_to_json(scope)}
            uow.log("account", account_id, "account.add", None, after)
        return Account(account_id, name, role, scope, True)

    def list(self) -> pl.DataFrame:
        """All accounts by name: [account_id, name, role, facilities, active, failed, locked_until, created_at]."""
        return self._store.query(f"SELECT {_COLUMNS} FROM account ORDER BY name")

    def get(self, name: str) -> Account:
        """The account of this name.

        Raises:
            NotFound: there is none.
        """
        row = self._row(check_name(name))
        if row is None:
            raise NotFound(f"account {name}", "does not exist", "see `registry user list`")
        return _account(row)

    def set_password(
        self, actor: Actor, name: str, password: str, *, now: datetime, keep_session: str | None = None
    ) -> None:
        """Give a new password, lift a lock, end the account's sessions except the token `keep_session`."""
        account = self.get(name)
        passwords.check_strength(account.name, password)
        password_hash = passwords.hash_password(password)
        with _lock(account.name), self._store.unit_of_work(actor.name, "account.password") as uow:
            uow.execute(
                "UPDATE account SET password_hash = ?, failed = 0, locked_until = NULL WHERE account_id = ?",
                [password_hash, account.account_id],
            )
            _end_sessions(uow, account.account_id, now, keep_session)
            uow.log("account", account.account_id, "account.password", None, {"password": "changed"})

    def change(
        self, actor: Actor, name: str, role: str, facilities: Iterable[str] | None = None, *, now: datetime
    ) -> Account:
        """Give an account another role or scope; its sessions end, so that no old right lives on."""
        account = self.get(name)
        scope = _check_scope(role, facilities)
        with _lock(account.name), self._store.unit_of_work(actor.name, "account.change") as uow:
            self._keep_one_admin(account, role == "admin" and account.active)
            uow.execute(
                "UPDATE account SET role = ?, facilities = ? WHERE account_id = ?",
                [role, facilities_to_json(scope), account.account_id],
            )
            _end_sessions(uow, account.account_id, now, None)
            before = {"role": account.role, "facilities": facilities_to_json(account.facilities)}
            after = {"role": role, "facilities": facilities_to_json(scope)}
            uow.log("account", account.account_id, "account.change", before, after)
        return Account(account.account_id, account.name, role, scope, account.active)

    def deactivate(self, actor: Actor, name: str, *, now: datetime) -> None:
        """Switch an account off and end its sessions.

        Raises:
            Denied: it is the last active admin.
        """
        account = self.get(name)
        with _lock(account.name), self._store.unit_of_work(actor.name, "account.deactivate") as uow:
            self._keep_one_admin(account, False)
            uow.execute("UPDATE account SET active = FALSE WHERE account_id = ?", [account.account_id])
            _end_sessions(uow, account.account_id, now, None)
            before, after = {"active": account.active}, {"active": False}
            uow.log("account", account.account_id, "account.deactivate", before, after)

    def verify(self, name: str, password: str, *, now: datetime) -> Account:
        """Check a password; failures count and lock, each attempt is audited.

        Raises:
            Denied: always with the same line and after the same work, whatever was wrong.
        """
        key = name.strip().casefold()
        with _lock(key):
            row = self._row(key)
            right = passwords.matches(password, row["password_hash"] if row else None)
            if row is None:
                self._refuse(None, "unknown", now)
            elif not row["active"]:
                self._refuse(row, "deactivated", now)
            elif _locked(row, now):
                self._refuse(row, "locked", now)
            elif not right:
                self._refuse(row, "wrong password", now)
            else:
                self._accept(row, password)
                return _account(row)
        raise Denied(*REFUSED)

    def _refuse(self, row: dict[str, Any] | None, why: str, now: datetime) -> None:
        # The typed name is kept only when it is an account's: people type passwords into the wrong field.
        with self._store.unit_of_work(row["name"] if row else "unknown", "session.refused") as uow:
            entity_id = row["account_id"] if row else 0
            after: dict[str, Any] = {"why": why}
            if row and why == "wrong password":
                failed = 1 if row["locked_until"] is not None else int(row["failed"] or 0) + 1
                until = now + self._limits.lock if failed >= self._limits.failures else None
                uow.execute(
                    "UPDATE account SET failed = ?, locked_until = ? WHERE account_id = ?",
                    [failed, clock.to_database(until), entity_id],
                )
                after |= {"failed": failed, "locked": until is not None}
            uow.log("account", entity_id, "session.refused", None, after)

    def _accept(self, row: dict[str, Any], password: str) -> None:
        if passwords.needs_rehash(row["password_hash"]):
            with self._store.unit_of_work(row["name"], "account.rehash") as uow:
                uow.execute(
                    "UPDATE account SET password_hash = ? WHERE account_id = ?",
                    [passwords.hash_password(password), row["account_id"]],
                )
                uow.log("account", row["account_id"], "account.rehash", None, {"password": "rehashed"})
        if row["failed"] or row["locked_until"] is not None:
            with self._store.unit_of_work(row["name"], "account.unlock") as uow:
                uow.execute(
                    "UPDATE account SET failed = 0, locked_until = NULL WHERE account_id = ?",
                    [row["account_id"]],
                )
                uow.log(
                    "account", row["account_id"], "account.unlock", {"failed": row["failed"]}, {"failed": 0}
                )

    def _row(self, name: str) -> dict[str, Any] | None:
        rows = self._store.query(f"SELECT {_COLUMNS}, password_hash FROM account WHERE name = ?", [name])
        return rows.row(0, named=True) if rows.height else None

    def _keep_one_admin(self, account: Account, stays_admin: bool) -> None:
        if account.role != "admin" or stays_admin:
            return
        others = self._store.query(
            "SELECT count(*) AS n FROM account WHERE role = 'admin' AND active AND account_id <> ?",
            [account.account_id],
        )
        if not others["n"][0]:
            raise Denied(f"account {account.name}", "is the last active admin", "add another admin first")


def check_name(name: str) -> str:
    """An account name as it is kept: 2-40 lower-case letters, digits, dot, hyphen, underscore.

    >>> check_name(" Anna.Lee ")
    'anna.lee'
    """
    name = name.strip().casefold()
    if not _NAME.fullmatch(name):
        raise BadInput(
            "account name",
            "2 to 40 letters, digits, dots, hyphens or underscores are expected, a letter first",
        )
    return name


def _check_scope(role: str, facilities: Iterable[str] | None) -> frozenset[str] | None:
    if role not in ROLES:
        raise BadInput("role", f'"{role}" is unknown', f"use one of: {', '.join(ROLES)}")
    if facilities is None:
        return None
    scope = frozenset(f.strip() for f in facilities)
    wrong = sorted(f for f in scope if not _FACILITY.fullmatch(f))
    if wrong or not scope:
        raise BadInput("facilities", "reportingFacility numbers of up to 10 digits are expected")
    return frozenset(f.zfill(10) for f in scope)


def _account(row: dict[str, Any]) -> Account:
    return Account(
        int(row["account_id"]),
        row["name"],
        row["role"],
        facilities_from_json(row["facilities"]),
        bool(row["active"]),
    )


def _locked(row: dict[str, Any], now: datetime) -> bool:
    until = clock.from_database(row["locked_until"])
    return until is not None and now < until


def _lock(name: str) -> threading.Lock:
    return _LOCKS[hash(name) % len(_LOCKS)]


def _end_sessions(uow: Any, account_id: int, now: datetime, keep_session: str | None) -> None:
    kept = token_hash(keep_session) if keep_session else ""
    uow.execute(
        "UPDATE session SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL AND token_hash <> ?",
        [clock.to_database(now), account_id, kept],
    )


def facilities_to_json(facilities: frozenset[str] | None) -> str | None:
    """Facilities as the account table keeps them; None (all) stays null."""
    return None if facilities is None else json.dumps(sorted(facilities))


def facilities_from_json(text: str | None) -> frozenset[str] | None:
    """Facilities from the account table.

    >>> facilities_from_json('["0000000001"]'), facilities_from_json(None)
    (frozenset({'0000000001'}), None)
    """
    return None if text is None else frozenset(json.loads(text))
