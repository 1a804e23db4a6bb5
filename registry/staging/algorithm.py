"""Reader of staging algorithms in the zip format of SEER's staging-client.

A zip holds `schemas/*.json` and `tables/*.json`: schemas name the table that selects them, their
inputs and outputs and the tables that map one to the other. Any algorithm of that format can be read
(EOD, pediatric, Collaborative Stage, TNM); none is shipped with this package.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import BadInput, NotFound

Json = Mapping[str, Any]

MAXIMUM = 200_000_000
"""Bytes that the files of an algorithm may unpack to; the largest one known has 40 million."""


@dataclass(frozen=True)
class Algorithm:
    """Schemas and tables of a staging algorithm, by id, as published."""

    name: str
    version: str
    schemas: Mapping[str, Json]
    tables: Mapping[str, Json]

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """Rows of a table, cells by the key of their column."""
        one = self.tables[table]
        keys = [column["key"] for column in one["definition"]]
        for row in one["rows"]:
            yield dict(zip(keys, row, strict=False))

    def input_table(self, schema: str, item: str) -> str | None:
        """Table of a schema's input that has this NAACCR id."""
        inputs = self.schemas[schema]["inputs"]
        return next((one["table"] for one in inputs if one.get("naaccr_xml_id") == item), None)


def read(path: Path) -> Algorithm:
    """The algorithm in a zip file.

    Raises:
        NotFound: there is no such file. BadInput: it is not a staging algorithm.
    """
    if not path.is_file():
        raise NotFound(path.name, "the staging algorithm is not there")
    try:
        with zipfile.ZipFile(path) as content:
            if sum(one.file_size for one in content.infolist()) > MAXIMUM:
                raise BadInput(path.name, "unpacks to more than a staging algorithm holds")
            schemas, tables = _all(content, "schemas"), _all(content, "tables")
    except (zipfile.BadZipFile, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError):
        raise BadInput(path.name, "is not a staging algorithm", "get the release file again") from None
    if not schemas or not tables:
        raise BadInput(path.name, "holds no schemas and tables", "get the release file again")
    first = next(iter(schemas.values()))
    return Algorithm(first.get("algorithm", ""), first.get("version", ""), schemas, tables)


def _all(content: zipfile.ZipFile, folder: str) -> dict[str, Json]:
    names = sorted(n for n in content.namelist() if n.startswith(f"{folder}/") and n.endswith(".json"))
    found = (json.loads(content.read(name)) for name in names)
    return {one["id"]: one for one in found}


def spans(cell: str) -> list[tuple[str, str]] | None:
    """First and last value of each part of a cell; None when it means any value.

    A part may be empty: it stands for a blank value.

    >>> spans("8000-8700, 8982-8983"), spans("2023-9998, 9999,"), spans("*")
    ([('8000', '8700'), ('8982', '8983')], [('2023', '9998'), ('9999', '9999'), ('', '')], None)
    """
    if cell.strip() == "*":
        return None
    parts = (part.strip().partition("-") for part in cell.split(","))
    return [(low.strip(), high.strip() or low.strip()) for low, _, high in parts]
