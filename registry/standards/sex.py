"""Sex assigned at birth from either item: Sex [220] (to NAACCR 25) or Sex Assigned at Birth [225].

Source: NAACCR 26 (225 replaces 220); conversion table in data/sex_conversion.csv.
"""

from __future__ import annotations

from functools import cache

import polars as pl
import polars.selectors as cs

from registry.standards.tables import table

NEW, OLD = "sexAssignedAtBirth", "sex"


@cache
def conversion() -> dict[str, str]:
    """Code of item 220 → code of item 225.

    >>> conversion()["5"], conversion()["3"]
    ('1', '9')
    """
    return dict(table("sex_conversion.csv").select(OLD, NEW).rows())


def sex_at_birth() -> pl.Expr:
    """Sex at birth as `sex_at_birth`: "1" male, "2" female, "9" unknown, blank or not a code.

    Works on frames with `sexAssignedAtBirth`, with `sex`, or with both (225 wins when it is filled).
    It is resolved when asked for and never stored.

    >>> pl.DataFrame({"sex": ["1", "6", None, "4"]}).select(sex_at_birth()).to_series().to_list()
    ['1', '2', '9', '9']
    >>> both = pl.DataFrame({"sex": ["1", "1"], "sexAssignedAtBirth": ["2", None]})
    >>> both.select(sex_at_birth()).to_series().to_list()
    ['2', '1']
    """
    new, old = (cs.by_name(name, require_all=False).cast(pl.String) for name in (NEW, OLD))
    known = dict.fromkeys(("1", "2"), None)
    return pl.coalesce(
        pl.when(new.str.strip_chars() != "").then(
            new.str.strip_chars().replace_strict({code: code for code in known}, default="9")
        ),
        pl.when(old.str.strip_chars() != "").then(
            old.str.strip_chars().replace_strict(conversion(), default="9")
        ),
        pl.lit("9"),
    ).alias("sex_at_birth")


def convert_sex(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fill `sexAssignedAtBirth` from `sex` where it is blank, for every diagnosis year.

    Item 220 stays as received. Nothing is converted when the frame has no `sex` column.

    Returns:
        The frame, and a log of rows (by position): `row`, `sex`, `sexAssignedAtBirth`, `action`
        ("converted", "no rule" when the code of 220 is not in the table, "kept" when 225 was filled
        already and says something else than 220).

    >>> frame, log = convert_sex(pl.DataFrame({"sex": ["1", "3", "7"]}))
    >>> frame["sexAssignedAtBirth"].to_list(), log["action"].to_list()
    (['1', '9', None], ['converted', 'converted', 'no rule'])
    """
    empty = {"row": pl.Int64, OLD: pl.String, NEW: pl.String, "action": pl.String}
    if OLD not in frame.columns:
        return frame, pl.DataFrame(schema=empty)
    before = frame if NEW in frame.columns else frame.with_columns(pl.lit(None, pl.String).alias(NEW))
    old, new = pl.col(OLD).str.strip_chars(), pl.col(NEW).str.strip_chars()
    blank = new.is_null() | (new == "")
    by_table = old.replace_strict(conversion(), default=None, return_dtype=pl.String)
    filled = before.with_columns(pl.when(blank).then(by_table).otherwise(pl.col(NEW)).alias(NEW))
    action = (
        pl.when(blank & by_table.is_not_null())
        .then(pl.lit("converted"))
        .when(blank & old.is_not_null() & (old != ""))
        .then(pl.lit("no rule"))
        .when(~blank & by_table.is_not_null() & (by_table != new))
        .then(pl.lit("kept"))
    )
    log = filled.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        OLD,
        NEW,
        before.select(action.alias("action"))["action"],
    )
    return filled, log.filter(pl.col("action").is_not_null())
