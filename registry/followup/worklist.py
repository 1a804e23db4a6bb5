"""The annual follow-up list: one line a patient who is delinquent, overdue or due."""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration, settled
from registry.followup.due import STATUSES, status, text, whole_months
from registry.followup.eligibility import EXCLUSIONS, judge, tumor_keys
from registry.standards import dates

LIST_COLUMNS = (
    "dateOfLastContact", "dueDate", "delinquentAfter", "status", "monthsSinceContact", "lettersTo", "eligibleTumors",
)  # fmt: skip
"""Columns every list has after the patient key."""

PATIENT_DETAILS = (
    "nameLast", "nameFirst", "nameMiddle", "nameSuffix", "sexAssignedAtBirth", "dateOfBirth", "vitalStatus",
    "addrCurrentNoStreet", "addrCurrentSupplementl", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode",
    "addrCurrentCountry", "telephone", "noPatientContactFlag", "followUpSourceCentral",
)  # fmt: skip

FOLLOW_UP_DETAILS = (
    "nextFollowUpSource", "physicianFollowUp", "physicianManaging", "physicianPrimarySurg", "physician3", "physician4",
    "followUpContactName", "followUpContactNost", "followUpContactCity", "followUpContactState",
    "followUpContactPostal",
)  # fmt: skip
"""Items that NAACCR keeps per tumor; the patient's value is that of the latest followed tumor which has one."""

TUMOR_DETAILS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis", "classOfCase",
    "cancerStatus", "recurrenceType1st",
)  # fmt: skip


def follow_up_list(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
    attempts: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Living patients to contact, one line each; the same input in any row order gives the same list.

    Args:
        patients: one row a patient, as in `eligibility`; `no_follow_up_contact` (Boolean, the registry's own
            bar) is honoured when present.
        tumors: one row a tumor, as in `eligibility`; items of FOLLOW_UP_DETAILS may be here or in patients.
        as_of: day on which the question is asked.
        configuration: the registry's settings.
        reference_date: start of the registry, where it differs from the configuration's.
        key: column that tells patients apart.
        attempts: contacts made so far: `key`, date, method, result (text or Date); optional.

    Returns:
        `key` and LIST_COLUMNS (dueDate, delinquentAfter: Date; monthsSinceContact: whole months;
        lettersTo: REGISTRY_ONLY, PHYSICIAN, PATIENT; eligibleTumors: count), then whatever is known of
        PATIENT_DETAILS, FOLLOW_UP_DETAILS, `tumors` (one text, a tumor a part), `followedAnyway` (codes, only with
        that switch) and `attempts`, `lastAttempt`. Sorted by DELINQUENT, OVERDUE, DUE; oldest contact
        (unknown first); key.

    >>> patients = pl.DataFrame({"patientIdNumber": ["1"], "vitalStatus": ["1"], "dateOfLastContact": ["202501"]})
    >>> tumors = pl.DataFrame({
    ...     "patientIdNumber": ["1"], "classOfCase": ["14"], "primarySite": ["C509"], "behaviorCodeIcdO3": ["3"],
    ...     "dateOfDiagnosis": ["20200101"]})
    >>> line = follow_up_list(patients, tumors, dt.date(2026, 10, 31)).row(0, named=True)
    >>> line["status"], line["monthsSinceContact"], line["lettersTo"], str(line["delinquentAfter"])
    ('DELINQUENT', 21, 'PATIENT', '2026-04-01')
    """
    configuration = settled(configuration, reference_date)
    judged = judge(patients, tumors, as_of, configuration, key)
    return lines(judged, patients, tumors, as_of, configuration, key, attempts)


def lines(
    judged: pl.DataFrame,
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
    attempts: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The result of `follow_up_list` from the facts of `judge`."""
    followed = pl.col("dead").not_() & _followed(configuration)
    people = (
        judged.filter(followed)
        .group_by(key)
        .agg(
            pl.col("last_contact").first(),
            (pl.col("exclusion") == "").sum().cast(pl.Int32).alias("eligibleTumors"),
        )
    )
    people = people.with_columns(status(pl.col("last_contact"), as_of, configuration).alias("status"))
    people = people.filter(pl.col("status") != "CURRENT")
    listed_patients = patients.join(people.select(key), on=key, how="semi")
    listed_tumors = (
        tumors.with_columns(judged["diagnosed"], judged["exclusion"].cast(pl.String))
        .filter(judged.select(followed).to_series())
        .join(people.select(key), on=key, how="semi")
    )
    details = people.join(_from_patients(listed_patients, key), on=key, how="left").join(
        _from_tumors(listed_patients, listed_tumors, configuration, key), on=key, how="left"
    )
    if attempts is not None:
        details = details.join(_attempts(attempts, key), on=key, how="left").with_columns(
            pl.col("attempts").fill_null(0)
        )
    listed = details.with_columns(
        dates.add_months(pl.col("last_contact"), configuration.due_months).alias("dueDate"),
        dates.add_months(pl.col("last_contact"), configuration.delinquent_months).alias("delinquentAfter"),
        whole_months(pl.col("last_contact"), as_of).alias("monthsSinceContact"),
        _letters_to(details, configuration).alias("lettersTo"),
    )
    extra = [name for name in details.columns if name not in (key, "last_contact", *LIST_COLUMNS, "barred")]
    order = pl.col("status").replace_strict(list(STATUSES), range(len(STATUSES)), return_dtype=pl.Int8)
    return listed.sort([order, "last_contact", key], nulls_last=False).select(key, *LIST_COLUMNS, *extra)


def _followed(configuration: FollowUpConfiguration) -> pl.Expr:
    anyway = configuration.follow_anyway
    if isinstance(anyway, bool):
        return pl.lit(True) if anyway else pl.col("exclusion") == ""
    if unknown := sorted(set(anyway) - set(EXCLUSIONS)):
        raise BadInput(
            "follow_anyway", f"{', '.join(unknown)} is no exclusion code", f"use {', '.join(EXCLUSIONS)}"
        )
    return pl.col("exclusion").is_in(["", *sorted(anyway)])


def _from_patients(patients: pl.DataFrame, key: str) -> pl.DataFrame:
    present = [text(patients, item) for item in PATIENT_DETAILS if item in patients.columns]
    if {"sex", "sexAssignedAtBirth"} & set(patients.columns):
        names = [each.meta.output_name() for each in present]
        place = sum(name.startswith("name") for name in names)
        present = [each for each, name in zip(present, names, strict=True) if name != "sexAssignedAtBirth"]
        present.insert(place, standards.sex_at_birth().alias("sexAssignedAtBirth"))
    own_bar = (
        pl.col("no_follow_up_contact").cast(pl.Boolean)
        if "no_follow_up_contact" in patients.columns
        else None
    )
    barred = pl.lit(False) if own_bar is None else own_bar.fill_null(False)
    return patients.select(key, text(patients, "dateOfLastContact"), *present, barred.alias("barred"))


def _from_tumors(
    patients: pl.DataFrame, followed: pl.DataFrame, configuration: FollowUpConfiguration, key: str
) -> pl.DataFrame:
    """Items of FOLLOW_UP_DETAILS, the tumors in words and why an excluded one is followed; one row a patient."""
    here = [item for item in FOLLOW_UP_DETAILS if item in followed.columns and item not in patients.columns]
    names = tumor_keys(followed, key)
    words = [text(followed, item) for item in (*names, *TUMOR_DETAILS) if item in followed.columns]
    ordered = followed.select(
        key, "diagnosed", "exclusion", *(text(followed, item) for item in here),
        pl.concat_str(words, separator=" ", ignore_nulls=True).alias("tumors"),
    ).sort([key, "diagnosed", "tumors", *here], nulls_last=False)  # fmt: skip
    columns = [pl.col(item).drop_nulls().last() for item in here]
    if configuration.follow_anyway:
        rank = list(EXCLUSIONS)
        reasons = pl.col("exclusion").filter(pl.col("exclusion") != "").unique()
        columns.append(
            reasons.sort_by(reasons.replace_strict(rank, range(len(rank)), return_dtype=pl.Int8))
            .str.join(" ").alias("followedAnyway")
        )  # fmt: skip
    from_tumors = ordered.group_by(key, maintain_order=True).agg(*columns, pl.col("tumors").str.join("; "))
    by_patient = [item for item in FOLLOW_UP_DETAILS if item in patients.columns]
    people = patients.select(key, *(text(patients, item) for item in by_patient))
    return from_tumors.join(people, on=key, how="left").select(
        key,
        *(item for item in FOLLOW_UP_DETAILS if item in here or item in by_patient),
        *(name for name in ("tumors", "followedAnyway") if name in from_tumors.columns),
    )


def _letters_to(details: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Expr:
    """REGISTRY_ONLY when contact is barred, else PHYSICIAN when one is known, else PATIENT."""
    barred = pl.col("barred").fill_null(False)
    if configuration.patient_contact_flag_bars_letters:
        barred = barred | (text(details, "noPatientContactFlag") == "1").fill_null(False)
    physician = text(details, "physicianFollowUp")
    known = physician.is_in(configuration.unknown_physicians).not_().fill_null(False)
    return (
        pl.when(barred)
        .then(pl.lit("REGISTRY_ONLY"))
        .when(known)
        .then(pl.lit("PHYSICIAN"))
        .otherwise(pl.lit("PATIENT"))
    )


def _attempts(attempts: pl.DataFrame, key: str) -> pl.DataFrame:
    """Number of attempts and the last one as `date method result`, per patient."""
    each = pl.concat_str(
        [pl.col(name).cast(pl.String) for name in ("date", "method", "result")],
        separator=" ",
        ignore_nulls=True,
    )
    return (
        attempts.select(key, each.alias("lastAttempt"))
        .group_by(key)
        .agg(pl.len().cast(pl.Int32).alias("attempts"), pl.col("lastAttempt").max())
    )
