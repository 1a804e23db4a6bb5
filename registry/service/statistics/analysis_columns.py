"""The columns of the analysis frame: what records say, in small types, derived once for all figures.

One query reads every item that figures need (a facility's staff: from the frames of their own abstracts), turns codes
and dates into numbers on the way, and leaves as text only what derivations read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from registry import coding
from registry.analytics.stages import AJCC_ITEMS, with_ajcc, with_stage
from registry.analytics.stages import ITEMS as STAGE_ITEMS
from registry.coding.recodes import site_groups as sites
from registry.service import frames
from registry.service.statistics.analysis_codes import (
    AGE_GROUPS,
    CAUSES,
    ORIGINS,
    RACES,
    SEXES,
    SITES,
    Dates,
    dates_of,
)

if TYPE_CHECKING:
    from registry.service.operations import Context

PATIENT_TEXTS = [
    "sex",
    "sexAssignedAtBirth",
    "race1",
    "spanishHispanicOrigin",
    "causeOfDeath",
    "icdRevisionNumber",
]
TUMOR_TEXTS = [
    "primarySite", "histologicTypeIcdO3", "sequenceNumberCentral", *STAGE_ITEMS, "addrAtDxState", "countyAtDxAnalysis",
    "countyAtDx", "reportingFacility", "laterality", "gradePathological", "gradeClinical", "grade", *AJCC_ITEMS,
]  # fmt: skip
PATIENT_DATES = ["dateOfBirth", "dateOfLastContact"]
TUMOR_DATES = [
    "dateOfDiagnosis", "date1stCrsRxCoc", "dateInitialRxSeer", "rxDateSurgery", "rxDateMostDefinSurg", "rxDateSystemic",
    "rxDateChemo", "rxDateHormone", "rxDateBrm", "rxDateRadiation",
]  # fmt: skip
NUMBERS = {
    "behaviorCodeIcdO3": 1, "typeOfReportingSource": 1, "diagnosticConfirmation": 1, "classOfCase": 2,
    "ageAtDiagnosis": 3, "rxSummTreatmentStatus": 1,
}  # fmt: skip
"""Item → digits that a value may have."""
HISTORIC_ITEMS = [
    "csExtension", "csLymphNodes", "csMetsAtDx", "csSiteSpecificFactor1", "csSiteSpecificFactor2",
    "codingSystemForEod", "eodExtension", "eodLymphNodeInvolv", "eodOld4Digit", "eodOld13Digit", "eodOld2Digit",
    "registryId",
]  # fmt: skip
"""What the historic stage of diagnoses before FIRST_SUMMARY_YEAR is derived from, where the registry has any of it."""
FIRST_SUMMARY_YEAR = 2001
ANY_DAY = dt.date(9998, 12, 31)
"""The frame knows no cut-off: a death after the day asked about is told as one, and cut when the cohort is applied."""
UNTREATED = (0, 2)
"""rxSummTreatmentStatus of those for whom the date of first treatment is the day of a decision (none, or to wait)."""
TREATMENTS = {
    "first_surgery": ("rxDateSurgery", "rxDateMostDefinSurg"),
    "first_systemic": ("rxDateSystemic", "rxDateChemo", "rxDateHormone", "rxDateBrm"),
    "first_radiation": ("rxDateRadiation",),
}
TUMOR_ITEMS = list(dict.fromkeys([*TUMOR_TEXTS, *TUMOR_DATES, *NUMBERS]))
PATIENT_ITEMS = [*PATIENT_TEXTS, *PATIENT_DATES, "vitalStatus"]


def build(context: Context, patients: Collection[int] | None = None) -> pl.DataFrame:
    """The analysis frame of the actor's scope, sorted by tumor_id; columns as `docs/guide/statistics.md` lists them.

    Args:
        patients: only their tumors; None = everybody's. Nothing in a row depends on other patients.
    """
    raw = _read(context, patients).sort("tumor_id")
    days = {item: dates_of(raw[f"@{item}"]) for item in (*PATIENT_DATES, *TUMOR_DATES)}
    diagnosed = days["dateOfDiagnosis"]
    frame = raw.select("tumor_id", "patient_id").with_columns(
        born=days["dateOfBirth"].middle(years=True), diagnosed=diagnosed.middle(), year=diagnosed.year,
        last_contact=days["dateOfLastContact"].middle(),
    )  # fmt: skip
    raw = _with_historic_stage(raw, frame["year"])
    for part in (
        _codes(raw),
        _people(raw),
        _ages(raw, frame),
        _stages(raw, frame["year"]),
        _delays(raw, days),
    ):
        frame = frame.hstack(part)
    frame = frame.with_columns(month_known=pl.col("diagnosed").is_not_null())
    return frame.with_columns(_first_primary(frame, diagnosed), _site_groups(raw), _causes(raw, frame))


def _read(context: Context, wanted: Collection[int] | None) -> pl.DataFrame:
    """tumor_id, patient_id, texts by their item, dates and numbers as `@item`."""
    given: dict[str, pl.DataFrame] = {}
    patient, tumor = "patient", "tumor"
    present = {name: set(context.store.columns(name)) for name in ("patient", "tumor")}
    historic = [item for item in HISTORIC_ITEMS if item in present["tumor"]]
    if context.actor.facilities is not None:
        patients, tumors = frames.of_abstracts(
            context, _abstracts(context, wanted), PATIENT_ITEMS, [*TUMOR_ITEMS, *historic]
        )
        given = {"own_patients": patients, "own_tumors": tumors}
        patient, tumor = "own_patients", "own_tumors"
        present = {"patient": set(patients.columns), "tumor": set(tumors.columns)}
    columns = [
        *(_text("p", item, present["patient"]) for item in PATIENT_TEXTS),
        *(_text("t", item, present["tumor"]) for item in dict.fromkeys(TUMOR_TEXTS)),
        *(_text("t", item, present["tumor"]) for item in historic),
        *(_date("p", item, present["patient"]) for item in PATIENT_DATES),
        *(_date("t", item, present["tumor"]) for item in TUMOR_DATES),
        *(_number("t", item, size, present["tumor"]) for item, size in NUMBERS.items()),
        _number("p", "vitalStatus", 1, present["patient"]),
    ]
    gone = "TRUE" if given else f"t.{frames.NOT_GONE} AND p.{frames.NOT_GONE}"
    if wanted is not None:
        given["wanted_patients"] = pl.DataFrame(
            {"patient_id": sorted(wanted)}, schema={"patient_id": pl.Int64}
        )
        few = "WHERE patient_id IN (SELECT patient_id FROM wanted_patients)"
        patient, tumor = (f"(SELECT * FROM {name} {few})" for name in (patient, tumor))
    return context.store.query(
        f"SELECT CAST(t.tumor_id AS BIGINT) AS tumor_id, CAST(t.patient_id AS BIGINT) AS patient_id, "
        f"{', '.join(columns)} FROM {tumor} t LEFT JOIN {patient} p ON p.patient_id = t.patient_id WHERE {gone}",
        frames=given or None,
    )


def _abstracts(context: Context, patients: Collection[int] | None) -> list[int] | None:
    """Abstracts of these patients; None = all."""
    if patients is None:
        return None
    found = context.store.query(
        "SELECT abstract_id FROM abstract WHERE patient_id IN (SELECT patient_id FROM wanted) ORDER BY abstract_id",
        frames={"wanted": pl.DataFrame({"patient_id": sorted(patients)}, schema={"patient_id": pl.Int64})},
    )
    return found["abstract_id"].to_list()


def _text(alias: str, item: str, present: set[str]) -> str:
    if item not in present:
        return f'CAST(NULL AS VARCHAR) AS "{item}"'
    return f"""nullif(trim({alias}."{item}"), '') AS "{item}\""""


def _number(alias: str, item: str, size: int, present: set[str]) -> str:
    """Digits as a number; null when the text is longer or is none."""
    if item not in present:
        return f'CAST(NULL AS SMALLINT) AS "@{item}"'
    text = f'trim({alias}."{item}")'
    digits = f"length({text}) <= {size} AND {text} >= '0' AND {text} < ':'"
    return f'CASE WHEN {digits} THEN TRY_CAST({text} AS SMALLINT) END AS "@{item}"'


def _date(alias: str, item: str, present: set[str]) -> str:
    """A date as a number: yyyymmdd as it is; yyyymm and yyyy as negative numbers; null for what has neither form."""
    if item not in present:
        return f'CAST(NULL AS INTEGER) AS "@{item}"'
    text = f'trim({alias}."{item}")'
    number = f"TRY_CAST({text} AS INTEGER)"
    return (
        f"CASE length({text}) WHEN 8 THEN CASE WHEN {number} >= 10000000 THEN {number} END "
        f"WHEN 6 THEN CASE WHEN {number} >= 100000 THEN -{number} END "
        f'WHEN 4 THEN CASE WHEN {number} >= 1000 THEN -{number} END END AS "@{item}"'
    )


def _codes(raw: pl.DataFrame) -> pl.DataFrame:
    """Site, histology, behavior and what the record says about itself."""
    site, behavior = pl.col("primarySite").str.to_uppercase(), pl.col("@behaviorCodeIcdO3")
    histology = pl.col("histologicTypeIcdO3").cast(pl.Int16, strict=False)
    three = site.str.slice(0, 3)
    named = {
        "state": pl.col("addrAtDxState").str.to_uppercase(),
        "county": pl.coalesce("countyAtDxAnalysis", "countyAtDx"),
        "facility": pl.col("reportingFacility"),
        "laterality": pl.col("laterality"),
        "grade": pl.coalesce("gradePathological", "gradeClinical", "grade"),
        "primarySite": site,
    }
    return raw.select(
        *(column.cast(pl.Categorical).alias(name) for name, column in named.items()),
        three.cast(SITES, strict=False).alias("site"),
        pl.when(histology.is_between(8000, 9999)).then(histology).alias("histologicTypeIcdO3"),
        behavior.cast(pl.Int8).alias("behavior"),
        ((behavior == 3) | ((behavior == 2) & (three == "C67"))).fill_null(False).alias("malignant"),
        pl.col("@classOfCase").cast(pl.Int8).alias("class_of_case"),
        pl.col("@classOfCase").is_between(0, 22).alias("analytic"),
        pl.col("sequenceNumberCentral").cast(pl.Int8, strict=False).alias("sequence"),
        pl.col("@typeOfReportingSource").cast(pl.Int8).alias("reporting_source"),
        pl.col("@diagnosticConfirmation").cast(pl.Int8).alias("diagnostic_confirmation"),
    )


def _people(raw: pl.DataFrame) -> pl.DataFrame:
    from registry.standards import sex_at_birth

    race, origin = pl.col("race1").cast(pl.UInt8, strict=False), pl.col("spanishHispanicOrigin")
    vital = pl.col("@vitalStatus")
    group = (
        pl.when(race == 1).then(0).when(race == 2).then(1).when(race == 3).then(2)
        .when(race.is_between(4, 32) | race.is_in([96, 97])).then(3).otherwise(4)
    )  # fmt: skip
    hispanic = pl.when(origin == "0").then(0).when(origin.is_in(list("12345678"))).then(1).otherwise(2)
    return raw.select(
        sex_at_birth().cast(SEXES, strict=False).fill_null("9").alias("sex"),
        group.cast(pl.UInt8).cat.to(RACES).alias("race"),
        hispanic.cast(pl.UInt8).cat.to(ORIGINS).alias("hispanic"),
        pl.when(vital.is_in([0, 1, 4])).then(vital != 1).alias("dead"),
    )


def _ages(raw: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Age as stated (0-120), else whole years from birth to diagnosis; and its group of 19."""
    stated, born, diagnosed = raw["@ageAtDiagnosis"], pl.col("born"), pl.col("diagnosed")
    day_of_year = [day.dt.month().cast(pl.Int32) * 100 + day.dt.day() for day in (diagnosed, born)]
    years = diagnosed.dt.year() - born.dt.year() - (day_of_year[0] < day_of_year[1]).cast(pl.Int32)
    age = frame.select(
        pl.coalesce(
            pl.when(stated.is_between(0, 120)).then(stated), pl.when(years.is_between(0, 120)).then(years)
        )
        .cast(pl.Int16)
        .alias("age")
    )
    old = pl.col("age")
    group = pl.when(old == 0).then(0).when(old < 85).then(old // 5 + 1).otherwise(18)
    return age.with_columns(
        pl.when(old.is_not_null()).then(group).cast(pl.UInt8).cat.to(AGE_GROUPS).alias("age_group")
    )


def _with_historic_stage(raw: pl.DataFrame, year: pl.Series) -> pl.DataFrame:
    """Adds historicStage of early diagnoses, from what was coded of their extent (all null where nothing was)."""
    coded = [item for item in HISTORIC_ITEMS[:-1] if item in raw.columns]
    filled = raw.select(
        pl.any_horizontal(pl.lit(False), *(pl.col(item).is_not_null() for item in coded)).alias("any")
    )
    early = (year < FIRST_SUMMARY_YEAR).fill_null(False) & (filled["any"] if coded else False)
    if not early.any():
        return raw.with_columns(historicStage=pl.lit(None, pl.String))
    rows = raw.filter(early).with_columns(
        year.filter(early).cast(pl.String).alias("dateOfDiagnosis"),
        pl.col("@behaviorCodeIcdO3", "@typeOfReportingSource")
        .cast(pl.String)
        .name.map(lambda name: name[1:]),
    )
    made = coding.derive(rows, ["seer-historic-stage"])["historicStage"]
    empty = pl.repeat(None, raw.height, dtype=pl.String, eager=True)
    return raw.with_columns(empty.scatter(early.arg_true(), made).alias("historicStage"))


def _stages(raw: pl.DataFrame, year: pl.Series) -> pl.DataFrame:
    """Resolved stage and AJCC group (registry.analytics.stages), from the distinct combinations of their items."""
    told = dict.fromkeys([*STAGE_ITEMS, *AJCC_ITEMS])
    coded = raw.select(
        name for name in told if name in raw.columns and name != "dateOfDiagnosis"
    ).with_columns(year)
    distinct = coded.unique(maintain_order=True)
    told_year = pl.col("year").cast(pl.Int32)
    made = with_ajcc(with_stage(distinct, year=told_year), year=told_year)
    made = made.with_columns(pl.col("stage_code", "ajcc_code").cast(pl.Categorical))
    joined = coded.join(made, on=coded.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.drop(coded.columns)


def _delays(raw: pl.DataFrame, days: dict[str, Dates]) -> pl.DataFrame:
    """Days from diagnosis to the first of each kind of treatment; both dates with their day."""
    start = days["dateOfDiagnosis"].full()
    kinds = {name: _earliest(items, days) for name, items in TREATMENTS.items()}
    first = pl.DataFrame(
        {"a": days["date1stCrsRxCoc"].full(), "b": days["dateInitialRxSeer"].full(), **kinds}
    )
    told = pl.coalesce("a", "b", pl.min_horizontal(*kinds)).alias("first_treatment")
    first = first.select(told, *kinds).with_columns(start=start, status=raw["@rxSummTreatmentStatus"])
    untreated = pl.col("status").is_in(UNTREATED).fill_null(False)
    since = {
        name: (pl.col(name) - pl.col("start")).dt.total_days().cast(pl.Int32)
        for name in ("first_treatment", *kinds)
    }
    since["first_treatment"] = pl.when(~untreated).then(since["first_treatment"])
    return first.select(**since)


def _earliest(items: Iterable[str], days: dict[str, Dates]) -> pl.Series:
    named = pl.DataFrame({item: days[item].full() for item in items})
    return named.select(pl.min_horizontal(pl.all())).to_series()


def _first_primary(frame: pl.DataFrame, diagnosed: Dates) -> pl.Series:
    """Sequence 00 or 01 where it is filled; else the patient's earliest malignant tumor."""
    sequence = frame["sequence"]
    if not sequence.null_count():
        return (sequence <= 1).alias("first_primary")
    order = pl.DataFrame({
        "patient": frame["patient_id"], "other": frame["behavior"].ne_missing(3), "day": diagnosed.earliest(),
        "row": pl.int_range(frame.height, eager=True),
    })  # fmt: skip
    first = order.sort("patient", "other", "day", "row").unique("patient", keep="first", maintain_order=True)[
        "row"
    ]
    earliest = np.zeros(frame.height, dtype=bool)
    earliest[first.to_numpy()] = True
    known = pl.col("sequence").is_not_null()
    return frame.select(
        pl.when(known).then(pl.col("sequence") <= 1).otherwise(pl.Series(earliest)).alias("first_primary")
    ).to_series()


def _site_groups(raw: pl.DataFrame) -> pl.Series:
    """Names of registry.coding.recodes.site_groups, from the distinct pairs of site and histology."""
    pairs = raw.select(sites.ITEMS).unique(maintain_order=True)
    named = sites.with_site_group(pairs).with_columns(pl.col("site_group").cast(site_enum()))
    joined = raw.select(sites.ITEMS).join(
        named, on=sites.ITEMS, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["site_group"]


def site_enum() -> pl.Enum:
    """Names of site groups, sorted, the unknown last."""
    return pl.Enum([*sorted(set(sites.group_names().values()) - {sites.UNKNOWN}), sites.UNKNOWN])


def _causes(raw: pl.DataFrame, frame: pl.DataFrame) -> pl.Series:
    """Death of this cancer or of another cause: SEER's cause-specific classification, for the dead.

    A blank sequence number is read as "only one" for a patient with one tumor here, else as one of several; a blank
    ICD revision as the tenth where the cause begins with a letter.
    """
    dead = frame["dead"].fill_null(False)
    several = frame.select(pl.len().over("patient_id") > 1).to_series().filter(dead)
    cause = pl.col("causeOfDeath")
    revision = pl.when(cause.str.contains("^[A-Za-z]")).then(pl.lit("1"))
    died = raw.select(*sites.ITEMS, "sequenceNumberCentral", "icdRevisionNumber", "causeOfDeath").filter(dead)
    died = died.with_columns(
        pl.coalesce("sequenceNumberCentral", pl.when(several).then(pl.lit("01")).otherwise(pl.lit("00"))),
        pl.coalesce("icdRevisionNumber", revision).alias("icdRevisionNumber"),
    )
    made = coding.derive(died, ["cause-specific-2008-fixed"], as_of=ANY_DAY)
    told = pl.col("icdRevisionNumber").is_not_null()
    place = (
        pl.when(told & (pl.col("cause_specific_2008_fixed") == "1")).then(1)
        .when(told & (pl.col("other_2008_fixed") == "1")).then(2).otherwise(3)
    )  # fmt: skip
    codes = np.where(frame["dead"].is_null().to_numpy(), 3, 0).astype(np.uint8)
    codes[dead.to_numpy()] = made.select(place.cast(pl.UInt8)).to_series().to_numpy()
    return pl.Series("cause", codes).cat.to(CAUSES)
