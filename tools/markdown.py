"""Pieces of generated reference pages, and writing them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def generated(module: str) -> str:
    """The remark at the head of a page that a module writes."""
    return f"<!-- Written by `python -m {module}` from the definitions; change those instead. -->\n"


def names(items: Iterable[str]) -> str:
    """Items as code, separated by commas."""
    return ", ".join(f"`{item}`" for item in items)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table, and a blank line."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def write(pages: dict[Path, str], description: str, folders: Sequence[Path] = ()) -> int:
    """Write pages as the command line asks; with --check only say which are stale (exit code 1).

    Args:
        pages: text of each page.
        description: of the command.
        folders: hold nothing but these pages; others in them are stale and are removed.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = stale_pages(pages, folders)
    for path in stale:
        if not check and path in pages:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path], encoding="utf-8")
        elif not check:
            path.unlink()
    print(f"{len(pages)} pages, {len(stale)} {'stale' if check else 'written or removed'}")
    return 1 if check and stale else 0


def stale_pages(pages: dict[Path, str], folders: Sequence[Path] = ()) -> list[Path]:
    """Pages whose file is absent or says something else, and files that are nobody's page, sorted."""
    left = {path for folder in folders for path in folder.rglob("*.md") if path not in pages}
    other = {
        path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
    return sorted(left | other)
