"""Which published tables a database works with: those installed into it last, else the program's own.

What is in use counts for the whole process; `follow` is asked before every operation, so that a process with two
databases answers each one by its own tables (one after the other, not at once).
"""

from __future__ import annotations

import weakref
from functools import cache

from registry.standards import installed
from registry.store import Store

_digests: weakref.WeakKeyDictionary[Store, str | None] = weakref.WeakKeyDictionary()


def follow(store: Store) -> None:
    """Put the tables of this database into use.

    Raises:
        NotReady: the stored tables are damaged.
    """
    if store not in _digests:
        _digests[store] = _installed(store)
    installed.use(_digests[store], lambda: _content(store), store.connection.temp_dir)


def reread(store: Store) -> None:
    """Look again what is installed, after it changed."""
    _digests.pop(store, None)
    follow(store)


def leave(store: Store) -> None:
    """The database is closed: its tables go out of use."""
    digest = _digests.pop(store, None)
    if digest is not None:
        installed.drop(digest)


@cache
def own_version() -> str:
    """The newest NAACCR version that the program itself knows."""
    from registry.standards.comparison import TableSet
    from registry.standards.tables import DATA

    return TableSet(DATA).version


def _installed(store: Store) -> str | None:
    if not store.columns("standards_pack"):  # read-only, written by an older program
        return None
    rows = store.query(
        "SELECT digest, version FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    if rows.is_empty() or rows["version"][0] < own_version():
        return None  # a newer program knows more
    return str(rows["digest"][0])


def _content(store: Store) -> bytes:
    rows = store.query(
        "SELECT content FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    return bytes(rows["content"][0])
