"""The follow-up engine from files to files: no database is opened.

Patients and tumors come as .csv, .csv.gz or .parquet with NAACCR ids as column names; what is written has the columns,
their order and the formats of the published follow-up sample.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.frames import read_frame, whole, write_table
from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

KEY, TUMOR = "patientIdNumber", "tumorRecordNumber"
PATIENT_COLUMNS = (
    KEY,
    "vitalStatus",
    "dateOfLastContact",
    "dateOfBirth",
    "addrCurrentCountry",
    "noPatientContactFlag",
)
TUMOR_COLUMNS = (
    KEY, TUMOR, "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis",
    "dateOf1stContact", "classOfCase",
)  # fmt: skip
PHYSICIAN = ("physicianFollowUp", "npiPhysicianFollowUp")
DATES = ("dateOfLastContact", "dateOfBirth", "dateOfDiagnosis", "dateOf1stContact")


def read(patients: str, tumors: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both files as text, dates of a Parquet file as they are.

    Raises:
        BadInput: a column is missing, a date is written with dashes or strokes, a key is blank, a patient stands twice,
            a tumor has no patient.
    """
    frames = []
    for name, source, columns in (("patients", patients, PATIENT_COLUMNS), ("tumors", tumors, TUMOR_COLUMNS)):
        frame = _as_text(read_frame(source))
        if missing := [column for column in columns if column not in frame.columns]:
            raise BadInput(
                f"{name} ({Path(source).name})", f"column {', '.join(missing)} is missing", "add it"
            )
        _dates_as_naaccr(frame, f"{name} ({Path(source).name})")
        frames.append(frame)
    if not any(column in frame.columns for column in PHYSICIAN for frame in frames):
        raise BadInput(f"patients ({Path(patients).name})", f"column {PHYSICIAN[0]} is missing", "add it")
    return frames[0], frames[1]


def _dates_as_naaccr(frame: pl.DataFrame, where: str) -> None:
    """Refuse a column that a spreadsheet rewrote: unread it would count as no contact at all. A few odd dates are unknown ones."""
    import polars as pl

    for name in DATES:
        if name not in frame.columns or frame.schema[name] != pl.String:
            continue
        other = int(frame[name].str.contains(r"^\s*[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}\s*$").sum())
        if 2 * other > frame[name].str.strip_chars().str.len_bytes().gt(0).sum():
            raise BadInput(
                where, f"{other:,} values of {name} are not written as NAACCR dates", "write them as 20261031"
            )


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    words = frame.with_columns(pl.exclude(pl.Date).cast(pl.String))
    if KEY not in words.columns:
        return words
    key = pl.col(KEY).str.strip_chars()
    return words.with_columns(pl.when(key != "").then(key).alias(KEY))


def repeated(tumors: pl.DataFrame) -> int:
    """Rows whose patient and tumor record number stand in an earlier row; each of them counts as a tumor."""
    return tumors.height - tumors.n_unique([KEY, TUMOR])


def run(
    frames: tuple[pl.DataFrame, pl.DataFrame], as_of: dt.date, reference: dt.date | None
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """List, eligibility and summary with the sample's columns."""
    from registry.followup import LIST_COLUMNS, FollowUpConfiguration, annual_follow_up

    settings = FollowUpConfiguration.on(as_of)
    done = annual_follow_up(*frames, as_of, configuration=settings, reference_date=reference, key=KEY)
    return (
        done.listed.select(KEY, *LIST_COLUMNS),
        done.eligibility.select(KEY, TUMOR, "exclusion"),
        done.summary,
    )


def rated(
    frames: tuple[pl.DataFrame, pl.DataFrame], as_of: dt.date, reference: dt.date | None, by: str | None
) -> pl.DataFrame:
    """Rates with the columns of the operation followup.rates."""
    from registry.followup import FollowUpConfiguration, rates, rates_by_age

    asked: dict[str, Any] = {
        "configuration": FollowUpConfiguration.on(as_of), "reference_date": reference, "key": KEY,
    }  # fmt: skip
    if by == "age_band":
        return rates_by_age(*frames, as_of, **asked).rename({"group": "age_band"})
    return rates(*frames, as_of, by=by or (), **asked).rename({"basis": "unit"})


def write(frame: pl.DataFrame, path: str) -> None:
    """Write a table as .csv or .parquet, whole or not at all."""
    write_table(frame, Path(path))


def write_summary(summary: dict[str, Any], path: str) -> None:
    """Write the one-page summary as JSON, byte for byte as the sample's."""
    with whole(Path(path)) as part:
        part.write_text(json.dumps(summary, indent=1), encoding="utf-8")


def day(text: str | None, what: str) -> dt.date | None:
    """A day given as an option.

    Raises:
        BadInput: it is none.
    """
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise BadInput(what, f"{text!r} is not a date", "write it as 2026-10-31") from None


def today() -> dt.date:
    """The day in UTC, as the service counts days."""
    return dt.datetime.now(dt.UTC).date()
