"""Why a derived value is what it is, for one record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from registry import standards
from registry.coding.derivation import find
from registry.coding.deriving import derive
from registry.errors import BadInput


def explain(
    name: str,
    values: Mapping[str, str | None],
    as_of: dt.date | None = None,
    cutoff_year: int | None = None,
) -> dict[str, Any]:
    """What an algorithm makes of one record, and what it read.

    Args:
        name: derivation id or output column.
        values: items of the record, blank or left out = blank.
        as_of, cutoff_year: as for `derive`.

    Returns:
        `id, version, source, description, why` (the rule that decided, where the algorithm is a table
        of rules) and `inputs`, `outputs`: lists of `item, value, label`.

    Raises:
        NotFound: no such derivation. BadInput: an item that it does not read.

    >>> told = explain("site_recode_2008", {"primarySite": "C509", "histologicTypeIcdO3": "8500"})
    >>> told["inputs"][0]
    {'item': 'primarySite', 'value': 'C509', 'label': 'Breast, NOS'}
    """
    one = find([name])[0]
    for item in values:
        if item not in one.inputs and not (item == "sexAssignedAtBirth" and "sex" in one.inputs):
            raise BadInput(item, f"is not read by {one.id}", f"it reads {', '.join(one.inputs)}")
    row = pl.DataFrame({item: [value or None] for item, value in values.items()} or {"@row": [None]})
    made = derive(row, [one.id], as_of=as_of, cutoff_year=cutoff_year).row(0, named=True)
    return {
        "id": one.id,
        "version": one.version,
        "source": one.source,
        "description": one.text,
        "why": one.why(values) if one.why else None,
        "inputs": [_told(item, values.get(item), _standard_label) for item in one.inputs],
        "outputs": [
            _told(
                item, made[item], lambda i, v: one.labels(i).get(v) if one.labels else _standard_label(i, v)
            )
            for item in one.outputs
        ],
    }


def _told(item: str, value: str | None, label: Any) -> dict[str, Any]:
    return {"item": item, "value": value, "label": label(item, value) if value else None}


def _standard_label(item: str, value: str) -> str | None:
    try:
        return standards.label(item, value)
    except Exception:  # an item outside the dictionary has no labels
        return None
