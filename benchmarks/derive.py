"""CPU seconds of the derivations on a million made-up tumors, group by group, and peak memory.

    python benchmarks/derive.py [rows]        # default 1,000,000

Seven of ten patients have one tumor, the others two to four; sites and histologies follow
published joint frequencies (../shared/coding/names); 15 % of dates are partial, 3 % blank. A group is derived three times
in one process with warm tables; the figure is the least (shared machines only ever add), beside it
the first run, which also loads the tables. `--check` derives the same in shuffled order and compares.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

GROUPS = {
    "site, histology, behavior": (
        "site_recode_2003 site_recode_2003_without_km site_recode_2008 site_recode_2023 "
        "site_recode_2023_expanded seerBehaviorRecode iccc_third_edition iccc_who2008 iccc_iarc2017 "
        "ayaSiteRecode2008 ayaSiteRecode2020 seerLymphNeoplasmRecode2021 seerBrainCnsRecode2020 "
        "histologyIcdO2"
    ),
    "IARC multiple primaries": "iarcMp",
    "cause of death": "cause_specific_2008 cause_specific_2008_fixed cause_specific_2023",
    "survival time": "survMosActiveFollowup survMosPresumedAlive vitalStatusRecode recordNumberRecode",
    "NHIA and NAPIIA": "nhia_option0 raceNapiia",
    "places": (
        "countyAtDxAnalysis ihsPurchRefCareDeliveryArea ihsPurchRefCareDeliveryArea2017 "
        "urbanIndianHealthOrganization ruralurbanContinuum1993 ruralurbanContinuum2003 "
        "ruralurbanContinuum2013"
    ),
    "surgery": "surgery_codes",
    "size, days, grade, breast": (
        "tumorSizeOverTime daysToTreatment derivedSummaryGrade2018 breastSubtype race1Recode"
    ),
    "historic stage": "historicStage",
    "ICD to ICD-O": "icd_site",
}
"""What is measured together → outputs."""

NAMES = Path(__file__).resolve().parent.parent.parent / "shared" / "coding" / "names"
RUNS = 3
SEED = 4


def tumors(rows: int) -> pl.DataFrame:
    """Made-up tumors with every item that a derivation reads."""
    random = np.random.default_rng(SEED)
    frame = _codes(rows, random)
    patients = np.repeat(np.arange(rows), random.choice([1, 2, 3, 4], rows, p=[0.7, 0.2, 0.07, 0.03]))[:rows]
    diagnosed = random.integers(0, 365 * 45, rows)
    contact = diagnosed + random.exponential(1500, rows).astype(int)
    frame = frame.with_columns(
        patientIdNumber=pl.Series(patients).cast(pl.String).str.zfill(8),
        dateOfDiagnosis=_dates(diagnosed, random),
        dateOfLastContact=_dates(contact, random),
        dateOfBirth=_dates(diagnosed - random.integers(0, 365 * 95, rows), random),
    )
    number = pl.int_range(pl.len()).over("patientIdNumber") + (pl.len().over("patientIdNumber") > 1)
    sequence = number.cast(pl.String).str.zfill(2)
    return frame.with_columns(sequence.alias("sequenceNumberCentral"), **_others(rows, random))


def _codes(rows: int, random: np.random.Generator) -> pl.DataFrame:
    """Sites, histologies and behaviors as they occur together (joint frequencies in ../shared)."""
    parts = [
        pl.read_csv(NAMES / f"sites_sex_{sex}.csv", has_header=False, infer_schema=False).to_numpy()
        for sex in ("female", "male")
    ]
    table = np.concatenate(parts)[:, :4]
    names = ["share", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"]
    known = pl.DataFrame(table.tolist(), schema=names, orient="row").cast({"share": pl.Float64})
    share = known.get_column("share").to_numpy()
    chosen = random.choice(known.height, rows, p=share / share.sum())
    return known.drop("share")[chosen]


def _dates(days: np.ndarray, random: np.random.Generator) -> pl.Series:
    text = pl.Series((np.datetime64("1980-01-01") + days).astype("datetime64[D]")).dt.strftime("%Y%m%d")
    kind = pl.Series(random.choice(4, len(days), p=[0.82, 0.1, 0.05, 0.03]))
    return (
        pl.select(pl.when(kind == 1).then(text.str.slice(0, 6)).when(kind == 2).then(text.str.slice(0, 4)))
        .to_series()
        .fill_null(text)
        .set(kind == 3, None)
    )


def _pick(random: np.random.Generator, rows: int, values: list[str | None]) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(random.integers(0, len(values), rows)))


def _others(rows: int, random: np.random.Generator) -> dict[str, pl.Series]:
    from registry.coding import reference

    surnames = [
        *reference.table("nhia_surnames.csv.gz").get_column("surname").sample(4000, seed=1),
        *(f"NAME{n}" for n in range(40_000)),
    ]
    counties = [f"{n:03d}" for n in range(1, 140, 2)]
    choices: dict[str, list[str | None]] = {
        "sex": ["1", "2"],
        "vitalStatus": ["0", "1"],
        "typeOfReportingSource": ["1", "1", "1", "6", "7"],
        "causeOfDeath": ["C509", "C349", "I219", "C189", "0000", "C619", "7777"],
        "icdRevisionNumber": ["1"],
        "nameLast": list(surnames),
        "nameBirthSurname": [None, None, None, *surnames[:200]],
        "nameFirst": ["MARIA", "JOHN", "LI", "ANH", "KIM"],
        "race1": ["01", "01", "02", "96", "98", "99"],
        "spanishHispanicOrigin": ["0", "0", "0", "6", "7", "9"],
        "birthplaceCountry": ["USA", "USA", "ZZU", "MEX", "VNM"],
        "addrAtDxState": ["CA", "NM", "NY", "GA", "WA"],
        "countyAtDx": list(counties),
        "icdSystem": ["icd10cm", "icd10", "icd9cm"],
        "icdCode": ["C50.911", "C349", "174.9", "C61", "D05.1", "C83.3"],
        "grade": ["1", "2", "3", "4", "9"],
    }
    for year in ("19708090", "2000", "2010", "2020"):
        choices[f"stateAtDxGeocode{year}"] = ["CA", "NM", "NY", "GA", "WA"]
    for year in ("1990", "2000", "2010", "2020", "19708090"):
        choices[f"countyAtDxGeocode{year}"] = list(counties)
    return {name: _pick(random, rows, values) for name, values in choices.items()}


def main() -> None:
    """Print one line a group."""
    from registry.coding import derive
    from registry.coding.derivation import find

    rows = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 1_000_000
    frame = tumors(rows)
    print(f"{rows:,} tumors, {frame.get_column('patientIdNumber').n_unique():,} patients")
    print(f"{'group':<28}{'columns':>8}{'CPU-s':>8}{'first':>8}{'rows/CPU-s':>13}")
    for name, text in GROUPS.items():
        ids = text.split()
        outputs = [output for one in find(ids) for output in one.outputs]
        seconds = []
        for _ in range(RUNS):
            begun = time.process_time()
            derive(frame, ids)
            seconds.append(time.process_time() - begun)
        best = min(seconds)
        print(f"{name:<28}{len(outputs):>8}{best:>8.2f}{seconds[0]:>8.2f}{rows / best:>13,.0f}")
    if "--check" in sys.argv:
        _check(frame)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _check(frame: pl.DataFrame) -> None:
    from registry.coding import derive
    from registry.coding.derivation import find

    ids = [one for text in GROUPS.values() for one in text.split()]
    outputs = [output for one in find(ids) for output in one.outputs]
    numbered = frame.with_row_index("@row")
    plain = derive(numbered, ids).select("@row", *outputs)
    shuffled = derive(numbered.sample(fraction=1, shuffle=True, seed=1), ids).select("@row", *outputs)
    again = shuffled.sort("@row")
    other = [name for name in outputs if plain.get_column(name).ne_missing(again.get_column(name)).any()]
    print("shuffled rows give the same, but for", ", ".join(other) or "none")


if __name__ == "__main__":
    main()
