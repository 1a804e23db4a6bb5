"""The only place where DuckDB connections are made, and where DuckDB's errors become one clear line.

A connection is an in-memory main database with the registry file attached. The key is a bound parameter (text
in SQL would show up in error messages); after attaching, files other than the attached ones and the backup
folder are out of reach, and no setting can be changed any more. What spills to disk is encrypted.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import re
import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from registry.errors import BadInput, Busy, NotFound, NotReady, RegistryError, WrongKey

CATALOG = "registry"
_EXTENSION = "httpfs.duckdb_extension"
# COPY FROM DATABASE sets the first for its own transaction, `Connection.one_thread` the others; they open no door
_FREE_SETTINGS = ("current_transaction_invalidation_policy", "threads", "memory_limit")
# What DuckDB may hold during a bulk load: it never looks again at most of what it has written, and would keep it all.
_LOAD_MEMORY = 768 << 20
# DuckDB 1.5.5 loses data with it: after a crash, replaying the log of an UPDATE from null to a value of a text
# column compressed this way (only in the storage format that encryption needs) gives null again.
# tests/integration/test_crash_replay.py shows it; take this out only when that test passes without.
_UNSAFE_COMPRESSION = "dict_fsst"
# Rows that DuckDB writes as one piece. A checkpoint writes the last piece of a table anew, so with DuckDB's own 122,880
# a day's load rewrites far more than it brings (5 loads of 21,000 rows of 274 columns: 7 CPU-s and 608 MB, with this
# 2 CPU-s and 341 MB). Databases with larger pieces open as before.
_ROW_GROUP = 20_480
# Pieces that a transaction gathers before it writes them into the file. DuckDB's own five of a wide table are some
# hundred megabytes of memory and, where a load ends before, are written twice: to the log, and from there to the file.
_GATHERED = 1


@dataclass(frozen=True)
class Options:
    """How a connection may use the machine.

    Args:
        memory_limit: DuckDB size text such as "512MB"; None means 40 % of the memory this process may use.
        threads: worker threads; None leaves it to DuckDB.
        backup_dir: the one folder SQL may read and write; None means `<database>.backups` beside it.
    """

    memory_limit: str | None = None
    threads: int | None = None
    backup_dir: Path | None = None


@dataclass
class Connection:
    """An open DuckDB instance with one registry file attached (or none, when `path` is None)."""

    root: duckdb.DuckDBPyConnection
    path: Path | None
    temp_dir: Path
    backup_dir: Path | None
    encrypted: bool
    read_only: bool
    memory_limit: str
    _cursors: weakref.WeakSet[duckdb.DuckDBPyConnection] = field(default_factory=weakref.WeakSet)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _alone: int = 0
    _threads: str = "1"

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor that already uses the registry's tables (one per thread)."""
        with self._guard:
            cursor = self.root.cursor()
            self._cursors.add(cursor)
        if self.path is not None:
            cursor.execute(f"USE {CATALOG}")
        return cursor

    @contextlib.contextmanager
    def one_thread(self) -> Iterator[None]:
        """Let every statement run in its caller's thread alone and in little memory, for a bulk load.

        DuckDB appends to a table in one thread, and the caller's thread spins while a worker does it: inserting and
        committing wide rows costs half the CPU without workers. Others' statements go on, each in its own thread.
        """
        with self._guard, self.root.cursor() as cursor:
            self._alone += 1
            if self._alone == 1:
                self._threads = _setting(cursor, "threads")
                cursor.execute("SET threads = 1")
                if _bytes(_setting(cursor, "memory_limit")) > _LOAD_MEMORY:
                    with contextlib.suppress(duckdb.Error):  # others' statements may need more just now
                        cursor.execute(f"SET memory_limit = '{_LOAD_MEMORY}B'")
        try:
            yield
        finally:
            with self._guard, self.root.cursor() as cursor:
                self._alone -= 1
                if self._alone == 0:
                    cursor.execute(f"SET threads = {self._threads}")
                    cursor.execute(f"SET memory_limit = {quote_text(self.memory_limit)}")

    def close(self) -> None:
        """Close every cursor, let go of the file and remove the temporary files."""
        with self._guard:
            for cursor in list(self._cursors):
                with contextlib.suppress(duckdb.Error):
                    cursor.close()
            with contextlib.suppress(duckdb.Error):
                self.root.close()
        shutil.rmtree(self.temp_dir, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.temp_dir.parent.rmdir()


def _setting(cursor: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(cursor.execute("SELECT current_setting(?)", [name]).fetchall()[0][0])


def _bytes(size: str) -> float:
    """Bytes of a size as DuckDB shows it.

    >>> _bytes("9.3 GiB") > _bytes("800.0 MiB") == 800 << 20
    True
    """
    number, unit = size.split()
    return float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB").index(unit)


def extension_file() -> Path | None:
    """Path of the httpfs extension in its wheel (it brings OpenSSL's AES), or None without the wheel.

    >>> found = extension_file()
    >>> found is None or found.name == "httpfs.duckdb_extension"
    True
    """
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "extensions" / f"v{duckdb.__version__}"
    candidate = folder / _EXTENSION
    return candidate if candidate.is_file() else None


def usable_memory() -> int:
    """Bytes of memory this process may use (the machine's, or its container's limit).

    >>> usable_memory() > 0
    True
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 4 << 30
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(limit).read_text(encoding="ascii")))
    return total


def private_files() -> None:
    """Let every file this process creates from now on be readable by its owner only.

    DuckDB creates its log, checkpoint and spill files anew with the process's mask, so a mask that is set
    only around opening would leave them readable by everybody.
    """
    os.umask(os.umask(0o077) | 0o077)


def connect(
    path: Path | None = None,
    *,
    key: str | None = None,
    read_only: bool = False,
    options: Options | None = None,
) -> Connection:
    """Open a database file (or, without a path, an in-memory database for a job's own work).

    Args:
        path: the DuckDB file; created when it does not exist and `read_only` is false.
        key: its encryption key; None opens it in plain mode.
        read_only: attach without writing; several processes may do so together.
        options: memory, threads and backup folder.

    Raises:
        WrongKey, Busy, NotFound, BadInput, NotReady: see `explain`.

    >>> memory = connect(options=Options(memory_limit="64MB"))
    >>> memory.cursor().sql("SELECT current_setting('temp_file_encryption') AS on").pl().item()
    True
    >>> memory.close()
    """
    private_files()
    options = options or Options()
    where = path.name if path is not None else "memory"
    extension = extension_file()
    if key is not None and extension is None:
        raise NotReady(
            where,
            "encryption needs the package duckdb-extension-httpfs, which is missing for this platform",
            "install it, or work in plain mode on an encrypted disk",
        )
    temp_dir = _temp_dir(path, where)
    backup_dir = None
    if path is not None:
        backup_dir = (options.backup_dir or path.with_name(path.name + ".backups")).absolute()
    try:
        config = _config(options, temp_dir)
        root = duckdb.connect(":memory:", config=config)
    except BaseException as error:
        shutil.rmtree(temp_dir, ignore_errors=True)
        if isinstance(error, duckdb.Error):
            raise explain(error, where) from None
        raise
    try:
        if extension is not None:
            root.execute(f"LOAD {quote_text(str(extension))}")
        root.execute("SET temp_file_encryption=true")
        root.execute(f"SET disabled_compression_methods={quote_text(_UNSAFE_COMPRESSION)}")
        if path is not None:
            attach(root, path, CATALOG, key=key, read_only=read_only)
            if not read_only:
                _empty(temp_dir)
        allowed = "" if backup_dir is None else quote_text(str(backup_dir))
        root.execute(f"SET allowed_directories=[{allowed}]")
        root.execute(f"SET allowed_configs=[{', '.join(map(quote_text, _FREE_SETTINGS))}]")
        root.execute("SET enable_external_access=false")
        root.execute("SET lock_configuration=true")
    except BaseException as error:
        root.close()
        shutil.rmtree(temp_dir, ignore_errors=True)
        if isinstance(error, duckdb.Error):
            raise explain(error, where) from None
        raise
    memory_limit = str(config["memory_limit"])
    return Connection(root, path, temp_dir, backup_dir, key is not None, read_only, memory_limit)


def attach(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, key: str | None, read_only: bool = False
) -> None:
    """Attach a database file under `name`; the key travels as a parameter."""
    settings = ["READ_ONLY"] if read_only else [f"ROW_GROUP_SIZE {_ROW_GROUP}"]
    settings += ["ENCRYPTION_KEY ?"] if key is not None else []
    connection.execute(
        f"ATTACH {quote_text(str(path))} AS {quote(name)} ({', '.join(settings)})",
        [key] if key is not None else [],
    )
    if not read_only and path.exists():
        path.chmod(0o600)


def _config(options: Options, temp_dir: Path) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": options.memory_limit or f"{max(usable_memory() * 2 // 5 >> 20, 64)}MiB",
        "temp_directory": str(temp_dir),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
        "write_buffer_row_group_count": str(_GATHERED),
    }
    if options.threads is not None:
        config["threads"] = str(options.threads)
    return config


def _temp_dir(path: Path | None, where: str) -> Path:
    """Private folder for this process's spill files; the owner removes what others left (`_empty`)."""
    try:
        if path is None:
            return Path(tempfile.mkdtemp(prefix="registry-"))
        parent = path.with_name(path.name + ".tmp").absolute()
        folder = parent / f"{os.getpid()}-{secrets.token_hex(4)}"
        _make_folder(folder)
        return folder
    except OSError as error:
        raise explain_os(error, where) from None


def _make_folder(folder: Path) -> None:
    """Make a private folder in a private one, also while another process that ends removes the outer one."""
    for attempt in range(20):
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            folder.parent.chmod(0o700)
            folder.mkdir(mode=0o700, exist_ok=True)
            return
        except FileNotFoundError:
            if attempt == 19:
                raise


def _empty(temp_dir: Path) -> None:
    """Remove what a killed process left beside our own folder; the file's lock makes us its only owner."""
    _make_folder(temp_dir)  # the owner before us may have taken it for a killed one's
    for other in temp_dir.parent.iterdir():
        if other != temp_dir:
            if other.is_dir() and not other.is_symlink():
                shutil.rmtree(other, ignore_errors=True)
            else:
                other.unlink(missing_ok=True)


def quote(identifier: str) -> str:
    """Quote an identifier after checking it.

    Raises:
        BadInput: it is not letters, digits and underscores.

    >>> quote("primarySite")
    '"primarySite"'
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", identifier):
        raise BadInput("identifier", "a table, column or item name must be letters, digits and _")
    return f'"{identifier}"'


def quote_text(text: str) -> str:
    """Quote a text literal, for the few statements that take no parameter.

    >>> quote_text("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def is_encrypted(path: Path) -> bool:
    """Tell from its header whether a database file is encrypted.

    Raises:
        NotFound, NotReady, BadInput: no file, no permission, or not a DuckDB database.
    """
    try:
        if path.is_dir():
            raise BadInput(path.name, "this is a folder, not a registry database")
        with path.open("rb") as stream:
            header = stream.read(32)
    except FileNotFoundError:
        raise NotFound(path.name, "there is no such database", "make it with `registry init`") from None
    except OSError as error:
        raise explain_os(error, path.name) from None
    if not header:
        raise BadInput(path.name, "the file is empty, not a registry database", "restore a backup")
    # main header: 8 bytes checksum, "DUCK", 8 bytes storage version, flags (bit 0: encrypted)
    if len(header) < 32 or header[8:12] != b"DUCK":
        raise BadInput(path.name, "this is not a DuckDB database", "name a registry's file")
    return bool(header[20] & 1)


def explain_os(error: OSError, where: str) -> RegistryError:
    """Turn an operating system error into one clear line (without paths)."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NotReady(where, "the disk is full", "free some space and do it again; nothing was changed")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return NotReady(where, "no permission to read or write here", "check the file's and folder's owner")
    if isinstance(error, FileNotFoundError):
        return NotFound(where, "there is no such file or folder")
    return NotReady(where, f"the operating system refused ({errno.errorcode.get(error.errno or 0, '?')})")


def explain(error: Exception, where: str) -> RegistryError:
    """Turn a DuckDB error into one clear line; never repeats values, paths or keys from its text.

    >>> explain(duckdb.IOException("Could not set lock on file (PID 12)"), "r.duckdb").action
    'go through that process or stop it'
    """
    text = str(error)
    if "Could not set lock" in text or "Conflicting lock" in text:
        owner = re.search(r"\(PID (\d+)\)", text)
        who = f"another process (pid {owner.group(1)})" if owner else "another process"
        return Busy(where, f"{who} has it open", "go through that process or stop it")
    if "Unique file handle conflict" in text:
        return Busy(where, "this process has it open already", "close the other session first")
    for pattern, kind, what, action in _KNOWN:
        if re.search(pattern, text, re.IGNORECASE):
            return kind(where, what, action)
    return RegistryError(where, f"the database refused ({type(error).__name__})")


def is_known(error: Exception) -> bool:
    """Whether `explain` has a sentence of its own for this error.

    >>> is_known(duckdb.TransactionException("Conflict on update!"))
    False
    """
    return any(re.search(pattern, str(error), re.IGNORECASE) for pattern, _, _, _ in _KNOWN)


_KNOWN: tuple[tuple[str, type[RegistryError], str, str | None], ...] = (
    ("Wrong encryption key", WrongKey, "the key does not open this database", "give the key it was made with"),
    ("without a key", WrongKey, "this database is encrypted", "give its key (REGISTRY_KEY or --key-file)"),
    ("is not encrypted", WrongKey, "this database is not encrypted", "open it without a key"),
    ("No space left|disk quota|File too large|max_temp_directory_size", NotReady, "the disk is full",
     "free some space and do it again; nothing was changed"),
    ("Permission denied|Operation not permitted|Read-only file system", NotReady,
     "no permission to read or write here", "check the file's and folder's owner"),
    ("not a valid DuckDB", BadInput, "this is not a DuckDB database", "name a registry's file"),
    ("does not exist|No such file", NotFound, "there is no such database", "make it with `registry init`"),
    ("only read versions|newer version|storage version", NotReady,
     "a newer version of DuckDB wrote this file", "upgrade this program"),
    ("AES tag|Could not read enough|checksum|Corrupt|deserializ", BadInput,
     "the database file is damaged", "restore a backup"),
    ("Out of Memory|could not allocate", NotReady, "not enough memory for this step",
     "raise the memory limit or work on a smaller part"),
    ("database has been invalidated", NotReady, "the database stopped after an error", "open it again"),
    ("in read-only mode|read-only", NotReady, "the database was opened read-only", "open it for writing"),
)  # fmt: skip
