"""A progress bar on stderr: bytes read of a file. Only a terminal sees it."""

from __future__ import annotations

import sys
import time
import zipfile
from pathlib import Path

import click

WIDTH = 30
EVERY = 0.1


class Bar:
    """`with Bar("a.xml", total) as bar: bar.at(done)`; the line is gone afterwards.

    >>> Bar("in/a.xml", 200_000_000).line(100_000_000)
    'a.xml [###############...............]  50%  100 of 200 MB'
    >>> Bar("in/a.xml", 0).line(5_000_000)
    'a.xml 5 MB'
    """

    def __init__(self, name: str, total: int, *, quiet: bool = False) -> None:
        self.name, self.total = Path(name).name, total
        self._shown = not quiet and sys.stderr.isatty()
        self._last = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown and self._last:
            click.echo("\r\x1b[K", err=True, nl=False)

    def at(self, done: int) -> None:
        """So many bytes are read."""
        now = time.monotonic()
        if self._shown and now - self._last >= EVERY:
            self._last = now
            click.echo(f"\r{self.line(done)}\x1b[K", err=True, nl=False)

    def count(self, patients: int) -> None:
        """So many patients are written."""
        now = time.monotonic()
        if self._shown and now - self._last >= EVERY:
            self._last = now
            click.echo(f"\r{self.name} {patients:,} patients\x1b[K", err=True, nl=False)

    def line(self, done: int) -> str:
        """The bar as text."""
        if not self.total:
            return f"{self.name} {done / 1e6:,.0f} MB"
        share = min(done / self.total, 1.0)
        filled = "#" * int(share * WIDTH)
        return f"{self.name} [{filled.ljust(WIDTH, '.')}] {share:4.0%}  {done / 1e6:,.0f} of {self.total / 1e6:,.0f} MB"


def size_of(name: str) -> int:
    """Bytes that a document unpacks to, as far as its file says; 0 when it does not.

    A gzip file ends in its size modulo 4 GiB; a larger one is not told.
    """
    try:
        path = Path(name)
        if not path.is_file():  # a pipe gives its bytes only once
            return 0
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
            if head == b"PK\x03\x04":
                with zipfile.ZipFile(path) as archive:
                    return sum(entry.file_size for entry in archive.infolist())
            if head[:2] != b"\x1f\x8b":
                return size
            file.seek(-4, 2)
            unpacked = int.from_bytes(file.read(4), "little")
            return unpacked if unpacked > size else 0
    except (OSError, zipfile.BadZipFile):
        return 0
