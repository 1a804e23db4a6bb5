"""Faults of NAACCR files as people and scripts see them: rows of a CSV, lines on a terminal, what to do."""

from __future__ import annotations

import shutil
import tempfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from registry.errors import RegistryError

FAULT_COLUMNS = ("file", "line", "patient", "tumor", "level", "naaccr_id", "code", "message", "value")
IN_MEMORY = 32 << 20

ADVICE = {
    "not-well-formed": "ask the sender for the whole file again; --recover loads whole patients around a break",
    "wrong-root": "check that this is a NAACCR XML data file",
    "namespace": "ask the sender for the namespace http://naaccr.org/naaccrxml",
    "base-dictionary": "ask the sender for the NAACCR version, or update the standards tables",
    "user-dictionary": "give the dictionary with --user-dictionary, of the file's NAACCR version",
    "record-type": "ask the sender whether the file is A, M, C or I; send only items of that type",
    "specification-version": "nothing for this file; ask the sender to name a known version",
    "time-generated": "nothing for this file; ask the sender for a time such as 2026-01-31T12:00:00Z",
    "unexpected-tag": "take the element out, or put it into a namespace of its own after the items",
    "unexpected-attribute": "take the attribute out; an Item has naaccrId and naaccrNum only",
    "unexpected-text": "put the text into an Item, or take it out",
    "item-order": "nothing for this file; items belong before the elements below their level",
    "missing-id": "give the item its naaccrId",
    "unknown-id": "correct the id, or give the user dictionary that defines it",
    "wrong-number": "correct naaccrNum, or leave it out",
    "wrong-level": "move the item to the level of its dictionary",
    "duplicate-item": "keep one of them",
    "too-long": "shorten the value; it was kept as it is",
    "too-short": "fill the value, for example with zeros on the left",
    "data-type": "correct the value: digits, letters, a date as YYYYMMDD",
    "leading-space": "take the blanks before the value out",
    "trailing-space": "take the blanks after the value out",
    "code-list": "use a code of the list: `registry dictionary show ID`",
    "impossible-date": "correct the date; leave out the day or the month when they are not known",
    # Of tables and flat files.
    "unmapped-column": "map the column, or leave its naaccr_id blank in the mapping file",
    "conflicting-values": "correct the rows of the patient; the first value was taken",
    "row-length": "correct the row: as many cells as headings; it was left out",
    "line-length": "ask the sender for the file again; lines are shorter or longer than its version's",
    "odd-character": "take the character out; XML cannot carry it",
    "encoding": "save the file as UTF-8; it was read as Windows-1252",
}
"""What to do about each code."""


def fault_rows(errors: pl.DataFrame, file: str) -> pl.DataFrame:
    """Faults under the columns of the CSV; patients and tumors count from 1.

    >>> import polars as pl
    >>> faults = {"line": [7], "patient_index": [0], "tumor_index": [None], "level": ["Patient"],
    ...           "item": ["nameLast"], "code": ["too-long"], "message": ["too long"], "value": ["X"]}
    >>> fault_rows(pl.DataFrame(faults), "a.xml").row(0)
    ('a.xml', 7, 1, None, 'Patient', 'nameLast', 'too-long', 'too long', 'X')
    """
    import polars as pl

    return errors.select(
        pl.lit(file).alias("file"),
        "line",
        (pl.col("patient_index") + 1).alias("patient"),
        (pl.col("tumor_index") + 1).alias("tumor"),
        "level",
        pl.col("item").alias("naaccr_id"),
        "code",
        "message",
        "value",
    )


def unreadable_row(error: RegistryError, file: str) -> pl.DataFrame:
    """The one row of a document that can't be read."""
    import polars as pl

    schema = dict.fromkeys(FAULT_COLUMNS, pl.String) | dict.fromkeys(("line", "patient", "tumor"), pl.Int64)
    message = error.what + (f"; {error.action}" if error.action else "")
    row = (
        file,
        getattr(error, "line", None),
        None,
        None,
        "File",
        None,
        unreadable_code(error),
        message,
        None,
    )
    return pl.DataFrame([row], schema=schema, orient="row")


def unreadable_code(error: RegistryError) -> str:
    """The code of an error that stopped the reading; a damaged archive is a file that is not well-formed."""
    return getattr(error, "code", None) or "not-well-formed"


def csv_bytes(frame: pl.DataFrame, *, header: bool = False) -> bytes:
    r"""RFC 4180: records end with CR LF; values are exact, line feeds included.

    >>> import polars as pl
    >>> csv_bytes(pl.DataFrame({"value": ['say "a"\nb', None]}), header=True)
    b'value\r\n"say ""a""\nb"\r\n\r\n'
    """
    return frame.write_csv(include_header=header, line_terminator="\r\n").encode()


class FaultReport:
    """The faults CSV. Rows of a document come into it only when the document was read to its end.

    Args:
        target: open file; None keeps nothing.
        folder: where rows wait on disk when they are many (they may hold patient data).
    """

    def __init__(self, target: IO[bytes] | None, folder: str | None = None) -> None:
        self._target = target
        self._waiting: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder)  # noqa: SIM115
        if target:
            target.write(",".join(FAULT_COLUMNS).encode() + b"\r\n")

    def add(self, rows: pl.DataFrame) -> None:
        """Put rows aside."""
        if self._target and rows.height:
            self._waiting.write(csv_bytes(rows))

    def keep(self) -> None:
        """Write what was put aside."""
        if self._target:
            self._waiting.seek(0)
            shutil.copyfileobj(self._waiting, self._target)
        self.forget()

    def forget(self) -> None:
        """Drop what was put aside."""
        self._waiting.seek(0)
        self._waiting.truncate()


def shown(row: dict[str, Any], severity: str | None = None) -> str:
    """One fault as a line on a terminal: place, severity, what is wrong; nothing that a terminal obeys.

    >>> shown({"file": "a.xml", "line": 7, "patient": 2, "tumor": None, "message": "too long"}, "error")
    'a.xml:7 patient 2: error: too long'
    """
    place = "".join(f" {name} {row[name]}" for name in ("patient", "tumor") if row[name] is not None)
    text = f"{row['file']}:{row['line'] or ''}{place}: {f'{severity}: ' if severity else ''}{row['message']}"
    return "".join(letter if letter.isprintable() else " " for letter in text)


def advice(counts: dict[str, int]) -> pl.DataFrame:
    """Faults by code, the most frequent first, with what to do: `code, faults, what to do`."""
    import polars as pl

    rows = [(code, number, ADVICE.get(code, "")) for code, number in counts.items()]
    schema: dict[str, Any] = {"code": pl.String, "faults": pl.Int64, "what to do": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("faults", "code", descending=[True, False])


def advice_text(counts: dict[str, int]) -> str:
    """The same as aligned text.

    >>> print(advice_text({"too-long": 2}))
    code       faults  what to do
    too-long        2  shorten the value; it was kept as it is
    """
    lines = advice(counts)
    width = max(len(code) for code in lines["code"])
    told = [f"{code.ljust(width)}  {number:>7,}  {what}" for code, number, what in lines.rows()]
    return "\n".join([f"{'code'.ljust(width)}   faults  what to do", *told])
