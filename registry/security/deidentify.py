"""What may leave the registry for research: an allow list of columns, each value checked against its pattern.

Nothing passes because it was not thought of: an output column exists only when the allow list names it, and a value
only when it looks like a code of its item. Identifiers become keyed one-way numbers, dates become the
year of diagnosis and whole months since then (or days moved by a secret number for each patient), ages of 90 and over
one group, also where intervals would tell them, ZIP codes three digits.

Sources: 45 CFR 164.514(b)(2) (safe harbor), (b)(1) (shifted dates need an expert's determination), (c)
(re-identification codes), (e) (limited data sets); HHS guidance of 2012-11-26 on de-identification (ZIP areas of
20,000 people or fewer, Census 2000 and 2010 lists together).
"""

from __future__ import annotations

import hmac
from typing import Any, Final

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.security import ages
from registry.security.allow_list import (
    BIRTH,
    DATES,
    DAYS,
    DEATH_CLASSES,
    FULL_DATE,
    INTERVALS,
    LIMITED_PLACES,
    PATIENT_ITEMS,
    PROFILES,
    SMALL_ZIP3,
    TUMOR_ITEMS,
    TUMOR_WORDS,
    Profile,
)
from registry.security.risk import report_on
from registry.standards import dates

__all__ = ["PATIENT_ITEMS", "PROFILES", "SMALL_ZIP3", "TUMOR_ITEMS", "deidentify", "shift_days"]

KEY_BYTES: Final = 16
LONGEST_SHIFT: Final = 182
LONGEST_DAYS: Final = 99_999


def deidentify(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    *,
    key: bytes,
    profile: str | Profile = "research",
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
        profile: name of one of PROFILES, or a profile made of one (an agreement's columns, shifted dates).
        study: name of the study; each study gets other numbers from the same key.
        patient_key: column that tells patients apart.
        tumor_key: column that tells tumors apart.
        small_area: areas with fewer patients than this are not named.
        county_population: countyAtDx, addrAtDxState, population; a county is named only when it has 100,000
            people or more. Without it no county is named.

    Returns:
        patients: study_patient_id, sex_at_birth, items of PATIENT_ITEMS, cause_of_death (first three characters);
        in a limited data set dateOfBirth.
        tumors: study_tumor_id, study_patient_id, diagnosis_year, age_at_diagnosis (90 = 90 and over),
        state, zip3, county as the profile allows, items of TUMOR_ITEMS and TUMOR_WORDS, intervals in whole months.
        With shifted dates shifted_<item> (YYYYMMDD or YYYYMM) in the place of diagnosis_year; a limited data set has
        the dates and LIMITED_PLACES themselves.
        Both sorted by study number, which tells nothing about the order in the registry.
        The report: see `risk.report_on`; counts and column names only, JSON-able.

    Raises:
        BadInput: short key, unknown profile, missing or repeated key column.

    >>> patients = pl.DataFrame({"patient_id": [1], "nameLast": ["RIVERA"], "sexAssignedAtBirth": ["2"],
    ...     "vitalStatus": ["1"], "dateOfLastContact": ["20240301"]})
    >>> tumors = pl.DataFrame({"tumor_id": [7], "patient_id": [1], "primarySite": ["C509"],
    ...     "dateOfDiagnosis": ["20220215"], "ageAtDiagnosis": ["093"], "textRemarks": ["see Rivera"]})
    >>> people, cases, report = deidentify(patients, tumors, key=b"sixteen bytes or more")
    >>> cases.select("diagnosis_year", "age_at_diagnosis", "primarySite", "months_to_last_contact").row(0)
    (2022, 90, 'C509', 12)
    >>> "nameLast" in people.columns, report["columns_held_back"]
    (False, ['dateOfDiagnosis', 'nameLast', 'textRemarks'])
    """
    rule = _checked(patients, tumors, key, profile, patient_key, tumor_key)
    secret = hmac.digest(key, b"study\0" + study.encode() + b"\0" + rule.name.encode(), "sha256")
    people_ids = _study_ids(patients[patient_key], secret, b"patient\0")
    shift = shift_days(patients[patient_key], secret) if rule.dates == "shifted" else None
    joined = tumors.join(
        patients.select(
            pl.col(patient_key),
            people_ids.alias("study_patient_id"),
            *([] if shift is None else [shift.alias("_shift")]),
            *(pl.col(name) for name in ("dateOfLastContact", "dateOfBirth") if name in patients.columns),
        ),
        on=patient_key, how="left", maintain_order="left", suffix="_of_patient",
    )  # fmt: skip
    joined = joined.with_columns(ages.known_ages(joined, _day(_text(joined, "dateOfDiagnosis"))))
    people = patients.select(
        people_ids.alias("study_patient_id"),
        _sex(patients).alias("sex_at_birth"),
        *_allowed(patients, PATIENT_ITEMS, rule),
        _text(patients, "causeOfDeath").str.extract(r"^([A-Z][0-9]{2})[0-9A-Z]?$").alias("cause_of_death"),
        *([_real_date(patients, BIRTH)] if rule.dates == "full" and BIRTH in patients.columns else []),
    )
    cases = joined.select(
        _study_ids(joined[tumor_key], secret, b"tumor\0").alias("study_tumor_id"),
        "study_patient_id",
        *_diagnosed(joined, rule),
        ages.released_age(rule).alias("age_at_diagnosis"),
        *_geography(joined, rule),
        *_allowed(joined, TUMOR_ITEMS, rule),
        *_named(joined),
        *_intervals(joined, rule),
        *_days(joined, rule),
    )
    people = people.select(name for name in people.columns if rule.releases(name))
    cases, areas = _without_small_areas(cases, small_area, county_population)
    top_coded = _top_coded(joined, rule)
    cases = cases.select(name for name in cases.columns if rule.releases(name))
    people, cases = people.sort("study_patient_id"), cases.sort("study_tumor_id")
    return people, cases, report_on(patients, tumors, people, cases, rule, areas, top_coded)


def _checked(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    key: bytes,
    profile: str | Profile,
    patient_key: str,
    tumor_key: str,
) -> Profile:
    if len(key) < KEY_BYTES:
        raise BadInput("de-identification key", f"it has {len(key)} bytes, at least {KEY_BYTES} are needed")
    if isinstance(profile, str) and profile not in PROFILES:
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
    return PROFILES[profile] if isinstance(profile, str) else profile


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


def shift_days(ids: pl.Series, secret: bytes) -> pl.Series:
    """Days that each patient's dates move: from 1 to 182 forward or back, the same for all dates of one patient.

    >>> days = shift_days(pl.Series(range(2000)), b"0123456789abcdef")
    >>> days.min(), days.max(), int((days == 0).sum())
    (-182, 182, 0)
    """
    found = []
    for text in ids.cast(pl.String).to_list():
        number = int.from_bytes(hmac.digest(secret, b"shift\0" + text.encode(), "sha256")[:8], "big")
        size = (
            number % (2 * LONGEST_SHIFT) - LONGEST_SHIFT
        )  # -182 to 181, of which 0 and more become 1 to 182
        found.append(size if size < 0 else size + 1)
    return pl.Series(found, dtype=pl.Int16)


def _fits(text: pl.Expr, pattern: str) -> pl.Expr:
    """The text where the whole of it fits; digits are 0 to 9 only, which the regex class of digits is not."""
    ascii_digits = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[0-9A-Z]")
    return pl.when(text.str.contains(rf"\A(?:{ascii_digits})\z")).then(text)


def _fitting(frame: pl.DataFrame, items: dict[str, str]) -> list[pl.Expr]:
    """Values of the listed items that fit their whole pattern; every other value becomes null."""
    found = {item: _fits(_text(frame, item), text) for item, text in items.items() if item in frame.columns}
    if "schemaId" in found:  # five digits may be anybody's record number
        known = sorted(standards.code_set("schemaId", standards.CURRENT_VERSION))
        found["schemaId"] = pl.when(found["schemaId"].is_in(known)).then(found["schemaId"])
    return [value.alias(item) for item, value in found.items()]


def _allowed(frame: pl.DataFrame, items: dict[str, str], rule: Profile) -> list[pl.Expr]:
    found = _fitting(frame, {item: text for item, text in items.items() if item not in rule.held_back})
    if rule.limited or items is PATIENT_ITEMS:
        return found
    return [
        ages.survival_months(value, rule).alias(value.meta.output_name())
        if value.meta.output_name().startswith("survMos")
        else value
        for value in found
    ]


def _named(frame: pl.DataFrame) -> list[pl.Expr]:
    """Columns of TUMOR_WORDS; a word outside its published table becomes null."""
    from registry.analytics.stages import GROUPS
    from registry.coding.recodes.site import recode_names

    names = {
        "site_group": {*recode_names("2008")["name"], "Unknown"}, "stage": set(GROUPS), "death_class": set(DEATH_CLASSES),
    }  # fmt: skip
    return [
        pl.when(_text(frame, item).is_in(sorted(names[item]))).then(_text(frame, item)).alias(item)
        for item in TUMOR_WORDS
        if item in frame.columns
    ]


def _day(text: pl.Expr) -> pl.Expr:
    """Date of a NAACCR date: a missing day is the 15th, a missing month makes it null."""
    size, first = text.str.len_bytes(), dates.earliest(text)
    return pl.when(size == 8).then(first).when(size == 6).then(first.dt.offset_by("14d"))


def _months(joined: pl.DataFrame) -> dict[str, pl.Expr]:
    """Date item → whole months since diagnosis."""
    start = _day(_text(joined, "dateOfDiagnosis"))
    return {
        item: ((_day(_text(joined, item)) - start).dt.total_days() / ages.DAYS_PER_MONTH)
        .floor()
        .cast(pl.Int32)
        for item in INTERVALS
        if item in joined.columns
    }


def _intervals(joined: pl.DataFrame, rule: Profile) -> list[pl.Expr]:
    """Months since diagnosis, and the dates themselves where the profile has them (shifted or as they are)."""
    months = _months(joined)
    found = [ages.top_coded(value, rule).alias(INTERVALS[item]) for item, value in months.items()]
    if rule.dates == "full":
        found += [_real_date(joined, item) for item in DATES if item in joined.columns]
    if rule.dates == "shifted":
        found += [
            pl.when(ages.too_old(months[item], rule).not_() if item in months else pl.lit(True))
            .then(_shifted(_text(joined, item)))
            .alias(f"shifted_{item}")
            for item in DATES
            if item in joined.columns
        ]
    return found


def _days(joined: pl.DataFrame, rule: Profile) -> list[pl.Expr]:
    """Whole days since diagnosis, where the profile has them; null where they would tell an age over 89."""
    if not rule.has_days:
        return []
    found = []
    for name in DAYS:
        if name in joined.columns:
            days = pl.col(name).cast(pl.Int32, strict=False)
            days = pl.when(days.is_between(-LONGEST_DAYS, LONGEST_DAYS)).then(days)
            months = (days / ages.DAYS_PER_MONTH).floor().cast(pl.Int32)
            found.append(pl.when(ages.too_old(months, rule).not_()).then(days).alias(name))
    return found


def _real_date(frame: pl.DataFrame, item: str) -> pl.Expr:
    """A full or partial date of the calendar as it is; any other text becomes null."""
    text = _text(frame, item)
    return pl.when(dates.earliest(text).is_not_null()).then(_fits(text, FULL_DATE)).alias(item)


def _shifted(text: pl.Expr) -> pl.Expr:
    """A date moved by its patient's days: a full one stays full, one without a day is the month of its moved 15th."""
    moved = _day(text) + pl.duration(days=pl.col("_shift"))
    written = moved.dt.strftime("%Y%m%d")
    return pl.when(text.str.len_bytes() == 8).then(written).otherwise(written.str.slice(0, 6))


def _top_coded(joined: pl.DataFrame, rule: Profile) -> int:
    """Intervals (or dates) that would have told an age over 89."""
    flags = [ages.too_old(value, rule) for value in _months(joined).values()]
    if rule.limited or not flags:
        return 0
    return int(joined.select(pl.sum_horizontal(flag.cast(pl.Int64).sum() for flag in flags)).item() or 0)


def _diagnosed(joined: pl.DataFrame, rule: Profile) -> list[pl.Expr]:
    if rule.dates == "shifted":  # the year as it was would tell how far the dates moved
        return []
    return [dates.year(_text(joined, "dateOfDiagnosis")).alias("diagnosis_year")]


def _state(joined: pl.DataFrame) -> pl.Expr:
    """The state's postal code; two letters that are none may be a name."""
    state = _text(joined, "addrAtDxState").str.to_uppercase()
    return pl.when(state.is_in(sorted(standards.code_set("addrAtDxState", standards.CURRENT_VERSION)))).then(
        state
    )


def _geography(joined: pl.DataFrame, rule: Profile) -> list[pl.Expr]:
    if rule.limited:
        zip5 = _text(joined, "addrAtDxPostalCode").str.extract(r"^([0-9]{5})(?:[0-9]{4})?$")
        places = {
            item: text
            for item, text in LIMITED_PLACES.items()
            if item not in ("addrAtDxPostalCode", "addrAtDxState")
        }
        named = [_state(joined).alias("addrAtDxState")] if "addrAtDxState" in joined.columns else []
        return [*named, *_fitting(joined, places), zip5.alias("addrAtDxPostalCode")]
    state = _state(joined)
    zip3 = _text(joined, "addrAtDxPostalCode").str.extract(r"^([0-9]{3})[0-9]{2}(?:[0-9]{4})?$")
    small = pl.when(zip3.is_in(sorted(SMALL_ZIP3))).then(pl.lit("000")).otherwise(zip3)
    county = _text(joined, "countyAtDx").str.extract(r"^([0-9]{3})$")
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
