"""Logs without patient data: an error's kind and the places it passed, never its text or its frames' values (SEC23).

An exception's message may quote a value from a record, and Streamlit and uvicorn log whole tracebacks. In the process
that serves the screens every log record is made here, so nothing depends on who logs.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

_ours = logging.getLogger("dashboards")
_plain_factory = logging.getLogRecordFactory()


def install() -> None:
    """Redact every log record and every thread's last words of this process."""
    logging.setLogRecordFactory(redacted)
    threading.excepthook = _thread_error


def note(error: BaseException, what: str = "a screen failed") -> None:
    """Write one line about an error that a person was shown in friendlier words."""
    _ours.error("%s: %s", what, describe(error))


def describe(error: BaseException) -> str:
    """Kind of an error and the last places it passed, by file name and line.

    >>> try:
    ...     raise ValueError("RIVERA, MARIA")
    ... except ValueError as error:
    ...     describe(error)
    'ValueError at <doctest dashboards.quiet.describe[0]>:2'
    """
    places, trace = [], error.__traceback__
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    kind = type(error).__name__
    return f"{kind} at {' < '.join(reversed(places[-6:]))}" if places else kind


def redacted(*given: Any, **named: Any) -> logging.LogRecord:
    """A log record whose exceptions are only described.

    >>> try:
    ...     raise ValueError("RIVERA, MARIA")
    ... except ValueError as error:
    ...     record = redacted("x", 40, "f.py", 1, "failed %s", (error,), (ValueError, error, error.__traceback__))
    >>> record.exc_info is None, "RIVERA" in record.getMessage(), "ValueError" in record.getMessage()
    (True, False, True)
    """
    record = _plain_factory(*given, **named)
    args = record.args
    if isinstance(args, tuple):
        record.args = tuple(describe(a) if isinstance(a, BaseException) else a for a in args)
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        record.msg = f"{record.getMessage()} [{describe(error)}]"
        record.args = ()
    record.exc_info, record.exc_text = None, None
    return record


def _thread_error(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        note(args.exc_value, "a thread failed")
