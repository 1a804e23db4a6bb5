"""The registry's side of the press: starts the process, tells it what to print, and ends it when it takes too long."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registry.errors import BadInput, NotReady

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
LETTERS_A_PROCESS = 1_000
"""What was set stays in the process's memory: after so many letters a new one goes on."""
NOWHERE = "http://127.0.0.1:9"
"""Where the process is told to look for the network."""


@dataclass(frozen=True)
class Printed:
    """One PDF: its bytes, the page each letter begins on, and the number of pages."""

    pdf: bytes
    starts: tuple[int, ...]
    pages: int


@cache
def house() -> str:
    """The layout that all templates use."""
    return (TEMPLATES / "house.typ").read_text(encoding="utf-8")


@cache
def packaged() -> dict[tuple[str, str], str]:
    """The package's own templates by (addressee, language).

    >>> sorted(packaged())[:2]
    [('contact', 'en'), ('contact', 'es')]
    """
    files = (path for path in sorted(TEMPLATES.glob("*.*.typ")))
    return {tuple(path.name.split(".")[:2]): path.read_text(encoding="utf-8") for path in files}  # type: ignore[misc]


class Press:
    """Sets letters in type, in a process of its own; use it in a `with` block.

    Args:
        seconds: most a single PDF may take (wall clock; twice that in CPU).
    """

    def __init__(self, seconds: int = 120) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._done = 0

    def __enter__(self) -> Self:
        """Nothing starts before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._end()

    def pdf(self, name: str, source: str, data: Mapping[str, Any], day: dt.date) -> Printed:
        """Print a batch. The same template, data and day give the same bytes.

        Args:
            name: of the template, for messages.
            source: the template.
            data: what `content.data` gives.
            day: stands in the PDF as the day it was made.

        Raises:
            BadInput: the template does not work, or took too long.
        """
        head, parts = self._ask(name, source, data, "pdf", day)
        self._done += len(data["letters"])
        if self._done >= LETTERS_A_PROCESS:
            self._end()
        if len(head["starts"]) != len(data["letters"]):
            raise BadInput(
                f"template {name}",
                "does not begin every letter once",
                "use `sides` or `flowing` with `start`",
            )
        return Printed(parts[0], tuple(head["starts"]), int(head["pages"]))

    def png(self, name: str, source: str, data: Mapping[str, Any]) -> list[bytes]:
        """Pages of a batch as pictures."""
        return self._ask(name, source, data, "png", None)[1]

    def text(self, name: str, source: str, data: Mapping[str, Any]) -> str:
        """The words that a template puts on its pages, put together as it would print them."""
        return self._ask(name, source, data, "text", None)[1][0].decode()

    def missing(self, letters: Collection[str]) -> set[str]:
        """Those of some characters that no font of the press has."""
        unusual = sorted({each for each in letters if ord(each) > 0x17F})
        if not unusual:
            return set()
        return set(self._exchange({"format": "letters", "data": unusual}, "letters")[0]["missing"])

    def _ask(
        self, name: str, source: str, data: Mapping[str, Any], kind: str, day: dt.date | None
    ) -> tuple[dict[str, Any], list[bytes]]:
        at = dt.datetime.combine(day, dt.time(), dt.UTC) if day else dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        asked = {
            "source": '#import "house.typ": *\n' + source, "house": house(), "format": kind, "day": int(at.timestamp()),
            "data": json.dumps(data, ensure_ascii=False),
        }  # fmt: skip
        head, parts = self._exchange(asked, f"template {name}")
        if "error" in head:
            raise TemplateError(name, head["error"], None if head["line"] is None else head["line"] - 1)
        return head, parts

    def _exchange(self, asked: dict[str, Any], where: str) -> tuple[dict[str, Any], list[bytes]]:
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        watch = threading.Timer(self._seconds, process.kill)
        watch.start()
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
            head = json.loads(line) if line else None
            parts = [process.stdout.read(size) for size in head["sizes"]] if head else []
        except (BrokenPipeError, ValueError):
            head, parts = None, []
        finally:
            watch.cancel()
        if head is None or [len(part) for part in parts] != head["sizes"]:
            self._end()
            raise BadInput(where, "did not come to an end in time or memory", "make it simpler")
        return head, parts

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._folder = tempfile.TemporaryDirectory(prefix="registry-press-")
            kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
            homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"), self._folder.name)
            proxies = dict.fromkeys(
                ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE
            )
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(FOLDER / "press.py"), self._folder.name, str(2 * self._seconds)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    cwd=self._folder.name, env=kept | homes | proxies,
                )  # fmt: skip
            except OSError as error:
                raise NotReady("letters", f"the press did not start ({type(error).__name__})") from None
        return self._process

    def _end(self) -> None:
        process, self._process, self._done = self._process, None, 0
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        continue
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class TemplateError(BadInput):
    """A template that the press refuses. `words` may quote what was printed: show them for made-up people only."""

    def __init__(self, name: str, words: str, line: int | None) -> None:
        place = f" at line {line}" if line else ""
        super().__init__(
            f"template {name}", f"cannot be set in type{place}", "correct it: letters.set_template"
        )
        self.words, self.line = words, line
