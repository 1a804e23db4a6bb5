"""The failures table: who failed which edit, with the items, their values and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter

import polars as pl

from registry.edits.definition import REVIEW, Edit

COLUMNS = (
    "edit",
    "edit_version",
    "severity",
    "override_item",
    "items",
    "item_values",
    "message",
    "state",
)

_STANDS_FOR = {
    "sex": ("sexAssignedAtBirth", "sex"),
    "surgery": ("rxSummSurgPrimSite2023", "rxSummSurgPrimSite"),
}
"""Words of a message that mean whichever of two items is filled."""

BLANK = "(blank)"


def collect(
    records: pl.DataFrame, verdicts: pl.DataFrame, edits: Sequence[Edit], keys: Sequence[str]
) -> pl.DataFrame:
    """Failures of all edits over the records, in the edits' order.

    Args:
        records: the judged records, with keys and every item as reported.
        verdicts: Boolean columns named by edit id, rows as in `records`.
        edits: those to collect.
        keys: columns that identify a record.
    """
    found = []
    for edit in edits:
        fired = verdicts.get_column(edit.id)
        if fired.any():
            rows = fired.arg_true()
            failing = records.select(_wanted(edit, keys))[rows]
            if found_column(edit) in verdicts.columns:
                failing = failing.with_columns(verdicts.get_column(found_column(edit))[rows].alias(FOUND))
            softer = verdicts.get_column(f"{edit.id}@softer")[rows] if edit.review_when else None
            found.append(_of_edit(failing, softer, edit, keys))
    return pl.concat(found) if found else pl.DataFrame()


def count(
    records: pl.DataFrame, verdicts: pl.DataFrame, edits: Sequence[Edit]
) -> list[tuple[str, str, int, int]]:
    """(edit, severity, records that fail, overridden among them) for each edit that some record fails."""
    counted = []
    sums = verdicts.select(pl.col(pl.Boolean).sum()).row(0, named=True) if verdicts.width else {}
    for edit in edits:
        failing = sums[edit.id]
        if failing and not edit.override_items and not edit.review_when:
            counted.append((edit.id, edit.severity, failing, 0))
        elif failing:
            rows = verdicts.get_column(edit.id).arg_true()
            softer = verdicts.get_column(f"{edit.id}@softer")[rows] if edit.review_when else None
            table = _of_edit(records.select(_wanted(edit, ()))[rows], softer, edit, ())
            overridden = (pl.col("state") == "overridden").sum()
            by_severity = table.group_by("severity").agg(pl.len(), overridden)
            counted += [(edit.id, *row) for row in by_severity.rows()]
    return counted


def combine(
    found: Sequence[pl.DataFrame], key_schema: Mapping[str, pl.DataType], keys: Sequence[str]
) -> pl.DataFrame:
    """One table from the parts, with its columns even when nothing failed, in total order."""
    parts = [part for part in found if not part.is_empty()]
    if not parts:
        return pl.DataFrame(schema={**key_schema, **dict.fromkeys(COLUMNS, pl.String)})
    return pl.concat(parts).sort([*keys, "edit", "item_values", "message"], nulls_last=False)


def sentence(edit: Edit, record: Mapping[str, str | None]) -> str:
    """The edit's message about one record.

    >>> from registry.edits.definition import find
    >>> sentence(find("site-sex"), {"primarySite": "C619", "sexAssignedAtBirth": "2"})
    'Primary site C619 cannot occur in a patient whose sex is 2'
    """
    words = {
        name: next((shown(i, record[i]) for i in _items(name) if record.get(i)), BLANK)
        for name in _names(edit.message)
    }
    return edit.message.format(**words)


HIDDEN = frozenset({"socialSecurityNumber", "medicareBeneficiaryIdentifier"})
"""Items that no failure shows in full: all but the last four of nine characters are masked."""

_MASK = "*****"


def shown(item: str, value: str | None) -> str | None:
    """The value as a failure may show it.

    >>> shown("socialSecurityNumber", "123456789"), shown("socialSecurityNumber", "12345")
    ('*****6789', '*****')
    """
    if value is None or item not in HIDDEN:
        return value
    return _MASK + value[-4:] if len(value) >= 9 else _MASK


def _shown(item: str) -> pl.Expr:
    """The column's values as a failure may show them."""
    value = pl.col(item)
    if item not in HIDDEN:
        return value
    masked = pl.when(value.str.len_chars() >= 9).then(_MASK + value.str.tail(4))
    return masked.when(value.is_not_null()).then(pl.lit(_MASK)).alias(item)


FOUND = "found"
"""Word of a message that stands for what an edit that judges frames says it found."""


def found_column(edit: Edit) -> str:
    """Column of the verdicts with what the edit found, in words."""
    return f"{edit.id}@found"


def _wanted(edit: Edit, keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*keys, *edit.items, *edit.override_items, *message_items(edit)]))


def _of_edit(
    failing: pl.DataFrame, softer: pl.Series | None, edit: Edit, keys: Sequence[str]
) -> pl.DataFrame:
    severity: pl.Expr = pl.lit(edit.severity)
    if softer is not None:
        severity = pl.when(pl.lit(softer)).then(pl.lit(REVIEW)).otherwise(severity)
    return failing.select(
        *keys,
        edit=pl.lit(edit.id),
        edit_version=pl.lit(edit.version),
        severity=severity,
        override_item=pl.lit(";".join(edit.override_items) or None, pl.String),
        items=pl.lit(";".join(edit.items)),
        item_values=pl.struct([_shown(item) for item in edit.items]).struct.json_encode(),
        message=_message(edit),
        state=_state(edit),
    )


def _state(edit: Edit) -> pl.Expr:
    if not edit.override_items:
        return pl.lit("open")
    flagged = pl.any_horizontal(
        [pl.col(item).is_in(list(edit.override_codes)).fill_null(value=False) for item in edit.override_items]
    )
    return pl.when(flagged).then(pl.lit("overridden")).otherwise(pl.lit("open"))


def _message(edit: Edit) -> pl.Expr:
    names = _names(edit.message)
    if not names:
        return pl.lit(edit.message)
    template = edit.message
    for name in set(names):
        template = template.replace("{" + name + "}", "{}")
    return pl.format(template, *[pl.coalesce(*map(_shown, _items(name)), pl.lit(BLANK)) for name in names])


def _names(message: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(message) if name]


def _items(name: str) -> tuple[str, ...]:
    return _STANDS_FOR.get(name, (name,))


def message_items(edit: Edit) -> list[str]:
    """Items whose values the edit's message quotes."""
    return [item for name in _names(edit.message) if name != FOUND for item in _items(name)]
