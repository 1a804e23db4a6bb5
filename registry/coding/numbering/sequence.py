"""Sequence numbers: which of a patient's tumors is the first, the second, ... over the whole lifetime.

Two series run beside each other: 00 for the only malignant (or in situ) tumor, 01 to 59 when there are several;
60 for the only non-malignant or locally reportable one, 61 to 87 for several. 99 and 88 stand for an unspecified
number of each, 98 (central) for cervix in situ of 1996 to 2002.

Source: NAACCR Data Standards and Data Dictionary, items 380 and 560; STORE, "Sequence Number". All tumors of
the lifetime count, also those before the reference date or reported elsewhere. A record may know of tumors that
nobody sent: its number 02 says that one came before it, so the number stays although it is the only record.
"""

from __future__ import annotations

import polars as pl

from registry.coding.numbering.prognosis import STAGE_ITEMS, extent
from registry.coding.numbering.series import CERVIX_IN_SITU, MALIGNANT, NON_MALIGNANT, series
from registry.standards import dates

HOSPITAL, CENTRAL = "hospital", "central"
KINDS = {HOSPITAL: "sequenceNumberHospital", CENTRAL: "sequenceNumberCentral"}
"""Kind of sequence number → NAACCR item."""

ITEMS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis", "dateOf1stContact", *STAGE_ITEMS,
)  # fmt: skip
"""Items that decide series and order."""

_GROUP = ["patient_id", "facility_id", "series"]
_FAR = 10**6
_HIGHEST = {MALIGNANT: 59, NON_MALIGNANT: 87}


def propose(tumors: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Sequence numbers for all tumors of each patient, in order of diagnosis.

    Args:
        tumors: frame[patient_id, facility_id, tumor_id, existing, gone, *ITEMS], one row a tumor and
            numbering facility (`facility_id` null for central numbers, which everybody shares). `existing` is the number that
            the tumor has in this numbering (null when none), `gone` says that its records are void.
            Absent items count as blank.
        kind: "hospital" or "central".

    Returns:
        The rows that are not gone with columns series, ordinal, tumors, proposed (two digits, null when the
        series cannot be told) and why, sorted by patient, facility, series and ordinal.

    >>> tumors = pl.DataFrame({"patient_id": 1, "facility_id": "1", "tumor_id": [7, 8], "existing": ["00", None],
    ...     "gone": False, "primarySite": ["C504", "C619"], "histologicTypeIcdO3": ["8500", "8140"],
    ...     "behaviorCodeIcdO3": "3", "dateOfDiagnosis": ["2019", "202103"]})
    >>> propose(tumors, "hospital").select("tumor_id", "existing", "proposed").rows()
    [(7, '00', '01'), (8, None, '02')]
    """
    name, why = series(kind)
    work = _with_items(tumors).with_columns(series=name, series_why=why, last=_known_number())
    work = work.with_columns(
        number=pl.when(pl.col("series") == MALIGNANT)
        .then(pl.when(pl.col("last") <= 59).then(pl.col("last")))
        .when(pl.col("series") == NON_MALIGNANT)
        .then(pl.when(pl.col("last").is_between(60, 87)).then(pl.col("last") - 60))
    )
    work = work.sort(_GROUP, nulls_last=True)
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in _GROUP)
    work = work.with_columns(
        group=begins.cast(pl.UInt32).cum_sum()
    )  # one number is a quicker key than three texts
    gone = pl.col("gone").sum().over("group")
    work = work.with_columns(gone_count=gone.cast(pl.Int32)).filter(~pl.col("gone"))
    return _numbered(_ordered(work)).sort("patient_id", "facility_id", "series", "ordinal", nulls_last=True)


def _with_items(tumors: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, pl.String).alias(item) for item in ITEMS[:5] if item not in tumors.columns]
    return tumors.with_columns(absent)


def _known_number() -> pl.Expr:
    text = pl.col("existing").str.strip_chars()
    return pl.when(text.str.contains(r"^\d{2}$")).then(text.cast(pl.Int32, strict=False))


def _ordered(work: pl.DataFrame) -> pl.DataFrame:
    """Adds `ordinal` by date of diagnosis and `same_day`.

    A partial date is taken as it fits the numbers that the tumors already have: after every tumor with a lower
    number, as early as the date allows. Without a number it counts as the middle of its month or year.
    """
    first, last = dates.earliest("dateOfDiagnosis"), dates.latest("dateOfDiagnosis")
    contact = dates.earliest("dateOf1stContact")
    known = first.is_not_null()
    days = work.with_columns(
        first_day=pl.when(known).then(first.dt.epoch("d")).otherwise(-_FAR).cast(pl.Int64),
        last_day=pl.coalesce(
            pl.when(known).then(last.dt.epoch("d")), contact.dt.epoch("d"), pl.lit(_FAR)
        ).cast(pl.Int64),
        partial=~dates.is_full("dateOfDiagnosis"),
        dated=known,
    ).sort("group", "number", "first_day", "tumor_id", nulls_last=True)
    numbered = pl.col("number").is_not_null()
    lower = pl.col("first_day").cum_max().shift(1).over("group").fill_null(-_FAR)
    middle = (
        pl.when("dated")
        .then((pl.col("first_day") + pl.col("last_day") + 1) // 2)
        .otherwise(pl.col("last_day"))
    )
    fitted = pl.min_horizontal(pl.max_horizontal("first_day", lower), "last_day")
    # Doubled days leave room to put a partial date just before or just after a full one.
    key = (
        pl.when(~pl.col("partial"))
        .then(2 * pl.col("first_day"))
        .when(numbered)
        .then(2 * fitted + pl.when(lower >= pl.col("first_day")).then(1).otherwise(-1))
        .otherwise(2 * middle)
    )
    told = pl.when(pl.col("partial")).then("number")
    ranked = days.with_columns(key=key, told=told, extent=extent(work.columns)).sort(
        "group",
        "key",
        "told",
        "extent",
        "behaviorCodeIcdO3",
        "tumor_id",
        descending=[False, False, False, True, True, False],
        nulls_last=True,
    )
    return ranked.with_columns(
        ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("group"),
        tumors=pl.len().over("group").cast(pl.Int32),
        same_day=(pl.len().over("group", "key") > 1) & pl.col("dated") & pl.col("told").is_null(),
    )


def _numbered(ranked: pl.DataFrame) -> pl.DataFrame:
    """Adds `proposed` and `why` to tumors in order."""
    # each window is a column of its own: nested ones would be computed again for every group
    work = ranked.with_columns(
        own=pl.col("number").clip(lower_bound=1)
    )  # "the only one" says no more than "the first"
    work = work.with_columns(
        lower=pl.col("own").cum_max().forward_fill().shift(1).over("group"),
        unseen=(pl.col("own").max().over("group") - pl.col("tumors") - pl.col("gone_count")).clip(
            lower_bound=0
        ),
    )
    work = work.with_columns(upset=(pl.col("own") <= pl.col("lower")).fill_null(False))
    work = work.with_columns(trusted=~pl.col("upset").any().over("group") & (pl.col("gone_count") == 0))
    trusted, ordinal = pl.col("trusted"), pl.col("ordinal")
    most = pl.when(pl.col("own").is_not_null()).then(pl.min_horizontal("own", ordinal + pl.col("unseen")))
    claim = pl.when(trusted).then("own").otherwise(most)
    work = work.with_columns(ahead=(claim - ordinal).fill_null(0).clip(lower_bound=0))
    work = work.with_columns(shift=pl.col("ahead").cum_max().over("group"))
    work = work.with_columns(n=ordinal + pl.col("shift"))
    one_of_several = (pl.col("tumors") > 1) | (pl.col("n") > 1) | ((pl.col("number") == 1) & trusted)
    unspecified = (pl.col("tumors") == 1) & pl.col("last").is_in([88, 99])
    base = pl.when(pl.col("series") == NON_MALIGNANT).then(60).otherwise(0)
    highest = pl.col("series").replace_strict(_HIGHEST, default=99, return_dtype=pl.Int32)
    count = pl.min_horizontal(base + pl.when(one_of_several).then(pl.col("n")).otherwise(0), highest)
    fits = pl.when(pl.col("series") == MALIGNANT).then(pl.col("last") == 99).otherwise(pl.col("last") == 88)
    work = work.with_columns(one_of_several=one_of_several, kept=unspecified & fits)
    return work.with_columns(
        proposed=pl.when(pl.col("series").is_null() | pl.col("kept"))
        .then("existing")
        .when(pl.col("series") == CERVIX_IN_SITU)
        .then(pl.lit(CERVIX_IN_SITU))
        .otherwise(count.cast(pl.String).str.zfill(2)),
        why=_why(),
    ).drop(
        "last", "number", "gone", "gone_count", "first_day", "last_day", "partial", "dated", "key", "extent", "same_day",
        "n", "shift", "one_of_several", "told", "kept", "series_why", "group", "own", "lower", "unseen", "upset", "trusted", "ahead",
    )  # fmt: skip


def _why() -> pl.Expr:
    """The reason in words."""
    same = pl.when("same_day").then(pl.lit("; diagnosed at the same time as another: worst prognosis first"))
    unseen = pl.when(pl.col("shift") > 0).then(
        pl.format("; {} earlier not on record here, as the records' numbers say", "shift")
    )
    undated = pl.when(~pl.col("dated")).then(pl.lit("; the date of diagnosis is not known"))
    order = pl.format(
        "{}: number {} of {} known, in order of diagnosis{}{}{}",
        "series_why",
        "ordinal",
        "tumors",
        unseen.fill_null(""),
        same.fill_null(""),
        undated.fill_null(""),
    )
    return (
        pl.when(pl.col("series").is_null())
        .then(pl.lit("the behavior is not known, so the series cannot be told"))
        .when(pl.col("series") == CERVIX_IN_SITU)
        .then("series_why")
        .when("kept")
        .then(pl.format("{}: the only one known, its number is not specified", "series_why"))
        .when(~pl.col("one_of_several"))
        .then(pl.format("{}: the only one known", "series_why"))
        .when(pl.col("tumors") == 1)
        .then(
            pl.format(
                "{}: the only one on record here, but its number says that there are others", "series_why"
            )
        )
        .otherwise(order)
    )
