"""CPU seconds of eligibility, list and rates on a million patients.

python -m benchmarks.followup [PATIENTS]
"""

from __future__ import annotations

import datetime as dt
import sys
import time

import numpy as np
import polars as pl

from registry.followup import FollowUpConfiguration, annual_follow_up, eligibility, follow_up_list, rates

AS_OF = dt.date(2026, 10, 31)


def naaccr_days(random: np.random.Generator, size: int, first: int, last: int) -> pl.Series:
    return pl.Series(random.integers(first, last, size)).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")


def cohort(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and 1.09 tumors each, with the follow-up sample's proportions."""
    random = np.random.default_rng(1)
    keys = pl.Series("patientIdNumber", np.arange(size)).cast(pl.String).str.zfill(8)
    patients = pl.DataFrame({
        "patientIdNumber": keys,
        "vitalStatus": random.choice(["0", "1"], size, p=[0.4, 0.6]),
        "dateOfLastContact": naaccr_days(random, size, 18500, 20750),
        "dateOfBirth": naaccr_days(random, size, -16000, 5000),
        "addrCurrentCountry": random.choice(["USA", "CAN"], size, p=[0.98, 0.02]),
        "noPatientContactFlag": random.choice(["0", "1"], size, p=[0.98, 0.02]),
        "physicianFollowUp": random.choice(["00000043", None], size, p=[0.9, 0.1]),
    })  # fmt: skip
    rows = size * 109 // 100
    diagnosed = naaccr_days(random, rows, 12700, 20740)
    tumors = pl.DataFrame({
        "patientIdNumber": pl.concat([keys, keys.gather(random.integers(0, size, rows - size))]),
        "tumorRecordNumber": pl.Series(["01", "02"]).gather((np.arange(rows) >= size).astype(int)),
        "classOfCase": random.choice(["14", "12", "22", "00", "32"], rows),
        "primarySite": random.choice(["C509", "C341", "C619", "C539", "C446"], rows),
        "histologicTypeIcdO3": random.choice(["8140", "8500", "8070"], rows),
        "behaviorCodeIcdO3": random.choice(["3", "2", "0"], rows, p=[0.9, 0.07, 0.03]),
        "summaryStage2018": random.choice(["0", "1", "3", "7"], rows),
        "dateOfDiagnosis": diagnosed,
        "dateOf1stContact": diagnosed,
    })  # fmt: skip
    return patients, tumors


def main(size: int) -> None:
    frames = cohort(size)
    settings = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1))
    for function in (eligibility, follow_up_list, rates, annual_follow_up):
        cpu, wall = time.process_time(), time.perf_counter()
        result = function(*frames, AS_OF, configuration=settings)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        rows = result.height if isinstance(result, pl.DataFrame) else result.listed.height
        print(f"{function.__name__:17} {cpu:6.2f} CPU-s {wall:6.2f} s  {rows:>9,} rows")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
