"""CPU seconds of a submission of a million tumors, from a DuckDB file: selection, fingerprints, delta, a type I file.

    python -m benchmarks.submission [TUMORS] [--patients 20000] [--profile NPCR_CSS] [--folder FOLDER] [--plain] [--life]

A made-up registry is ingested and its patients and tumors are repeated in the database, under numbers of their own,
until there are enough tumors; the copies stay in FOLDER when one is given. Then, in a new process, the steps of
`registry.submissions` are run over the store as the service does it: 50,000 patients at a time. Measured: CPU seconds of
the process, all threads; peak memory; and whether a second writing gives the same bytes (`--twice`).

With `--life` the operations themselves are measured on a copy of the database, in CPU and wall seconds: the first
preparation, sealing, and the preview of the changes after the receiver accepted everything and one record in a thousand
was changed. The profile then is one of the registry's own: as `--profile`, but sending changes, and without edits (the
copies of a made-up registry repeat accession numbers, so that edits would hold back everything); `--edits` asks them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from registry.service import Session

AS_OF = dt.datetime(2026, 10, 31, 12, 0)
KEY = "a long and random key 0123456789"
CHUNK = 50_000


def make(path: Path, tumors: int, patients: int, key: str | None) -> None:
    """A database of about that many tumors."""
    from registry.synthetic import generate

    with tempfile.TemporaryDirectory() as name:
        generate(patients, 1, Path(name), as_of=AS_OF.date())
        with Session.create(path, key=key, reference_date="2007-01-01", synthetic=True) as session:
            session.run("ingest.file", path=str(Path(name) / "facilities.csv"))
            for file in sorted((Path(name) / "abstracts").iterdir()):
                session.run("ingest.file", path=str(file))
            store = session._store
            rows = int(store.query("SELECT count(*) FROM tumor").item())
            top = [int(store.query(f"SELECT max({t}_id) FROM {t}").item()) for t in ("patient", "tumor")]
            for copy in range(1, -(-tumors // rows)):
                with store.unit_of_work("benchmark", "repeat") as work:
                    for table, last in zip(("patient", "tumor"), top, strict=True):
                        own = f"patient_id + {copy * top[0]} AS patient_id"
                        if table == "tumor":
                            own += f", tumor_id + {copy * top[1]} AS tumor_id"
                        work.execute(
                            f"INSERT INTO {table} SELECT * REPLACE ({own}) FROM {table} WHERE {table}_id <= {last}"
                        )


def measure(path: Path, profile: str, key: str | None, out: Path, twice: bool) -> None:
    """Run the steps once and print the table."""
    from registry import submissions
    from registry.abstracting.item_columns import is_item

    begun = [time.process_time()]
    print("| step | CPU-s | work |\n|---|---|---|", flush=True)

    def step(what: str, act: Callable[[], Any], told: Callable[[Any], str]) -> Any:
        begun[0] = time.process_time()
        found = act()
        print(f"| {what} | {time.process_time() - begun[0]:.1f} | {told(found)} |", flush=True)
        return found

    with Session.open(path, key=key, read_only=True) as session:
        store = session._store
        asked = submissions.profiles()[profile]
        request = submissions.Request(asked, AS_OF, home_state="NY")
        columns = {table: store.columns(table) for table in ("patient", "tumor")}
        items = [name for table in columns.values() for name in table if is_item(name)]
        plan = submissions.plan(request, dict.fromkeys(items))
        wanted = [name for name in submissions.selection_items(asked) if name in columns["tumor"]]

        def rows() -> pl.DataFrame:
            chosen = ", ".join(f'"{name}"' for name in wanted)
            return store.query(f"SELECT tumor_id, patient_id, {chosen} FROM tumor ORDER BY tumor_id")

        def chunks(taken: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
            people = taken["patient_id"].unique().sort()
            keys = taken.select("tumor_id")
            lists = {
                table: ", ".join(f'"{name}"' for name in columns[table] if name in set(plan.columns))
                for table in columns
            }
            for start in range(0, len(people), CHUNK):
                part = people[start : start + CHUNK]
                where = f"patient_id BETWEEN {part[0]} AND {part[-1]}"
                patients = store.query(f"SELECT patient_id, {lists['patient']} FROM patient WHERE {where}")
                tumors = store.query(
                    f"SELECT tumor_id, patient_id, {lists['tumor']} FROM tumor WHERE {where}"
                )
                tumors = only(tumors, keys)
                yield only(patients, tumors.select("patient_id")), tumors

        def only(frame: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
            """The rows that are wanted; a wide frame of which all are is not copied."""
            key = wanted.columns[0]
            goes = frame.select(key).join(
                wanted.unique().with_columns(goes=True), on=key, how="left", maintain_order="left"
            )
            if goes["goes"].null_count() == 0:
                return frame
            return frame.filter(goes["goes"].fill_null(value=False))

        def write(name: str) -> submissions.Written:
            with submissions.submission_file(out / name, request, hashes=True) as file:
                for part in chunks(selection.taken):
                    file.add(*part)
            return file.written

        def fingerprints() -> pl.DataFrame:
            return pl.concat([submissions.record_hashes(*part, request) for part in chunks(selection.taken)])

        selection = step(
            "selection", lambda: submissions.select(request, rows()), lambda s: f"{s.taken.height:,} taken"
        )
        hashes = step("read records, fingerprints", fingerprints, lambda h: f"{h.height:,} records")
        base = hashes.with_columns(
            record_hash=pl.when(pl.col("tumor_id") % 50 == 0)
            .then(pl.lit(0, pl.UInt64))
            .otherwise("record_hash")
        ).filter(pl.col("tumor_id") % 97 != 0)
        changes = step(
            "delta",
            lambda: submissions.delta(hashes, base),
            lambda d: str(dict(d["change"].value_counts().iter_rows())),
        )
        assert changes.height == hashes.height
        suffix = {"naaccr_xml": "xml"}.get(asked.format, asked.format)
        first = step(
            f"file of {profile}: read, write, read back", lambda: write(f"one.{suffix}"),
            lambda w: f"{w.tumors:,} tumors, {w.items:,} values, {w.size / 1e6:,.0f} MB",
        )  # fmt: skip
        assert first.hashes is not None and first.hashes.equals(hashes.sort("tumor_id"))
        if twice:
            second = step(
                "the same again", lambda: write(f"two.{suffix}"), lambda w: f"{w.sha256 == first.sha256}"
            )
            assert second.sha256 == first.sha256
    print(f"\npeak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def life(path: Path, profile: str, key: str | None, folder: Path, *, with_edits: bool) -> None:
    """Run the operations of a submission's life on a copy of the database and print the table."""
    copy = folder / "life"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        if file.is_file():
            shutil.copy2(file, copy / file.name)
    print("| operation | CPU-s | wall s | answer |\n|---|---|---|---|", flush=True)

    def step(what: str, operation: str, *shown: str, **given: Any) -> dict[str, Any]:
        cpu, wall = time.process_time(), time.perf_counter()
        found: dict[str, Any] = session.run(operation, **given)
        took = time.process_time() - cpu, time.perf_counter() - wall
        told = ", ".join(f"{found[name]} {name}" for name in shown)
        print(f"| {what} | {took[0]:.1f} | {took[1]:.1f} | {told} |", flush=True)
        return found

    with Session.open(copy / path.name, key=key) as session:
        session.run("settings.change", home_state="NY")
        asked = {"profile": _own_profile(session, profile, with_edits=with_edits)}
        made = step(
            "first preparation", "submission.prepare", "records", "held", as_of=AS_OF.isoformat(), **asked
        )
        number = {"submission_id": made["submission_id"]}
        step("seal", "submission.seal", "state", out=str(copy / "out"), **number)
        step("send", "submission.send", "state", **number)
        step("accepted by the receiver", "submission.acknowledge", "accepted", answer="accepted", **number)
        _change_a_few(session)
        later = (AS_OF + dt.timedelta(days=30)).isoformat()
        for what in ("preview of the changes", "the same again"):
            step(what, "submission.preview", "going", "same", "held", as_of=later, **asked)
        step("preparation of the changes", "submission.prepare", "records", "held", as_of=later, **asked)
    print(f"\npeak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    shutil.rmtree(copy)


def _own_profile(session: Session, profile: str, *, with_edits: bool) -> str:
    """A profile as the given one that sends changes."""
    from registry import submissions

    definition = json.loads(submissions.profiles()[profile].definition)
    definition |= {"id": "BENCHMARK", "version": 1, "delta": True}
    if not with_edits:
        definition.pop("edit_set", None)
    row = {"profile": "BENCHMARK", "profile_version": 1, "definition": json.dumps(definition)}
    with session._store.unit_of_work("benchmark", "own profile") as work:
        work.insert("submission_profile", pl.DataFrame([row]))
    return "BENCHMARK"


def _change_a_few(session: Session) -> None:
    """Change one tumor and one abstract in a thousand, all over the tables."""
    with session._store.unit_of_work("benchmark", "change a few") as work:
        for table in ("tumor", "abstract"):
            work.execute(
                f"""UPDATE {table} SET laterality = CASE laterality WHEN '1' THEN '2' ELSE '1' END
                    WHERE {table}_id % 1000 = 7"""
            )
        work.log("benchmark", None, "change a few")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tumors", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--profile", default="NPCR_CSS")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--life", action="store_true", help="the operations, not their steps")
    parser.add_argument("--edits", action="store_true", help="with --life: ask the profile's edits too")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        folder.mkdir(exist_ok=True)
        key = None if given.plain else KEY
        path = folder / f"{given.tumors}-{'plain' if given.plain else 'encrypted'}.duckdb"
        if given.measure and given.life:
            life(path, given.profile, key, folder, with_edits=given.edits)
            return
        if given.measure:
            measure(path, given.profile, key, folder, given.twice)
            return
        if not path.exists():
            make(path, given.tumors, given.patients, key)
        again = [
            sys.executable,
            "-m",
            "benchmarks.submission",
            *sys.argv[1:],
            "--measure",
            "--folder",
            str(folder),
        ]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
