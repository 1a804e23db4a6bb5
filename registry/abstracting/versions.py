"""A record that a facility sends again is a new version of its abstract, never a second one.

The comparison has three sides: what was received last, what stands now, what arrives. An item
that a registrar changed here since the last receipt is not overwritten by a resend: the incoming
value is *held* for review. Every other difference is applied, and listed for review when it
touches the identity of the person or what is counted: site, histology, behaviour, diagnosis date,
stage, vital status.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

CRITICAL_ITEMS = frozenset(
    """primarySite histologicTypeIcdO3 behaviorCodeIcdO3 dateOfDiagnosis laterality
    summaryStage2018 seerSummaryStage2000 seerSummaryStage1977 derivedSummaryStage2018 ajccTnmClinStageGroup
    ajccTnmPathStageGroup ajccTnmPostTherapyStageGroup nameLast nameFirst nameMiddle dateOfBirth sex
    sexAssignedAtBirth socialSecurityNumber vitalStatus""".split()
)
"""Items whose change by a resend is listed for a registrar."""

DIFFERENCES = {
    "abstract_id": pl.Int64,
    "item": pl.String,
    "before": pl.String,
    "after": pl.String,
    "applied": pl.Boolean,
    "critical": pl.Boolean,
}


def differences(
    incoming: pl.DataFrame,
    last_received: pl.DataFrame,
    current: pl.DataFrame,
    legal: Collection[str],
    frozen: Collection[int] = (),
) -> pl.DataFrame:
    """What a resent record changes, item by item.

    Args:
        incoming, last_received, current: long frames [abstract_id, item, value]; blank items absent.
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
        .join(current.rename({"value": "before"}), on=keys, how="left")
    )
    sent_again = sides.filter(pl.col("after").is_not_null() | pl.col("item").is_in(list(legal)))
    changed = sent_again.filter(
        pl.col("after").ne_missing(pl.col("received")) & pl.col("after").ne_missing(pl.col("before"))
    )
    return (
        changed.with_columns(
            applied=pl.col("before").eq_missing(pl.col("received"))
            & ~pl.col("abstract_id").is_in(list(frozen)),
            critical=pl.col("item").is_in(list(CRITICAL_ITEMS)),
        )
        .select(pl.col(name).cast(kind) for name, kind in DIFFERENCES.items())
        .sort(keys)
    )
