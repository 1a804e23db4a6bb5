"""Tables that a registry keeps with its data: packed into bytes, unfolded into a private folder, put into use.

One process serves one database, so what is in use counts for the whole process.

>>> content, digest = pack(DATA)
>>> (unfold(content, digest) / "items.csv").read_bytes() == (DATA / "items.csv").read_bytes()
True
"""

from __future__ import annotations

import atexit
import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import zstandard

from registry.errors import NotReady
from registry.standards import tables
from registry.standards.tables import DATA

LARGEST = 256 << 20
"""Bytes that the tables of a pack may unfold to."""
_lock = threading.RLock()
_folders: dict[str, Path] = {}
_in_use: list[str] = []


def pack(folder: Path) -> tuple[bytes, str]:
    """The tables of a folder (its own, not those of folders in it) as one zstd tar, and their `fingerprint`."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in _tables(folder):
            data = path.read_bytes()
            entry = tarfile.TarInfo(path.name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return zstandard.ZstdCompressor(level=10).compress(archive.getvalue()), fingerprint(folder)


def fingerprint(folder: Path) -> str:
    """SHA-256 (hex) of the tables of a folder; the same for the same contents, however they were compressed."""
    digest = hashlib.sha256()
    for path in _tables(folder):
        data = path.read_bytes()
        plain = gzip.decompress(data) if path.suffix == ".gz" else data
        digest.update(f"{path.name}\0{len(plain)}\0".encode() + plain)
    return digest.hexdigest()


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".gz"))


def unfold(content: bytes, digest: str, within: Path | None = None) -> Path:
    """A private folder (0700) with the tables of a pack; the same one each time while it is there.

    Args:
        within: the folder to make it in; the system's for temporary files by default.

    Raises:
        NotReady: the bytes are not what the digest says, or the disk is full.
    """
    with _lock:
        if digest in _folders and _folders[digest].is_dir():
            return _folders[digest]
        folder = Path(tempfile.mkdtemp(prefix="registry-standards-", dir=within))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        try:
            data = zstandard.ZstdDecompressor().decompress(content, max_output_size=LARGEST)
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                for entry in tar:
                    source = tar.extractfile(entry)
                    if source is None or Path(entry.name).name != entry.name:
                        raise ValueError("not a pack")
                    (folder / entry.name).write_bytes(source.read())
            if fingerprint(folder) != digest:
                raise ValueError("another digest")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            what = f"the stored tables cannot be unfolded ({error.strerror or type(error).__name__})"
            raise NotReady("installed standards", what, "check the disk") from None
        except (zstandard.ZstdError, tarfile.TarError, ValueError):
            shutil.rmtree(folder, ignore_errors=True)
            raise NotReady(
                "installed standards", "the stored tables cannot be unfolded", "restore a backup"
            ) from None
        _folders[digest] = folder
        return folder


def use(digest: str | None, content: Callable[[], bytes] = bytes, within: Path | None = None) -> None:
    """Put the tables of a pack into use, or (None) the package's own again; the same ones twice cost nothing.

    Args:
        digest: of the pack. content: gives its bytes, asked for when this process has not unfolded it yet.
        within: see `unfold`.
    """
    with _lock:
        if digest == in_use():
            return
        if digest is None:
            tables.use()
        else:
            known = _folders.get(digest)
            tables.use(known if known and known.is_dir() else unfold(content(), digest, within))
        _in_use[:] = [] if digest is None else [digest]


def drop(digest: str) -> None:
    """Take a pack out of use and remove its folder."""
    with _lock:
        if in_use() == digest:
            use(None)
        folder = _folders.pop(digest, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def in_use() -> str | None:
    """Digest of the pack in use; None for the package's own tables."""
    return _in_use[0] if _in_use else None


def folder_in_use() -> Path:
    """The folder of the tables in use."""
    return _folders[_in_use[0]] if _in_use else DATA
