"""Sessions: a random token in the browser, only its hash in the database (SEC05).

A session ends by signing out, by being idle, by age, or when its account's password, role or state changes.
The clock is always passed in.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from registry.errors import Denied
from registry.security import clock
from registry.security.limits import Limits

if TYPE_CHECKING:
    from registry.store import Store

#: Activity is remembered at once and written at most this often: a click must not cost a transaction.
WRITE_EVERY = timedelta(seconds=60)
_FOUND = """
    SELECT s.account_id, s.created_at, s.last_seen, s.expires_at, s.ended_at, a.name, a.role, a.facilities, a.active
    FROM session AS s JOIN account AS a USING (account_id)
    WHERE s.token_hash = ?
"""


def token_hash(token: str) -> str:
    """What the database keeps of a token. A plain hash is enough: the token has 256 random bits.

    >>> len(token_hash("x"))
    64
    """
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """The session table of one store."""

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._limits = limits or Limits()
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def start(self, account_id: int, name: str, *, now: datetime) -> str:
        """Begin a session and return its token, which is kept nowhere else."""
        token = secrets.token_urlsafe(32)
        with self._store.unit_of_work(name, "session.start") as uow:
            uow.execute(
                "INSERT INTO session (token_hash, account_id, created_at, last_seen, expires_at) "
                "VALUES (?, ?, ?, ?, ?)",
                [
                    token_hash(token),
                    account_id,
                    clock.to_database(now),
                    clock.to_database(now),
                    clock.to_database(now + self._limits.absolute),
                ],
            )
            uow.log("account", account_id, "session.start", None, {"session": token_hash(token)[:12]})
        return token

    def resume(self, token: str, *, now: datetime, touch: bool = True) -> dict[str, Any]:
        """Find the account of a running session: {account_id, name, role, facilities (JSON), expires_at}.

        `touch` counts this as activity; without it one only looks (timers, parts of pages).

        Raises:
            Denied: unknown, ended, idle for too long, too old, or the account is switched off.
        """
        key = token_hash(token)
        rows = self._store.query(_FOUND, [key])
        if not rows.height:
            raise Denied("session", "is unknown", "sign in again")
        row = rows.row(0, named=True)
        if row["ended_at"] is not None or not row["active"]:
            raise Denied("session", "has ended", "sign in again")
        if why := self._over(key, row, now):
            self.end(token, now=now, why=why)
            raise Denied("session", f"has ended ({why})", "sign in again")
        if touch:
            self._touch(key, row, now)
        return {name: row[name] for name in ("account_id", "name", "role", "facilities", "expires_at")}

    def end(self, token: str, *, now: datetime, why: str = "signed out") -> None:
        """End a session; ending it again, or one that never was, changes nothing."""
        key = token_hash(token)
        rows = self._store.query(_FOUND, [key])
        if not rows.height or rows["ended_at"][0] is not None:
            return
        row = rows.row(0, named=True)
        with self._store.unit_of_work(row["name"], "session.end", reason=why) as uow:
            uow.execute(
                "UPDATE session SET ended_at = ? WHERE token_hash = ? AND ended_at IS NULL",
                [clock.to_database(now), key],
            )
            uow.log("account", row["account_id"], "session.end", {"session": key[:12]}, {"why": why})
        with self._lock:
            self._seen.pop(key, None)

    def _over(self, key: str, row: dict[str, Any], now: datetime) -> str | None:
        expires = clock.from_database(row["expires_at"])
        if expires is not None and now >= expires:
            return "too old"
        if now - self._last_seen(key, row) >= self._limits.idle:
            return "idle"
        return None

    def _last_seen(self, key: str, row: dict[str, Any]) -> datetime:
        written = clock.from_database(row["last_seen"]) or clock.from_database(row["created_at"])
        assert written is not None
        with self._lock:
            return max(written, self._seen.get(key, written))

    def _touch(self, key: str, row: dict[str, Any], now: datetime) -> None:
        with self._lock:
            self._seen[key] = now
        written = clock.from_database(row["last_seen"])
        if written is not None and now - written < WRITE_EVERY:
            return
        with self._store.unit_of_work(row["name"], "session.seen") as uow:
            uow.execute(
                "UPDATE session SET last_seen = ? WHERE token_hash = ? AND ended_at IS NULL",
                [clock.to_database(now), key],
            )
