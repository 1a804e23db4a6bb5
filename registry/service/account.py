"""Accounts and sign-in."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.security.accounts import Accounts
from registry.security.gate import Gate
from registry.security.roles import Actor
from registry.service.operations import Context, operation

if TYPE_CHECKING:
    from registry.store import Store

_GATES: weakref.WeakKeyDictionary[Store, Gate] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def gate(store: Store) -> Gate:
    """The one gate of a store (it remembers when sessions were last seen)."""
    with _LOCK:
        return _GATES.setdefault(store, Gate(store))


@operation("session.sign_in", changes=True, secret=("password",))
def sign_in(context: Context, name: str, password: str) -> tuple[str, Actor]:
    """Begin a session: (token, actor). One answer for every refusal."""
    return gate(context.store).sign_in(name, password, now=context.now())


@operation("session.check", changes=True, secret=("password",))
def check(context: Context, name: str, password: str) -> Actor:
    """The actor of a name and password, without beginning a session (terminal use)."""
    return (
        Accounts(context.store, gate(context.store).limits).verify(name, password, now=context.now()).actor()
    )


@operation("session.resume", changes=True, secret=("token",))
def resume(context: Context, token: str, touch: bool = True) -> Actor:
    """The actor of a running session."""
    return gate(context.store).resume(token, now=context.now(), touch=touch)


@operation("session.sign_out", changes=True, secret=("token",))
def sign_out(context: Context, token: str) -> None:
    """End a session."""
    gate(context.store).sign_out(token, now=context.now())


@operation("account.password", changes=True, secret=("token", "old", "new"))
def own_password(context: Context, token: str, old: str, new: str) -> None:
    """Change one's own password."""
    gate(context.store).change_own_password(token, old, new, now=context.now())


@operation("account.me")
def me(context: Context) -> dict[str, Any]:
    """Who is asking."""
    actor = context.actor
    facilities = None if actor.facilities is None else sorted(actor.facilities)
    return {"name": actor.name, "role": actor.role, "facilities": facilities}


@operation("account.list")
def list_accounts(context: Context) -> pl.DataFrame:
    """All accounts, without password hashes."""
    return gate(context.store).accounts.list()


@operation("account.add", changes=True, secret=("password",))
def add(
    context: Context, name: str, password: str, role: str, facilities: list[str] | None = None
) -> dict[str, Any]:
    """Add an account.

    Returns:
        {name, role, unknown_facilities}: those of its facilities that neither the facility table nor an abstract has.
    """
    account = gate(context.store).accounts.add(
        context.actor, name, password, role, facilities, now=context.now()
    )
    held = sorted(account.facilities or ())
    known = context.store.query(
        "SELECT facility_id FROM facility UNION SELECT facility_id FROM abstract ORDER BY 1"
    )["facility_id"]
    unknown = [facility for facility in held if facility not in known]
    return {"name": account.name, "role": account.role, "unknown_facilities": unknown}


@operation("account.set_password", changes=True, secret=("password",))
def set_password(context: Context, name: str, password: str) -> None:
    """Give an account a new password; its sessions end."""
    gate(context.store).accounts.set_password(context.actor, name, password, now=context.now())


@operation("account.deactivate", changes=True)
def deactivate(context: Context, name: str) -> None:
    """Close an account; its name stays readable in the audit trail."""
    gate(context.store).accounts.deactivate(context.actor, name, now=context.now())
