"""Folders of a job's outputs: built aside, put in place in one step, told apart by a hash.

`<root>/<period>` is the finished output of a period; while it is made it lies in `<root>/.<period>.<word>.part`, which
whoever works on the period next clears away.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from registry.errors import NotReady

PERIOD: Final = re.compile(r"\d{4}(-\d\d(-\d\d)?|-W\d\d)?")
_CHUNK: Final = 1 << 20


@contextmanager
def building(root: Path, period: str) -> Iterator[Path]:
    """A new folder (0700) for the outputs of a period; gone afterwards unless `publish` moved it.

    Raises:
        NotReady: the folder cannot be made.
    """
    folder = root / f".{period}.{secrets.token_hex(4)}.part"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in root.glob(f".{period}.*"):
            shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise NotReady(
            root.name, f"the folder of outputs cannot be made ({error.strerror})", "check it"
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listing(folder: Path) -> list[dict[str, Any]]:
    """Every file below a folder: [{name, bytes, sha256}] by name, with / between parts."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        found.append(
            {
                "name": path.relative_to(folder).as_posix(),
                "bytes": path.stat().st_size,
                "sha256": digest.hexdigest(),
            }
        )
    return sorted(found, key=lambda each: str(each["name"]))


def output_hash(files: list[dict[str, Any]]) -> str:
    """SHA-256 (hex) over names and hashes of files.

    >>> output_hash([{"name": "a.csv", "bytes": 0, "sha256": "00"}])[:8]
    '261e527c'
    """
    lines = "".join(f"{each['sha256']}  {each['name']}\n" for each in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def publish(folder: Path, root: Path, period: str) -> Path:
    """Put a finished folder in the place of the period's: private, on disk before it gets its name.

    Raises:
        NotReady: it cannot be put there.
    """
    target = root / period
    try:
        _make_private(folder)
        if target.exists():
            old = root / f".{period}.{secrets.token_hex(4)}.old"
            target.rename(old)
            folder.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            folder.rename(target)
        _sync(root)
    except OSError as error:
        raise NotReady(
            root.name, f"outputs cannot be put in place ({error.strerror})", "check the disk"
        ) from None
    return target


def _make_private(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk (where the system lets a folder be opened)."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(root: Path, keep: int) -> list[str]:
    """Remove the outputs of the oldest periods but `keep`; 0 keeps all. Returns the periods removed, oldest first."""
    periods = sorted(each.name for each in root.iterdir() if each.is_dir() and PERIOD.fullmatch(each.name))
    gone = periods[: max(0, len(periods) - keep)] if keep else []
    for name in gone:
        shutil.rmtree(root / name, ignore_errors=True)
    return gone
