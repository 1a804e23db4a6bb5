"""Examples beside the derivations, as frames: the spec tests run them, the manual prints them."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import Derivation


def examples(one: Derivation) -> pl.DataFrame:
    """The example table as text columns, inputs and outputs; blank = null.

    >>> from registry.coding import find
    >>> examples(find(["age-group"])[0]).columns
    ['ageAtDiagnosis', 'age_group']
    """
    rows = []
    for text in one.examples:
        cells = [cell.strip() or None for cell in text.split("|")]
        if len(cells) != len(one.columns):
            raise ValueError(
                f"example {text!r} of {one.id} has {len(cells)} cells for {len(one.columns)} columns"
            )
        rows.append(dict(zip(one.columns, cells, strict=True)))
    return pl.DataFrame(rows, schema=dict.fromkeys(one.columns, pl.String))
