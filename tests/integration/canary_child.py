"""Child of test_canary: fills a database with canaries, spills in DuckDB and Polars, and waits to be killed.

Usage: python -m tests.integration.canary_child DATABASE encrypted|plain|naked

`encrypted` and `plain` go through the store; `naked` is DuckDB and Polars with their defaults (the control). Says
`WORK` on stdout when the data is in and the heavy queries begin.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from pathlib import Path

import registry  # noqa: F401 (sets POLARS_OOC_DISK_BUDGET_MB before Polars is imported)

# isort: split
import duckdb
import polars as pl

from registry.store import Options, Store

NAME = "ZQXCANARY"
SSN = "98761"
ROWS = 150_000
# far more than the memory limit in each: a sorted copy, a join, an aggregate
HEAVY = (
    """CREATE OR REPLACE TEMP TABLE big AS
    SELECT p.patient_id + r * 1000000 AS id, "nameLast" || '|' || "socialSecurityNumber" || '|' || r AS who,
           "nameFirst" || hash(p.patient_id * 31 + r)::VARCHAR AS first
    FROM patient p, range(10) t(r) ORDER BY hash(p.patient_id * 7 + r), who""",
    "CREATE OR REPLACE TEMP TABLE joined AS SELECT a.who, b.first FROM big a JOIN big b USING (id)",
    "CREATE OR REPLACE TEMP TABLE groups AS SELECT who, max(first) AS last FROM joined GROUP BY who ORDER BY last",
)


def people(first: int, rows: int) -> pl.DataFrame:
    ids = pl.Series("patient_id", range(first, first + rows))
    number = ids.cast(pl.String).str.zfill(7)
    return pl.DataFrame(
        {
            "patient_id": ids,
            "nameLast": NAME + number,
            "nameFirst": NAME + "FIRST" + number.str.reverse(),
            "socialSecurityNumber": SSN + number.str.slice(3),
        }
    )


def stream(frame: pl.DataFrame) -> None:
    """Heavy work in Polars' streaming engine, again and again."""
    wide = pl.concat([frame.with_columns(pl.col("nameFirst") + f"-{n}") for n in range(6)])
    while True:
        # without room on disk Polars gives up (and says so) where it would have spilled
        with contextlib.suppress(pl.exceptions.ComputeError):
            wide.lazy().sort("nameFirst").join(wide.lazy(), on="nameFirst").sort(
                "nameLast", "nameFirst"
            ).collect(engine="streaming")


def through_the_store(path: Path, key: str | None) -> None:
    store = Store.create(path, key=key, options=Options(memory_limit="150MB", threads=2))
    log = logging.getLogger("registry")
    for first in range(1, ROWS, 50_000):
        with store.unit_of_work("canary", "ingest") as uow:
            uow.insert("patient", people(first, 50_000))
    data = people(1, 2000).write_csv().encode()
    store.keep_file("canaries.csv", "csv", data, actor="canary")
    backup = path.with_name("backup.duckdb")
    store.backup(backup, plain=key is None)
    for n in range(1, 50):  # stays in the log file until the next checkpoint
        with store.unit_of_work("canary", "edit") as uow:
            uow.update("patient", n, {"nameMiddle": f"{NAME}MIDDLE{n}"}, expected_version=1)
        store.save_draft("canary", "patient", n, {"nameLast": f"{NAME}DRAFT"})
    for wrong in ("SELECT * FROM patient WHERE nameLast = 1", f"SELECT '{NAME}'::DATE", "SELECT x"):
        try:
            store.query(wrong)
        except Exception as error:
            log.warning("%s", type(error).__name__)
    try:
        with store.unit_of_work("canary", "again") as uow:
            uow.insert("patient", people(1, 10))
    except Exception as error:
        log.warning("%s", error)
    work(store.cursor(), store.query("SELECT * FROM patient"))


def naked(path: Path) -> None:
    con = duckdb.connect(str(path), config={"memory_limit": "150MB", "temp_directory": str(path) + ".tmp"})
    frame = people(1, ROWS)
    con.register("frame", frame)
    con.execute("CREATE TABLE patient AS SELECT * FROM frame")
    work(con, frame)


def work(cursor: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    os.write(1, b"WORK\n")
    columns = ["patient_id", "nameLast", "nameFirst", "socialSecurityNumber"]
    threading.Thread(target=stream, args=(frame.select(columns),), daemon=True).start()
    while True:
        for step in HEAVY:
            with contextlib.suppress(duckdb.OutOfMemoryException):
                cursor.execute(step)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    database, mode = Path(sys.argv[1]), sys.argv[2]
    if mode == "naked":
        naked(database)
    else:
        through_the_store(database, os.environ["REGISTRY_KEY"] if mode == "encrypted" else None)
