"""One patient and one tumor from the abstracts of several facilities: the thin, stated rule.

With one abstract the tumor follows it. With several, item by item:

* Follow-up items (last contact, vital status, cause of death, cancer status, recurrence) come
  from the abstract with the latest date of last contact; a death beats a later living contact.
* The current address comes whole (all its items, county too) from one abstract, the telephone from one
  abstract too: of those that know one (not blank, UNKNOWN or a code for it), that with the latest date of
  last contact, whether it says dead or alive; among equals, or without a date, by the order of the other items.
  Where no abstract knows an address (telephone), whatever is filled is taken by the same order.
* Every other item comes from the first abstract, in a fixed order, where it is filled: analytic
  abstracts (class of case 00-22) before others, then earliest first contact, then lowest id.

The order is total, so the result does not depend on how rows arrive.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from registry.standards import dates

LAST_CONTACT: Final = (
    "dateOfLastContact", "dateOfLastContactFlag", "vitalStatus", "vitalStatusRecode", "causeOfDeath",
    "icdRevisionNumber", "autopsy", "placeOfDeathState", "placeOfDeathCountry", "dcStateFileNumber", "followUpSource",
    "followUpSourceCentral", "nextFollowUpSource", "qualityOfSurvival", "survMosActiveFollowup",
)  # fmt: skip
CANCER_STATUS: Final = ("cancerStatus", "dateOfLastCancerStatus", "dateOfLastCancerStatusFlag")
RECURRENCE: Final = ("recurrenceType1st", "recurrenceDate1st", "recurrenceDate1stFlag")
FOLLOW_UP_ITEMS = frozenset((*LAST_CONTACT, *CANCER_STATUS, *RECURRENCE))
"""Items that come from the abstract with the latest last contact."""

CURRENT_ADDRESS: Final = (
    "addrCurrentNoStreet", "addrCurrentSupplementl", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode",
    "addrCurrentCountry", "countyCurrent",
)  # fmt: skip
TELEPHONE: Final = ("telephone",)
TOLD_TOGETHER: Final = (CURRENT_ADDRESS, TELEPHONE)
"""Items of which no part may come from one abstract and the rest from another."""

FINDS = frozenset(
    {"addrCurrentNoStreet", "addrCurrentSupplementl", "addrCurrentCity", "addrCurrentPostalCode", *TELEPHONE}
)
"""Items by which somebody is found: an abstract knows an address or a telephone when one of them is known."""

_UNKNOWN = r"(?i)^\s*(unknown|9{5,}|8{5}|8{9})?\s*$"
"""Blank, or written for not known: UNKNOWN; ZIP code 9s, or 8s of an address abroad; telephone 9s."""


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _first_filled(item: str) -> pl.Expr:
    return pl.col(item).drop_nulls().first()


def is_known(value: pl.Expr) -> pl.Expr:
    """Whether values of the items `FINDS` say something (Boolean, never null).

    >>> pl.DataFrame({"value": ["12 ELM ST", "UNKNOWN", "99999", None]}).select(is_known(pl.col("value")))["value"].to_list()
    [True, False, False, False]
    """
    return ~value.fill_null("").str.contains(_UNKNOWN)


def _told_together(ranked: pl.DataFrame, by: str, group: tuple[str, ...], wanted: list[str]) -> pl.DataFrame:
    """Items that go together, from one abstract of each `by`.

    Args:
        ranked: abstracts in the order of the other items, with `_last_contact`.
        group: the items; those that `ranked` has decide. wanted: of them, the columns to return.
    """
    held = [item for item in group if item in ranked.columns]
    text = {item: pl.col(item).cast(pl.String).fill_null("") for item in held}
    filled = pl.any_horizontal(text[item].str.strip_chars() != "" for item in held)
    known = pl.any_horizontal(pl.lit(False), *(is_known(text[item]) for item in held if item in FINDS))
    return (
        ranked.select(by, "_last_contact", *held, _worth=filled.cast(pl.Int8) + known.cast(pl.Int8))
        .sort(
            by,
            "_worth",
            "_last_contact",
            descending=[False, True, True],
            nulls_last=True,
            maintain_order=True,
        )
        .group_by(by, maintain_order=True)
        .agg(pl.col(wanted).first())
    )


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
    >>> told = frame.with_columns(addrCurrentCity=pl.Series(["TROY", "ALBANY"]), addrCurrentState=pl.Series([None, "NY"]))
    >>> consolidate(told, "tumor_id", ["addrCurrentCity", "addrCurrentState"]).rows()
    [(5, 'TROY', None)]
    """
    present = [item for item in items if item in abstracts.columns]
    analytic = _column(abstracts, "classOfCase").str.zfill(2).is_between(pl.lit("00"), pl.lit("22"))
    ordered = abstracts.with_columns(
        analytic.fill_null(False).alias("_analytic"),
        dates.earliest(_column(abstracts, "dateOf1stContact")).alias("_first_contact"),
        (_column(abstracts, "vitalStatus") == "0").fill_null(False).alias("_dead"),
        dates.earliest(_column(abstracts, "dateOfLastContact")).alias("_last_contact"),
    )
    together = [(group, [item for item in present if item in group]) for group in TOLD_TOGETHER]
    apart = FOLLOW_UP_ITEMS.union(*TOLD_TOGETHER)
    general = [item for item in present if item not in apart]
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
    one = one.join(two, on=by, how="left")
    for group, wanted in together:
        if wanted:
            one = one.join(_told_together(by_rank, by, group, wanted), on=by, how="left")
    return one.select(by, *present).sort(by)


def follow_abstracts(
    abstracts: pl.DataFrame, patient_items: list[str], tumor_items: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Consolidated (patients, tumors) of a set of abstracts; tumors keep their patient_id."""
    patients = consolidate(abstracts, "patient_id", patient_items)
    tumors = consolidate(abstracts, "tumor_id", tumor_items)
    owner = abstracts.select("tumor_id", "patient_id").unique("tumor_id", keep="any")
    return patients, owner.join(tumors, on="tumor_id").sort("tumor_id")
