"""Quality indicators of a registry, by diagnosis year and facility, against dated thresholds.

Each indicator is a numerator and a denominator, both expressions over the records; the formulas are
those of the quality documents (NAACCR, NPCR, CI5, Bray & Parkin 2009). Thresholds are data
(`data/thresholds.csv`, with the dates from which they hold), never code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import polars as pl

from registry import standards
from registry.edits.engine import joined
from registry.quality.completeness import DATA, diagnosis_year, facility, reported

COLUMNS = (
    "indicator",
    "name",
    "group",
    "facility",
    "year",
    "numerator",
    "denominator",
    "value",
    "threshold_gold",
    "threshold_silver",
    "status",
)
_ITEMS = (
    "ageAtDiagnosis sexAssignedAtBirth sex countyAtDx race1 typeOfReportingSource diagnosticConfirmation primarySite "
    "histologicTypeIcdO3 behaviorCodeIcdO3 laterality dateOfDiagnosis summaryStage2018 rxSummTreatmentStatus "
    "vitalStatus causeOfDeath"
).split()
_ALL = pl.lit(value=True)


def _item(name: str) -> pl.Expr:
    return pl.col(name)


def _missing(item: str, *codes: str) -> pl.Expr:
    return _item(item).is_null() | _item(item).is_in(list(codes))


def _confirmed(*codes: str) -> pl.Expr:
    return _item("diagnosticConfirmation").is_in(list(codes))


def _site(groups: str) -> pl.Expr:
    return _item("primarySite").str.slice(0, 3).is_in(groups.split())


DCO = _item("typeOfReportingSource") == "7"
MALIGNANT = _item("behaviorCodeIcdO3") == "3"
VERIFIED = _confirmed("1", "2", "3", "4")
DEAD = _item("vitalStatus") == "0"
UNSPECIFIED = _item("histologicTypeIcdO3").is_in([*map(str, range(8000, 8006)), "8010", "8020", "8021"])


@dataclass(frozen=True)
class Indicator:
    """A share of records: `per` times numerator over denominator.

    Attributes:
        id: as in the catalogue of indicators.
        name: in words.
        group: completeness, validity, missing, followup or process.
        numerator: Boolean expression; counted among the records of the denominator.
        denominator: Boolean expression.
        per: 100 for percent, 1000 for per mille.
    """

    id: str
    name: str
    group: str
    numerator: Callable[[], pl.Expr]
    denominator: pl.Expr = _ALL
    per: int = 100


def _subsite_unspecified() -> pl.Expr:
    """Fourth character 9 where the group has other subsites."""
    sites = standards.topography().select("code", group=pl.col("code").str.slice(0, 3))
    several = sites.filter(pl.len().over("group") > 1, pl.col("code").str.ends_with("9"))
    return _item("primarySite").is_in(several.get_column("code").to_list())


INDICATORS = (
    Indicator("dco_pct", "Death certificate only", "validity", lambda: DCO, MALIGNANT),
    Indicator("missing_age_pct", "Unknown age", "missing", lambda: _missing("ageAtDiagnosis", "999")),
    Indicator("missing_sex_pct", "Unknown sex", "missing", lambda: _missing("@sex", "9")),
    Indicator("missing_county_pct", "Unknown county", "missing", lambda: _missing("countyAtDx", "999")),
    Indicator("missing_race_pct", "Unknown race", "missing", lambda: _missing("race1", "99")),
    Indicator("mv_pct", "Morphologically verified", "validity", lambda: VERIFIED),
    Indicator("hv_pct", "Histologically verified", "validity", lambda: _confirmed("1", "3")),
    Indicator("clinical_only_pct", "Clinical or imaging only", "validity", lambda: _confirmed("6", "7", "8")),
    Indicator(
        "basis_unknown_pct",
        "Basis of diagnosis unknown",
        "validity",
        lambda: _confirmed("9") & DCO.ne_missing(other=True),
    ),
    Indicator(
        "psu_pct",
        "Primary site uncertain",
        "validity",
        lambda: _site("C26 C39 C48 C76 C80"),
        MALIGNANT & ~_site("C44"),
    ),
    Indicator("cup_pct", "Unknown primary (C80.9)", "validity", lambda: _item("primarySite") == "C809"),
    Indicator("unspecified_morph_pct", "Unspecified morphology", "validity", lambda: UNSPECIFIED, VERIFIED),
    Indicator("unspecified_subsite_pct", "Unspecified subsite", "validity", _subsite_unspecified),
    Indicator("age_unknown_pct", "Unknown age (CI5)", "validity", lambda: _missing("ageAtDiagnosis", "999")),
    Indicator(
        "stage_unknown_pct",
        "Unknown stage",
        "validity",
        lambda: _item("summaryStage2018") == "9",
        DCO.ne_missing(other=True),
    ),
    Indicator(
        "treatment_unknown_pct",
        "Unknown treatment",
        "validity",
        lambda: _item("rxSummTreatmentStatus") == "9",
    ),
    Indicator(
        "cod_missing_pct",
        "Missing cause of death among the dead",
        "followup",
        lambda: _missing("causeOfDeath", "0000", "7777", "7797"),
        DEAD,
    ),
    Indicator(
        "duplicate_per_1000", "Duplicates per 1,000", "validity", lambda: pl.col("@extra_copy"), per=1000
    ),
    Indicator("edits_pass_pct", "Records passing edits", "validity", lambda: ~pl.col("@failed")),
)


@cache
def _threshold_table() -> pl.DataFrame:
    return pl.read_csv(DATA / "thresholds.csv", comment_prefix="#", try_parse_dates=True).with_columns(
        pl.col("value").cast(pl.Float64), pl.col("valid_from", "valid_to").cast(pl.Date)
    )


def thresholds(as_of: dt.date) -> pl.DataFrame:
    """Thresholds in force on a day: `indicator, level, operator, value, programme, source`."""
    in_force = (pl.col("valid_from") <= as_of) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of)
    )
    return (
        _threshold_table()
        .filter(in_force)
        .drop("valid_from", "valid_to")
        .sort("indicator", "programme", "level")
    )


def indicators(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    as_of: dt.date,
    failures: pl.DataFrame | None = None,
    *,
    by_facility: bool = False,
) -> pl.DataFrame:
    """Indicators with their thresholds.

    Args:
        patients: Patient-level items, None when the tumors carry them.
        tumors: one row per record, blank = null.
        as_of: day whose thresholds apply.
        failures: what `edits.run` found on the same frames; without it records passing edits is left out.
        by_facility: also by facility.

    Returns:
        One row per indicator, facility ("all" = every record) and diagnosis year (null = all years):
        `numerator, denominator, value` (null when the denominator is 0), NAACCR's `threshold_gold` and
        `threshold_silver`, and `status`: gold, silver, below, or null without thresholds. Sorted by
        indicator in catalogue order, facility and year (all years first).

    >>> tumors = pl.DataFrame({"primarySite": ["C809", "C509"], "dateOfDiagnosis": ["2020", "2020"]})
    >>> found = indicators(None, tumors, dt.date(2026, 11, 1))
    >>> found.filter(pl.col("indicator") == "cup_pct").select("year", "value").rows()
    [(None, 50.0), (2020, 50.0)]
    """
    shown = [one for one in INDICATORS if failures is not None or one.id != "edits_pass_pct"]
    records = _prepared(patients, tumors, failures)
    counted = records.select(
        "facility",
        "year",
        *[_count(one.denominator).alias(f"{one.id}@denominator") for one in shown],
        *[_count(one.numerator() & one.denominator).alias(f"{one.id}@numerator") for one in shown],
    )
    total = pl.col("^.*@.*$").sum()
    groups = [["year"], []] + ([["facility", "year"], ["facility"]] if by_facility else [])
    parts = [_summed(counted, group, total) for group in groups]
    return _judged(_long(pl.concat(parts, how="diagonal_relaxed"), shown), as_of)


def _prepared(
    patients: pl.DataFrame | None, tumors: pl.DataFrame, failures: pl.DataFrame | None
) -> pl.DataFrame:
    records, patient = joined(patients, tumors)
    failed = pl.lit(value=False)
    if failures is not None and not failures.is_empty():
        keys = _record_keys(failures, records)
        errors = (
            failures.filter(pl.col("severity") == "error", pl.col("state") == "open").select(keys).unique()
        )
        records = records.join(errors.with_columns(_failed=True), on=keys, how="left", nulls_equal=True)
        failed = pl.col("_failed").fill_null(value=False)
    identity = [patient] if patient else []
    same = [
        *identity,
        "primarySite",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "laterality",
        "dateOfDiagnosis",
    ]
    return records.with_columns(
        [pl.lit(None, pl.String).alias(item) for item in _ITEMS if item not in records.columns]
    ).select(
        facility(records).alias("facility"),
        diagnosis_year(records).alias("year"),
        *_ITEMS,
        failed.alias("@failed"),
        reported(records, "sexAssignedAtBirth").alias("@sex"),
        (_extra_copy(same) if identity else pl.lit(value=False)).alias("@extra_copy"),
    )


def _record_keys(failures: pl.DataFrame, records: pl.DataFrame) -> list[str]:
    """Columns that say which record a failure is about."""
    for keys in (["tumor_id", "abstract_id"], ["recordId"], ["patient_index", "tumor_index"]):
        shared = [key for key in keys if key in failures.columns and key in records.columns]
        if shared:
            return shared
    return ["patientIdNumber", "tumorRecordNumber"]


def _extra_copy(same: list[str]) -> pl.Expr:
    """True for all but the first of several records of a patient that are equal in these columns."""
    filled = pl.all_horizontal([pl.col(column).is_not_null() for column in same])
    return filled & ~pl.struct(same).is_first_distinct()


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).cast(pl.Int64)


def _summed(counted: pl.DataFrame, group: list[str], total: pl.Expr) -> pl.DataFrame:
    if "facility" in group:
        counted = counted.filter(pl.col("facility").is_not_null())
    made = counted.group_by(group).agg(total) if group else counted.select(total)
    if "year" in group:
        made = made.filter(pl.col("year").is_not_null())
    missing = [pl.lit("all").alias("facility")] if "facility" not in group else []
    return made.with_columns(*missing)


def _long(wide: pl.DataFrame, shown: list[Indicator]) -> pl.DataFrame:
    about = pl.DataFrame(
        {
            "indicator": [one.id for one in shown],
            "name": [one.name for one in shown],
            "group": [one.group for one in shown],
            "per": [one.per for one in shown],
            "position": range(len(shown)),
        }
    )
    return (
        wide.unpivot(index=["facility", "year"], variable_name="what", value_name="count")
        .with_columns(pl.col("what").str.split_exact("@", 1).struct.rename_fields(["indicator", "kind"]))
        .unnest("what")
        .pivot("kind", index=["facility", "year", "indicator"], values="count")
        .join(about, on="indicator")
        .with_columns(
            value=pl.when(pl.col("denominator") > 0).then(
                pl.col("per") * pl.col("numerator") / pl.col("denominator")
            )
        )
    )


def _judged(long: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    naaccr = thresholds(as_of).filter(pl.col("level").is_in(["gold", "silver"]))
    for level in ("gold", "silver"):
        rows = naaccr.filter(pl.col("level") == level)
        long = long.join(
            rows.select(
                "indicator", pl.col("value").alias(f"threshold_{level}"), pl.col("operator").alias(level)
            ),
            on="indicator",
            how="left",
        )
    known = pl.col("value").is_not_null() & pl.col("threshold_gold").is_not_null()
    status = (
        pl.when(known & _meets("gold"))
        .then(pl.lit("gold"))
        .when(known & _meets("silver"))
        .then(pl.lit("silver"))
        .when(known)
        .then(pl.lit("below"))
    )
    ordered = long.sort("position", pl.col("facility") != "all", "facility", "year", nulls_last=False)
    return ordered.with_columns(status=status).select(COLUMNS)


def _meets(level: str) -> pl.Expr:
    value, limit, operator = pl.col("value"), pl.col(f"threshold_{level}"), pl.col(level)
    return (
        pl.when(operator == "<")
        .then(value < limit)
        .when(operator == "<=")
        .then(value <= limit)
        .when(operator == ">")
        .then(value > limit)
        .when(operator == ">=")
        .then(value >= limit)
        .otherwise(pl.lit(value=False))
        .fill_null(value=False)
    )
