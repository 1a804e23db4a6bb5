"""Child of test_crash_service: the real thing, `ingest.file` and `records.save`, until it is killed.

Usage: python -m tests.integration.crash_service_child DATABASE FOLDER SEED   (key in REGISTRY_KEY)

Each line acknowledges one finished operation: `L <file name> <tumors>` a load, `S <abstract> <version> <value>` a save.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import registry


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(database: str, folder: str, seed: int) -> None:
    rng = random.Random(seed)
    session = registry.open(database)
    say("R")
    files = sorted(Path(folder).glob("*.xml"))
    loaded = set(session.run("load.list")["file_name"])
    while True:
        waiting = [file for file in files if file.name not in loaded]
        known = session.run("quality.failures", limit=1, state="open").height  # any read between writes
        abstracts = session.run("records.search", text="SYN")
        if waiting and (abstracts.is_empty() or rng.random() < 0.15):
            result = session.run("ingest.file", path=str(waiting[0]))
            loaded.add(waiting[0].name)
            say("L", waiting[0].name, result["tumors"])
            continue
        patient = int(rng.choice(abstracts["patient_id"].to_list()))
        row = session.run("records.patient", patient_id=patient)["abstracts"].row(0, named=True)
        if row["status"] != "reopened":
            session.run("records.status", abstract_id=row["abstract_id"], to="reopened", reason="crash test")
            row["version"] += 1
        value = f"{rng.getrandbits(64):016x}"
        saved = session.run(
            "records.save",
            abstract_id=row["abstract_id"],
            changes={"nameMiddle": value},
            expected_version=row["version"],
        )
        say("S", row["abstract_id"], saved["version"], value)
        assert known >= 0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
