"""The small frames that the nightly suites judge: a registry of any size in a few thousand counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from registry.errors import BadInput
from registry.quality import figures
from registry.quality.completeness import completeness
from registry.quality.drift import distributions, drift
from registry.quality.indicators.definition import all_indicators
from registry.quality.indicators.run import Given, indicators
from registry.quality.thresholds import thresholds

SMALLEST = 5
"""Groups of facility and year with fewer records are not shown: a count of one would be somebody."""

NAMES = (
    "completeness",
    "indicators",
    "thresholds",
    "drift",
    "validity",
    "uniqueness",
    "loads",
    "edits",
    "gate",
    "timeliness",
    "about",
)


def suite_frames(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    failures: pl.DataFrame | None = None,
    loads: pl.DataFrame | None = None,
    given: Given | None = None,
    smallest: int = SMALLEST,
) -> dict[str, pl.DataFrame]:
    """Everything that the suites judge, as aggregates.

    Args:
        patients: Patient-level items, None when the tumors carry them.
        tumors: one row a record, blank = null.
        as_of: the day of judgement.
        failures: open and overridden failures of the edits: `edit, severity, state`, a record key, and where known `source` (own,
            official) and `facility_id`; None when the edits were not run.
        loads: one row a load: `load` (its id), `received, loaded, quarantined`.
        given: figures from outside for the indicators.
        smallest: facility × year groups of fewer records are left out.

    Returns:
        `NAMES` → frame, each sorted; columns in the functions that make them.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2024"] * 9, "primarySite": ["C509"] * 9})
    >>> sorted(suite_frames(None, tumors, dt.date(2026, 11, 1))) == sorted(NAMES)
    True
    """
    counts = pl.col("records", "filled", "unknown").cast(pl.Int64)
    filled = completeness(patients, tumors).rename({"facility": "facility_id"}).with_columns(counts)
    found = indicators(patients, tumors, as_of, failures, by=("facility", "year"), given=given)
    alone = (pl.col("facility") == "all") & pl.col("year").is_null()
    return {
        "completeness": filled.filter(pl.col("records") >= smallest),
        "indicators": found.filter(alone | (pl.col("denominator") >= smallest)),
        "thresholds": thresholds(as_of).with_columns(
            name=pl.col("indicator").replace_strict({one.id: one.name for one in all_indicators().values()})
        ),
        "drift": drift(distributions(patients, tumors), as_of),
        "validity": figures.validity(patients, tumors),
        "uniqueness": figures.uniqueness(patients, tumors),
        "loads": figures.reconciliation(loads),
        "edits": figures.edit_summary(failures),
        "gate": figures.gate(tumors, failures, smallest),
        "timeliness": figures.timeliness(tumors, smallest),
        "about": figures.about(patients, tumors, as_of, failures),
    }


def write_suite_frames(frames: dict[str, pl.DataFrame], folder: str | Path) -> dict[str, int]:
    """One Parquet file a frame; returns rows by name.

    Raises:
        BadInput: the folder cannot be written.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            frame.write_parquet(place / f"{name}.parquet")
    except OSError as error:
        raise BadInput(place.name, f"cannot be written ({error.strerror})", "choose another folder") from None
    return {name: frame.height for name, frame in frames.items()}
