"""Allowed codes with short labels, and ranges of values.

A list is *closed* when every value that may be sent is listed (codes and ranges); other items have
known special codes beside free values. The oldest published list (NAACCR 25) serves
those older versions that define the item as 25 does; a list for another length or type says nothing.
Source: NAACCR data dictionary, SEER lookups (data/SOURCES.md).
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.standards.naaccr_dictionary import dictionary, item, version_code
from registry.standards.tables import table

HISTORIC = [("vitalStatus", "4", "Dead", "160")]
"""Codes that older versions had: item, code, label, last version (NAACCR 16, item 1760: 4 as SEER coded death)."""
FURTHER_UNTIL = "180"
"""The schemes behind `further_codes.csv` are of 2018 and before."""


@cache
def _all_codes() -> dict[str, pl.DataFrame]:
    parts = table("codes.csv.gz").partition_by("item", as_dict=True, include_key=False)
    return {str(key[0]): frame for key, frame in parts.items()}


@cache
def _lists() -> dict[str, bool]:
    return {
        item: closed == "true" for item, closed in table("code_lists.csv").select("item", "closed").rows()
    }


def _known(item_id: str, version: str | None) -> pl.DataFrame:
    asked = version_code(version)
    listed = _listed(item_id, _list_version(asked))
    older = [(code, text) for item, code, text, last in HISTORIC if item == item_id and asked <= last]
    if asked <= FURTHER_UNTIL:
        older += _further().get(item_id, [])
    if not older:
        return listed
    more = pl.DataFrame(older, schema=listed.schema, orient="row")
    return pl.concat([listed, more]).unique("code", keep="first").sort("code")


@cache
def _further() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for item_id, code, text in table("further_codes.csv").select("item", "code", "label").rows():
        found.setdefault(item_id, []).append((code, text))
    return found


@cache
def _listed(item_id: str, published: str) -> pl.DataFrame:
    rows = table("causes_of_death.csv.gz") if item_id == "causeOfDeath" else _all_codes().get(item_id)
    if rows is None:
        return pl.DataFrame(schema={"code": pl.String, "label": pl.String})
    found = rows.filter(pl.col("versions").str.contains(published, literal=True))
    return (found if found.height else rows).select("code", "label")


@cache
def _list_version(version: str) -> str:
    """The newest published list that is not newer than a version ("26" for "260"), else the oldest."""
    return max((v for v in _published() if v <= version[:2]), default=_published()[0])


@cache
def _published() -> list[str]:
    """The versions whose code lists are known, oldest first."""
    return sorted({v for written in table("codes.csv.gz")["versions"].unique() for v in written.split()})


def codes(item_id: str, version: str | None = None) -> pl.DataFrame:
    """The closed code list of an item: `code`, `label`, sorted by code; empty when it has none.

    A retired item answers with the list of the last version that had it.

    >>> codes("sexAssignedAtBirth")["code"].to_list()
    ['1', '2', '9']
    >>> codes("nameLast").height
    0
    """
    return _known(item_id, version) if _lists().get(item_id) else _known("", version)


def special_codes(item_id: str, version: str | None = None) -> pl.DataFrame:
    """All known codes of an item, closed list or not: `code`, `label`, sorted by code.

    >>> special_codes("socialSecurityNumber")["code"].to_list()
    ['999999999']
    """
    return _known(item_id, version)


@cache
def code_set(item_id: str, version: str | None = None) -> frozenset[str]:
    """The codes of a closed list; empty when the item has none (look at `ranges` too).

    >>> "C504" in code_set("primarySite")
    True
    """
    return frozenset(codes(item_id, version)["code"])


@cache
def ranges(item_id: str) -> list[tuple[str, str]]:
    """Documented ranges of values (lowest, highest) that are allowed beside the codes.

    >>> ranges("tumorSizeSummary")
    [('002', '988')]
    """
    return table("ranges.csv").filter(pl.col("item") == item_id).select("low", "high").rows()


def is_closed(item_id: str) -> bool:
    """True when every allowed value of the item is in `codes` or `ranges`."""
    return _lists().get(item_id, False)


def closed_items(version: str | None = None) -> list[str]:
    """Ids of all items with a closed list that a version's values can be judged by, sorted.

    Of a version older than the oldest published list those whose length and type are the list's.

    >>> "figoStage" in closed_items("250"), "figoStage" in closed_items("180"), "laterality" in closed_items("180")
    (True, False, True)
    """
    return sorted(item for item, closed in _lists().items() if closed and _fits(item, version_code(version)))


def _fits(item_id: str, version: str) -> bool:
    oldest = _published()[0] + "0"
    if version >= oldest:
        return True
    then = dictionary(version).item(item_id)
    known = dictionary(oldest).item(item_id) or item(item_id)
    return then is not None and (then.length, then.data_type) == (known.length, known.data_type)


def label(item_id: str, code: str) -> str | None:
    """Short meaning of a code, or None.

    >>> label("vitalStatus", "0"), label("primarySite", "C619")
    ('Dead', 'Prostate gland')
    """
    return labels(item_id).get(code)


@cache
def labels(item_id: str) -> dict[str, str]:
    """Code → label of an item, codes of all versions together."""
    found: dict[str, str] = {}
    for published in _published():
        found |= dict(_listed(item_id, published).rows())
    return found


def in_list(item_id: str, value: pl.Expr, version: str | None = None) -> pl.Expr:
    """True when a value is allowed by the closed list of an item; true for items without one.

    Args:
        item_id: NAACCR XML id.
        value: text expression; null gives null.
        version: NAACCR version of the file.

    >>> frame = pl.DataFrame({"size": ["015", "1000", "999"]})
    >>> frame.select(in_list("tumorSizeSummary", pl.col("size"))).to_series().to_list()
    [True, False, True]
    """
    if not is_closed(item_id):
        return pl.when(value.is_not_null()).then(True)
    allowed = value.is_in(sorted(code_set(item_id, version)))
    for low, high in ranges(item_id):
        allowed |= _in_range(value, low, high)
    return allowed


def _in_range(value: pl.Expr, low: str, high: str) -> pl.Expr:
    prefix = low[0] if low[0].isalpha() else ""
    low_digits, high_digits = low.removeprefix(prefix), high.removeprefix(prefix)
    whole, _, decimals = high_digits.partition(".")
    shortest = len(whole) if len(low_digits) == len(high_digits) and not decimals else 1
    pattern = rf"^{prefix}[0-9]{{{shortest},{len(whole)}}}" + (
        rf"\.[0-9]{{{len(decimals)}}}$" if decimals else "$"
    )
    number = value.str.slice(len(prefix)).cast(pl.Float64, strict=False)
    return value.str.contains(pattern) & number.is_between(float(low_digits), float(high_digits))
