"""Which published tables a database works with: those installed into it last, else the program's own.

What is in use counts for the whole process; `follow` is asked before every operation, so that a process with two
databases answers each one by its own tables (one after the other, not at once).
"""

from __future__ import annotations

import weakref
from functools import cache

from registry.standards import installed
from registry.store import Store

FIRST = "260"
"""Version of the records of databases that do not say it: they were made before newer ones were known."""
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


def begin(store: Store, actor: str) -> None:
    """Note in a new database which version its records will be in."""
    if own_version() != FIRST:
        with store.unit_of_work(actor, "standards.begin") as work:
            work.execute("INSERT INTO meta VALUES ('standards_version', ?)", [own_version()])


def records_version(store: Store) -> str:
    """The NAACCR version that the stored values are in: that of the last installation, else of the beginning."""
    rows = store.query(
        "SELECT version FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    return str(rows["version"][0]) if rows.height else store.get_meta("standards_version") or FIRST


def _installed(store: Store) -> str | None:
    if not store.columns("standards_pack"):  # read-only, written by an older program
        return None
    rows = store.query(
        """SELECT digest, version, octet_length(content) AS size FROM standards_pack WHERE state = 'installed'
           ORDER BY pack_id DESC LIMIT 1"""
    )
    # A newer program knows more; an installation without tables took those of the program.
    if rows.is_empty() or rows["version"][0] < own_version() or not rows["size"][0]:
        return None
    return str(rows["digest"][0])


def _content(store: Store) -> bytes:
    rows = store.query(
        "SELECT content FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    return bytes(rows["content"][0])
