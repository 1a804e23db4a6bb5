"""Options that do not go together: those of the database and those of files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.errors import BadInput


def option_name(name: str) -> str:
    """An option as it is typed.

    >>> option_name("year_from"), option_name("age_weights")
    ('--from', '--age-weights')
    """
    return {"year_from": "--from", "year_to": "--to"}.get(name, f"--{name.replace('_', '-')}")


def refuse(given: dict[str, Any], names: Iterable[str], why: str, action: str = "leave it out") -> None:
    """Refuse the first of these options that was given.

    Raises:
        BadInput: one of them was given.
    """
    for name in names:
        if given[name] is not None:
            raise BadInput(option_name(name), why, action)
