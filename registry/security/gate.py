"""The gate: sign in, come back with a token, sign out. The service's `session.*` operations are these calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from registry.security.accounts import Account, Accounts, facilities_from_json
from registry.security.limits import Limits
from registry.security.roles import Actor
from registry.security.sessions import Sessions

if TYPE_CHECKING:
    from registry.store import Store


class Gate:
    """Accounts and sessions of one store behind three calls.

    Args:
        store: an open `registry.store.Store`.
        limits: failures, lock, idle and absolute time; see `Limits`.
    """

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.accounts = Accounts(store, self.limits)
        self.sessions = Sessions(store, self.limits)

    def sign_in(self, name: str, password: str, *, now: datetime) -> tuple[str, Actor]:
        """Check name and password and begin a session: (token, actor).

        Raises:
            registry.errors.Denied: one line, the same for every reason.
        """
        account: Account = self.accounts.verify(name, password, now=now)
        return self.sessions.start(account.account_id, account.name, now=now), account.actor()

    def resume(self, token: str, *, now: datetime, touch: bool = True) -> Actor:
        """The actor of a running session; role and scope are read afresh each time.

        Raises:
            registry.errors.Denied: there is no such running session.
        """
        row = self.sessions.resume(token, now=now, touch=touch)
        return Actor(row["name"], row["role"], facilities_from_json(row["facilities"]))

    def sign_out(self, token: str, *, now: datetime) -> None:
        """End the session of this token."""
        self.sessions.end(token, now=now)

    def change_own_password(self, token: str, old: str, new: str, *, now: datetime) -> None:
        """Change one's password after giving the old one; other sessions of the account end.

        Raises:
            registry.errors.Denied: the session is over or the old password is wrong.
            registry.errors.BadInput: the new password is too weak.
        """
        actor = self.resume(token, now=now)
        self.accounts.verify(actor.name, old, now=now)
        self.accounts.set_password(actor, actor.name, new, now=now, keep_session=token)
