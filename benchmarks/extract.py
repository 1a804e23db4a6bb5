"""CPU seconds of an extract with its last look, and of a geocoding file. Run: python -m benchmarks.extract [patients]"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from registry.abstracting.consolidated import ensure_columns
from registry.service import Session

SEED = 6
KEY = "a key of the benchmark"


def registry_of(folder: Path, size: int) -> Session:
    """A database of made-up patients with one tumor and one abstract each, identifiers filled."""
    rng = np.random.default_rng(SEED)

    def number(low: int, high: int, width: int) -> pl.Series:
        return pl.Series(rng.integers(low, high, size)).cast(pl.String).str.zfill(width)

    def chosen(values: list[str]) -> pl.Series:
        return pl.Series(values).gather(rng.integers(0, len(values), size))

    syllables = [a + b for a in "BDFGKLMNPRST" for b in ("ALVIN", "ERTON", "INGER", "OVICH", "USSEN")]
    ids = pl.int_range(1, size + 1, eager=True)
    people = pl.DataFrame({
        "nameLast": chosen(syllables) + chosen(syllables), "nameFirst": chosen(syllables),
        "socialSecurityNumber": number(100_000_000, 899_999_999, 9), "dateOfBirth": number(1920, 2000, 4) + "0615",
        "telephone": number(2_000_000_000, 9_999_999_999, 10), "sexAssignedAtBirth": chosen(["1", "2"]),
        "race1": chosen(["01", "02", "99"]), "spanishHispanicOrigin": chosen(["0", "1"]), "vitalStatus": chosen(["0", "1"]),
        "dateOfLastContact": number(2019, 2026, 4) + "0301",
    })  # fmt: skip
    tumors = pl.DataFrame({
        "primarySite": chosen(["C509", "C619", "C341", "C180", "C679", "C541"]), "histologicTypeIcdO3": chosen(["8500", "8140"]),
        "behaviorCodeIcdO3": chosen(["2", "3"]), "laterality": chosen(["0", "1", "2"]),
        "dateOfDiagnosis": number(1995, 2019, 4) + "0220", "ageAtDiagnosis": number(20, 99, 3),
        "addrAtDxNoStreet": number(1, 9999, 1) + " " + chosen(syllables) + " ST", "addrAtDxCity": chosen(syllables),
        "addrAtDxState": chosen(["NY", "VT"]), "addrAtDxPostalCode": number(10_000, 14_999, 5), "countyAtDx": chosen(["001", "061"]),
        "medicalRecordNumber": number(1_000_000, 99_999_999, 1), "accessionNumberHosp": number(200_000_000, 202_699_999, 9),
        **{item: number(0, 99, 2) for item in ("classOfCase", "regionalNodesPositive", "regionalNodesExamined", "rxSummChemo",
           "rxSummHormone", "rxSummBrm")}, **{item: chosen(list("0123489")) for item in ("summaryStage2018", "cancerStatus",
           "gradeClinical", "estrogenReceptorSummary", "her2OverallSummary", "rxSummTreatmentStatus")},
        "rxDateSurgery": number(1995, 2019, 4) + "0401",
    })  # fmt: skip
    session = Session.create(folder / "registry.duckdb", key=KEY)
    ensure_columns(session._store, [*people.columns, *tumors.columns])
    with session._store.unit_of_work("benchmark", "load") as work:
        work.only_once()
        work.insert("patient", people.with_columns(patient_id=ids), logged=False)
        work.insert("tumor", tumors.with_columns(tumor_id=ids, patient_id=ids), logged=False)
        both = pl.concat([people, tumors], how="horizontal")
        work.insert("abstract", both.with_columns(abstract_id=ids, tumor_id=ids, patient_id=ids, status=pl.lit("complete")), logged=False)  # fmt: skip
    return session


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print CPU and wall seconds of a block, and the most memory used so far."""
    start, clock = time.process_time(), time.perf_counter()
    yield
    cpu, wall = time.process_time() - start, time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{what:<34} {cpu:8.2f} CPU s {wall:8.2f} s   peak {peak:,} MB", flush=True)


def main() -> None:
    """Make a registry and time each release of it."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with measured(f"make {size:,} patients"):
            session = registry_of(folder, size)
        session.run("extract.add_agreement", agreement_id="B", recipient="r", profile="LIMITED", purpose="p", expires_on="2999-12-31")  # fmt: skip
        with session:
            for what, words in (
                ("DEID, Parquet", {"profile": "DEID"}),
                ("DEID, shifted dates, CSV", {"profile": "DEID", "dates": "shifted", "format": "csv"}),
                ("LIMITED, Parquet", {"profile": "LIMITED", "agreement_id": "B"}),
            ):
                with measured(what):
                    session.run("extract.make", out=str(folder / "extract"), **words)
            with measured("geocode export"):
                session.run("geocode.export", out=str(folder / "addresses.csv"))


if __name__ == "__main__":
    main()
