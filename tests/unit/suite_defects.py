"""Defects planted in the frames of the good registry, each with the one thing that a suite must then say."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from tests.unit.suite_registry import FACILITIES

Frames = dict[str, pl.DataFrame]
A, B, C = FACILITIES


class Defect(NamedTuple):
    """What is planted, and where it must be found: suite, severity and words of the sentence."""

    plant: Callable[[Frames], Frames]
    suite: str
    severity: str
    words: str


def changed(name: str, where: pl.Expr, **columns: object) -> Callable[[Frames], Frames]:
    """Frames with other values in the rows of one frame."""

    def plant(frames: Frames) -> Frames:
        frame = frames[name]
        assert frame.filter(where).height, "the defect has rows to be planted in"
        values = [
            pl.when(where).then(pl.lit(value, frame.schema[column])).otherwise(pl.col(column)).alias(column)
            for column, value in columns.items()
        ]
        return {**frames, name: frame.with_columns(values)}

    return plant


def appended(name: str, **values: object) -> Callable[[Frames], Frames]:
    """Frames with one more row in one frame: its first row with other values, or these alone in an empty one."""

    def plant(frames: Frames) -> Frames:
        frame = frames[name]
        row = pl.DataFrame(
            [{**(frame.row(0, named=True) if frame.height else {}), **values}], schema=frame.schema
        )
        return {**frames, name: pl.concat([frame, row])}

    return plant


def of(**wanted: object) -> pl.Expr:
    """Rows that have these values."""
    return pl.all_horizontal([pl.col(column) == value for column, value in wanted.items()])


def indicator(name: str, year: int, value: float) -> Callable[[Frames], Frames]:
    return changed("indicators", of(indicator=name, facility="all", year=year), value=value)


COUNTY_2025 = of(item="countyAtDx", diagnosis_year=2025)
DEFECTS = {
    "a line told twice": Defect(appended("completeness"), "completeness", "critical", "Each facility, year and item occurs once"),
    "a line without item": Defect(appended("completeness", item=None), "completeness", "critical", "Every line names its item"),
    "more filled than records": Defect(
        changed("completeness", COUNTY_2025 & of(facility_id=A), filled=61), "completeness", "critical",
        "Not more values filled than there are records",
    ),
    "more unknown than filled": Defect(
        changed("completeness", COUNTY_2025 & of(facility_id=A), filled=1, unknown=2), "completeness", "critical",
        "Not more values unknown than filled",
    ),
    "no records": Defect(
        changed("completeness", COUNTY_2025 & of(facility_id=A), records=0, filled=0), "completeness", "critical",
        "Counts of records are above zero",
    ),
    "an impossible percentage": Defect(
        changed("completeness", COUNTY_2025 & of(facility_id=A), percent=101.0), "completeness", "critical",
        "Percentages lie between 0 and 100",
    ),
    "an impossible year": Defect(
        changed("completeness", COUNTY_2025 & of(facility_id=A), diagnosis_year=1825), "completeness", "critical",
        "Diagnosis years lie between 1900 and 2100",
    ),
    "an item unknown": Defect(
        changed("completeness", of(item="countyAtDx", facility_id="all"), unknown=10), "completeness", "warning",
        "countyAtDx is known in at least 98 %",
    ),
    "an item unknown in one facility": Defect(
        changed("completeness", of(item="race1", facility_id=B), unknown=20), "completeness", "info",
        "race1 is known in at least 90 % of the records of each facility",
    ),
    "an item known less often than last year": Defect(
        changed("completeness", of(item="laterality", facility_id="all", diagnosis_year=2025), unknown=10),
        "completeness", "warning", "laterality is not known less often than the year before",
    ),
    "unknown county above silver": Defect(
        indicator("missing_county_pct", 2023, 3.0), "completeness", "critical", "Unknown county should be below 3 (NAACCR silver)",
    ),
    "too few cases": Defect(
        changed("indicators", of(indicator="completeness_oe"), value=89.0), "completeness", "critical",
        "(observed/expected) should be at least 90 (NAACCR silver)",
    ),
    "DCO above silver": Defect(
        indicator("dco_pct", 2024, 5.0), "validity", "critical", "percentage should be below 5 (NAACCR silver)",
    ),
    "DCO above gold in the year that is due": Defect(
        indicator("dco_pct", 2024, 3.0), "submission-readiness", "warning", "percentage should be below 3 (NAACCR gold)",
    ),
    "impossible codes": Defect(
        changed("validity", of(item="laterality"), percent_valid=98.9), "validity", "warning", "laterality has a value that it can have",
    ),
    "codes drift": Defect(
        changed("drift", of(item="race1", judged=True), psi_excess=0.26), "validity", "warning", "The codes of race1 are spread",
    ),
    "codes drift a little": Defect(
        changed("drift", of(item="race1", judged=True), psi_excess=0.11), "validity", "info", "No item's codes have drifted",
    ),
    "half of the codes moved": Defect(
        changed("drift", of(item="race1", judged=True), total_variation=0.51), "validity", "critical", "No item has more than half",
    ),
    "an indicator jumps": Defect(
        indicator("mv_pct", 2025, 90.0), "validity", "info", "(MV%) has not moved by more than 5 points",
    ),
    "a tumor twice": Defect(
        changed("uniqueness", of(key="tumor"), repeated=1), "validity", "critical", "No tumor occurs twice",
    ),
    "an extra copy": Defect(
        changed("uniqueness", of(key="tumor of the patient"), repeated=1), "validity", "warning", "No tumor of the patient occurs twice",
    ),
    "a load that lost a record": Defect(
        changed("loads", of(load="2"), missing=1), "validity", "critical", "Every record received was loaded",
    ),
    "a load in quarantine": Defect(
        changed("loads", of(load="2"), quarantined=20), "validity", "warning", "Not more than 5 % of a load",
    ),
    "late abstracts": Defect(
        changed("timeliness", of(facility="all", year=2025), percent_within_6_months=89.9), "timeliness", "warning",
        "At least 90 % of the abstracts are done within 6 months",
    ),
    "late abstracts of a facility": Defect(
        changed("timeliness", of(facility=C, year=2025), percent_within_6_months=74.0), "timeliness", "info",
        "At least 75 % of the abstracts of each facility",
    ),
    "slow abstracts": Defect(
        indicator("abstract_lag_median", 2025, 184.0), "timeliness", "info", "abstract completed should be at most 183 (CoC practice)",
    ),
    "slow reports": Defect(
        changed("timeliness", of(facility="all", year=2024), report_median_days=61.0), "timeliness", "warning",
        "Half of the reports arrive within 60 days",
    ),
    "dates that nobody knows": Defect(
        changed("timeliness", of(facility="all", year=2024), timed=100), "timeliness", "info",
        "First contact and completion are known in at least 80 %",
    ),
    "a late year": Defect(
        changed("timeliness", of(facility="all", year=2024), percent_by_23_months=94.0), "timeliness", "warning",
        "At least 95 % of a year's records had arrived 23 months",
    ),
    "a late year after 12 months": Defect(
        changed("timeliness", of(facility="all", year=2024), percent_by_12_months=89.0), "timeliness", "warning",
        "At least 90 % of a year's records had arrived 12 months",
    ),
    "contact after completion": Defect(
        changed("timeliness", of(facility=A) & pl.col("year").is_null(), reversed=9), "timeliness", "critical",
        "Abstracts are completed after the first contact",
    ),
    "a silent facility": Defect(
        changed("timeliness", of(facility=B, year=2025), records=29, timed=29), "timeliness", "warning",
        "Each facility sends at least 50 %",
    ),
    "patients lost": Defect(
        indicator("followup_rate", 2025, 79.0), "timeliness", "info", "Follow-up rate should be at least 80",
    ),
    "edits not run": Defect(
        changed("about", pl.lit(value=True), edited=False), "submission-readiness", "critical", "The edits have been run",
    ),
    "no official verdict": Defect(
        changed("about", pl.lit(value=True), official=False), "submission-readiness", "info", "The verdict of the official edits",
    ),
    "an open error": Defect(
        appended("edits", edit="x", severity="error", source="own", open=1), "submission-readiness", "critical",
        "No edit of severity error has open failures",
    ),
    "an open review": Defect(
        appended("edits", edit="x", severity="review", source="own", open=1), "submission-readiness", "warning",
        "No edit of severity review has open failures",
    ),
    "an open official review": Defect(
        appended("edits", edit="x", severity="review", source="official", open=1), "submission-readiness", "critical",
        "No official edit of severity review has open failures",
    ),
    "routine overriding": Defect(
        appended("edits", edit="x", severity="review", source="own", open=0, overridden=50), "submission-readiness", "info",
        "No edit is overridden in more than 20 %",
    ),
    "a facility that is held back": Defect(
        changed("gate", of(facility=C), errors=1), "submission-readiness", "critical", "No facility has open errors",
    ),
    "a facility that is held back officially": Defect(
        changed("gate", of(facility=C), official_errors=1), "submission-readiness", "critical",
        "No facility has open errors of the official edits",
    ),
    "what cannot be computed": Defect(
        changed("indicators", of(indicator="completeness_oe"), value=None), "submission-readiness", "info", "(observed/expected) can be computed",
    ),
    "records that fail edits": Defect(
        indicator("edits_pass_pct", 2024, 98.5), "submission-readiness", "critical", "Records passing edits should be at least 99 (NPCR national)",
    ),
}  # fmt: skip
