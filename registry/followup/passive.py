"""What passive sources say of patients: who is meant, and how far last contact moves forward.

A source only moves forward; what contradicts goes to review; nothing is lost: each line has an outcome.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import polars as pl

from registry.followup.contact_codes import CONTRADICTION
from registry.followup.last_contact import WRITING, Known, Told, Verdict, judge, surely_after
from registry.linkage import identity
from registry.standards.dates import earliest_date

MOVED, NOT_LATER, UNMATCHED, UNREADABLE, REVIEW = "moved", "not_later", "unmatched", "unreadable", "review"
OUTCOMES: Final = (MOVED, NOT_LATER, UNMATCHED, UNREADABLE, REVIEW)

NO_SUCH_NUMBER = "no patient has this number"
SEVERAL = "several patients have this number"
CLASH = "name or birth date differ from those of the patient with this number"
OTHER_PATIENT = "patient_id and record number are of different patients"


class Sighting(NamedTuple):
    """One line about one known patient: alive on a day, or died."""

    line: int
    patient_id: int
    date: str
    dead: bool = False


class LineOutcome(NamedTuple):
    """What came of a line; `review` is the kind of the task to open."""

    line: int
    patient_id: int
    outcome: str
    detail: str | None = None
    review: str | None = None


class Forward(NamedTuple):
    """What the lines about one patient come to.

    verdict: where the patient stands, None when nothing moved. line: that which moved it.
    """

    verdict: Verdict | None
    line: int | None
    outcomes: list[LineOutcome]


def find_people(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Who is meant by our number, or by a facility's record number that name or birth date confirm.

    Args:
        rows: frame[line, patient_id, facility_id, medicalRecordNumber, nameLast, nameFirst, dateOfBirth].
        known: abstracts: frame[patient_id, facility_id, medicalRecordNumber, nameLast, nameFirst, dateOfBirth].

    Returns:
        frame[line, patient_id, outcome, detail], sorted by line: outcome null = found, unmatched, or review.

    >>> line = {"line": 2, "patient_id": None, "facility_id": "1", "medicalRecordNumber": "A", "nameLast": "Doe",
    ...     "nameFirst": "Ann E", "dateOfBirth": None}
    >>> text = dict.fromkeys(list(line)[2:], pl.String)
    >>> rows = pl.DataFrame([line], schema={"line": pl.Int64, "patient_id": pl.Int64, **text})
    >>> find_people(rows, rows.with_columns(patient_id=pl.lit(7), nameFirst=pl.lit("ANN"))).rows()
    [(2, 7, None, None)]
    """
    asked = _people(rows, ["line", "patient_id"]).rename({"patient_id": "told_id"})
    held = _people(known, ["patient_id"]).unique()
    numbers = ["sender", "patientIdNumber"]
    by_number = asked.drop_nulls(numbers).join(held.drop_nulls(numbers), on=numbers, suffix="_known")
    by_id = asked.drop_nulls("told_id").join(
        held.with_columns(told_id="patient_id"), on="told_id", suffix="_known"
    )
    own = _candidates(by_id, supported=False)
    others = _candidates(by_number, supported=True)
    joined = asked.select("line", "told_id").join(own, on="line", how="left")
    joined = joined.join(others, on="line", how="left", suffix="_number")
    told, agreeing = pl.col("told_id").is_not_null(), pl.col("fitting_number").list.len()
    by_us = (
        pl.when(pl.col("patients").is_null()).then(pl.struct(outcome=pl.lit(UNMATCHED), detail=pl.lit(NO_SUCH_NUMBER)))
        .when(pl.col("fitting").list.len() == 0).then(pl.struct(outcome=pl.lit(REVIEW), detail=pl.lit(CLASH)))
        .when(pl.col("patients_number").list.contains(pl.col("told_id")).not_())
        .then(pl.struct(outcome=pl.lit(REVIEW), detail=pl.lit(OTHER_PATIENT)))
    )  # fmt: skip
    by_them = (
        pl.when(pl.col("patients_number").is_null())
        .then(pl.struct(outcome=pl.lit(UNMATCHED), detail=pl.lit(NO_SUCH_NUMBER)))
        .when((agreeing > 1) | ((agreeing == 0) & (pl.col("patients_number").list.len() > 1)))
        .then(pl.struct(outcome=pl.lit(UNMATCHED), detail=pl.lit(SEVERAL)))
        .when(agreeing == 0).then(pl.struct(outcome=pl.lit(REVIEW), detail=pl.lit(CLASH)))
    )  # fmt: skip
    meant = pl.coalesce(
        "told_id", pl.col("fitting_number").list.first(), pl.col("patients_number").list.first()
    )
    return (
        joined.select("line", pl.when(told).then(by_us).otherwise(by_them).alias("found"), patient_id=meant)
        .unnest("found")
        .with_columns(patient_id=pl.when(pl.col("outcome").fill_null("") != UNMATCHED).then("patient_id"))
        .select("line", "patient_id", "outcome", "detail")
        .sort("line")
    )


def _people(frame: pl.DataFrame, keep: list[str]) -> pl.DataFrame:
    numbered = frame.with_columns(sender=pl.col("facility_id"), patientIdNumber=pl.col("medicalRecordNumber"))
    return identity(numbered, keep)


def _candidates(pairs: pl.DataFrame, *, supported: bool) -> pl.DataFrame:
    """Patients that a line's number points to: frame[line, patients (list), fitting (list)], both ascending.

    A first name agrees with one that it begins (an initial after it). `supported`: something must agree too.
    """

    def differs(item: str, *, begins: bool) -> pl.Expr:
        one, other = pl.col(item), pl.col(f"{item}_known")
        same = (one.str.starts_with(other) | other.str.starts_with(one)) if begins else one == other
        return (~same).fill_null(value=False)

    clash = differs("last", begins=False) | differs("first", begins=True) | differs("birth", begins=True)
    agrees = (pl.col("last") == pl.col("last_known")) | pl.col("birth").str.starts_with(pl.col("birth_known"))
    fits = ~clash & agrees.fill_null(value=False) if supported else ~clash
    return (
        pairs.with_columns(fits=fits)
        .group_by("line")
        .agg(
            pl.col("patient_id").unique().sort().alias("patients"),
            pl.col("patient_id").filter("fits").unique().sort().alias("fitting"),
        )
    )


def forward(
    known: Known,
    birth: str | None,
    diagnosed: Iterable[str | None],
    sightings: Sequence[Sighting],
    today: dt.date,
    elsewhere: Known | None = None,
) -> Forward:
    """What the lines about one patient come to: the living contacts first, then deaths, each by its day.

    Args:
        birth: date of birth. diagnosed: dates of diagnosis; nobody's last contact is before one.
        elsewhere: what records say that the actor does not see: a contradiction with it goes to review.

    >>> seen = [Sighting(2, 7, "20260110"), Sighting(3, 7, "20260305")]
    >>> moved = forward(Known(False, "20250101"), None, [], seen, dt.date(2026, 10, 31))
    >>> moved.verdict.last, moved.line, [one.outcome for one in moved.outcomes]
    ('20260305', 3, ['not_later', 'moved'])
    """
    ordered = sorted(
        sightings, key=lambda one: (one.dead, str(earliest_date(one.date)), len(one.date), one.line)
    )
    begun = [day for day in diagnosed if day]
    state, best, line = known, None, None
    outcomes: dict[int, LineOutcome] = {}
    for one in ordered:
        fault, review = _against(one, birth, begun, today)
        verdict = judge(state, Told(one.date, one.dead))
        if elsewhere is not None and verdict.review is None:
            verdict = verdict._replace(review=judge(elsewhere, Told(one.date, one.dead)).review)
        if fault is not None:
            outcome = REVIEW if review else UNREADABLE
            outcomes[one.line] = LineOutcome(one.line, one.patient_id, outcome, fault, review)
        elif verdict.review is not None:
            outcomes[one.line] = LineOutcome(one.line, one.patient_id, REVIEW, verdict.review, verdict.review)
        elif any(surely_after(day, one.date) for day in begun):
            outcomes[one.line] = LineOutcome(one.line, one.patient_id, NOT_LATER, "before the diagnosis")
        elif verdict.effect in WRITING and verdict.effect != "same":
            if line is not None:
                outcomes[line] = outcomes[line]._replace(outcome=NOT_LATER, detail="another line is later")
            state, best, line = Known(verdict.dead, verdict.last), verdict, one.line
            outcomes[one.line] = LineOutcome(one.line, one.patient_id, MOVED, verdict.effect)
        else:
            outcomes[one.line] = LineOutcome(one.line, one.patient_id, NOT_LATER)
    return Forward(best, line, [outcomes[number] for number in sorted(outcomes)])


def _against(
    one: Sighting, birth: str | None, begun: Sequence[str], today: dt.date
) -> tuple[str | None, str | None]:
    """What is wrong with a day, and whether somebody must look at it."""
    if surely_after(one.date, f"{today:%Y%m%d}"):
        return "the date is in the future", None
    if surely_after(birth, one.date):
        return "the date is before the birth of the patient", CONTRADICTION
    if one.dead and any(surely_after(day, one.date) for day in begun):
        return "the death is before a diagnosis", CONTRADICTION
    return None, None
