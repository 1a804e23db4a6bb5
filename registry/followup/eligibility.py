"""Who is followed: every tumor with the first rule that excludes it.

Source: CoC Standard 6.5 (2020) and SEER training modules "Follow-up"; the reference-date rule is
this project's reading of them.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration
from registry.followup.due import first_day, is_current, text
from registry.standards import dates

EXCLUSIONS = {
    "CLASS00": "diagnosed here, all treatment elsewhere (class of case 00)",
    "NONANALYTIC": "class of case outside 10-14 and 20-22",
    "BEFORE_REFERENCE": "diagnosed and first seen before the reference date",
    "BENIGN_BORDERLINE": "benign or borderline behavior (0, 1)",
    "CERVIX_INSITU": "carcinoma in situ of the cervix",
    "SKIN_BASAL_SQUAMOUS": "basal or squamous cell carcinoma of skin, in situ or localized",
    "FOREIGN_RESIDENT": "lives outside the country",
    "AGE_100_NO_CONTACT": "alive, 100 years old, no contact for more than 12 months",
}
"""Codes in the order in which they are tested, with the reason in plain words."""

PATIENT_ITEMS = ("vitalStatus", "dateOfLastContact")
TUMOR_ITEMS = ("classOfCase", "primarySite", "behaviorCodeIcdO3", "dateOfDiagnosis")


def eligibility(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    key: str = "patientIdNumber",
) -> pl.DataFrame:
    """Each tumor with its first excluding code, "" when it is eligible.

    Args:
        patients: one row a patient, NAACCR ids; `key`, vitalStatus, dateOfLastContact, and where known
            dateOfBirth, addrCurrentCountry.
        tumors: one row a tumor: `key`, classOfCase, primarySite, histologicTypeIcdO3, behaviorCodeIcdO3,
            summaryStage2018, dateOfDiagnosis, dateOf1stContact; tumor_id or tumorRecordNumber.
        as_of: day on which the question is asked.
        configuration: the registry's settings; default: newest rules, no reference date of its own.
        key: column that tells patients apart in both frames.

    Returns:
        `key`, the tumor column(s) present (tumor_id, abstract_id, tumorRecordNumber), exclusion; sorted by these.

    Raises:
        BadInput: a column is missing, a patient occurs twice, or a tumor names no patient of the frame.

    >>> patients = pl.DataFrame({"patientIdNumber": ["1"], "vitalStatus": ["1"], "dateOfLastContact": ["202601"]})
    >>> tumors = pl.DataFrame({
    ...     "patientIdNumber": ["1", "1"], "tumorRecordNumber": ["01", "02"], "classOfCase": ["14", "00"],
    ...     "primarySite": ["C509", "C341"], "behaviorCodeIcdO3": ["3", "3"],
    ...     "dateOfDiagnosis": ["20200101", "2021"], "dateOf1stContact": ["20200101", "20210105"]})
    >>> eligibility(patients, tumors, dt.date(2026, 10, 31)).rows()
    [('1', '01', ''), ('1', '02', 'CLASS00')]
    """
    judged = judge(patients, tumors, as_of, configuration or FollowUpConfiguration(), key)
    names = [key, *tumor_keys(tumors, key)]
    return judged.select(*names, "exclusion").sort([*names, "exclusion"])


def tumor_keys(tumors: pl.DataFrame, key: str) -> list[str]:
    """Columns of the frame that tell one patient's tumors apart."""
    return [
        name
        for name in ("tumor_id", "abstract_id", "tumorRecordNumber")
        if name in tumors.columns and name != key
    ]


def judge(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
) -> pl.DataFrame:
    """Tumors with exclusion ("" = eligible), diagnosed (Date), dead, current (Boolean), last_contact (Date)."""
    _check(patients, tumors, key)
    people = patients.select(key, *_patient_facts(patients, configuration)).with_columns(
        is_current(pl.col("last_contact"), as_of, configuration).alias("current"),
    )
    people = people.select(
        key,
        "dead",
        "last_contact",
        "current",
        _patient_exclusion(as_of, configuration).alias("patient_exclusion"),
    )
    facts = tumors.with_columns(first_day(tumors, "dateOfDiagnosis").alias("diagnosed"))
    facts = facts.with_columns(_tumor_exclusion(facts, configuration).alias("exclusion"))
    return facts.join(people, on=key, how="left", maintain_order="none").with_columns(
        pl.coalesce("exclusion", "patient_exclusion", pl.lit("")).alias("exclusion")
    )


def _check(patients: pl.DataFrame, tumors: pl.DataFrame, key: str) -> None:
    for name, frame, items in (("patients", patients, PATIENT_ITEMS), ("tumors", tumors, TUMOR_ITEMS)):
        missing = [item for item in (key, *items) if item not in frame.columns]
        if missing and (key in missing or frame.height):
            raise BadInput(
                name, f"column {', '.join(missing)} is missing", "add it or name another key column"
            )
    if patients.schema[key] != tumors.schema[key]:
        raise BadInput(
            "patients and tumors",
            f"{key} is {patients.schema[key]} in one and {tumors.schema[key]} in the other",
        )
    if repeated := patients.height - patients[key].n_unique():
        raise BadInput("patients", f"{repeated} rows repeat a {key}", "give one row a patient")
    if orphans := tumors.select(key).join(patients.select(key), on=key, how="anti").height:
        raise BadInput(
            "tumors", f"{orphans} rows have a {key} that is not among the patients", "add the patients"
        )


def _patient_facts(patients: pl.DataFrame, configuration: FollowUpConfiguration) -> list[pl.Expr]:
    country = text(patients, "addrCurrentCountry").str.to_uppercase()
    at_home = country.is_in(configuration.domestic_countries + configuration.unknown_countries)
    return [
        text(patients, "vitalStatus").is_in(configuration.dead_codes).fill_null(False).alias("dead"),
        first_day(patients, "dateOfLastContact").alias("last_contact"),
        first_day(patients, "dateOfBirth").alias("born"),
        at_home.not_().fill_null(False).alias("foreign"),
    ]


def _patient_exclusion(as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """FOREIGN_RESIDENT, AGE_100_NO_CONTACT or null, from the columns of `_patient_facts`."""
    old = dates.add_months(pl.col("born"), 12 * configuration.age_limit) <= as_of
    silent = (dates.add_months(pl.col("last_contact"), configuration.due_months) < as_of).fill_null(True)
    return (
        pl.when(pl.col("foreign"))
        .then(pl.lit("FOREIGN_RESIDENT"))
        .when(pl.col("dead").not_() & old & silent)
        .then(pl.lit("AGE_100_NO_CONTACT"))
    )


def _tumor_exclusion(tumors: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Expr:
    """First excluding code that needs only the tumor, or null; `diagnosed` (Date) is a column already."""
    class_of_case = text(tumors, "classOfCase").str.zfill(2)
    site = text(tumors, "primarySite").str.to_uppercase()
    histology = text(tumors, "histologicTypeIcdO3").cast(pl.Int32, strict=False)
    behavior = text(tumors, "behaviorCodeIcdO3")
    stage = text(tumors, "summaryStage2018")
    before = (pl.col("diagnosed") < configuration.start) & (
        first_day(tumors, "dateOf1stContact") < configuration.start
    )
    rules = {
        "CLASS00": class_of_case == "00",
        "NONANALYTIC": class_of_case.is_in(configuration.analytic_classes).not_().fill_null(True),
        "BEFORE_REFERENCE": before,
        "BENIGN_BORDERLINE": behavior.is_in(("0", "1")),
        "CERVIX_INSITU": site.str.starts_with("C53") & (behavior == "2"),
        "SKIN_BASAL_SQUAMOUS": site.str.starts_with("C44")
        & histology.is_between(8000, 8110)
        & stage.is_in(("0", "1")),
    }
    return pl.coalesce(*(pl.when(rule.fill_null(False)).then(pl.lit(code)) for code, rule in rules.items()))
