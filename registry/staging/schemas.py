"""The staging schemas: what there is, which one a tumor belongs to, which codes its items take.

Schemas are those of SEER's EOD algorithm for diagnoses from 2018 on (Extent of Disease, Summary Stage
2018, site-specific data items, grade). Facts are read from `data/`, or from a folder of newer tables
that a registry installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from registry.errors import NotFound
from registry.staging.build import AXES, CODES, DATA, SCHEMAS, SELECTION
from registry.standards import tables


@dataclass(frozen=True)
class Schema:
    """A staging schema.

    Attributes:
        id: name of the schema in the algorithm, such as `breast`.
        schema_id: NAACCR item 3800, five digits, such as `00480`.
        title: words for people.
    """

    id: str
    schema_id: str
    title: str


Spans = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rule:
    """A row of the selection table: conditions by axis (no condition = any value)."""

    schema: str
    conditions: Mapping[str, Spans]

    def fits(self, values: Mapping[str, str]) -> bool:
        """Whether no value that was given contradicts the conditions."""
        return all(
            within(value, self.conditions[axis]) for axis, value in values.items() if axis in self.conditions
        )


def within(value: str, spans: Spans) -> bool:
    """Whether the text is a value of the ranges; both have the same number of digits.

    >>> within("2020", (("2018", "9998"),)), within("", (("blank", "blank"),)), within("1", (("10", "20"),))
    (True, True, False)
    """
    text = value or "blank"
    return any(len(text) == len(low) and low <= text <= high for low, high in spans)


@cache
def schemas() -> tuple[Schema, ...]:
    """All schemas by their number.

    >>> schemas()[0].schema_id
    '00060'
    """
    rows = _table(SCHEMAS).select("schema", "schemaId", "title").iter_rows()
    return tuple(Schema(*row) for row in rows)


@cache
def _by_name() -> dict[str, Schema]:
    return {name: one for one in schemas() for name in (one.id, one.schema_id)}


def schema(name: str) -> Schema:
    """The schema of that id or number.

    Raises:
        NotFound: there is none.

    >>> schema("00480").id, schema("breast").schema_id
    ('breast', '00480')
    """
    found = _by_name().get(name)
    if found is None:
        raise NotFound(f"schema {name}", "there is no such staging schema")
    return found


@cache
def rules() -> tuple[Rule, ...]:
    """The selection table: a tumor belongs to the schemas of all rules that fit it."""
    made = []
    for row in _table(SELECTION).iter_rows(named=True):
        spans = {axis: _spans(row[axis]) for axis in AXES if row[axis]}
        made.append(Rule(row["schema"], spans))
    return tuple(made)


def lookup_schema(
    *,
    site: str | None = None,
    histology: str | None = None,
    behavior: str | None = None,
    year: str | int | None = None,
    sex: str | None = None,
    discriminator_1: str | None = None,
    discriminator_2: str | None = None,
) -> list[str]:
    """Schemas that a tumor may belong to, sorted; empty when there is none.

    Args:
        site: topography, C and three digits.
        histology: four digits.
        behavior: ICD-O-3 behavior.
        year: of diagnosis.
        sex: sex at birth, `1`, `2` or `9`.
        discriminator_1, discriminator_2: schema discriminators.

    What is None is not asked: every rule's condition on it is taken as met. An empty text is a blank
    value, which only conditions that name it meet. Anything beside site and histology is looked at
    only when both are given.

    >>> lookup_schema(site="C509", histology="8500")
    ['breast']
    >>> lookup_schema(site="C111", histology="8070", year=2020)
    ['nasopharynx', 'oropharynx_hpv_mediated_p16_pos', 'oropharynx_p16_neg']
    >>> lookup_schema(site="C111", histology="8070", year=2020, discriminator_1="1")
    ['nasopharynx']
    """
    others = {
        "behaviors": behavior,
        "years": None if year is None else str(year),
        "sexes": sex,
        "discriminators_1": discriminator_1,
        "discriminators_2": discriminator_2,
    }
    given = {axis: value for axis, value in others.items() if value is not None}
    if site is None and histology is None:
        return []
    if any(given.values()) and (site is None or histology is None):
        return []
    if site is not None:
        given["sites"] = site[1:] if site.startswith("C") else "none"
        if not within(given["sites"], valid_values("primarySite")):
            return []
    if histology is not None:
        given["histologies"] = histology
        if not within(histology, valid_values("histologicTypeIcdO3")):
            return []
    return sorted({rule.schema for rule in rules() if rule.fits(given)})


def codes(schema_name: str, item: str) -> frozenset[str]:
    """Codes that an item takes in a schema; empty when the schema does not have the item.

    Args:
        schema_name: id or number of the schema.
        item: NAACCR id, one of `registry.staging.build.ITEMS`.

    Raises:
        NotFound: there is no such schema.

    >>> sorted(codes("prostate", "gradeClinical"))
    ['1', '2', '3', '4', '5', '9', 'A', 'B', 'C', 'D', 'E']
    """
    return _codes().get((schema(schema_name).id, item), frozenset())


@cache
def _codes() -> dict[tuple[str, str], frozenset[str]]:
    rows = _table(CODES).filter(pl.col("schema").is_not_null()).iter_rows()
    return {(name, item): frozenset(text.split()) - {"blank"} for name, item, text in rows}


@cache
def valid_values(item: str) -> Spans:
    """Values of a selecting item that the algorithm knows at all."""
    found = _table(CODES).filter(pl.col("schema").is_null() & (pl.col("item") == item))
    return _spans(found.get_column("codes").item())


def _spans(text: str) -> Spans:
    parts = (part.partition("-") for part in text.split())
    return tuple((low, high or low) for low, _, high in parts)


@cache
def _table(name: str) -> pl.DataFrame:
    """A table of this room, every column text: an installed one, else the package's own."""
    installed = tables.find(name)
    return pl.read_csv(installed if installed.is_file() else DATA / name, infer_schema=False)
