"""What may leave the registry for research: an allow-list of columns, each value checked against its pattern.

Nothing passes because it was not thought of: an output column exists only when it is named here, and a value
only when it looks like a code of its item. Identifiers become keyed one-way numbers, dates become the
year of diagnosis and whole months since then, ages of 90 and over one group, ZIP codes three digits.

Sources: 45 CFR 164.514(b)(2) (safe harbor) and (c) (re-identification codes); HHS guidance of 2012-11-26 on
de-identification (ZIP areas of 20,000 people or fewer, Census 2000 and 2010 lists together).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.standards import dates

DAYS_PER_MONTH: Final = 365.25 / 12
TOP_AGE: Final = 90
KEY_BYTES: Final = 16

#: Three-digit ZIP areas with 20,000 people or fewer; they are written 000.
SMALL_ZIP3: Final = frozenset(
    "036 059 063 102 203 205 369 556 692 753 772 790 821 823 830 831 878 879 884 890 893".split()
)

#: item: pattern of a value that may pass. An item of the list that the frame lacks is left out.
PATIENT_ITEMS: Final = {
    "race1": r"\d{2}",
    "spanishHispanicOrigin": r"\d",
    "vitalStatus": r"[014]",
    "seerCauseSpecificCod": r"[0189]",
}
TUMOR_ITEMS: Final = {
    "sequenceNumberCentral": r"\d{2}",
    "primarySite": r"C\d{3}",
    "laterality": r"\d",
    "histologicTypeIcdO3": r"\d{4}",
    "behaviorCodeIcdO3": r"[0-36]",
    "diagnosticConfirmation": r"\d",
    "typeOfReportingSource": r"\d",
    "schemaId": r"\d{5}",
    "site_recode_2008": r"\d{5}",
    "site_recode_2023": r"\d{2}",
    "seerBehaviorRecode": r"\d",
    "age_group": r"\d{2}",
    "survMosActiveFollowup": r"\d{4}",
    "survFlagActiveFollowup": r"\d",
    "survMosPresumedAlive": r"\d{4}",
    "survFlagPresumedAlive": r"\d",
    "vitalStatusRecode": r"[014]",
    "summaryStage2018": r"\d",
    "derivedSummaryStage2018": r"\d",
    "seerSummaryStage2000": r"\d",
    "seerSummaryStage1977": r"\d",
    "gradeClinical": r"[1-9A-ELHMS]",
    "gradePathological": r"[1-9A-ELHMS]",
    "tumorSizeSummary": r"\d{3}",
    "regionalNodesPositive": r"\d{2}",
    "regionalNodesExamined": r"\d{2}",
    "estrogenReceptorSummary": r"\d",
    "progesteroneRecepSummary": r"\d",
    "her2OverallSummary": r"\d",
    "classOfCase": r"\d{2}",
    "rxSummTreatmentStatus": r"\d",
    "rxSummSurgPrimSite": r"\d{2}",
    "rxSummSurgPrimSite2023": r"[AB]\d{3}",
    "rxSummChemo": r"\d{2}",
    "rxSummHormone": r"\d{2}",
    "rxSummBrm": r"\d{2}",
    "reasonForNoSurgery": r"\d",
    "reasonForNoRadiation": r"\d",
    "cancerStatus": r"\d",
    "recurrenceType1st": r"\d{2}",
    "ruralurbanContinuum2013": r"\d{2}",
    "primaryPayerAtDx": r"\d{2}",
}

#: Columns of words: a value passes when it is one of the names that a published table gives.
TUMOR_WORDS: Final = ("site_group", "stage")

#: date item → column of whole months since diagnosis.
INTERVALS: Final = {
    "dateOf1stCrsRx": "months_to_first_treatment",
    "dateInitialRxSeer": "months_to_first_seer_treatment",
    "rxDateSurgery": "months_to_surgery",
    "rxDateRadiation": "months_to_radiation",
    "rxDateChemo": "months_to_chemotherapy",
    "rxDateHormone": "months_to_hormone_therapy",
    "rxDateBrm": "months_to_immunotherapy",
    "recurrenceDate1st": "months_to_recurrence",
    "dateOfLastContact": "months_to_last_contact",
}


@dataclass(frozen=True)
class Profile:
    """How much detail leaves: whether geography does, age in steps of so many years, items held back."""

    name: str
    state: bool
    zip3: bool
    county: bool
    age_step: int
    held_back: frozenset[str] = frozenset()


PROFILES: Final = {
    "research": Profile("research", state=True, zip3=True, county=True, age_step=1),
    "public": Profile(
        "public", state=False, zip3=False, county=False, age_step=5,
        held_back=frozenset(["race1", "spanishHispanicOrigin", "primaryPayerAtDx", "ruralurbanContinuum2013"]),
    ),
}  # fmt: skip


def deidentify(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    *,
    key: bytes,
    profile: str = "research",
    study: str = "",
    patient_key: str = "patient_id",
    tumor_key: str = "tumor_id",
    small_area: int = 11,
    county_population: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """De-identified patients and tumors, and a report on what was held back and how unique the rest is.

    Args:
        patients: one row a patient: `patient_key` and NAACCR Patient items.
        tumors: one row a tumor: `tumor_key`, `patient_key` and NAACCR Tumor items.
        key: secret of at least 16 bytes, kept outside the data; without it no study number can be made.
        profile: "research" or "public"; see PROFILES.
        study: name of the study; each study gets other numbers from the same key.
        patient_key: column that tells patients apart.
        tumor_key: column that tells tumors apart.
        small_area: areas with fewer patients than this are not named.
        county_population: countyAtDx, addrAtDxState, population; a county is named only when it has 100,000
            people or more. Without it no county is named.

    Returns:
        patients: study_patient_id, sex_at_birth, items of PATIENT_ITEMS, cause_of_death (first three characters).
        tumors: study_tumor_id, study_patient_id, diagnosis_year, age_at_diagnosis (90 = 90 and over),
        state, zip3, county as the profile allows, items of TUMOR_ITEMS and TUMOR_WORDS, intervals in whole months.
        Both sorted by study number, which tells nothing about the order in the registry.
        The report: see `_report`; counts and column names only, JSON-able.

    Raises:
        BadInput: short key, unknown profile, missing or repeated key column.

    >>> patients = pl.DataFrame({"patient_id": [1], "nameLast": ["RIVERA"], "sexAssignedAtBirth": ["2"],
    ...     "vitalStatus": ["1"], "dateOfLastContact": ["20240301"]})
    >>> tumors = pl.DataFrame({"tumor_id": [7], "patient_id": [1], "primarySite": ["C509"],
    ...     "dateOfDiagnosis": ["20220215"], "ageAtDiagnosis": ["093"], "textRemarks": ["see Rivera"]})
    >>> people, cases, report = deidentify(patients, tumors, key=b"sixteen bytes or more")
    >>> cases.select("diagnosis_year", "age_at_diagnosis", "primarySite", "months_to_last_contact").row(0)
    (2022, 90, 'C509', 24)
    >>> "nameLast" in people.columns, report["columns_held_back"]
    (False, ['dateOfDiagnosis', 'nameLast', 'textRemarks'])
    """
    rule = _checked(patients, tumors, key, profile, patient_key, tumor_key)
    secret = hmac.digest(key, b"study\0" + study.encode() + b"\0" + profile.encode(), "sha256")
    people_ids = _study_ids(patients[patient_key], secret, b"patient\0")
    joined = tumors.join(
        patients.select(
            pl.col(patient_key),
            people_ids.alias("study_patient_id"),
            *(pl.col(name) for name in ("dateOfLastContact", "dateOfBirth") if name in patients.columns),
        ),
        on=patient_key, how="left", maintain_order="left", suffix="_of_patient",
    )  # fmt: skip
    people = patients.select(
        people_ids.alias("study_patient_id"),
        _sex(patients).alias("sex_at_birth"),
        *_allowed(patients, PATIENT_ITEMS, rule),
        _text(patients, "causeOfDeath").str.extract(r"^([A-Z]\d{2})\w?$").alias("cause_of_death"),
    )
    cases = joined.select(
        _study_ids(joined[tumor_key], secret, b"tumor\0").alias("study_tumor_id"),
        "study_patient_id",
        dates.year(_text(joined, "dateOfDiagnosis")).alias("diagnosis_year"),
        _age(joined, rule).alias("age_at_diagnosis"),
        *_geography(joined, rule),
        *_allowed(joined, TUMOR_ITEMS, rule),
        *_named(joined),
        *_intervals(joined),
    )
    cases, areas = _without_small_areas(cases, small_area, county_population)
    people, cases = people.sort("study_patient_id"), cases.sort("study_tumor_id")
    return people, cases, _report(patients, tumors, people, cases, rule, areas)


def _checked(
    patients: pl.DataFrame, tumors: pl.DataFrame, key: bytes, profile: str, patient_key: str, tumor_key: str
) -> Profile:
    if len(key) < KEY_BYTES:
        raise BadInput("de-identification key", f"it has {len(key)} bytes, at least {KEY_BYTES} are needed")
    if profile not in PROFILES:
        raise BadInput("de-identification", f'"{profile}" is no profile', f"use {' or '.join(PROFILES)}")
    for name, frame, columns in (
        ("patients", patients, [patient_key]),
        ("tumors", tumors, [tumor_key, patient_key]),
    ):
        if missing := [column for column in columns if column not in frame.columns]:
            raise BadInput(name, f"column {', '.join(missing)} is missing")
        if frame[columns[0]].n_unique() != frame.height or frame[columns[0]].null_count():
            raise BadInput(name, f"{columns[0]} is blank or occurs twice")
    if tumors.join(patients, on=patient_key, how="anti").height:
        raise BadInput("tumors", "some belong to no patient of the frame")
    return PROFILES[profile]


def _study_ids(ids: pl.Series, secret: bytes, kind: bytes) -> pl.Series:
    """80 bits of a keyed hash of each id, as 20 hexadecimal digits."""
    texts = ids.cast(pl.String).to_list()
    return pl.Series(
        [hmac.digest(secret, kind + text.encode(), "sha256").hex()[:20] for text in texts], dtype=pl.String
    )


def _text(frame: pl.DataFrame, item: str) -> pl.Expr:
    if item not in frame.columns:
        return pl.lit(None, dtype=pl.String)
    text = pl.col(item).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _sex(patients: pl.DataFrame) -> pl.Expr:
    known = {"sex", "sexAssignedAtBirth"} & set(patients.columns)
    return standards.sex_at_birth() if known else pl.lit("9")


def _allowed(frame: pl.DataFrame, items: dict[str, str], rule: Profile) -> list[pl.Expr]:
    """Values of the listed items that fit their whole pattern; every other value becomes null."""
    return [
        pl.when(_text(frame, item).str.contains(rf"\A(?:{pattern})\z")).then(_text(frame, item)).alias(item)
        for item, pattern in items.items()
        if item in frame.columns and item not in rule.held_back
    ]


def _named(frame: pl.DataFrame) -> list[pl.Expr]:
    """Columns of TUMOR_WORDS; a word outside its published table becomes null."""
    from registry.analytics.stage import GROUPS
    from registry.coding.recodes.site import recode_names

    names = {"site_group": {*recode_names("2008")["name"], "Unknown"}, "stage": set(GROUPS)}
    return [
        pl.when(_text(frame, item).is_in(sorted(names[item]))).then(_text(frame, item)).alias(item)
        for item in TUMOR_WORDS
        if item in frame.columns
    ]


def _day(text: pl.Expr) -> pl.Expr:
    """Date of a NAACCR date: a missing day is the 15th, a missing month makes it null."""
    size, first = text.str.len_bytes(), dates.earliest(text)
    return pl.when(size == 8).then(first).when(size == 6).then(first.dt.offset_by("14d"))


def _intervals(joined: pl.DataFrame) -> list[pl.Expr]:
    start = _day(_text(joined, "dateOfDiagnosis"))
    months = {
        name: ((_day(_text(joined, item)) - start).dt.total_days() / DAYS_PER_MONTH).floor().cast(pl.Int32)
        for item, name in INTERVALS.items()
        if item in joined.columns
    }
    return [value.alias(name) for name, value in months.items()]


def _age(joined: pl.DataFrame, rule: Profile) -> pl.Expr:
    """Age at diagnosis in years or at the start of its step, 90 and over as 90; computed when not stated."""
    stated = _text(joined, "ageAtDiagnosis").cast(pl.Int32, strict=False)
    born, start = dates.earliest(_text(joined, "dateOfBirth")), _day(_text(joined, "dateOfDiagnosis"))
    to_come = start.dt.strftime("%m%d") < born.dt.strftime("%m%d")
    years = start.dt.year() - born.dt.year() - to_come.cast(pl.Int32)
    age = pl.coalesce(
        pl.when(stated.is_between(0, 120)).then(stated), pl.when(years.is_between(0, 120)).then(years)
    ).clip(upper_bound=TOP_AGE)
    return (age // rule.age_step * rule.age_step).cast(pl.Int32)


def _geography(joined: pl.DataFrame, rule: Profile) -> list[pl.Expr]:
    state = _text(joined, "addrAtDxState").str.to_uppercase()
    state = pl.when(state.is_in(sorted(standards.code_set("addrAtDxState", standards.CURRENT_VERSION)))).then(
        state
    )
    zip3 = _text(joined, "addrAtDxPostalCode").str.extract(r"^(\d{3})\d{2}(?:\d{4})?$")
    small = pl.when(zip3.is_in(sorted(SMALL_ZIP3))).then(pl.lit("000")).otherwise(zip3)
    county = _text(joined, "countyAtDx").str.extract(r"^(\d{3})$")
    wanted = ((rule.state, "state", state), (rule.zip3, "zip3", small), (rule.county, "county", county))
    return [value.alias(name) for allowed, name, value in wanted if allowed]


def _without_small_areas(
    cases: pl.DataFrame, small_area: int, county_population: pl.DataFrame | None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Areas with too few patients (or people) lose their name: ZIP 000, county null; and how many rows did."""
    hidden = {}
    patients = pl.col("study_patient_id").n_unique()
    if "zip3" in cases.columns:
        small = (pl.col("zip3") != "000") & (patients.over("zip3") < small_area)
        hidden["zip3"] = int(cases.select(small.sum()).item() or 0)
        cases = cases.with_columns(pl.when(small).then(pl.lit("000")).otherwise("zip3").alias("zip3"))
    if "county" in cases.columns:
        named = pl.lit(False)
        if county_population is not None:
            large = county_population.filter(pl.col("population") >= 100_000).select(
                pl.col("addrAtDxState").alias("state"), pl.col("countyAtDx").alias("county"), pl.lit(True).alias("large")
            ).unique()  # fmt: skip
            cases = cases.join(large, on=["state", "county"], how="left", maintain_order="left")
            named = pl.col("large").fill_null(False) & (patients.over("state", "county") >= small_area)
        shown = pl.when(named).then("county").alias("county")
        hidden["county"] = int(
            cases.select((pl.col("county").is_not_null() & named.not_()).sum()).item() or 0
        )
        cases = cases.with_columns(shown).drop("large", strict=False)
    return cases, hidden


def _report(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    people: pl.DataFrame,
    cases: pl.DataFrame,
    rule: Profile,
    areas: dict[str, int],
) -> dict[str, Any]:
    """Counts for the manifest: nothing in it comes from a single record.

    Keys: profile, patients, tumors, columns_released, columns_held_back, values_refused (item → values that did not
    fit their pattern), ages_top_coded, areas_not_named, risk (see `_risk`).
    """
    from_items = {*PATIENT_ITEMS, *TUMOR_ITEMS, *TUMOR_WORDS, *INTERVALS}
    used = from_items - rule.held_back | {"sex", "sexAssignedAtBirth", "causeOfDeath", "ageAtDiagnosis"}
    used |= {name for name in ("addrAtDxState", "addrAtDxPostalCode", "countyAtDx") if rule.state}
    sources = {*patients.columns, *tumors.columns}
    own = {name for name in sources if name.endswith("_id")}
    refused = {
        item: lost
        for before, after in ((patients, people), (tumors, cases))
        for item in after.columns
        if item in from_items and item in before.columns
        and (lost := before.select(_text(before, item).count()).item() - after[item].count())
    }  # fmt: skip
    return {
        "profile": rule.name,
        "patients": people.height,
        "tumors": cases.height,
        "columns_released": {"patients": people.columns, "tumors": cases.columns},
        "columns_held_back": sorted(sources - used - own),
        "values_refused": dict(sorted(refused.items())),
        "ages_top_coded": int((cases["age_at_diagnosis"] == TOP_AGE).sum()),
        "areas_not_named": areas,
        "risk": _risk(people, cases),
    }


def _risk(people: pl.DataFrame, cases: pl.DataFrame) -> dict[str, Any]:
    """k-anonymity and l-diversity over what an outsider may know about somebody.

    Keys: quasi_identifiers, groups, smallest_group (k), patients_unique, patients_in_groups_below_5, _below_11,
    least_diverse_group (l: fewest different primary sites among groups of two or more patients).
    """
    known = [
        "sex_at_birth",
        "race1",
        "spanishHispanicOrigin",
        "age_at_diagnosis",
        "diagnosis_year",
        "state",
        "zip3",
        "county",
    ]
    both = cases.join(people, on="study_patient_id", how="left", maintain_order="left")
    quasi = [name for name in known if name in both.columns]
    site = pl.col("primarySite").str.slice(0, 3) if "primarySite" in both.columns else pl.lit("")
    groups = both.group_by(quasi).agg(
        pl.col("study_patient_id").n_unique().alias("k"), site.n_unique().alias("l")
    ).sort("k", *quasi)  # fmt: skip

    def within(limit: int) -> int:
        return int(groups.filter(pl.col("k") < limit)["k"].sum())

    several = groups.filter(pl.col("k") > 1)
    return {
        "quasi_identifiers": quasi,
        "groups": groups.height,
        "smallest_group": _smallest(groups["k"]),
        "patients_unique": within(2),
        "patients_in_groups_below_5": within(5),
        "patients_in_groups_below_11": within(11),
        "least_diverse_group": _smallest(several["l"]),
    }


def _smallest(values: Iterable[int]) -> int | None:
    return min((int(value) for value in values), default=None)
