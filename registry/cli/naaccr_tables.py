"""Tables of a NAACCR file on disk: long or wide, written whole or not at all, in bounded memory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from registry.cli.naaccr_faults import IN_MEMORY, csv_bytes, fault_rows
from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

    from registry.formats import NaaccrData

ITEM_COLUMNS = ("patient", "tumor", "level", "naaccr_id", "value")
FORMATS = ("parquet", "csv", "json")
TABLES = ("patients", "tumors", "errors")
STDOUT = "-"
# Dates of archive members are fixed, so that the same file gives the same bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)


class Sink(Protocol):
    """Takes the batches of a document, in order; `finish` comes when the document was read to its end."""

    def add(self, batch: NaaccrData, file: str) -> None:
        """Take a batch."""

    def finish(self, columns: Sequence[str]) -> None:
        """Write what is still open; `columns` is the dictionary's order."""


@contextlib.contextmanager
def written(target: str) -> Iterator[IO[bytes]]:
    """A file that appears when everything is in it; "-" is stdout, which also gets all or nothing."""
    from registry.formats.sources import replacing

    if target != STDOUT:
        with replacing(target) as file:
            yield file
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as waiting:
        yield waiting
        waiting.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(waiting, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target; its files move into the target when all of them are written.

    Raises:
        BadInput: the target is a file, its parent is missing or not writable, or the disk is full.
    """
    import polars as pl

    if target.exists() and not target.is_dir():
        raise BadInput(str(target), "is a file", "name a folder")
    made = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        yield Path(made)
        if not target.exists():
            Path(made).rename(target)
        for file in sorted(Path(made).iterdir()) if Path(made).exists() else ():
            file.replace(target / file.name)
            if file.stem in TABLES:  # an older reading in another format would be taken for this one's
                for kind in {*FORMATS} - {file.suffix[1:]}:
                    (target / f"{file.stem}.{kind}").unlink(missing_ok=True)
    except (OSError, pl.exceptions.ComputeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadInput(
            str(target), f"cannot be written ({why})", "make room, or choose another place"
        ) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


class LongTable:
    """One row a value, in the order of the document, as CSV."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        target.write(",".join(ITEM_COLUMNS).encode() + b"\r\n")

    def add(self, batch: NaaccrData, file: str) -> None:
        """Write the batch's values."""
        self._target.write(csv_bytes(item_rows(batch)))

    def finish(self, columns: Sequence[str]) -> None:
        """Nothing is open."""


def item_rows(batch: NaaccrData) -> pl.DataFrame:
    """The long view under the columns of the CSV; patients and tumors count from 1."""
    import polars as pl

    return batch.items.select(
        (pl.col("patient_index") + 1).alias("patient"),
        (pl.col("tumor_index") + 1).alias("tumor"),
        "level",
        pl.col("item").alias("naaccr_id"),
        "value",
    )


class WideTables:
    """patients, tumors and errors in one of `FORMATS`, and header.json, in a folder.

    Batches wait as files, since a column may come late in a document.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._parts = folder / ".batches"
        self._parts.mkdir()
        self._batches = 0
        self._header: dict[str, object] = {}

    def add(self, batch: NaaccrData, file: str) -> None:
        """Put a batch aside."""
        import polars as pl

        places = {"patient_index": "patient", "tumor_index": "tumor"}
        for name, frame in (("patients", batch.patients), ("tumors", batch.tumors)):
            own = [column for column in places if column in frame.columns]
            wide = frame.with_columns(pl.col(column) + 1 for column in own).rename(
                {c: places[c] for c in own}
            )
            self._put(name, wide.drop("byte_start", "byte_length", strict=False))
        self._put("errors", fault_rows(batch.errors, file))
        header = batch.header
        self._header = {
            "version": header.version,
            "record_type": header.record_type,
            "time_generated": header.time_generated,
            "specification_version": header.specification_version,
            "base_dictionary_uri": header.base_dictionary_uri,
            "user_dictionaries": list(header.user_dictionaries),
            "attributes": header.attributes,
            "items": header.items,
        }
        self._batches += 1

    def _put(self, name: str, frame: pl.DataFrame) -> None:
        frame.write_parquet(self._parts / f"{name}-{self._batches:06}.parquet", compression="lz4")

    def finish(self, columns: Sequence[str]) -> None:
        """Write each table whole, its items in the dictionary's order."""
        import polars as pl

        for name in TABLES:
            parts = [pl.scan_parquet(part) for part in sorted(self._parts.glob(f"{name}-*.parquet"))]
            frame = pl.concat(parts, how="diagonal_relaxed")
            have = frame.collect_schema().names()
            place = {column: number for number, column in enumerate(columns)}
            first = [column for column in have if column not in place or name == "errors"]
            rest = sorted((column for column in have if column not in first), key=place.__getitem__)
            self._sink(frame.select(*first, *rest), self._folder / f"{name}.{self._kind}")
        shutil.rmtree(self._parts)
        text = json.dumps(self._header, ensure_ascii=False, indent=2) + "\n"
        (self._folder / "header.json").write_text(text, encoding="utf-8")

    def _sink(self, frame: pl.LazyFrame, path: Path) -> None:
        if self._kind == "parquet":
            frame.sink_parquet(path)
        elif self._kind == "csv":
            frame.sink_csv(path, line_terminator="\r\n")
        else:
            rows = path.with_suffix(".ndjson")
            frame.sink_ndjson(rows)
            with rows.open("rb") as lines, path.open("wb") as out:
                out.writelines(_array(lines))
            rows.unlink()


def _array(lines: Iterable[bytes]) -> Iterator[bytes]:
    r"""JSON objects, one a line, as one array.

    >>> b"".join(_array([b'{"a":1}\n', b'{"a":2}\n']))
    b'[\n{"a":1},\n{"a":2}\n]\n'
    """
    yield b"["
    for number, line in enumerate(lines):
        yield (b",\n" if number else b"\n") + line.rstrip(b"\n")
    yield b"\n]\n"


def _file_of(source: str) -> Path:
    """The file that holds a document: itself, or its zip file."""
    from registry.formats.sources import split_member

    return split_member(source)[0]


class QuarantineArchive:
    """A zip with the exact bytes of each quarantined patient, and reasons.csv.

    With --recover there may be pieces outside of patients (`piece-LINE.xml`), and ones too large to be held, which
    are in the list of reasons alone.
    """

    def __init__(self, target: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self._reasons: list[pl.DataFrame] = []

    def add(self, batch: NaaccrData, file: str) -> None:
        """Write the batch's quarantined patients."""
        self.put(batch.quarantined)

    def put(self, quarantined: pl.DataFrame) -> None:
        """Write quarantined patients (see `NaaccrData.quarantined`)."""
        import polars as pl

        number = (pl.col("patient_index") + 1).alias("patient")
        patient = pl.format("patient-{}.xml", number.cast(pl.String).str.zfill(7))
        piece = pl.format("piece-at-line-{}.xml", "line")
        name = pl.when(pl.col("content").is_not_null()).then(pl.coalesce(patient, piece)).alias("member")
        bad = quarantined.select(number, "line", "reason", name, "content")
        for member, content in bad.drop_nulls("content").select("member", "content").rows():
            self._archive.writestr(zipfile.ZipInfo(member, NO_TIME), content, zipfile.ZIP_DEFLATED)
        self._reasons.append(bad.drop("content"))

    def finish(self, columns: Sequence[str]) -> None:
        """Write the list of reasons."""
        import polars as pl

        table = csv_bytes(pl.concat(self._reasons), header=True)
        self._archive.writestr(zipfile.ZipInfo("reasons.csv", NO_TIME), table, zipfile.ZIP_DEFLATED)

    def close(self) -> None:
        """End the archive, also one that is given up."""
        self._archive.close()


def check_writable(target: str | None, sources: Sequence[str] = ()) -> None:
    """Say early that a target can't be written, before a large file is read for it.

    Raises:
        BadInput: the folder is missing, or the target is a folder or one of the files to read (a source
            may be a zip file's member, `a.zip!b.xml`).
    """
    if target is None or target == STDOUT:
        return
    path = Path(target)
    if path.is_dir():
        raise BadInput(target, "is a folder", "name a file")
    if path.exists() and any(path.samefile(file) for file in map(_file_of, sources) if file.exists()):
        raise BadInput(target, "is the file to read", "choose another name")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise BadInput(target, f"the folder {path.parent} is missing or not writable", "choose another place")
