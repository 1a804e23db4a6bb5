"""One patient and one tumor from the abstracts of several facilities: the thin, stated rule.

With one abstract the tumor follows it. With several, item by item:

* Follow-up items (last contact, vital status, cause of death, cancer status, recurrence) come
  from the abstract with the latest date of last contact; a death beats a later living contact.
* Every other item comes from the first abstract, in a fixed order, where it is filled: analytic
  abstracts (class of case 00-22) before others, then earliest first contact, then lowest id.

The order is total, so the result does not depend on how rows arrive.
"""

from __future__ import annotations

import polars as pl

from registry.standards import dates

FOLLOW_UP_ITEMS = frozenset(
    """dateOfLastContact dateOfLastContactFlag vitalStatus vitalStatusRecode causeOfDeath icdRevisionNumber
    autopsy placeOfDeathState placeOfDeathCountry dcStateFileNumber followUpSource followUpSourceCentral
    nextFollowUpSource dateOfLastCancerStatus cancerStatus recurrenceType1st recurrenceDate1st
    qualityOfSurvival survMosActiveFollowup""".split()
)


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _first_filled(item: str) -> pl.Expr:
    return pl.col(item).drop_nulls().first()


def consolidate(abstracts: pl.DataFrame, by: str, items: list[str]) -> pl.DataFrame:
    """Consolidate abstracts to one row per `by`.

    Args:
        abstracts: frame with abstract_id, `by` (tumor_id or patient_id) and NAACCR items.
        by: the entity to make, `tumor_id` or `patient_id`.
        items: NAACCR ids to carry; absent ones are skipped.

    Returns:
        frame[by, *items present], sorted by `by`.

    >>> frame = pl.DataFrame({"abstract_id": [1, 2], "tumor_id": [5, 5], "classOfCase": ["30", "10"],
    ...     "laterality": ["9", "2"], "vitalStatus": ["0", "1"], "dateOfLastContact": ["2024", "2023"]})
    >>> consolidate(frame, "tumor_id", ["laterality", "vitalStatus"]).rows()
    [(5, '2', '0')]
    """
    present = [item for item in items if item in abstracts.columns]
    analytic = _column(abstracts, "classOfCase").str.zfill(2).is_between(pl.lit("00"), pl.lit("22"))
    ordered = abstracts.with_columns(
        analytic.fill_null(False).alias("_analytic"),
        dates.earliest(_column(abstracts, "dateOf1stContact")).alias("_first_contact"),
        (_column(abstracts, "vitalStatus") == "0").fill_null(False).alias("_dead"),
        dates.earliest(_column(abstracts, "dateOfLastContact")).alias("_last_contact"),
    )
    general = [item for item in present if item not in FOLLOW_UP_ITEMS]
    follow_up = [item for item in present if item in FOLLOW_UP_ITEMS]
    by_rank = ordered.sort(
        by,
        "_analytic",
        "_first_contact",
        "abstract_id",
        descending=[False, True, False, False],
        nulls_last=True,
    )
    by_contact = ordered.sort(
        by, "_dead", "_last_contact", "abstract_id", descending=[False, True, True, False], nulls_last=True
    )
    one = by_rank.group_by(by, maintain_order=True).agg(_first_filled(item) for item in general)
    two = by_contact.group_by(by, maintain_order=True).agg(_first_filled(item) for item in follow_up)
    return one.join(two, on=by, how="left").select(by, *present).sort(by)


def follow_abstracts(
    abstracts: pl.DataFrame, patient_items: list[str], tumor_items: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Consolidated (patients, tumors) of a set of abstracts; tumors keep their patient_id."""
    patients = consolidate(abstracts, "patient_id", patient_items)
    tumors = consolidate(abstracts, "tumor_id", tumor_items)
    owner = abstracts.select("tumor_id", "patient_id").unique("tumor_id", keep="any")
    return patients, owner.join(tumors, on="tumor_id").sort("tumor_id")
