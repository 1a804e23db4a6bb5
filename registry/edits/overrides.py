"""Edits about over-rides: a flag that nothing needs, one without a reason, and one that went stale.

They are asked of a table of the flags that are set, one row for each flag and each edit that it
silences (or that reads it), not of items:

    @row, flag, code, edit, silences, fires, known, account, created_at, reason, changed

`silences` is False where the edit only reads the flag; `fires` tells whether the edit fires when all
flags are blank, null when it cannot be asked. `known` is True when the caller gave the platform's
reasons at all, `changed` when the edit fires over other values than when its reason was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import polars as pl

from registry.edits import definition, failures
from registry.edits.definition import OVERRIDE_FLAG, PATIENT, WARNING, Edit, edit
from registry.edits.plan import flags_read, silenced
from registry.errors import BadInput

ROW = "@row"
PRACTICE = "Registry practice: an over-ride is a decision that somebody took for a reason"

Judged = Iterable[tuple[pl.DataFrame, pl.DataFrame, Sequence[Edit]]]
_SCHEMA = {"flag": pl.String, "code": pl.String, "edit": pl.String}
_REASONS = ("account", "created_at", "reason")

FLAGS = tuple(
    f"overRide{name}"
    for name in (
        "SiteType Histology AgeSiteMorph SiteBehavior LeukLymphoma SurgDxconf SiteLatMorph SiteLatEod "
        "SiteLatSeqno SeqnoDxconf IllDefineSite ReportSource NameSex AcsnClassSeq HospseqDxconf "
        "HospseqSite CocSiteType SsNodespos SsTnmN SsTnmM SiteTnmStggrp TnmStage TnmTis Tnm3 SiteEodDxDt"
    ).split()
)
"""Flags that the edits here may be about."""

CODES = ("1", "2", "3")
"""Codes of any flag; another is no over-ride but a fault (`override-flag-valid`)."""


@edit(
    "override-unneeded",
    message="Set, but no edit that it silences fires any more: clear {found}",
    items=FLAGS,
    severity=WARNING,
    category="override",
    of_flags=True,
    version="2026.2",
    columns=[
        "primarySite",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "overRideSiteType",
        "overRideAgeSiteMorph",
    ],
    passes=[
        "C779 | 8500 | 3 | 1 | ",
        "C779 | 8500 | 3 | | ",
        "C509 | 8500 | 3 | | ",
        "C509 | 8500 | 3 | 2 | ",
        "C509 | 8500 | 3 | | 4",
    ],
    fails=[
        "C509 | 8500 | 3 | 1 | ",
        "C779 | 9680 | 3 | 1 | ",
        "C77X | 8500 | 3 | 1 | ",
        "C509 | 8500 | 3 | | 2",
    ],
    notes="All edits count that the flag silences with this code, or that read it, whether or not the "
    "set has them. A flag whose edits are all unknown here is left alone, and so is one with a code that no flag has.",
)
def unneeded() -> pl.Expr:
    """None of the flag's edits fires; those that cannot be asked might."""
    return ~pl.col("fires").any(ignore_nulls=False).over(ROW, "flag")


@edit(
    "override-without-reason",
    message="Over-ridden, but nobody has said who did it, when and why: {found}",
    items=FLAGS,
    category="override",
    source=PRACTICE,
    of_flags=True,
    columns=[
        "histologicTypeIcdO3",
        "diagnosticConfirmation",
        "overRideLeukLymphoma",
        "@edit",
        "@account",
        "@reason",
    ],
    passes=[
        "9590 | 6 | 1 | lymphoma-dxconf | ann | Cytology seen again",
        "9590 | 6 | | | | ",
        "9590 | 1 | 1 | | | ",
    ],
    fails=[
        "9590 | 6 | 1 | | | ",
        "9590 | 6 | 1 | lymphoma-dxconf | ann | ",
        "9590 | 6 | 1 | lymphoma-dxconf | | Cytology seen again",
        "9590 | 6 | 1 | site-sex | ann | Cytology seen again",
    ],
    notes="Asked only where the platform's reasons are given; a flag that no edit needs is another "
    "edit's matter.",
)
def without_reason() -> pl.Expr:
    """The edit fires, is silenced, and its reason lacks a part."""
    said = pl.all_horizontal([pl.col(part).is_not_null() for part in _REASONS])
    return pl.col("known") & pl.col("fires") & pl.col("silences") & ~said


@edit(
    "override-stale",
    message="Over-ridden before the record changed, to be looked at again: {found}",
    items=FLAGS,
    severity=WARNING,
    category="override",
    source=PRACTICE,
    of_flags=True,
    columns=[
        "histologicTypeIcdO3",
        "diagnosticConfirmation",
        "overRideLeukLymphoma",
        "@edit",
        "@account",
        "@reason",
        "@item_values",
    ],
    passes=[
        "9590 | 6 | 1 | lymphoma-dxconf | ann | Seen | "
        '{"histologicTypeIcdO3":"9590","diagnosticConfirmation":"6"}',
        "9590 | 6 | 1 | lymphoma-dxconf | ann | Seen | ",
        '9590 | 6 | | lymphoma-dxconf | ann | Seen | {"diagnosticConfirmation":"8"}',
        '9590 | 1 | 1 | lymphoma-dxconf | ann | Seen | {"diagnosticConfirmation":"6"}',
        "9590 | 6 | 1 | | | | ",
    ],
    fails=[
        '9590 | 6 | 1 | lymphoma-dxconf | ann | Seen | {"diagnosticConfirmation":"8"}',
        "9590 | 6 | 1 | lymphoma-dxconf | ann | Seen | "
        '{"histologicTypeIcdO3":"9591","diagnosticConfirmation":"6"}',
    ],
    notes="The values that the edit's items had when the reason was given are compared, items that the "
    "edit did not have then left out.",
)
def stale() -> pl.Expr:
    """The edit still fires, over other values than when the reason was given."""
    return pl.col("changed")


_FOUND = {"override-unneeded": pl.col("flag")}
_EDIT_AND_FLAG = pl.format("{} ({})", "edit", "flag")


@cache
def _pairs() -> pl.DataFrame:
    """Flags and the edits they have a say in: flag, code (null = any), edit, silences."""
    rows: list[tuple[str, str | None, str, bool]] = []
    for edit_id in silenced():
        one = definition.find(edit_id)
        rows += [(flag, code, edit_id, True) for flag in one.override_items for code in one.override_codes]
        rows += [
            (flag, None, edit_id, False) for flag in flags_read(edit_id) if flag not in one.override_items
        ]
    return pl.DataFrame(rows, schema={**_SCHEMA, "silences": pl.Boolean}, orient="row")


_SET = pl.Schema({ROW: pl.UInt32, "flag": pl.String, "code": pl.String})


def _with_edits(flags: pl.DataFrame) -> pl.DataFrame:
    """Set flags (@row, flag, code), with every edit that they have a say in."""
    pairs = _pairs()
    coded = flags.join(pairs, on=["flag", "code"])
    known = flags.filter(pl.col("code").is_in(CODES))
    anyhow = known.join(pairs.filter(pl.col("code").is_null()).drop("code"), on="flag")
    return pl.concat([coded, anyhow.select(coded.columns)]).sort(ROW, "flag", "edit")


def of_one(edit: Edit, flags: Mapping[str, str], fires: Mapping[str, bool | None]) -> pl.DataFrame:
    """Failures of a single record, of which no reasons are known; columns `failures.COLUMNS`.

    Args:
        edit: one of the edits of flags.
        flags: those that are set, and their codes.
        fires: for each edit that flags have a say in, whether it fires without them (None = not known).
    """
    set_flags = pl.DataFrame([(0, *pair) for pair in flags.items()], schema=_SET, orient="row")
    table = _with_edits(set_flags)
    table = table.with_columns(
        fires=pl.Series([fires[name] for name in table["edit"]], dtype=pl.Boolean),
        **{name: pl.lit(None, pl.String) for name in _REASONS},
        known=pl.lit(False),
        changed=pl.lit(False),
    )
    return _failures(edit, table).select(failures.COLUMNS)


def collect(
    edits: Sequence[Edit],
    records: pl.DataFrame,
    judged: Callable[[pl.DataFrame], Judged],
    keys: Sequence[str],
    reasons: pl.DataFrame | None,
) -> list[pl.DataFrame]:
    """Failures of the edits of flags, one frame an edit.

    Args:
        edits: those asked for.
        records: all records, with keys and the items of the silenced edits.
        judged: judges records by the silenced edits.
        keys: columns that identify a record.
        reasons: see `edits.run`.
    """
    numbered = records.with_row_index(ROW)
    flags = [name for name in records.columns if name.startswith(OVERRIDE_FLAG)]
    flagged = numbered.filter(pl.any_horizontal([pl.col(flag).is_not_null() for flag in flags]))
    table = _with_edits(_set_flags(flagged, flags))
    if table.is_empty():
        return []
    together = numbered.join(flagged.select(PATIENT).drop_nulls().unique(), on=PATIENT, how="semi")
    asked = pl.concat([flagged, together]).unique(ROW, maintain_order=True).sort(ROW)
    blank = [pl.lit(None, pl.String).alias(flag) for flag in flags]
    found = [
        failures.collect(frame, verdicts, some, [ROW])
        for frame, verdicts, some in judged(asked.with_columns(blank))
    ]
    table = _with_fires(table, [part for part in found if part.width], flagged)
    table = _with_reasons(table, numbered.select(ROW, *keys), keys, reasons)
    answers = [_failures(edit, table) for edit in edits]
    return [
        answer.join(numbered.select(ROW, *keys), on=ROW, how="left", maintain_order="left").select(
            *keys, *failures.COLUMNS
        )
        for answer in answers
        if not answer.is_empty()
    ]


def _set_flags(flagged: pl.DataFrame, flags: Sequence[str]) -> pl.DataFrame:
    long = flagged.unpivot(flags, index=ROW, variable_name="flag", value_name="code")
    return long.drop_nulls("code").cast(_SET)


def _with_fires(table: pl.DataFrame, found: Sequence[pl.DataFrame], flagged: pl.DataFrame) -> pl.DataFrame:
    """Whether each edit fires; an edit over several records is not known where the patient is not."""
    columns = {ROW: pl.UInt32, "edit": pl.String, "item_values": pl.String}
    fires = pl.concat([pl.DataFrame(schema=columns), *(part.select(list(columns)) for part in found)])
    between = [one for one in silenced() if definition.find(one).level == "inter-record"]
    alone = pl.col("edit").is_in(between) & pl.col(PATIENT).is_null()
    return (
        table.join(fires.with_columns(fires=pl.lit(True)), on=[ROW, "edit"], how="left")
        .join(flagged.select(ROW, PATIENT), on=ROW, how="left")
        .with_columns(fires=pl.when(~alone).then(pl.col("fires").fill_null(value=False)))
        .drop(PATIENT)
    )


def _with_reasons(
    table: pl.DataFrame, numbered: pl.DataFrame, keys: Sequence[str], reasons: pl.DataFrame | None
) -> pl.DataFrame:
    """The platform's latest reason for each edit of a record, and whether values changed since."""
    if reasons is None:
        nothing = {name: pl.lit(None, pl.String) for name in (*_REASONS, "then_values")}
        return table.with_columns(known=pl.lit(False), changed=pl.lit(False), **nothing)
    on = [key for key in keys if key in reasons.columns]
    if not on:
        raise BadInput("overrides", f"they need one of the keys {', '.join(keys)}")
    filled = [_filled(name) for name in _REASONS]
    latest = (
        reasons.select(*on, "edit", *filled, _filled("item_values").alias("then_values"))
        .sort("created_at", nulls_last=False, maintain_order=True)
        .unique([*on, "edit"], keep="last", maintain_order=True)
        .with_columns(pl.col(key).cast(numbered.schema[key]) for key in on)
    )
    joined = table.join(numbered, on=ROW, how="left").join(latest, on=[*on, "edit"], how="left")
    changed = [
        now is not None and then is not None and _differ(now, then)
        for now, then in joined.select("item_values", "then_values").iter_rows()
    ]
    return joined.with_columns(known=pl.lit(True), changed=pl.Series(changed, dtype=pl.Boolean))


def _filled(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _differ(now: str, then: str) -> bool:
    """Whether items that both have, over-ride flags aside, differ; unreadable old values count as changed."""
    try:
        before = json.loads(then)
    except ValueError:
        return True
    after = json.loads(now)
    return any(
        item in before and before[item] != value
        for item, value in after.items()
        if not item.startswith(OVERRIDE_FLAG)
    )


def _failures(edit: Edit, table: pl.DataFrame) -> pl.DataFrame:
    """One row a record: @row and `failures.COLUMNS`, with the flags that the edit is about."""
    fired = table.filter(edit.expression())
    found = _FOUND.get(edit.id, _EDIT_AND_FLAG)
    codes = {code: json.dumps(code) for code in fired["code"].unique()}
    pair = pl.format('"{}":{}', "flag", pl.col("code").replace_strict(codes, return_dtype=pl.String))
    by_record = fired.group_by(ROW, maintain_order=True).agg(
        items=pl.col("flag").unique(maintain_order=True).str.join(";"),
        pairs=pair.unique(maintain_order=True).str.join(","),
        found=found.unique(maintain_order=True).str.join(", "),
    )
    return by_record.select(
        ROW,
        edit=pl.lit(edit.id),
        edit_version=pl.lit(edit.version),
        severity=pl.lit(edit.severity),
        override_item=pl.lit(None, pl.String),
        items="items",
        item_values=pl.concat_str(pl.lit("{"), "pairs", pl.lit("}")),
        message=pl.format(edit.message.replace("{found}", "{}"), "found"),
        state=pl.lit("open"),
    )
