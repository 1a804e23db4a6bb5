"""Who may come in, and what they may see and do: accounts, sessions, roles and facility scope, de-identification.

The few files that guard the data: `passwords.py` (argon2id), `accounts.py` (lock-out), `sessions.py` (tokens, expiry),
`roles.py` (permission matrix, scope, direct identifiers), `gate.py` (sign-in), `deidentify.py` (what may leave).
"""

from __future__ import annotations

from registry.security.accounts import Account, Accounts
from registry.security.gate import Gate
from registry.security.limits import Limits
from registry.security.roles import (
    ROLES,
    Actor,
    direct_identifiers,
    permission_matrix,
    visible_items,
    without_identifiers,
)
from registry.security.sessions import Sessions

__all__ = [
    "ROLES",
    "Account",
    "Accounts",
    "Actor",
    "Gate",
    "Limits",
    "Sessions",
    "direct_identifiers",
    "permission_matrix",
    "visible_items",
    "without_identifiers",
]
