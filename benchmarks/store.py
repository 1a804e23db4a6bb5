"""How fast the store saves, loads and verifies, encrypted and plain.

    python benchmarks/store.py [--rows 300000] [--saves 300] [--wide 780]

Prints one line a measure and the ratio of encrypted to plain. Single saves are measured on an abstract of `wide`
columns; they wait for the disk (each commit is on disk before it is acknowledged).
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import polars as pl

from registry.store import Options, Store

KEY = "a long and random key 0123456789"
BATCH = 60_000


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def measure(folder: Path, key: str | None, rows: int, saves: int, wide: int) -> dict[str, float]:
    """Seconds and rates of one database."""
    store = Store.create(
        folder / ("encrypted.duckdb" if key else "plain.duckdb"), key=key, options=Options("2GB")
    )
    items = [f"item{n:03}" for n in range(wide)]
    store.ensure_columns("abstract", items)
    patients = pl.DataFrame({"patient_id": range(1, rows + 1)}).with_columns(
        nameLast="NAME" + pl.col("patient_id").cast(pl.String),
        dateOfBirth=(19_300_101 + pl.col("patient_id") % 500_000).cast(pl.String),
        **{f"item{n:03}": (pl.col("patient_id") * n % 97).cast(pl.String) for n in range(30)},
    )

    def load() -> None:
        for part in patients.iter_slices(BATCH):
            with store.unit_of_work("bench", "load") as uow:
                uow.insert("patient", part)

    store.ensure_columns("patient", patients.columns[1:])
    loaded = timed(load)
    abstracts = pl.DataFrame({"abstract_id": range(1, 2001)}).with_columns(
        pl.lit("1").alias(name) for name in items
    )
    with store.unit_of_work("bench", "load") as uow:
        uow.insert("abstract", abstracts)

    def save(n: int) -> None:
        with store.unit_of_work("bench", "save") as uow:
            changes = {items[5]: str(n), items[700 % wide]: str(n)}
            uow.update("abstract", n % 2000 + 1, changes, expected_version=n // 2000 + 1)

    single = [timed(lambda n=n: save(n)) for n in range(saves)]  # type: ignore[misc]
    drafts = [timed(lambda: store.save_draft("a", "abstract", 1, {"x": "1" * 500})) for _ in range(saves)]
    with store.unit_of_work("bench", "log") as uow:
        for n in range(100_000):
            uow.log("tumor", n, "review", {"grade": "1"}, {"grade": "2"})
    audited = store.query("SELECT count(*) FROM audit_event").item()
    verified = timed(lambda: store.verify_audit(references=False))
    grouped = timed(
        lambda: store.query('SELECT "dateOfBirth", count(*) FROM patient GROUP BY ALL ORDER BY 1')
    )
    copied = timed(lambda: store.backup(folder / f"backup-{bool(key)}.duckdb"))
    store.close()
    return {
        "single save, ms (median)": median(single) * 1000,
        "draft, ms (median)": median(drafts) * 1000,
        "bulk insert, rows/s": rows / loaded,
        "audit rows verified/s": audited / verified,
        "group by over all rows, ms": grouped * 1000,
        "backup with verification, s": copied,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--saves", type=int, default=300)
    parser.add_argument("--wide", type=int, default=780)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        plain = measure(Path(folder), None, given.rows, given.saves, given.wide)
        encrypted = measure(Path(folder), KEY, given.rows, given.saves, given.wide)
    print(f"{'measure':32}{'encrypted':>12}{'plain':>12}{'ratio':>8}")
    for name, value in encrypted.items():
        print(f"{name:32}{value:12,.2f}{plain[name]:12,.2f}{value / plain[name]:8.2f}")


if __name__ == "__main__":
    main()
