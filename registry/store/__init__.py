"""The store: DuckDB schema and migrations, transactions with audit, received files, encryption, backup."""

from __future__ import annotations

from registry.store.audit import frame_digest, utc_now
from registry.store.backup import BackupReport
from registry.store.changes import VersionConflict
from registry.store.connection import Connection, Options, connect, is_encrypted
from registry.store.database import Store
from registry.store.keys import keep_in_keyring, resolve_key
from registry.store.unit import UnitOfWork
from registry.store.verify import AuditReport

__all__ = [
    "AuditReport",
    "BackupReport",
    "Connection",
    "Options",
    "Store",
    "UnitOfWork",
    "VersionConflict",
    "connect",
    "frame_digest",
    "is_encrypted",
    "keep_in_keyring",
    "resolve_key",
    "utc_now",
]
