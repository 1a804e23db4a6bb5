"""CPU seconds of the follow-up list and rates of a million patients, from a DuckDB file, plain and encrypted.

python -m benchmarks.followup [PATIENTS] [--folder FOLDER]

Makes the database files (in FOLDER, else in a temporary one), then asks in a new process: `followup.list` and
`followup.rates` one after the other, and `followup.annual`, which gives both in one pass; every result twice, compared
byte by byte. The patients have the follow-up sample's proportions (40 % dead, 12 % to contact, 61 % eligible tumors).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl

from registry.service import Session

AS_OF = dt.date(2026, 10, 31)
KEY = "a long and random key 0123456789"
BATCH = 100_000
CLASSES = {
    "14": 126, "12": 73, "22": 47, "32": 35, "21": 31, "30": 26, "10": 25, "00": 22, "36": 11, "20": 10, "49": 8,
    "34": 6, "99": 6, "38": 5,
}  # fmt: skip
SITES = {
    "C509": 105,
    "C341": 80,
    "C619": 72,
    "C187": 50,
    "C679": 31,
    "C445": 43,
    "C649": 18,
    "C539": 15,
    "C700": 21,
}
SILENCE = {(0, 335): 0.634, (335, 365): 0.091, (365, 456): 0.115, (456, 6000): 0.16}
"""Days since the last contact of the living → share."""

Random = np.random.Generator


def chosen(random: Random, shares: dict[str, int], size: int) -> np.ndarray:
    weights = np.array(list(shares.values()), dtype=float)
    return random.choice(list(shares), size, p=weights / weights.sum())


def naaccr_days(days: np.ndarray) -> pl.Series:
    """Days since 1970 as text; one in twenty without a day."""
    text = pl.Series(days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")
    return pl.select(
        pl.when(pl.Series(np.arange(len(days)) % 20 == 7)).then(text.str.slice(0, 6)).otherwise(text)
    ).to_series()


def last_contacts(random: Random, size: int) -> np.ndarray:
    """Days since 1970."""
    spans = np.array(list(SILENCE))
    which = random.choice(len(spans), size, p=list(SILENCE.values()))
    since = random.integers(spans[which, 0], spans[which, 1])
    return np.asarray((AS_OF - dt.date(1970, 1, 1)).days - since)


def cohort(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and 1.09 tumors each, as the tables keep them."""
    random = np.random.default_rng(1)
    ids = np.arange(1, size + 1)
    patients = pl.DataFrame({
        "patient_id": ids,
        "nameLast": "NAME" + pl.Series(ids % 100_000).cast(pl.String),
        "nameFirst": random.choice(["ANA", "BEN", "CARL", "DINA"], size),
        "sexAssignedAtBirth": random.choice(["1", "2"], size),
        "dateOfBirth": naaccr_days(random.integers(-16_000, 5_000, size)),
        "vitalStatus": random.choice(["0", "1"], size, p=[0.41, 0.59]),
        "dateOfLastContact": naaccr_days(last_contacts(random, size)),
        "addrCurrentNoStreet": pl.Series(ids % 9_999).cast(pl.String) + " MAIN STREET",
        "addrCurrentCity": "SPRINGFIELD", "addrCurrentState": "ZZ", "addrCurrentPostalCode": "99999",
        "addrCurrentCountry": random.choice(["USA", "CAN"], size, p=[0.975, 0.025]),
        "telephone": (5_550_000_000 + pl.Series(ids)).cast(pl.String),
        "noPatientContactFlag": random.choice(["0", "1"], size, p=[0.975, 0.025]),
    })  # fmt: skip
    rows = size * 109 // 100
    diagnosed = random.integers(12_700, 20_740, rows)
    tumors = pl.DataFrame({
        "tumor_id": np.arange(1, rows + 1),
        "patient_id": np.sort(np.concatenate([ids, random.integers(1, size + 1, rows - size)])),
        "classOfCase": chosen(random, CLASSES, rows),
        "primarySite": chosen(random, SITES, rows),
        "histologicTypeIcdO3": random.choice(["8140", "8500", "8070", "8120"], rows),
        "behaviorCodeIcdO3": random.choice(["3", "2", "0"], rows, p=[0.9, 0.07, 0.03]),
        "summaryStage2018": random.choice(["0", "1", "3", "7", "9"], rows, p=[0.07, 0.46, 0.15, 0.2, 0.12]),
        "dateOfDiagnosis": naaccr_days(diagnosed),
        "dateOf1stContact": naaccr_days(diagnosed + 10),
        "cancerStatus": random.choice(["1", "2", "9"], rows),
        "physicianFollowUp": random.choice(["00000043", "00000044", ""], rows, p=[0.5, 0.4, 0.1]),
        "npiPhysicianManaging": "1234567893",
        "reportingFacility": "0000000101",
    })  # fmt: skip
    return patients, tumors


def make(path: Path, key: str | None, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """A database file with these patients and tumors."""
    with Session.create(path, key=key, reference_date="2007-01-01") as session:
        store = session._store
        for table, frame in zip(("patient", "tumor"), frames, strict=True):
            items = [name for name in frame.columns if not name.endswith("_id")]
            store.ensure_columns(table, items)
            blank = frame.with_columns(pl.col(items).replace("", None))
            for part in blank.iter_slices(BATCH):
                with store.unit_of_work("benchmark", "load") as work:
                    work.insert(table, part)


def digest(answer: object) -> str:
    """SHA-256 of a result's bytes."""
    parts = answer.values() if isinstance(answer, dict) else [answer]
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, pl.DataFrame):
            buffer = io.BytesIO()
            part.write_csv(buffer)
            whole.update(buffer.getvalue())
        else:
            whole.update(repr(part).encode())
    return whole.hexdigest()[:12]


def measure(path: Path, key: str | None) -> None:
    """Ask everything twice."""
    total = 0.0
    with Session.open(path, key=key, read_only=True) as session:
        for name in ("followup.list", "followup.rates", "followup.annual"):
            seen = []
            for attempt in (1, 2):
                cpu, wall = time.process_time(), time.perf_counter()
                answer = session.run(name, as_of=AS_OF)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                total += cpu if attempt == 1 and name != "followup.annual" else 0
                seen.append(digest(answer))
                rows = answer.height if isinstance(answer, pl.DataFrame) else answer["list"].height
                print(f"  {name:16} {cpu:5.2f} CPU-s {wall:5.2f} s  {rows:>9,} rows  {seen[-1]}")
            if len(set(seen)) != 1:
                sys.exit(f"{name}: the second answer differs")
    print(f"  list + rates     {total:5.2f} CPU-s, the first of each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patients", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.measure:
        measure(given.measure, given.key)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        frames = cohort(given.patients)
        for name, key in (("plain", None), ("encrypted", KEY)):
            path = folder / f"follow-up-{name}-{given.patients}.duckdb"
            if not path.exists():
                make(path, key, frames)
            print(f"{name}: {given.patients:,} patients, {path.stat().st_size >> 20} MB", flush=True)
            child = [sys.executable, "-m", "benchmarks.followup", "--measure", str(path)]
            subprocess.run([*child, *(["--key", key] if key else [])], check=True)


if __name__ == "__main__":
    main()
