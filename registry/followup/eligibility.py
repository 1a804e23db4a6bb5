"""Who is followed: every tumor with the first rule that excludes it.

Source: CoC Standard 6.5 (2020) and SEER training modules "Follow-up"; the reference-date rule is
this project's reading of them.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration, settled
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

_CODES = ("", *EXCLUSIONS)
_EXCLUSION = pl.Enum(_CODES)

PATIENT_ITEMS = ("vitalStatus", "dateOfLastContact")
TUMOR_ITEMS = ("classOfCase", "primarySite", "behaviorCodeIcdO3", "dateOfDiagnosis")


def eligibility(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
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
    judged = judge(patients, tumors, as_of, settled(configuration, reference_date), key)
    return verdicts(judged, tumors, key)


def verdicts(judged: pl.DataFrame, tumors: pl.DataFrame, key: str) -> pl.DataFrame:
    """The result of `eligibility` from the facts of `judge`."""
    names = tumor_keys(tumors, key)
    columns = [key, *(tumors[name] for name in names), pl.col("exclusion").cast(pl.String)]
    return judged.select(columns).sort([key, *names, "exclusion"])


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
    """Facts about each row of `tumors`, in the same order.

    Returns:
        `key`, diagnosed (Date), exclusion (Enum, "" = eligible), dead, current (Boolean), last_contact (Date).
    """
    _check(patients, tumors, key)
    country = text(patients, "addrCurrentCountry").str.to_uppercase()
    at_home = [*configuration.domestic_countries, *configuration.unknown_countries]
    people = (
        patients.lazy()
        .select(  # lazy: text that several rules read is prepared once
            key,
            text(patients, "vitalStatus").is_in(configuration.dead_codes).fill_null(False).alias("dead"),
            first_day(patients, "dateOfLastContact").alias("last_contact"),
            country.is_in(at_home).not_().fill_null(False).alias("foreign"),
            _centenarian(patients, as_of, configuration.age_limit).alias("old"),
        )
        .with_columns(
            is_current(pl.col("last_contact"), as_of, configuration).alias("current"),
            _patient_exclusion(as_of, configuration).alias("patient_exclusion"),
        )
    )
    dated = tumors.lazy().with_columns(first_day(tumors, "dateOfDiagnosis").alias("diagnosed"))
    rules = _tumor_exclusion(tumors, configuration).alias("exclusion")
    judged = (
        dated.select(key, "diagnosed", rules)
        .join(people, on=key, how="left", maintain_order="left")
        .collect()
    )
    if orphans := judged["dead"].null_count():
        raise BadInput(
            "tumors", f"{orphans} rows have a {key} that is not among the patients", "add the patients"
        )
    return judged.select(
        key,
        "diagnosed",
        pl.when(pl.col("exclusion") > 0)
        .then("exclusion")
        .otherwise("patient_exclusion")
        .cat.to(_EXCLUSION)
        .alias("exclusion"),
        "dead",
        "current",
        "last_contact",
    )


def _check(patients: pl.DataFrame, tumors: pl.DataFrame, key: str) -> None:
    for name, frame, items in (("patients", patients, PATIENT_ITEMS), ("tumors", tumors, TUMOR_ITEMS)):
        missing = [item for item in (key, *items) if item not in frame.columns]
        if missing and (key in missing or frame.height):
            raise BadInput(
                name, f"column {', '.join(missing)} is missing", "add it or name another key column"
            )
    if patients.schema[key] != tumors.schema[key]:
        kinds = f"{patients.schema[key]} in one and {tumors.schema[key]} in the other"
        raise BadInput("patients and tumors", f"{key} is {kinds}")
    if repeated := patients.height - patients[key].n_unique():
        raise BadInput("patients", f"{repeated} rows repeat a {key}", "give one row a patient")


def _centenarian(patients: pl.DataFrame, as_of: dt.date, age: int) -> pl.Expr:
    """True when the birthday of `age` has come; only the oldest birth dates are parsed."""
    candidate = text(patients, "dateOfBirth").str.slice(0, 4) <= f"{as_of.year - age:04}"
    born = first_day(patients, "dateOfBirth", where=candidate)
    return (dates.add_months(born, 12 * age) <= as_of).fill_null(False)


def _patient_exclusion(as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """Position in _CODES of FOREIGN_RESIDENT, AGE_100_NO_CONTACT or none, from the columns foreign, old, dead, last_contact."""
    silent = (dates.add_months(pl.col("last_contact"), configuration.due_months) < as_of).fill_null(True)
    codes = [pl.lit(_CODES.index(code), pl.UInt8) for code in ("FOREIGN_RESIDENT", "AGE_100_NO_CONTACT", "")]
    lost = pl.col("dead").not_() & pl.col("old") & silent
    return pl.when(pl.col("foreign")).then(codes[0]).when(lost).then(codes[1]).otherwise(codes[2])


def _tumor_exclusion(tumors: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Expr:
    """Position in _CODES of the first excluding rule that needs only the tumor, 0 for none; `diagnosed` (Date) is a column already."""
    class_of_case = text(tumors, "classOfCase")
    site = text(tumors, "primarySite")
    behavior = text(tumors, "behaviorCodeIcdO3")
    stage = text(tumors, "summaryStage2018")
    early = pl.col("diagnosed") < configuration.start
    skin = site.str.starts_with("C44") & stage.is_in(["0", "1"])
    histology = pl.when(skin).then(text(tumors, "histologicTypeIcdO3")).cast(pl.Int32, strict=False)
    rules = {
        "CLASS00": class_of_case.is_in(["00", "0"]),
        "NONANALYTIC": class_of_case.is_in(configuration.analytic_classes).not_().fill_null(True),
        "BEFORE_REFERENCE": early
        & (first_day(tumors, "dateOf1stContact", where=early) < configuration.start),
        "BENIGN_BORDERLINE": behavior.is_in(["0", "1"]),
        "CERVIX_INSITU": site.str.starts_with("C53") & (behavior == "2"),
        "SKIN_BASAL_SQUAMOUS": skin & histology.is_between(8000, 8110),
    }
    first = pl.lit(0, pl.UInt8)
    for code, rule in reversed(rules.items()):
        first = pl.when(rule.fill_null(False)).then(pl.lit(_CODES.index(code), pl.UInt8)).otherwise(first)
    return first
