"""A record that a facility sends again is a new version of its abstract, never a second one.

The comparison has three sides: what was received last, what stands now, what arrives. An item
that a registrar changed here since the last receipt is not overwritten by a resend: the incoming
value is *held* for review. Every other difference is applied, and listed for review when it
touches the identity of the person or what is counted: site, histology, behaviour, diagnosis date,
stage, vital status.

Follow-up goes forward by date instead, because replies and other sources move it here between two
receipts. Of an abstract whose date of last contact differs from the standing one beyond doubt (a
partial date means any of its days):

* a later contact of somebody not known to be dead brings last contact and vital status, and a
  current address and telephone, each whole; cancer status and recurrence that changed here as
  well, when the sender changed them too, unless the cancer status is dated before the one known;
* an earlier contact is older than what was learnt here: its last contact, address and telephone
  are *left out* (kept in the history, not listed), and what it changes of a cancer status or a
  recurrence that was changed here. A blank address is still filled, and a tumor's own follow-up
  that nobody touched here is corrected like any item;
* a contact after a death that was learnt here, or a death before a contact or another death that
  was, is held for review with all the follow-up that comes with it.

The same date, dates of unknown order, and a last contact that stands as the sender sent it leave
the comparison of three sides, but what belongs together is applied or held together.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from registry.linkage.consolidation import (
    CANCER_STATUS,
    CURRENT_ADDRESS,
    FINDS,
    LAST_CONTACT,
    RECURRENCE,
    TELEPHONE,
    is_known,
)
from registry.standards import dates

CRITICAL_ITEMS = frozenset(
    """primarySite histologicTypeIcdO3 behaviorCodeIcdO3 dateOfDiagnosis laterality
    summaryStage2018 seerSummaryStage2000 seerSummaryStage1977 derivedSummaryStage2018 ajccTnmClinStageGroup
    ajccTnmPathStageGroup ajccTnmPostTherapyStageGroup nameLast nameFirst nameMiddle dateOfBirth sex
    sexAssignedAtBirth socialSecurityNumber vitalStatus""".split()
)
"""Items whose change by a resend is listed for a registrar."""

_UNITS: Final = {
    "contact": LAST_CONTACT, "address": CURRENT_ADDRESS, "telephone": TELEPHONE, "status": CANCER_STATUS,
    "recurrence": RECURRENCE, "stamp": ("dateCaseLastChanged",),
}  # fmt: skip
_UNIT_OF: Final = {item: unit for unit, items in _UNITS.items() for item in items}
FOLLOW_UP: Final = frozenset(_UNIT_OF)
"""Items that go forward by date, and the day of change, which follow-up written here moves."""

_EXPLAINING: Final = ("dateOfLastContactFlag", "followUpSource", "followUpSourceCentral")
"""They tell of the date of last contact, so a new date empties them where it comes without."""

_BINDING: Final = ("dateOfLastContact", "vitalStatus")
"""What else comes with them is not applied beside other ones that stand here."""

DEAD: Final = ("0", "4")
"""Codes of vital status; 4 is how SEER once coded it."""

DIFFERENCES = {
    "abstract_id": pl.Int64,
    "item": pl.String,
    "before": pl.String,
    "after": pl.String,
    "applied": pl.Boolean,
    "critical": pl.Boolean,
    "older": pl.Boolean,
}
"""applied: goes into the abstract. older: left out without a review. Neither: held for review."""


def differences(
    incoming: pl.DataFrame,
    last_received: pl.DataFrame,
    current: pl.DataFrame,
    legal: Collection[str],
    frozen: Collection[int] = (),
) -> pl.DataFrame:
    """What a resent record changes, item by item.

    Args:
        incoming, last_received, current: long frames [abstract_id, item, value]; blank items absent. `current`
            holds the items of the two others and `FOLLOW_UP`.
        legal: items that the resent record could have carried (its version and record type); an item
            that is absent from `incoming` is a correction to blank only when it is in here.
        frozen: abstracts that take nothing by themselves (void): all their differences are held.

    Returns:
        frame with columns `DIFFERENCES`, sorted by abstract_id and item.

    >>> long = lambda *rows: pl.DataFrame(rows, schema=["abstract_id", "item", "value"], orient="row")
    >>> differences(long((1, "laterality", "2"), (1, "grade", "3")), long((1, "laterality", "1"), (1, "grade", "2")),
    ...     long((1, "laterality", "1"), (1, "grade", "9")), legal={"laterality", "grade"}).select(
    ...     "item", "before", "after", "applied").rows()
    [('grade', '9', '3', False), ('laterality', '1', '2', True)]
    """
    keys = ["abstract_id", "item"]
    sides = (
        incoming.rename({"value": "after"})
        .join(last_received.rename({"value": "received"}), on=keys, how="full", coalesce=True)
        .join(current.rename({"value": "before"}), on=keys, how="full", coalesce=True)
        .with_columns(
            edited=pl.col("before").ne_missing(pl.col("received")),
            resent=pl.col("after").ne_missing(pl.col("received")),
            differs=pl.col("after").ne_missing(pl.col("before")),
            frozen=pl.col("abstract_id").is_in(list(frozen)),
            sent=pl.col("after").is_not_null() | pl.col("item").is_in(list(legal)),
        )
    )
    by_date = pl.col("item").is_in(list(FOLLOW_UP))
    other = sides.filter(~by_date & pl.col("sent") & pl.col("resent") & pl.col("differs")).with_columns(
        applied=~pl.col("edited"), older=pl.lit(False)
    )
    follow_up = _follow_up(sides.filter(by_date))
    return (
        pl.concat([other, follow_up.select(other.columns)])
        .with_columns(
            applied=pl.col("applied") & ~pl.col("frozen"),
            critical=pl.col("item").is_in(list(CRITICAL_ITEMS)),
        )
        .select(pl.col(name).cast(kind) for name, kind in DIFFERENCES.items())
        .sort(keys)
    )


def _follow_up(sides: pl.DataFrame) -> pl.DataFrame:
    """Differences in follow-up, each applied, left out as older, or held.

    Args:
        sides: frame[abstract_id, item, after, received, before, edited, resent, differs, frozen, sent] of `FOLLOW_UP`.
    """
    unit, changed = pl.col("unit"), pl.col("resent") & pl.col("differs")
    rows = (
        sides.join(_order(sides), on="abstract_id", how="left", maintain_order="left")
        .with_columns(
            unit=pl.col("item").replace_strict(_UNIT_OF, return_dtype=pl.String),
            of_person=pl.col("item").is_in([*CURRENT_ADDRESS, *TELEPHONE]),
            of_tumor=pl.col("item").is_in([*CANCER_STATUS, *RECURRENCE]),
        )
        .with_columns(whole=~_any(~pl.col("sent") & pl.col("before").is_not_null()))
        .filter("sent")
        .with_columns(
            touched=_any(pl.col("edited")),
            found=_any(
                (pl.col("item").is_in(list(FINDS)) | ~pl.col("of_person")) & is_known(pl.col("after"))
            ),
            backward=(unit == "status") & pl.col("status_older"),
            stamped=(unit == "stamp") & pl.col("followed") & pl.col("edited") & changed,
        )
        .with_columns(
            goes=_newer() & pl.col("differs") & ~pl.col("frozen"),
            older=_older() & changed & ~pl.col("frozen"),
        )
    )
    settled = pl.col("goes") | pl.col("older")
    binds = (unit != "contact") | pl.col("item").is_in(_BINDING)
    apart = pl.col("edited") & pl.col("differs") & (pl.col("resent") | binds)
    held = (pl.col("order") == "contradiction") | _any(apart & ~settled)
    return rows.with_columns(applied=pl.col("goes") | (~pl.col("older") & ~held)).filter(settled | changed)


def _any(condition: pl.Expr) -> pl.Expr:
    """Whether something holds for any item of what belongs together in an abstract."""
    return condition.any().over("abstract_id", "unit")


def _newer() -> pl.Expr:
    """What goes into the abstract because it is newer, whoever changed it."""
    explains = pl.col("after").is_not_null() | pl.col("item").is_in(_EXPLAINING)
    resent = pl.col("touched") & _any(pl.col("resent"))
    of_tumor = pl.col("of_tumor") & resent & pl.col("found") & ~pl.col("backward")
    # A type I record has no street: its city does not go beside the one that stands here.
    of_person = pl.col("of_person") & pl.col("found") & pl.col("whole")
    brought = ((pl.col("unit") == "contact") & explains) | of_person | of_tumor
    return ((pl.col("order") == "later") & brought) | (pl.col("stamped") & pl.col("stamp_later"))


def _older() -> pl.Expr:
    """What is left out because something newer stands here."""
    fills = ~pl.col("touched") & ~_any(pl.col("before").is_not_null())
    of_tumor = pl.col("of_tumor") & pl.col("touched")
    behind = (pl.col("unit") == "contact") | (pl.col("of_person") & ~fills) | of_tumor
    return (
        ((pl.col("order") == "older") & behind)
        | ((pl.col("order") == "later") & pl.col("touched") & pl.col("backward"))
        | (pl.col("stamped") & ~pl.col("stamp_later"))
    )


def _order(sides: pl.DataFrame) -> pl.DataFrame:
    """How the follow-up that arrives stands to what is known.

    Returns:
        frame[abstract_id, order, followed, status_older, stamp_later]: `order` is later, older, contradiction or
        unclear; `followed` says whether follow-up was changed here since the last receipt.
    """

    def value(side: str, item: str) -> pl.Expr:
        return pl.col(side).filter(pl.col("item") == item).first()

    facts = sides.group_by("abstract_id").agg(
        *(
            value(side, item).alias(f"{side}_{name}")
            for name, item in (
                ("last", "dateOfLastContact"), ("vital", "vitalStatus"), ("status", "dateOfLastCancerStatus"),
                ("stamp", "dateCaseLastChanged"),
            )
            for side in ("after", "received", "before")
        ),
        followed=(pl.col("edited") & (pl.col("item") != "dateCaseLastChanged")).any(),
    )  # fmt: skip
    later, earlier = _surely_after("after_last", "before_last"), _surely_after("before_last", "after_last")
    dies, dead = (pl.col(f"{side}_vital").is_in(DEAD).fill_null(False) for side in ("after", "before"))
    moved_here = pl.any_horizontal(
        pl.col(f"before_{name}").ne_missing(pl.col(f"received_{name}")) for name in ("last", "vital")
    )
    news = pl.col("after_last").ne_missing(pl.col("received_last"))
    order = (
        pl.when(moved_here & ((later & dead) | (earlier & dies)))
        .then(pl.lit("contradiction"))
        .when(later & news & ~dead)
        .then(pl.lit("later"))
        .when(earlier & moved_here)
        .then(pl.lit("older"))
        .otherwise(pl.lit("unclear"))
    )
    return facts.select(
        "abstract_id",
        "followed",
        order=order,
        status_older=_surely_after("before_status", "after_status"),
        stamp_later=_surely_after("after_stamp", "before_stamp"),
    )


def _surely_after(one: str, other: str) -> pl.Expr:
    """Whether every day that a date can mean is after every day of the other; False when one is unknown."""
    return (dates.earliest(one) > dates.latest(other)).fill_null(False)
