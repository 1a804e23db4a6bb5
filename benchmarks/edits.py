"""Edits: CPU-seconds for a registry, milliseconds for one record.

Run: `python -m benchmarks.edits [--rows 1000000]`. The people are `registry.synthetic`'s, about one
record in fifty with a planted fault; a few thousand of them are repeated, each time with other names
and numbers, until there are enough. CPU-seconds are of all threads together.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from registry import edits, formats
from registry.synthetic import generate

AS_OF = dt.date(2026, 11, 1)
PEOPLE = 20_000

THIRTY = (
    "site-valid histology-valid behavior-valid laterality-valid dx-date-valid dob-valid sex-valid dxconf-valid "
    "age-valid vital-status-valid site-sex histology-sex laterality-paired-required age-matches-dates "
    "dob-before-dx dx-before-last-contact site-histology-unlikely seq-behavior ss-behavior "
    "nodes-pos-gt-examined surgery-reason surgery-date chemo-date rx-before-dx dead-without-cause "
    "alive-with-cause surgery-era state-county nodes-none-examined dco-multiple-primaries"
).split()
"""Thirty edits of items and between items, the number that others publish speeds for."""


def people(seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors of a small made-up registry, one patient record a person."""
    patients, tumors = [], []
    with tempfile.TemporaryDirectory() as folder:
        generate(PEOPLE, seed, Path(folder) / "registry")
        for number, path in enumerate(sorted((Path(folder) / "registry" / "abstracts").glob("*.xml"))):
            batch = formats.read_naaccr_xml(path)
            apart = pl.col("patient_index") + number * 1_000_000
            patients.append(batch.patients.with_columns(apart))
            tumors.append(batch.tumors.with_columns(apart))
    persons = pl.concat(patients, how="diagonal").unique(
        "socialSecurityNumber", keep="first", maintain_order=True
    )
    theirs = pl.concat(tumors, how="diagonal").join(
        persons.select("patient_index"), on="patient_index", how="semi", maintain_order="left"
    )
    return persons.drop("line", "byte_start", "byte_length"), theirs.drop("line")


def records(rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors of a registry of that size."""
    patients, tumors = people()
    copies = range(-(-rows // tumors.height))
    all_tumors = pl.concat([_tumors_again(tumors, copy) for copy in copies], rechunk=True).head(rows)
    everybody = pl.concat([_patients_again(patients, copy) for copy in copies], rechunk=True)
    return everybody.join(
        all_tumors.select("patient_index").unique(), on="patient_index", how="semi"
    ), all_tumors


def _patients_again(patients: pl.DataFrame, copy: int) -> pl.DataFrame:
    """The same people under other names and numbers; names of the same sex and generation."""
    like = ["sexAssignedAtBirth", "sex", pl.col("dateOfBirth").str.slice(0, 3)]
    return patients.with_columns(
        pl.col("patient_index") + copy * 10**9,
        pl.format("{}{}", pl.lit(f"{copy:03d}"), pl.col("patientIdNumber").str.tail(5)).alias(
            "patientIdNumber"
        ),
        pl.format("{}{}", pl.lit(f"{copy + 101}"), pl.int_range(100_000, 100_000 + pl.len())).alias(
            "socialSecurityNumber"
        ),
        pl.col("nameLast").shuffle(copy),
        pl.col("nameFirst").shuffle(copy + 1000).over(like),
    )


def _tumors_again(tumors: pl.DataFrame, copy: int) -> pl.DataFrame:
    """The same tumors at other facilities."""
    return tumors.with_columns(
        pl.col("patient_index") + copy * 10**9,
        pl.format("{}{}", pl.lit(f"{copy:03d}"), pl.col("reportingFacility").str.tail(7)).alias(
            "reportingFacility"
        ),
    )


def cpu(work: Callable[[], pl.DataFrame]) -> tuple[float, float, pl.DataFrame]:
    """CPU-seconds of all threads, seconds, and the answer."""
    start, clock = time.process_time(), time.perf_counter()
    answer = work()
    return time.process_time() - start, time.perf_counter() - clock, answer


def of_a_registry(rows: int) -> None:
    """All edits, and thirty, with counts alone and with the table of failures."""
    patients, tumors = records(rows)
    every = edits.edit_ids("all")
    for name, ids in ((f"all {len(every)} edits", every), ("30 edits", THIRTY)):
        for what, judge in (("counts", edits.counts), ("failures", edits.run)):
            judge(patients.head(20), tumors.head(20), ids, as_of=AS_OF)
            seconds, wall, found = cpu(lambda: judge(patients, tumors, ids, as_of=AS_OF))  # noqa: B023
            number = found["records"].sum() if what == "counts" else found.height
            print(
                f"{name}, {what}: {tumors.height:,} tumors, {number:,} failures, {seconds:.2f} CPU-s, "
                f"{wall:.2f} s, {tumors.height / seconds:,.0f} tumors per CPU-second"
            )


def of_one_record(number: int = 1000) -> None:
    """One record against all edits: many different ones, and one in which one item at a time changes."""
    patients, tumors = people()
    wide = tumors.head(2 * number).join(patients, on="patient_index", how="left")
    rows = wide.drop("patient_index", "tumor_index").to_dicts()
    edits.check_record(rows[0], "all", as_of=AS_OF)
    start = time.process_time()
    for row in rows[number:]:
        edits.check_record(row, "all", as_of=AS_OF)
    print(f"one record, {number} different ones: {(time.process_time() - start) / number * 1000:.2f} CPU-ms")
    typed, items = dict(rows[0]), [item for item in wide.columns if item in rows[0]]
    start = time.process_time()
    for place in range(number):
        item = items[place % len(items)]
        typed[item] = rows[place][item]
        edits.check_record(typed, "all", as_of=AS_OF)
    print(f"one record, one item typed: {(time.process_time() - start) / number * 1000:.2f} CPU-ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    of_one_record()
    of_a_registry(parser.parse_args().rows)


if __name__ == "__main__":
    main()
