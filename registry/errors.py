"""Errors that a user may see: one line each, saying where, what, what was expected and what to do.

Every other room imports this one; it imports nothing.

>>> str(BadInput("report.xml", "the file is empty", "send the file again"))
'report.xml: the file is empty; send the file again'
"""

from __future__ import annotations


class RegistryError(Exception):
    """A problem that a person can act on. `str(error)` is one line without patient data.

    Args:
        where: the file, table, record or setting that the line is about.
        what: what is wrong, and what was expected.
        action: what to do next (optional).
    """

    exit_code = 2

    def __init__(self, where: str, what: str, action: str | None = None) -> None:
        self.where, self.what, self.action = where, what, action
        line = f"{where}: {what}" + (f"; {action}" if action else "")
        super().__init__(" ".join(line.split()))


def place(error: BaseException) -> str:
    """Where an unexpected error arose, as module:line; its text is never told, as it may hold patient data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "unknown place"


class BadInput(RegistryError):
    """A file or value that cannot be read as what it should be."""


class WrongKey(RegistryError):
    """The key does not open this encrypted database."""


class Busy(RegistryError):
    """Another process owns the database, or a save kept being overtaken."""


class Denied(RegistryError):
    """The actor's role or facility scope does not allow the operation."""


class Conflict(RegistryError):
    """Somebody else changed the record since it was read."""


class NotFound(RegistryError):
    """There is no such record, file, item or table."""


class NotReady(RegistryError):
    """Something that must come first is missing (schema too old, no data, no key)."""
