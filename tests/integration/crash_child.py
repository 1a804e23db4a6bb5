"""Child of test_crash: ingests and edits through units of work, says what was committed, and waits to be killed.

Usage: python -m tests.integration.crash_child DATABASE SEED   (key in REGISTRY_KEY)

Each line on stdout acknowledges one committed unit of work: `I <first id> <rows> <mark>` for an ingested batch,
`U <patient id> <version> <value>` for an edit, `D <mark>` for a bulk change, `K <sha256>` for a kept file.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys

import polars as pl

from registry.store import Options, Store


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def ingest(store: Store, rng: random.Random) -> None:
    rows = rng.choice([1, 5, 60, 2000])
    ids = store.new_ids("patient", rows)
    mark = f"{rng.getrandbits(64):016x}"
    frame = pl.DataFrame({"patient_id": ids, "nameAlias": [mark] * rows, "race1": ["0"] * rows})
    if rng.random() < 0.15:
        frame = frame.with_columns(pl.lit("1").alias(f"userItem{rng.randrange(10_000)}"))
    with store.unit_of_work("crash", "ingest") as uow:
        uow.insert("patient", frame)
        uow.insert(
            "tumor", pl.DataFrame({"tumor_id": ids, "patient_id": ids, "laterality": [mark[0]] * rows})
        )
    say("I", ids[0], rows, mark)


def edit(store: Store, rng: random.Random) -> None:
    found = store.query("SELECT patient_id, version FROM patient USING SAMPLE 1 ROWS")
    if not found.height:
        return
    patient_id, version = found.row(0)
    value = f"{rng.getrandbits(64):016x}"
    with store.unit_of_work("crash", "edit", idempotency_key=value) as uow:
        new = uow.update("patient", patient_id, {"nameMiddle": value}, expected_version=version)
    say("U", patient_id, new, value)


def keep(store: Store, rng: random.Random) -> None:
    data = rng.randbytes(rng.choice([10, 3_000_000]))
    sha256 = hashlib.sha256(data).hexdigest()
    store.keep_file("received", "naaccr-xml", data, sha256, actor="crash")
    say("K", sha256)


def main(path: str, seed: int) -> None:
    rng = random.Random(seed)
    store = Store.open(path, key=os.environ["REGISTRY_KEY"], options=Options(memory_limit="200MB", threads=1))
    say("R")
    while True:
        work = rng.choices([ingest, edit, keep], [3, 8, 1])[0]
        work(store, rng)
        if rng.random() < 0.05:
            store.checkpoint()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
