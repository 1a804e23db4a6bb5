"""The NAACCR dictionary: which items a version has, at which level, how long and of which type.

Items are chosen by version; codes are chosen by diagnosis year (see `code_lists`).
Source: NAACCR Data Standards and Data Dictionary, versions 14 to 26 (data/SOURCES.md).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from registry.errors import NotFound
from registry.standards.items import ITEM_SCHEMA, Dictionary, Item, items_of_frame, renamed_items
from registry.standards.suggestions import did_you_mean, nearest
from registry.standards.tables import table

# Read-only module attributes, worked out from the tables in use (see `__getattr__` below).
CURRENT_VERSION: str
VERSIONS: tuple[str, ...]

BASE_URI = "http://naaccr.org/naaccrxml/naaccr-dictionary-{}.xml"
LAST_VERSION_WITH_DATE_FLAGS = "220"
# The flags whose ids are not the date's id with "Flag" added.
ODD_DATE_FLAGS = {
    "subsqRx2ndCourseDate": "subsqRx2ndcrsDateFlag",
    "subsqRx3rdCourseDate": "subsqRx3rdcrsDateFlag",
    "subsqRx4thCourseDate": "subsqRx4thcrsDateFlag",
}


@cache
def versions() -> tuple[str, ...]:
    """The NAACCR versions that the tables in use know, oldest first: "140" to "260".

    >>> versions()[-1]
    '260'
    """
    written = _definitions().filter(pl.col("kind") == "base")["versions"].unique()
    return tuple(sorted({version for one in written for version in one.split()}))


def __getattr__(name: str) -> Any:
    if name == "VERSIONS":
        return versions()
    if name == "CURRENT_VERSION":
        return versions()[-1]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def version_code(version: str | int | None) -> str:
    """Normalise "26", "v26", 26 or "260" to "260"; None is the newest version.

    Raises:
        NotFound: the version is not one of `VERSIONS`.
    """
    if version is None:
        return versions()[-1]
    text = str(version).lower().removeprefix("v").removesuffix(".0")
    text = text + "0" if len(text) == 2 else text
    if text not in versions():
        raise NotFound(f"NAACCR version {version}", "not known here", f"use one of {', '.join(versions())}")
    return text


def dictionary(version: str | int | None = None) -> Dictionary:
    """The base dictionary of a NAACCR version.

    Args:
        version: "140" to "260"; "26" and 26 mean "260"; the newest when not given.

    Raises:
        NotFound: there is no such version.

    >>> dictionary("260").items.height, dictionary("25").items.height
    (771, 780)
    """
    return _dictionary(version_code(version), "base")


def default_user_dictionary(version: str | int) -> Dictionary | None:
    """NAACCR's default user-defined dictionary of a version (they exist from 14 to 21), or None.

    >>> default_user_dictionary("180").items.height, default_user_dictionary("260")
    (19, None)
    """
    found = _dictionary(version_code(version), "user")
    return found if found.items.height else None


@cache
def _dictionary(version: str, kind: str) -> Dictionary:
    rows = (
        _definitions()
        .filter(pl.col("kind") == kind, pl.col("versions").str.split(" ").list.contains(version))
        .join(_spans(), on=["id", "number"], how="left", maintain_order="left")
        .sort("number", "id")
    )
    uri = BASE_URI.format(version)
    uri = uri if kind == "base" else uri.replace("naaccr-d", "user-defined-naaccr-d")
    return Dictionary(version, uri, items_of_frame(rows))


@cache
def record_lengths(version: str | int) -> dict[str, int]:
    """Record type → characters of a flat record; empty for the versions after 18, which have none.

    >>> record_lengths("180")
    {'A': 24194, 'M': 24194, 'C': 6154, 'I': 4048}
    """
    parts = [dictionary(version), default_user_dictionary(version)]
    items = [item for part in parts if part for item in part.definitions if item.start_column]
    ends = {kind: [i.start_column + i.length - 1 for i in items if kind in i.record_types] for kind in "AMCI"}  # type: ignore[operator]
    return {kind: max(found) for kind, found in ends.items() if found}


@cache
def _definitions() -> pl.DataFrame:
    return table("items.csv").with_columns(
        pl.col("number", "length", "start_column").cast(pl.Int32),
        pl.col("unlimited") == "true",
        pl.col("id").alias("column"),
    )


@cache
def all_items() -> pl.DataFrame:
    """Every item of every base version in its newest definition; retired ones included.

    Returns:
        The columns of `Dictionary.items` and `first_version`, `last_version`; sorted by number, id.

    >>> all_items().filter(pl.col("id") == "sex").select("number", "last_version").row(0)
    (220, '250')
    """
    versions = _definitions().filter(pl.col("kind") == "base").with_columns(pl.col("versions").str.split(" "))
    return (
        versions.with_columns(
            pl.col("versions").list.first().alias("first_version"),
            pl.col("versions").list.last().alias("last_version"),
        )
        .sort("last_version")
        .with_columns(pl.col("first_version").min().over("id"))
        .unique("id", keep="last", maintain_order=True)
        .select(*ITEM_SCHEMA, "first_version", "last_version")
        .sort("number", "id")
    )


@cache
def _spans() -> pl.DataFrame:
    return all_items().select("id", "number", "first_version", "last_version")


@cache
def _newest() -> dict[str, Item]:
    return {item.id: item for item in items_of_frame(all_items())}


def newest_items() -> list[Item]:
    """Every item of every base version in its newest definition, by number and id."""
    return list(_newest().values())


def item(naaccr_id: str) -> Item:
    """The item with this XML id, in the newest version that has it.

    Raises:
        NotFound: no version has it; the line says which id was probably meant.

    >>> item("sexAssignedAtBirth").number, item("sex").last_version
    (225, '250')
    """
    found = _newest().get(renamed_items().get(naaccr_id, naaccr_id))
    if found is None:
        hint = did_you_mean(nearest(naaccr_id, _newest()))
        raise NotFound(naaccr_id, f"no NAACCR version has this item{hint}")
    return found


def by_number(number: int) -> Item | None:
    """The item with this NAACCR number in the newest version that has it, or None.

    >>> by_number(400).id
    'primarySite'
    """
    return _numbers().get(number)


@cache
def _numbers() -> dict[int, Item]:
    return {found.number: found for found in sorted(_newest().values(), key=lambda i: i.last_version or "")}


@cache
def date_flags(version: str | int = LAST_VERSION_WITH_DATE_FLAGS) -> dict[str, str]:
    """Date item → its date flag item in a version; empty from version 23 on.

    Until version 22 a blank date carries a flag that says why; from 23 on it is only left blank.

    >>> date_flags("220")["dateOfDiagnosis"], date_flags("230")
    ('dateOfDiagnosisFlag', {})
    """
    items = dictionary(version).items
    dates = set(items.filter(pl.col("data_type") == "date")["id"])
    numbers = dict(items.select("id", "number").rows())
    return {
        date: flag
        for date in sorted(dates, key=numbers.__getitem__)
        if (flag := ODD_DATE_FLAGS.get(date, date + "Flag")) in numbers
    }


def is_date_flag(naaccr_id: str) -> bool:
    """True when the item is a date flag of version 22 or older."""
    return naaccr_id in _all_flags()


@cache
def _all_flags() -> frozenset[str]:
    return frozenset(flag for version in versions() for flag in date_flags(version).values())
