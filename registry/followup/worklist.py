"""The annual follow-up list: one line a patient who is delinquent, overdue or due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.followup import physicians, sources
from registry.followup.configuration import FollowUpConfiguration, settled
from registry.followup.due import STATUSES, first_day, is_listed, status, stripped, text, whole_months
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

CONTACT_DETAILS = (
    "nextFollowUpSource", "followUpContactName", "followUpContactNost", "followUpContactSuppl", "followUpContactCity",
    "followUpContactState", "followUpContactPostal",
)  # fmt: skip
FOLLOW_UP_DETAILS = (*CONTACT_DETAILS, *physicians.ITEMS)
"""Items that NAACCR keeps per tumor; the patient's value is that of the latest followed tumor which has one (of a
physician the licence number and the NPI of one tumor)."""

WORK = (
    "physician", "secondPhysician", "barred", "barredWhy", "attempts", "lastAttempt", "patientLetterConsent",
    "nextSource", "nextSourceFrom",
)  # fmt: skip
"""What is known of the work on a patient, and what comes next."""

TUMOR_DETAILS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis", "classOfCase",
    "cancerStatus", "recurrenceType1st",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What was done so far about patients; every part may be missing.

    Args:
        attempts: contacts tried, as `sources.attempts_so_far` takes them.
        bars: the registry's own bars on contact: key, barredWhy.
        consents: words of physicians in force, as `sources.consent_of` takes them.
        searched: day on which each passive source was searched last.
    """

    attempts: pl.DataFrame | None = None
    bars: pl.DataFrame | None = None
    consents: pl.DataFrame | None = None
    searched: Mapping[str, dt.date] = field(default_factory=dict)


def follow_up_list(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
    work: Work | None = None,
) -> pl.DataFrame:
    """Living patients to contact, one line each; the same input in any row order gives the same list.

    Args:
        patients: one row a patient, as in `eligibility`.
        tumors: one row a tumor, as in `eligibility`; items of FOLLOW_UP_DETAILS may be here or in patients.
        as_of: day on which the question is asked.
        configuration: the registry's settings.
        reference_date: start of the registry, where it differs from the configuration's.
        key: column that tells patients apart.
        work: what was done so far.

    Returns:
        `key` and LIST_COLUMNS (dueDate, delinquentAfter: Date; monthsSinceContact: whole months;
        lettersTo: REGISTRY_ONLY, PHYSICIAN, PATIENT; eligibleTumors: count), then whatever is known of
        PATIENT_DETAILS, FOLLOW_UP_DETAILS, `tumors` (one text, a tumor a part), `followedAnyway` (codes, only with
        that switch), then WORK. Sorted by DELINQUENT, OVERDUE, DUE; oldest contact (unknown first); key.

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
    return lines(judged, patients, tumors, as_of, configuration, key, work or Work())


def to_contact(judged: pl.DataFrame, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Series:
    """Boolean, a row of `judge` each: followed tumors of the living whose contact is due."""
    return judged.select(
        pl.col("dead").not_()
        & is_listed(pl.col("last_contact"), as_of, configuration)
        & _followed(configuration)
    ).to_series()


def perhaps_listed(
    patients: pl.DataFrame, as_of: dt.date, configuration: FollowUpConfiguration
) -> pl.DataFrame:
    """The living whose contact is due: nobody else is on the list, whatever their tumors are."""
    dead = stripped(patients, "vitalStatus").is_in(configuration.dead_codes).fill_null(value=False)
    facts = pl.DataFrame({"day": first_day(patients, "dateOfLastContact"), "dead": dead})
    chosen = facts.select(is_listed(pl.col("day"), as_of, configuration) & pl.col("dead").not_())
    return patients.filter(chosen.to_series())


def lines(
    judged: pl.DataFrame,
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
    work: Work,
) -> pl.DataFrame:
    """The result of `follow_up_list` from the facts of `judge`."""
    people, followed = listed_only(judged, patients, tumors, as_of, configuration, key)
    return described(people, followed, as_of, configuration, key, work)


def listed_only(
    judged: pl.DataFrame,
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Who is on the list.

    Returns:
        Their rows of `patients` with last_contact, eligibleTumors; rows of their followed tumors with diagnosed, exclusion.
    """
    chosen = to_contact(judged, as_of, configuration)
    facts = judged.filter(chosen)
    people = facts.group_by("row").agg(
        pl.col("last_contact").first(),
        (pl.col("exclusion") == "").sum().cast(pl.Int32).alias("eligibleTumors"),
    )
    followed = tumors.filter(chosen).with_columns(facts["diagnosed"], facts["exclusion"].cast(pl.String))
    return patients.select(pl.all().gather(people["row"])).hstack(people.drop("row")), followed


def described(
    people: pl.DataFrame,
    followed: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
    work: Work,
) -> pl.DataFrame:
    """The list itself of the frames of `listed_only`, with whatever columns of details they have."""
    details = people.select(key, "last_contact", "eligibleTumors").hstack(_from_patients(people))
    details = details.join(_from_tumors(people, followed, configuration, key), on=key, how="left")
    extra = [name for name in details.columns if name not in (key, "last_contact", *LIST_COLUMNS)]
    details = _with_work(details, work, as_of, configuration, key)
    seen = pl.col("last_contact")
    listed = details.with_columns(
        status(seen, as_of, configuration).alias("status"),
        dates.add_months(seen, configuration.due_months).alias("dueDate"),
        dates.add_months(seen, configuration.delinquent_months).alias("delinquentAfter"),
        whole_months(seen, as_of).alias("monthsSinceContact"),
        sources.letters_to().alias("lettersTo"),
    )
    order = pl.col("status").replace_strict(list(STATUSES), range(len(STATUSES)), return_dtype=pl.Int8)
    return listed.sort([order, "last_contact", key], nulls_last=False).select(
        key, *LIST_COLUMNS, *extra, *WORK
    )


def _followed(configuration: FollowUpConfiguration) -> pl.Expr:
    anyway = configuration.follow_anyway
    if isinstance(anyway, bool):
        return pl.col("exclusion").is_not_null() if anyway else pl.col("exclusion") == ""
    if unknown := sorted(set(anyway) - set(EXCLUSIONS)):
        raise BadInput(
            "follow_anyway", f"{', '.join(unknown)} is no exclusion code", f"use {', '.join(EXCLUSIONS)}"
        )
    return pl.col("exclusion").is_in(["", *sorted(anyway)])


def _from_patients(patients: pl.DataFrame) -> pl.DataFrame:
    """Last contact as it is written and PATIENT_DETAILS, in the order of the rows."""
    present = [text(patients, item) for item in PATIENT_DETAILS if item in patients.columns]
    if {"sex", "sexAssignedAtBirth"} & set(patients.columns):
        names = [each.meta.output_name() for each in present]
        place = sum(name.startswith("name") for name in names)
        present = [each for each, name in zip(present, names, strict=True) if name != "sexAssignedAtBirth"]
        present.insert(place, standards.sex_at_birth().alias("sexAssignedAtBirth"))
    return patients.select(text(patients, "dateOfLastContact"), *present)


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
    ).with_columns(_physician_of_one_tumor(here, configuration))  # fmt: skip
    ordered = ordered.sort([key, "diagnosed", "tumors", *here], nulls_last=False)
    single = ordered[key].is_unique()
    from_tumors = pl.concat(
        [
            _of_one_tumor(ordered.filter(single), here, configuration, key),
            _of_several(ordered.filter(single.not_()), here, configuration, key),
        ]
    )
    from_tumors = from_tumors.with_columns(text(from_tumors, item) for item in here)
    by_patient = [item for item in FOLLOW_UP_DETAILS if item in patients.columns]
    people = patients.select(key, *(text(patients, item) for item in by_patient))
    return from_tumors.join(people, on=key, how="left").select(
        key,
        *(item for item in FOLLOW_UP_DETAILS if item in here or item in by_patient),
        *(name for name in ("tumors", "followedAnyway") if name in from_tumors.columns),
    )


def _of_one_tumor(
    tumors: pl.DataFrame, items: list[str], configuration: FollowUpConfiguration, key: str
) -> pl.DataFrame:
    """`key`, items, tumors and perhaps followedAnyway of patients with one followed tumor: most, and nothing to gather."""
    reason = pl.when(pl.col("exclusion") != "").then("exclusion").otherwise(pl.lit(""))
    anyway = [reason.alias("followedAnyway")] if configuration.follow_anyway else []
    return tumors.select(key, *items, pl.col("tumors").fill_null(""), *anyway)


def _of_several(
    tumors: pl.DataFrame, items: list[str], configuration: FollowUpConfiguration, key: str
) -> pl.DataFrame:
    """The same of patients with several; `tumors` is sorted, the latest last."""
    columns = [pl.col(item).drop_nulls().last() for item in items]
    columns.append(pl.col("tumors").str.join("; "))
    if configuration.follow_anyway:
        rank = list(EXCLUSIONS)
        reasons = pl.col("exclusion").filter(pl.col("exclusion") != "").unique()
        columns.append(
            reasons.sort_by(reasons.replace_strict(rank, range(len(rank)), return_dtype=pl.Int8))
            .str.join(" ").alias("followedAnyway")
        )  # fmt: skip
    return tumors.group_by(key, maintain_order=True).agg(*columns)


def _physician_of_one_tumor(here: list[str], configuration: FollowUpConfiguration) -> list[pl.Expr]:
    """Both numbers of a physician where one is known ("" for the other), else neither: no pair of two tumors."""
    paired = []
    for item, npi in physicians.PHYSICIANS.items():
        if item in here and npi in here:
            codes = [
                pl.when(pl.col(each).is_in(configuration.unknown_physicians).not_()).then(pl.col(each))
                for each in (item, npi)
            ]
            either = pl.coalesce(codes).is_not_null()
            paired += [
                pl.when(either).then(code.fill_null("")).alias(each)
                for each, code in zip((item, npi), codes, strict=True)
            ]
    return paired


def _with_work(
    people: pl.DataFrame, work: Work, as_of: dt.date, configuration: FollowUpConfiguration, key: str
) -> pl.DataFrame:
    """The columns of WORK beside each patient to contact."""
    parts = [
        people.select(key).clear().with_columns(pl.lit(None, pl.String).alias("barredWhy"))
        if work.bars is None
        else work.bars.select(key, "barredWhy").unique(key, keep="first", maintain_order=True)
    ]
    none = people.select(key).clear()
    no_attempts = none.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in sources.ATTEMPT_SCHEMA.items()
    )
    attempts = no_attempts if work.attempts is None else work.attempts
    parts.append(sources.attempts_so_far(people, attempts, as_of, key))
    if work.consents is not None:
        parts.append(sources.consent_of(people, work.consents, key))
    for part in parts:
        people = people.join(part, on=key, how="left")
    said = pl.lit("none") if work.consents is None else pl.col("patientLetterConsent").fill_null("none")
    people = people.with_columns(
        physicians.first_known(people, "physicianFollowUp", configuration).alias("physician"),
        physicians.another(people, configuration).alias("secondPhysician"),
        sources.barred_why(people, configuration).alias("barredWhy"),
        pl.col("attempts", "asked").fill_null(0),
        pl.col("wrote_patient", "wrote_contact", "phoned").fill_null(value=False),
        said.alias("patientLetterConsent"),
    ).with_columns((pl.col("barredWhy") != "").alias("barred"))
    return people.with_columns(sources.next_source(people, as_of, configuration, work.searched))
