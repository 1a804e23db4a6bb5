"""Read documents for the commands: batches to sinks, faults to the report, counts to a summary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.naaccr_faults import (
    FaultReport,
    advice_text,
    fault_rows,
    shown,
    unreadable_code,
    unreadable_row,
)
from registry.cli.progress import Bar, size_of
from registry.errors import BadInput, Denied, NotFound

if TYPE_CHECKING:
    import polars as pl

    from registry.cli.naaccr_tables import Sink
    from registry.formats import NaaccrData
    from registry.standards import Dictionary

NAME = 44
DICTIONARIES = (".xml", ".xml.gz", ".csv")


@dataclass
class Summary:
    """What a document holds, and what is wrong with it. `patients` are those that load."""

    file: str
    naaccr_version: str | None = None
    record_type: str | None = None
    specification_version: str | None = None
    patients: int = 0
    tumors: int = 0
    items: int = 0
    quarantined: int = 0
    errors: int = 0
    warnings: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unreadable: str | None = None
    message: str | None = None
    is_advised: bool = field(default=False, repr=False)
    """Its message says what to do already."""

    @property
    def exit_code(self) -> int:
        """0 clean, 1 faults, 2 unreadable."""
        return 2 if self.unreadable else 1 if self.faults else 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON; codes in alphabetical order."""
        said = {name: value for name, value in self.__dict__.items() if name != "is_advised"}
        return {**said, "faults": dict(sorted(self.faults.items())), "exit_code": self.exit_code}

    def add(self, batch: NaaccrData) -> None:
        """Count a batch."""
        header = batch.header
        self.naaccr_version, self.record_type = header.version, header.record_type
        self.specification_version = header.specification_version
        self.patients += batch.patients.height
        self.tumors += batch.tumors.height
        self.quarantined += batch.quarantined.height
        self.items += _values(batch.patients, 4) + _values(batch.tumors, 3)
        self.count(batch.errors)

    def count(self, errors: pl.DataFrame) -> None:
        """Count faults."""
        severe = errors.filter(errors["severity"] == "error").height
        self.errors += severe
        self.warnings += errors.height - severe
        self.faults.update(dict(errors["code"].value_counts().rows()))


def _values(frame: pl.DataFrame, places: int) -> int:
    """Cells with a value, beside the columns that say the place."""
    return frame.height * (frame.width - places) - sum(
        frame[:, places:].null_count().row(0) if frame.height else ()
    )


def user_dictionaries(names: Sequence[str]) -> list[Dictionary]:
    """The dictionaries given on the command line; of a folder every XML and CSV file in it, by name.

    Raises:
        NotFound, BadInput: one is missing or not usable, or a folder holds none.
    """
    from registry.formats import load_user_dictionary

    return [load_user_dictionary(file) for name in names for file in _dictionary_files(name)]


def _dictionary_files(name: str) -> list[str]:
    if not Path(name).is_dir():
        return [name]
    found = sorted(str(each) for each in Path(name).iterdir() if each.name.lower().endswith(DICTIONARIES))
    if not found:
        raise BadInput(name, "this folder holds no dictionaries (*.xml, *.csv)", "name the files")
    return found


def documents(patterns: Sequence[str], *, any_kind: bool = False, must_exist: bool = True) -> list[str]:
    """Names of documents: files, what patterns and folders hold, and what zip files of several hold.

    Args:
        patterns: files, globs and folders.
        any_kind: of a zip file without XML take its other files.
        must_exist: False leaves names that are not there or may not be read, so that reading each says so.

    Raises:
        NotFound, Denied, BadInput: a name that is not there, may not be read, or a folder without documents.
    """
    from registry.formats.sources import expand_sources

    names: list[str] = []
    for pattern in patterns:
        try:
            names += expand_sources([pattern], any_kind=any_kind)
        except BadInput:
            if not Path(pattern).is_file():
                raise
            names.append(
                pattern
            )  # a damaged or empty zip file: reading it says so, as of any other damaged file
    names = list(dict.fromkeys(names))
    if must_exist:
        check_readable(names)
    return names


def one_document(file: str, does: str) -> str:
    """The one document of a file.

    Raises:
        BadInput: there are several; `does` says what can be done with one at a time.
    """
    names = documents([file], any_kind=does == "convert")
    if len(names) > 1:
        raise BadInput(file, f"holds {len(names)} documents", f"{does} one at a time, such as {names[0]}")
    return names[0]


def check_readable(names: Sequence[str]) -> None:
    """Every file is there and may be read; a mistyped name is not the fault of a file.

    Raises:
        NotFound, Denied: the first that is not.
    """
    from registry.formats.sources import split_member

    for given in names:
        name, _ = split_member(given)
        if not name.exists():
            raise NotFound(given, "there is no such file", "check the name")
        if not os.access(name, os.R_OK):
            raise Denied(given, "may not be read", "ask its owner for permission")


def read_document(
    name: str,
    dictionaries: Sequence[Dictionary],
    report: FaultReport,
    sinks: Sequence[Sink] = (),
    *,
    recover: bool = False,
    quiet: bool = False,
    limit: int = 0,
    as_json: bool = False,
) -> Summary:
    """Read one document to its end, or to where it can't be read.

    Args:
        name: its path.
        dictionaries: user dictionaries that were given.
        report: gets all faults; of an unreadable document only that one.
        sinks: get every batch; they are finished only when the document could be read.
        recover: load whole patients around a break.
        quiet: no progress.
        limit: faults to print on stderr.
        as_json: print nothing for people.
    """
    summary, first = Summary(name), _First(0 if as_json else limit)
    header = None
    try:
        with Bar(name, size_of(name), quiet=quiet) as bar:
            for batch in _batches(name, dictionaries, recover):
                summary.add(batch)
                report.add(fault_rows(batch.errors, name))
                first.add(batch.errors)
                for sink in sinks:
                    sink.add(batch, name)
                header = batch.header
                bar.at(_end(batch))
    except (BadInput, NotFound, Denied) as error:
        report.forget()
        report.add(unreadable_row(error, name))
        code = unreadable_code(error)
        summary = Summary(name, faults=Counter({code: 1}), errors=1, unreadable=code, message=str(error))
        summary.is_advised = not hasattr(error, "code")  # not of the XML, but of the file around it
        if not as_json:
            click.echo(f"registry: {error}", err=True)
    else:
        assert header is not None
        summary.items += len(header.items)
        columns = _columns(header.version, header.user_dictionaries, dictionaries) if sinks else []
        for sink in sinks:
            sink.finish(columns)
        first.show(name, summary)
    report.keep()
    return summary


def _batches(name: str, dictionaries: Sequence[Dictionary], recover: bool) -> Iterator[NaaccrData]:
    from registry.formats import iter_naaccr_xml

    more: dict[str, Any] = {"recover": True} if recover else {}
    return iter_naaccr_xml(name, dictionary=list(dictionaries), **more)


def _end(batch: NaaccrData) -> int:
    """Bytes of the document up to the end of the batch's last patient."""
    ends = [
        frame.select(end=frame["byte_start"] + frame["byte_length"])["end"].max()
        for frame in (batch.patients, batch.quarantined)
    ]
    return max((end for end in ends if isinstance(end, int)), default=0)


def _columns(version: str, named: Sequence[str], given: Sequence[Dictionary]) -> list[str]:
    """Columns of all items that the document may hold, in the dictionary's order."""
    from registry.formats import merged_dictionary

    return merged_dictionary(version, [one for one in given if one.uri in named]).columns()


class _First:
    """The first faults of a document, kept to be shown once it is known to be readable."""

    def __init__(self, limit: int) -> None:
        self._limit, self._kept = limit, []  # type: int, list[dict[str, Any]]

    def add(self, errors: pl.DataFrame) -> None:
        if len(self._kept) < self._limit:
            rows = fault_rows(errors.head(self._limit - len(self._kept)), "").with_columns(errors["severity"].head(
                self._limit - len(self._kept)))  # fmt: skip
            self._kept += rows.to_dicts()

    def show(self, name: str, summary: Summary) -> None:
        for row in self._kept:
            click.echo(shown({**row, "file": name}, row["severity"]))
        rest = summary.faults.total() - len(self._kept)
        if self._limit and rest > 0:
            click.echo(f"{name}: {rest:,} more faults (--limit shows more, --errors PATH writes all)")


def _short(name: str) -> str:
    """The end of a long path; its beginning says little.

    >>> _short("/a/very/long/path/to/the/folder/of/incoming/files/abstracts.xml")
    '…/the/folder/of/incoming/files/abstracts.xml'
    """
    return name if len(name) <= NAME else "…" + name[1 - NAME :]


def summary_tables(summaries: Sequence[Summary]) -> str:
    """Documents with their counts, then the codes with what to do."""
    import polars as pl

    from registry.cli import output

    rows = [
        (_short(s.file), s.naaccr_version or s.unreadable, s.record_type, s.patients, s.tumors, s.items, s.faults.total(),
         s.quarantined) for s in summaries
    ]  # fmt: skip
    names = ("file", "version", "type", "patients", "tumors", "items", "faults", "quarantined")
    kinds: list[Any] = [pl.String] * 3 + [pl.Int64] * 5
    frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
    table = output.table(frame, limit=frame.height)
    total = sum((s.faults for s in summaries if not s.is_advised), Counter())  # type: Counter[str]
    if not total:
        return table
    return "\n".join([table, "", advice_text(dict(total))])
