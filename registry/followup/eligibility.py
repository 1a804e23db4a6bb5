"""Who is followed: every tumor with the first rule that excludes it.

Source: CoC Standard 6.5 (2020) and SEER training modules "Follow-up"; the reference-date rule is
this project's reading of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration, checked_day, settled
from registry.followup.due import first_day, first_days, first_with, is_current, stripped, to_come

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

_EXCLUSION = pl.Enum(["", *EXCLUSIONS])
_POSITION = {code: position for position, code in enumerate(_EXCLUSION.categories)}

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
        `key`, row (UInt32: row of the patient in `patients`), diagnosed (Date), exclusion (Enum, "" = eligible),
        dead, current (Boolean), last_contact (Date).
    """
    _check(patients, tumors, key)
    people = _people(patients, checked_day(as_of), configuration)
    row = _rows(patients[key], tumors[key])
    diagnosed = first_day(tumors, "dateOfDiagnosis")
    of_tumor = _tumor_exclusion(tumors, diagnosed, configuration)
    of_patient = people["exclusion"].to_numpy()[row]
    return pl.DataFrame(
        {
            key: tumors[key],
            "row": pl.Series(row, dtype=pl.UInt32),
            "diagnosed": diagnosed,
            "exclusion": pl.Series(np.where(of_tumor > 0, of_tumor, of_patient)).cat.to(_EXCLUSION),
            "dead": people["dead"].to_numpy()[row],
            "current": people["current"].to_numpy()[row],
            "last_contact": pl.Series(people["day"].to_numpy()[row]),
        }
    ).with_columns(pl.when(pl.col("last_contact") != _UNKNOWN).then("last_contact").cast(pl.Date))


_UNKNOWN = np.iinfo(np.int32).min
_MISSING = np.int64(-1)


def _check(patients: pl.DataFrame, tumors: pl.DataFrame, key: str) -> None:
    for name, frame, items in (("patients", patients, PATIENT_ITEMS), ("tumors", tumors, TUMOR_ITEMS)):
        missing = [item for item in (key, *items) if item not in frame.columns]
        if missing and (key in missing or frame.height):
            raise BadInput(
                name, f"column {', '.join(missing)} is missing", "add it or name another key column"
            )
        if blank := frame[key].null_count():
            raise BadInput(name, f"{blank} rows have no {key}", "fill it in, or take them out")
    if patients.schema[key] != tumors.schema[key]:
        kinds = f"{patients.schema[key]} in one and {tumors.schema[key]} in the other"
        raise BadInput("patients and tumors", f"{key} is {kinds}")


def _rows(known: pl.Series, wanted: pl.Series) -> np.ndarray:
    """Row in `known` of each value of `wanted` (int64).

    Raises:
        BadInput: `known` repeats a value, or does not have a wanted one.
    """
    if known.dtype.is_integer() and known.len():
        first = int(known.min())  # type: ignore[arg-type]
        span = int(known.max()) - first + 1  # type: ignore[arg-type]
        if span <= 16 * known.len() + 1024:
            return _rows_by_number(known.to_numpy().astype(np.int64) - first, span, wanted, first)
    _refuse_repeated(known.len() - known.n_unique(), known.name)
    numbered = known.to_frame("key").with_row_index("row")
    found = wanted.to_frame("key").join(numbered, on="key", how="left", maintain_order="left")["row"]
    _refuse_orphans(found.null_count(), known.name)
    return found.cast(pl.Int64).to_numpy()


def _rows_by_number(places: np.ndarray, span: int, wanted: pl.Series, first: int) -> np.ndarray:
    """The same for numbers that lie close together: a table takes a tenth of a join's time."""
    table = np.full(span, _MISSING)
    table[places] = np.arange(len(places))
    _refuse_repeated(int((table[places] != np.arange(len(places))).sum()), wanted.name)
    asked = wanted.to_numpy().astype(np.int64) - first
    inside = (asked >= 0) & (asked < span)
    found = np.where(inside, table[np.where(inside, asked, 0)], _MISSING)
    _refuse_orphans(int((found == _MISSING).sum()), wanted.name)
    return found


def _refuse_repeated(rows: int, key: str) -> None:
    if rows:
        raise BadInput("patients", f"{rows} rows repeat a {key}", "give one row a patient")


def _refuse_orphans(rows: int, key: str) -> None:
    if rows:
        raise BadInput(
            "tumors", f"{rows} rows have a {key} that is not among the patients", "add the patients"
        )


def _people(patients: pl.DataFrame, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.DataFrame:
    """Of each patient: dead, current (Boolean), day (Int32: last contact, _UNKNOWN), exclusion (UInt8: place in _EXCLUSION)."""
    last_contact = first_day(patients, "dateOfLastContact")
    heard = to_come(pl.col("last_contact"), as_of, configuration.due_months)
    codes = {
        code: pl.lit(_POSITION[code], pl.UInt8) for code in ("", "FOREIGN_RESIDENT", "AGE_100_NO_CONTACT")
    }
    facts = pl.DataFrame(
        {
            "last_contact": last_contact,
            "dead": stripped(patients, "vitalStatus").is_in(configuration.dead_codes).fill_null(value=False),
            "foreign": _foreign(patients, configuration),
            "old": _old(patients, as_of, configuration.age_limit),
        }
    )
    silent = pl.col("old") & pl.col("dead").not_() & heard.not_()
    return facts.select(
        "dead",
        is_current(pl.col("last_contact"), as_of, configuration).alias("current"),
        pl.col("last_contact").cast(pl.Int32).fill_null(_UNKNOWN).alias("day"),
        pl.when("foreign").then(codes["FOREIGN_RESIDENT"]).when(silent).then(codes["AGE_100_NO_CONTACT"])
        .otherwise(codes[""]).alias("exclusion"),
    )  # fmt: skip


def _foreign(patients: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Series:
    """True where the current country is known and another one."""
    country = stripped(patients, "addrCurrentCountry")
    at_home = ["", *configuration.domestic_countries, *configuration.unknown_countries]
    abroad = np.zeros(patients.height, dtype=bool)
    others = (country != configuration.domestic_countries[0]).fill_null(value=False).arg_true()
    abroad[others.to_numpy()] = country.gather(others).str.to_uppercase().is_in(at_home).not_().to_numpy()
    return pl.Series(abroad)


def _old(patients: pl.DataFrame, as_of: dt.date, age: int) -> pl.Series:
    """True where the birthday of `age` has come; only the oldest birth dates are parsed."""
    born = patients["dateOfBirth"] if "dateOfBirth" in patients.columns else stripped(patients, "dateOfBirth")
    old = np.zeros(patients.height, dtype=bool)
    early = born.cast(pl.String).str.strip_chars() < f"{as_of.year - age + 1:04}"
    candidates = early.fill_null(value=False).arg_true()
    days = first_days(born.gather(candidates))
    after = first_with(as_of + dt.timedelta(days=1), 12 * age)
    old[candidates.to_numpy()] = (days < after).fill_null(value=False).to_numpy()
    return pl.Series(old)


def _tumor_exclusion(
    tumors: pl.DataFrame, diagnosed: pl.Series, configuration: FollowUpConfiguration
) -> np.ndarray:
    """Place in _EXCLUSION (UInt8) of the first excluding rule that needs only the tumor, 0 for none."""
    class_of_case = stripped(tumors, "classOfCase")
    behavior = stripped(tumors, "behaviorCodeIcdO3")
    site = stripped(tumors, "primarySite").str.slice(0, 3)
    start = configuration.start
    rules = {
        "CLASS00": (class_of_case == "00") | (class_of_case == "0"),
        "NONANALYTIC": class_of_case.is_in(configuration.analytic_classes).fill_null(value=False).not_(),
        "BEFORE_REFERENCE": _among(
            diagnosed < start, tumors, lambda rows: first_day(rows, "dateOf1stContact") < start
        ),
        "BENIGN_BORDERLINE": (behavior == "0") | (behavior == "1"),
        "CERVIX_INSITU": (behavior == "2") & _is_organ(site, "C53"),
        "SKIN_BASAL_SQUAMOUS": _among(_is_organ(site, "C44"), tumors, _early_basal_or_squamous),
    }
    first = np.zeros(tumors.height, dtype=np.uint8)
    for code, rule in reversed(rules.items()):
        first[rule.fill_null(value=False).to_numpy()] = _POSITION[code]
    return first


def _is_organ(site: pl.Series, organ: str) -> pl.Series:
    return (site == organ) | (site == organ.lower())


def _among(chosen: pl.Series, tumors: pl.DataFrame, rule: Callable[[pl.DataFrame], pl.Series]) -> pl.Series:
    """Where `chosen` and `rule` hold; only chosen rows are looked at, for few are and the rule reads text."""
    rows = chosen.fill_null(value=False).arg_true()
    answer = np.zeros(tumors.height, dtype=bool)
    items = ("primarySite", "dateOf1stContact", "histologicTypeIcdO3", "summaryStage2018")
    present = [item for item in items if item in tumors.columns]
    holds = rule(tumors.select(pl.col(present).gather(rows)))
    answer[rows.to_numpy()] = holds.fill_null(value=False).to_numpy()
    return pl.Series(answer)


def _early_basal_or_squamous(tumors: pl.DataFrame) -> pl.Series:
    histology = stripped(tumors, "histologicTypeIcdO3").cast(pl.Int32, strict=False)
    stage = stripped(tumors, "summaryStage2018")
    return histology.is_between(8000, 8110) & ((stage == "0") | (stage == "1"))
