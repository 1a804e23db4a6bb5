"""Cause-specific survival: deaths of this cause are events, other deaths end the observation."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry.errors import BadInput


def cause_specific(
    frame: pl.DataFrame,
    cause: str = "cause",
    of: str | int | Sequence[str | int] = "this cancer",
    unknown: str | int | None = "unknown",
) -> pl.DataFrame:
    """A frame for Kaplan-Meier, log-rank or Cox in which only deaths of one cause count.

    Args:
        frame: one row a person. cause: column with what became of each (alive, this cancer, other cause, unknown).
        of: code(s) of the cause. unknown: code of deaths of unknown cause; those rows (and null) are left out.

    Returns:
        The frame without unknown causes, `dead` true where the cause is `of`.

    >>> frame = pl.DataFrame({"cause": ["this cancer", "alive", "other cause", "unknown"]})
    >>> cause_specific(frame)["dead"].to_list()
    [True, False, False]
    """
    if cause not in frame.columns:
        raise BadInput("cause-specific survival", f"there is no column {cause}", "check the name")
    kind = frame.schema[cause]
    text = not kind.is_integer()
    value = pl.col(cause).cast(pl.String) if text else pl.col(cause)
    wanted = [of] if isinstance(of, str | int) else list(of)
    wanted = [str(code) if text else code for code in wanted]
    known = value.is_not_null()
    if unknown is not None and isinstance(unknown, str) == text:
        known &= value != unknown
    return frame.filter(known).with_columns(value.is_in(wanted).alias("dead"))
