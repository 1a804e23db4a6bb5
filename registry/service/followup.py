"""Annual follow-up: the list and the rates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import followup
from registry.abstracting.consolidated import level_of
from registry.service import frames
from registry.service.operations import Context, operation

PATIENT_ITEMS = [
    "nameLast", "nameFirst", "nameMiddle", "sex", "sexAssignedAtBirth", "dateOfBirth", "vitalStatus", "dateOfLastContact",
    "addrCurrentNoStreet", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode", "addrCurrentCountry",
    "telephone", "noPatientContactFlag", "followUpSource", "followUpSourceCentral", "nextFollowUpSource",
    "physicianFollowUp", "physicianManaging", "physicianPrimarySurg", "physician3", "physician4",
    "followUpContactName", "followUpContactNost", "followUpContactCity", "followUpContactState",
    "followUpContactPostal",
]  # fmt: skip
TUMOR_ITEMS = [
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis",
    "dateOf1stContact", "classOfCase", "cancerStatus", "recurrenceType1st", "reportingFacility", "laterality",
    "physicianFollowUp", "nextFollowUpSource", "followUpSource",
]  # fmt: skip


def _frames(context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors with the follow-up items at the level where the dictionary keeps them."""
    level = {item: level_of(item) for item in dict.fromkeys([*PATIENT_ITEMS, *TUMOR_ITEMS])}
    patient_items = [item for item, where in level.items() if where == "Patient"]
    tumor_items = [item for item, where in level.items() if where == "Tumor"]
    return frames.load(context, patient_items, tumor_items)


@operation("followup.list")
def follow_up_list(
    context: Context,
    as_of: str | dt.date | None = None,
    status: str | None = None,
    reference_date: str | None = None,
) -> pl.DataFrame:
    """Living eligible patients who are due, overdue or delinquent, in the order they are to be worked."""
    patients, tumors = _frames(context)
    day = context.day(as_of)
    listed = followup.follow_up_list(
        patients, tumors, day, configuration=_configuration(context, day, reference_date), key="patient_id"
    )
    return listed if status is None else listed.filter(pl.col("status") == status.upper())


def _configuration(
    context: Context, day: dt.date, reference_date: str | None
) -> followup.FollowUpConfiguration:
    chosen = reference_date or context.store.get_meta("reference_date")
    settings = {"reference_date": dt.date.fromisoformat(chosen)} if chosen else {}
    return followup.FollowUpConfiguration.on(day, **settings)


@operation("followup.rates")
def rates(
    context: Context,
    as_of: str | dt.date | None = None,
    by: str | None = None,
    reference_date: str | None = None,
) -> pl.DataFrame:
    """Follow-up rates per window, patient and tumor; `by` facility, site or year."""
    patients, tumors = _frames(context)
    day = context.day(as_of)
    settings = _configuration(context, day, reference_date)
    table = followup.rates(patients, tumors, day, configuration=settings, key="patient_id", by=by or ())
    return table.rename({"basis": "unit"})


@operation("followup.summary")
def summary(context: Context, as_of: str | dt.date | None = None) -> dict[str, Any]:
    """Counts of exclusions, list states and rates, as the sample's summary gives them."""
    patients, tumors = _frames(context)
    day = context.day(as_of)
    return followup.summary(
        patients, tumors, day, configuration=_configuration(context, day, None), key="patient_id"
    )
