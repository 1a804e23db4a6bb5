"""Backup and restore: a verified copy into a second database file, while work goes on.

Both directions are the same act: attach the other file, `COPY FROM DATABASE` inside one transaction (one
consistent view), compare counts and hashes of every table, recompute the audit chain in the copy, and only then
let the copy appear under its name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from registry.errors import BadInput, NotReady
from registry.store import connection as connections
from registry.store import keys, opening, schema, verify
from registry.store.audit import Anchor, Head, read_head
from registry.store.connection import CATALOG, Options, quote
from registry.store.engine import Engine, roll_back

COPY = "copied"


@dataclass(frozen=True)
class BackupReport:
    """What was copied and verified.

    Args:
        file_name: name of the new file.
        tables: rows by table.
        rows: rows of all tables.
        audit_rows: length of the audit chain, verified in the copy.
        bytes: size of the new file.
        encrypted: whether it is encrypted.
        seconds: time it took.
        notes: what a person should know (such as a missing anchor).
    """

    file_name: str
    tables: dict[str, int]
    rows: int
    audit_rows: int
    bytes: int
    encrypted: bool
    seconds: float
    notes: tuple[str, ...] = ()


def back_up(engine: Engine, audit_key: bytes, target: Path, key: str | None, *, carry: bool) -> BackupReport:
    """Copy an open registry into a new file, verify it, give it its name.

    Args:
        engine: the open registry; others may go on reading and writing.
        audit_key: its audit key.
        target: the new file; must not exist.
        key: encryption key of the copy, None for a plain one.
        carry: the copy has another key than the registry, so the audit key must be locked with it.

    Raises:
        BadInput: the file exists. NotReady: no permission, disk full, or the copy does not agree.
    """
    started = time.monotonic()
    folder = engine.connection.backup_dir
    assert folder is not None
    opening.refuse_existing(target)
    part = folder / f"{target.name}.{secrets.token_hex(4)}.part"
    cursor = engine.cursor()
    try:
        with opening.tidy(part, target.name):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connections.attach(cursor, part, COPY, key=key)
            try:
                with engine.altering:
                    tables, head = copy_database(cursor, CATALOG, COPY, target.name, audit_key)
                if carry:
                    _carry_audit_key(cursor, COPY, audit_key, key)
            finally:
                cursor.execute(f"USE {CATALOG}")
                cursor.execute(f"DETACH {COPY}")
            size = part.stat().st_size
            _publish(part, target, audit_key, key, head)
    finally:
        cursor.close()
        with contextlib.suppress(OSError):
            folder.rmdir()  # only when it is empty
    return _report(target, tables, head, size, key, started)


def restore(
    backup: Path,
    path: Path,
    *,
    key: str | None,
    backup_key: str | None = None,
    options: Options | None = None,
) -> BackupReport:
    """Make a registry database from a backup, verified before it appears under its name.

    Args:
        backup: the backup file.
        path: the new database; must not exist.
        key: encryption key of the new database; None for plain.
        backup_key: key of the backup, when it is another one.
        options: memory and threads.

    Raises:
        WrongKey, BadInput, NotFound, NotReady: as opening; also when the backup contradicts its anchor.
    """
    started = time.monotonic()
    opening.refuse_existing(path)
    encrypted = connections.is_encrypted(backup)
    source_key = (backup_key or key) if encrypted else None
    opening.check_mode(backup, encrypted, source_key)
    if key is not None:
        keys.check_strength(key, path.name)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    allowed = replace(options or Options(), backup_dir=backup.absolute().parent)
    with opening.tidy(part, backup.name):
        opened = connections.connect(part, key=key, options=allowed)
        try:
            cursor = opened.cursor()
            connections.attach(cursor, backup.absolute(), COPY, key=source_key, read_only=True)
            cursor.execute(f"USE {COPY}")
            if schema.check_version(cursor, backup.name) == 0:
                raise BadInput(backup.name, "this database is empty, not a registry", "name a backup")
            audit_key = opening.audit_key(cursor, backup, source_key, required=True)
            assert audit_key is not None
            anchor, notes = _anchor_of(backup, audit_key)
            tables, head = copy_database(cursor, COPY, CATALOG, backup.name, audit_key, anchor)
            if key is None or key != source_key:
                _carry_audit_key(cursor, CATALOG, audit_key, key)
            cursor.execute(f"USE {CATALOG}")
            cursor.execute(f"DETACH {COPY}")
            cursor.execute("CHECKPOINT")
        finally:
            opened.close()
        size = part.stat().st_size
        _publish(part, path, audit_key, key, head)
    return replace(_report(path, tables, head, size, key, started), notes=notes)


def copy_database(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    where: str,
    audit_key: bytes,
    anchor: Head | None = None,
) -> tuple[dict[str, int], Head]:
    """Copy one attached database into another and compare them.

    Returns:
        Rows by table, and the head of the audit chain that was copied.

    Raises:
        NotReady: counts, hashes or the audit chain of the copy differ.
    """
    cursor.execute(f"USE {source}")
    cursor.execute("BEGIN")
    try:
        expected = fingerprints(cursor, source)
        head = read_head(cursor)
        cursor.execute(f"COPY FROM DATABASE {source} TO {target}")
        cursor.execute("COMMIT")
    except BaseException:
        roll_back(cursor)
        raise
    copied = fingerprints(cursor, target)
    for table, found in expected.items():
        if copied.get(table) != found:
            raise NotReady(
                where, f"the copy of table {table} differs from the original", "make the copy again"
            )
    cursor.execute(f"USE {target}")
    anchors = (head,) if anchor is None else (head, anchor)
    report = verify.verify_chain(cursor, audit_key, anchors=anchors)
    if not report.ok:
        raise NotReady(where, f"nothing was copied: {report.message}", "see `registry audit verify`")
    return {table: rows for table, (rows, _) in expected.items()}, head


def fingerprints(cursor: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, tuple[int, str]]:
    """(rows, order-independent hash of all rows) of each table of an attached database."""
    names = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name", [catalog]
    ).fetchall()
    found = {}
    for (name,) in names:
        rows = cursor.execute(
            f"SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0)::VARCHAR FROM {catalog}.{quote(name)} AS t"
        ).fetchall()
        found[name] = (int(rows[0][0]), str(rows[0][1]))
    return found


def _anchor_of(backup: Path, audit_key: bytes) -> tuple[Head | None, tuple[str, ...]]:
    """Anchor beside a backup; without one the backup can be restored, with a note."""
    found = Anchor(backup, audit_key).read()
    return (None, (found,)) if isinstance(found, str) else (found, ())


def _carry_audit_key(
    cursor: duckdb.DuckDBPyConnection, catalog: str, audit_key: bytes, key: str | None
) -> None:
    """Let the copy's owner verify the chain: the audit key travels locked with the copy's own key."""
    cursor.execute(f"DELETE FROM {catalog}.meta WHERE name = 'audit_key'")
    if key is not None:
        cursor.execute(f"INSERT INTO {catalog}.meta VALUES ('audit_key', ?)", [keys.wrap(audit_key, key)])


def _beside(path: Path, audit_key: bytes, key: str | None, head: Head, written: list[Path]) -> None:
    """Write the small files beside a copy: its anchor and, in plain mode, its audit key."""
    anchor = Anchor(path, audit_key)
    anchor.write(head, durable=True)
    written.append(anchor.path)
    if key is None and keys.environment_audit_key() != audit_key:
        keys.write_private(keys.audit_key_file(path), audit_key.hex())
        written.append(keys.audit_key_file(path))


def _publish(part: Path, target: Path, audit_key: bytes, key: str | None, head: Head) -> None:
    """Give a finished file and the files beside it their names; across file systems by a copy near the target."""
    near = part
    try:
        if part.stat().st_dev != target.absolute().parent.stat().st_dev:
            near = target.with_name(part.name)
            shutil.copyfile(part, near)
            near.chmod(0o600)
        _to_disk(near)
        with opening.naming(target) as written:
            _beside(target, audit_key, key, head, written)
            opening.give_name(near, target)
    finally:
        if near != part:
            near.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _report(
    path: Path, tables: dict[str, int], head: Head, size: int, key: str | None, started: float
) -> BackupReport:
    seconds = round(time.monotonic() - started, 3)
    return BackupReport(path.name, tables, sum(tables.values()), head.seq, size, key is not None, seconds)
