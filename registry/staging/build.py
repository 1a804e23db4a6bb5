"""Makes the room's own tables of facts from the published EOD algorithm.

Which schema a tumor belongs to, and which codes a schema's grade, summary stage and receptor items
take. Words of the algorithm (notes, descriptions) and its tables of extent are left behind: they draw
on a licensed manual. Ranges are blank-separated; an empty cell means any value, `blank` a blank one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from registry.errors import NotFound
from registry.staging.algorithm import Algorithm, read, spans

DATA = Path(__file__).parent / "data"
SCHEMAS, SELECTION, CODES = "staging_schemas.csv", "staging_selection.csv", "staging_codes.csv"

AXES = {
    "sites": "site",
    "histologies": "hist",
    "behaviors": "behavior",
    "years": "year_dx",
    "sexes": "sex_at_birth",
    "discriminators_1": "discriminator_1",
    "discriminators_2": "discriminator_2",
}
"""Column of the selection table, and the algorithm's name of the input."""

ITEMS = (
    "gradeClinical",
    "gradePathological",
    "summaryStage2018",
    "estrogenReceptorSummary",
    "progesteroneRecepSummary",
    "her2OverallSummary",
)
"""Items whose codes depend on the schema."""

_COMMON = {"primarySite": "primary_site", "histologicTypeIcdO3": "histology"}
"""Items with one list for all schemas; their rows name no schema."""


def build(shared: Path, out: Path = DATA) -> dict[str, int]:
    """Rewrite the tables from the newest `staging/eod_public-*.zip`; returns the rows of each.

    Raises:
        NotFound: the algorithm is not there. BadInput: it is not a staging algorithm.
    """
    found = sorted((shared / "staging").glob("eod_public-*.zip"), key=_release)
    if not found:
        raise NotFound("eod_public-*.zip", "the EOD staging algorithm is not there")
    eod = read(found[-1])
    return {
        SCHEMAS: _write(out / SCHEMAS, ("schemaId", "schema", "title"), _schemas(eod)),
        SELECTION: _write(out / SELECTION, ("schema", *AXES), _selection(eod)),
        CODES: _write(out / CODES, ("schema", "item", "codes"), _codes(eod)),
    }


def _release(path: Path) -> tuple[int, ...]:
    """eod_public-3.10.zip comes after eod_public-3.9.zip."""
    return tuple(int(part) for part in path.stem.rpartition("-")[2].split(".") if part.isdigit())


def schema_number(algorithm: Algorithm, schema: str) -> str:
    """NAACCR's number of a schema (item 3800).

    Raises:
        KeyError: the algorithm numbers its schemas otherwise.
    """
    for output in algorithm.schemas[schema]["outputs"]:
        if output.get("naaccr_xml_id") == "schemaId":
            return str(output["default"])
    raise KeyError(schema)


def _schemas(eod: Algorithm) -> list[tuple[str, str, str]]:
    return sorted((schema_number(eod, schema), schema, one["title"]) for schema, one in eod.schemas.items())


def _selection(eod: Algorithm) -> Iterator[tuple[str, ...]]:
    for _, schema, _ in _schemas(eod):
        for row in eod.rows(eod.schemas[schema]["schema_selection_table"]):
            yield schema, *(_ranges(row.get(key, "*")) for key in AXES.values())


def _codes(eod: Algorithm) -> Iterator[tuple[str, str, str]]:
    for item, table in _COMMON.items():
        yield "", item, " ".join(_first_cells(eod, table))
    for _, schema, _ in _schemas(eod):
        for item in ITEMS:
            of_item = eod.input_table(schema, item)
            if of_item:
                yield schema, item, " ".join(_first_cells(eod, of_item))


def _first_cells(eod: Algorithm, table: str) -> list[str]:
    """Codes of a table: its first column, in the order of the publisher."""
    return [_ranges(next(iter(row.values()))) for row in eod.rows(table)]


def _ranges(cell: str) -> str:
    """Ranges as this room writes them: "C500-C506, C508" → "500-506 508"."""
    written = []
    for part in spans(cell) or []:
        low, high = (value[1:] if value[:1] == "C" and value[1:] else value for value in part)
        written.append("blank" if not low else low if low == high else f"{low}-{high}")
    return " ".join(written)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    made = list(rows)
    writer.writerows(made)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8")
    return len(made)
