"""Where the key of an encrypted database comes from, and the keys derived from it.

The key itself is never written into SQL, logs or error texts. The audit chain has a key of its own, so that
whoever can only change rows cannot forge their hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import warnings
from pathlib import Path

from registry.errors import BadInput, NotReady, WrongKey

KEYRING_SERVICE = "cancer-registry"
_SHORT = 16


def resolve_key(
    key: str | None = None,
    key_file: str | Path | None = None,
    *,
    database: str | Path | None = None,
    use_keyring: bool = True,
) -> str | None:
    """Return the database key: given, from a file, from REGISTRY_KEY or from the system keyring.

    Args:
        key: taken as it is when not empty.
        key_file: text file whose first line is the key; should be readable by its owner only.
        database: its resolved path is the name under which the keyring holds the key.
        use_keyring: ask the system keyring when nothing else answers and `database` is given.

    Returns:
        The key, or None when there is none (plain mode).

    Raises:
        BadInput: the key file cannot be read or is empty.

    >>> resolve_key("correct horse battery staple")
    'correct horse battery staple'
    """
    if key:
        return key
    if key_file is not None:
        return read_key_file(Path(key_file))
    if from_environment := os.environ.get("REGISTRY_KEY"):
        return from_environment
    if use_keyring and database is not None:
        return _from_keyring(Path(database))
    return None


def read_key_file(path: Path) -> str:
    """Read the first line of a key file.

    Raises:
        BadInput: missing, unreadable, not text, or empty.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        exposed = os.name == "posix" and bool(path.stat().st_mode & 0o077)
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            path.name, "the key file cannot be read as text", "check its path and permission"
        ) from None
    if not lines or not lines[0].strip():
        raise BadInput(path.name, "the key file is empty", "write the key into its first line")
    if exposed:
        warnings.warn(f"{path.name}: others can read this key file; chmod 600 it", stacklevel=3)
    return lines[0].strip()


def keep_in_keyring(database: str | Path, key: str) -> None:
    """Store the key of a database in the system keyring.

    Raises:
        NotReady: this machine has no usable keyring.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING_SERVICE, _keyring_name(Path(database)), key)
    except (KeyringError, RuntimeError):
        raise NotReady("keyring", "this machine has no usable keyring", "use --key-file instead") from None


def _from_keyring(database: Path) -> str | None:
    try:
        import keyring

        return keyring.get_password(KEYRING_SERVICE, _keyring_name(database)) or None
    except Exception:
        return None  # no backend, locked, or no session bus: the same as holding no key


def _keyring_name(database: Path) -> str:
    return str(database.expanduser().resolve())


def check_strength(key: str, where: str) -> None:
    """Refuse an empty key and warn about a short one.

    Raises:
        WrongKey: the key is empty.
    """
    if not key:
        raise WrongKey(where, "the key is empty", "give a long random key, or none for plain mode")
    if len(key) < _SHORT:
        warnings.warn(
            f"{where}: a key of fewer than {_SHORT} characters can be guessed; use a long random one",
            stacklevel=3,
        )


def hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """32 bytes derived from `secret` (HKDF-SHA256, RFC 5869, one block).

    >>> hkdf(b"k", salt=b"s", info=b"a") != hkdf(b"k", salt=b"s", info=b"b")
    True
    """
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def derived_audit_key(key: str, registry_id: str) -> bytes:
    """Audit key of an encrypted registry, from its encryption key and its id.

    >>> len(derived_audit_key("secret", "4711"))
    32
    """
    return hkdf(key.encode(), salt=registry_id.encode(), info=b"registry audit chain v1")


def wrap(audit_key: bytes, key: str) -> str:
    """Lock an audit key with another encryption key, for a copy that is encrypted with that one.

    >>> unwrap(wrap(b"a" * 32, "new key"), "new key") == b"a" * 32
    True
    """
    salt = secrets.token_bytes(16)
    pad = hkdf(key.encode(), salt=salt, info=b"registry audit wrap v1")
    locked = bytes(a ^ b for a, b in zip(audit_key, pad, strict=True))
    tag = hmac.digest(hkdf(key.encode(), salt=salt, info=b"registry audit tag v1"), locked, "sha256")
    return (salt + locked + tag).hex()


def unwrap(text: str, key: str) -> bytes:
    """Unlock what `wrap` made.

    Raises:
        WrongKey: another key locked it, or it was changed.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    salt, locked, tag = raw[:16], raw[16:48], raw[48:]
    expected = hmac.digest(hkdf(key.encode(), salt=salt, info=b"registry audit tag v1"), locked, "sha256")
    if not hmac.compare_digest(tag, expected):
        raise WrongKey("audit key", "it cannot be unlocked with this key", "restore the backup again")
    pad = hkdf(key.encode(), salt=salt, info=b"registry audit wrap v1")
    return bytes(a ^ b for a, b in zip(locked, pad, strict=True))


def audit_key_file(database: Path) -> Path:
    """File beside a plain database that holds its audit key.

    >>> audit_key_file(Path("data/registry.duckdb")).name
    'registry.duckdb.audit-key'
    """
    return database.with_name(database.name + ".audit-key")


def environment_audit_key() -> bytes | None:
    """Audit key made from REGISTRY_AUDIT_KEY, or None."""
    text = os.environ.get("REGISTRY_AUDIT_KEY")
    return hkdf(text.encode(), salt=b"", info=b"registry audit environment v1") if text else None


def plain_audit_key(database: Path, *, create: bool = False) -> bytes:
    """Audit key of a plain database: from the file beside it, else from REGISTRY_AUDIT_KEY.

    Args:
        database: the database file.
        create: make the file first.

    Raises:
        NotReady: neither exists, or the file is damaged.
    """
    path = audit_key_file(database)
    if create:
        write_private(path, secrets.token_hex(32))
    try:
        audit_key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        audit_key = environment_audit_key() or b""
    except (OSError, ValueError):
        audit_key = b""
    if len(audit_key) != 32:
        raise NotReady(
            path.name,
            "the key of the audit chain is missing or damaged",
            "put the file back beside the database, or set REGISTRY_AUDIT_KEY",
        )
    return audit_key


def fingerprint(audit_key: bytes) -> str:
    """Tell audit keys apart without revealing them.

    >>> len(fingerprint(b"a" * 32))
    16
    """
    return hashlib.sha256(b"registry audit fingerprint v1" + audit_key).hexdigest()[:16]


def write_private(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file of mode 0600 by atomic replacement.

    Args:
        path: the file to write or replace.
        text: its whole content.
        durable: wait until it is on disk.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
