"""Time of follow-up letters: plan, print and keep them, from a database with so many made-up people who are due.

python benchmarks/letters.py [patients] [--physicians N]     (default 2000 and 200)
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from registry.service import Session

AS_OF = "2026-11-01"
FACILITY = "0009990010"


def people(count: int, physicians: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Patients, tumors and abstracts: every patient last heard of in July 2025, with an address and a physician."""
    number = pl.int_range(1, count + 1, eager=True).alias("patient_id")
    code = pl.format("{}", 10_000_001 + pl.col("patient_id") % physicians)
    patients = pl.DataFrame(number).with_columns(
        nameLast=pl.format("FAMILY{}", pl.col("patient_id") % 977), nameFirst=pl.format("GIVEN{}", pl.col("patient_id") % 89),
        dateOfBirth=pl.lit("19500214"), vitalStatus=pl.lit("1"), dateOfLastContact=pl.lit("20250715"),
        addrCurrentNoStreet=pl.format("{} ELM STREET", pl.col("patient_id")), addrCurrentCity=pl.lit("ALBANY"),
        addrCurrentState=pl.lit("NY"), addrCurrentPostalCode=pl.lit("122071410"),
    )  # fmt: skip
    tumors = patients.select(
        "patient_id", tumor_id="patient_id", primarySite=pl.lit("C504"), histologicTypeIcdO3=pl.lit("8500"),
        behaviorCodeIcdO3=pl.lit("3"), dateOfDiagnosis=pl.lit("20230115"), classOfCase=pl.lit("14"),
        dateOf1stContact=pl.lit("20230110"), summaryStage2018=pl.lit("1"), physicianFollowUp=code,
    )  # fmt: skip
    abstracts = tumors.join(patients, on="patient_id").with_columns(
        abstract_id="tumor_id", facility_id=pl.lit(FACILITY), status=pl.lit("complete")
    )  # fmt: skip
    return patients, tumors, abstracts


def registry_of(folder: Path, count: int, physicians: int) -> Session:
    """A database with these people."""
    session = Session.create(folder / "letters.duckdb")
    table = pl.DataFrame({"physician_id": [str(10_000_001 + n) for n in range(physicians)]}).with_columns(
        name=pl.format("DR {}", "physician_id"), address=pl.lit("100 CLINIC WAY"), city=pl.lit("ALBANY"),
        state=pl.lit("NY"), postal_code=pl.lit("12208"), effective_from=pl.lit(dt.date(1900, 1, 1)), active=pl.lit(value=True),
    )  # fmt: skip
    with session._store.unit_of_work("benchmark", "fill") as work:
        work.insert("physician", table, logged=False)
        for name, frame in zip(("patient", "tumor", "abstract"), people(count, physicians), strict=True):
            work.insert(name, frame, logged=False)
    session.run("settings.change", passive_sources="none")
    session.run("letters.configure", sender="Lakeside Registry", neutral_sender="Lakeside Health Information",
                address_1="400 Harbor Street", city="Albany", state="NY", postal_code="12207")  # fmt: skip
    return session


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print wall and CPU seconds, the press's own process included."""

    def spent() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)

    wall, cpu = time.perf_counter(), spent()
    yield
    print(f"{what:34} {spent() - cpu:7.1f} CPU-s {time.perf_counter() - wall:7.1f} s")


def main() -> None:
    """Plan, patients' letters, physicians' batches, and both again for the same bytes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("patients", nargs="?", type=int, default=2000)
    parser.add_argument("--physicians", type=int, default=200)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        registry_of(Path(folder), chosen.patients, chosen.physicians) as session,
    ):
        with timed(f"plan, {chosen.patients:,} patients"):
            session.run("letters.prepare", as_of=AS_OF)
        for addressee in ("patient", "physician"):
            sums = []
            for turn in ("made", "made again"):
                with timed(f"{addressee} letters, {turn}"):
                    told = session.run("letters.make", as_of=AS_OF, addressee=addressee)
                files = [session.run("letters.file", batch_id=each) for each in told["batch_ids"]]
                sums.append([file["sha256"] for file in files])
                size = sum(len(file["content"]) for file in files)
                pages = sum(file["pages"] for file in files)
                print(
                    f"  {told['letters']:,} letters, {len(files):,} PDFs, {pages:,} pages, {size / 1e6:.1f} MB"
                )
                session.run("letters.cancel", batch_ids=told["batch_ids"], reason="benchmark")
            print(f"  same bytes: {sums[0] == sums[1]}")
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"most memory of the press: {child:,.0f} MB")


if __name__ == "__main__":
    main()
