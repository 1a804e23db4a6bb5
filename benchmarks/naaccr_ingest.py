"""NAACCR XML to committed tables: `python benchmarks/naaccr_ingest.py [--megabytes 150] [--first-only]`.

The file is made from a published sample (../shared/naaccr/samples) or, without it, from made-up records: the same
patients again and again under other names, numbers and SSNs, so that every one is a new person. Printed as a Markdown
table, in CPU seconds of this process and MB of XML a CPU second:

* reader only: XML to validated frames
* XML to committed patient and tumor tables: the reader and the store's inserts with their audit digests into an encrypted
  database, without looking for known persons
* frames to committed tables: patient, tumor and abstract of an encrypted database, one transaction, with audit digests
* whole ingest of the first file (its item columns are made) and of a second one (they exist; every person is looked for)
* the same people again, resent with one item changed

Everything runs in one thread; the peak is that of the step, with what was in memory before. For memory at 1 GB:
`--megabytes 1000 --first-only`.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[2] / "shared/naaccr/samples/naaccr-xml-sample-v250-abstract-1000.xml.gz"
KEY = "a long and random key 0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
WARM = 40
"""MB of the file that is read beforehand: imports, dictionaries and compilation are not what is measured."""
PORTION = 12_000
"""Tumors that are inserted together; about as many as `ingest.file` takes."""


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_megabytes() -> float:
    """Largest resident size since `forget_peak` (where the system can forget it; else so far)."""
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1.024 / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024 / 1e3


def forget_peak() -> None:
    """Let the peak begin anew."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def sample() -> str:
    """A document of about a thousand patients."""
    if SAMPLE.is_file():
        return gzip.decompress(SAMPLE.read_bytes()).decode()
    from registry.synthetic import generate

    with tempfile.TemporaryDirectory() as folder:
        import datetime as dt

        generate(1_000, 1, Path(folder), as_of=dt.date(2026, 10, 31))
        return max((Path(folder) / "abstracts").iterdir(), key=lambda file: file.stat().st_size).read_text()


def word(number: int) -> str:
    """A number as letters, to make a name another one.

    >>> word(0), word(27)
    ('a', 'bb')
    """
    letters = ""
    while True:
        number, rest = divmod(number, 26)
        letters += LETTERS[rest]
        if not number:
            return letters[::-1]


def make_file(path: Path, megabytes: int, *, first: int = 0, changed: bool = False) -> None:
    """Write a file of about this size.

    Args:
        first: number of the first repetition; files of other numbers hold other persons.
        changed: give every tumor another laterality, as a facility's correction would.
    """
    text = sample()
    start, end = text.index("<Patient"), text.rindex("</NaaccrData")
    body = text[start:end]
    if changed:
        body = re.sub(r'("laterality"[^>]*>)\d<', lambda m: f"{m[1]}5<", body)
    repetitions = -(-megabytes * 1_000_000 // len(body.encode()))
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text[:start])
        for repetition in range(first, first + repetitions):
            stream.write(_other_persons(body, repetition))
        stream.write(text[end:])


def _other_persons(body: str, repetition: int) -> str:
    def numbered(item: str, digits: int, step: int, within: int) -> Callable[[str], str]:
        numbers = count(repetition * 5_000)
        pattern = re.compile(rf'("{item}"[^>]*>)[^<]+<')
        return lambda text: pattern.sub(
            lambda found: f"{found[1]}{within + next(numbers) * step % (8 * within):0{digits}d}<", text
        )

    for change in (
        numbered("patientIdNumber", 8, 1, 10_000_000),
        numbered("socialSecurityNumber", 9, 7_919, 100_000_000),
        numbered("accessionNumberHosp", 9, 1, 100_000_000),
    ):
        body = change(body)
    return re.sub(
        r'("nameLast"[^>]*>)([^<]+)<', lambda found: f"{found[1]}{found[2]}{word(repetition)}<", body
    )


class Table:
    """Prints a row a step: CPU seconds and MB of XML a CPU second."""

    def __init__(self) -> None:
        print("| step | MB of XML | CPU-s | MB a CPU-s | peak MB |\n|---|---|---|---|---|")

    def step(self, what: str, file: Path, act: Callable[[], Any]) -> Any:
        """Do something with a file and say what it cost."""
        forget_peak()
        megabytes, begun = file.stat().st_size / 1e6, cpu_seconds()
        result = act()
        used = cpu_seconds() - begun
        print(
            f"| {what} | {megabytes:.0f} | {used:.2f} | {megabytes / used:.0f} | {peak_megabytes():.0f} |",
            flush=True,
        )
        return result


def frames(file: Path) -> Iterator[Any]:
    """Batches of the file under the store's columns."""
    from registry.abstracting.carrying import carry, in_store_columns
    from registry.formats import iter_naaccr_xml

    for batch in iter_naaccr_xml(file):
        carried = carry(batch)
        columns = {(item.id, item.number): item.id for item in carried.items.values()}
        yield in_store_columns(carried, columns)


def portions(file: Path) -> Iterator[Any]:
    """Batches of the file put together to a size that is quick to write."""
    from registry.abstracting.carrying import carry, in_store_columns, joined
    from registry.formats import iter_naaccr_xml

    def whole(batches: list[Any]) -> Any:
        one = joined(batches)
        return in_store_columns(one, {(item.id, item.number): item.id for item in one.items.values()})

    waiting: list[Any] = []
    for batch in iter_naaccr_xml(file):
        waiting.append(carry(batch))
        if sum(one.data.tumors.height for one in waiting) >= PORTION:
            data, waiting = whole(waiting), []
            yield data
    if waiting:
        yield whole(waiting)


def plain_tables(folder: Path, file: Path) -> None:
    """Read a file into the patient and tumor tables of a new database, columns included, commit and close."""
    import polars as pl

    from registry.abstracting.carrying import items_of
    from registry.store import Store

    store = Store.create(folder / "plain.duckdb", key=KEY)
    batches = portions(file)
    first = next(batches)
    for table, frame in (("patient", first.patients), ("tumor", first.tumors)):
        store.ensure_columns(table, items_of(frame).columns)
    tumors = 0
    with store.connection.one_thread(), store.unit_of_work("benchmark", "ingest") as work:
        work.only_once()
        for batch in chain([first], batches):
            patient_id = batch.patients["patient_index"].alias("patient_id")
            work.insert("patient", items_of(batch.patients).with_columns(patient_id))
            ids = {"tumor_id": pl.int_range(pl.len()) + tumors, "patient_id": batch.tumors["patient_index"]}
            tumors += work.insert("tumor", items_of(batch.tumors).with_columns(**ids))
    store.close()


def store_frames(folder: Path, batches: list[Any]) -> Callable[[], None]:
    """A fresh store with the columns wanted, and the act of writing the frames into it."""
    import polars as pl

    from registry.abstracting.carrying import items_of
    from registry.store import Store

    whole = {
        name: pl.concat([getattr(batch, name) for batch in batches], how="diagonal")
        for name in ("patients", "tumors")
    }
    data = replace(batches[0], **whole)
    patients, tumors = items_of(data.patients), items_of(data.tumors)
    owners = data.patients.select("patient_index").with_row_index("p_row")
    rows = data.tumors.select("patient_index").join(owners, on="patient_index", maintain_order="left")[
        "p_row"
    ]
    both = [name for name in patients.columns if name not in tumors.columns]
    store = Store.create(folder / "tables.duckdb", key=KEY)
    for table, names in (
        ("patient", patients.columns), ("tumor", tumors.columns), ("abstract", [*both, *tumors.columns])
    ):  # fmt: skip
        store.ensure_columns(table, names)

    def write() -> None:
        with store.connection.one_thread(), store.unit_of_work("benchmark", "ingest") as work:
            work.insert("patient", patients.with_columns(patient_id=pl.int_range(pl.len())))
            ids = {"tumor_id": pl.int_range(pl.len()), "patient_id": pl.lit(rows).cast(pl.Int64)}
            work.insert("tumor", tumors.with_columns(**ids))
            joined = patients.select(both).select(pl.all().gather(rows)).hstack(tumors)
            work.insert("abstract", joined.with_columns(abstract_id=pl.int_range(pl.len()), **ids))
        store.close()

    return write


def main(megabytes: int, first_only: bool) -> None:
    """Run the steps and print the table."""
    from registry.service import Session

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, second, again = (folder / f"{name}.xml" for name in ("first", "second", "again"))
        make_file(first, megabytes)
        table = Table()
        if not first_only:
            warm = folder / "warm.xml"
            make_file(warm, WARM)
            list(frames(warm))
            batches = table.step("reader only", first, lambda: list(frames(first)))
            table.step("frames to committed tables", first, store_frames(folder, batches))
            del batches
            table.step(
                "XML to committed patient and tumor tables", first, lambda: plain_tables(folder, first)
            )
        with Session.create(folder / "r.duckdb", key=KEY, synthetic=True) as session:

            def ingest(file: Path) -> Any:
                return session.run("ingest.file", path=str(file))

            result = table.step("whole ingest, first file", first, lambda: ingest(first))
            assert result["new_patients"] == result["patients"], result
            if first_only:
                return
            make_file(second, megabytes, first=1_000)
            result = table.step("whole ingest, second file", second, lambda: ingest(second))
            assert result["new_patients"] == result["patients"], result
            make_file(again, megabytes, changed=True)
            result = table.step("the first file again, corrected", again, lambda: ingest(again))
            assert result["new_patients"] == 0, result


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before polars is imported
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=150)
    parser.add_argument("--first-only", action="store_true", help="only the first ingest: for peak memory")
    parser.add_argument(
        "--memory", type=int, help="megabytes that DuckDB may think this machine has (it takes 40 %%)"
    )
    given = parser.parse_args(sys.argv[1:])
    if given.memory:
        from registry.store import connection

        connection.usable_memory = lambda: given.memory << 20
    main(given.megabytes, given.first_only)
