"""Edits and derivations: tumors per CPU-second, and milliseconds for one record.

Run: `python -m benchmarks.edits [--rows 200000]`. The records are made up here, mostly clean, about
one in fifty with a fault, the tumors of a patient side by side.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from registry import coding, edits

AS_OF = dt.date(2026, 11, 1)
SITES = ["C509", "C504", "C619", "C341", "C187", "C209", "C443", "C649", "C779", "C421", "C710", "C569"]
HISTOLOGIES = ["8500", "8520", "8140", "8070", "8480", "8140", "8720", "8312", "9680", "9861", "9440", "8441"]


def records(rows: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors of a made-up registry."""
    rng = np.random.default_rng(seed)
    people = int(rows * 0.87)
    owner = np.sort(np.concatenate([np.arange(people), rng.integers(0, people, rows - people)]))

    def pick(values: list[str], n: int, p: list[float] | None = None) -> np.ndarray:
        return rng.choice(np.array(values), size=n, p=p)

    def date(low: str, high: str, n: int) -> pl.Series:
        first, last = (np.datetime64(day).astype("datetime64[D]").astype(int) for day in (low, high))
        days = rng.integers(first, last, n).astype("datetime64[D]")
        text = pl.Series(days).dt.strftime("%Y%m%d")
        keep = rng.random(n)
        return pl.DataFrame({"t": text, "k": keep}).select(
            pl.when(pl.col("k") < 0.02).then(pl.col("t").str.slice(0, 6)).otherwise(pl.col("t"))
        )["t"]

    dead = rng.random(people) < 0.4
    patients = pl.DataFrame(
        {
            "patient_id": np.arange(people),
            "patientIdNumber": [f"{n:08d}" for n in range(1, people + 1)],
            "nameLast": pick(["SMITH", "O'NEIL", "GARCIA", "LEE"], people),
            "dateOfBirth": date("1920-01-01", "1990-01-01", people),
            "sexAssignedAtBirth": pick(["1", "2", "9"], people, [0.49, 0.49, 0.02]),
            "race1": pick(["01", "02", "96", "99"], people, [0.8, 0.12, 0.05, 0.03]),
            "race2": ["88"] * people,
            "spanishHispanicOrigin": pick(["0", "1", "6", "9"], people, [0.85, 0.05, 0.05, 0.05]),
            "vitalStatus": np.where(dead, "0", "1"),
            "causeOfDeath": np.where(dead, "C509", "0000"),
            "icdRevisionNumber": np.where(dead, "1", "0"),
            "dateOfLastContact": date("2022-01-01", "2026-10-31", people),
        }
    )
    kind = rng.integers(0, len(SITES), rows)
    diagnosed = date("2018-01-01", "2021-12-31", rows)
    tumors = pl.DataFrame(
        {
            "tumor_id": np.arange(rows),
            "patient_id": owner,
            "primarySite": np.array(SITES)[kind],
            "histologicTypeIcdO3": np.array(HISTOLOGIES)[kind],
            "behaviorCodeIcdO3": pick(["3", "2", "7"], rows, [0.94, 0.05, 0.01]),
            "dateOfDiagnosis": diagnosed,
            "laterality": pick(["0", "1", "2", "9"], rows),
            "ageAtDiagnosis": pick([f"{n:03d}" for n in range(20, 95)], rows),
            "diagnosticConfirmation": pick(["1", "2", "7", "9"], rows, [0.9, 0.05, 0.04, 0.01]),
            "classOfCase": pick(["14", "22", "00", "32"], rows),
            "typeOfReportingSource": pick(["1", "8", "7"], rows, [0.8, 0.19, 0.01]),
            "sequenceNumberCentral": pick(["00", "01", "02"], rows, [0.87, 0.07, 0.06]),
            "summaryStage2018": pick(["1", "2", "3", "7", "9"], rows),
            "regionalNodesPositive": pick(["00", "02", "98", "99"], rows),
            "regionalNodesExamined": pick(["05", "12", "00", "99"], rows),
            "gradeClinical": ["9"] * rows,
            "gradePathological": pick(["1", "2", "3", "9"], rows),
            "rxSummSurgPrimSite": pick(["00", "30", "40", "99"], rows),
            "reasonForNoSurgery": pick(["0", "1", "9"], rows),
            "rxDateSurgery": diagnosed,
            "rxSummChemo": pick(["00", "02", "03", "99"], rows),
            "rxSummHormone": ["00"] * rows,
            "rxSummBrm": ["00"] * rows,
            "phase1RadiationTreatmentModality": pick(["00", "02", "99"], rows),
            "reasonForNoRadiation": pick(["0", "1", "9"], rows),
            "addrAtDxState": ["IA"] * rows,
            "countyAtDx": pick(["153", "113", "999"], rows),
        }
    )
    return patients, tumors


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of a call."""
    start, clock = os.times(), time.perf_counter()
    work()
    end = os.times()
    return end.user - start.user + end.system - start.system, time.perf_counter() - clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    patients, tumors = records(rows)
    edits.run(patients.head(10), tumors.head(10), "all", as_of=AS_OF)
    found = {}

    def run() -> None:
        found["failures"] = edits.run(patients, tumors, "all", as_of=AS_OF)

    seconds, wall = cpu(run)
    number = edits.listing("all").height
    print(
        f"{number} edits, {rows:,} tumors, {found['failures'].height:,} failures: {seconds:.2f} CPU-s, "
        f"{wall:.2f} s, {rows / seconds:,.0f} tumors per CPU-second"
    )

    record = tumors.join(patients, on="patient_id").row(0, named=True)
    record = {item: None if value is None else str(value) for item, value in record.items()}
    edits.check_record(record, "all", as_of=AS_OF)
    start = time.perf_counter()
    for _ in range(50):
        edits.check_record(record, "all", as_of=AS_OF)
    print(f"one record, all edits: {(time.perf_counter() - start) / 50 * 1000:.1f} ms")

    wide = tumors.join(patients, on="patient_id")
    for one in coding.derivations().get_column("id"):
        coding.derive(wide.head(10), [one], as_of=AS_OF)
        seconds, _ = cpu(lambda one=one: coding.derive(wide, [one], as_of=AS_OF))
        print(f"{one}: {seconds * 1e6 / rows:.2f} CPU-s per million tumors")


if __name__ == "__main__":
    main()
