"""Which receiver may get records that another state's registry or a federal facility alone reported (item 1856).

One rule a kind of receiver and code, in `restrictions.csv`; a registry's own rules (table `restriction_rule`) win.
What no rule names stays here: an unknown code, an unknown receiver.

Source: NAACCR data dictionary 26, item 1856 reportingFacilityRestrictionFlag (codes 00 to 07). The dictionary says which
records are restricted, not towards whom: that each row is a house rule or follows from the dictionary stands in `source`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from registry.errors import BadInput

ITEM: Final = "reportingFacilityRestrictionFlag"
SCHEMA: Final = {"recipient": pl.String, "code": pl.String, "allowed": pl.Boolean, "reason": pl.String, "source": pl.String}  # fmt: skip
TABLE: Final = Path(__file__).with_name("restrictions.csv")
UNKNOWN: Final = "a code of item 1856 that no rule allows"


@cache
def packaged() -> pl.DataFrame:
    """The rules of the package: frame[recipient, code ("" = blank), allowed, reason, source], by recipient and code.

    >>> packaged().filter(recipient="research", allowed=True)["code"].to_list()
    ['', '00']
    """
    rows = pl.read_csv(TABLE, schema=SCHEMA)
    return rows.with_columns(pl.col("code").fill_null("")).sort("recipient", "code")


def recipients() -> list[str]:
    """Kinds of receivers that the package has rules for.

    >>> "research" in recipients()
    True
    """
    return packaged()["recipient"].unique().sort().to_list()


def with_own(own: pl.DataFrame) -> pl.DataFrame:
    """The package's rules and a registry's own over them.

    Args:
        own: frame[recipient, code, allowed, ...]. A recipient may be one of `recipients()` or one receiver of a kind,
            such as "ide:NY" or "research:AGREEMENT-7", which falls back on its kind's rules.

    Raises:
        BadInput: a kind of receiver that there is not.

    >>> mine = pl.DataFrame({"recipient": ["research"], "code": ["01"], "allowed": [True]})
    >>> with_own(mine).filter(recipient="research", allowed=True)["code"].to_list()
    ['', '00', '01']
    """
    if own.is_empty():
        return packaged()
    for recipient in own["recipient"].unique().sort():
        _kind(recipient)
    mine = own.select(
        *(pl.col(name) if name in own.columns else pl.lit(None).alias(name) for name in SCHEMA)
    ).cast(SCHEMA)  # type: ignore[arg-type]
    mine = mine.with_columns(pl.col("code").fill_null(""))
    both = pl.concat([mine, packaged()]).unique(["recipient", "code"], keep="first", maintain_order=True)
    return both.sort("recipient", "code")


def held_back_expr(recipient: str, rules: pl.DataFrame | None = None, column: str = ITEM) -> pl.Expr:
    """Why a record is held back from a receiver, null where it may go: an expression over item 1856.

    Args:
        recipient: one of `recipients()`, or one receiver of such a kind ("ide:NY").
        rules: from `with_own`; without them the package's.

    Raises:
        BadInput: a kind of receiver that there is not.
    """
    kind = _kind(recipient)
    table = packaged() if rules is None else rules
    chosen = {
        row["code"]: None
        if row["allowed"]
        else f"item 1856 code {row['code']}: {row['reason'] or 'held back'}"
        for source in dict.fromkeys((kind, recipient))
        for row in table.filter(pl.col("recipient") == source).sort("code").iter_rows(named=True)
    }
    code = pl.col(column).cast(pl.String).str.strip_chars().fill_null("")
    reasons = code.replace_strict(
        list(chosen), list(chosen.values()), default=UNKNOWN, return_dtype=pl.String
    )
    return reasons.alias("held_back")


def held_back(values: pl.Series, recipient: str, rules: pl.DataFrame | None = None) -> pl.Series:
    """Why each record is held back from a receiver; null where it may go.

    Args:
        values: item 1856, one value a record; blank or null counts as the rule's code "".
        recipient, rules: as for `held_back_expr`.

    >>> held_back(pl.Series(["00", None, "02", "9"]), "research").to_list()[2:]
    ['item 1856 code 02: received only from the Veterans Health Administration', 'a code of item 1856 that no rule allows']
    >>> held_back(pl.Series(["00", None, "02"]), "cdc").null_count()
    3
    """
    return values.alias(ITEM).to_frame().select(held_back_expr(recipient, rules)).to_series()


def _kind(recipient: str) -> str:
    kind = recipient.partition(":")[0]
    if kind not in recipients():
        raise BadInput(
            "restriction", f"there are no rules for a receiver {kind!r}", f"use {', '.join(recipients())}"
        )
    return kind
