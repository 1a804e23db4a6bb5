"""One pass over the registry for everything the annual run needs: verdicts, list, rates, summary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from registry.followup.configuration import FollowUpConfiguration, settled
from registry.followup.due import STATUSES
from registry.followup.eligibility import EXCLUSIONS, judge, verdicts
from registry.followup.rates import COUNTS, table
from registry.followup.worklist import Work, lines


@dataclass(frozen=True)
class FollowUp:
    """Result of one run: frames as in `eligibility`, `follow_up_list`, `rates`, and the one-page summary."""

    eligibility: pl.DataFrame
    listed: pl.DataFrame
    rates: pl.DataFrame
    summary: dict[str, Any]


def annual_follow_up(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
    work: Work | None = None,
) -> FollowUp:
    """Everything at once; the same input in any row order gives the same frames.

    Args:
        patients: one row a patient, as in `eligibility`.
        tumors: one row a tumor, as in `eligibility`.
        as_of: day on which the question is asked.
        configuration: the registry's settings.
        reference_date: start of the registry, where it differs from the configuration's.
        key: column that tells patients apart.
        work: what was done so far, as in `follow_up_list`.

    Returns:
        The four results; `summary` as in `page`.

    >>> patients = pl.DataFrame({"patientIdNumber": ["1"], "vitalStatus": ["1"], "dateOfLastContact": ["2024"]})
    >>> tumors = pl.DataFrame({"patientIdNumber": ["1"], "classOfCase": ["14"], "primarySite": ["C509"],
    ...     "behaviorCodeIcdO3": ["3"], "dateOfDiagnosis": ["2020"]})
    >>> annual_follow_up(patients, tumors, dt.date(2026, 10, 31)).summary["list"]
    {'DELINQUENT': 1, 'OVERDUE': 0, 'DUE': 0}
    """
    configuration = settled(configuration, reference_date)
    judged = judge(patients, tumors, as_of, configuration, key)
    listed = lines(judged, patients, tumors, as_of, configuration, key, work or Work())
    rated = table(judged.filter(pl.col("exclusion") == ""), as_of, configuration, [])
    figures = page(judged, listed["status"], rated, patients.height, as_of, configuration)
    return FollowUp(verdicts(judged, tumors, key), listed, rated, figures)


def page(
    judged: pl.DataFrame,
    listed: pl.Series,
    rated: pl.DataFrame,
    patients: int,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
) -> dict[str, Any]:
    """The one-page summary: it can be written as JSON and has the keys of the published sample.

    Args:
        judged: facts of `judge`. listed: the statuses of the list. rated: the result of `rates`.
        patients: how many patients there are.
        as_of: day on which the question was asked.
        configuration: the registry's settings.

    Returns:
        as_of, reference_date, five_year_start, fifteen_year_start, patients, tumors, exclusions (tumors by code,
        "" = eligible), patient_based, tumor_based (counts and rates by window), list (patients by status).
    """
    excluded = dict(judged["exclusion"].cast(pl.String).value_counts().iter_rows())
    on_list = dict(listed.value_counts().iter_rows())
    starts = {row["window"]: str(row["from"]) for row in rated.iter_rows(named=True)}
    return {
        "as_of": str(as_of),
        "reference_date": str(configuration.reference_date or configuration.start),
        "five_year_start": starts.get("last_five_years"),
        "fifteen_year_start": starts.get("last_fifteen_years"),
        "patients": patients,
        "tumors": judged.height,
        "exclusions": {code: excluded[code] for code in sorted(("", *EXCLUSIONS)) if code in excluded},
        "patient_based": _nested(rated, "patient", (*COUNTS, "rate_pct", "living_rate_pct")),
        "tumor_based": _nested(rated, "tumor", (*COUNTS, "rate_pct")),
        "list": {name: on_list.get(name, 0) for name in STATUSES[:3]},
    }


def summary(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
) -> dict[str, Any]:
    """The one-page summary of `annual_follow_up`."""
    return annual_follow_up(
        patients, tumors, as_of, configuration=configuration, reference_date=reference_date, key=key
    ).summary


def _nested(rated: pl.DataFrame, basis: str, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    chosen = rated.filter(pl.col("basis") == basis)
    return {row["window"]: {name: row[name] for name in columns} for row in chosen.iter_rows(named=True)}
