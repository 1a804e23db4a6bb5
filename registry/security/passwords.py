"""Passwords: argon2id hashes, one answer time for every sign-in.

Parameters are RFC 9106's second recommended choice (64 MiB, 3 passes, 4 lanes), argon2-cffi's default.
Length follows NIST SP 800-63B: long rather than complicated; no composition rules, no forced renewal.
"""

from __future__ import annotations

import functools
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from registry.errors import BadInput

MINIMUM_LENGTH = 12
#: Longer input is refused before hashing, so that nobody makes the server hash megabytes.
MAXIMUM_LENGTH = 256

_hasher = PasswordHasher()
# Each hash takes 64 MiB: a burst of sign-ins waits instead of using up the machine's memory.
_slots = threading.BoundedSemaphore(4)


def check_strength(name: str, password: str) -> None:
    """Refuse passwords that are too short, too long, or say the account's name.

    Raises:
        BadInput: with what is expected; the password itself is never in the message.

    >>> check_strength("mlee", "tulips in the north window")
    >>> check_strength("mlee", "tulips")
    Traceback (most recent call last):
    registry.errors.BadInput: password: shorter than 12 characters; a few words in a row are easy to remember
    """
    if len(password) < MINIMUM_LENGTH:
        raise BadInput(
            "password",
            f"shorter than {MINIMUM_LENGTH} characters",
            "a few words in a row are easy to remember",
        )
    if len(password) > MAXIMUM_LENGTH:
        raise BadInput("password", f"longer than {MAXIMUM_LENGTH} characters", "choose a shorter one")
    if len(set(password)) < 5:
        raise BadInput("password", "repeats a few characters", "a few words in a row are easy to remember")
    # A short account name ("jo") inside a long password says nothing about its strength.
    if len(name) >= 4 and password.casefold().replace(name.casefold(), "").strip("0123456789!?.-_ ") == "":
        raise BadInput("password", "is the account's name", "choose words that nobody can guess")


def hash_password(password: str) -> str:
    """Hash with argon2id and a new random salt; the text holds parameters and salt (PHC format).

    >>> hash_password("tulips in the north window").startswith("$argon2id$")
    True
    """
    with _slots:
        return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Say whether the password belongs to the hash.

    Without a hash (no such account) a throw-away one is checked, so that the answer takes as long and nobody
    can find out by a clock which accounts exist (SEC06).

    >>> stored = hash_password("tulips in the north window")
    >>> matches("tulips in the north window", stored), matches("tulips", stored), matches("tulips", None)
    (True, False, False)
    """
    candidate = password if len(password) <= MAXIMUM_LENGTH else ""
    try:
        with _slots:
            _hasher.verify(password_hash or _nobody(), candidate)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None and candidate == password


def needs_rehash(password_hash: str) -> bool:
    """Say whether the hash was made with weaker parameters than today's.

    >>> needs_rehash(hash_password("tulips in the north window"))
    False
    """
    return _hasher.check_needs_rehash(password_hash)


@functools.cache
def _nobody() -> str:
    """Hash of a random password that nobody knows."""
    return hash_password(secrets.token_urlsafe(32))
