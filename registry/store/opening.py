"""Making and opening a database file: what is checked before, what must be true after."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from registry.errors import BadInput, Busy, NotFound, NotReady, WrongKey
from registry.store import connection as connections
from registry.store import keys, schema
from registry.store.audit import Anchor, Chain, Head, read_head
from registry.store.connection import Options
from registry.store.engine import Engine

if sys.platform != "win32":
    import fcntl

LONGEST_MAKING = 60.0
"""Seconds that a process waits for another one that gives the same file its name (a moment's work)."""
_warned: set[str] = set()


def make(path: Path, *, key: str | None, options: Options | None, clock: Callable[[], datetime]) -> None:
    """Make a database file with the newest schema; it appears under its name only when it is complete.

    Of several processes that make the same file one does; the others leave its files alone.

    Raises:
        BadInput: the file exists. NotReady: no permission, disk full, encryption missing.
    """
    refuse_existing(path)
    if key is not None:
        keys.check_strength(key, path.name)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    registry_id = str(uuid.uuid4())
    with tidy(part, path.name):
        opened = connections.connect(part, key=key, options=options)
        try:
            cursor = opened.cursor()
            schema.migrate(cursor, path.name, clock())
            cursor.execute("INSERT INTO meta VALUES ('registry_id', ?)", [registry_id])
            cursor.execute("INSERT INTO meta VALUES ('created_at', ?)", [clock().isoformat()])
            cursor.execute("CHECKPOINT")
        finally:
            opened.close()
        with naming(path) as beside:
            if key is not None:
                audit = keys.derived_audit_key(key, registry_id)
            else:
                create = not os.environ.get("REGISTRY_AUDIT_KEY")
                audit = keys.plain_audit_key(path, create=create)
                beside.extend([keys.audit_key_file(path)] if create else [])
            anchor = Anchor(path, audit)
            anchor.write(Head(), durable=True)
            beside.append(anchor.path)
            give_name(part, path)


def open_engine(
    path: Path,
    *,
    key: str | None,
    read_only: bool,
    options: Options | None,
    clock: Callable[[], datetime],
) -> tuple[Engine, bytes | None]:
    """Open a registry database; returns its engine and its audit key (None only when read-only and lost).

    Raises:
        WrongKey, Busy, NotFound, BadInput, NotReady: see `Store.open`.
    """
    check_mode(path, connections.is_encrypted(path), key)
    opened = connections.connect(path, key=key, read_only=read_only, options=options)
    try:
        cursor = opened.cursor()
        if schema.check_version(cursor, path.name) == 0:
            raise BadInput(
                path.name, "this database is empty, not a registry", "make one with `registry init`"
            )
        if not read_only:
            schema.migrate(cursor, path.name, clock())
        audit = audit_key(cursor, path, key, required=not read_only)
        if read_only or audit is None:
            return Engine(opened, None, None, clock), audit
        chain, anchor = Chain(audit, read_head(cursor)), Anchor(path, audit)
        found = anchor.read()
        # an anchor that contradicts the chain, or none, is evidence: it is not overwritten
        anchor.frozen = isinstance(found, str) or found.seq > chain.head.seq
        return Engine(opened, chain, anchor, clock), audit
    except BaseException as error:
        opened.close()
        if isinstance(error, duckdb.Error):
            raise connections.explain(error, path.name) from None
        raise


def check_mode(path: Path, encrypted: bool, key: str | None) -> None:
    """Compare a file's mode with the key that was given; warn once about a plain one.

    Raises:
        WrongKey: a key is missing, or not wanted.
    """
    if encrypted and not key:
        raise WrongKey(path.name, "this database is encrypted", "give its key (REGISTRY_KEY or --key-file)")
    if key is not None and not encrypted:
        raise WrongKey(path.name, "this database is not encrypted", "open it without a key")
    name = str(path.absolute())
    if not encrypted and name not in _warned:
        _warned.add(name)
        warnings.warn(
            f"{path.name}: plain mode, patient data is not encrypted on disk; set REGISTRY_KEY to encrypt",
            stacklevel=4,
        )


def audit_key(
    cursor: duckdb.DuckDBPyConnection, path: Path, key: str | None, *, required: bool
) -> bytes | None:
    """Key of a database's audit chain.

    Raises:
        NotReady: a plain database's audit key is missing and `required`. WrongKey: it cannot be unlocked.
    """
    rows = cursor.execute(
        "SELECT name, value FROM meta WHERE name IN ('registry_id', 'audit_key')"
    ).fetchall()
    meta = dict(rows)
    if "registry_id" not in meta:
        raise NotFound(
            path.name, "the registry's id is missing: the database was not finished", "restore a backup"
        )
    if key is not None:
        wrapped = meta.get("audit_key")
        return keys.unwrap(wrapped, key) if wrapped else keys.derived_audit_key(key, meta["registry_id"])
    try:
        return keys.plain_audit_key(path)
    except NotReady:
        if required:
            raise
        return None


def refuse_existing(path: Path) -> None:
    """Refuse to make a file where there is one.

    Raises:
        BadInput: it exists. NotFound: its folder does not.
    """
    if os.path.lexists(path):
        raise BadInput(path.name, "there is a file of this name already", "choose another name")
    if not path.absolute().parent.is_dir():
        raise NotFound(path.name, "its folder does not exist", "make the folder first")


def give_name(part: Path, path: Path) -> None:
    """Let a finished file appear under its name, never over another one.

    Raises:
        BadInput: somebody made a file of this name meanwhile.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise BadInput(path.name, "there is a file of this name already", "choose another name") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        refuse_existing(path)  # a file system without hard links
        part.rename(path)
    part.unlink(missing_ok=True)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[list[Path]]:
    """The right to give a new file its name, and the files beside it theirs: one process at a time has it.

    Yields:
        A list for the files that were written beside; they go when the file does not get its name.

    Raises:
        BadInput: the file exists (by now). Busy: another process has been making it for a minute.
    """
    with _only_maker(path):
        refuse_existing(path)
        beside: list[Path] = []
        try:
            yield beside
        except BaseException:
            if not os.path.lexists(path):
                for extra in beside:
                    extra.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _only_maker(path: Path) -> Iterator[None]:
    """Hold the lock file `<db>.creating`; a killed process's lock is free, its file is taken over."""
    name = path.with_name(path.name + ".creating")
    deadline = time.monotonic() + LONGEST_MAKING
    while True:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _lock(descriptor) and _is_open_under(name, descriptor):
                break
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() >= deadline:
            raise Busy(path.name, "another process is making it", "wait for its end and do it again")
        time.sleep(0.02)
    try:
        yield
    finally:
        name.unlink(missing_ok=True)  # while it is locked: who waits for this one sees that it is gone
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file unless another process has; on a file system without locks everybody may."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL):
            raise
    return True


def _is_open_under(name: Path, descriptor: int) -> bool:
    """Whether the open file still is the one of this name (its last holder removes it)."""
    try:
        return os.path.samestat(name.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def tidy(part: Path, where: str) -> Iterator[None]:
    """Leave nothing half-written behind: the part always goes."""
    try:
        yield
    except OSError as error:
        raise connections.explain_os(error, where) from None
    except duckdb.Error as error:
        raise connections.explain(error, where) from None
    finally:
        for leftover in (part, part.with_name(part.name + ".wal")):
            leftover.unlink(missing_ok=True)
