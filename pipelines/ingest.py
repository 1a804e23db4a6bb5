"""Ingestion of many files: each is loaded whole or refused whole, and the next one goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput

if TYPE_CHECKING:
    from registry.service.remote import AnySession


def ingest_files(
    session: AnySession,
    files: Iterable[str],
    *,
    sender: str | None = None,
    dictionaries: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Load files one by one.

    Yields:
        One result a file: {file, kind, patients, tumors, items, accepted, duplicates, quarantined,
        faults, errors, warnings, messages}; a refused file has `error` (one line), and `quarantined` 1 when it is kept.
    """
    for name in files:
        try:
            result = session.run(
                "ingest.file", path=str(Path(name).absolute()), sender=sender, dictionaries=dictionaries or []
            )
            yield {**result, "file": name}
        except BadInput as error:
            counts = dict.fromkeys(
                (
                    "patients",
                    "tumors",
                    "items",
                    "accepted",
                    "duplicates",
                    "quarantined",
                    "faults",
                    "errors",
                    "warnings",
                ),
                0,
            )
            counts["quarantined"] = int("kept in quarantine" in str(error))
            yield {"file": name, "kind": None, **counts, "messages": [], "error": str(error)}
